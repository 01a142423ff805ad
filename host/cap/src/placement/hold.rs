//! The fence: how long this CAP may serve a placement. A lease counts from the moment its heartbeat was *sent*, by this
//! machine's monotonic clock; counted from the answer, a slow network would let two CAPs serve one placement.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// The time until which a placement may be served. Readable without a lock on every request.
#[derive(Debug)]
pub struct Hold {
    base: Instant,
    until_ms: AtomicU64,
}

impl Hold {
    /// A hold on nothing yet. No lease handed to it may have been asked for before `base`.
    pub fn new(base: Instant) -> Self {
        Self {
            base,
            until_ms: AtomicU64::new(0),
        }
    }

    /// Takes a lease of `ttl` that was asked for at `sent`. Never shortens.
    pub fn extend(&self, sent: Instant, ttl: Duration) {
        self.until_ms
            .fetch_max(self.since_base(sent + ttl), Ordering::Relaxed);
    }

    /// May the placement be served at `now`?
    pub fn holds(&self, now: Instant) -> bool {
        self.since_base(now) < self.until_ms.load(Ordering::Relaxed)
    }

    fn since_base(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.base).as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_counts_from_sending() {
        let base = Instant::now();
        let after = |ms| base + Duration::from_millis(ms);
        let hold = Hold::new(base);
        assert!(!hold.holds(base));
        // Sent at 100, answered at 900: it still ends at 1100.
        hold.extend(after(100), Duration::from_millis(1000));
        assert!(hold.holds(after(900)) && hold.holds(after(1099)));
        assert!(!hold.holds(after(1100)));
        // An older answer that comes late does not shorten it.
        hold.extend(after(50), Duration::from_millis(500));
        assert!(hold.holds(after(1099)));
    }
}
