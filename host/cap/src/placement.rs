//! One placement on this CAP: what it is, how far it has come, how long it may be served. The task in
//! [`raise`](crate::raise) moves its state; requests only read it.

pub mod hold;
pub mod reconcile;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use fleet_api::{PlacementId, Slug};
use lly_brick::Digest;
use tokio::sync::{Notify, watch};

use crate::{logs::LogRing, placement::hold::Hold, service::Service};

/// How far a placement has come.
#[derive(Debug, Clone)]
pub enum State {
    /// The bundle's blobs are on their way here.
    Fetching,
    /// Its component becomes code for this machine.
    Compiling,
    /// It answers its first request.
    Probing,
    /// It serves.
    Live(Arc<Service>),
    /// It will not serve; raptor is told why and decides what comes next.
    Failed(Failure),
}

/// Why a placement does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One sentence fragment for the owner.
    pub reason: String,
    /// The trap, with its backtrace, if that was it.
    pub trap: Option<String>,
}

/// A placement.
#[derive(Debug)]
pub struct Placement {
    /// Its id in the fleet.
    pub id: PlacementId,
    /// The name it answers to.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// How long it may be served.
    pub hold: Hold,
    /// What it printed.
    pub logs: Arc<LogRing>,
    /// What it did.
    pub counts: Counts,
    epoch: AtomicU64,
    state: watch::Sender<State>,
}

/// Counters for the heartbeat.
#[derive(Debug, Default)]
pub struct Counts {
    /// Requests taken.
    pub requests: AtomicU64,
    /// Requests that ended in a trap.
    pub traps: AtomicU64,
}

impl Placement {
    /// A placement that has not begun. No lease of it may be older than `base`.
    pub fn new(id: PlacementId, slug: Slug, bundle: Digest, epoch: u64, base: Instant) -> Self {
        Self {
            id,
            slug,
            bundle,
            hold: Hold::new(base),
            logs: Arc::default(),
            counts: Counts::default(),
            epoch: AtomicU64::new(epoch),
            state: watch::Sender::new(State::Fetching),
        }
    }

    /// The epoch of the order that it follows.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Follows a later order for the same thing.
    pub fn adopt(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Moves it on and has the fleet told.
    pub fn enter(&self, state: State, changed: &Notify) {
        self.state.send_replace(state);
        changed.notify_one();
    }
}

/// What this CAP has for a slug.
#[derive(Debug)]
pub enum Local {
    /// Something that may be served now.
    Ready(Arc<Placement>, Arc<Service>),
    /// Something that is not ready, has failed, or whose lease has run out.
    NotReady,
    /// Nothing.
    Absent,
}

/// All placements of this CAP by slug, newest order first. Replaced as a whole; requests read it without waiting.
#[derive(Debug, Default)]
pub struct Table {
    by_slug: BTreeMap<String, Vec<Arc<Placement>>>,
}

impl Table {
    /// Sorts `placements` for looking up.
    pub fn new(placements: impl IntoIterator<Item = Arc<Placement>>) -> Self {
        let mut by_slug: BTreeMap<String, Vec<Arc<Placement>>> = BTreeMap::new();
        for placement in placements {
            by_slug
                .entry(placement.slug.to_string())
                .or_default()
                .push(placement);
        }
        for versions in by_slug.values_mut() {
            versions.sort_by_key(|placement| std::cmp::Reverse(placement.epoch()));
        }
        Self { by_slug }
    }

    /// What serves `slug` at `now`: during a redeploy the old version, until the new one is live.
    pub fn find(&self, slug: &str, now: Instant) -> Local {
        let Some(versions) = self.by_slug.get(slug) else {
            return Local::Absent;
        };
        for placement in versions {
            if let State::Live(service) = &*placement.state.borrow()
                && placement.hold.holds(now)
            {
                return Local::Ready(Arc::clone(placement), Arc::clone(service));
            }
        }
        if versions.is_empty() {
            Local::Absent
        } else {
            Local::NotReady
        }
    }

    /// The newest placement of `slug`, whatever its state.
    pub fn newest(&self, slug: &str) -> Option<&Arc<Placement>> {
        self.by_slug.get(slug)?.first()
    }
}
