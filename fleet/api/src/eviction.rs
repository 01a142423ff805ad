//! Questions to the eviction policy, as they are recorded: about which CAP, what was known, what came of it.

use serde::{Deserialize, Serialize};

use crate::{Activity, CapId, Load, PolicyIdentity, Slug};

/// One question about the programs of one CAP. Recorded are those in which somebody was to sleep, something went wrong or
/// the policy in the shadow differs, and of the others one a minute for each CAP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvictionDecision {
    /// Grows with every one that is recorded.
    pub id: u64,
    /// Seconds since it was taken.
    pub age_seconds: u64,
    /// Whose memory it is about.
    pub cap: CapId,
    /// Who was to decide; none if raptor had no policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyIdentity>,
    /// What came of it.
    #[serde(flatten)]
    pub answer: EvictionAnswer,
    /// What the policy in the shadow would have done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<EvictionShadow>,
    /// The question; absent where there were too many programs to keep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<EvictionQuestion>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvictionAnswer {
    /// Whose programs are to sleep.
    pub sleepers: Vec<Sleeper>,
    /// How long it took.
    pub micros: u64,
    /// What the policy did wrong. The built-in default has decided then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A program that is to sleep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sleeper {
    /// Whose.
    pub slug: Slug,
    /// One sentence.
    pub reason: String,
}

/// What the policy in the shadow would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvictionShadow {
    /// Which policy.
    pub policy: PolicyIdentity,
    /// Its answer; nobody sleeps if it failed.
    #[serde(flatten)]
    pub answer: EvictionAnswer,
    /// Whether it would have put others to sleep, or failed.
    pub differs: bool,
}

/// Everything a policy was told, so that another can be asked the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvictionQuestion {
    /// How busy the CAP was.
    pub load: Load,
    /// The programs in its memory, by slug.
    pub programs: Vec<Program>,
}

/// One program as a policy was shown it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Whose, which the policy is not told.
    pub slug: Slug,
    /// What it does and takes.
    #[serde(flatten)]
    pub activity: Activity,
}
