//! What a program did in the last minute, for whoever decides which may sleep. Time is an argument.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use fleet_api::Activity;

/// How far back rates look.
const WINDOW: Duration = Duration::from_secs(60);
/// Heartbeats that are closer together are one look: the diary stays short however fast they come.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Counts of one program since it was last loaded.
#[derive(Debug)]
pub struct Diary {
    loaded: Instant,
    last_asked: Instant,
    requests: u64,
    /// Looks at the counts, oldest first; the oldest is as old as the window or the program.
    looks: VecDeque<Look>,
}

#[derive(Debug)]
struct Look {
    at: Instant,
    requests: u64,
    cpu: Duration,
}

impl Diary {
    /// Begins when the program is loaded.
    pub fn new(now: Instant) -> Self {
        let first = Look {
            at: now,
            requests: 0,
            cpu: Duration::ZERO,
        };
        Self {
            loaded: now,
            last_asked: now,
            requests: 0,
            looks: VecDeque::from([first]),
        }
    }

    /// A request came.
    pub fn asked(&mut self, now: Instant) {
        self.last_asked = now;
        self.requests += 1;
    }

    /// The program was loaded anew, because of a request: its CPU is counted from zero.
    pub fn woken(&mut self, now: Instant) {
        *self = Self::new(now);
        self.asked(now);
    }

    /// The last minute, with the CPU time that the program took since it was loaded.
    pub fn read(&mut self, now: Instant, cpu: Duration, code_bytes: u64) -> Activity {
        // One look as old as the window is kept: rates are over it.
        while self.looks.len() > 1 && now.saturating_duration_since(self.looks[1].at) >= WINDOW {
            self.looks.pop_front();
        }
        let (since, requests, before) = match self.looks.front() {
            Some(first) => (first.at, first.requests, first.cpu),
            None => (self.loaded, 0, Duration::ZERO),
        };
        let window = now.saturating_duration_since(since).max(LOOK_EVERY);
        let permille = cpu.saturating_sub(before).as_micros() * 1000 / window.as_micros();
        let is_new = |last: &Look| now.saturating_duration_since(last.at) >= LOOK_EVERY;
        if self.looks.back().is_none_or(is_new) {
            self.looks.push_back(Look {
                at: now,
                requests: self.requests,
                cpu,
            });
        }
        Activity {
            requests_per_minute: narrow(self.requests - requests),
            cpu_permille: u32::try_from(permille).unwrap_or(u32::MAX),
            age_seconds: narrow(now.saturating_duration_since(self.loaded).as_secs()),
            idle_seconds: narrow(now.saturating_duration_since(self.last_asked).as_secs()),
            code_bytes,
        }
    }
}

fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_last_minute_and_ages_of_all_time() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut diary = Diary::new(begin);
        for second in 1..=10 {
            diary.asked(at(second));
        }
        // A tenth of a core over twenty seconds.
        let read = diary.read(at(20), Duration::from_secs(2), 7);
        let expected = Activity {
            requests_per_minute: 10,
            cpu_permille: 100,
            age_seconds: 20,
            idle_seconds: 10,
            code_bytes: 7,
        };
        assert_eq!(read, expected);
        // Heartbeats as fast as they come are no longer diary.
        for _ in 0..1000 {
            diary.read(at(20), Duration::from_secs(2), 7);
        }
        assert_eq!(diary.looks.len(), 2);
        // A minute and more later nothing of it is left but the age.
        let later = diary.read(at(81), Duration::from_secs(2), 7);
        assert_eq!((later.requests_per_minute, later.cpu_permille), (0, 0));
        assert_eq!((later.age_seconds, later.idle_seconds), (81, 71));
        // It slept and was woken by a request.
        diary.woken(at(100));
        let woken = diary.read(at(101), Duration::from_millis(500), 7);
        assert_eq!((woken.requests_per_minute, woken.cpu_permille), (1, 500));
        assert_eq!((woken.age_seconds, woken.idle_seconds), (1, 1));
    }
}
