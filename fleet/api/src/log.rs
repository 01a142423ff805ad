//! Lines that a void wrote.

use serde::{Deserialize, Serialize};

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// The program's standard output.
    Stdout,
    /// The program's standard error.
    Stderr,
    /// The CAP itself: traps, limits, starts and stops.
    System,
}

impl LogStream {
    /// The name in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
            LogStream::System => "system",
        }
    }
}

/// One line of a void's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// Where it came from.
    pub stream: LogStream,
    /// Without its newline.
    pub text: String,
    /// The request that wrote it.
    pub request_id: Option<String>,
}
