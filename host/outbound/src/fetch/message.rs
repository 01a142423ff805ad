//! The request as it stands before each hop: method, address, headers, body.

use bytes::Bytes;
use futures_util::Stream;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, PROXY_AUTHORIZATION, RANGE,
    USER_AGENT,
};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

use super::redirect::Next;
use crate::bodies::Outgoing;
use crate::outbound::FetchRequest;

/// What decodes here.
const CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br");
/// Parts of a body are parts of its coded form; they are asked for as they are.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("lily/", env!("CARGO_PKG_VERSION")));

pub(super) struct Message {
    pub(super) method: Method,
    pub(super) url: Url,
    headers: HeaderMap,
    payload: Payload,
}

pub(super) enum Payload {
    Nothing,
    Whole(Bytes),
    /// Goes once, then it is gone.
    Streamed(Option<Outgoing>),
}

impl Message {
    /// The first hop's; or what is wrong with the request.
    pub(super) fn of(request: FetchRequest, streamed: Option<Outgoing>) -> Result<Message, String> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| "this is not a method".to_owned())?;
        if matches!(method, Method::CONNECT | Method::TRACE) {
            return Err("programs may not use this method".to_owned());
        }
        let url = Url::parse(&request.url).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!(
                "the scheme `{}` is not http or https",
                url.scheme()
            ));
        }
        let mut headers = request.headers;
        headers.remove(HOST);
        let coding = if headers.contains_key(RANGE) {
            IDENTITY
        } else {
            CODINGS
        };
        headers.entry(ACCEPT_ENCODING).or_insert(coding);
        headers.entry(USER_AGENT).or_insert(AGENT);
        let payload = match (request.body, streamed) {
            (Some(bytes), _) => Payload::Whole(bytes),
            (None, Some(outgoing)) => Payload::Streamed(Some(outgoing)),
            (None, None) => Payload::Nothing,
        };
        if !matches!(payload, Payload::Streamed(_)) {
            headers.remove(CONTENT_LENGTH);
        }
        Ok(Message {
            method,
            url,
            headers,
            payload,
        })
    }

    /// Without credentials, which are nobody's business but the program's.
    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    pub(super) fn is_streamed(&self) -> bool {
        matches!(self.payload, Payload::Streamed(_))
    }

    /// What goes to the server, and when it last moved.
    pub(super) fn request(&mut self) -> Result<(Request<Body>, Activity), String> {
        let mut target = self.url.clone();
        target.set_fragment(None);
        // Neither fails for an address with a host, which http and https have.
        let _ = target.set_username("");
        let _ = target.set_password(None);
        let mut headers = self.headers.clone();
        let activity = Activity::default();
        let content = match &mut self.payload {
            Payload::Nothing => {
                // Servers want to know that the body is missing on purpose.
                if matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
                Content::Whole(Bytes::new())
            }
            Payload::Whole(bytes) => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                Content::Whole(bytes.clone())
            }
            Payload::Streamed(outgoing) => {
                let outgoing = outgoing.take();
                let outgoing = outgoing.ok_or("a streamed body cannot be sent again")?;
                let left = declared_length(&headers)?;
                // Once, whatever the program wrote: two lengths would be two readings of one request.
                headers.remove(CONTENT_LENGTH);
                if let Some(left) = left {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(left));
                }
                Content::Streamed(outgoing, left)
            }
        };
        let mut request = Request::new(Body {
            content,
            activity: activity.clone(),
        });
        *request.method_mut() = self.method.clone();
        *request.headers_mut() = headers;
        let uri = target.as_str().parse();
        *request.uri_mut() = uri.map_err(|_| "the URL cannot be put into a request".to_owned())?;
        Ok((request, activity))
    }

    /// The next hop's.
    pub(super) fn follow(&mut self, next: Next) {
        let Next { url, becomes_get } = next;
        if becomes_get {
            self.method = Method::GET;
            self.payload = Payload::Nothing;
            const OF_BODY: [HeaderName; 5] = [
                CONTENT_ENCODING,
                CONTENT_LANGUAGE,
                CONTENT_LENGTH,
                CONTENT_LOCATION,
                CONTENT_TYPE,
            ];
            for name in OF_BODY {
                self.headers.remove(name);
            }
        }
        if url.origin() != self.url.origin() {
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
                self.headers.remove(name);
            }
        }
        self.url = url;
    }
}

/// The length that the program has promised for a body in pieces.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, String> {
    let Some(value) = headers.get(CONTENT_LENGTH) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    let number = number.ok_or("its content-length is not a number")?;
    Ok(Some(number))
}

/// When a request's body last moved.
#[derive(Clone, Default)]
pub(super) struct Activity {
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy)]
enum State {
    /// The server has what there is, since then.
    Sent(Instant),
    /// The program owes the next piece.
    Awaited,
}

impl Default for State {
    fn default() -> State {
        State::Sent(Instant::now())
    }
}

impl Activity {
    /// Until when the server may do nothing.
    pub(super) fn deadline(&self, patience: Duration) -> Instant {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            State::Sent(at) => at + patience,
            State::Awaited => Instant::now() + patience,
        }
    }

    fn note(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// A request's body on its way.
pub(super) struct Body {
    content: Content,
    activity: Activity,
}

enum Content {
    Whole(Bytes),
    /// And how many bytes are left of what was promised.
    Streamed(Outgoing, Option<u64>),
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        let (outgoing, left) = match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Content::Whole(bytes) => {
                let frame = Frame::data(std::mem::take(bytes));
                return Poll::Ready(Some(Ok(frame)));
            }
            Content::Streamed(outgoing, left) => (outgoing, left),
        };
        let Poll::Ready(chunk) = Pin::new(outgoing).poll_next(cx) else {
            self.activity.note(State::Awaited);
            return Poll::Pending;
        };
        let frame = chunk.map(|chunk| {
            let chunk = chunk?;
            if let Some(left) = left {
                let rest = left.checked_sub(chunk.len() as u64);
                *left = rest.ok_or("the body is longer than its content-length")?;
            }
            Ok(Frame::data(chunk))
        });
        self.activity.note(State::Sent(Instant::now()));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Streamed(_, left) => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Streamed(_, Some(left)) => SizeHint::with_exact(*left),
            Content::Streamed(_, None) => SizeHint::default(),
        }
    }
}
