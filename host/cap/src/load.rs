//! How busy this machine is, read from `/proc`. Reading may fail (another system, a hidden `/proc`): then the answer
//! is zero, which a placer treats as "unknown", never as a reason to stop.

use std::fs;

/// One reading.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Resident memory of this process.
    pub memory_used_bytes: u64,
    /// Memory of the machine, or of the control group when that is less.
    pub memory_total_bytes: u64,
    /// Share of the machine's processors in use since the last reading, in thousandths.
    pub cpu_permille: u32,
}

/// Remembers the last reading of the processor counters, since only differences mean something.
#[derive(Debug, Default)]
pub struct LoadMeter {
    last: Option<CpuTimes>,
    memory_bytes_max: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CpuTimes {
    busy: u64,
    total: u64,
}

impl LoadMeter {
    /// A meter that counts no more memory than this as there.
    pub fn new(memory_bytes_max: Option<u64>) -> Self {
        Self {
            last: None,
            memory_bytes_max,
        }
    }

    /// Reads the load now.
    pub fn read(&mut self) -> Load {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let now = cpu_times(&file("/proc/stat"));
        let cpu_permille = match (self.last, now) {
            (Some(before), Some(now)) => permille(before, now),
            _ => 0,
        };
        self.last = now.or(self.last);
        let total = mem_total(&file("/proc/meminfo"));
        let limit = file("/sys/fs/cgroup/memory.max")
            .trim()
            .parse()
            .unwrap_or(u64::MAX);
        Load {
            memory_used_bytes: resident(&file("/proc/self/status")),
            memory_total_bytes: total.min(limit).min(self.memory_bytes_max.unwrap_or(limit)),
            cpu_permille,
        }
    }
}

fn permille(before: CpuTimes, now: CpuTimes) -> u32 {
    let total = now.total.saturating_sub(before.total);
    let busy = now.busy.saturating_sub(before.busy).min(total);
    let share = (busy * 1000).checked_div(total).unwrap_or(0);
    u32::try_from(share).unwrap_or(1000)
}

fn cpu_times(stat: &str) -> Option<CpuTimes> {
    let fields: Vec<u64> = stat
        .lines()
        .next()?
        .strip_prefix("cpu ")?
        .split_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guest times are already within user.
    let fields = fields.get(..8)?;
    let total = fields.iter().sum();
    Some(CpuTimes {
        busy: total - fields[3] - fields[4],
        total,
    })
}

fn mem_total(meminfo: &str) -> u64 {
    kilobytes(meminfo, "MemTotal:")
}

fn resident(status: &str) -> u64 {
    kilobytes(status, "VmRSS:")
}

fn kilobytes(text: &str, key: &str) -> u64 {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(key))
        .unwrap_or_default();
    value
        .split_whitespace()
        .next()
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_understood() {
        let before = cpu_times("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1 2 3").expect("times");
        let now = cpu_times("cpu  60 0 10 110 20 0 0 0 0 0\n").expect("times");
        assert_eq!(permille(before, now), 500);
        assert_eq!(cpu_times("nonsense"), None);
        assert_eq!(
            mem_total("MemTotal:   2048 kB\nMemFree: 1 kB\n"),
            2048 * 1024
        );
        assert_eq!(resident(""), 0);
    }

    #[test]
    fn this_process_has_a_load() {
        let load = LoadMeter::default().read();
        assert!(load.memory_used_bytes > 0 && load.memory_total_bytes > load.memory_used_bytes);
        assert_eq!(LoadMeter::new(Some(77)).read().memory_total_bytes, 77);
    }
}
