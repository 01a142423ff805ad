//! Waiting for an event by looking at it, bounded in time.

use std::time::{Duration, Instant};

/// How often one looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until `look` finds something; none after `patience`.
pub fn at_most<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if began.elapsed() > patience {
            return None;
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Looks until `look` finds something; fails the test after `patience`, naming what it waited for.
#[track_caller]
pub fn until<T>(patience: Duration, what: &str, look: impl FnMut() -> Option<T>) -> T {
    at_most(patience, look).unwrap_or_else(|| panic!("waited {} s for {what}", patience.as_secs()))
}
