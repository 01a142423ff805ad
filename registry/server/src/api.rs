//! The routes of OCI Distribution 1.1. A repository's name has slashes, so everything under `/v2/` is taken apart here.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use fleet_client::blobs::BlobStore;
use fleet_db::Database;
use lly_brick::Digest;

use crate::keys::ServiceKeys;
use crate::names::{Reference, Repository};
use crate::refusal::Refusal;
use crate::releases::Releases;
use crate::uploads::Uploads;
use crate::{access, blobs, log, manifests, pages, plugins, releases};

/// What RC works with.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Tokens, manifests, tags, and which blob is in which repository.
    pub database: Database,
    /// Every blob.
    pub blobs: BlobStore,
    /// Blobs on their way.
    pub uploads: Uploads,
    /// What indexes and the log are signed with.
    pub keys: ServiceKeys,
    /// What `install.sh` is made with.
    pub releases: Releases,
}

/// What a path under `/v2/` names.
enum Place {
    Manifest(Reference),
    Blob(Digest),
    Uploads,
    Upload(String),
    Tags,
    Referrers(Digest),
}

/// The parameters of a URL.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The first value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The digest in a parameter, if it is there.
    pub fn digest(&self, name: &str) -> Result<Option<Digest>, Refusal> {
        self.get(name).map(digest).transpose()
    }
}

/// Every route.
pub fn router(registry: Registry) -> Router {
    let registry = Arc::new(registry);
    Router::new()
        .route("/v2/", get(version))
        .route("/v2", get(version))
        .route("/v2/{*path}", axum::routing::any(dispatch))
        .route("/.well-known/wasm-pkg/registry.json", get(wasm_pkg))
        .route("/.well-known/lily/registry.json", get(plugins::document))
        .route("/v1/health", get(health))
        .route("/v1/plugins", get(plugins::search))
        .route("/v1/plugins/{name}/index", get(plugins::index))
        .route("/v1/plugins/{name}/{version}/yanked", put(plugins::yank))
        .route("/api/v1/log", get(log::head))
        .route("/api/v1/log/publicKey", get(log::public_key))
        .route("/api/v1/log/proof", get(log::consistency))
        .route("/api/v1/log/entries", get(log::by_index).post(log::add))
        .route("/api/v1/log/entries/{uuid}", get(log::by_uuid))
        .fallback(nothing)
        .with_state(registry.clone())
        .merge(pages::router(registry.clone()))
        .merge(releases::router(registry))
}

async fn version() -> Response {
    let mut response = Json(serde_json::json!({})).into_response();
    let version = HeaderValue::from_static("registry/2.0");
    response
        .headers_mut()
        .insert("docker-distribution-api-version", version);
    // Clients decide here whether to send what they have, so the challenge comes with the welcome too.
    let realm = HeaderValue::from_static("Basic realm=\"rc\"");
    response.headers_mut().insert("www-authenticate", realm);
    response
}

async fn health(State(registry): State<Arc<Registry>>) -> Result<Response, Refusal> {
    registry
        .database
        .registry_scope(fleet_api::TokenHash([0; 32]))
        .await?;
    Ok(Json(serde_json::json!({ "status": "ok" })).into_response())
}

/// Packages `NAMESPACE:NAME` are the repositories `NAMESPACE/NAME` of this same host.
async fn wasm_pkg(request: Request) -> Response {
    // HTTP/2 has the host in the URL, HTTP/1 in a header.
    let header = request.headers().get("host");
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => header
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default(),
    };
    Json(serde_json::json!({ "preferredProtocol": "oci", "oci": { "registry": host, "namespacePrefix": "" } }))
        .into_response()
}

async fn nothing() -> Refusal {
    Refusal::missing("NOT_FOUND", "such place in this registry")
}

async fn dispatch(
    State(registry): State<Arc<Registry>>,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Refusal> {
    let (repository, place) = place(&path)?;
    let query = parameters(query.as_deref().unwrap_or_default());
    let (parts, body) = request.into_parts();
    let (method, headers) = (parts.method, parts.headers);
    let reads = matches!(method, Method::GET | Method::HEAD);
    // Anybody pulls; the rest, and whatever concerns an upload, needs a token for this repository.
    if !reads || matches!(place, Place::Uploads | Place::Upload(_)) {
        access::require(&registry.database, &headers, &repository).await?;
    }
    let here = Call {
        registry: &registry,
        repository: &repository,
        query: &query,
        headers: &headers,
    };
    route(here, place, method, body).await
}

/// One request, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What RC works with.
    pub registry: &'a Registry,
    /// The repository that the path names.
    pub repository: &'a Repository,
    /// The parameters.
    pub query: &'a Query,
    /// The headers.
    pub headers: &'a HeaderMap,
}

async fn route(
    call: Call<'_>,
    place: Place,
    method: Method,
    body: Body,
) -> Result<Response, Refusal> {
    match (place, method.as_str()) {
        (Place::Manifest(reference), "GET" | "HEAD") => manifests::show(call, &reference).await,
        (Place::Manifest(reference), "PUT") => manifests::put(call, reference, body).await,
        (Place::Manifest(reference), "DELETE") => manifests::delete(call, &reference).await,
        (Place::Blob(digest), "GET" | "HEAD") => {
            blobs::show(call, &digest, method == Method::HEAD).await
        }
        (Place::Blob(digest), "DELETE") => blobs::delete(call, &digest).await,
        (Place::Uploads, "POST") => blobs::begin(call, body).await,
        (Place::Upload(id), "GET") => blobs::status(call, &id).await,
        (Place::Upload(id), "PATCH") => blobs::append(call, &id, body).await,
        (Place::Upload(id), "PUT") => blobs::finish(call, &id, body).await,
        (Place::Upload(id), "DELETE") => blobs::cancel(call, &id).await,
        (Place::Tags, "GET" | "HEAD") => manifests::tags(call).await,
        (Place::Referrers(digest), "GET" | "HEAD") => manifests::referrers(call, &digest).await,
        _ => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            format!("`{method}` does nothing here"),
        )),
    }
}

/// Reads a path from its end: what stands before the last known word is the repository.
fn place(path: &str) -> Result<(Repository, Place), Refusal> {
    let named = |name: &str| {
        name.parse::<Repository>()
            .map_err(|error| Refusal::bad("NAME_INVALID", error))
    };
    if let Some(name) = path.strip_suffix("/tags/list") {
        return Ok((named(name)?, Place::Tags));
    }
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    if let Some(name) = trimmed.strip_suffix("/blobs/uploads") {
        return Ok((named(name)?, Place::Uploads));
    }
    let missing = || Refusal::missing("NOT_FOUND", "such place in this registry");
    let (rest, last) = path.rsplit_once('/').ok_or_else(missing)?;
    if let Some(name) = rest.strip_suffix("/blobs/uploads") {
        return Ok((named(name)?, Place::Upload(last.to_owned())));
    }
    let (name, word) = rest.rsplit_once('/').ok_or_else(missing)?;
    let place = match word {
        "manifests" => Place::Manifest(last.parse().map_err(|error| {
            let code = if last.contains(':') {
                "DIGEST_INVALID"
            } else {
                "TAG_INVALID"
            };
            Refusal::bad(code, error)
        })?),
        "blobs" => Place::Blob(digest(last)?),
        "referrers" => Place::Referrers(digest(last)?),
        _ => return Err(missing()),
    };
    Ok((named(name)?, place))
}

fn digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|error| {
        Refusal::bad(
            "DIGEST_INVALID",
            format!("{error}; this registry keeps sha256 alone"),
        )
    })
}

/// The parameters of a query string.
pub(crate) fn parameters(query: &str) -> Query {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    Query(
        pairs
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (unescaped(key), unescaped(value))
            })
            .collect(),
    )
}

/// Undoes `%XX` and `+`; what is malformed stays as it is and is refused by whoever parses it.
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let escaped = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, escaped) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A header made of text that is known to be plain.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
