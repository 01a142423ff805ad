//! What services ask of raptor. Every caller has shown a certificate; what it may do depends on its role.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use fleet_api::{
    Heartbeat, Lease, Order, Orders, PlaceVoid, PlacementOutcome, PlacementState, Problem, Role,
    Route, Slug,
};
use fleet_client::server::{Document, Peer};
use fleet_db::DbError;

use crate::place::Raptor;

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
