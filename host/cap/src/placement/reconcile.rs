//! What must happen so that what runs is what is wanted. A pure function of the two: applied twice it asks for nothing
//! the second time.

use std::collections::BTreeMap;

use fleet_api::{PlacementId, Slug};
use lly_brick::Digest;

/// A placement that raptor wants here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its id.
    pub id: PlacementId,
    /// Grows with each order about the placement.
    pub epoch: u64,
    /// The name it answers to.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
}

/// A placement that is here, in whatever state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Its id.
    pub id: PlacementId,
    /// The order it follows.
    pub epoch: u64,
    /// The name it answers to.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// It will not come to serve by itself.
    pub has_failed: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Stop it and forget it.
    Stop(PlacementId),
    /// Begin with it.
    Start(Wanted),
    /// It is the same thing under a later order.
    Adopt(PlacementId, u64),
}

/// Compares. Stops come first, so that what is replaced makes room. A failed placement is left as it is, however often
/// it is wanted: a new try is a new epoch.
pub fn plan(wanted: &[Wanted], running: &[Running]) -> Vec<Step> {
    let mut latest: BTreeMap<&PlacementId, &Wanted> = BTreeMap::new();
    for order in wanted {
        let known = latest.entry(&order.id).or_insert(order);
        if known.epoch < order.epoch {
            *known = order;
        }
    }
    let mut stops = Vec::new();
    let mut rest = Vec::new();
    for placement in running {
        match latest.remove(&placement.id) {
            None => stops.push(Step::Stop(placement.id.clone())),
            // An order older than the one it follows comes from a raptor that lags; the newer one stands.
            Some(order) if order.epoch < placement.epoch => {}
            Some(order) if is_another(order, placement) => {
                stops.push(Step::Stop(placement.id.clone()));
                rest.push(Step::Start(order.clone()));
            }
            Some(order) if order.epoch > placement.epoch => {
                rest.push(Step::Adopt(order.id.clone(), order.epoch))
            }
            Some(_) => {}
        }
    }
    rest.extend(latest.into_values().cloned().map(Step::Start));
    stops.append(&mut rest);
    stops
}

/// Must the placement be started anew to follow the order?
fn is_another(order: &Wanted, placement: &Running) -> bool {
    let is_retry = placement.has_failed && order.epoch > placement.epoch;
    is_retry || order.bundle != placement.bundle || order.slug != placement.slug
}
