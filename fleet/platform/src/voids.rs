//! Voids: deploy, list, log, roll back, stop. What belongs to another account does not exist here.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fleet_api::{
    DeployVoid, PlaceVoid, PlacementOutcome, Problem, Purpose, Slug, Void, VoidList, VoidStatus,
};
use fleet_client::server::Document;
use fleet_db::Claim;
use lly_brick::Digest;
use serde::Deserialize;

use crate::api::{Platform, Shared, User};
use crate::bundles;
use crate::refusal::Refusal;
use crate::signatures;

/// Voids of one account.
const VOIDS_MAX: i64 = 100;
/// How long the slug of a stopped void stays its owner's.
const SLUG_HOLD: Duration = Duration::from_secs(7 * 24 * 3600);
/// Generated slugs tried before giving up; each try adds a digit.
const SLUG_TRIES: u32 = 8;
/// Lines of a log when nobody says how many.
const LOG_LINES_DEFAULT: u32 = 100;

/// `GET /v1/voids`.
pub async fn list(State(platform): Shared, User(account): User) -> Result<Json<VoidList>, Refusal> {
    Ok(Json(VoidList {
        voids: platform
            .database
            .voids(&account, &platform.app_domain)
            .await?,
    }))
}

/// `GET /v1/voids/{slug}`.
pub async fn show(
    State(platform): Shared,
    user: User,
    Path(slug): Path<String>,
) -> Result<Json<Void>, Refusal> {
    own(&platform, &user, &slug).await.map(Json)
}

/// `POST /v1/voids`: answers when the void does.
pub async fn deploy(
    State(platform): Shared,
    user: User,
    Document(wish): Document<DeployVoid>,
) -> Result<Json<Void>, Refusal> {
    let manifest = bundles::require(&platform, &wish.bundle).await?;
    signatures::require(&platform, &manifest, wish.signature.as_deref())?;
    let (slug, claim) = match wish.slug {
        Some(slug) => chosen(&platform, &user, slug, &wish.bundle).await?,
        None => (generated(&platform, &user, &wish.bundle).await?, Claim::New),
    };
    let place = PlaceVoid {
        slug,
        bundle: wish.bundle,
        region: wish.region,
        purpose: Purpose::Deploy,
    };
    to_the_end(finish_deploy(platform, user, place, claim))
        .await
        .map(Json)
}

async fn finish_deploy(
    platform: Arc<Platform>,
    user: User,
    wish: PlaceVoid,
    claim: Claim,
) -> Result<Void, Refusal> {
    if let Err(refusal) = place(&platform, &wish).await {
        if claim == Claim::New {
            // What never lived leaves nothing behind, its slug neither.
            platform.database.abandon(&wish.slug).await?;
        }
        return Err(refusal);
    }
    tracing::info!(slug = %wish.slug, bundle = %wish.bundle, account = %user.0, "deployed");
    own(&platform, &user, wish.slug.as_str()).await
}

/// `POST /v1/voids/{slug}/rollback`.
pub async fn rollback(
    State(platform): Shared,
    user: User,
    Path(slug): Path<String>,
) -> Result<Json<Void>, Refusal> {
    let void = own(&platform, &user, &slug).await?;
    let previous = platform
        .database
        .previous_release(&void.slug)
        .await?
        .ok_or_else(|| {
            let message =
                format!("`{slug}` has had one version only: there is nothing to go back to");
            Refusal::new(
                StatusCode::CONFLICT,
                Problem::new("nothing-to-roll-back", message),
            )
        })?;
    let wish = PlaceVoid {
        slug: void.slug,
        bundle: previous,
        region: None,
        purpose: Purpose::Rollback,
    };
    to_the_end(async move {
        place(&platform, &wish).await?;
        tracing::info!(slug = %wish.slug, bundle = %wish.bundle, "rolled back");
        own(&platform, &user, wish.slug.as_str()).await
    })
    .await
    .map(Json)
}

/// Does the work even if the user goes away meanwhile.
async fn to_the_end(
    work: impl Future<Output = Result<Void, Refusal>> + Send + 'static,
) -> Result<Void, Refusal> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a deploy was lost");
        Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Problem::new("internal", "the platform failed; its log says why"),
        ))
    })
}

/// `DELETE /v1/voids/{slug}`.
pub async fn kill(
    State(platform): Shared,
    user: User,
    Path(slug): Path<String>,
) -> Result<Json<Void>, Refusal> {
    let void = own(&platform, &user, &slug).await?;
    if void.status != VoidStatus::Stopped {
        platform
            .database
            .kill(&user.0, &void.slug, SLUG_HOLD)
            .await?;
        // A raptor that is away tells the CAP later: the order to stop is what the database says.
        if let Err(error) = platform.raptor.stop(&void.slug).await {
            tracing::warn!(%slug, %error, "raptor was not told; the CAP stops at its next heartbeat");
        }
        tracing::info!(%slug, account = %user.0, "killed");
    }
    own(&platform, &user, &slug).await.map(Json)
}

/// What a reader of logs asks for.
#[derive(Debug, Deserialize)]
pub struct LogWish {
    n: Option<u32>,
    #[serde(default)]
    follow: bool,
}

/// `GET /v1/voids/{slug}/logs`: NDJSON, handed on from the CAP as it comes.
pub async fn logs(
    State(platform): Shared,
    user: User,
    Path(slug): Path<String>,
    wish: Result<Query<LogWish>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(wish) = wish.map_err(|error| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            Problem::new("bad-query", error.body_text()),
        )
    })?;
    let void = own(&platform, &user, &slug).await?;
    let source = platform
        .database
        .log_source(&user.0, &void.slug)
        .await?
        .ok_or_else(|| {
            let reason = void
                .reason
                .map(|reason| format!(" ({reason})"))
                .unwrap_or_default();
            Refusal::new(
                StatusCode::CONFLICT,
                Problem::new(
                    "not-running",
                    format!("`{slug}` does not run{reason}: no CAP has its log"),
                ),
            )
        })?;
    let lines = wish.n.unwrap_or(LOG_LINES_DEFAULT);
    let answer = platform
        .caps
        .logs(&source.control_url, &void.slug, lines, wish.follow)
        .await?;
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((headers, Body::from_stream(answer.bytes_stream())).into_response())
}

/// A void of the user; a slug that is none, unknown or somebody else's is simply not there.
async fn own(platform: &Platform, user: &User, slug: &str) -> Result<Void, Refusal> {
    let missing = || Refusal::not_found(format!("void `{slug}` of yours"));
    let slug: Slug = slug.parse().map_err(|_| missing())?;
    platform
        .database
        .void(&user.0, &slug, &platform.app_domain)
        .await?
        .ok_or_else(missing)
}

async fn chosen(
    platform: &Platform,
    user: &User,
    slug: Slug,
    bundle: &Digest,
) -> Result<(Slug, Claim), Refusal> {
    match platform
        .database
        .claim(&user.0, &slug, bundle, VOIDS_MAX)
        .await?
    {
        claim @ (Claim::New | Claim::Own) => Ok((slug, claim)),
        Claim::Taken => Err(Refusal::new(
            StatusCode::CONFLICT,
            Problem::new(Problem::SLUG_TAKEN, format!("the slug `{slug}` is taken"))
                .hint("choose another, or none"),
        )),
        Claim::TooMany => Err(too_many()),
    }
}

async fn generated(platform: &Platform, user: &User, bundle: &Digest) -> Result<Slug, Refusal> {
    for attempt in 0..SLUG_TRIES {
        let slug = Slug::pronounceable(rand::random(), attempt);
        match platform
            .database
            .claim(&user.0, &slug, bundle, VOIDS_MAX)
            .await?
        {
            Claim::New => return Ok(slug),
            Claim::Own | Claim::Taken => {}
            Claim::TooMany => return Err(too_many()),
        }
    }
    Err(Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Problem::new("no-slug", "no free slug was found").hint("choose one with --slug"),
    ))
}

fn too_many() -> Refusal {
    let problem = Problem::new(
        "quota-exceeded",
        format!("an account may have {VOIDS_MAX} voids"),
    );
    Refusal::new(
        StatusCode::FORBIDDEN,
        problem.hint("kill one that you do not need"),
    )
}

async fn place(platform: &Platform, place: &PlaceVoid) -> Result<(), Refusal> {
    match platform.raptor.place(place).await? {
        PlacementOutcome::Live { .. } => Ok(()),
        PlacementOutcome::Failed { reason, trap, .. } => {
            let message = match trap {
                Some(trap) => format!("`{}` crashed at start: {reason}\n{trap}", place.slug),
                None => format!("`{}` could not be started: {reason}", place.slug),
            };
            Err(Refusal::new(
                StatusCode::FAILED_DEPENDENCY,
                Problem::new(Problem::CRASHED, message),
            ))
        }
        PlacementOutcome::NoCap { reason } => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            Problem::new(
                Problem::NO_CAP,
                format!("no CAP could take the void: {reason}"),
            )
            .hint("`lly fleet status` says which CAPs there are"),
        )),
    }
}
