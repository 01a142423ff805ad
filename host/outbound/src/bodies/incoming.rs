//! What comes in: a stream of chunks, given in pieces that fit a turn.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use std::pin::Pin;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use crate::limits::CHUNK_BYTES_MAX;

/// A body that is pulled: its chunks, or why it broke off. The message is for the program's TypeError.
pub type Incoming = Pin<Box<dyn Stream<Item = Result<Bytes, String>> + Send>>;

/// What a reader gives until it ends, as a body: standard input.
pub fn incoming_of_reader(reader: impl AsyncRead + Send + 'static) -> Incoming {
    let chunks = ReaderStream::with_capacity(reader, CHUNK_BYTES_MAX / 4);
    Box::pin(chunks.map(|chunk| chunk.map_err(|error| error.to_string())))
}

/// A body that is there as a whole.
pub fn incoming_of_bytes(bytes: Bytes) -> Incoming {
    Box::pin(stream::iter([Ok(bytes)]))
}

/// A body being read.
pub(super) struct Reader {
    incoming: Incoming,
    /// What was too much for one chunk.
    rest: Bytes,
}

impl Reader {
    pub(super) fn new(incoming: Incoming) -> Reader {
        let rest = Bytes::new();
        Reader { incoming, rest }
    }

    /// The next chunk, of one byte at least. Loses nothing when it is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, String>> {
        while self.rest.is_empty() {
            match self.incoming.next().await? {
                Ok(chunk) => self.rest = chunk,
                Err(message) => return Some(Err(message)),
            }
        }
        let length = self.rest.len().min(CHUNK_BYTES_MAX);
        Some(Ok(self.rest.split_to(length)))
    }
}
