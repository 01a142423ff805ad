//! The part of OCI Distribution that plugins need: blobs, manifests, referrers.

use crate::http::{Http, HttpError};
use lly_brick::Digest;
use registry_index::{OCI_MANIFEST, SIGNATURE_ARTIFACT};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

/// OCI's own bound.
const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// More signatures of one version are not looked at.
const REFERRERS_MAX: usize = 32;

/// Why something was not pushed or pulled.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// The call failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// What came has another digest.
    #[error("the registry sent other bytes than {expected}: they have {found}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// An answer without what the specification demands.
    #[error("the registry's answer makes no sense: {0}")]
    Answer(String),
}

#[derive(Deserialize)]
struct Referrers {
    manifests: Vec<Referrer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referrer {
    digest: Digest,
    #[serde(default)]
    artifact_type: Option<String>,
}

/// Fetches a blob and checks it.
pub(crate) async fn blob(
    http: &Http,
    repository: &str,
    digest: &Digest,
    size: u64,
) -> Result<Vec<u8>, OciError> {
    let max = usize::try_from(size).unwrap_or(usize::MAX);
    let bytes = http
        .get(&format!("/v2/{repository}/blobs/{digest}"), max)
        .await?;
    checked(bytes, digest)
}

/// Fetches a manifest by its digest and checks it.
pub(crate) async fn manifest(
    http: &Http,
    repository: &str,
    digest: &Digest,
) -> Result<Vec<u8>, OciError> {
    let place = format!("/v2/{repository}/manifests/{digest}");
    checked(http.get(&place, MANIFEST_BYTES_MAX).await?, digest)
}

/// The digests of the signatures' manifests that hang on a manifest.
pub(crate) async fn signatures(
    http: &Http,
    repository: &str,
    digest: &Digest,
) -> Result<Vec<Digest>, OciError> {
    let kind = SIGNATURE_ARTIFACT.replace('+', "%2B");
    let place = format!("/v2/{repository}/referrers/{digest}?artifactType={kind}");
    let bytes = http.get(&place, MANIFEST_BYTES_MAX).await?;
    let referrers: Referrers =
        serde_json::from_slice(&bytes).map_err(|error| OciError::Answer(error.to_string()))?;
    let signatures = referrers.manifests.into_iter().filter(|one| {
        // The filter is the registry's choice, so it is made here again.
        one.artifact_type
            .as_deref()
            .is_none_or(|kind| kind == SIGNATURE_ARTIFACT)
    });
    Ok(signatures
        .map(|one| one.digest)
        .take(REFERRERS_MAX)
        .collect())
}

/// Sends a blob, unless the registry has it.
pub(crate) async fn push_blob(http: &Http, repository: &str, bytes: &[u8]) -> Result<(), OciError> {
    let digest = Digest::of(bytes);
    let known = http.request(Method::HEAD, &format!("/v2/{repository}/blobs/{digest}"));
    match http.send(known).await {
        Ok(_) => return Ok(()),
        Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {}
        Err(error) => return Err(error.into()),
    }
    let begin = http.request(Method::POST, &format!("/v2/{repository}/blobs/uploads/"));
    let begun = http.send(begin).await?;
    let location = begun
        .headers()
        .get(LOCATION)
        .and_then(|place| place.to_str().ok());
    let location =
        location.ok_or_else(|| OciError::Answer("no Location for an upload".to_owned()))?;
    let separator = if location.contains('?') { '&' } else { '?' };
    let place = format!("{location}{separator}digest={digest}");
    let put = http
        .request(Method::PUT, &place)
        .header(CONTENT_TYPE, "application/octet-stream")
        .body(bytes.to_vec());
    http.send(put).await?;
    Ok(())
}

/// Sends a manifest under a tag or its own digest.
pub(crate) async fn push_manifest(
    http: &Http,
    repository: &str,
    reference: &str,
    manifest: &[u8],
) -> Result<(), OciError> {
    let put = http
        .request(
            Method::PUT,
            &format!("/v2/{repository}/manifests/{reference}"),
        )
        .header(CONTENT_TYPE, OCI_MANIFEST)
        .body(manifest.to_vec());
    http.send(put).await?;
    Ok(())
}

fn checked(bytes: Vec<u8>, digest: &Digest) -> Result<Vec<u8>, OciError> {
    match Digest::of(&bytes) {
        found if found == *digest => Ok(bytes),
        found => Err(OciError::Digest {
            expected: *digest,
            found,
        }),
    }
}
