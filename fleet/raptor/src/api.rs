//! What services ask of raptor. Every caller has shown a certificate; what it may do depends on its role.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use fleet_api::{
    Heartbeat, Lease, Order, Orders, PlaceVoid, PlacementOutcome, PlacementState, PolicyIdentity,
    PolicyList, PolicyRecord, PolicySlot, Problem, Role, Route, SetPolicy, Slug,
};
use fleet_client::server::{Document, Peer};
use fleet_db::{DECISIONS_MAX, DbError};

use crate::place::Raptor;
use crate::policies::SetError;

/// A CAP with twenty thousand placements reports in a few megabytes.
const BODY_BYTES_MAX: usize = 16 << 20;

type Refusal = (StatusCode, Json<Problem>);

/// Every route.
pub fn router(raptor: Arc<Raptor>) -> Router {
    Router::new()
        .route(
            "/v1/health",
            get(|| async { Json(serde_json::json!({ "status": "ok" })) }),
        )
        .route("/v1/heartbeats", post(heartbeat))
        .route("/v1/placements", post(place))
        .route("/v1/voids/{slug}", delete(stop))
        .route("/v1/routes/{slug}", get(route))
        .route("/v1/policies", get(policies))
        .route("/v1/policies/{slot}", put(set_policy).delete(unset_policy))
        .route("/v1/policies/decisions", get(decisions))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(raptor)
}

async fn heartbeat(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Document(heartbeat): Document<Heartbeat>,
) -> Result<Json<Orders>, Refusal> {
    let identity = peer.require(Role::Cap).map_err(refuse)?;
    if identity.id != heartbeat.cap.as_str() {
        let message = format!(
            "the certificate is that of `{}`, not of `{}`",
            identity.id, heartbeat.cap
        );
        return Err(refuse((
            StatusCode::FORBIDDEN,
            Problem::new("wrong-identity", message),
        )));
    }
    let rows = raptor
        .database
        .heartbeat(&heartbeat)
        .await
        .map_err(database)?;
    if heartbeat
        .placements
        .iter()
        .any(|report| report.state != PlacementState::Pending)
    {
        raptor.changed.notify_waiters();
    }
    let sleep = raptor.policies.evict(&heartbeat, &rows).await;
    let (key, ttl) = (raptor.key.derive(&heartbeat.cap), raptor.terms.lease_ttl);
    let placements = rows
        .into_iter()
        .map(|row| Order {
            lease: Lease::seal(
                &key,
                &row.id,
                &heartbeat.cap,
                row.epoch,
                heartbeat.sequence,
                ttl,
            ),
            id: row.id,
            epoch: row.epoch,
            slug: row.slug,
            bundle: row.bundle,
        })
        .collect();
    Ok(Json(Orders {
        placements,
        lease_ttl_ms: u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX),
        sleep,
    }))
}

async fn place(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Document(wish): Document<PlaceVoid>,
) -> Result<Json<PlacementOutcome>, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    raptor.place(&wish).await.map(Json).map_err(database)
}

/// The platform has stopped a void: its CAPs are woken, so that they learn it now.
async fn stop(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Path(slug): Path<String>,
) -> Result<StatusCode, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    raptor
        .wake_holders(&known(&slug)?)
        .await
        .map_err(database)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn route(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Path(slug): Path<String>,
) -> Result<Json<Route>, Refusal> {
    peer.require(Role::Cap).map_err(refuse)?;
    let found = raptor
        .database
        .route(&known(&slug)?)
        .await
        .map_err(database)?;
    found.map(Json).ok_or_else(|| not_found(&slug))
}

async fn policies(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
) -> Result<Json<PolicyList>, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    raptor.policies.list().await.map(Json).map_err(unfit)
}

async fn set_policy(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Path(slot): Path<PolicySlot>,
    Document(wish): Document<SetPolicy>,
) -> Result<Json<PolicyIdentity>, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    let set = raptor.policies.set(slot, &wish).await;
    set.map(Json).map_err(unfit)
}

async fn unset_policy(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Path(slot): Path<PolicySlot>,
) -> Result<StatusCode, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    raptor.policies.unset(slot).await.map_err(database)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(serde::Deserialize)]
struct HowMany {
    n: Option<u32>,
}

async fn decisions(
    State(raptor): State<Arc<Raptor>>,
    peer: Peer,
    Query(wish): Query<HowMany>,
) -> Result<Json<PolicyRecord>, Refusal> {
    peer.require(Role::Platform).map_err(refuse)?;
    let most = u32::try_from(DECISIONS_MAX).unwrap_or(u32::MAX);
    let count = wish.n.unwrap_or(most);
    let mut decisions = raptor
        .database
        .policy_decisions(count, true)
        .await
        .map_err(database)?;
    decisions.reverse();
    let mut evictions = raptor
        .database
        .policy_sleeps(count)
        .await
        .map_err(database)?;
    evictions.reverse();
    Ok(Json(PolicyRecord {
        decisions,
        evictions,
    }))
}

/// What cannot be loaded is the operator's to mend; the rest is raptor's.
fn unfit(error: SetError) -> Refusal {
    match error {
        SetError::Database(error) => database(error),
        SetError::Policy(error) => refuse((
            StatusCode::UNPROCESSABLE_ENTITY,
            Problem::new("bad-policy", chain(&error)),
        )),
        SetError::Blob(error) => refuse((
            StatusCode::UNPROCESSABLE_ENTITY,
            Problem::new(Problem::BLOBS_MISSING, chain(&error)),
        )),
        SetError::Lost(error) => {
            tracing::error!(%error, "a policy was lost");
            let problem = Problem::new("internal", "raptor failed; its log says why");
            refuse((StatusCode::INTERNAL_SERVER_ERROR, problem))
        }
    }
}

/// An error and its causes in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

fn known(slug: &str) -> Result<Slug, Refusal> {
    slug.parse().map_err(|_| not_found(slug))
}

fn not_found(slug: &str) -> Refusal {
    refuse((
        StatusCode::NOT_FOUND,
        Problem::new(Problem::NOT_FOUND, format!("no CAP has `{slug}`")),
    ))
}

fn refuse((status, problem): (StatusCode, Problem)) -> Refusal {
    (status, Json(problem))
}

fn database(error: DbError) -> Refusal {
    tracing::error!(%error, "the database");
    if error.is_unavailable() {
        let problem = Problem::new(
            Problem::DATABASE_UNAVAILABLE,
            "the fleet's database does not answer",
        );
        return (StatusCode::SERVICE_UNAVAILABLE, Json(problem));
    }
    (
        StatusCode::INTERNAL_SERVER_ERROR,
        Json(Problem::new("internal", "raptor failed; its log says why")),
    )
}
