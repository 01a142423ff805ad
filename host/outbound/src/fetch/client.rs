//! The HTTP client of one instance: connections are kept and shared by its requests, and by no other instance's.

use http::{Response, Uri};
use hyper::body::Incoming as HttpBody;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connected;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout_at;
use tower::Service;

use super::message::{Body, Message};
use crate::Target;
use crate::limits::{HEADER_BYTES_MAX, HEADER_COUNT_MAX, IDLE_PER_SERVER_MAX, IDLE_TIMEOUT};
use crate::network::{Connection, Protocols};
use crate::outbound::{Place, Way, sentence};

/// Clones share the connections.
#[derive(Clone)]
pub(crate) struct Client {
    way: Arc<Way>,
    http: legacy::Client<Connector, Body>,
}

impl Client {
    pub(crate) fn new(way: Arc<Way>) -> Client {
        let connector = Connector {
            way: Arc::clone(&way),
        };
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_SERVER_MAX)
            .http1_max_headers(HEADER_COUNT_MAX)
            .http1_max_buf_size(HEADER_BYTES_MAX)
            .http2_max_header_list_size(HEADER_BYTES_MAX as u32)
            .build(connector);
        Client { way, http }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.way.patience()
    }

    /// The head of the answer, or the end of a sentence that names the request.
    pub(super) async fn send(&self, message: &mut Message) -> Result<Response<HttpBody>, String> {
        let (request, activity) = message.request()?;
        let mut answer = pin!(self.http.request(request));
        loop {
            // As long as the request's body moves, or the program owes its next piece, the server owes nothing.
            let deadline = activity.deadline(self.patience());
            match timeout_at(deadline, &mut answer).await {
                Ok(answer) => return answer.map_err(|error| reason(&error)),
                Err(_) if activity.deadline(self.patience()) > deadline => {}
                Err(_) => {
                    let time = self.patience().as_millis();
                    return Err(format!("the server did not answer within {time} ms"));
                }
            }
        }
    }
}

/// What a failure of the client says to the program's author.
fn reason(error: &legacy::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let first = cause;
    while let Some(one) = cause {
        if let Some(Unreachable(reason)) = one.downcast_ref() {
            return reason.clone();
        }
        cause = one.source();
    }
    first.map_or_else(|| error.to_string(), sentence)
}

/// Makes a connection when none is idle.
#[derive(Clone)]
struct Connector {
    way: Arc<Way>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Unreachable(String);

impl Service<Uri> for Connector {
    type Response = TokioIo<Held>;
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Held>, Unreachable>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let way = Arc::clone(&self.way);
        Box::pin(async move {
            let target = Target::of(&uri).map_err(|error| Unreachable(error.to_string()))?;
            let connected = way.connect(&target, Protocols::Http2OrHttp1).await;
            let (connection, place) = connected.map_err(Unreachable)?;
            Ok(TokioIo::new(Held {
                connection,
                _place: place,
            }))
        })
    }
}

/// A connection with its place.
struct Held {
    connection: Connection,
    _place: Place,
}

impl legacy::connect::Connection for Held {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.connection.is_http2 {
            connected.negotiated_h2()
        } else {
            connected
        }
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.io.is_write_vectored()
    }
}
