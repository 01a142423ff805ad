//! The placement policy `spread`: a void goes where it leaves the fleet most evenly loaded.
//!
//! A request and the hosts that could take it come in, one choice comes out. [`choose`] is a pure function: no clock, no
//! randomness, no memory of the last decision; of hosts that are alike the first is taken. The component of world
//! `lily:policy/placement-policy` (module `component`, built for wasm32 only) is a thin shim over it. Tests are at the
//! end of this file.

use plugins_sdk::policy::{Cap, Caps, Choice, Request};

#[cfg(target_arch = "wasm32")]
mod component;

/// Memory counts in steps of this many thousandths: what differs by less is equally loaded, and the number of
/// placements decides. Otherwise a few megabytes of noise would send every void of a burst to the same host.
const MEMORY_STEP_PERMILLE: u64 = 20;
/// From here on a host counts as full: what is placed has to be able to grow.
const MEMORY_FULL_PERMILLE: u64 = 950;
/// More CPU than this counts as this much.
const CPU_MAX: u32 = (1 << 24) - 1;

/// Picks the least loaded host: those of the wanted region first, then the least memory in use (as a share, in steps),
/// the fewest placements, the least CPU, and at last the first. A host without free memory is not fit.
pub fn choose(request: &Request, caps: &Caps) -> Choice {
    // A region in which no host stands has a number that no host has.
    let wanted = request
        .region
        .as_deref()
        .map(|name| caps.region_number(name));
    let mut best: Option<(u64, u32, Cap)> = None;
    for (number, cap) in caps.rows() {
        let memory = cap.memory_permille();
        if memory >= MEMORY_FULL_PERMILLE {
            continue;
        }
        let elsewhere = wanted.is_some_and(|region| region != cap.region);
        let load = load(elsewhere, memory, cap.placements, cap.cpu_permille);
        if best.is_none_or(|(least, _, _)| load < least) {
            best = Some((load, number, cap));
        }
    }
    match best {
        Some((_, number, cap)) => Choice {
            cap: Some(number),
            reason: reason(request, caps, &cap),
        },
        None => caps.nobody(),
    }
}

/// What decides, in the order in which it decides, as one number: the region in bit 63, memory in steps (fewer than 48)
/// from bit 56, placements from bit 24, CPU below.
fn load(elsewhere: bool, memory_permille: u64, placements: u32, cpu_permille: u32) -> u64 {
    u64::from(elsewhere) << 63
        | (memory_permille / MEMORY_STEP_PERMILLE) << 56
        | u64::from(placements) << 24
        | u64::from(cpu_permille.min(CPU_MAX))
}

fn reason(request: &Request, caps: &Caps, cap: &Cap) -> String {
    let place = match request.region.as_deref() {
        Some(wanted) if Some(wanted) == caps.region_name(cap.region) => {
            format!(" in region `{wanted}`")
        }
        Some(wanted) => format!(" (none is free in region `{wanted}`)"),
        None => String::new(),
    };
    format!(
        "the least loaded of {}{place}: {}‰ of its memory, {} placements, {}‰ of its CPU",
        caps.region.len(),
        cap.memory_permille(),
        cap.placements,
        cap.cpu_permille
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// Region, memory used of 100 GiB, placements, CPU.
    fn fleet(rows: &[(&str, u64, u32, u32)]) -> Caps {
        let row = |(region, memory_bytes_used, placements, cpu_permille)| {
            let cap = Cap {
                memory_bytes_total: 100 * GIB,
                memory_bytes_used,
                placements,
                cpu_permille,
                ..Cap::default()
            };
            (region, cap)
        };
        rows.iter().copied().map(row).collect()
    }

    fn here(rows: &[(u64, u32, u32)]) -> Caps {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| ("here", row.0, row.1, row.2))
            .collect();
        fleet(&rows)
    }

    fn wish(region: Option<&str>) -> Request {
        Request {
            slug: "lazy-fox".to_owned(),
            bundle: "sha256:00".to_owned(),
            previous_cap: None,
            previous_region: None,
            region: region.map(str::to_owned),
        }
    }

    fn chosen(caps: &Caps) -> Option<u32> {
        choose(&wish(None), caps).cap
    }

    #[test]
    fn memory_comes_first() {
        let caps = here(&[(50 * GIB, 0, 0), (10 * GIB, 90, 900)]);
        assert_eq!(chosen(&caps), Some(1));
    }

    #[test]
    fn then_placements_then_cpu_then_the_first() {
        let caps = here(&[(GIB, 3, 0), (0, 2, 900)]);
        assert_eq!(chosen(&caps), Some(1), "a gibibyte of a hundred is noise");
        assert_eq!(chosen(&here(&[(GIB, 2, 10), (GIB, 2, 9)])), Some(1));
        assert_eq!(chosen(&here(&[(GIB, 2, 9), (GIB, 2, 9)])), Some(0));
    }

    #[test]
    fn a_burst_is_spread_evenly() {
        let mut caps = here(&[(0, 0, 0), (0, 0, 0), (0, 0, 0)]);
        for _ in 0..30 {
            let index = chosen(&caps).expect("all are free");
            caps.placements[index as usize] += 1;
        }
        assert_eq!(caps.placements, [10, 10, 10]);
    }

    #[test]
    fn the_region_is_preferred_and_given_up_rather_than_refusing() {
        let mut caps = fleet(&[("here", 0, 0, 0), ("there", 60 * GIB, 50, 500)]);
        assert_eq!(choose(&wish(Some("there")), &caps).cap, Some(1));
        assert_eq!(choose(&wish(Some("nowhere")), &caps).cap, Some(0));
        caps.memory_bytes_used[1] = 96 * GIB;
        let choice = choose(&wish(Some("there")), &caps);
        assert_eq!(choice.cap, Some(0));
        assert!(choice.reason.contains("none is free in region `there`"));
    }

    #[test]
    fn a_full_host_is_not_fit_and_none_is_said_so() {
        let choice = choose(&wish(None), &here(&[(99 * GIB, 0, 0)]));
        assert_eq!(
            (choice.cap, choice.reason.as_str()),
            (None, "all 1 CAPs are out of memory")
        );
        assert_eq!(chosen(&here(&[])), None);
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let mut caps = here(&[(u64::MAX, 0, 0), (u64::MAX, u32::MAX, u32::MAX)]);
        caps.memory_bytes_total = vec![1, 0];
        assert_eq!(chosen(&caps), Some(1));
        let all_busy = here(&[(0, u32::MAX, u32::MAX), (0, u32::MAX, 5)]);
        assert_eq!(chosen(&all_busy), Some(1));
    }
}
