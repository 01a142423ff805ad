//! Plugins on top of OCI: the signed index of each, search, yanking, and what this registry says of itself.
//!
//! A version enters the index when its manifest is put under a tag; what is in the index never changes but for being yanked.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fleet_db::PluginRow;
use lly_brick::Digest;
use registry_index::{
    ArtifactManifest, INDEX_PAYLOAD, Index, PluginManifest, PluginSummary, RegistryDocument,
    repository_of,
};
use semver::Version;
use serde::Deserialize;
use std::sync::Arc;

use crate::api::{Call, Registry, parameters};
use crate::names::Repository;
use crate::refusal::Refusal;
use crate::{access, components};

/// A `plugin.json`.
const PLUGIN_JSON_BYTES_MAX: u64 = 256 << 10;
/// Plugins in one answer.
const FOUND_MAX: u32 = 1000;
const QUERY_BYTES_MAX: usize = 200;
const YANK_BYTES_MAX: usize = 8 << 10;
const UNKNOWN: &str = "PLUGIN_UNKNOWN";

/// What a manifest of a plugin says, if its parts belong together and to the place where it is put.
pub(crate) async fn check(
    call: Call<'_>,
    body: &[u8],
    tag: &str,
) -> Result<PluginManifest, Refusal> {
    let invalid = |message: String| Refusal::bad("MANIFEST_INVALID", message);
    let artifact = ArtifactManifest::parse(body).map_err(|error| invalid(error.to_string()))?;
    let blobs = &call.registry.blobs;
    let config = blobs
        .get(&artifact.config.digest, PLUGIN_JSON_BYTES_MAX)
        .await?;
    artifact
        .check_config(&config)
        .map_err(|error| invalid(error.to_string()))?;
    let json = blobs
        .get(&artifact.plugin.digest, PLUGIN_JSON_BYTES_MAX)
        .await?;
    let plugin = PluginManifest::parse(&json).map_err(|error| invalid(error.to_string()))?;
    if plugin.canonical() != json {
        return Err(invalid(
            "`plugin.json` is not in its canonical form".to_owned(),
        ));
    }
    if repository_of(&plugin.name) != call.repository.as_str() {
        let message = format!(
            "the plugin `{}` belongs in `{}`",
            plugin.name,
            repository_of(&plugin.name)
        );
        return Err(invalid(message));
    }
    if plugin.version.to_string() != tag {
        let message = format!(
            "version {} of `{}` is put under the tag `{tag}`",
            plugin.version, plugin.name
        );
        return Err(invalid(message));
    }
    Ok(plugin)
}

/// Puts a version into its plugin's index, unless it is there.
pub(crate) async fn enter(
    call: Call<'_>,
    plugin: &PluginManifest,
    digest: Digest,
) -> Result<(), Refusal> {
    change(call.registry, &plugin.name, |index| {
        let index = index.unwrap_or_else(|| Index::new(&plugin.name));
        match index.version(&plugin.version) {
            Some(there) if there.digest == digest => Ok(None),
            _ => match index.with_version(plugin, digest) {
                Ok(index) => Ok(Some(index)),
                Err(error) => Err(Refusal::new(
                    StatusCode::CONFLICT,
                    "DENIED",
                    error.to_string(),
                )),
            },
        }
    })
    .await
}

/// Changes an index; `None` leaves it.
async fn change(
    registry: &Registry,
    name: &str,
    edit: impl FnOnce(Option<Index>) -> Result<Option<Index>, Refusal>,
) -> Result<(), Refusal> {
    let outcome = registry.database.change_plugin(name, |old| {
        let edited = old
            .map(Index::parse)
            .transpose()
            .map_err(|error| Refusal::internal(&error))
            .and_then(edit);
        match edited {
            Ok(None) => (None, Ok(())),
            Ok(Some(index)) => (Some(row(&index)), Ok(())),
            Err(refusal) => (None, Err(refusal)),
        }
    });
    outcome.await?
}

fn row(index: &Index) -> PluginRow {
    let summary = index.newest().map(|newest| PluginSummary {
        name: index.name.clone(),
        version: newest.version.clone(),
        world: newest.world.clone(),
        description: newest.description.clone(),
        extensions: newest.extensions.clone(),
    });
    PluginRow {
        index: index.canonical(),
        // Of a plugin whose every version was yanked there is nothing to show.
        summary: summary
            .and_then(|summary| serde_json::to_string(&summary).ok())
            .unwrap_or_default(),
    }
}

/// `GET /.well-known/lily/registry.json`.
pub async fn document(State(registry): State<Arc<Registry>>) -> Response {
    let keys = &registry.keys;
    let document = RegistryDocument {
        index_key: keys.index.public().pem(),
        log_key: keys.log.public().pem(),
        log_id: keys.log.public().fingerprint().hex(),
    };
    typed("lily.registry/1", serde_json::json!(document)).into_response()
}

/// `GET /v1/plugins?q=TEXT`.
pub async fn search(
    State(registry): State<Arc<Registry>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = parameters(query.as_deref().unwrap_or_default());
    let text = query.get("q").unwrap_or_default();
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("`q` has more than {QUERY_BYTES_MAX} bytes");
        return Err(Refusal::bad("QUERY_INVALID", message));
    }
    let found = registry.database.plugin_summaries(text, FOUND_MAX).await?;
    let plugins: Vec<serde_json::Value> = found
        .iter()
        .filter_map(|summary| serde_json::from_str(summary).ok())
        .collect();
    Ok(typed("lily.plugins/1", serde_json::json!({ "plugins": plugins })).into_response())
}

/// `GET /v1/plugins/NAME/index`: the index in a DSSE envelope.
pub async fn index(
    State(registry): State<Arc<Registry>>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let index = registry.database.plugin_index(&name).await?;
    let payload = index.ok_or_else(|| unknown(&name))?;
    let envelope = registry.keys.index.envelope(INDEX_PAYLOAD, payload);
    let envelope = envelope.map_err(|error| Refusal::internal(&error))?;
    // Whoever may cache it asks again before using it: a yank must be seen.
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, envelope.render()).into_response())
}

/// `PUT /v1/plugins/NAME/VERSION/yanked` with `{"reason": TEXT}`, or `null` to take it back.
pub async fn yank(
    State(registry): State<Arc<Registry>>,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    #[derive(Deserialize)]
    struct Yank {
        reason: Option<String>,
    }
    let repository = repository_of(&name).parse::<Repository>();
    let repository = repository.map_err(|error| Refusal::bad("NAME_INVALID", error))?;
    access::require(&registry.database, &headers, &repository).await?;
    let bad = |message: String| Refusal::bad("YANK_INVALID", message);
    let body = axum::body::to_bytes(body, YANK_BYTES_MAX).await;
    let body = body.map_err(|_| bad(format!("it has more than {YANK_BYTES_MAX} bytes")))?;
    let yank: Yank = serde_json::from_slice(&body).map_err(|error| bad(error.to_string()))?;
    let version: Version = version
        .parse()
        .map_err(|_| bad(format!("`{version}` is not a version")))?;
    change(&registry, &name, |index| {
        let index = index.ok_or_else(|| unknown(&name))?;
        let there = index.version(&version).ok_or_else(|| {
            Refusal::missing(
                "VERSION_UNKNOWN",
                format!("version {version} of the plugin `{name}`"),
            )
        })?;
        if there.yanked == yank.reason {
            return Ok(None);
        }
        let index = index.with_yanked(&version, yank.reason.as_deref());
        index.map(Some).map_err(|error| bad(error.to_string()))
    })
    .await?;
    match yank.reason {
        Some(_) => components::withdraw(&registry, &name, &version).await?,
        None => components::offer(&registry, &name, &version).await?,
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn unknown(name: &str) -> Refusal {
    let shown: String = name
        .chars()
        .filter(|one| !one.is_control())
        .take(80)
        .collect();
    Refusal::missing(UNKNOWN, format!("plugin `{shown}`"))
}

/// A document that says what it is.
fn typed(kind: &str, mut document: serde_json::Value) -> Json<serde_json::Value> {
    document["$type"] = kind.into();
    // The same order whichever features of the library other crates switch on.
    document.sort_all_objects();
    Json(document)
}
