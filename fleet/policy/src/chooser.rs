//! The policy that decides, the one in its shadow, and what happens when one of them fails.

use std::time::Instant;

use fleet_api::{CapId, PlaceVoid, PolicyAnswer, PolicyIdentity, ShadowAnswer};
use fleet_place::{Cap, default_choice};

use crate::loaded::Loaded;
use crate::question::Ask;
use crate::seats::{Seat, Seats};

/// Decides where voids go. Policies are swapped while others decide: a decision ends with the policy that it began with.
#[derive(Debug)]
pub struct Chooser {
    seats: Seats<Loaded>,
}

/// What was decided, by whom and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Who was to decide; none if there is no policy.
    pub policy: Option<PolicyIdentity>,
    /// What came of it: the policy's answer, or the default's if the policy failed.
    pub answer: PolicyAnswer,
}

impl Decision {
    /// Who has decided, in words: `policy-spread 0.1.0`, or `built-in`.
    pub fn decider(&self) -> String {
        match &self.policy {
            Some(policy) if self.answer.fault.is_none() => {
                format!("{} {}", policy.name, policy.version)
            }
            _ => "built-in".to_owned(),
        }
    }
}

impl Default for Chooser {
    fn default() -> Chooser {
        Chooser::new()
    }
}

impl Chooser {
    /// Nobody but the built-in default.
    pub fn new() -> Chooser {
        Chooser {
            seats: Seats::new(),
        }
    }

    /// Gives a policy a seat; the one that was there finishes what it has begun.
    pub fn set(&self, seat: Seat, policy: Option<Loaded>) {
        self.seats.set(seat, policy);
    }

    /// The policy in a seat.
    pub fn get(&self, seat: Seat) -> Option<Loaded> {
        self.seats.get(seat)
    }

    /// Chooses among `candidates`, which come in the order of their names. Blocks for as long as a policy may take.
    pub fn choose(
        &self,
        place: &PlaceVoid,
        previous: Option<&Cap>,
        candidates: &[&Cap],
    ) -> Decision {
        let begun = Instant::now();
        let Some(policy) = self.get(Seat::Current) else {
            return Decision {
                policy: None,
                answer: fallback(candidates, None, begun),
            };
        };
        Decision {
            policy: Some(policy.identity().clone()),
            answer: match ask(&policy, place, previous, candidates) {
                Ok((cap, reason)) => PolicyAnswer {
                    cap,
                    reason,
                    micros: micros(begun),
                    fault: None,
                },
                Err(fault) => fallback(candidates, Some(fault), begun),
            },
        }
    }

    /// What the policy in the shadow would have chosen where `decided` was; none if there is none.
    pub fn shadow(
        &self,
        place: &PlaceVoid,
        previous: Option<&Cap>,
        candidates: &[&Cap],
        decided: Option<&CapId>,
    ) -> Option<ShadowAnswer> {
        let policy = self.get(Seat::Shadow)?;
        let begun = Instant::now();
        let asked = ask(&policy, place, previous, candidates);
        let differs = !matches!(&asked, Ok((cap, _)) if cap.as_ref() == decided);
        let (cap, reason, fault) = match asked {
            Ok((cap, reason)) => (cap, reason, None),
            Err(fault) => (None, "it failed".to_owned(), Some(fault)),
        };
        Some(ShadowAnswer {
            policy: policy.identity().clone(),
            answer: PolicyAnswer {
                cap,
                reason,
                micros: micros(begun),
                fault,
            },
            differs,
        })
    }
}

fn ask(
    policy: &Loaded,
    place: &PlaceVoid,
    previous: Option<&Cap>,
    candidates: &[&Cap],
) -> Result<(Option<CapId>, String), String> {
    let ask = Ask::of(place, previous, candidates);
    let choice = policy
        .choose(&ask.request, &ask.caps)
        .map_err(|fault| fault.to_string())?;
    let Some(index) = choice.cap else {
        return Ok((None, choice.reason));
    };
    let chosen = usize::try_from(index)
        .ok()
        .and_then(|index| candidates.get(index));
    match chosen {
        Some(cap) => Ok((Some(cap.id.clone()), choice.reason)),
        None => Err(format!(
            "it chose number {index} of {} CAPs",
            candidates.len()
        )),
    }
}

fn fallback(candidates: &[&Cap], fault: Option<String>, begun: Instant) -> PolicyAnswer {
    PolicyAnswer {
        cap: default_choice(candidates).map(|cap| cap.id.clone()),
        reason: "the least memory in use".to_owned(),
        micros: micros(begun),
        fault,
    }
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
