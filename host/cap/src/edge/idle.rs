//! A stream that gives up on a peer who does nothing: a client that stops reading its answer or sending its request
//! may not hold a connection, and the instance behind it, for ever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Wraps a stream; any byte moved in either direction is a sign of life.
pub struct IdleLimit<S> {
    stream: S,
    limit: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl<S> IdleLimit<S> {
    /// Lets `stream` rest for at most `limit`.
    pub fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            sleep: Box::pin(sleep(limit)),
        }
    }

    fn settle<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            // Resetting a timer is a lock on the timer wheel; once in a while is precise enough.
            let deadline = Instant::now() + self.limit;
            if deadline.saturating_duration_since(self.sleep.deadline()) > self.limit / 8 {
                self.sleep.as_mut().reset(deadline);
            }
            return outcome;
        }
        match self.sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the connection is idle",
            ))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for IdleLimit<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.settle(cx, outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for IdleLimit<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.settle(cx, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        // A flush that succeeds says nothing about the peer: hyper flushes an empty buffer while it waits.
        if outcome.is_ready() {
            outcome
        } else {
            self.settle(cx, outcome)
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.settle(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.settle(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn a_silent_peer_is_given_up_and_a_slow_one_is_not() {
        let (mut peer, ours) = duplex(64);
        let mut ours = IdleLimit::new(ours, Duration::from_millis(200));
        let mut byte = [0];
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            peer.write_all(b"x").await.expect("write");
            ours.read_exact(&mut byte)
                .await
                .expect("a slow peer is served");
        }
        let error = ours
            .read_exact(&mut byte)
            .await
            .expect_err("a silent peer is not");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
