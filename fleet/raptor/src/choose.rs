//! The choice of a CAP: the policy decides; if it traps, is late or lies, the built-in default does, and that is told.

use std::path::Path;

use fleet_api::{CapId, PlaceVoid};
use fleet_place::{Cap, default_choice};
use host_plugin::PlacementPolicy;

/// The policy that raptor carries.
static SPREAD: &[u8] = include_bytes!(env!("LILY_POLICY_PLUGIN"));

/// The name of the decision that needs no policy.
const DEFAULT: &str = "built-in";

/// Decides where voids go.
pub struct Chooser {
    policy: Option<(String, PlacementPolicy)>,
}

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
        match policy.choose(&request, &caps) {
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
