//! The clock by which guests are interrupted: a thread that increments an engine's epoch.

use crate::Engine;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the epoch goes up: the precision of every deadline. A hundred increments a second cost nothing.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// The deadline, in epochs, of a guest that may run for `duration`: never less than asked.
pub fn ticks_for(duration: Duration) -> u64 {
    let ticks = duration.as_nanos().div_ceil(EPOCH_TICK.as_nanos());
    u64::try_from(ticks)
        .unwrap_or(u64::MAX - 1)
        .saturating_add(1)
}

/// Owns the thread that drives an engine's epoch; the epoch stands still once this is dropped.
#[derive(Debug)]
pub struct EpochTicker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTicker {
    /// Starts the thread. It holds the engine weakly, and so ends with it at the latest.
    pub fn start(engine: &Engine) -> std::io::Result<EpochTicker> {
        let engine = engine.wasmtime().weak();
        let (stop, stopped) = channel::<()>();
        let tick = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(EPOCH_TICK) {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                engine.increment_epoch();
            }
        };
        let thread = std::thread::Builder::new()
            .name("epochs".to_owned())
            .spawn(tick)?;
        Ok(EpochTicker {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic, and there is nobody to tell.
            let _ = thread.join();
        }
    }
}
