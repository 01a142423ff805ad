//! The door of a program: so many requests run, so many wait, the rest are told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Fault;

/// Bounds the requests of one program.
#[derive(Debug)]
pub(crate) struct Gate {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    waiting_time: Duration,
}

/// The right to run one request; given back when dropped.
pub(crate) type Pass = OwnedSemaphorePermit;

impl Gate {
    pub(crate) fn new(running_max: usize, waiting_max: usize, waiting_time: Duration) -> Gate {
        Gate {
            running: Arc::new(Semaphore::new(running_max)),
            waiting: AtomicUsize::new(0),
            waiting_max,
            waiting_time,
        }
    }

    /// Waits for a turn, first come first served.
    pub(crate) async fn enter(&self) -> Result<Pass, Fault> {
        if let Ok(pass) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(pass);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Fault::Busy);
        }
        let _place = Place(&self.waiting);
        let turn = Arc::clone(&self.running).acquire_owned();
        match tokio::time::timeout(self.waiting_time, turn).await {
            Ok(Ok(pass)) => Ok(pass),
            // Late, or the gate is closed, which nobody does.
            Ok(Err(_)) | Err(_) => Err(Fault::Busy),
        }
    }
}

/// A place in the queue; left even when the client hangs up while waiting.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
