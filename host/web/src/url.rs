//! URLs as the URL Standard has them, by the crate `url`.

use url::{Url, quirks};

use crate::arguments::Arguments;
use crate::wire::Value;

/// `parseUrl(text, base)`
pub(crate) fn parse_url(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let text = arguments.text(0)?;
    let parsed = match arguments.text_or_none(1)? {
        None => Url::parse(text),
        Some(base) => {
            Url::parse(base).and_then(|base| Url::options().base_url(Some(&base)).parse(text))
        }
    };
    Ok(parsed.map_or(Value::Null, |url| parts(&url)))
}

/// `setUrl(href, part, value)`
pub(crate) fn set_url(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (href, part, value) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let mut url = Url::parse(href).map_err(|_| "`setUrl` takes a URL as argument 1")?;
    // A setter that refuses leaves the URL as it was: its answer says nothing more.
    match part {
        "href" => {
            if quirks::set_href(&mut url, value).is_err() {
                return Ok(Value::Null);
            }
        }
        "protocol" => drop(quirks::set_protocol(&mut url, value)),
        "username" => drop(quirks::set_username(&mut url, value)),
        "password" => drop(quirks::set_password(&mut url, value)),
        "host" => drop(quirks::set_host(&mut url, value)),
        "hostname" => drop(quirks::set_hostname(&mut url, value)),
        "port" => drop(quirks::set_port(&mut url, value)),
        "pathname" => quirks::set_pathname(&mut url, value),
        "search" => quirks::set_search(&mut url, value),
        "hash" => quirks::set_hash(&mut url, value),
        _ => return Err(format!("a URL has no part `{}`", part.escape_debug())),
    }
    Ok(parts(&url))
}

/// In the order of `UrlParts`.
fn parts(url: &Url) -> Value<'static> {
    let texts = [
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
        &quirks::origin(url),
        quirks::host(url),
    ];
    Value::List(texts.map(|text| Value::from(text.to_owned())).into())
}
