//! The loop that keeps what is wanted and what is seen together: looks, plans, acts. Every action may be done twice.

use std::sync::Arc;
use std::time::Duration;

use fleet_api::{CapId, PlaceVoid, Purpose, Slug};
use fleet_db::{DbError, Follows};
use fleet_place::{Action, Seen, plan};
use lly_brick::Digest;
use tokio::time::Instant;

use crate::place::Raptor;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

/// A deploy that was begun this long ago and left nothing that runs is over.
const LEFT_BEHIND: Duration = Duration::from_secs(600);

/// Sweeps until it is dropped.
pub async fn run(raptor: Arc<Raptor>) {
    let mut watching_since = Instant::now();
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(error) = raptor.policies.follow().await {
            tracing::warn!(%error, "could not look which policy decides; the one before goes on");
        }
        if let Err(error) = sweep(&raptor, watching_since.elapsed()).await {
            // It was blind: what it has not seen meanwhile is no news of absence.
            tracing::warn!(%error, "could not look at the fleet; changing nothing");
            watching_since = Instant::now();
        }
    }
}

async fn sweep(raptor: &Raptor, watching: Duration) -> Result<(), DbError> {
    let (caps, placements) = raptor.database.seen().await?;
    let fallen = raptor.database.fallen().await?;
    let seen = Seen {
        caps: &caps,
        placements: &placements,
        fallen: &fallen,
        watching,
    };
    for action in plan(&seen, &raptor.terms) {
        match action {
            Action::GiveUp { id } => {
                tracing::warn!(placement = %id, "never became live");
                raptor.database.stop(&id, "it never became live").await?;
            }
            Action::Move {
                slug,
                bundle,
                from,
                epoch,
            } => {
                tracing::warn!(%slug, %from, "it leaves its CAP");
                anew(raptor, slug, bundle, Some(&from), Follows::Epoch(epoch)).await?;
            }
            Action::Raise { slug, bundle } => {
                tracing::warn!(%slug, "it has fallen; trying again");
                anew(raptor, slug, bundle, None, Follows::Nothing).await?;
            }
        }
    }
    let abandoned = raptor.database.abandon_left_behind(LEFT_BEHIND).await?;
    if abandoned > 0 {
        tracing::info!(
            abandoned,
            "slugs whose first deploy came to nothing are free again"
        );
    }
    Ok(())
}

async fn anew(
    raptor: &Raptor,
    slug: Slug,
    bundle: Digest,
    from: Option<&CapId>,
    follows: Follows,
) -> Result<(), DbError> {
    let place = PlaceVoid {
        slug,
        bundle,
        region: None,
        purpose: Purpose::Move,
    };
    if let Err(reason) = raptor.begin(&place, from, follows).await? {
        tracing::warn!(slug = %place.slug, reason, "not placed anew");
    }
    Ok(())
}
