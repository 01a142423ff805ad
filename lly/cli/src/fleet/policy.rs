//! `lly fleet policy …`: which policy decides, swapped while the fleet serves, and what another would have done.
//!
//! A policy is a name that raptor carries, a name in the registry (resolved and verified here, as every plugin is), or a
//! packaged file. Raptor is handed the package and never asks a registry.

mod find;
mod shadow;
mod simulate;
mod table;

use std::path::PathBuf;

use bytes::Bytes;
use clap::{Args, Subcommand, ValueEnum};
use fleet_api::{PolicyIdentity, PolicyRecord, PolicySlot, SetPolicy};
use fleet_client::platform::OperatorClient;
use serde::Serialize;

use super::layout::Layout;
use super::operator;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::output::{self, Existing};
use crate::plugin::RegistryArgs;
use find::Found;

/// What an exported record says that it is.
const RECORD: &str = "lily.policy.record/1";

#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Say which policies decide, how they do, and what was decided.
    #[command(after_help = "Example:\n  lly fleet policy list")]
    List,
    /// Let another policy decide from now on; nothing is restarted and no request is lost.
    #[command(
        after_help = "Example:\n  lly fleet policy set binpack\n  lly fleet policy set acme-spot@^1.2\n  lly fleet policy set ./mine.plugin\n  lly fleet policy set idle         # an eviction policy\n  lly fleet policy set --default"
    )]
    Set(SetArgs),
    /// Ask a second policy beside the one that decides, and show where they differ.
    #[command(
        after_help = "Example:\n  lly fleet policy shadow binpack    # ask it from now on\n  lly fleet policy shadow            # where do they differ?\n  lly fleet policy shadow --off"
    )]
    Shadow(shadow::ShadowArgs),
    /// Ask a policy what was decided before; here, without the fleet noticing.
    #[command(
        after_help = "Example:\n  lly fleet policy simulate binpack\n  lly fleet policy simulate ./mine.plugin --record fleet.json"
    )]
    Simulate(simulate::SimulateArgs),
    /// Write the recorded decisions to a file, with everything the policy was told.
    #[command(after_help = "Example:\n  lly fleet policy export fleet.json")]
    Export {
        /// Where they go.
        file: PathBuf,
        /// Overwrite the file.
        #[arg(short, long)]
        force: bool,
    },
}

#[derive(Debug, Args)]
struct SetArgs {
    /// `NAME`, `NAME@REQUIREMENT` such as `binpack@0.1`, or a packaged file.
    #[arg(value_name = "POLICY", required_unless_present = "default")]
    policy: Option<String>,
    /// Back to what raptor does by itself: `spread` places voids, `idle` puts programs to sleep.
    #[arg(long, conflicts_with = "policy")]
    default: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What a policy decides about, in documents and on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Which CAP gets a void.
    Placement,
    /// Which programs leave a CAP's memory.
    Eviction,
}

impl Kind {
    /// Where a policy of this kind decides.
    fn current(self) -> PolicySlot {
        match self {
            Kind::Placement => PolicySlot::Current,
            Kind::Eviction => PolicySlot::Eviction,
        }
    }

    /// Where it is only compared.
    fn shadow(self) -> PolicySlot {
        match self {
            Kind::Placement => PolicySlot::Shadow,
            Kind::Eviction => PolicySlot::EvictionShadow,
        }
    }
}

/// What was chosen, for documents.
#[derive(Serialize)]
struct Chosen<'a> {
    slot: PolicySlot,
    #[serde(flatten)]
    policy: &'a PolicyIdentity,
    /// `raptor`, `registry` or `file`.
    from: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<&'a str>,
}

/// Runs `lly fleet policy …`.
pub async fn run(args: PolicyArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        PolicyCommand::List => list(context).await,
        PolicyCommand::Set(args) => set(&args, context).await,
        PolicyCommand::Shadow(args) => shadow::run(&args, context).await,
        PolicyCommand::Simulate(args) => simulate::run(&args, context).await,
        PolicyCommand::Export { file, force } => export(&file, force, context).await,
    }
}

fn client(context: &Context) -> Result<OperatorClient, Failure> {
    let layout = Layout::new(&context.home);
    operator::client(&layout, &super::plan(&layout)?)
}

async fn list(context: &Context) -> Result<(), Failure> {
    let list = client(context)?
        .policies()
        .list()
        .await
        .map_err(crate::void::failure)?;
    context.data("lily.fleet.policies/1", &list, || table::list(&list))
}

async fn set(args: &SetArgs, context: &Context) -> Result<(), Failure> {
    let Some(text) = &args.policy else {
        return unset(&[PolicySlot::Current, PolicySlot::Eviction], context).await;
    };
    let found = find::find(text, &args.registry, context).await?;
    put(found.kind()?.current(), &found, context).await
}

/// Hands the policy to the fleet.
async fn put(slot: PolicySlot, found: &Found, context: &Context) -> Result<(), Failure> {
    let client = client(context)?;
    let digest = found.digest();
    let wish = match found {
        Found::Carried { name, .. } => SetPolicy::Packaged {
            name: name.clone(),
            range: "*".to_owned(),
        },
        Found::Sent { package, .. } => {
            client
                .put_policy_package(&digest, Bytes::from(package.clone()))
                .await
                .map_err(crate::void::failure)?;
            SetPolicy::Package { digest }
        }
    };
    let policy = client
        .policies()
        .set(slot, &wish)
        .await
        .map_err(crate::void::failure)?;
    let chosen = Chosen {
        slot,
        policy: &policy,
        from: found.origin(),
        signer: found.signer(),
    };
    context.data("lily.fleet.policy.set/1", &chosen, || {
        let signed = match (chosen.from, chosen.signer) {
            (_, Some(signer)) => format!("signed by {signer}"),
            ("raptor", None) => "raptor's own".to_owned(),
            _ => "from a file, unsigned".to_owned(),
        };
        let does = match slot {
            PolicySlot::Current => "decides from now on",
            PolicySlot::Shadow => "is asked beside the one that decides",
            PolicySlot::Eviction => "says from now on which programs sleep",
            PolicySlot::EvictionShadow => "is asked beside the one that says which programs sleep",
        };
        format!("{} {} {does} ({signed})\n", policy.name, policy.version)
    })
}

#[derive(Serialize)]
struct Unset<'a> {
    slots: &'a [PolicySlot],
}

async fn unset(slots: &[PolicySlot], context: &Context) -> Result<(), Failure> {
    let client = client(context)?;
    for slot in slots {
        client
            .policies()
            .unset(*slot)
            .await
            .map_err(crate::void::failure)?;
    }
    context.data("lily.fleet.policy.unset/1", &Unset { slots }, || {
        match slots {
            [PolicySlot::Current, ..] => "raptor decides as it does by itself\n",
            _ => "nobody is asked beside the policy that decides\n",
        }
        .to_owned()
    })
}

#[derive(Serialize)]
struct Exported<'a> {
    file: &'a std::path::Path,
    decisions: usize,
    evictions: usize,
}

async fn export(file: &std::path::Path, force: bool, context: &Context) -> Result<(), Failure> {
    let existing = if force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    output::check(file, existing)?;
    let record = record(context).await?;
    let document = serde_json::json!({
        "$type": RECORD,
        "decisions": record.decisions,
        "evictions": record.evictions,
    });
    let mut text = serde_json::to_vec(&document).or_fail(|| "cannot write the record")?;
    text.push(b'\n');
    output::write(file, &text, existing)?;
    let exported = Exported {
        file,
        decisions: record.decisions.len(),
        evictions: record.evictions.len(),
    };
    context.data("lily.fleet.policy.export/1", &exported, || {
        format!(
            "{} and {} about programs to {}\n",
            crate::amounts::count(exported.decisions as u64, "decision"),
            crate::amounts::count(exported.evictions as u64, "question"),
            file.display()
        )
    })
}

/// What the fleet of this home has decided, oldest first.
async fn record(context: &Context) -> Result<PolicyRecord, Failure> {
    client(context)?
        .policies()
        .decisions(None)
        .await
        .map_err(crate::void::failure)
}
