//! The loop that keeps what is wanted and what is seen together: looks, plans, acts. Every action may be done twice.

use std::sync::Arc;
use std::time::Duration;

use fleet_api::PlaceVoid;
use fleet_db::DbError;
use fleet_place::{Action, plan};
use tokio::time::Instant;

use crate::TERMS;
use crate::place::Raptor;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Sweeps until it is dropped.
pub async fn run(raptor: Arc<Raptor>) {
    let mut watching_since = Instant::now();
    loop {
        tokio::time::sleep(PERIOD).await;
        if let Err(error) = sweep(&raptor, watching_since.elapsed()).await {
            // It was blind: what it has not seen meanwhile is no news of absence.
            tracing::warn!(%error, "could not look at the fleet; changing nothing");
            watching_since = Instant::now();
        }
    }
}

async fn sweep(raptor: &Raptor, watching: Duration) -> Result<(), DbError> {
    let (caps, placements) = raptor.database.seen().await?;
    for action in plan(&caps, &placements, watching, &TERMS) {
        match action {
            Action::GiveUp { id } => {
                tracing::warn!(placement = %id, "never became live");
                raptor.database.stop(&id, "it never became live").await?;
            }
            Action::Move { slug, bundle, from } => {
                tracing::warn!(%slug, %from, "its CAP is gone; placing it anew");
                let place = PlaceVoid { slug, bundle, region: None };
                if let Err(reason) = raptor.begin(&place, Some(&from)).await? {
                    tracing::warn!(slug = %place.slug, reason, "could not be placed anew");
                }
            }
        }
    }
    Ok(())
}
