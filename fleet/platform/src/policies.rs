//! What operators ask about policies. The platform checks who asks and keeps packages; raptor loads, swaps and records.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use fleet_api::{PolicyIdentity, PolicyList, PolicyRecord, PolicySlot, Problem, Role, SetPolicy};
use fleet_client::server::{Document, Peer};
use lly_brick::Digest;
use serde::Deserialize;

use crate::api::Shared;
use crate::refusal::Refusal;

/// A package of a policy is some tens of kilobytes; one in a large language brings its runtime.
const PACKAGE_BYTES_MAX: u64 = 8 << 20;

/// `GET /v1/policies`.
pub async fn list(State(platform): Shared, peer: Peer) -> Result<Json<PolicyList>, Refusal> {
    peer.require(Role::Operator)?;
    Ok(Json(platform.raptor.policies().list().await?))
}

/// `PUT /v1/policies/packages/{digest}`: keeps a package whose hash is its name.
pub async fn put_package(
    State(platform): Shared,
    peer: Peer,
    Path(digest): Path<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    peer.require(Role::Operator)?;
    let digest: Digest = digest.parse().map_err(|_| {
        let problem = Problem::new("bad-digest", format!("`{digest}` is not a digest"));
        Refusal::new(StatusCode::BAD_REQUEST, problem)
    })?;
    let bytes = body.into_data_stream();
    platform
        .blobs
        .put_stream(&digest, PACKAGE_BYTES_MAX, bytes)
        .await?;
    Ok(StatusCode::CREATED)
}

/// `PUT /v1/policies/{slot}`.
pub async fn set(
    State(platform): Shared,
    peer: Peer,
    Path(slot): Path<String>,
    Document(wish): Document<SetPolicy>,
) -> Result<Json<PolicyIdentity>, Refusal> {
    peer.require(Role::Operator)?;
    let slot = known(&slot)?;
    let identity = platform.raptor.policies().set(slot, &wish).await?;
    tracing::info!(slot = slot.as_str(), policy = identity.name, version = identity.version, digest = %identity.digest, "an operator has chosen a policy");
    Ok(Json(identity))
}

/// `DELETE /v1/policies/{slot}`: back to what raptor does by itself.
pub async fn unset(
    State(platform): Shared,
    peer: Peer,
    Path(slot): Path<String>,
) -> Result<StatusCode, Refusal> {
    peer.require(Role::Operator)?;
    platform.raptor.policies().unset(known(&slot)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many decisions are wished for.
#[derive(Debug, Deserialize)]
pub struct HowMany {
    n: Option<u32>,
}

/// `GET /v1/policies/decisions?n=N`.
pub async fn decisions(
    State(platform): Shared,
    peer: Peer,
    Query(wish): Query<HowMany>,
) -> Result<Json<PolicyRecord>, Refusal> {
    peer.require(Role::Operator)?;
    Ok(Json(platform.raptor.policies().decisions(wish.n).await?))
}

fn known(slot: &str) -> Result<PolicySlot, Refusal> {
    let found = PolicySlot::ALL.into_iter().find(|one| one.as_str() == slot);
    found.ok_or_else(|| Refusal::not_found(format!("place `{slot}` for a policy")))
}
