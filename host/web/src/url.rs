//! URLs as the URL Standard has them, by the crate `url`, with what it does otherwise mended.

mod file;

use std::borrow::Cow;

use ::url::{Position, Url, quirks};

use crate::arguments::Arguments;
use crate::wire::Value;
use file::{FileUrl, cleaned, path_text, scheme};

/// A URL that was parsed.
enum Parsed {
    File(FileUrl),
    Other(Url),
}

/// `parseUrl(text, base)`
pub(crate) fn parse_url(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let text = arguments.text(0)?;
    let parsed = match arguments.text_or_none(1)? {
        None => Parsed::parse(text, None),
        Some(base) => Parsed::parse(base, None).and_then(|base| Parsed::parse(text, Some(&base))),
    };
    Ok(parsed.map_or(Value::Null, |url| url.parts()))
}

/// `setUrl(href, part, value)`
pub(crate) fn set_url(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (href, part, value) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    let mut url = Parsed::parse(href, None).ok_or("`setUrl` takes a URL as argument 1")?;
    if part == "href" {
        return Ok(Parsed::parse(value, None).map_or(Value::Null, |url| url.parts()));
    }
    let is_part = match &mut url {
        Parsed::Other(url) if part == "protocol" && is_file(value) => {
            // The crate makes no file of a URL with a host.
            return Ok(
                FileUrl::of(url).map_or_else(|| parts(url), |file| Parsed::File(file).parts())
            );
        }
        Parsed::Other(url) => set(url, part, value),
        Parsed::File(file) => {
            if part == "protocol"
                && let Some(changed) = file.with_protocol(value)
            {
                return Ok(parts(&changed));
            }
            set_file(file, part, value)
        }
    };
    if !is_part {
        return Err(format!("a URL has no part `{}`", part.escape_debug()));
    }
    Ok(url.parts())
}

impl Parsed {
    fn parse(text: &str, base: Option<&Parsed>) -> Option<Self> {
        let text = cleaned(text);
        let file_base = match base {
            Some(Parsed::File(base)) => Some(base),
            _ => None,
        };
        match scheme(&text) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file") => {
                return FileUrl::parse(rest, file_base).map(Self::File);
            }
            None if file_base.is_some() => {
                return FileUrl::parse(&text, file_base).map(Self::File);
            }
            _ => {}
        }
        let base = match base {
            Some(Parsed::Other(base)) => Some(base),
            _ => None,
        };
        // The crate takes a backslash for a slash here, where only special schemes do: it shall not be the first, nor the second.
        let dot = match text.as_bytes() {
            [b'\\', ..] => "./",
            [b'/', b'\\', ..] => "/.",
            _ => "",
        };
        let is_odd = !dot.is_empty() && base.is_some_and(|base| !is_special(base));
        let text = if is_odd {
            Cow::Owned(format!("{dot}{text}"))
        } else {
            text
        };
        let text = match base.filter(|base| is_special(base)) {
            Some(_) => without_more_slashes(text),
            None => text,
        };
        let url = Url::options().base_url(base).parse(&text).ok()?;
        (is_special(&url) || has_good_authority(&text)).then_some(Self::Other(url))
    }

    fn parts(&self) -> Value<'static> {
        match self {
            Self::Other(url) => parts(url),
            Self::File(file) => {
                let (host, rest) = (file.host.as_str(), &file.rest);
                let (path, search) = (quirks::pathname(rest), quirks::search(rest));
                let (href, hash) = (file.href(), quirks::hash(rest));
                list([
                    &href, "file:", "", "", host, "", path, search, hash, "null", host,
                ])
            }
        }
    }
}

/// In front of a host, relative to a special URL, any number of slashes is two; to the crate that is a host of no letters.
fn without_more_slashes(text: Cow<'_, str>) -> Cow<'_, str> {
    let rest = text.trim_start_matches(['/', '\\']);
    if text.len() - rest.len() > 2 {
        Cow::Owned(format!("//{rest}"))
    } else {
        text
    }
}

/// Of a scheme that is not special. The crate ends a host at a backslash, and takes none after an `@` for an empty one.
fn has_good_authority(text: &str) -> bool {
    let rest = scheme(text).map_or(text, |(_, rest)| rest);
    let Some(rest) = rest.strip_prefix("//") else {
        return true;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_missing = host.is_empty() && authority.contains('@');
    !is_missing && !host.contains('\\')
}

/// Whether a value of `protocol` is that of files.
fn is_file(value: &str) -> bool {
    let scheme = value.split(':').next().unwrap_or_default();
    cleaned(scheme).eq_ignore_ascii_case("file")
}

/// Schemes whose URLs have a host and take a backslash for a slash.
fn is_special(url: &Url) -> bool {
    matches!(
        url.scheme(),
        "http" | "https" | "ws" | "wss" | "ftp" | "file"
    )
}

/// False: there is no such part. A setter that refuses leaves the URL as it was: its answer says nothing more.
fn set(url: &mut Url, part: &str, value: &str) -> bool {
    match part {
        "protocol" => drop(quirks::set_protocol(url, value)),
        "username" => drop(quirks::set_username(url, value)),
        "password" => drop(quirks::set_password(url, value)),
        "host" => set_host(url, quirks::set_host, value),
        "hostname" => set_host(url, quirks::set_hostname, value),
        "port" => drop(quirks::set_port(url, value)),
        "pathname" => set_pathname(url, value),
        "search" => quirks::set_search(url, value),
        "hash" => quirks::set_hash(url, value),
        _ => return false,
    }
    true
}

fn set_file(file: &mut FileUrl, part: &str, value: &str) -> bool {
    match part {
        // A file has none of these, and another protocol was looked at before.
        "protocol" | "username" | "password" | "port" => {}
        "host" => file.set_host(quirks::set_host, value),
        "hostname" => file.set_host(quirks::set_hostname, value),
        "pathname" => file.set_pathname(value),
        "search" => quirks::set_search(&mut file.rest, value),
        "hash" => quirks::set_hash(&mut file.rest, value),
        _ => return false,
    }
    true
}

/// The crate leaves the dot of `a:/.//path` where it was: the URL is written anew instead.
fn set_host(url: &mut Url, set: fn(&mut Url, &str) -> Result<(), ()>, value: &str) {
    if url.has_authority() || url.cannot_be_a_base() || !url.path().starts_with("//") {
        let mut changed = url.clone();
        let is_set = set(&mut changed, value).is_ok();
        // It takes a host away from before a password.
        if is_set
            && (changed.host_str().is_some_and(|host| !host.is_empty()) || url.password().is_none())
        {
            *url = changed;
        }
        return;
    }
    let Ok(mut bare) = Url::parse(&format!("{}:/", url.scheme())) else {
        return;
    };
    if set(&mut bare, value).is_err() {
        return;
    }
    let authority = &bare[Position::BeforeUsername..Position::BeforePath];
    let rest = &url[Position::BeforePath..];
    if let Ok(changed) = Url::parse(&format!("{}://{authority}{rest}", url.scheme())) {
        *url = changed;
    }
}

/// The crate loses what a path without a host before it needs: the URL is written anew where its scheme is not a special one.
fn set_pathname(url: &mut Url, value: &str) {
    if is_special(url) || url.cannot_be_a_base() {
        return quirks::set_pathname(url, value);
    }
    let head = if url.has_authority() {
        url[..Position::BeforePath].to_owned()
    } else {
        format!("{}:/.", url.scheme())
    };
    let value = path_text(value);
    let has_slash = value.starts_with('/') || (value.is_empty() && url.has_authority());
    let slash = if has_slash { "" } else { "/" };
    let rest = &url[Position::AfterPath..];
    if let Ok(changed) = Url::parse(&format!("{head}{slash}{value}{rest}")) {
        *url = changed;
    }
}

fn parts(url: &Url) -> Value<'static> {
    list([
        quirks::href(url),
        quirks::protocol(url),
        quirks::username(url),
        quirks::password(url),
        quirks::hostname(url),
        quirks::port(url),
        quirks::pathname(url),
        quirks::search(url),
        quirks::hash(url),
        &origin(url),
        quirks::host(url),
    ])
}

/// In the order of `UrlParts`.
fn list(texts: [&str; 11]) -> Value<'static> {
    Value::List(texts.map(|text| Value::from(text.to_owned())).into())
}

/// As the URL Standard has it, whose blob URLs take the origin of few schemes.
fn origin(url: &Url) -> String {
    if url.scheme() == "blob" {
        let inner = Url::parse(url.path()).ok();
        let inner = inner.filter(|inner| matches!(inner.scheme(), "http" | "https"));
        return inner.map_or_else(|| "null".to_owned(), |inner| quirks::origin(&inner));
    }
    quirks::origin(url)
}
