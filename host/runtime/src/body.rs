//! Bodies: what goes back to the client, and the limit on what comes from it.

use bytes::Bytes;
use futures_util::{FutureExt, Stream};
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use wasmtime_wasi_http::Error as HttpError;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// The body of a response: all there from the start, or written by a guest that still runs.
#[derive(Debug)]
pub struct Body(Kind);

/// Why a response body ended before its end. The server breaks off the connection.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The guest trapped, ran out of time or exited with an error; the log tells more.
    #[error("the program failed after its response had begun")]
    Aborted,
    /// The response is larger than the limit.
    #[error("the response is larger than its limit")]
    TooLarge,
    /// The guest wrote less or more than it announced, or dropped the body.
    #[error("the program did not finish its response: {0}")]
    Incomplete(String),
}

#[derive(Debug)]
enum Kind {
    Whole {
        bytes: Bytes,
        trailers: Option<HeaderMap>,
    },
    Streamed {
        source: Source,
        ending: Arc<Ending>,
        bytes_left: u64,
    },
}

#[derive(Debug)]
enum Source {
    Proxy(HyperOutgoingBody),
    Command {
        first: Option<Bytes>,
        rest: mpsc::Receiver<Bytes>,
    },
    JavaScript(ChunkSource),
    Done,
}

/// A response body that comes in pieces; an `Err` says why it breaks off.
pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>;

struct ChunkSource(Chunks);

impl std::fmt::Debug for ChunkSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChunkSource")
    }
}

impl Body {
    /// A body that is all there.
    pub fn whole(bytes: impl Into<Bytes>) -> Body {
        Body(Kind::Whole {
            bytes: bytes.into(),
            trailers: None,
        })
    }

    /// The same, with fields after it.
    pub(crate) fn with_trailers(bytes: Bytes, trailers: Option<HeaderMap>) -> Body {
        Body(Kind::Whole { bytes, trailers })
    }

    /// The body of a `wasi:http` guest that still runs.
    pub(crate) fn of_proxy(body: HyperOutgoingBody, ending: Arc<Ending>, bytes_max: u64) -> Body {
        Body(Kind::Streamed {
            source: Source::Proxy(body),
            ending,
            bytes_left: bytes_max,
        })
    }

    /// The body of a program of JavaScript that still writes it.
    pub(crate) fn of_chunks(chunks: Chunks, bytes_max: u64) -> Body {
        Body(Kind::Streamed {
            source: Source::JavaScript(ChunkSource(chunks)),
            // The chunks themselves tell an end from a break.
            ending: Arc::default(),
            bytes_left: bytes_max,
        })
    }

    /// The stdout of a command that still runs.
    pub(crate) fn of_command(
        first: Bytes,
        rest: mpsc::Receiver<Bytes>,
        ending: Arc<Ending>,
        bytes_max: u64,
    ) -> Body {
        let source = Source::Command {
            first: (!first.is_empty()).then_some(first),
            rest,
        };
        Body(Kind::Streamed {
            source,
            ending,
            bytes_left: bytes_max,
        })
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.get_mut().0 {
            Kind::Whole { bytes, trailers } => {
                let data = std::mem::take(bytes);
                let frame = if data.is_empty() {
                    trailers.take().map(Frame::trailers)
                } else {
                    Some(Frame::data(data))
                };
                Poll::Ready(frame.map(Ok))
            }
            Kind::Streamed {
                source,
                ending,
                bytes_left,
            } => {
                let frame = std::task::ready!(source.poll_frame(cx));
                let checked = match frame {
                    Some(Ok(frame)) => match frame.data_ref().map_or(0, Bytes::len) as u64 {
                        length if length > *bytes_left => Some(Err(BodyError::TooLarge)),
                        length => {
                            *bytes_left -= length;
                            return Poll::Ready(Some(Ok(frame)));
                        }
                    },
                    Some(Err(error)) => Some(Err(error)),
                    None if ending.is_bad() => Some(Err(BodyError::Aborted)),
                    None => None,
                };
                // Dropping the source tells the guest that nobody reads any more.
                *source = Source::Done;
                Poll::Ready(checked)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole { bytes, trailers } => bytes.is_empty() && trailers.is_none(),
            Kind::Streamed { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            // A length would make HTTP/1 leave out the trailers.
            Kind::Whole {
                trailers: Some(_), ..
            } => SizeHint::default(),
            Kind::Whole {
                bytes,
                trailers: None,
            } => SizeHint::with_exact(bytes.len() as u64),
            Kind::Streamed { .. } => SizeHint::default(),
        }
    }
}

impl Source {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Source::Proxy(body) => Pin::new(body).poll_frame(cx).map(|frame| {
                frame.map(|frame| frame.map_err(|error| BodyError::Incomplete(error.to_string())))
            }),
            Source::Command { first, rest } => match first.take() {
                Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
                None => rest
                    .poll_recv(cx)
                    .map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
            },
            Source::JavaScript(ChunkSource(chunks)) => chunks.as_mut().poll_next(cx).map(|chunk| {
                chunk.map(|chunk| chunk.map(Frame::data).map_err(BodyError::Incomplete))
            }),
            Source::Done => Poll::Ready(None),
        }
    }
}

/// What a finished `wasi:http` guest left behind: the whole body, since nobody is left to write more.
pub(crate) fn gather(body: HyperOutgoingBody) -> Result<(Bytes, Option<HeaderMap>), BodyError> {
    // Unconstrained: else a task that has used up its share of tokio's budget would be told to wait here.
    let gathered = tokio::task::unconstrained(gather_frames(body)).now_or_never();
    gathered.unwrap_or(Err(BodyError::Aborted))
}

async fn gather_frames(
    mut body: HyperOutgoingBody,
) -> Result<(Bytes, Option<HeaderMap>), BodyError> {
    let mut whole = Bytes::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame
            .map_err(|error| BodyError::Incomplete(error.to_string()))?
            .into_data()
        {
            Ok(data) if whole.is_empty() => whole = data,
            Ok(data) => whole = [whole, data].concat().into(),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    Ok((whole, trailers))
}

/// How the run behind a streamed body ended. The runner marks it before its end of the stream closes, so that the
/// reader can tell an end from a break.
#[derive(Debug, Default)]
pub(crate) struct Ending(AtomicU8);

const RUNNING: u8 = 0;
const WELL: u8 = 1;
const BAD: u8 = 2;

impl Ending {
    fn is_bad(&self) -> bool {
        self.0.load(Ordering::Acquire) == BAD
    }
}

/// Held by a run; marks its end as bad unless told otherwise, also when the run is dropped half-way.
pub(crate) struct EndingGuard(Arc<Ending>);

impl EndingGuard {
    pub(crate) fn new() -> (EndingGuard, Arc<Ending>) {
        let ending = Arc::new(Ending::default());
        (EndingGuard(Arc::clone(&ending)), ending)
    }

    /// The run ended as it should.
    pub(crate) fn ended_well(self) {
        self.0.0.store(WELL, Ordering::Release);
    }
}

impl Drop for EndingGuard {
    fn drop(&mut self) {
        let _ = self
            .0
            .0
            .compare_exchange(RUNNING, BAD, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// Set when a request body ran over its limit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overflow(Arc<AtomicBool>);

impl Overflow {
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A request body that ends with an error when it runs over its limit.
#[derive(Debug)]
pub(crate) struct LimitedBody<B> {
    inner: B,
    bytes_left: u64,
    bytes_max: u64,
    overflow: Overflow,
}

impl<B> LimitedBody<B> {
    pub(crate) fn new(inner: B, bytes_max: u64) -> (LimitedBody<B>, Overflow) {
        let overflow = Overflow::default();
        (
            LimitedBody {
                inner,
                bytes_left: bytes_max,
                bytes_max,
                overflow: overflow.clone(),
            },
            overflow,
        )
    }
}

impl<B> HttpBody for LimitedBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = self.get_mut();
        if this.overflow.happened() {
            return Poll::Ready(None);
        }
        let frame = std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            let frame = frame.map_err(|_| HttpError::ConnectionTerminated)?;
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            match this.bytes_left.checked_sub(length) {
                Some(left) => {
                    this.bytes_left = left;
                    Ok(frame)
                }
                None => {
                    this.overflow.0.store(true, Ordering::Release);
                    Err(HttpError::HttpRequestBodySize(Some(this.bytes_max)))
                }
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
