//! Decisions at once, bounded: a policy's pool has room for so many instances, and whoever comes later waits.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// The room there is.
#[derive(Debug)]
pub(crate) struct Turns {
    free: Mutex<u32>,
    given_back: Condvar,
}

/// The right to have an instance; given back when dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Room for `count` at once.
    pub(crate) fn new(count: u32) -> Turns {
        Turns {
            free: Mutex::new(count),
            given_back: Condvar::new(),
        }
    }

    /// Waits for room; none if there was none for as long as `patience`.
    pub(crate) fn take(&self, patience: Duration) -> Option<Turn<'_>> {
        let waited = self
            .given_back
            .wait_timeout_while(self.free(), patience, |free| *free == 0);
        let (mut free, waited) = match waited {
            Ok(waited) => waited,
            Err(poisoned) => poisoned.into_inner(),
        };
        if waited.timed_out() && *free == 0 {
            return None;
        }
        *free -= 1;
        Some(Turn(self))
    }

    fn free(&self) -> MutexGuard<'_, u32> {
        // A count is right whatever happened to who held it.
        match self.free.lock() {
            Ok(free) => free,
            Err(poisoned) => poisoned.into_inner(),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free() += 1;
        self.0.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_given_again() {
        let turns = Turns::new(2);
        let first = turns.take(Duration::ZERO).unwrap();
        let _second = turns.take(Duration::ZERO).unwrap();
        assert!(turns.take(Duration::from_millis(1)).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| turns.take(Duration::from_secs(60)).is_some());
            drop(first);
            assert!(waiting.join().unwrap());
        });
        assert!(turns.take(Duration::ZERO).is_some());
    }
}
