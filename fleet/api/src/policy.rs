//! Policies, as operators speak of them: which one decides, what it decided, and what another would have done.

use lly_brick::Digest;
use serde::{Deserialize, Serialize};

use crate::{CapId, EvictionDecision, Purpose, Slug};

/// A place for a policy in raptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySlot {
    /// It decides.
    Current,
    /// It is asked the same questions, and its answers are only compared.
    Shadow,
    /// It says which programs may leave a CAP's memory.
    Eviction,
    /// It is asked the same questions about programs, and its answers are only compared.
    EvictionShadow,
}

impl PolicySlot {
    /// Every place.
    pub const ALL: [PolicySlot; 4] = [
        PolicySlot::Current,
        PolicySlot::Shadow,
        PolicySlot::Eviction,
        PolicySlot::EvictionShadow,
    ];

    /// The name in documents, paths and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            PolicySlot::Current => "current",
            PolicySlot::Shadow => "shadow",
            PolicySlot::Eviction => "eviction",
            PolicySlot::EvictionShadow => "eviction-shadow",
        }
    }
}

/// One policy, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyIdentity {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its package.
    pub digest: Digest,
}

/// `PUT /v1/policies/{slot}`, operators only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase")]
pub enum SetPolicy {
    /// One that raptor carries.
    Packaged {
        /// Its name; `policy-` in front of it may be left out.
        name: String,
        /// Which versions will do, such as `^0.1`; `*` for any.
        range: String,
    },
    /// A package that was sent before (`PUT /v1/policies/packages/{digest}`).
    Package {
        /// SHA-256 of the package.
        digest: Digest,
    },
}

/// What stands in a slot, and how it has done since it was first put there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyStatus {
    /// Where it stands.
    pub slot: PolicySlot,
    /// Which policy.
    #[serde(flatten)]
    pub policy: PolicyIdentity,
    /// Why it does not decide although it should; the built-in default does meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// How it has done.
    #[serde(flatten)]
    pub tally: PolicyTally,
}

/// Counts of one policy in one slot; they survive restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyTally {
    /// Questions it was asked.
    pub decisions: u64,
    /// Questions it failed at: it trapped, was late, took too much memory or answered nonsense.
    pub faults: u64,
    /// In the shadow: answers that were not those of the policy that decides.
    pub differences: u64,
    /// What it did wrong the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<String>,
}

/// `GET /v1/policies`: everything about policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyList {
    /// The policies that decide about placement and eviction, each with the one in its shadow.
    pub slots: Vec<PolicyStatus>,
    /// Policies that raptor carries, by name.
    pub packaged: Vec<PackagedPolicy>,
    /// The newest decisions, newest first, without the fleet they were taken over.
    pub decisions: Vec<PolicyDecision>,
    /// Programs that were last put to sleep, newest first.
    pub evictions: Vec<PolicyEviction>,
}

/// One program that was put to sleep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyEviction {
    /// Seconds since then.
    pub age_seconds: u64,
    /// Where.
    pub cap: CapId,
    /// Whose.
    pub slug: Slug,
    /// Who was to decide; none if raptor had no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyIdentity>,
    /// One sentence.
    pub reason: String,
    /// What the policy did wrong. The built-in default has decided then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A policy that raptor carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackagedPolicy {
    /// The plugin's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it decides: `lily:policy@0.1.0` or `lily:eviction@0.1.0`.
    pub world: String,
    /// One sentence.
    pub description: String,
}

/// One decision that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDecision {
    /// Grows with every decision.
    pub id: u64,
    /// Seconds since it was taken.
    pub age_seconds: u64,
    /// Which void.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// What the placement was for.
    pub purpose: Purpose,
    /// CAPs that could have taken it.
    pub candidates: u32,
    /// Who was to decide: name, version and digest; none if raptor had no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyIdentity>,
    /// What came of it.
    #[serde(flatten)]
    pub answer: PolicyAnswer,
    /// What the policy in the shadow would have done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowAnswer>,
    /// The question, for replays; absent in lists, and where there were too many CAPs to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<PolicyQuestion>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer {
    /// The chosen CAP; none if none was fit.
    pub cap: Option<CapId>,
    /// One sentence.
    pub reason: String,
    /// How long it took.
    pub micros: u64,
    /// What the policy did wrong. The built-in default has decided then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What the policy in the shadow would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowAnswer {
    /// Which policy.
    pub policy: PolicyIdentity,
    /// Its answer.
    #[serde(flatten)]
    pub answer: PolicyAnswer,
    /// Whether it would have chosen another CAP, or failed.
    pub differs: bool,
}

/// `GET /v1/policies/decisions?n=N`: decisions with what was known when they were taken, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// Placements.
    pub decisions: Vec<PolicyDecision>,
    /// Questions about the programs of a CAP.
    #[serde(default)]
    pub evictions: Vec<EvictionDecision>,
}

/// Everything a policy was told, so that another can be asked the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyQuestion {
    /// Where the owner wants the void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The CAP that had it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_cap: Option<CapId>,
    /// Where that stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_region: Option<String>,
    /// The CAPs that could take it, by name.
    pub caps: Vec<PolicyCap>,
}

/// One CAP as a policy was shown it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCap {
    /// Its name, which the policy is not told.
    pub cap: CapId,
    /// Where it stands.
    pub region: String,
    /// Placements that are not stopped.
    pub placements: u32,
    /// Memory there is.
    pub memory_total_bytes: u64,
    /// Memory in use.
    pub memory_used_bytes: u64,
    /// CPU in use, thousandths.
    pub cpu_permille: u32,
}
