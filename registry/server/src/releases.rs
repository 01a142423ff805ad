//! Releases of `lly` itself, and the script that installs one. A release is an OCI artifact in the repository
//! [`REPOSITORY`] under its version: each layer is a file, named by the annotation that every OCI tool writes. Two of the
//! files are `SHA256SUMS` and `SHA256SUMS.sig`, the publisher's signature over it, as `cosign sign-blob` makes it.
//!
//! The publisher's public key is not in the registry but given by whoever runs it: an account that may push cannot put
//! another key in the script. Which release is the newest is signed with that key, too, and not with the registry's own.

use axum::Router;
use axum::extract::{self, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use lly_brick::Digest;
use registry_client::{PublicKey, release};
use registry_index::NewestRelease;
use semver::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api::{Call, Query, Registry};
use crate::blobs;
use crate::names::Repository;
use crate::refusal::Refusal;

/// Where releases are.
pub const REPOSITORY: &str = "releases/lly";
/// The file with the publisher's public key, in RC's data folder.
pub const KEY_FILE: &str = "release.pub";

/// The annotation that names a file.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The file with what the publisher says is the newest release, in RC's data folder.
pub const NEWEST_FILE: &str = "release.newest";
const UNKNOWN: &str = "RELEASE_UNKNOWN";
const SCRIPT: &str = include_str!("install.sh");

/// What the script is made with.
#[derive(Clone, Debug)]
pub struct Releases {
    /// Where the publisher's key is; without it there is no script.
    pub data: PathBuf,
    /// Whether this registry is reached over TLS.
    pub secure: bool,
}

/// Why the publisher's key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseKeyError {
    /// The file cannot be read.
    #[error("cannot read the release key")]
    Io(#[from] std::io::Error),
    /// It is not a public key.
    #[error("`{KEY_FILE}` is not a public P-256 key in PEM: {0}")]
    Key(String),
}

/// The key that whoever runs this registry has put into its data folder.
pub fn pinned(data: &Path) -> Result<Option<PublicKey>, ReleaseKeyError> {
    let pem = match std::fs::read_to_string(data.join(KEY_FILE)) {
        Ok(pem) => pem,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let key = PublicKey::from_pem(&pem);
    key.map(Some)
        .map_err(|error| ReleaseKeyError::Key(error.to_string()))
}

/// What the publisher has signed as the newest release; nothing if there is none that the pinned key signed.
pub fn signed_newest(
    data: &Path,
    key: &PublicKey,
) -> Result<Option<(NewestRelease, Vec<u8>)>, ReleaseKeyError> {
    let bytes = match std::fs::read(data.join(NEWEST_FILE)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let newest = release::check_newest(&bytes, key).ok();
    Ok(newest.map(|newest| (newest, bytes)))
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Layer {
    digest: Digest,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// The routes.
pub fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/install.sh", get(script))
        .route("/releases/latest", get(latest))
        .route("/releases/{version}/{file}", get(file))
        .with_state(registry)
}

/// `GET /install.sh`.
async fn script(
    State(registry): State<Arc<Registry>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // Read each time: `rc release` puts it there while this runs.
    let pinned = pinned(&registry.releases.data).map_err(|error| Refusal::internal(&error))?;
    let Some(key) = pinned else {
        return Err(Refusal::missing(
            UNKNOWN,
            "release of lly here: whoever runs this registry has pinned no key with `rc release`",
        ));
    };
    let origin = origin(&registry, &uri, &headers).ok_or_else(|| {
        Refusal::bad("HOST_INVALID", "the request names no host of this registry")
    })?;
    let script = SCRIPT
        .replace("@RC@", &origin)
        .replace("@KEY@", key.pem().trim_end());
    let headers = [
        (header::CONTENT_TYPE, "text/x-shellscript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, script).into_response())
}

/// The URL that this registry was asked at.
pub(crate) fn origin(registry: &Registry, uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let scheme = match registry.releases.secure {
        true => "https",
        false => "http",
    };
    Some(format!("{scheme}://{}", host(uri, headers)?))
}

/// Whom the request was for, if that can stand in a shell script: letters, digits and what separates them.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let authority = uri.authority().map(|authority| authority.as_str());
    let header = || {
        headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok())
    };
    let host = authority.or_else(header)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    (!host.is_empty() && host.len() <= 300 && host.bytes().all(plain)).then(|| host.to_owned())
}

/// The newest version and its files, if whoever runs this registry has pinned a key.
pub(crate) async fn newest(registry: &Registry) -> Result<Option<(Version, Vec<String>)>, Refusal> {
    let Some((newest, _)) = said(registry)? else {
        return Ok(None);
    };
    let manifest = manifest(registry, &newest.version).await?;
    let files = manifest.into_iter().flat_map(|manifest| manifest.layers);
    let files = files.filter_map(|layer| layer.annotations.get(TITLE).cloned());
    Ok(Some((newest.version, files.collect())))
}

/// What the publisher says, whose key is pinned.
fn said(registry: &Registry) -> Result<Option<(NewestRelease, Vec<u8>)>, Refusal> {
    let data = &registry.releases.data;
    let said = pinned(data).and_then(|key| match key {
        Some(key) => signed_newest(data, &key),
        None => Ok(None),
    });
    said.map_err(|error| Refusal::internal(&error))
}

async fn manifest(registry: &Registry, version: &Version) -> Result<Option<Manifest>, Refusal> {
    let row = registry
        .database
        .tagged_manifest(REPOSITORY, &version.to_string())
        .await?;
    Ok(row.and_then(|row| serde_json::from_slice(&row.body).ok()))
}

/// `GET /releases/latest`: the newest version, in a DSSE envelope that the publisher signed.
async fn latest(State(registry): State<Arc<Registry>>) -> Result<Response, Refusal> {
    let (_, signed) =
        said(&registry)?.ok_or_else(|| Refusal::missing(UNKNOWN, "release of lly here"))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, signed).into_response())
}

/// `GET /releases/VERSION/FILE`.
async fn file(
    State(registry): State<Arc<Registry>>,
    extract::Path((version, file)): extract::Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let missing = || Refusal::missing(UNKNOWN, "such file in a release of lly");
    let version: Version = version.parse().map_err(|_| missing())?;
    let manifest = manifest(&registry, &version).await?.ok_or_else(missing)?;
    let titled = |layer: &&Layer| layer.annotations.get(TITLE) == Some(&file);
    let layer = manifest.layers.iter().find(titled).ok_or_else(missing)?;
    let repository: Repository = REPOSITORY
        .parse()
        .map_err(|error: String| Refusal::bad("NAME_INVALID", error))?;
    let call = Call {
        registry: &registry,
        repository: &repository,
        query: &Query::default(),
        headers: &headers,
    };
    blobs::show(call, &layer.digest, method == Method::HEAD).await
}
