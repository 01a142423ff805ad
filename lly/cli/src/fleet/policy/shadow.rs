//! `lly fleet policy shadow`: a second policy beside the one that decides, and where they differ.

use clap::Args;
use fleet_api::{EvictionDecision, PolicyDecision, PolicySlot, PolicyStatus};
use serde::Serialize;

use super::{Kind, client, find, put, table, unset};
use crate::context::Context;
use crate::failure::Failure;
use crate::plugin::RegistryArgs;

#[derive(Debug, Args)]
pub struct ShadowArgs {
    /// `NAME`, `NAME@REQUIREMENT` or a packaged file. Without: show where they differ.
    #[arg(value_name = "POLICY")]
    policy: Option<String>,
    /// Ask nobody beside the policy that decides.
    #[arg(long, conflicts_with = "policy")]
    off: bool,
    /// Only the shadow of this kind [default: both].
    #[arg(long, conflicts_with = "policy")]
    kind: Option<Kind>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Where the policy in the shadow would have done something else.
#[derive(Serialize)]
struct Comparison<'a> {
    kind: Kind,
    shadow: &'a PolicyStatus,
    /// Newest first, among the decisions that are kept.
    differences: Differences<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Differences<'a> {
    Placement(Vec<&'a PolicyDecision>),
    Eviction(Vec<&'a EvictionDecision>),
}

/// Runs `lly fleet policy shadow`.
pub async fn run(args: &ShadowArgs, context: &Context) -> Result<(), Failure> {
    let kinds = match args.kind {
        Some(kind) => vec![kind],
        None => vec![Kind::Placement, Kind::Eviction],
    };
    if args.off {
        let slots: Vec<PolicySlot> = kinds.iter().map(|kind| kind.shadow()).collect();
        return unset(&slots, context).await;
    }
    let Some(text) = &args.policy else {
        return compare(&kinds, context).await;
    };
    let found = find::find(text, &args.registry, context).await?;
    put(found.kind()?.shadow(), &found, context).await
}

/// A document for each kind that has a shadow.
async fn compare(kinds: &[Kind], context: &Context) -> Result<(), Failure> {
    let client = client(context)?;
    let list = client
        .policies()
        .list()
        .await
        .map_err(crate::void::failure)?;
    let shadow = |kind: &Kind| {
        let slot = kind.shadow();
        let status = list.slots.iter().find(|status| status.slot == slot)?;
        Some((*kind, status))
    };
    let shadows: Vec<(Kind, &PolicyStatus)> = kinds.iter().filter_map(shadow).collect();
    if shadows.is_empty() {
        return Err(Failure::local("no policy is in the shadow")
            .hint("put one there: lly fleet policy shadow NAME"));
    }
    let record = client
        .policies()
        .decisions(None)
        .await
        .map_err(crate::void::failure)?;
    for (kind, status) in shadows {
        let differences = match kind {
            Kind::Placement => {
                let differs = |decision: &&PolicyDecision| {
                    let shadow = decision.shadow.as_ref();
                    shadow.is_some_and(|shadow| shadow.differs && shadow.policy == status.policy)
                };
                let newest = record.decisions.iter().rev();
                Differences::Placement(newest.filter(differs).collect())
            }
            Kind::Eviction => {
                let differs = |decision: &&EvictionDecision| {
                    let shadow = decision.shadow.as_ref();
                    shadow.is_some_and(|shadow| shadow.differs && shadow.policy == status.policy)
                };
                let newest = record.evictions.iter().rev();
                Differences::Eviction(newest.filter(differs).collect())
            }
        };
        let comparison = Comparison {
            kind,
            shadow: status,
            differences,
        };
        context.data(
            "lily.fleet.policy.shadow/1",
            &comparison,
            || match &comparison.differences {
                Differences::Placement(differences) => table::comparison(status, differences),
                Differences::Eviction(differences) => {
                    table::eviction_comparison(status, differences)
                }
            },
        )?;
    }
    Ok(())
}
