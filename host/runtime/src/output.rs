//! The guest's standard output on its way out: as lines to the log, or as chunks to whoever reads them.

use bytes::Bytes;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use crate::limits::{LOG_LINE_BYTES_MAX, STREAM_CHUNK_BYTES, STREAM_CHUNKS_WAITING};
use crate::{Fault, LogSink, LogStream, RequestId};

/// Takes whole chunks, without waiting, and says how much room there is.
pub(crate) trait ChunkSink: Send + Sync + 'static {
    /// Bytes that may be written now; 0 means wait for [`ChunkSink::poll_room`], `None` that nobody reads any more.
    fn room(&self) -> Option<usize>;
    fn poll_room(&self, context: &mut Context<'_>) -> Poll<()>;
    fn write(&self, bytes: Bytes);
}

/// A [`ChunkSink`] as WASI wants it; clones write to the same sink.
#[derive(Debug)]
pub(crate) struct ChunkStream<S>(Arc<S>);

impl<S> ChunkStream<S> {
    pub(crate) fn new(sink: Arc<S>) -> ChunkStream<S> {
        ChunkStream(sink)
    }
}

impl<S: ChunkSink> IsTerminal for ChunkStream<S> {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl<S: ChunkSink> StdoutStream for ChunkStream<S> {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(ChunkStream(Arc::clone(&self.0)))
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(ChunkStream(Arc::clone(&self.0)))
    }
}

impl<S: ChunkSink> OutputStream for ChunkStream<S> {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        match self.0.room() {
            None => Err(StreamError::Closed),
            Some(room) if bytes.len() > room => {
                Err(StreamError::trap("write beyond what check-write allowed"))
            }
            Some(_) => {
                self.0.write(bytes);
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        self.0.room().map(|_| ()).ok_or(StreamError::Closed)
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        self.0.room().ok_or(StreamError::Closed)
    }
}

#[wasmtime_wasi::async_trait]
impl<S: ChunkSink> Pollable for ChunkStream<S> {
    async fn ready(&mut self) {
        std::future::poll_fn(|context| self.0.poll_room(context)).await;
    }
}

impl<S: ChunkSink> AsyncWrite for ChunkStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if self.0.poll_room(cx).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(match self.0.room() {
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
            Some(room) => {
                let taken = buf.len().min(room);
                self.0.write(Bytes::copy_from_slice(&buf[..taken]));
                Ok(taken)
            }
        })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The log of one request: splits both streams into lines and cuts them at the limit.
pub(crate) struct RequestLog {
    sink: Arc<dyn LogSink>,
    id: RequestId,
    state: Mutex<LogState>,
}

struct LogState {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    bytes_left: usize,
    bytes_max: usize,
    cut: bool,
}

impl RequestLog {
    pub(crate) fn new(sink: Arc<dyn LogSink>, id: RequestId, bytes_max: usize) -> Arc<RequestLog> {
        let state = LogState {
            stdout: Vec::new(),
            stderr: Vec::new(),
            bytes_left: bytes_max,
            bytes_max,
            cut: false,
        };
        Arc::new(RequestLog {
            sink,
            id,
            state: Mutex::new(state),
        })
    }

    /// One of the guest's streams, into this log.
    pub(crate) fn stream(self: &Arc<Self>, stream: LogStream) -> impl StdoutStream + use<> {
        ChunkStream::new(Arc::new(LogWriter {
            log: Arc::clone(self),
            stream,
        }))
    }

    /// A line of the host about this request.
    pub(crate) fn system(&self, text: &str) {
        self.sink.line(LogStream::System, self.id, text);
    }

    /// A fault that no status can tell any more, because the response had begun.
    pub(crate) fn fault_after_response(&self, fault: &Fault) {
        self.system(&format!(
            "the response to this request is broken off: {fault}"
        ));
        for line in fault.log_lines().iter().skip(1) {
            self.system(line);
        }
    }

    /// Some of the guest's output.
    pub(crate) fn write(&self, stream: LogStream, bytes: &[u8]) {
        let mut state = lock(&self.state);
        let taken = bytes.len().min(state.bytes_left);
        state.bytes_left -= taken;
        let just_cut = taken < bytes.len() && !state.cut;
        state.cut |= just_cut;
        let bytes_max = state.bytes_max;
        let partial = if stream == LogStream::Stdout {
            &mut state.stdout
        } else {
            &mut state.stderr
        };
        partial.extend_from_slice(&bytes[..taken]);
        self.emit_lines(stream, partial);
        if just_cut {
            self.emit_rest(stream, partial);
            self.system(&format!(
                "the output of this request is cut after {bytes_max} bytes"
            ));
        }
    }

    fn emit_lines(&self, stream: LogStream, partial: &mut Vec<u8>) {
        let mut begin = 0;
        loop {
            let rest = &partial[begin..];
            let window = &rest[..rest.len().min(LOG_LINE_BYTES_MAX)];
            match window.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.emit(stream, &rest[..end]);
                    begin += end + 1;
                }
                None if window.len() == LOG_LINE_BYTES_MAX => {
                    self.emit(stream, window);
                    begin += LOG_LINE_BYTES_MAX;
                }
                None => break,
            }
        }
        partial.drain(..begin);
    }

    fn emit_rest(&self, stream: LogStream, partial: &mut Vec<u8>) {
        if !partial.is_empty() {
            self.emit(stream, partial);
            partial.clear();
        }
    }

    fn emit(&self, stream: LogStream, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.sink
            .line(stream, self.id, &String::from_utf8_lossy(line));
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let mut state = std::mem::replace(
            self.state.get_mut().unwrap_or_else(PoisonError::into_inner),
            LogState {
                stdout: Vec::new(),
                stderr: Vec::new(),
                bytes_left: 0,
                bytes_max: 0,
                cut: true,
            },
        );
        self.emit_rest(LogStream::Stdout, &mut state.stdout);
        self.emit_rest(LogStream::Stderr, &mut state.stderr);
    }
}

/// One of the two streams of a [`RequestLog`].
struct LogWriter {
    log: Arc<RequestLog>,
    stream: LogStream,
}

impl ChunkSink for LogWriter {
    fn room(&self) -> Option<usize> {
        Some(STREAM_CHUNK_BYTES)
    }

    fn poll_room(&self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn write(&self, bytes: Bytes) {
        self.log.write(self.stream, &bytes);
    }
}

/// Chunks to one reader, with back-pressure: a guest that writes faster than the reader takes waits.
pub(crate) struct ChunkSender {
    sender: mpsc::Sender<Bytes>,
    /// The task that waits for room; the reader wakes it through the channel's own reservation.
    waiting: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

/// A pipe from a guest's stdout to one reader.
pub(crate) fn chunk_channel() -> (Arc<ChunkSender>, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(STREAM_CHUNKS_WAITING);
    (
        Arc::new(ChunkSender {
            sender,
            waiting: Mutex::new(None),
        }),
        receiver,
    )
}

impl ChunkSink for ChunkSender {
    fn room(&self) -> Option<usize> {
        match (self.sender.is_closed(), self.sender.capacity()) {
            (true, _) => None,
            (false, 0) => Some(0),
            (false, _) => Some(STREAM_CHUNK_BYTES),
        }
    }

    fn poll_room(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut waiting = lock(&self.waiting);
        if self.sender.is_closed() || self.sender.capacity() > 0 {
            *waiting = None;
            return Poll::Ready(());
        }
        let wait = waiting.get_or_insert_with(|| {
            let sender = self.sender.clone();
            Box::pin(async move { drop(sender.reserve().await) })
        });
        let done = wait.as_mut().poll(context);
        if done.is_ready() {
            *waiting = None;
        }
        done
    }

    fn write(&self, bytes: Bytes) {
        // `room` was asked just before, and only this instance writes; if the reader left meanwhile, nobody misses it.
        let _ = self.sender.try_send(bytes);
    }
}

/// A poisoned lock only means that another thread panicked while logging; the lines are still lines.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "output/tests.rs"]
mod tests;
