//! One `fetch`: its requests, as many as redirects ask for, and the head of its answer.

mod client;
mod decode;
mod gzip;
mod message;
mod redirect;

pub(crate) use client::Client;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use host_web::{Hook, Value};
use http::{Response, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming as HttpBody;
use hyper::ext::ReasonPhrase;
use std::time::Duration;
use tokio::time::timeout;

use crate::bodies::{Incoming, Outgoing};
use crate::event::{Event, Id};
use crate::headers::{flat_of_headers, latin1};
use crate::outbound::{FetchRequest, sentence};
use message::Message;
use redirect::Verdict;

/// What is read of an answer that only leads elsewhere, so that its connection can be used again.
const DRAINED_BYTES_MAX: usize = 16 << 10;
/// How long that may take.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// The event `response` and the answer's body; or the sentence of `failed`.
pub(crate) async fn run(
    client: Client,
    id: Id,
    request: FetchRequest,
    streamed: Option<Outgoing>,
) -> Result<(Event, Incoming), String> {
    let redirects = request.redirects;
    let begin = format!("fetch: {} {}", request.method, request.url);
    let failed = |reason: String| format!("{begin}: {reason}");
    let mut message = Message::of(request, streamed).map_err(failed)?;
    let mut count = 0;
    loop {
        let response = client.send(&mut message).await.map_err(failed)?;
        match redirect::decide(&message, &response, redirects, count).map_err(failed)? {
            Verdict::Answer => return Ok(answer(id, &client, &message, response, count > 0)),
            Verdict::Next(next) => {
                count += 1;
                message.follow(next);
                drain(response.into_body()).await;
            }
        }
    }
}

fn answer(
    id: Id,
    client: &Client,
    message: &Message,
    response: Response<HttpBody>,
    redirected: bool,
) -> (Event, Incoming) {
    let (mut head, body) = response.into_parts();
    let has_body = !message.is_head() && !matches!(head.status.as_u16(), 204 | 205 | 304);
    let codings = if has_body {
        decode::take_codings(&mut head.headers)
    } else {
        Vec::new()
    };
    let status_text = match head.extensions.get::<ReasonPhrase>() {
        Some(reason) => latin1(reason.as_bytes()),
        // HTTP/2 has none.
        None if head.version == Version::HTTP_2 => String::new(),
        None => head.status.canonical_reason().unwrap_or("").to_owned(),
    };
    let event = Event::of(
        Hook::Response,
        id,
        [
            Value::from(f64::from(head.status.as_u16())),
            Value::from(status_text),
            Value::from(message.url().to_owned()),
            flat_of_headers(&head.headers),
            Value::from(redirected),
        ],
    );
    let chunks = chunks(body, client.patience());
    (event, decode::decoded(chunks, &codings))
}

/// The data of a body, given up when it pauses too long.
fn chunks(body: HttpBody, patience: Duration) -> Incoming {
    Box::pin(stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        loop {
            let frame = match timeout(patience, body.frame()).await {
                Ok(frame) => frame?,
                Err(_) => {
                    let time = patience.as_millis();
                    let message = format!("the answer's body paused for more than {time} ms");
                    return Some((Err(message), None));
                }
            };
            match frame {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Some((Ok(data), Some(body)));
                    }
                }
                Err(error) => {
                    let message = format!("the answer's body broke off: {}", sentence(&error));
                    return Some((Err(message), None));
                }
            }
        }
    }))
}

async fn drain(body: HttpBody) {
    let mut data = chunks(body, DRAIN_TIMEOUT);
    let all = async { read_some(&mut data).await };
    // A body that does not end soon loses its connection, nothing more.
    let _ = timeout(DRAIN_TIMEOUT, all).await;
}

async fn read_some(data: &mut (impl Stream<Item = Result<Bytes, String>> + Unpin)) {
    let mut read = 0;
    while let Some(Ok(chunk)) = data.next().await {
        read += chunk.len();
        if read > DRAINED_BYTES_MAX {
            return;
        }
    }
}
