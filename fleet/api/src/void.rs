//! Voids, as users and services speak of them.

use lly_brick::Digest;
use serde::{Deserialize, Serialize};

use crate::{CapId, PlacementId, Slug};

/// A bundle placed on the fleet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// Its name.
    pub slug: Slug,
    /// Where it answers.
    pub url: String,
    /// Nothing but these three.
    pub status: VoidStatus,
    /// Why it is not live, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it runs.
    pub bundle: Digest,
    /// The CAP that serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<CapId>,
    /// Its newest placement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<PlacementId>,
    /// Seconds since that placement went live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
}

/// `pending`, `live` or `stopped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VoidStatus {
    /// Being placed.
    Pending,
    /// It answers.
    Live,
    /// It does not run.
    Stopped,
}

impl VoidStatus {
    /// The name in documents and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            VoidStatus::Pending => "pending",
            VoidStatus::Live => "live",
            VoidStatus::Stopped => "stopped",
        }
    }
}

/// `GET /v1/voids`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoidList {
    /// The user's voids by slug.
    pub voids: Vec<Void>,
}

/// The answer to a manifest: what has to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundleMissing {
    /// The bundle's identity.
    pub bundle: Digest,
    /// Blobs that the platform lacks.
    pub missing: Vec<Digest>,
}

/// `POST /v1/voids`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployVoid {
    /// A bundle whose manifest and blobs the platform has.
    pub bundle: Digest,
    /// The void to deploy to; absent means a new one.
    #[serde(default)]
    pub slug: Option<Slug>,
    /// Where it should run.
    #[serde(default)]
    pub region: Option<String>,
    /// A Sigstore bundle (JSON) over the bundle's name and digest, for fleets that demand one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Platform to raptor: `POST /v1/placements`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceVoid {
    /// Which void.
    pub slug: Slug,
    /// What it is to run.
    pub bundle: Digest,
    /// Where it should run.
    #[serde(default)]
    pub region: Option<String>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a placement is for; the history of its void follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A version that its owner put there.
    Deploy,
    /// The version before, which its owner put back.
    Rollback,
    /// The same version at another place.
    Move,
}

impl Purpose {
    /// The name in documents and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Deploy => "deploy",
            Purpose::Rollback => "rollback",
            Purpose::Move => "move",
        }
    }
}

/// Raptor's answer, once it is known how the placement went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum PlacementOutcome {
    /// It answers.
    Live {
        /// The new placement.
        placement: PlacementId,
        /// Who serves it.
        cap: CapId,
    },
    /// It crashed, or could not be run at all.
    Failed {
        /// The placement that failed.
        placement: PlacementId,
        /// One sentence.
        reason: String,
        /// The guest's own trap and backtrace, if it trapped.
        trap: Option<String>,
    },
    /// No CAP could take it.
    NoCap {
        /// One sentence.
        reason: String,
    },
}

/// Which CAP holds a slug: `GET /v1/routes/{slug}` at raptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The holder.
    pub cap: CapId,
    /// Its control server, which takes forwarded requests.
    pub peer_url: String,
}

/// One CAP, as operators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapStatus {
    /// Its name.
    pub cap: CapId,
    /// Where the world reaches it.
    pub edge_url: String,
    /// Its region.
    pub region: String,
    /// Placements that are not stopped.
    pub placements: u32,
    /// Since its last heartbeat.
    pub silent_ms: u64,
    /// Its voids leave, and nothing new comes.
    #[serde(default)]
    pub draining: bool,
}

/// `PUT /v1/caps/{cap}/draining`, operators only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainCap {
    /// Whether its voids are to leave.
    pub draining: bool,
}
