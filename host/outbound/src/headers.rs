//! Headers as they travel: one flat list, names in lower case, one code unit for each byte of a value.

use host_web::Value;
use http::{HeaderMap, HeaderName, HeaderValue};

/// A list of headers that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a list of texts in pairs.
    #[error("headers are not a list of names and values")]
    Form,
    /// Not a token.
    #[error("`{0}` is not a name of a header")]
    Name(String),
    /// A byte that must not be in a value, or a code unit above 255.
    #[error("the value of the header `{0}` has a character that it must not have")]
    Value(String),
}

/// The map of a flat list, without the headers of the connection, which are the host's own.
pub fn headers_of_flat(flat: &Value<'_>) -> Result<HeaderMap, HeaderError> {
    let Value::List(flat) = flat else {
        return Err(HeaderError::Form);
    };
    let mut headers = HeaderMap::with_capacity(flat.len() / 2);
    let (pairs, []) = flat.as_chunks::<2>() else {
        return Err(HeaderError::Form);
    };
    for [name, value] in pairs {
        let (Some(name), Some(value)) = (name.as_text(), value.as_text()) else {
            return Err(HeaderError::Form);
        };
        let field = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HeaderError::Name(name.to_owned()))?;
        let value = header_value(value).ok_or_else(|| HeaderError::Value(name.to_owned()))?;
        if !is_of_connection(&field) {
            // The map's own bound, far above ours, is all that can fail here.
            let added = headers.try_append(field, value);
            added.map_err(|_| HeaderError::Form)?;
        }
    }
    Ok(headers)
}

/// The flat list of a map, without the headers of the connection.
pub fn flat_of_headers(headers: &HeaderMap) -> Value<'static> {
    let mut flat = Vec::with_capacity(headers.len() * 2);
    for (name, value) in headers.iter().filter(|(name, _)| !is_of_connection(name)) {
        flat.push(Value::from(name.as_str().to_owned()));
        flat.push(Value::from(latin1(value.as_bytes())));
    }
    Value::List(flat)
}

/// Whether a header speaks of the connection and not of the message (RFC 9110, 7.6.1).
pub fn is_of_connection(name: &HeaderName) -> bool {
    const OF_CONNECTION: [&str; 8] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    ];
    OF_CONNECTION.contains(&name.as_str())
}

/// Bytes as a text with one character for each.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn header_value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|one| u8::try_from(one).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&'static str]) -> Value<'static> {
        Value::List(texts.iter().map(|text| Value::from(*text)).collect())
    }

    #[test]
    fn headers_go_and_come_back() {
        let flat = list(&[
            "accept",
            "*/*",
            "set-cookie",
            "a=1",
            "set-cookie",
            "b=\u{e9}",
        ]);
        let headers = headers_of_flat(&flat).expect("headers");
        assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
        assert_eq!(
            headers
                .get_all("set-cookie")
                .iter()
                .nth(1)
                .map(|one| one.as_bytes()),
            Some(&b"b=\xe9"[..])
        );
        assert_eq!(flat_of_headers(&headers), flat);
    }

    #[test]
    fn what_is_no_header_is_refused_by_name() {
        assert_eq!(headers_of_flat(&Value::Null), Err(HeaderError::Form));
        assert_eq!(headers_of_flat(&list(&["a"])), Err(HeaderError::Form));
        let name = HeaderError::Name("a b".to_owned());
        assert_eq!(headers_of_flat(&list(&["a b", "c"])), Err(name));
        for value in ["a\r\nb: c", "\u{100}", "a\0"] {
            let expected = HeaderError::Value("a".to_owned());
            assert_eq!(headers_of_flat(&list(&["a", value])), Err(expected));
        }
    }

    #[test]
    fn headers_of_the_connection_are_left_out() {
        let flat = list(&[
            "connection",
            "close",
            "transfer-encoding",
            "chunked",
            "te",
            "x",
        ]);
        assert_eq!(headers_of_flat(&flat), Ok(HeaderMap::new()));
    }
}
