//! Uploads: the manifest first, then only the blobs that are not there.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fleet_api::{BundleMissing, Problem};
use lly_brick::{Digest, Manifest};

use crate::api::{DOCUMENT_BYTES_MAX, Platform, Shared, User};
use crate::refusal::Refusal;

/// The largest module or asset. A module of this size takes minutes to compile.
pub const BLOB_BYTES_MAX: u64 = 256 << 20;
/// Everything in one bundle together.
const BUNDLE_BYTES_MAX: u64 = 1 << 30;

/// `POST /v1/bundles`: takes a canonical manifest, answers what is missing.
pub async fn announce(
    State(platform): Shared,
    User(_): User,
    body: Bytes,
) -> Result<Json<BundleMissing>, Refusal> {
    let bad = |message: String| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            Problem::new("bad-manifest", message),
        )
    };
    let manifest = Manifest::parse(&body)
        .map_err(|error| bad(format!("the manifest cannot be used: {error}")))?;
    if manifest.canonical() != body {
        return Err(bad("the manifest is not in its canonical form".to_owned()));
    }
    let blobs = manifest.blobs();
    let total = blobs
        .iter()
        .fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
    let largest = blobs
        .iter()
        .map(|(_, size)| *size)
        .max()
        .unwrap_or_default();
    if total > BUNDLE_BYTES_MAX || largest > BLOB_BYTES_MAX {
        let message = format!(
            "the bundle has {total} bytes, its largest file {largest}; a fleet takes {BUNDLE_BYTES_MAX} and {BLOB_BYTES_MAX}"
        );
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Problem::new("quota-exceeded", message),
        ));
    }
    let bundle = manifest.digest();
    platform.blobs.put(&bundle, body).await?;
    Ok(Json(BundleMissing {
        bundle,
        missing: missing(&platform, &manifest).await?,
    }))
}

/// `PUT /v1/blobs/{digest}`: keeps a blob whose hash is its name.
pub async fn put_blob(
    State(platform): Shared,
    User(_): User,
    Path(digest): Path<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let digest: Digest = digest.parse().map_err(|_| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            Problem::new("bad-digest", format!("`{digest}` is not a digest")),
        )
    })?;
    platform
        .blobs
        .put_stream(&digest, BLOB_BYTES_MAX, body.into_data_stream())
        .await?;
    Ok(StatusCode::CREATED)
}

/// The blobs of a bundle that the store lacks, each once.
pub async fn missing(platform: &Platform, manifest: &Manifest) -> Result<Vec<Digest>, Refusal> {
    let mut missing = Vec::new();
    for (digest, size) in manifest.blobs() {
        if platform.blobs.size(&digest).await? != Some(size) && !missing.contains(&digest) {
            missing.push(digest);
        }
    }
    Ok(missing)
}

/// Insists that a bundle is here, whole.
pub async fn require(platform: &Platform, bundle: &Digest) -> Result<Manifest, Refusal> {
    let bytes = platform
        .blobs
        .get(bundle, DOCUMENT_BYTES_MAX as u64)
        .await?;
    let manifest = Manifest::parse(&bytes).map_err(|error| {
        let message = format!("`{bundle}` is not a manifest: {error}");
        Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            Problem::new("bad-manifest", message),
        )
    })?;
    let missing = missing(platform, &manifest).await?;
    match missing.first() {
        None => Ok(manifest),
        Some(first) => {
            let message = format!(
                "{} blobs of the bundle are missing, `{first}` among them",
                missing.len()
            );
            Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Problem::new(Problem::BLOBS_MISSING, message),
            ))
        }
    }
}
