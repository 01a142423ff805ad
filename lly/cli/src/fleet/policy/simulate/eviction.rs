//! Recorded questions about the programs of a CAP, asked again of another eviction policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_api::{CapId, PolicyIdentity, PolicyRecord, Sleeper, Slug};
use fleet_policy::{LoadedEviction, replay_eviction};
use serde::Serialize;

use super::SHOWN;
use crate::fleet::policy::Kind;
use crate::fleet::policy::table::sleepers;

/// What came of it.
#[derive(Serialize)]
pub struct Simulation {
    kind: Kind,
    #[serde(flatten)]
    policy: PolicyIdentity,
    /// Questions that were asked again.
    decisions: usize,
    /// Questions of which it is not recorded what was asked: the CAP had too many programs.
    not_recorded: usize,
    /// Other answers, faults among them.
    differences: Vec<Difference>,
    faults: usize,
    /// How often each void's program was to sleep.
    voids: BTreeMap<Slug, Slept>,
    /// The slowest answer.
    micros_max: u64,
}

/// How often a program was to sleep.
#[derive(Clone, Copy, Default, Serialize)]
struct Slept {
    recorded: u32,
    simulated: u32,
}

/// A question that would have had another answer.
#[derive(Serialize)]
struct Difference {
    decision: u64,
    cap: CapId,
    recorded: Vec<Sleeper>,
    simulated: Vec<Sleeper>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Asks everything again.
pub fn simulate(policy: &LoadedEviction, record: &PolicyRecord) -> Simulation {
    let mut simulation = Simulation {
        kind: Kind::Eviction,
        policy: policy.identity().clone(),
        decisions: 0,
        not_recorded: 0,
        differences: Vec::new(),
        faults: 0,
        voids: BTreeMap::new(),
        micros_max: 0,
    };
    for decision in &record.evictions {
        let Some(again) = replay_eviction(policy, decision) else {
            simulation.not_recorded += 1;
            continue;
        };
        simulation.decisions += 1;
        simulation.faults += usize::from(again.fault.is_some());
        simulation.micros_max = simulation.micros_max.max(again.micros);
        for one in &decision.answer.sleepers {
            let slept = simulation.voids.entry(one.slug.clone());
            slept.or_default().recorded += 1;
        }
        for one in &again.sleepers {
            let slept = simulation.voids.entry(one.slug.clone());
            slept.or_default().simulated += 1;
        }
        if again.differs {
            simulation.differences.push(Difference {
                decision: decision.id,
                cap: decision.cap.clone(),
                recorded: decision.answer.sleepers.clone(),
                simulated: again.sleepers,
                fault: again.fault,
            });
        }
    }
    simulation
}

/// The same for people.
pub fn text(simulation: &Simulation) -> String {
    let mut text = format!(
        "{} {} was asked {} recorded questions about programs again: {} differ, {} failed; the slowest took {} µs\n",
        simulation.policy.name,
        simulation.policy.version,
        simulation.decisions,
        simulation.differences.len(),
        simulation.faults,
        simulation.micros_max
    );
    if simulation.not_recorded > 0 {
        let _ = writeln!(
            text,
            "{} questions about very many programs were not recorded",
            simulation.not_recorded
        );
    }
    if !simulation.voids.is_empty() {
        let _ = writeln!(
            text,
            "\n{:<20} {:>8} {:>9}",
            "SLEEPS", "RECORDED", "SIMULATED"
        );
    }
    for (slug, slept) in &simulation.voids {
        let (recorded, simulated) = (slept.recorded, slept.simulated);
        let _ = writeln!(text, "{:<20} {recorded:>8} {simulated:>9}", slug.as_str());
    }
    for one in simulation.differences.iter().take(SHOWN) {
        let _ = writeln!(text, "\nquestion {}, {}", one.decision, one.cap);
        text.push_str(&sleepers("recorded", &one.recorded, None));
        text.push_str(&sleepers("simulated", &one.simulated, one.fault.as_deref()));
    }
    if simulation.differences.len() > SHOWN {
        let more = simulation.differences.len() - SHOWN;
        let _ = writeln!(text, "\n… and {more} more; --json has them all");
    }
    text
}
