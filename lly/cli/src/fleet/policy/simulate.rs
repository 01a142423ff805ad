//! `lly fleet policy simulate`: recorded decisions, asked again of another policy, in a sandbox of this program.

mod eviction;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use fleet_api::{CapId, PolicyIdentity, PolicyRecord, Slug};
use fleet_policy::{Compiler, Loaded, LoadedEviction, Replayed, replay};
use serde::Serialize;

use super::{Kind, RECORD, find};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::RegistryArgs;

/// What it says that it is; its `kind` says what it is about.
const DOCUMENT: &str = "lily.fleet.policy.simulate/1";
/// Differences that are shown as text; documents have all.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// `NAME`, `NAME@REQUIREMENT` or a packaged file.
    #[arg(value_name = "POLICY")]
    policy: String,
    /// A file that `lly fleet policy export` wrote [default: what the fleet of this home has decided].
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What came of it.
#[derive(Serialize)]
struct Simulation {
    kind: Kind,
    #[serde(flatten)]
    asked: Asked,
    /// Other answers, faults among them.
    differences: Vec<Difference>,
    /// How often each CAP was chosen.
    caps: BTreeMap<CapId, Chosen>,
}

/// What is asked again, of either kind.
#[derive(Serialize)]
struct Asked {
    #[serde(flatten)]
    policy: PolicyIdentity,
    /// What was asked again.
    decisions: usize,
    /// What was too large to be recorded.
    not_recorded: usize,
    faults: usize,
    /// The slowest answer.
    micros_max: u64,
}

impl Asked {
    fn new(policy: &PolicyIdentity) -> Self {
        Self {
            policy: policy.clone(),
            decisions: 0,
            not_recorded: 0,
            faults: 0,
            micros_max: 0,
        }
    }

    /// Counts an answer.
    fn again(&mut self, is_fault: bool, micros: u64) {
        self.decisions += 1;
        self.faults += usize::from(is_fault);
        self.micros_max = self.micros_max.max(micros);
    }

    /// The first lines for people: `what` was asked again.
    fn text(&self, what: &str, differences: usize) -> String {
        let mut text = format!(
            "{} {} was asked {} {what} again: {differences} differ, {} failed; the slowest took {} µs\n",
            self.policy.name, self.policy.version, self.decisions, self.faults, self.micros_max
        );
        if self.not_recorded > 0 {
            let _ = writeln!(text, "{} were too large to be recorded", self.not_recorded);
        }
        text
    }
}

/// How often a CAP was chosen, or a void's program was to sleep.
#[derive(Clone, Copy, Default, Serialize)]
struct Chosen {
    recorded: u32,
    simulated: u32,
}

/// A decision that would have been another.
#[derive(Serialize)]
struct Difference {
    decision: u64,
    slug: Slug,
    recorded: Option<CapId>,
    recorded_reason: String,
    simulated: Option<CapId>,
    simulated_reason: String,
    is_fault: bool,
}

/// Runs `lly fleet policy simulate`.
pub async fn run(args: &SimulateArgs, context: &Context) -> Result<(), Failure> {
    let record = match &args.record {
        Some(file) => read(file)?,
        None => super::record(context).await?,
    };
    let found = find::find(&args.policy, &args.registry, context).await?;
    let exe = std::env::current_exe().or_fail(|| "cannot find this program")?;
    let cache = context.home.join("cache").join("code");
    let compiler = Compiler {
        cache_dir: &cache,
        child: Some(&exe),
    };
    let what = || format!("`{}` cannot be asked", args.policy);
    match found.kind()? {
        Kind::Placement => {
            let policy = Loaded::from_package(found.package(), &compiler).or_fail(what)?;
            let simulation = simulate(&policy, &record);
            context.data(DOCUMENT, &simulation, || text(&simulation))
        }
        Kind::Eviction => {
            let policy = LoadedEviction::from_package(found.package(), &compiler).or_fail(what)?;
            let simulation = eviction::simulate(&policy, &record);
            context.data(DOCUMENT, &simulation, || eviction::text(&simulation))
        }
    }
}

fn read(file: &Path) -> Result<PolicyRecord, Failure> {
    let what = || format!("`{}` cannot be replayed", file.display());
    let text = std::fs::read(file).or_fail(what)?;
    let document: serde_json::Value = serde_json::from_slice(&text).or_fail(what)?;
    if document["$type"] != RECORD {
        return Err(
            Failure::local(format!("`{}` is no record of decisions", file.display()))
                .hint("write one: lly fleet policy export FILE"),
        );
    }
    serde_json::from_value(document).or_fail(what)
}

fn simulate(policy: &Loaded, record: &PolicyRecord) -> Simulation {
    let mut simulation = Simulation {
        kind: Kind::Placement,
        asked: Asked::new(policy.identity()),
        differences: Vec::new(),
        caps: BTreeMap::new(),
    };
    for decision in &record.decisions {
        let Some(replayed) = replay(policy, decision) else {
            simulation.asked.not_recorded += 1;
            continue;
        };
        simulation.asked.again(replayed.is_fault, replayed.micros);
        let Replayed {
            cap,
            reason,
            is_fault,
            differs,
            ..
        } = replayed;
        if let Some(cap) = &decision.answer.cap {
            simulation.caps.entry(cap.clone()).or_default().recorded += 1;
        }
        if let Some(cap) = &cap {
            simulation.caps.entry(cap.clone()).or_default().simulated += 1;
        }
        if differs {
            simulation.differences.push(Difference {
                decision: decision.id,
                slug: decision.slug.clone(),
                recorded: decision.answer.cap.clone(),
                recorded_reason: decision.answer.reason.clone(),
                simulated: cap,
                simulated_reason: reason,
                is_fault,
            });
        }
    }
    simulation
}

fn text(simulation: &Simulation) -> String {
    let differences = simulation.differences.len();
    let mut text = simulation.asked.text("recorded decisions", differences);
    if !simulation.caps.is_empty() {
        let _ = writeln!(text, "\n{:<12} {:>8} {:>9}", "CAP", "RECORDED", "SIMULATED");
    }
    for (cap, chosen) in &simulation.caps {
        let (recorded, simulated) = (chosen.recorded, chosen.simulated);
        let _ = writeln!(text, "{:<12} {recorded:>8} {simulated:>9}", cap.as_str());
    }
    for one in simulation.differences.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "\ndecision {}, {}\n  recorded   {:<10} {}\n  simulated  {:<10} {}",
            one.decision,
            one.slug,
            one.recorded.as_ref().map_or("none", |cap| cap.as_str()),
            one.recorded_reason,
            one.simulated.as_ref().map_or("none", |cap| cap.as_str()),
            one.simulated_reason
        );
    }
    text + &more(differences)
}

/// What is not shown.
fn more(differences: usize) -> String {
    match differences.saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n… and {more} more; --json has them all\n"),
    }
}
