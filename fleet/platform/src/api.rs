//! The API: its routes, and who may use them. Users show a token, operators and services a certificate.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use fleet_api::{
    AccountCreated, AccountName, CapId, CapStatus, CreateAccount, DrainCap, Problem, Role, Token,
};
use fleet_client::blobs::BlobStore;
use fleet_client::cap::CapClient;
use fleet_client::raptor::RaptorClient;
use fleet_client::server::{Document, Peer};
use fleet_db::Database;

use crate::refusal::Refusal;
use crate::{bundles, policies, voids};

/// How long a token of a local account lasts. (Tokens of people who sign in in a browser last a day.)
const TOKEN_TTL: Duration = Duration::from_secs(365 * 24 * 3600);
/// The largest document that is not a blob.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;

/// What the platform works with.
#[derive(Debug)]
pub struct Platform {
    /// Who owns what.
    pub database: Database,
    /// Every blob.
    pub blobs: BlobStore,
    /// Places voids.
    pub raptor: RaptorClient,
    /// Have the logs.
    pub caps: CapClient,
    /// Where voids answer.
    pub app_domain: String,
    /// Where it is written who may sign bundles; none if unsigned ones are taken too.
    pub signers: Option<std::path::PathBuf>,
}

/// The handlers' state.
pub type Shared = State<Arc<Platform>>;

/// Every route.
pub fn router(platform: Arc<Platform>) -> Router {
    Router::new()
        .route("/v1/health", get(health))
        .route("/v1/bundles", post(bundles::announce))
        .route("/v1/blobs/{digest}", put(bundles::put_blob))
        .route("/v1/voids", get(voids::list).post(voids::deploy))
        .route("/v1/voids/{slug}", get(voids::show).delete(voids::kill))
        .route("/v1/voids/{slug}/rollback", post(voids::rollback))
        .route("/v1/voids/{slug}/logs", get(voids::logs))
        .route("/v1/accounts", post(create_account))
        .route("/v1/caps", get(caps))
        .route("/v1/caps/{cap}/draining", put(drain))
        .route("/v1/policies", get(policies::list))
        .route("/v1/policies/decisions", get(policies::decisions))
        .route("/v1/policies/packages/{digest}", put(policies::put_package))
        .route(
            "/v1/policies/{slot}",
            put(policies::set).delete(policies::unset),
        )
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX))
        .fallback(nothing)
        .with_state(platform)
}

/// The account whose token came with the request.
#[derive(Debug)]
pub struct User(pub AccountName);

impl FromRequestParts<Arc<Platform>> for User {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        platform: &Arc<Platform>,
    ) -> Result<Self, Refusal> {
        let header = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(Token::presented);
        let account = match token {
            Some(token) => platform.database.account_of(token.hash()).await?,
            None => None,
        };
        account.map(User).ok_or_else(|| {
            let problem = Problem::new(
                Problem::UNAUTHORIZED,
                "the token is missing, unknown or has run out",
            );
            Refusal::new(StatusCode::UNAUTHORIZED, problem.hint("sign in again"))
        })
    }
}

async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "status": "ok" }))
}

async fn nothing() -> Refusal {
    Refusal::not_found("such place in this API")
}

async fn create_account(
    State(platform): Shared,
    peer: Peer,
    Document(wish): Document<CreateAccount>,
) -> Result<Json<AccountCreated>, Refusal> {
    peer.require(Role::Operator)?;
    let token = Token::from_random(rand::random());
    platform
        .database
        .add_token(&wish.name, token.hash(), TOKEN_TTL)
        .await?;
    tracing::info!(account = %wish.name, "an account got a token");
    Ok(Json(AccountCreated {
        account: wish.name,
        token,
    }))
}

async fn caps(State(platform): Shared, peer: Peer) -> Result<Json<Vec<CapStatus>>, Refusal> {
    peer.require(Role::Operator)?;
    Ok(Json(platform.database.caps().await?))
}

async fn drain(
    State(platform): Shared,
    peer: Peer,
    Path(cap): Path<String>,
    Document(wish): Document<DrainCap>,
) -> Result<StatusCode, Refusal> {
    peer.require(Role::Operator)?;
    let missing = || Refusal::not_found(format!("CAP `{cap}`"));
    let id: CapId = cap.parse().map_err(|_| missing())?;
    if !platform.database.set_draining(&id, wish.draining).await? {
        return Err(missing());
    }
    tracing::info!(cap = %id, draining = wish.draining, "an operator has said so");
    Ok(StatusCode::NO_CONTENT)
}
