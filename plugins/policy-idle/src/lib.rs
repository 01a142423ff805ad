//! The eviction policy `idle`: puts those voids to sleep that nobody asks for and that do nothing.
//!
//! It looks at three things: how often a void is asked (request rate), how much it computes (CPU time), and how long it
//! has been in memory (age). [`evict`] is a pure function over columns; the component (module `component`, wasm32 only)
//! is a thin shim over it. Tests are at the end of this file.

use plugins_sdk::eviction::{Eviction, Memory, Voids};

#[cfg(target_arch = "wasm32")]
mod component;

/// What was loaded more recently stays: it was just wanted.
const AGE_MIN_SECONDS: u32 = 30;
/// While there is no hurry, a void that nobody asked for this long goes to sleep.
const IDLE_SECONDS: u32 = 15 * 60;
/// When the host needs memory, this much quiet is enough.
const IDLE_PRESSED_SECONDS: u32 = 5;
/// A void that computes more than this is at work, whoever asked for it.
const CPU_QUIET_PERMILLE: u32 = 10;

/// Names the voids that may sleep. While the host has memory: those that nobody asked for in a quarter of an hour. When
/// it wants memory back: also those that are quiet now, the least asked first, then the least CPU, then the longest idle
/// and the oldest, until their code adds up to what is wanted.
pub fn evict(memory: &Memory, voids: &Voids) -> Vec<Eviction> {
    let mut rows: Vec<Row> = rows(voids).filter(Row::may_sleep).collect();
    rows.sort_by_key(Row::rank);
    let mut freed = 0u64;
    let mut evictions = Vec::new();
    for row in &rows {
        let pressed = freed < memory.bytes_wanted;
        let reason = if row.is_idle() {
            format!(
                "nobody asked for it for {} s; it took {}‰ of a core and was loaded {} s ago",
                row.idle_seconds, row.cpu_permille, row.age_seconds
            )
        } else if pressed {
            format!(
                "the CAP wants {} MiB back; quiet for {} s, {} requests a minute, {}‰ of a core",
                memory.bytes_wanted.div_ceil(1 << 20),
                row.idle_seconds,
                row.requests_per_minute,
                row.cpu_permille
            )
        } else {
            continue;
        };
        freed = freed.saturating_add(row.code_bytes);
        evictions.push(Eviction {
            void: row.index,
            reason,
        });
    }
    evictions
}

struct Row {
    index: u32,
    requests_per_minute: u32,
    cpu_permille: u32,
    age_seconds: u32,
    idle_seconds: u32,
    code_bytes: u64,
}

impl Row {
    fn may_sleep(&self) -> bool {
        self.age_seconds >= AGE_MIN_SECONDS
            && self.idle_seconds >= IDLE_PRESSED_SECONDS
            && self.cpu_permille <= CPU_QUIET_PERMILLE
    }

    fn is_idle(&self) -> bool {
        self.requests_per_minute == 0 && self.idle_seconds >= IDLE_SECONDS
    }

    /// The lowest goes first.
    fn rank(&self) -> impl Ord + use<> {
        let (idle, age) = (u32::MAX - self.idle_seconds, u32::MAX - self.age_seconds);
        (self.requests_per_minute, self.cpu_permille, idle, age)
    }
}

fn rows(voids: &Voids) -> impl Iterator<Item = Row> {
    let asked = voids.requests_per_minute.iter().zip(&voids.cpu_permille);
    let times = voids.age_seconds.iter().zip(&voids.idle_seconds);
    let columns = asked.zip(times).zip(&voids.code_bytes);
    columns.zip(0..).map(|(row, index)| {
        let (((requests_per_minute, cpu_permille), (age_seconds, idle_seconds)), code_bytes) = row;
        Row {
            index,
            requests_per_minute: *requests_per_minute,
            cpu_permille: *cpu_permille,
            age_seconds: *age_seconds,
            idle_seconds: *idle_seconds,
            code_bytes: *code_bytes,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Requests a minute, CPU, age, idle, code.
    type Facts = (u32, u32, u32, u32, u64);

    fn evicted(wanted: u64, rows: &[Facts]) -> Vec<u32> {
        let memory = Memory {
            bytes_total: 1000 * MIB,
            bytes_used: 500 * MIB,
            bytes_wanted: wanted,
        };
        let voids = Voids {
            requests_per_minute: rows.iter().map(|row| row.0).collect(),
            cpu_permille: rows.iter().map(|row| row.1).collect(),
            age_seconds: rows.iter().map(|row| row.2).collect(),
            idle_seconds: rows.iter().map(|row| row.3).collect(),
            code_bytes: rows.iter().map(|row| row.4).collect(),
        };
        evict(&memory, &voids)
            .into_iter()
            .map(|eviction| eviction.void)
            .collect()
    }

    #[test]
    fn without_hurry_only_what_is_long_idle_sleeps() {
        let rows = [
            (0, 0, 2000, 1000, MIB),
            (0, 0, 2000, 899, MIB),
            (0, 11, 2000, 1000, MIB),
            (1, 0, 2000, 1000, MIB),
        ];
        assert_eq!(evicted(0, &rows), [0]);
        assert_eq!(evicted(0, &[]), [0u32; 0]);
    }

    #[test]
    fn in_a_hurry_the_quietest_go_first_and_no_more_than_needed() {
        let rows = [
            (9, 1, 100, 6, 4 * MIB),
            (0, 1, 100, 60, 4 * MIB),
            (0, 0, 100, 50, 4 * MIB),
            (0, 0, 100, 70, 4 * MIB),
        ];
        assert_eq!(evicted(1, &rows), [3]);
        assert_eq!(evicted(8 * MIB, &rows), [3, 2]);
        assert_eq!(evicted(100 * MIB, &rows), [3, 2, 1, 0]);
    }

    #[test]
    fn what_was_just_loaded_asked_or_is_at_work_stays() {
        let rows = [
            (0, 0, 29, 29, MIB),
            (60, 0, 100, 4, MIB),
            (0, 500, 100, 60, MIB),
        ];
        assert_eq!(evicted(100 * MIB, &rows), [0u32; 0]);
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let most = (u32::MAX, 0, u32::MAX, u32::MAX, u64::MAX);
        assert_eq!(evicted(u64::MAX, &[most, most]), [0]);
    }
}
