//! The placement policy `region-affinity`: a void stays where its users and its data are. It goes to the region that its
//! owner wants, else to the one it was in, and to the host that had it, whose caches are warm.
//!
//! [`choose`] is a pure function over columns; the component (module `component`, wasm32 only) is a thin shim over it.
//! Tests are at the end of this file.

use plugins_sdk::policy::{Cap, Caps, Choice, Request};

#[cfg(target_arch = "wasm32")]
mod component;

/// From here on nothing fits.
const MEMORY_FULL_PERMILLE: u64 = 950;
/// The host that had the void keeps it up to here, although others are emptier.
const MEMORY_KEEP_PERMILLE: u64 = 800;
/// Memory counts in steps of this many thousandths, as in `spread`.
const MEMORY_STEP_PERMILLE: u64 = 20;

/// Picks, of the hosts that have room: those of the void's own region first (the wanted one, else the one it was in), of
/// these the host that had it unless that is rather full, then the least memory in use (in steps), the fewest placements,
/// the least CPU, the first. Without a region of its own, a new void begins in the region with the most free memory.
pub fn choose(request: &Request, caps: &Caps) -> Choice {
    let own = own_region(request, caps);
    let mut best: Option<(Rank, u32, Cap)> = None;
    for (number, cap) in caps.rows() {
        let had_it = request.previous_cap == Some(number);
        let Some(rank) = rank(own.as_ref(), had_it, &cap) else {
            continue;
        };
        if best.as_ref().is_none_or(|(lowest, _, _)| rank < *lowest) {
            best = Some((rank, number, cap));
        }
    }
    match best {
        Some((rank, number, cap)) => Choice {
            cap: Some(number),
            reason: reason(own.as_ref(), &rank, &cap),
        },
        None => caps.nobody(),
    }
}

/// The region that a void belongs to.
#[derive(Clone, Debug)]
struct Region {
    name: String,
    /// One that no host has if no host stands there.
    number: u32,
    why: &'static str,
}

/// What decides, in the order in which it decides; the lowest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_elsewhere: bool,
    is_new_to_it: bool,
    memory_steps: u64,
    placements: u32,
    cpu_permille: u32,
}

fn own_region(request: &Request, caps: &Caps) -> Option<Region> {
    let named = |name: &String, why| Region {
        name: name.clone(),
        number: caps.region_number(name),
        why,
    };
    let wanted = request.region.as_ref().map(|name| named(name, "wanted"));
    let before = || {
        let name = request.previous_region.as_ref();
        name.map(|name| named(name, "where it was"))
    };
    wanted.or_else(before).or_else(|| roomiest(caps))
}

/// The region with the most free memory; the first of several.
fn roomiest(caps: &Caps) -> Option<Region> {
    let mut free = vec![0u64; caps.regions.len()];
    for (_, cap) in caps.rows() {
        if let Some(sum) = free.get_mut(cap.region as usize) {
            let room = cap.memory_bytes_total.saturating_sub(cap.memory_bytes_used);
            *sum = sum.saturating_add(room);
        }
    }
    let most = free.iter().max()?;
    let number = u32::try_from(free.iter().position(|sum| sum == most)?).ok()?;
    Some(Region {
        name: caps.region_name(number)?.to_owned(),
        number,
        why: "which has the most room",
    })
}

/// None if the host is full.
fn rank(own: Option<&Region>, had_it: bool, cap: &Cap) -> Option<Rank> {
    let memory = cap.memory_permille();
    if memory >= MEMORY_FULL_PERMILLE {
        return None;
    }
    Some(Rank {
        is_elsewhere: own.is_some_and(|own| own.number != cap.region),
        is_new_to_it: !(had_it && memory < MEMORY_KEEP_PERMILLE),
        memory_steps: memory / MEMORY_STEP_PERMILLE,
        placements: cap.placements,
        cpu_permille: cap.cpu_permille,
    })
}

fn reason(own: Option<&Region>, rank: &Rank, cap: &Cap) -> String {
    let place = match own {
        Some(own) if rank.is_elsewhere => {
            format!("outside `{}`, {}: none is free there", own.name, own.why)
        }
        Some(own) => format!("in region `{}`, {}", own.name, own.why),
        None => "anywhere".to_owned(),
    };
    let how = match rank.is_new_to_it {
        true => "the least loaded",
        false => "it had the void before",
    };
    format!(
        "{place}; {how}: {}‰ of its memory, {} placements",
        cap.memory_permille(),
        cap.placements
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Region, memory used in thousandths, placements.
    fn fleet(rows: &[(&str, u64, u32)]) -> Caps {
        let row = |(region, memory_bytes_used, placements)| {
            let cap = Cap {
                memory_bytes_total: 1000,
                memory_bytes_used,
                placements,
                ..Cap::default()
            };
            (region, cap)
        };
        rows.iter().copied().map(row).collect()
    }

    fn wish(region: Option<&str>, before: Option<(&str, Option<u32>)>) -> Request {
        Request {
            slug: "lazy-fox".to_owned(),
            bundle: "sha256:00".to_owned(),
            previous_cap: before.and_then(|(_, cap)| cap),
            previous_region: before.map(|(region, _)| region.to_owned()),
            region: region.map(str::to_owned),
        }
    }

    #[test]
    fn the_wanted_region_beats_everything_but_a_full_memory() {
        let rows = [("east", 10, 0), ("west", 900, 99)];
        let caps = fleet(&rows);
        assert_eq!(choose(&wish(Some("west"), None), &caps).cap, Some(1));
        assert_eq!(
            choose(&wish(Some("west"), Some(("east", Some(0)))), &caps).cap,
            Some(1)
        );
        let choice = choose(
            &wish(Some("west"), None),
            &fleet(&[("east", 10, 0), ("west", 960, 9)]),
        );
        assert_eq!(choice.cap, Some(0));
        assert!(
            choice.reason.contains("none is free there"),
            "{}",
            choice.reason
        );
    }

    #[test]
    fn a_void_that_moves_stays_in_its_region() {
        let caps = fleet(&[("east", 10, 0), ("west", 700, 9), ("west", 600, 9)]);
        // Its host is gone: another one there takes it.
        assert_eq!(
            choose(&wish(None, Some(("west", None))), &caps).cap,
            Some(2)
        );
        // Nobody is there any more.
        let choice = choose(&wish(None, Some(("north", None))), &caps);
        assert_eq!(choice.cap, Some(0));
        assert!(
            choice.reason.contains("outside `north`"),
            "{}",
            choice.reason
        );
    }

    #[test]
    fn the_host_that_had_it_keeps_it_until_it_is_rather_full() {
        let before = |index| wish(None, Some(("east", Some(index))));
        let caps = fleet(&[("east", 10, 0), ("east", 700, 9)]);
        assert_eq!(choose(&before(1), &caps).cap, Some(1));
        let caps = fleet(&[("east", 10, 0), ("east", 810, 9)]);
        assert_eq!(choose(&before(1), &caps).cap, Some(0));
    }

    #[test]
    fn a_new_void_begins_where_there_is_most_room() {
        let caps = fleet(&[("east", 0, 0), ("west", 300, 5), ("west", 300, 4)]);
        assert_eq!(choose(&wish(None, None), &caps).cap, Some(2));
        assert_eq!(choose(&wish(None, None), &fleet(&[])).cap, None);
        assert_eq!(
            choose(&wish(None, None), &fleet(&[("east", 950, 0)])).cap,
            None
        );
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let mut caps = fleet(&[("a", u64::MAX, u32::MAX), ("a", 0, 0)]);
        caps.memory_bytes_total = vec![0, u64::MAX];
        let choice = choose(&wish(None, Some(("a", Some(9)))), &caps);
        assert_eq!(choice.cap, Some(1));
    }
}
