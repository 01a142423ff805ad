//! What a CAP tells raptor, and what raptor answers: the only way orders travel.

use lly_brick::Digest;
use serde::{Deserialize, Serialize};

use crate::{CapId, Lease, PlacementId, Slug};

/// What a CAP has and does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Who speaks; raptor checks it against the certificate.
    pub cap: CapId,
    /// Where raptor, platform and other CAPs reach it.
    pub control_url: String,
    /// Where the world reaches it.
    pub edge_url: String,
    /// Where it stands.
    pub region: String,
    /// Grows with every heartbeat, over restarts too.
    pub sequence: u64,
    /// How busy it is.
    pub load: Load,
    /// Every placement that is here.
    pub placements: Vec<PlacementReport>,
}

/// How busy a CAP is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Memory in use.
    pub memory_used_bytes: u64,
    /// Memory there is.
    pub memory_total_bytes: u64,
    /// CPU in use since the last heartbeat, thousandths of all cores.
    pub cpu_permille: u32,
}

/// One placement as its CAP sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementReport {
    /// Which.
    pub id: PlacementId,
    /// Its epoch.
    pub epoch: u64,
    /// How far it is.
    pub state: PlacementState,
    /// Requests answered since it began.
    pub requests: u64,
    /// Requests that ended in a trap.
    pub traps: u64,
    /// What its program does and takes; none while that is not in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
}

/// A program that is in a CAP's memory: what raptor decides by which may sleep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Requests over the last minute.
    pub requests_per_minute: u32,
    /// CPU over the last minute, thousandths of one core.
    pub cpu_permille: u32,
    /// Since it was loaded.
    pub age_seconds: u32,
    /// Since its last request; since it was loaded if there was none.
    pub idle_seconds: u32,
    /// What its code takes.
    pub code_bytes: u64,
}

/// How far a placement is on its CAP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum PlacementState {
    /// Blobs are fetched, code is compiled, or the first probe runs.
    Pending,
    /// It answers.
    Live,
    /// It will not answer.
    Failed {
        /// One sentence.
        reason: String,
        /// The guest's own trap and backtrace, if it trapped.
        trap: Option<String>,
    },
}

/// Everything a CAP is to have. What is not named here is to be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The full set.
    pub placements: Vec<Order>,
    /// How long the leases in this answer hold.
    pub lease_ttl_ms: u64,
    /// Placements whose programs shall leave the memory until they are asked for again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sleep: Vec<PlacementId>,
}

/// One placement that a CAP is to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub id: PlacementId,
    /// Of two placements of a void that are live at once, the higher epoch serves.
    pub epoch: u64,
    /// The void's slug.
    pub slug: Slug,
    /// What to run.
    pub bundle: Digest,
    /// The right to serve it.
    pub lease: Lease,
}
