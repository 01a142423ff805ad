//! Where a program prints to: the log of the request that it is about, or its own standard streams.

use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use super::exchange::{ExchangeLog, Exchanges};
use crate::command::Output as Destination;
use crate::limits::{JS_LOG_PERIOD, STREAM_CHUNK_BYTES};
use crate::output::ChunkSink;
use crate::{Fault, LogSink, LogStream, RequestId};

/// The two streams of an instance.
pub(super) enum Output {
    /// A server's: lines in the log.
    Log(InstanceLog),
    /// A script's.
    Streams {
        stdout: Destination,
        stderr: Destination,
    },
}

/// What belongs to no request, under an id of its own.
pub(super) struct InstanceLog {
    sink: Arc<dyn LogSink>,
    id: RequestId,
    bytes_max: usize,
    period: Instant,
    log: ExchangeLog,
}

impl Output {
    /// Writes what the program prints. Nothing is answered: who prints cannot mend it.
    pub(super) fn print(&mut self, exchanges: &mut Exchanges, stream: LogStream, bytes: &[u8]) {
        match self {
            Output::Log(instance) => match exchanges.log() {
                Some(log) => log.write(stream, bytes),
                None => instance.current().write(stream, bytes),
            },
            Output::Streams { stdout, stderr } => {
                let to = if stream == LogStream::Stdout {
                    stdout
                } else {
                    stderr
                };
                write(to, stream, bytes);
            }
        }
    }

    /// A fault that no request learns of in full.
    pub(super) fn tell(&self, fault: &Fault) {
        if let Output::Log(instance) = self {
            for line in fault.log_lines() {
                instance.sink.line(LogStream::System, instance.id, &line);
            }
        }
    }
}

impl InstanceLog {
    pub(super) fn new(sink: Arc<dyn LogSink>, bytes_max: usize) -> InstanceLog {
        let id = RequestId::fresh();
        InstanceLog {
            log: ExchangeLog::new(Arc::clone(&sink), id, bytes_max),
            sink,
            id,
            bytes_max,
            period: Instant::now(),
        }
    }

    fn current(&mut self) -> &mut ExchangeLog {
        if self.period.elapsed() > JS_LOG_PERIOD {
            self.period = Instant::now();
            self.log = ExchangeLog::new(Arc::clone(&self.sink), self.id, self.bytes_max);
        }
        &mut self.log
    }
}

/// Writes to a stream of a script. It waits for its reader, as a program on a terminal does.
fn write(to: &Destination, stream: LogStream, bytes: &[u8]) {
    match to {
        Destination::Discard => {}
        Destination::Inherit if stream == LogStream::Stdout => {
            // A reader that has gone misses nothing.
            let _ = std::io::stdout().lock().write_all(bytes);
        }
        Destination::Inherit => {
            let _ = std::io::stderr().lock().write_all(bytes);
        }
        Destination::Buffer(buffer) => {
            let sink = buffer.sink();
            for chunk in bytes.chunks(STREAM_CHUNK_BYTES) {
                let Some(room) = sink.room() else { return };
                let taken = chunk.len().min(room);
                sink.write(bytes::Bytes::copy_from_slice(&chunk[..taken]));
            }
        }
    }
}

/// What was printed reaches its reader before the program's end does.
pub(super) fn flush() {
    let _ = std::io::stdout().lock().flush();
}
