//! The timers that a program has asked its host for. The prelude keeps one for all of the program's own.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use host_outbound::Id;

use crate::limits::JS_TIMERS_MAX;

/// The timers of one instance, in the order of their time.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeMap<(Instant, u64), Timer>,
    keys: HashMap<Id, (Instant, u64)>,
    started: u64,
    strong: usize,
}

#[derive(Debug)]
struct Timer {
    id: Id,
    is_weak: bool,
}

impl Timers {
    /// Starts a timer, anew if there is one with this id. False: there are too many.
    pub(super) fn start(&mut self, id: Id, due: Instant, is_weak: bool) -> bool {
        self.stop(id);
        if self.queue.len() >= JS_TIMERS_MAX {
            return false;
        }
        self.started += 1;
        let key = (due, self.started);
        self.keys.insert(id, key);
        self.queue.insert(key, Timer { id, is_weak });
        self.strong += usize::from(!is_weak);
        true
    }

    pub(super) fn stop(&mut self, id: Id) {
        if let Some(timer) = self
            .keys
            .remove(&id)
            .and_then(|key| self.queue.remove(&key))
        {
            self.strong -= usize::from(!timer.is_weak);
        }
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the first one that is due by then.
    pub(super) fn take(&mut self, by: Instant) -> Option<Id> {
        let first = self.queue.first_entry()?;
        if first.key().0 > by {
            return None;
        }
        let timer = first.remove();
        self.keys.remove(&timer.id);
        self.strong -= usize::from(!timer.is_weak);
        Some(timer.id)
    }

    /// Whether one is there that keeps a script running.
    pub(super) fn has_strong(&self) -> bool {
        self.strong > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timers_come_in_the_order_of_their_time_and_once() {
        let now = Instant::now();
        let at = |ms| now + Duration::from_millis(ms);
        let mut timers = Timers::default();
        assert!(timers.start(1, at(20), false));
        assert!(timers.start(2, at(10), true));
        assert!(timers.start(3, at(10), false));
        assert_eq!(timers.due(), Some(at(10)));
        assert_eq!(timers.take(at(5)), None);
        assert_eq!(timers.take(at(10)), Some(2));
        assert_eq!(timers.take(at(10)), Some(3));
        assert_eq!(timers.take(at(10)), None);
        assert!(timers.has_strong());
        // Started anew, it is there once.
        assert!(timers.start(1, at(30), true));
        assert!(!timers.has_strong());
        timers.stop(1);
        timers.stop(1);
        assert_eq!(timers.due(), None);
    }

    #[test]
    fn there_is_a_bound() {
        let now = Instant::now();
        let mut timers = Timers::default();
        assert!((0..JS_TIMERS_MAX as u64).all(|id| timers.start(id, now, true)));
        assert!(!timers.start(u64::MAX, now, true));
        assert!(timers.start(0, now, true));
    }
}
