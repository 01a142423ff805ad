//! Everything that can go wrong with one run of a guest. The host outlives each of them.

use std::time::Duration;

use host_engine::{GuestTrap, MemoryLimiter, TrapKind};
use wasmtime_wasi::I32Exit;

/// Why a run gave no answer, or no whole one.
///
/// `Display` is for the owner's log and is stable. What a stranger may read is [`Fault::public_sentence`].
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The guest trapped: the message, and the frames with function, file and line.
    #[error("the program trapped: {}", trap.message)]
    Trap {
        /// What the engine knows about it.
        trap: Box<GuestTrap>,
    },
    /// The guest ran into its memory limit and did not survive it.
    #[error("the program trapped: {}", trap.message)]
    Memory {
        /// The limit.
        limit_bytes: u64,
        /// How it ended.
        trap: Box<GuestTrap>,
    },
    /// The guest was not done in time.
    #[error("the program was not done after {} ms", limit.as_millis())]
    Deadline {
        /// The wall-time limit.
        limit: Duration,
    },
    /// A program of JavaScript computed for too long without a pause.
    #[error(
        "the program computed for more than {} ms at a stretch, and was ended",
        limit.as_millis()
    )]
    TurnTooLong {
        /// The limit.
        limit: Duration,
    },
    /// The instance that the request was in ended because of something else that it did.
    #[error("the program's instance was ended while this request was under way: {reason}")]
    InstanceLost {
        /// What ended it.
        reason: String,
    },
    /// The request body is larger than the limit.
    #[error("the request body is larger than {limit_bytes} bytes")]
    BodyTooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The request carries too many or too large headers.
    #[error("the request headers are larger than {bytes_max} bytes or more than {count_max}")]
    HeadersTooLarge {
        /// The limit of their size.
        bytes_max: usize,
        /// The limit of their number.
        count_max: usize,
    },
    /// The client broke off, or spoke no HTTP.
    #[error("the request is not usable: {reason}")]
    BadRequest {
        /// What is wrong with it.
        reason: String,
    },
    /// The response is larger than the limit.
    #[error("the response is larger than {limit_bytes} bytes")]
    OutputTooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The guest returned without setting a response.
    #[error("the program returned without setting a response")]
    NoResponse,
    /// The guest set a response that cannot be sent.
    #[error("the program's response is not usable: {reason}")]
    BadResponse {
        /// What is wrong with it.
        reason: String,
    },
    /// The guest exited where it should have answered: a command with an error before it wrote anything, or a handler.
    #[error("the program exited with code {code} instead of answering")]
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// As many requests run and wait as may.
    #[error("too many requests at once")]
    Busy,
    /// The host failed, not the guest.
    #[error("the host failed: {reason}")]
    Host {
        /// What failed.
        reason: String,
    },
}

/// Raised by the epoch callback when the store's deadline has passed.
#[derive(Debug, thiserror::Error)]
#[error("deadline passed")]
pub(crate) struct DeadlinePassed;

impl Fault {
    /// Tells what an error of the engine means for a guest that ran under `memory` and `wall_time`.
    pub(crate) fn of_engine(
        error: wasmtime::Error,
        memory: &MemoryLimiter,
        wall_time: Duration,
    ) -> Fault {
        if error.is::<DeadlinePassed>() {
            return Fault::Deadline { limit: wall_time };
        }
        if error.is::<wasmtime::PoolConcurrencyLimitError>() {
            return Fault::Busy;
        }
        if let Some(I32Exit(code)) = error.downcast_ref() {
            return Fault::Exit { code: *code };
        }
        let trap = Box::new(GuestTrap::with_memory(&error, memory));
        match trap.kind {
            TrapKind::Memory => Fault::Memory {
                limit_bytes: memory.bytes_max() as u64,
                trap,
            },
            // Neither a trap nor raised while the guest ran: it is not the guest's doing.
            TrapKind::Other if trap.frames.is_empty() && !error.is::<wasmtime::Trap>() => {
                Fault::Host {
                    reason: format!("{error:#}"),
                }
            }
            _ => Fault::Trap { trap },
        }
    }

    /// The HTTP status that the fault becomes when no response was begun.
    pub fn status(&self) -> http::StatusCode {
        use http::StatusCode;
        match self {
            Fault::Trap { .. }
            | Fault::Memory { .. }
            | Fault::TurnTooLong { .. }
            | Fault::InstanceLost { .. }
            | Fault::Exit { .. }
            | Fault::Host { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Fault::Deadline { .. } => StatusCode::GATEWAY_TIMEOUT,
            Fault::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Fault::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Fault::OutputTooLarge { .. } | Fault::NoResponse | Fault::BadResponse { .. } => {
                StatusCode::BAD_GATEWAY
            }
            Fault::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// One sentence for whoever asked; it tells nothing about the program's inside.
    pub fn public_sentence(&self) -> &'static str {
        match self {
            Fault::Trap { .. }
            | Fault::Memory { .. }
            | Fault::TurnTooLong { .. }
            | Fault::InstanceLost { .. }
            | Fault::Exit { .. } => "The program failed while it answered this request.",
            Fault::Host { .. } => "The host failed while it answered this request.",
            Fault::Deadline { .. } => "The program took too long to answer.",
            Fault::BodyTooLarge { .. } => "The request body is too large.",
            Fault::HeadersTooLarge { .. } => "The request headers are too large.",
            Fault::BadRequest { .. } => "The request is not usable.",
            Fault::OutputTooLarge { .. } => "The program's answer is too large.",
            Fault::NoResponse | Fault::BadResponse { .. } => "The program gave no usable answer.",
            Fault::Busy => "Too many requests at once; try again soon.",
        }
    }

    /// The fault for the owner's log, one line an item: what happened, then the frames of the backtrace.
    pub fn log_lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.to_string().lines().map(str::to_owned).collect();
        if let Fault::Trap { trap } | Fault::Memory { trap, .. } = self {
            lines.extend(trap.frames.iter().map(|frame| format!("    at {frame}")));
        }
        lines
    }
}
