//! What comes with a request besides its bytes: its id, where its log goes, who asked, under which name.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use http::uri::Scheme;

/// Names one request in headers and logs: 16 hexadecimal digits, unique within a process and, for practical
/// purposes, a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// The next one.
    pub fn fresh() -> RequestId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        static SEED: OnceLock<u64> = OnceLock::new();
        let seed = SEED.get_or_init(|| {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos() as u64);
            now ^ (u64::from(std::process::id()) << 40)
        });
        // An odd multiplier keeps every id of this process distinct and spreads the digits.
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        RequestId(seed.wrapping_add(count).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Where a line of the log came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// The guest's standard output.
    Stdout,
    /// The guest's standard error.
    Stderr,
    /// The host, about the guest.
    System,
}

/// Takes the lines that programs write. Called from within requests: it must not block.
pub trait LogSink: Send + Sync + 'static {
    /// One line, without its end.
    fn line(&self, stream: LogStream, request: RequestId, text: &str);
}

/// The name under which a program is reached.
#[derive(Debug, Clone)]
pub struct ServerAddress {
    /// `http` or `https`, as the client sees it.
    pub scheme: Scheme,
    /// Host name, used when the request itself names none.
    pub name: String,
    /// TCP port.
    pub port: u16,
}

/// What comes with one request.
#[derive(Clone)]
pub struct RequestContext {
    /// Its id.
    pub id: RequestId,
    /// The program's environment.
    pub env: Arc<[(String, String)]>,
    /// Where its stdout, stderr and faults go.
    pub log: Arc<dyn LogSink>,
    /// Who asked, if known.
    pub remote: Option<SocketAddr>,
    /// Under which name.
    pub server: Arc<ServerAddress>,
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestContext")
            .field("id", &self.id)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}
