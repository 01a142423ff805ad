//! Answers that the CAP gives itself. Each says what happened in one sentence and carries the request's id.

use bytes::Bytes;
use host_runtime::RequestId;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Full};

use super::listener::Body;

/// When a client is asked to come back: a deploy takes about this long.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// No body.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is all there.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// One sentence for whoever asked.
pub fn problem(status: StatusCode, id: RequestId, sentence: &str) -> Response<Body> {
    let mut response = Response::new(full(format!("{sentence}\n\n{status} · request {id}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Asks the client to come back soon.
pub fn retry_later(response: &mut Response<Body>) {
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
}
