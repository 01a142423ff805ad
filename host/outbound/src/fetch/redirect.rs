//! What an answer that leads elsewhere leads to: the Fetch Standard's HTTP-redirect fetch, as a plain decision.

use http::header::LOCATION;
use http::{Method, Response};
use url::Url;

use super::message::Message;
use crate::limits::REDIRECTS_MAX;
use crate::outbound::Redirects;

pub(super) enum Verdict {
    /// This is the answer.
    Answer,
    /// Go on there.
    Next(Next),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) url: Url,
    /// The next request has no body and is a GET.
    pub(super) becomes_get: bool,
}

/// `count` is how many redirects were followed. An error is the end of a sentence that names the request.
pub(super) fn decide<T>(
    message: &Message,
    response: &Response<T>,
    redirects: Redirects,
    count: usize,
) -> Result<Verdict, String> {
    let status = response.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(Verdict::Answer);
    }
    match redirects {
        Redirects::Manual => return Ok(Verdict::Answer),
        Redirects::Error => {
            return Err(format!(
                "the server answers {status}, and redirects are refused"
            ));
        }
        Redirects::Follow => {}
    }
    let Some(location) = response.headers().get(LOCATION) else {
        return Ok(Verdict::Answer);
    };
    let next = next(&message.url, location.as_bytes())?;
    if count >= REDIRECTS_MAX {
        return Err(format!("more than {REDIRECTS_MAX} redirects"));
    }
    if status != 303 && message.is_streamed() {
        return Err(format!(
            "the server answers {status}, and a streamed body cannot be sent again"
        ));
    }
    Ok(Verdict::Next(Next {
        url: next,
        becomes_get: becomes_get(status, &message.method),
    }))
}

fn becomes_get(status: u16, method: &Method) -> bool {
    match status {
        301 | 302 => *method == Method::POST,
        303 => !matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    }
}

fn next(url: &Url, location: &[u8]) -> Result<Url, String> {
    // Some servers send UTF-8, all others ASCII.
    let location = String::from_utf8_lossy(location);
    let next = url.join(&location);
    let mut next = next.map_err(|_| format!("it leads to `{location}`, which is no URL"))?;
    if !matches!(next.scheme(), "http" | "https") {
        let scheme = next.scheme();
        return Err(format!(
            "it leads to the scheme `{scheme}`, which is not http or https"
        ));
    }
    if next.fragment().is_none() {
        next.set_fragment(url.fragment());
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, location: &[u8], expected: Option<&str>) {
        let from = Url::parse(from).expect("a URL");
        let to = next(&from, location).ok();
        assert_eq!(to.as_ref().map(Url::as_str), expected);
    }

    #[test]
    fn locations() {
        check("http://a.test/b/c", b"d?e", Some("http://a.test/b/d?e"));
        check("http://a.test/b#f", b"/d", Some("http://a.test/d#f"));
        check("http://a.test/b#f", b"/d#g", Some("http://a.test/d#g"));
        check("https://a.test/", b"//b.test/x", Some("https://b.test/x"));
        check(
            "http://a.test/",
            "/\u{e9}".as_bytes(),
            Some("http://a.test/%C3%A9"),
        );
        check("http://a.test/", b"file:///etc/passwd", None);
        check("http://a.test/", b"http://", None);
    }

    #[test]
    fn methods() {
        let get = |status, method: &Method| becomes_get(status, method);
        for status in [301, 302] {
            assert!(get(status, &Method::POST));
            assert!(!get(status, &Method::PUT));
            assert!(!get(status, &Method::HEAD));
        }
        assert!(get(303, &Method::PUT) && get(303, &Method::POST));
        assert!(!get(303, &Method::HEAD));
        assert!(!get(307, &Method::POST) && !get(308, &Method::POST));
    }
}
