//! The planner: what is wanted and what is seen → what to do next. Pure: no clock, no database, no network.
//!
//! Its first rule: absence of news is not news of absence. A raptor that has just begun, or that hears from no CAP at
//! all, is more likely cut off itself than surrounded by dead CAPs, and changes nothing. Read [`plan`] first; the cases
//! are a table below it.

use std::collections::BTreeMap;
use std::time::Duration;

use fleet_api::{CapId, PlacementId, Slug};
use lly_brick::Digest;

/// A CAP that is silent for longer than its leases last, and this much more, has stopped serving: its clock and its
/// network may have been slow, never fast.
pub const SILENCE_MARGIN: Duration = Duration::from_secs(5);

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

/// What raptor is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The void's CAP is gone: place it anew on one of the others.
    Move {
        /// Which void.
        slug: Slug,
        /// What it runs.
        bundle: Digest,
        /// The CAP that is gone.
        from: CapId,
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
    caps.iter().filter(|cap| !cap.draining && cap.silent <= terms.lease_ttl).collect()
}

/// What to do next. `watching` is how long this raptor has been able to see the database.
pub fn plan(caps: &[Cap], placements: &[Placement], watching: Duration, terms: &Terms) -> Vec<Action> {
    let mut actions: Vec<Action> = placements
        .iter()
        .filter(|placement| placement.status == Status::Pending && placement.age > terms.pending_max)
        .map(|placement| Action::GiveUp { id: placement.id.clone() })
        .collect();
    let blind = terms.may_serve(watching) || candidates(caps, terms).is_empty();
    if blind {
        return actions;
    }
    let gone = |id: &CapId| caps.iter().find(|cap| cap.id == *id).is_none_or(|cap| !terms.may_serve(cap.silent));
    let mut newest: BTreeMap<&Slug, &Placement> = BTreeMap::new();
    for placement in placements {
        let entry = newest.entry(&placement.slug).or_insert(placement);
        if placement.epoch > entry.epoch {
            *entry = placement;
        }
    }
    // Only the newest counts: while a void is on its way to another CAP, its old placement is not moved again.
    actions.extend(newest.into_values().filter(|placement| gone(&placement.cap)).map(|placement| Action::Move {
        slug: placement.slug.clone(),
        bundle: placement.bundle,
        from: placement.cap.clone(),
    }));
    actions
}

/// The decision that needs no policy: the least memory in use, then the fewest placements, then the name.
pub fn default_choice<'a>(candidates: &[&'a Cap]) -> Option<&'a Cap> {
    candidates.iter().copied().min_by(|a, b| {
        let used = |cap: &Cap| cap.memory_used_bytes as f64 / (cap.memory_total_bytes.max(1)) as f64;
        used(a).total_cmp(&used(b)).then(a.placements.cmp(&b.placements)).then(a.id.cmp(&b.id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: Terms = Terms { lease_ttl: Duration::from_secs(15), pending_max: Duration::from_secs(60) };
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
                Action::GiveUp { .. } => None,
            })
            .collect()
    }

    #[test]
    fn a_void_leaves_a_cap_only_when_its_leases_are_over() {
        let placements = [placement("fox", "a", 1, Status::Live, 99), placement("owl", "b", 1, Status::Live, 99)];
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
            let actions = plan(&[cap("a", a), cap("b", b)], &placements, watching, &TERMS);
            assert_eq!(moved(&actions), expected, "{a} {b} {watching:?}");
        }
    }

    #[test]
    fn a_void_that_is_on_its_way_is_left_alone() {
        let old = placement("fox", "a", 1, Status::Live, 99);
        let new = placement("fox", "b", 2, Status::Pending, 3);
        let caps = [cap("a", 500), cap("b", 1)];
        assert!(plan(&caps, &[old.clone(), new.clone()], LONG, &TERMS).is_empty());
        let late = Placement { age: Duration::from_secs(61), ..new.clone() };
        assert_eq!(plan(&caps, &[old, late], LONG, &TERMS), [Action::GiveUp { id: new.id }]);
    }

    #[test]
    fn the_default_prefers_room_then_few_then_the_name() {
        let (mut a, b, mut c) = (cap("a", 0), cap("b", 0), cap("c", 0));
        a.memory_used_bytes = 50;
        c.placements = 1;
        assert_eq!(default_choice(&[&a, &c, &b]).map(|cap| cap.id.as_str()), Some("b"));
        let mut draining = cap("d", 0);
        draining.draining = true;
        assert!(candidates(&[draining, cap("e", 16)], &TERMS).is_empty());
        assert_eq!(default_choice(&[]), None);
    }
}
