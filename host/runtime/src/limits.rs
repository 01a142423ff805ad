//! Every bound of the runtime, each with its reason. A number that is not here is not a limit.

use std::time::Duration;

use crate::Egress;

/// What one request, and one program, may use. Made by [`RuntimeLimits::standard`] and then narrowed by the host.
#[derive(Debug, Clone)]
pub struct RuntimeLimits {
    /// The largest request body (413 beyond). 64 MiB is what users are promised.
    pub request_body_bytes_max: u64,
    /// The largest response body. A response is a page, a download or a feed; beyond 1 GiB it is a runaway loop.
    pub response_body_bytes_max: u64,
    /// How long one request may take from its acceptance to the last byte the guest writes (504 beyond).
    pub wall_time: Duration,
    /// The stdout and stderr of one request that reach the log; the rest is cut, and said so.
    pub log_bytes_max: usize,
    /// Linear memory of one instance when the manifest asks for nothing. Real C programs (SQLite, Lua) stay far below;
    /// two cores' worth of busy instances must fit a small machine.
    pub memory_bytes_default: u64,
    /// The most a manifest may ask for. The engine's pool can give no more.
    pub memory_bytes_max: u64,
    /// Requests of one program that run at once. Below the engine's pool, so that one busy program leaves room for
    /// the others.
    pub running_max: usize,
    /// Requests of one program that wait for their turn; beyond, they are told to come back (503).
    pub waiting_max: usize,
    /// How long a request waits for its turn before it is told to come back.
    pub waiting_time: Duration,
    /// What a program of JavaScript may compute at a stretch. All else that its instance has under way waits meanwhile; much
    /// longer, and every other request there would be out of time too. The program's own wall time, if shorter, is the bound.
    pub turn_time: Duration,
    /// Instances of one program of JavaScript at once: each computes on one core at a time.
    pub instances_max: usize,
    /// How long an instance of JavaScript is kept that has nothing under way. Its module state lives as long; a void that nobody
    /// asks costs no memory.
    pub instance_idle_time: Duration,
    /// Where guests may send requests of their own.
    pub egress: Egress,
    /// Outbound connections of all programs together: each holds a file descriptor of the host.
    pub outbound_connections_max: usize,
}

impl RuntimeLimits {
    /// The limits that LILY promises to its users.
    pub fn standard() -> RuntimeLimits {
        RuntimeLimits {
            request_body_bytes_max: 64 << 20,
            response_body_bytes_max: 1 << 30,
            wall_time: Duration::from_secs(30),
            log_bytes_max: 1 << 20,
            memory_bytes_default: 256 << 20,
            memory_bytes_max: host_engine::MEMORY_BYTES_MAX as u64,
            running_max: 128,
            waiting_max: 512,
            waiting_time: Duration::from_secs(5),
            turn_time: Duration::from_secs(10),
            instances_max: std::thread::available_parallelism().map_or(1, usize::from),
            instance_idle_time: Duration::from_secs(60),
            egress: Egress::Anywhere,
            outbound_connections_max: 256,
        }
    }
}

/// Headers of one request or response together. Twice what common servers accept; hyper's own buffers are as large.
pub(crate) const HEADER_BYTES_MAX: usize = 64 << 10;
/// Header fields of one request.
pub(crate) const HEADER_COUNT_MAX: usize = 128;
/// Header block of a CGI response: all of it is held in memory before the first byte goes out.
pub(crate) const CGI_HEADER_BYTES_MAX: usize = 32 << 10;
/// Host resources (streams, headers, bodies) that one instance may hold. Each costs the host memory.
pub(crate) const HANDLES_MAX: usize = 1024;
/// Bytes that one host call may copy out of the guest, so that one call cannot make the host allocate at will.
pub(crate) const HOSTCALL_BYTES_MAX: usize = 16 << 20;
/// Random bytes given by one call.
pub(crate) const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// Outbound requests that one instance may have open.
pub(crate) const OUTBOUND_PER_REQUEST_MAX: usize = 16;
/// The longest that connecting to another server may take.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A line of the log; a longer one is split.
pub(crate) const LOG_LINE_BYTES_MAX: usize = 8 << 10;
/// One write of the guest's stdout or stderr, and one read of its stdin.
pub(crate) const STREAM_CHUNK_BYTES: usize = 64 << 10;
/// Chunks of a CGI program's stdout that may wait for a slow client.
pub(crate) const STREAM_CHUNKS_WAITING: usize = 4;
/// Timers of its host that a program of JavaScript may have running. The prelude keeps one for all of the program's own.
pub(crate) const JS_TIMERS_MAX: usize = 1024;
/// What waits of a streamed answer before the program is told to wait: a slow client costs this much memory.
pub(crate) const JS_OUTGOING_BYTES: usize = 256 << 10;
/// How long the instances beyond a program's first are kept that have nothing under way: they were made for a rush.
pub(crate) const JS_EXTRA_IDLE_TIME: Duration = Duration::from_secs(10);
/// An instance that has had unread requests for this long computes, rather than waits for its own task's turn: time for
/// another one.
pub(crate) const JS_BEHIND_TIME: Duration = Duration::from_millis(20);
/// Turns that an instance takes before other tasks of the host have their turn, if each is short.
pub(crate) const JS_TURNS_AT_ONCE: u32 = 16;
/// What an instance prints that belongs to no request is bounded anew after this time.
pub(crate) const JS_LOG_PERIOD: Duration = Duration::from_secs(60);
/// What is kept for the arguments of the next call: most are far smaller, and an idle instance must not hold what a large one
/// took.
pub(crate) const JS_MESSAGE_BYTES_KEPT: usize = 16 << 10;
