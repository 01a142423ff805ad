//! The placement policy `spread`: a void goes where it leaves the fleet most evenly loaded.
//!
//! A request and the caps that could take it come in, one choice comes out. [`choose`] is a pure function: no clock, no
//! randomness, no memory of the last decision; the same question has the same answer whatever the order of the caps.
//! The component of world `lily:policy/placement-policy` (module `component`, built for wasm32 only) is a thin shim over
//! it. Read [`choose`], then [`Cap`]. Tests are at the end of this file.

use std::cmp::Ordering;

#[cfg(target_arch = "wasm32")]
mod component;

/// What is asked for, as far as this policy cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where the void wants to be; absent means anywhere.
    pub region: Option<String>,
}

/// A host that could take the placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Its name; the last tie-breaker.
    pub id: String,
    /// Where it stands.
    pub region: String,
    /// Placements it serves or is starting.
    pub placements: u32,
    /// Memory it has.
    pub memory_bytes_total: u64,
    /// Memory in use.
    pub memory_bytes_used: u64,
    /// CPU in use, thousandths of all its cores.
    pub cpu_permille: u32,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index into the caps; absent means that none is fit.
    pub cap: Option<u32>,
    /// One sentence for the decision log.
    pub reason: String,
}

/// Memory counts in steps of this many thousandths: what differs by less is equally loaded, and the number of
/// placements decides. Otherwise a few megabytes of noise would send every void of a burst to the same host.
const MEMORY_STEP_PERMILLE: u64 = 20;
/// From here on a cap counts as full: what is placed has to be able to grow.
const MEMORY_FULL_PERMILLE: u64 = 950;

/// Picks the least loaded cap: those of the wanted region first, then the least memory in use (as a share, in steps),
/// the fewest placements, the least CPU, and at last the lowest id. A cap without free memory is not fit.
pub fn choose(request: &Request, caps: &[Cap]) -> Choice {
    let fit = caps.iter().enumerate().filter(|(_, cap)| has_room(cap));
    let best = fit.min_by(|(_, left), (_, right)| compare(request, left, right));
    match best {
        Some((index, cap)) => Choice {
            cap: u32::try_from(index).ok(),
            reason: reason(request, cap, caps.len()),
        },
        None if caps.is_empty() => Choice {
            cap: None,
            reason: "there is no healthy cap".to_owned(),
        },
        None => Choice {
            cap: None,
            reason: format!("all {} caps are out of memory", caps.len()),
        },
    }
}

fn compare(request: &Request, left: &Cap, right: &Cap) -> Ordering {
    let key = |cap: &Cap| {
        (
            !in_region(request, cap),
            memory_step(cap),
            cap.placements,
            cap.cpu_permille,
        )
    };
    key(left)
        .cmp(&key(right))
        .then_with(|| left.id.cmp(&right.id))
}

fn in_region(request: &Request, cap: &Cap) -> bool {
    request
        .region
        .as_ref()
        .is_none_or(|region| *region == cap.region)
}

/// A cap that does not say how much memory it has is taken at its word about everything else.
fn memory_permille(cap: &Cap) -> u64 {
    let share =
        u128::from(cap.memory_bytes_used) * 1000 / u128::from(cap.memory_bytes_total.max(1));
    if cap.memory_bytes_total == 0 {
        0
    } else {
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

fn memory_step(cap: &Cap) -> u64 {
    memory_permille(cap) / MEMORY_STEP_PERMILLE
}

fn has_room(cap: &Cap) -> bool {
    memory_permille(cap) < MEMORY_FULL_PERMILLE
}

fn reason(request: &Request, cap: &Cap, of: usize) -> String {
    let region = match &request.region {
        Some(region) if *region == cap.region => format!(" in region `{region}`"),
        Some(region) => format!(" (none is free in region `{region}`)"),
        None => String::new(),
    };
    format!(
        "`{}` is the least loaded of {of}{region}: {}‰ of its memory, {} placements, {}‰ of its CPU",
        cap.id,
        memory_permille(cap),
        cap.placements,
        cap.cpu_permille
    )
}

#[cfg(test)]
mod tests {
    use super::{Cap, Request, choose};

    const GIB: u64 = 1 << 30;

    fn cap(id: &str, memory_bytes_used: u64, placements: u32, cpu_permille: u32) -> Cap {
        Cap {
            id: id.to_owned(),
            region: "here".to_owned(),
            placements,
            memory_bytes_total: 100 * GIB,
            memory_bytes_used,
            cpu_permille,
        }
    }

    fn anywhere() -> Request {
        Request { region: None }
    }

    fn chosen<'a>(request: &Request, caps: &'a [Cap]) -> Option<&'a str> {
        choose(request, caps)
            .cap
            .map(|index| caps[index as usize].id.as_str())
    }

    #[test]
    fn memory_comes_first() {
        let caps = [cap("a", 50 * GIB, 0, 0), cap("b", 10 * GIB, 90, 900)];
        assert_eq!(chosen(&anywhere(), &caps), Some("b"));
    }

    #[test]
    fn then_placements_then_cpu_then_id() {
        let caps = [cap("a", GIB, 3, 0), cap("b", 0, 2, 900)];
        assert_eq!(
            chosen(&anywhere(), &caps),
            Some("b"),
            "a gibibyte of a hundred is noise"
        );
        let caps = [cap("a", GIB, 2, 10), cap("b", GIB, 2, 9)];
        assert_eq!(chosen(&anywhere(), &caps), Some("b"));
        let caps = [cap("b", GIB, 2, 9), cap("a", GIB, 2, 9)];
        assert_eq!(chosen(&anywhere(), &caps), Some("a"));
    }

    #[test]
    fn the_order_of_the_caps_is_no_part_of_the_answer() {
        let mut caps = vec![
            cap("c", 0, 1, 5),
            cap("a", 0, 1, 5),
            cap("b", 0, 0, 900),
            cap("d", 70 * GIB, 0, 0),
        ];
        for _ in 0..caps.len() {
            assert_eq!(chosen(&anywhere(), &caps), Some("b"));
            caps.rotate_left(1);
        }
    }

    #[test]
    fn a_burst_is_spread_evenly() {
        let mut caps = vec![cap("a", 0, 0, 0), cap("b", 0, 0, 0), cap("c", 0, 0, 0)];
        for _ in 0..30 {
            let index = choose(&anywhere(), &caps).cap.expect("all are free");
            caps[index as usize].placements += 1;
        }
        assert_eq!(
            caps.iter().map(|cap| cap.placements).collect::<Vec<_>>(),
            [10, 10, 10]
        );
    }

    #[test]
    fn the_region_is_preferred_and_given_up_rather_than_refusing() {
        let mut caps = [cap("a", 0, 0, 0), cap("b", 60 * GIB, 50, 500)];
        caps[1].region = "there".to_owned();
        let request = Request {
            region: Some("there".to_owned()),
        };
        assert_eq!(chosen(&request, &caps), Some("b"));
        caps[1].memory_bytes_used = 96 * GIB;
        assert_eq!(chosen(&request, &caps), Some("a"));
        assert!(
            choose(&request, &caps)
                .reason
                .contains("none is free in region `there`")
        );
    }

    #[test]
    fn a_full_cap_is_not_fit_and_none_is_said_so() {
        let choice = choose(&anywhere(), &[cap("a", 99 * GIB, 0, 0)]);
        assert_eq!(
            (choice.cap, choice.reason.as_str()),
            (None, "all 1 caps are out of memory")
        );
        assert_eq!(choose(&anywhere(), &[]).cap, None);
    }

    #[test]
    fn absurd_numbers_do_not_overflow() {
        let mut odd = cap("a", u64::MAX, u32::MAX, u32::MAX);
        odd.memory_bytes_total = 0;
        let mut worse = cap("b", u64::MAX, 0, 0);
        worse.memory_bytes_total = 1;
        assert_eq!(chosen(&anywhere(), &[worse, odd]), Some("a"));
    }
}
