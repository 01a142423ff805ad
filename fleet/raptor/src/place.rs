//! Places a void: choose a CAP, write the placement, wake the CAP, wait for what comes of it.
//!
//! Nothing is told to a CAP but "beat now": its heartbeat fetches the order that the database holds.

use std::time::Duration;

use fleet_api::{CapId, LeaseKey, PlaceVoid, PlacementId, PlacementOutcome, Slug};
use fleet_client::cap::CapClient;
use fleet_db::{Database, DbError, Follows, NewPlacement, PlacementRow};
use fleet_place::{Status, Terms, candidates};
use futures_util::future::join_all;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::policies::{Policies, Question};

/// Another raptor may have taken the heartbeat that we wait for: so often the database is asked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What raptor works with.
pub struct Raptor {
    /// The only state.
    pub database: Database,
    /// To wake CAPs.
    pub caps: CapClient,
    /// Seals leases.
    pub key: LeaseKey,
    /// The bounds of every plan.
    pub terms: Terms,
    /// Decides.
    pub policies: Policies,
    /// A heartbeat has changed a placement.
    pub changed: Notify,
}

impl Raptor {
    /// Places a void and waits until it is known how that went.
    pub async fn place(&self, place: &PlaceVoid) -> Result<PlacementOutcome, DbError> {
        let previous = self
            .database
            .route(&place.slug)
            .await?
            .map(|route| route.cap);
        match self
            .begin(place, previous.as_ref(), Follows::Anything)
            .await?
        {
            Ok(id) => self.outcome(id).await,
            Err(reason) => Ok(PlacementOutcome::NoCap { reason }),
        }
    }

    /// Chooses a CAP and writes the placement; the reason if no CAP is fit, or what it `follows` is not so any more.
    pub async fn begin(
        &self,
        place: &PlaceVoid,
        previous: Option<&CapId>,
        follows: Follows,
    ) -> Result<Result<PlacementId, String>, DbError> {
        let (caps, _) = self.database.seen().await?;
        let fit = candidates(&caps, &self.terms);
        let question = Question {
            place: place.clone(),
            previous: caps.iter().find(|cap| Some(&cap.id) == previous).cloned(),
            candidates: fit.iter().map(|cap| (*cap).clone()).collect(),
        };
        let decision = self.policies.decide(question).await?;
        let answer = &decision.answer;
        let chosen = answer
            .cap
            .as_ref()
            .and_then(|id| caps.iter().find(|cap| cap.id == *id));
        let Some(cap) = chosen else {
            let (fit, known) = (fit.len(), caps.len());
            return Ok(Err(format!(
                "{fit} of {known} CAPs are healthy; {}",
                answer.reason
            )));
        };
        let id = PlacementId::from_random(rand::random());
        let decider = decision.decider();
        let (slug, bundle, policy) = (&place.slug, &place.bundle, decider.as_str());
        let (decision, purpose) = (answer.reason.as_str(), place.purpose);
        let new = NewPlacement {
            id: &id,
            slug,
            bundle,
            cap: &cap.id,
            policy,
            decision,
            purpose,
            follows,
        };
        if !self.database.place(&new).await? {
            return Ok(Err(
                "it was stopped or placed by somebody else meanwhile".to_owned()
            ));
        }
        tracing::info!(%slug, cap = %cap.id, policy, reason = decision, placement = %id, "placed");
        self.nudge(&cap.control_url).await;
        Ok(Ok(id))
    }

    /// Waits for a placement to live or fail.
    async fn outcome(&self, id: PlacementId) -> Result<PlacementOutcome, DbError> {
        let deadline = Instant::now() + self.terms.pending_max;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before the look, so that no change falls between.
            changed.as_mut().enable();
            let row = self.database.placement(&id).await?;
            match row {
                Some(PlacementRow {
                    status: Status::Pending,
                    ..
                }) if Instant::now() < deadline => {}
                Some(PlacementRow {
                    status: Status::Pending,
                    ..
                }) => {
                    let reason = format!(
                        "it was not ready within {} s",
                        self.terms.pending_max.as_secs()
                    );
                    self.database.stop(&id, &reason).await?;
                    return Ok(PlacementOutcome::Failed {
                        placement: id,
                        reason,
                        trap: None,
                    });
                }
                Some(PlacementRow {
                    status: Status::Live,
                    cap,
                    slug,
                    ..
                }) => {
                    // The CAPs that held the void before learn at once that they no longer do.
                    self.wake_holders(&slug).await?;
                    return Ok(PlacementOutcome::Live { placement: id, cap });
                }
                Some(PlacementRow {
                    status: Status::Stopped,
                    reason,
                    trap,
                    ..
                }) => {
                    let reason = reason.unwrap_or_else(|| "it was stopped".to_owned());
                    return Ok(PlacementOutcome::Failed {
                        placement: id,
                        reason,
                        trap,
                    });
                }
                None => {
                    let reason = "it was removed while it started".to_owned();
                    return Ok(PlacementOutcome::Failed {
                        placement: id,
                        reason,
                        trap: None,
                    });
                }
            }
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Wakes every CAP that has, or just had, a placement of a void.
    pub async fn wake_holders(&self, slug: &Slug) -> Result<(), DbError> {
        let urls = self.database.holders(slug).await?;
        join_all(urls.iter().map(|url| self.nudge(url))).await;
        Ok(())
    }

    /// Wakes a CAP. One that cannot be reached beats by itself soon enough.
    pub async fn nudge(&self, control_url: &str) {
        if let Err(error) = self.caps.nudge(control_url).await {
            tracing::warn!(control_url, %error, "a CAP could not be woken");
        }
    }
}
