//! Manifests, tags and referrers over HTTP. A manifest is kept byte for byte; what it refers to must be there first.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fleet_db::{ManifestRow, Put, TagRule};
use lly_brick::Digest;
use registry_index::PLUGIN_ARTIFACT;
use serde::Deserialize;

use crate::api::{Call, value};
use crate::blobs::CONTENT_DIGEST;
use crate::names::Reference;
use crate::refusal::Refusal;
use crate::{components, plugins, releases};

/// The largest manifest (what OCI asks registries to take at least).
pub const MANIFEST_BYTES_MAX: usize = 4 << 20;
/// What one manifest may refer to: each costs a look-up.
const REFERENCES_MAX: usize = 1000;
/// Tags in one answer.
const TAGS_MAX: u32 = 1000;
/// Referrers in one answer. A plugin's version has a signature or two.
const REFERRERS_MAX: u32 = 1000;
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const KNOWN: [&str; 4] = [
    "application/vnd.oci.image.manifest.v1+json",
    INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    subject: Option<Descriptor>,
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    urls: Vec<String>,
}

/// `GET` and `HEAD /v2/NAME/manifests/REFERENCE`.
pub async fn show(call: Call<'_>, reference: &Reference) -> Result<Response, Refusal> {
    let row = find(call, reference).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, value(&row.media_type));
    headers.insert(CONTENT_DIGEST, value(&row.digest.to_string()));
    headers.insert(header::ETAG, value(&format!("\"{}\"", row.digest)));
    Ok((headers, row.body).into_response())
}

async fn find(call: Call<'_>, reference: &Reference) -> Result<ManifestRow, Refusal> {
    let (database, name) = (&call.registry.database, call.repository.as_str());
    let found = match reference {
        Reference::Digest(digest) => database.manifest(name, digest).await?,
        Reference::Tag(tag) => database.tagged_manifest(name, tag).await?,
    };
    found.ok_or_else(|| Refusal::missing("MANIFEST_UNKNOWN", format!("such manifest in `{name}`")))
}

/// `PUT /v2/NAME/manifests/REFERENCE`.
pub async fn put(call: Call<'_>, reference: Reference, body: Body) -> Result<Response, Refusal> {
    let bytes = axum::body::to_bytes(body, MANIFEST_BYTES_MAX)
        .await
        .map_err(|_| {
            let message =
                format!("the manifest broke off or has more than {MANIFEST_BYTES_MAX} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", message)
        })?;
    let invalid = |message: String| Refusal::bad("MANIFEST_INVALID", message);
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| invalid(format!("the manifest cannot be read: {error}")))?;
    let media_type = media_type(call.headers, &manifest)?;
    let digest = Digest::of(&bytes);
    if let Reference::Digest(wanted) = reference
        && wanted != digest
    {
        let message = format!("the manifest's digest is `{digest}`, not `{wanted}`");
        return Err(Refusal::bad("DIGEST_INVALID", message));
    }
    require_references(call, &manifest).await?;
    let plugin = match (&reference, manifest.artifact_type.as_deref()) {
        (Reference::Tag(tag), Some(PLUGIN_ARTIFACT)) if call.repository.is_plugin() => {
            Some(plugins::check(call, &bytes, tag).await?)
        }
        _ => None,
    };
    let subject = manifest
        .subject
        .as_ref()
        .map(|subject| parsed(&subject.digest))
        .transpose()?;
    let config_type = manifest
        .config
        .as_ref()
        .map(|config| config.media_type.clone());
    let row = ManifestRow {
        digest,
        media_type,
        artifact_type: manifest
            .artifact_type
            .or(config_type)
            .filter(|kind| !kind.is_empty()),
        subject,
        annotations: manifest
            .annotations
            .map(|annotations| serde_json::json!(annotations).to_string()),
        body: bytes.into(),
    };
    let tag = match &reference {
        Reference::Tag(tag) => Some((tag.as_str(), rule(call, tag))),
        Reference::Digest(_) => None,
    };
    let database = &call.registry.database;
    match database
        .put_manifest(call.repository.as_str(), &row, tag)
        .await?
    {
        Put::Kept => {}
        Put::TagTaken => {
            let tag = tag.map(|(tag, _)| tag).unwrap_or_default();
            let message = format!(
                "`{}` has a version {tag} already; a published version never changes: publish the next one",
                call.repository
            );
            return Err(Refusal::new(StatusCode::CONFLICT, "DENIED", message));
        }
    }
    // If we die in between, the version is there and not in the index; putting it again mends that.
    if let Some(plugin) = &plugin {
        plugins::enter(call, plugin, digest).await?;
        components::offer(call.registry, &plugin.name, &plugin.version).await?;
    }
    tracing::info!(repository = %call.repository, %digest, tag = tag.map(|(tag, _)| tag), "a manifest");
    let mut headers = HeaderMap::new();
    let location = format!("/v2/{}/manifests/{digest}", call.repository);
    headers.insert(header::LOCATION, value(&location));
    headers.insert(CONTENT_DIGEST, value(&digest.to_string()));
    if let Some(subject) = subject {
        headers.insert("oci-subject", value(&subject.to_string()));
    }
    Ok((StatusCode::CREATED, headers).into_response())
}

/// The versions of plugins are for good; every other tag moves.
fn rule(call: Call<'_>, tag: &str) -> TagRule {
    let released = call.repository.is_plugin() || call.repository.as_str() == releases::REPOSITORY;
    match released && semver::Version::parse(tag).is_ok() {
        true => TagRule::Stays,
        false => TagRule::Moves,
    }
}

/// What the header says, which must be what the manifest says of itself.
fn media_type(headers: &HeaderMap, manifest: &Manifest) -> Result<String, Refusal> {
    let said = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let kind = match (said, manifest.media_type.as_deref()) {
        (Some(said), Some(own)) if said != own => {
            let message = format!("the manifest is sent as `{said}` and says that it is `{own}`");
            return Err(Refusal::bad("MANIFEST_INVALID", message));
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => KNOWN[0],
    };
    if KNOWN.contains(&kind) {
        return Ok(kind.to_owned());
    }
    let message = format!("`{kind}` is no kind of manifest that this registry keeps");
    Err(Refusal::bad("MANIFEST_INVALID", message))
}

/// Everything that a manifest is made of must be in the repository, with the size that it says. (A subject need not.)
async fn require_references(call: Call<'_>, manifest: &Manifest) -> Result<(), Refusal> {
    let (database, name) = (&call.registry.database, call.repository.as_str());
    let count = manifest.layers.len() + manifest.manifests.len();
    if count > REFERENCES_MAX {
        let message = format!("it refers to {count} things, more than {REFERENCES_MAX}");
        return Err(Refusal::bad("MANIFEST_INVALID", message));
    }
    let blobs = manifest.config.iter().chain(&manifest.layers);
    for descriptor in blobs.filter(|descriptor| descriptor.urls.is_empty()) {
        let digest = parsed(&descriptor.digest)?;
        match database.linked_blob(name, &digest).await? {
            Some(size) if size == descriptor.size => {}
            Some(size) => {
                let message = format!(
                    "the blob `{digest}` has {size} bytes, not {}",
                    descriptor.size
                );
                return Err(Refusal::bad("SIZE_INVALID", message));
            }
            None => {
                let message = format!("the blob `{digest}` is not in `{name}`: push it first");
                return Err(Refusal::bad("MANIFEST_BLOB_UNKNOWN", message));
            }
        }
    }
    for descriptor in &manifest.manifests {
        let digest = parsed(&descriptor.digest)?;
        if database.manifest(name, &digest).await?.is_none() {
            let message = format!("the manifest `{digest}` is not in `{name}`: push it first");
            return Err(Refusal::bad("MANIFEST_BLOB_UNKNOWN", message));
        }
    }
    Ok(())
}

fn parsed(digest: &str) -> Result<Digest, Refusal> {
    digest
        .parse()
        .map_err(|error: lly_brick::DigestParseError| {
            Refusal::bad("DIGEST_INVALID", error.to_string())
        })
}

/// `DELETE /v2/NAME/manifests/REFERENCE`. Under `plugins/` nothing that was published goes away: it is yanked.
pub async fn delete(call: Call<'_>, reference: &Reference) -> Result<Response, Refusal> {
    if call.repository.is_plugin() {
        let message = "what is published under `plugins/` is not deleted: yank the version instead";
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            message,
        ));
    }
    let (database, name) = (&call.registry.database, call.repository.as_str());
    let gone = match reference {
        Reference::Digest(digest) => database.delete_manifest(name, digest).await?,
        Reference::Tag(tag) => database.delete_tag(name, tag).await?,
    };
    match gone {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(Refusal::missing(
            "MANIFEST_UNKNOWN",
            format!("such manifest in `{name}`"),
        )),
    }
}

/// `GET /v2/NAME/tags/list?n=&last=`.
pub async fn tags(call: Call<'_>) -> Result<Response, Refusal> {
    let (name, query) = (call.repository.as_str(), call.query);
    let wanted = match query.get("n").map(str::parse::<u32>) {
        None => TAGS_MAX,
        Some(Ok(wanted)) => wanted.min(TAGS_MAX),
        Some(Err(_)) => {
            return Err(Refusal::bad(
                "PAGINATION_NUMBER_INVALID",
                "`n` is not a number",
            ));
        }
    };
    let last = query.get("last").unwrap_or_default();
    let mut tags = call
        .registry
        .database
        .tags(name, last, wanted + 1)
        .await?
        .ok_or_else(|| Refusal::missing("NAME_UNKNOWN", format!("repository `{name}`")))?;
    let more = tags.len() > wanted as usize;
    tags.truncate(wanted as usize);
    let mut headers = HeaderMap::new();
    if let (true, Some(last)) = (more, tags.last()) {
        let link = format!("</v2/{name}/tags/list?n={wanted}&last={last}>; rel=\"next\"");
        headers.insert(header::LINK, value(&link));
    }
    let list = serde_json::json!({ "name": name, "tags": tags });
    Ok((headers, axum::Json(list)).into_response())
}

/// `GET /v2/NAME/referrers/DIGEST?artifactType=`: an image index, empty if nothing is about the digest.
pub async fn referrers(call: Call<'_>, digest: &Digest) -> Result<Response, Refusal> {
    let kind = call.query.get("artifactType");
    let found = call
        .registry
        .database
        .referrers(call.repository.as_str(), digest, kind, REFERRERS_MAX)
        .await?;
    let manifests: Vec<_> = found.iter().map(descriptor).collect();
    let index =
        serde_json::json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, value(INDEX));
    if kind.is_some() {
        headers.insert("oci-filters-applied", value("artifactType"));
    }
    Ok((headers, index.to_string()).into_response())
}

fn descriptor(row: &ManifestRow) -> serde_json::Value {
    let mut descriptor = serde_json::json!({
        "mediaType": row.media_type,
        "digest": row.digest,
        "size": row.body.len(),
    });
    if let Some(kind) = &row.artifact_type {
        descriptor["artifactType"] = kind.as_str().into();
    }
    let annotations = row.annotations.as_deref().map(serde_json::from_str);
    if let Some(Ok(annotations)) = annotations {
        descriptor["annotations"] = annotations;
    }
    descriptor
}
