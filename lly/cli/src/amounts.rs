//! Numbers for people.

use std::time::Duration;

/// `1 unit`, `3 units`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// `812 B`, `65.3 KiB`, `1.2 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `0.4 ms`, `83 ms`, `4.1 s`.
pub fn time(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        small if small < 9.95 => format!("{small:.1} ms"),
        middle if middle < 999.5 => format!("{middle:.0} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [1, 2].map(|number| count(number, "unit")),
            ["1 unit", "2 units"]
        );
        let sizes = [0, 1023, 1024, 66_900, 1 << 20, 5 << 30].map(size);
        assert_eq!(
            sizes,
            ["0 B", "1023 B", "1.0 KiB", "65.3 KiB", "1.0 MiB", "5.0 GiB"]
        );
        let times = [400, 83_000, 4_100_000].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(times, ["0.4 ms", "83 ms", "4.1 s"]);
    }
}
