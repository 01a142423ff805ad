//! The planner: what is wanted and what is seen → what to do next. Pure: no clock, no database, no network.
//!
//! Its first rule: absence of news is not news of absence. A raptor that has just begun, or that hears from no CAP at
//! all, is more likely cut off itself than surrounded by dead CAPs, and changes nothing. Read [`plan`] first; the cases
//! are tables below it.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

use std::collections::BTreeMap;
use std::time::Duration;

use fleet_api::{Activity, CapId, Load, PlacementId, Slug};
use lly_brick::Digest;

/// A CAP that is silent for longer than its leases last, and this much more, has stopped serving: its clock and its
/// network may have been slow, never fast.
pub const SILENCE_MARGIN: Duration = Duration::from_secs(5);

/// Moves in one plan: the CAPs that take the voids of a dead one compile each of them.
const MOVES_MAX: usize = 32;

/// Before a fallen void is tried again; doubles with each try.
const RAISE_PAUSE: Duration = Duration::from_secs(5);

/// The longest such pause.
const RAISE_PAUSE_MAX: Duration = Duration::from_secs(300);

/// A host, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Its name.
    pub id: CapId,
    /// Its control server.
    pub control_url: String,
    /// Its edge.
    pub edge_url: String,
    /// Where it stands.
    pub region: String,
    /// Placements that are not stopped.
    pub placements: u32,
    /// Memory in use.
    pub memory_used_bytes: u64,
    /// Memory there is.
    pub memory_total_bytes: u64,
    /// CPU in use, thousandths.
    pub cpu_permille: u32,
    /// Takes nothing new.
    pub draining: bool,
    /// Since its last heartbeat.
    pub silent: Duration,
}

/// How far a placement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Its CAP prepares it.
    Pending,
    /// It answers.
    Live,
    /// It is over.
    Stopped,
}

/// A placement that is not stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its id.
    pub id: PlacementId,
    /// Which void.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// Where.
    pub cap: CapId,
    /// Its epoch.
    pub epoch: u64,
    /// How far it is.
    pub status: Status,
    /// Since it was written.
    pub age: Duration,
}

/// A void that should run and has no placement: it crashed when its CAP started anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallen {
    /// Which void.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// Placements it had in the last hour.
    pub tries: u32,
    /// Since the newest of them was written.
    pub since: Duration,
}

/// Everything that is seen at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Every CAP that was ever heard.
    pub caps: &'a [Cap],
    /// Every placement that is not stopped.
    pub placements: &'a [Placement],
    /// Voids that should run and have none.
    pub fallen: &'a [Fallen],
    /// How long this raptor has been able to see.
    pub watching: Duration,
}

/// What raptor is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The void's CAP is gone or drains: place it anew on one of the others.
    Move {
        /// Which void.
        slug: Slug,
        /// What it runs.
        bundle: Digest,
        /// The CAP that it leaves.
        from: CapId,
        /// The epoch of the placement there; a void that has got a newer one meanwhile is not moved.
        epoch: u64,
    },
    /// The void has fallen: try again.
    Raise {
        /// Which void.
        slug: Slug,
        /// What it runs.
        bundle: Digest,
    },
    /// A placement never became live, and nobody waits for it any more.
    GiveUp {
        /// Which.
        id: PlacementId,
    },
}

/// The bounds that a plan keeps to.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How long a lease lasts.
    pub lease_ttl: Duration,
    /// How long a placement may be pending.
    pub pending_max: Duration,
}

impl Terms {
    /// Whether a CAP that was silent for this long may still serve.
    fn may_serve(&self, silent: Duration) -> bool {
        silent <= self.lease_ttl + SILENCE_MARGIN
    }
}

/// CAPs that can take a placement now.
pub fn candidates<'a>(caps: &'a [Cap], terms: &Terms) -> Vec<&'a Cap> {
    caps.iter()
        .filter(|cap| !cap.draining && cap.silent <= terms.lease_ttl)
        .collect()
}

/// What to do next.
pub fn plan(seen: &Seen<'_>, terms: &Terms) -> Vec<Action> {
    let mut actions: Vec<Action> = seen
        .placements
        .iter()
        .filter(|placement| {
            placement.status == Status::Pending && placement.age > terms.pending_max
        })
        .map(|placement| Action::GiveUp {
            id: placement.id.clone(),
        })
        .collect();
    let healthy = candidates(seen.caps, terms);
    let blind = terms.may_serve(seen.watching) || healthy.is_empty();
    if blind {
        return actions;
    }
    let leaves = |placement: &Placement| match seen.caps.iter().find(|cap| cap.id == placement.cap)
    {
        None => true,
        Some(cap) if !terms.may_serve(cap.silent) => true,
        // Nobody is in a hurry: what has not even begun to live is not moved.
        Some(cap) => cap.draining && placement.status == Status::Live,
    };
    let mut newest: BTreeMap<&Slug, &Placement> = BTreeMap::new();
    for placement in seen.placements {
        let entry = newest.entry(&placement.slug).or_insert(placement);
        if placement.epoch > entry.epoch {
            *entry = placement;
        }
    }
    // Only the newest counts: while a void is on its way to another CAP, its old placement is not moved again.
    let moves = newest
        .into_values()
        .filter(|placement| leaves(placement))
        .map(|placement| Action::Move {
            slug: placement.slug.clone(),
            bundle: placement.bundle,
            from: placement.cap.clone(),
            epoch: placement.epoch,
        });
    actions.extend(moves.take(MOVES_MAX));
    let due = seen
        .fallen
        .iter()
        .filter(|fallen| fallen.since >= raise_pause(fallen.tries));
    actions.extend(
        due.map(|fallen| Action::Raise {
            slug: fallen.slug.clone(),
            bundle: fallen.bundle,
        })
        .take(MOVES_MAX),
    );
    actions
}

fn raise_pause(tries: u32) -> Duration {
    RAISE_PAUSE
        .saturating_mul(1 << tries.saturating_sub(1).min(16))
        .min(RAISE_PAUSE_MAX)
}

/// The decision that needs no policy: the least memory in use, then the fewest placements, then the name.
pub fn default_choice<'a>(candidates: &[&'a Cap]) -> Option<&'a Cap> {
    candidates.iter().copied().min_by(|a, b| {
        let used =
            |cap: &Cap| cap.memory_used_bytes as f64 / (cap.memory_total_bytes.max(1)) as f64;
        used(a)
            .total_cmp(&used(b))
            .then(a.placements.cmp(&b.placements))
            .then(a.id.cmp(&b.id))
    })
}

/// A CAP that uses more than this share of its memory wants some of it back.
const MEMORY_AIM_PERMILLE: u64 = 850;

/// A program that was loaded or asked for within this time is not put to sleep by default.
const QUIET_SECONDS_MIN: u32 = 30;

/// What a CAP should give back to be below its threshold.
pub fn bytes_wanted(load: &Load) -> u64 {
    let aim = load.memory_total_bytes / 1000 * MEMORY_AIM_PERMILLE;
    if load.memory_total_bytes == 0 {
        return 0;
    }
    load.memory_used_bytes.saturating_sub(aim)
}

/// The built-in answer to which programs may sleep: as long as memory is wanted, the one that nobody asked for for longest.
pub fn default_sleepers(bytes_wanted: u64, programs: &[Activity]) -> Vec<usize> {
    let quiet = |index: &usize| {
        let one = &programs[*index];
        one.age_seconds.min(one.idle_seconds) >= QUIET_SECONDS_MIN
    };
    let mut order: Vec<usize> = (0..programs.len()).filter(quiet).collect();
    order.sort_by_key(|index| std::cmp::Reverse(programs[*index].idle_seconds));
    let mut freed = 0u64;
    order
        .into_iter()
        .take_while(|index| {
            let is_needed = freed < bytes_wanted;
            freed = freed.saturating_add(programs[*index].code_bytes);
            is_needed
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms {
        lease_ttl: Duration::from_secs(15),
        pending_max: Duration::from_secs(60),
    };
    const LONG: Duration = Duration::from_secs(3600);

    fn cap(id: &str, silent: u64) -> Cap {
        Cap {
            id: id.parse().unwrap(),
            control_url: String::new(),
            edge_url: String::new(),
            region: String::new(),
            placements: 0,
            memory_used_bytes: 0,
            memory_total_bytes: 100,
            cpu_permille: 0,
            draining: false,
            silent: Duration::from_secs(silent),
        }
    }

    fn placement(slug: &str, cap: &str, epoch: u64, status: Status, age: u64) -> Placement {
        let number = slug.len() as u8 * 16 + epoch as u8;
        Placement {
            id: PlacementId::from_random([number; 16]),
            slug: slug.parse().unwrap(),
            bundle: Digest::of(slug.as_bytes()),
            cap: cap.parse().unwrap(),
            epoch,
            status,
            age: Duration::from_secs(age),
        }
    }

    fn moved(actions: &[Action]) -> Vec<&str> {
        actions
            .iter()
            .filter_map(|action| match action {
                Action::Move { slug, .. } => Some(slug.as_str()),
                Action::GiveUp { .. } | Action::Raise { .. } => None,
            })
            .collect()
    }

    #[test]
    fn a_void_leaves_a_cap_only_when_its_leases_are_over() {
        let placements = [
            placement("fox", "a", 1, Status::Live, 99),
            placement("owl", "b", 1, Status::Live, 99),
        ];
        for (a, b, watching, expected) in [
            (1, 1, LONG, vec![]),
            (16, 1, LONG, vec![]),
            (20, 1, LONG, vec![]),
            (21, 1, LONG, vec!["fox"]),
            // This raptor has only begun to look.
            (500, 1, Duration::from_secs(20), vec![]),
            // No CAP is heard: the raptor is the one that is cut off.
            (500, 500, LONG, vec![]),
        ] {
            let caps = [cap("a", a), cap("b", b)];
            let actions = plan(
                &Seen {
                    caps: &caps,
                    placements: &placements,
                    fallen: &[],
                    watching,
                },
                &TERMS,
            );
            assert_eq!(moved(&actions), expected, "{a} {b} {watching:?}");
        }
    }

    #[test]
    fn a_void_that_is_on_its_way_is_left_alone() {
        let old = placement("fox", "a", 1, Status::Live, 99);
        let new = placement("fox", "b", 2, Status::Pending, 3);
        let caps = [cap("a", 500), cap("b", 1)];
        let planned = |placements: &[Placement]| {
            plan(
                &Seen {
                    caps: &caps,
                    placements,
                    fallen: &[],
                    watching: LONG,
                },
                &TERMS,
            )
        };
        assert!(planned(&[old.clone(), new.clone()]).is_empty());
        let late = Placement {
            age: Duration::from_secs(61),
            ..new.clone()
        };
        assert_eq!(planned(&[old, late]), [Action::GiveUp { id: new.id }]);
    }

    #[test]
    fn a_draining_cap_is_left_without_hurry() {
        let placements = [
            placement("fox", "a", 1, Status::Live, 9),
            placement("owl", "a", 1, Status::Pending, 9),
        ];
        let mut a = cap("a", 1);
        a.draining = true;
        let planned = |caps: &[Cap]| {
            plan(
                &Seen {
                    caps,
                    placements: &placements,
                    fallen: &[],
                    watching: LONG,
                },
                &TERMS,
            )
        };
        assert_eq!(moved(&planned(&[a.clone(), cap("b", 1)])), ["fox"]);
        // There is nowhere to go.
        assert!(planned(&[a]).is_empty());
    }

    #[test]
    fn a_fallen_void_is_tried_again_with_growing_pauses() {
        let caps = [cap("a", 1)];
        for (tries, since, watching, expected) in [
            (1, 4, LONG, 0),
            (1, 5, LONG, 1),
            (2, 9, LONG, 0),
            (2, 10, LONG, 1),
            (40, 299, LONG, 0),
            (40, 300, LONG, 1),
            (1, 5, Duration::from_secs(1), 0),
        ] {
            let slug: Slug = "fox".parse().unwrap();
            let bundle = Digest::of(b"fox");
            let fallen = [Fallen {
                slug: slug.clone(),
                bundle,
                tries,
                since: Duration::from_secs(since),
            }];
            let actions = plan(
                &Seen {
                    caps: &caps,
                    placements: &[],
                    fallen: &fallen,
                    watching,
                },
                &TERMS,
            );
            assert_eq!(
                actions,
                vec![Action::Raise { slug, bundle }; expected],
                "{tries} {since}"
            );
        }
    }

    #[test]
    fn the_default_prefers_room_then_few_then_the_name() {
        let (mut a, b, mut c) = (cap("a", 0), cap("b", 0), cap("c", 0));
        a.memory_used_bytes = 50;
        c.placements = 1;
        assert_eq!(
            default_choice(&[&a, &c, &b]).map(|cap| cap.id.as_str()),
            Some("b")
        );
        let mut draining = cap("d", 0);
        draining.draining = true;
        assert!(candidates(&[draining, cap("e", 16)], &TERMS).is_empty());
        assert_eq!(default_choice(&[]), None);
    }
}
