//! What a program answers, as a response.

use host_outbound::headers_of_flat;
use host_web::Value;
use http::{HeaderMap, Response, StatusCode, header};
use hyper::ext::ReasonPhrase;

use crate::Fault;
use crate::limits::{HEADER_BYTES_MAX, HEADER_COUNT_MAX};

/// Status, headers and reason of a response that a program gives, with no body yet.
pub(super) fn head(status: f64, reason: &str, flat: &Value<'_>) -> Result<Response<()>, Fault> {
    let status = status_of(status)?;
    let mut headers = headers_of_flat(flat).map_err(|error| bad(error.to_string()))?;
    check_size(&headers)?;
    // Whole bodies have theirs set; what a program says of a streamed one may be wrong, and then breaks the connection.
    headers.remove(header::CONTENT_LENGTH);
    let mut response = Response::new(());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let is_usual = reason.is_empty() || status.canonical_reason() == Some(reason);
    if !is_usual {
        let phrase = ReasonPhrase::try_from(reason.as_bytes());
        let phrase = phrase.map_err(|_| bad("its status text has a line break".to_owned()))?;
        response.extensions_mut().insert(phrase);
    }
    Ok(response)
}

fn status_of(status: f64) -> Result<StatusCode, Fault> {
    let number = status as u16;
    let known = StatusCode::from_u16(number).ok();
    let fits = known.filter(|_| f64::from(number) == status && (200..=599).contains(&number));
    fits.ok_or_else(|| {
        bad(format!(
            "{status} is no status that a program may answer with"
        ))
    })
}

fn check_size(headers: &HeaderMap) -> Result<(), Fault> {
    let sizes = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if headers.len() > HEADER_COUNT_MAX || sizes.sum::<usize>() > HEADER_BYTES_MAX {
        return Err(bad(format!(
            "its headers are larger than {HEADER_BYTES_MAX} bytes or more than {HEADER_COUNT_MAX}"
        )));
    }
    Ok(())
}

fn bad(reason: String) -> Fault {
    Fault::BadResponse { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(texts: &[&'static str]) -> Value<'static> {
        Value::List(texts.iter().map(|text| Value::from(*text)).collect())
    }

    #[test]
    fn what_can_be_sent_is_taken() {
        let answer =
            head(201.0, "Made", &flat(&["x-a", "1", "content-length", "9"])).expect("a head");
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers().len(), 1);
        let reason = answer.extensions().get::<ReasonPhrase>().expect("a reason");
        assert_eq!(reason.as_ref(), b"Made");
        let usual = head(200.0, "OK", &flat(&[])).expect("a head");
        assert!(usual.extensions().get::<ReasonPhrase>().is_none());
    }

    #[test]
    fn what_cannot_be_sent_is_a_fault() {
        for status in [0.0, 101.0, 199.5, 600.0, -1.0, f64::NAN, 65736.0] {
            assert!(head(status, "", &flat(&[])).is_err(), "{status}");
        }
        assert!(head(200.0, "a\r\nb: c", &flat(&[])).is_err());
        assert!(head(200.0, "", &flat(&["a\n", "b"])).is_err());
        let many = vec!["a"; 2 * (HEADER_COUNT_MAX + 1)];
        assert!(head(200.0, "", &flat(&many)).is_err());
    }
}
