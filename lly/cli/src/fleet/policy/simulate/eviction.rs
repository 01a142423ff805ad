//! Recorded questions about the programs of a CAP, asked again of another eviction policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_api::{CapId, PolicyRecord, Sleeper, Slug};
use fleet_policy::{LoadedEviction, replay_eviction};
use serde::Serialize;

use super::{Asked, Chosen, SHOWN, more};
use crate::fleet::policy::Kind;
use crate::fleet::policy::table::sleepers;

/// What came of it.
#[derive(Serialize)]
pub struct Simulation {
    kind: Kind,
    #[serde(flatten)]
    asked: Asked,
    /// Other answers, faults among them.
    differences: Vec<Difference>,
    /// How often each void's program was to sleep.
    voids: BTreeMap<Slug, Chosen>,
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
        asked: Asked::new(policy.identity()),
        differences: Vec::new(),
        voids: BTreeMap::new(),
    };
    for decision in &record.evictions {
        let Some(again) = replay_eviction(policy, decision) else {
            simulation.asked.not_recorded += 1;
            continue;
        };
        simulation.asked.again(again.fault.is_some(), again.micros);
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
    let differences = simulation.differences.len();
    let what = "recorded questions about programs";
    let mut text = simulation.asked.text(what, differences);
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
    text + &more(differences)
}
