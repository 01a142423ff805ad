//! What a policy is told: the candidates as columns, and the void's request. The same columns whether a fleet is asked about
//! now or a recorded one again.

use std::collections::BTreeMap;

use fleet_api::{
    Activity, CapId, EvictionQuestion, Load, PlaceVoid, PolicyCap, PolicyQuestion, Program, Slug,
};
use fleet_place::Cap;
use host_plugin::{Caps, Request};
use lly_brick::Digest;

/// Fleets of more CAPs are decided over but not recorded: a question takes about a hundred bytes a CAP.
const RECORDED_CAPS_MAX: usize = 2000;
/// The same of programs in the memory of one CAP.
const RECORDED_PROGRAMS_MAX: usize = 2000;

/// What a policy is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// About the void.
    pub request: Request,
    /// About the fleet.
    pub caps: Caps,
}

/// One row, from wherever it comes.
struct Row<'a> {
    region: &'a str,
    placements: u32,
    memory_total_bytes: u64,
    memory_used_bytes: u64,
    cpu_permille: u32,
}

impl Ask {
    /// The question that `place` puts; `candidates` come in the order of their names.
    pub fn of(place: &PlaceVoid, previous: Option<&Cap>, candidates: &[&Cap]) -> Ask {
        let previous_cap = previous.and_then(|previous| {
            let found = candidates.iter().position(|cap| cap.id == previous.id);
            found.and_then(|index| u32::try_from(index).ok())
        });
        let rows = candidates.iter().map(|cap| Row {
            region: &cap.region,
            placements: cap.placements,
            memory_total_bytes: cap.memory_total_bytes,
            memory_used_bytes: cap.memory_used_bytes,
            cpu_permille: cap.cpu_permille,
        });
        Ask {
            request: Request {
                slug: place.slug.to_string(),
                bundle: place.bundle.to_string(),
                previous_cap,
                previous_region: previous.map(|cap| cap.region.clone()),
                region: place.region.clone(),
            },
            caps: columns(rows),
        }
    }

    /// A question that was put before.
    pub fn again(slug: &Slug, bundle: &Digest, question: &PolicyQuestion) -> Ask {
        let previous_cap = question.previous_cap.as_ref().and_then(|previous| {
            let found = question.caps.iter().position(|row| row.cap == *previous);
            found.and_then(|index| u32::try_from(index).ok())
        });
        let rows = question.caps.iter().map(|cap| Row {
            region: &cap.region,
            placements: cap.placements,
            memory_total_bytes: cap.memory_total_bytes,
            memory_used_bytes: cap.memory_used_bytes,
            cpu_permille: cap.cpu_permille,
        });
        Ask {
            request: Request {
                slug: slug.to_string(),
                bundle: bundle.to_string(),
                previous_cap,
                previous_region: question.previous_region.clone(),
                region: question.region.clone(),
            },
            caps: columns(rows),
        }
    }
}

/// The record of a question; none if the fleet is too large to keep.
pub fn record(
    region: Option<&str>,
    previous: Option<(&CapId, Option<&str>)>,
    candidates: &[&Cap],
) -> Option<PolicyQuestion> {
    if candidates.len() > RECORDED_CAPS_MAX {
        return None;
    }
    let caps = candidates.iter().map(|cap| PolicyCap {
        cap: cap.id.clone(),
        region: cap.region.clone(),
        placements: cap.placements,
        memory_total_bytes: cap.memory_total_bytes,
        memory_used_bytes: cap.memory_used_bytes,
        cpu_permille: cap.cpu_permille,
    });
    Some(PolicyQuestion {
        region: region.map(str::to_owned),
        previous_cap: previous.map(|(cap, _)| cap.clone()),
        previous_region: previous.and_then(|(_, region)| region.map(str::to_owned)),
        caps: caps.collect(),
    })
}

/// The record of a question about a CAP's programs; none if there are too many to keep.
pub fn record_programs(load: &Load, programs: &[(&Slug, Activity)]) -> Option<EvictionQuestion> {
    if programs.len() > RECORDED_PROGRAMS_MAX {
        return None;
    }
    let programs = programs.iter().map(|(slug, activity)| Program {
        slug: (*slug).clone(),
        activity: *activity,
    });
    Some(EvictionQuestion {
        load: *load,
        programs: programs.collect(),
    })
}

fn columns<'a>(rows: impl ExactSizeIterator<Item = Row<'a>>) -> Caps {
    let count = rows.len();
    let mut caps = Caps {
        regions: Vec::new(),
        region: Vec::with_capacity(count),
        placements: Vec::with_capacity(count),
        memory_bytes_total: Vec::with_capacity(count),
        memory_bytes_used: Vec::with_capacity(count),
        cpu_permille: Vec::with_capacity(count),
    };
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    // Neighbours by name are often neighbours in space.
    let mut last: Option<(&str, u32)> = None;
    for row in rows {
        let number = match last {
            Some((region, number)) if region == row.region => number,
            _ => *numbers.entry(row.region).or_insert_with(|| {
                caps.regions.push(row.region.to_owned());
                u32::try_from(caps.regions.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        last = Some((row.region, number));
        caps.region.push(number);
        caps.placements.push(row.placements);
        caps.memory_bytes_total.push(row.memory_total_bytes);
        caps.memory_bytes_used.push(row.memory_used_bytes);
        caps.cpu_permille.push(row.cpu_permille);
    }
    caps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chooser::tests::{cap, wish};

    #[test]
    fn a_recorded_question_is_the_same_question() {
        let (mut a, b, mut c) = (cap("a", 10), cap("b", 20), cap("c", 30));
        a.region = "north".to_owned();
        c.region = "north".to_owned();
        let place = PlaceVoid {
            region: Some("north".to_owned()),
            ..wish()
        };
        let candidates = [&a, &b, &c];
        for previous in [None, Some(&b)] {
            let ask = Ask::of(&place, previous, &candidates);
            let kept = previous.map(|cap| (&cap.id, Some(cap.region.as_str())));
            let question = record(place.region.as_deref(), kept, &candidates).unwrap();
            let again = Ask::again(&place.slug, &place.bundle, &question);
            assert_eq!(format!("{ask:?}"), format!("{again:?}"));
            assert_eq!(ask.caps.region, [0, 1, 0]);
            assert_eq!(ask.request.previous_cap, previous.map(|_| 1));
        }
        // One that cannot take it again is not named, but its region is.
        let gone = Ask::of(&place, Some(&b), &[&a, &c]);
        assert_eq!(gone.request.previous_cap, None);
        assert_eq!(gone.request.previous_region.as_deref(), Some("here"));
    }

    #[test]
    fn large_fleets_are_not_kept() {
        let one = cap("a", 10);
        assert!(record(None, None, &vec![&one; RECORDED_CAPS_MAX]).is_some());
        assert!(record(None, None, &vec![&one; RECORDED_CAPS_MAX + 1]).is_none());
    }
}
