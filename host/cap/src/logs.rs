//! What a program prints, kept in a bounded ring and told to whoever follows. A program that floods its output
//! pushes out its own old lines and nothing else.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use fleet_api::{LogLine, LogStream};
use host_runtime::{LogSink, RequestId};
use tokio::sync::broadcast;

/// Lines a placement keeps: enough to see what led to a fault.
const LINES_MAX: usize = 2_000;

/// Bytes of text a placement keeps; a thousand placements at their bound still fit a small machine.
const BYTES_MAX: usize = 1 << 20;

/// A longer line is cut: a line is for reading.
const LINE_BYTES_MAX: usize = 16 << 10;

/// Lines a follower may lag behind before it is dropped.
const FOLLOWER_LAG_LINES_MAX: usize = 1_024;

/// The last lines of one placement.
#[derive(Debug)]
pub struct LogRing {
    kept: Mutex<Kept>,
    followers: broadcast::Sender<Arc<LogLine>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
}

impl Default for LogRing {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            followers: broadcast::Sender::new(FOLLOWER_LAG_LINES_MAX),
        }
    }
}

impl LogRing {
    /// Adds `text`, one line or many.
    pub fn push(&self, stream: LogStream, text: &str, request_id: Option<&str>) {
        for line in text.lines() {
            self.push_line(stream, line, request_id);
        }
    }

    fn push_line(&self, stream: LogStream, text: &str, request_id: Option<&str>) {
        let line = Arc::new(LogLine {
            time_ms: now_ms(),
            stream,
            text: cut(text),
            request_id: request_id.map(str::to_owned),
        });
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.text.len();
        kept.lines.push_back(Arc::clone(&line));
        while kept.lines.len() > LINES_MAX || kept.bytes > BYTES_MAX {
            let Some(old) = kept.lines.pop_front() else {
                break;
            };
            kept.bytes -= old.text.len();
        }
        // Sent under the lock, so that a follower sees each line exactly once: in the past or in the channel.
        let _nobody_follows = self.followers.send(line);
    }

    /// The last `count` lines.
    pub fn tail(&self, count: usize) -> Vec<Arc<LogLine>> {
        tail(
            &self.kept.lock().unwrap_or_else(PoisonError::into_inner),
            count,
        )
    }

    /// The last `count` lines and everything that comes after them.
    pub fn follow(&self, count: usize) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (tail(&kept, count), self.followers.subscribe())
    }
}

/// The line a dropped follower sees last.
pub fn lagged_line(missed: u64) -> LogLine {
    LogLine {
        time_ms: now_ms(),
        stream: LogStream::System,
        text: format!(
            "this reader was too slow: {missed} lines were not sent, and following ends here; ask again"
        ),
        request_id: None,
    }
}

impl LogSink for LogRing {
    fn line(&self, stream: host_runtime::LogStream, request: RequestId, text: &str) {
        let stream = match stream {
            host_runtime::LogStream::Stdout => LogStream::Stdout,
            host_runtime::LogStream::Stderr => LogStream::Stderr,
            host_runtime::LogStream::System => LogStream::System,
        };
        self.push_line(stream, text, Some(&request.to_string()));
    }
}

fn tail(kept: &Kept, count: usize) -> Vec<Arc<LogLine>> {
    kept.lines
        .iter()
        .skip(kept.lines.len().saturating_sub(count))
        .cloned()
        .collect()
}

fn cut(text: &str) -> String {
    if text.len() <= LINE_BYTES_MAX {
        return text.to_owned();
    }
    format!(
        "{} … (cut)",
        &text[..text.floor_char_boundary(LINE_BYTES_MAX)]
    )
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Arc<LogLine>]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn old_lines_make_room() {
        let ring = LogRing::default();
        for number in 0..LINES_MAX + 10 {
            ring.push(LogStream::Stdout, &number.to_string(), None);
        }
        let lines = ring.tail(usize::MAX);
        assert_eq!(lines.len(), LINES_MAX);
        assert_eq!(lines[0].text, "10");
        let long = "x".repeat(LINE_BYTES_MAX * 2);
        for _ in 0..200 {
            ring.push(LogStream::Stdout, &long, None);
        }
        let kept: usize = ring
            .tail(usize::MAX)
            .iter()
            .map(|line| line.text.len())
            .sum();
        assert!(kept <= BYTES_MAX);
    }

    #[tokio::test]
    async fn a_follower_sees_each_line_once() {
        let ring = LogRing::default();
        ring.push(LogStream::Stdout, "one\ntwo", None);
        let (past, mut future) = ring.follow(1);
        ring.push(LogStream::Stdout, "three", None);
        assert_eq!(texts(&past), ["two"]);
        assert_eq!(future.recv().await.expect("line").text, "three");
    }
}
