//! The choice of a CAP: the policy decides; if it traps, is late or lies, the built-in default does, and that is told.

use std::path::Path;

use fleet_api::{CapId, PlaceVoid};
use fleet_place::{Cap, default_choice};
use host_plugin::{PlacementPolicy, PolicyFault};

/// The policy that raptor carries.
static SPREAD: &[u8] = include_bytes!(env!("LILY_POLICY_PLUGIN"));

/// The name of the decision that needs no policy.
const DEFAULT: &str = "built-in";

/// Decides where voids go.
pub struct Chooser {
    policy: Option<(String, Box<Policy>)>,
}

/// A question to the policy; every answer is within its bounds or a fault.
type Policy = dyn Fn(&host_plugin::Request, &[host_plugin::Cap]) -> Result<host_plugin::Choice, PolicyFault>
    + Send
    + Sync;

/// What was decided, by whom and why.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Where; none if no CAP is fit.
    pub cap: Option<CapId>,
    /// Who decided: name and version.
    pub policy: String,
    /// One sentence.
    pub reason: String,
    /// What the policy did wrong, if the default had to decide.
    pub fault: Option<String>,
}

impl Chooser {
    /// Loads the packaged policy. Without one the default decides, and the log says why.
    pub fn new(cache: &Path) -> Self {
        let policy = match PlacementPolicy::from_packaged(SPREAD, cache) {
            Ok(policy) => {
                let name = format!("{} {}", policy.manifest().name, policy.manifest().version);
                tracing::info!(policy = name, "the placement policy is loaded");
                let policy: Box<Policy> =
                    Box::new(move |request, caps| policy.choose(request, caps));
                Some((name, policy))
            }
            Err(error) => {
                tracing::error!(%error, "the placement policy cannot be loaded; the built-in default decides");
                None
            }
        };
        Self { policy }
    }

    /// Chooses among `candidates`. Blocks for as long as a policy may take.
    pub fn choose(
        &self,
        place: &PlaceVoid,
        previous: Option<&CapId>,
        candidates: &[&Cap],
    ) -> Decision {
        let Some((name, policy)) = &self.policy else {
            return fallback(candidates, None);
        };
        let request = host_plugin::Request {
            slug: place.slug.to_string(),
            bundle: place.bundle.to_string(),
            previous_cap: previous.map(ToString::to_string),
            region: place.region.clone(),
        };
        let caps: Vec<host_plugin::Cap> = candidates.iter().map(|cap| seen(cap)).collect();
        match policy(&request, &caps) {
            Ok(choice) => {
                let index = choice.cap.and_then(|index| usize::try_from(index).ok());
                let cap = index
                    .and_then(|index| candidates.get(index))
                    .map(|cap| cap.id.clone());
                Decision {
                    cap,
                    policy: name.clone(),
                    reason: choice.reason,
                    fault: None,
                }
            }
            Err(fault) => fallback(candidates, Some(fault.to_string())),
        }
    }

    /// Who decides, such as `policy-spread 0.1.0`.
    pub fn name(&self) -> &str {
        self.policy.as_ref().map_or(DEFAULT, |(name, _)| name)
    }
}

fn fallback(candidates: &[&Cap], fault: Option<String>) -> Decision {
    Decision {
        cap: default_choice(candidates).map(|cap| cap.id.clone()),
        policy: DEFAULT.to_owned(),
        reason: "the least memory in use".to_owned(),
        fault,
    }
}

fn seen(cap: &Cap) -> host_plugin::Cap {
    host_plugin::Cap {
        id: cap.id.to_string(),
        region: cap.region.clone(),
        placements: cap.placements,
        memory_bytes_total: cap.memory_total_bytes,
        memory_bytes_used: cap.memory_used_bytes,
        cpu_permille: cap.cpu_permille,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleet_api::Purpose;
    use lly_brick::Digest;
    use std::time::Duration;

    fn cap(id: &str, used: u64) -> Cap {
        Cap {
            id: id.parse().expect("an id"),
            control_url: String::new(),
            edge_url: String::new(),
            region: "here".to_owned(),
            placements: 0,
            memory_used_bytes: used,
            memory_total_bytes: 100,
            cpu_permille: 0,
            draining: false,
            silent: Duration::ZERO,
        }
    }

    fn wish() -> PlaceVoid {
        let slug = "lazy-fox".parse().expect("a slug");
        PlaceVoid {
            slug,
            bundle: Digest::of(b"1"),
            region: None,
            purpose: Purpose::Deploy,
        }
    }

    #[test]
    fn the_packaged_policy_decides() {
        let cache = tempfile::tempdir().expect("a folder");
        let chooser = Chooser::new(cache.path());
        assert_ne!(chooser.name(), DEFAULT);
        let (full, empty) = (cap("a", 90), cap("b", 10));
        let decision = chooser.choose(&wish(), None, &[&full, &empty]);
        assert_eq!(decision.policy, chooser.name());
        assert_eq!((decision.cap, decision.fault), (Some(empty.id), None));
        assert!(!decision.reason.is_empty());
        assert_eq!(chooser.choose(&wish(), None, &[]).cap, None);
    }

    #[test]
    fn a_policy_that_fails_is_replaced_for_that_decision_and_told_of() {
        let late = |_: &host_plugin::Request, _: &[host_plugin::Cap]| {
            Err(PolicyFault::Late {
                policy: "bad".to_owned(),
                reason: "it slept".to_owned(),
            })
        };
        let chooser = Chooser {
            policy: Some(("bad 1.0.0".to_owned(), Box::new(late))),
        };
        let (full, empty) = (cap("a", 90), cap("b", 10));
        let decision = chooser.choose(&wish(), None, &[&full, &empty]);
        assert_eq!(
            (decision.cap, decision.policy.as_str()),
            (Some(empty.id), DEFAULT)
        );
        assert!(
            decision
                .fault
                .is_some_and(|fault| fault.contains("it slept"))
        );
        assert_eq!(chooser.name(), "bad 1.0.0");
    }
}
