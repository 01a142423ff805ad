//! The placement policy `binpack`: a void goes to the fullest host that still has room, so that as few hosts as possible
//! are in use and the others can be switched off.
//!
//! [`choose`] is a pure function over columns; the component (module `component`, wasm32 only) is a thin shim over it.
//! Tests are at the end of this file.

use plugins_sdk::policy::{Cap, Caps, Choice, Request};

#[cfg(target_arch = "wasm32")]
mod component;

/// A host is packed up to here: what is placed has to be able to grow.
const MEMORY_PACKED_PERMILLE: u64 = 800;
/// A host that computes more than this is not given more work while others compute less.
const CPU_PACKED_PERMILLE: u32 = 800;
/// From here on nothing fits.
const MEMORY_FULL_PERMILLE: u64 = 950;
/// Memory counts in steps of this many thousandths, as in `spread`: noise does not decide, placements do.
const MEMORY_STEP_PERMILLE: u64 = 20;

/// Picks the fullest host of those that have room: those of the wanted region first, then those not yet packed, of these
/// the one with the most memory in use (in steps), then the most placements, then the first. If every host is packed,
/// the emptiest of them; a host without free memory is not fit.
pub fn choose(request: &Request, caps: &Caps) -> Choice {
    // A region in which no host stands has a number that no host has.
    let wanted = request
        .region
        .as_deref()
        .map(|name| caps.region_number(name));
    let mut best: Option<(Rank, u32, Cap)> = None;
    for (number, cap) in caps.rows() {
        let Some(rank) = rank(wanted, &cap) else {
            continue;
        };
        if best.as_ref().is_none_or(|(highest, _, _)| rank > *highest) {
            best = Some((rank, number, cap));
        }
    }
    match best {
        Some((rank, number, cap)) => Choice {
            cap: Some(number),
            reason: reason(request, caps, &rank, &cap),
        },
        None => caps.nobody(),
    }
}

/// What decides, in the order in which it decides; the highest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_in_region: bool,
    has_room: bool,
    /// Steps of memory in use while there is room; steps that are free once there is none.
    memory: u64,
    placements: u32,
}

/// None if the host is full.
fn rank(wanted: Option<u32>, cap: &Cap) -> Option<Rank> {
    let memory = cap.memory_permille();
    if memory >= MEMORY_FULL_PERMILLE {
        return None;
    }
    let has_room = memory < MEMORY_PACKED_PERMILLE && cap.cpu_permille < CPU_PACKED_PERMILLE;
    let steps = memory / MEMORY_STEP_PERMILLE;
    Some(Rank {
        is_in_region: wanted.is_none_or(|wanted| wanted == cap.region),
        has_room,
        memory: if has_room { steps } else { u64::MAX - steps },
        placements: if has_room {
            cap.placements
        } else {
            u32::MAX - cap.placements
        },
    })
}

fn reason(request: &Request, caps: &Caps, rank: &Rank, cap: &Cap) -> String {
    let how = match rank.has_room {
        true => "the fullest that has room",
        false => "the emptiest, for all are packed,",
    };
    let place = match (&request.region, rank.is_in_region) {
        (Some(wanted), true) => format!(" in region `{wanted}`"),
        (Some(wanted), false) => format!(" (none is free in region `{wanted}`)"),
        (None, _) => String::new(),
    };
    format!(
        "{how} of {}{place}: {}‰ of its memory, {} placements",
        caps.region.len(),
        cap.memory_permille(),
        cap.placements
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Region, memory used in thousandths, placements, CPU.
    fn fleet(rows: &[(&str, u64, u32, u32)]) -> Caps {
        let row = |(region, memory_bytes_used, placements, cpu_permille)| {
            let cap = Cap {
                memory_bytes_total: 1000,
                memory_bytes_used,
                placements,
                cpu_permille,
                ..Cap::default()
            };
            (region, cap)
        };
        rows.iter().copied().map(row).collect()
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

    fn chosen(region: Option<&str>, rows: &[(&str, u64, u32, u32)]) -> Option<u32> {
        choose(&wish(region), &fleet(rows)).cap
    }

    #[test]
    fn the_fullest_with_room_wins() {
        let rows = [("a", 100, 1, 0), ("a", 700, 9, 0), ("a", 850, 20, 0)];
        assert_eq!(chosen(None, &rows), Some(1));
        // Noise of memory does not decide: placements do.
        assert_eq!(chosen(None, &[("a", 119, 1, 0), ("a", 101, 2, 0)]), Some(1));
        assert_eq!(chosen(None, &[("a", 0, 0, 0), ("a", 0, 0, 0)]), Some(0));
        // Somebody who computes all the time is left alone.
        assert_eq!(
            chosen(None, &[("a", 700, 9, 900), ("a", 100, 1, 0)]),
            Some(1)
        );
    }

    #[test]
    fn a_burst_fills_one_host_before_the_next() {
        let mut caps = fleet(&[("a", 0, 0, 0), ("a", 0, 0, 0), ("a", 0, 0, 0)]);
        for _ in 0..20 {
            let index = choose(&wish(None), &caps).cap.expect("there is room") as usize;
            caps.placements[index] += 1;
            caps.memory_bytes_used[index] += 100;
        }
        assert_eq!(caps.placements, [8, 8, 4]);
    }

    #[test]
    fn when_all_are_packed_the_emptiest_takes_it() {
        assert_eq!(chosen(None, &[("a", 900, 1, 0), ("a", 820, 5, 0)]), Some(1));
        assert_eq!(chosen(None, &[("a", 950, 1, 0), ("a", 999, 5, 0)]), None);
        assert_eq!(chosen(None, &[]), None);
    }

    #[test]
    fn the_region_comes_first() {
        let rows = [("a", 700, 9, 0), ("b", 100, 1, 0)];
        assert_eq!(chosen(Some("b"), &rows), Some(1));
        assert_eq!(chosen(Some("c"), &rows), Some(0));
        // Even a packed host of the region is better than one elsewhere.
        assert_eq!(
            chosen(Some("b"), &[("a", 700, 9, 0), ("b", 900, 1, 0)]),
            Some(1)
        );
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let mut caps = fleet(&[("a", u64::MAX, u32::MAX, u32::MAX), ("a", 0, 0, 0)]);
        caps.memory_bytes_total = vec![0, u64::MAX];
        assert_eq!(choose(&wish(None), &caps).cap, Some(1));
    }
}
