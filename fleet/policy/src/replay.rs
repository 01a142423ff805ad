//! Recorded decisions, asked again of another policy: what would it have done?

use std::time::Instant;

use fleet_api::{CapId, EvictionDecision, PolicyDecision, Sleeper};

use crate::evictor::{LoadedEviction, shadow_answer};
use crate::loaded::Loaded;
use crate::question::Ask;

/// What a policy says to a question that was answered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The CAP it chooses; none if none is fit for it.
    pub cap: Option<CapId>,
    /// Why; its fault if it failed.
    pub reason: String,
    /// Whether it failed.
    pub is_fault: bool,
    /// Whether it failed or chose another CAP than was chosen.
    pub differs: bool,
    /// How long it took.
    pub micros: u64,
}

/// Asks `policy` what was asked when `decision` was taken; none if that is not recorded.
pub fn replay(policy: &Loaded, decision: &PolicyDecision) -> Option<Replayed> {
    let question = decision.question.as_ref()?;
    let ask = Ask::again(&decision.slug, &decision.bundle, question);
    let begun = Instant::now();
    let chosen = policy.choose(&ask.request, &ask.caps);
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    Some(match chosen {
        Ok(choice) => {
            let row = choice
                .cap
                .and_then(|index| question.caps.get(usize::try_from(index).ok()?));
            let cap = row.map(|row| row.cap.clone());
            Replayed {
                differs: cap != decision.answer.cap,
                cap,
                reason: choice.reason,
                is_fault: false,
                micros,
            }
        }
        Err(fault) => Replayed {
            cap: None,
            reason: fault.to_string(),
            is_fault: true,
            differs: true,
            micros,
        },
    })
}

/// What an eviction policy says to a question that was answered before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedEviction {
    /// Whose programs it puts to sleep, and why.
    pub sleepers: Vec<Sleeper>,
    /// What it did wrong.
    pub fault: Option<String>,
    /// Whether it failed or puts others to sleep than were put to sleep.
    pub differs: bool,
    /// How long it took.
    pub micros: u64,
}

/// Asks `policy` what was asked when `decision` was taken; none if that is not recorded.
pub fn replay_eviction(
    policy: &LoadedEviction,
    decision: &EvictionDecision,
) -> Option<ReplayedEviction> {
    let question = decision.question.as_ref()?;
    let again = shadow_answer(policy, question, &decision.answer.sleepers);
    Some(ReplayedEviction {
        sleepers: again.answer.sleepers,
        fault: again.answer.fault,
        differs: again.differs,
        micros: again.answer.micros,
    })
}
