//! A request body as a program's standard input.

use bytes::Bytes;
use http_body::Body as HttpBody;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError};
use wasmtime_wasi_http::Error as HttpError;
use wasmtime_wasi_http::p2::body::HyperIncomingBody;

use crate::output::lock;

/// Clones read from the same body.
#[derive(Clone)]
pub(crate) struct BodyStdin(Arc<Mutex<State>>);

struct State {
    /// Gone once it has ended.
    body: Option<HyperIncomingBody>,
    buffer: Bytes,
    error: Option<HttpError>,
}

impl BodyStdin {
    pub(crate) fn new(body: HyperIncomingBody) -> BodyStdin {
        BodyStdin(Arc::new(Mutex::new(State {
            body: Some(body),
            buffer: Bytes::new(),
            error: None,
        })))
    }
}

impl State {
    /// Ready when there are bytes, an error or the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.buffer.is_empty() && self.error.is_none() {
            let Some(body) = &mut self.body else { break };
            match std::task::ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => self.buffer = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => {
                    self.error = Some(error);
                    self.body = None;
                }
                None => self.body = None,
            }
        }
        Poll::Ready(())
    }

    /// Bytes, nothing yet, or the end.
    fn take(&mut self, size: usize) -> Result<Bytes, StreamError> {
        if !self.buffer.is_empty() {
            let taken = size.min(self.buffer.len());
            return Ok(self.buffer.split_to(taken));
        }
        match (self.error.take(), &self.body) {
            (Some(error), _) => Err(StreamError::LastOperationFailed(wasmtime::Error::new(
                error,
            ))),
            (None, None) => Err(StreamError::Closed),
            (None, Some(_)) => Ok(Bytes::new()),
        }
    }
}

impl IsTerminal for BodyStdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for BodyStdin {
    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }
}

impl InputStream for BodyStdin {
    fn read(&mut self, size: usize) -> Result<Bytes, StreamError> {
        let mut state = lock(&self.0);
        // Whether or not it is ready, `take` tells; nobody waits on this poll.
        let _ = state.poll_fill(&mut Context::from_waker(std::task::Waker::noop()));
        state.take(size)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for BodyStdin {
    async fn ready(&mut self) {
        std::future::poll_fn(|cx| lock(&self.0).poll_fill(cx)).await;
    }
}

impl AsyncRead for BodyStdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let mut state = lock(&self.0);
        std::task::ready!(state.poll_fill(cx));
        match state.take(buf.remaining()) {
            Ok(bytes) => buf.put_slice(&bytes),
            Err(StreamError::Closed) => {}
            Err(error) => return Poll::Ready(Err(std::io::Error::other(error.to_string()))),
        }
        Poll::Ready(Ok(()))
    }
}
