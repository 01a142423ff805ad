//! The environment of a CGI program: the request's meta-variables, then the program's own variables. Pure.

use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use http::{Version, uri::Scheme};

use crate::{Fault, RequestContext};

/// All variables. The program's own cannot take the place of one that tells about the request.
pub(super) fn variables(
    request: &Parts,
    content_length: Option<u64>,
    context: &RequestContext,
) -> Result<Vec<(String, String)>, Fault> {
    let mut variables = meta_variables(request, content_length, context)?;
    variables.extend(header_variables(request));
    let known = variables.len();
    for (name, value) in context.env.iter() {
        if !variables[..known].iter().any(|(taken, _)| taken == name) {
            variables.push((name.clone(), value.clone()));
        }
    }
    Ok(variables)
}

/// RFC 3875, 4.1, and the few beyond it that every server gives.
fn meta_variables(
    request: &Parts,
    content_length: Option<u64>,
    context: &RequestContext,
) -> Result<Vec<(String, String)>, Fault> {
    let uri = &request.uri;
    let path = decode(uri.path())?;
    let https = context.server.scheme == Scheme::HTTPS;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut variables: Vec<(String, String)> = [
        ("GATEWAY_INTERFACE", "CGI/1.1".to_owned()),
        (
            "SERVER_SOFTWARE",
            concat!("LILY/", env!("CARGO_PKG_VERSION")).to_owned(),
        ),
        ("SERVER_PROTOCOL", protocol(request.version).to_owned()),
        ("SERVER_NAME", server_name(request, context)),
        ("SERVER_PORT", context.server.port.to_string()),
        ("REQUEST_METHOD", request.method.as_str().to_owned()),
        (
            "REQUEST_SCHEME",
            if https { "https" } else { "http" }.to_owned(),
        ),
        ("REQUEST_URI", target.to_owned()),
        // The program is the root of its own site: every path is its to interpret.
        ("SCRIPT_NAME", String::new()),
        ("PATH_INFO", path),
        ("QUERY_STRING", uri.query().unwrap_or_default().to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
    if https {
        set("HTTPS", "on".to_owned());
    }
    if let Some(remote) = context.remote {
        set("REMOTE_ADDR", remote.ip().to_string());
        set("REMOTE_PORT", remote.port().to_string());
    }
    if let Some(content_type) = request.headers.get(header::CONTENT_TYPE) {
        set(
            "CONTENT_TYPE",
            String::from_utf8_lossy(content_type.as_bytes()).into_owned(),
        );
    }
    // Without a length (a chunked body) the program reads to the end of stdin. A request without body has none.
    if let Some(length) =
        content_length.filter(|length| *length > 0 || has_length(&request.headers))
    {
        set("CONTENT_LENGTH", length.to_string());
    }
    set("LILY_REQUEST_ID", context.id.to_string());
    Ok(variables)
}

fn has_length(headers: &HeaderMap) -> bool {
    headers.contains_key(header::CONTENT_LENGTH)
}

/// `HTTP_*`, one for each field name, several values joined.
fn header_variables(request: &Parts) -> Vec<(String, String)> {
    let headers = &request.headers;
    let mut variables = Vec::with_capacity(headers.len() + 1);
    if !headers.contains_key(header::HOST)
        && let Some(authority) = request.uri.authority()
    {
        variables.push(("HTTP_HOST".to_owned(), authority.to_string()));
    }
    for name in headers.keys().filter(|name| is_given(name)) {
        let separator = if name == header::COOKIE { "; " } else { ", " };
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let variable = format!(
            "HTTP_{}",
            name.as_str().to_ascii_uppercase().replace('-', "_")
        );
        variables.push((variable, values.join(separator)));
    }
    variables
}

/// Whether a field reaches the program. Not `Proxy`, which would become `HTTP_PROXY` and steer the program's own
/// requests; not names with `_`, which would pass for others; not what has a variable of its own or is the
/// connection's.
fn is_given(name: &HeaderName) -> bool {
    const WITHHELD: [&str; 10] = [
        "connection",
        "content-length",
        "content-type",
        "keep-alive",
        "proxy",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    !name.as_str().contains('_') && !WITHHELD.contains(&name.as_str())
}

fn server_name(request: &Parts, context: &RequestContext) -> String {
    let named = request
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let named = named.or(request.uri.authority().map(|authority| authority.as_str()));
    let authority = named.and_then(|named| named.parse::<http::uri::Authority>().ok());
    authority.map_or_else(
        || context.server.name.clone(),
        |authority| authority.host().to_owned(),
    )
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

/// Resolves `%XX`. A path with a zero byte is refused: a C program would see only its beginning.
fn decode(path: &str) -> Result<String, Fault> {
    let hex = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after
            .first()
            .zip(after.get(1))
            .and_then(|(high, low)| Some(hex(*high)? << 4 | hex(*low)?));
        match pair.filter(|_| *first == b'%') {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    if decoded.contains(&0) {
        return Err(Fault::BadRequest {
            reason: "the path contains a zero byte".to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests;
