//! The transparency log, in the shapes of Rekor's v1 API: what was signed, in the order in which it came, for everybody to
//! see. Nothing goes in whose signature does not verify, and nothing ever leaves.
//!
//! One kind of entry: `dsse` 0.0.1. Everybody may add entries; a signature costs its sender more than its row costs us.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fleet_db::{LogHash, LogRow};
use lly_brick::{Digest, canonical};
use registry_client::PublicKey;
use registry_index::{Envelope, STATEMENT_PAYLOAD};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;
use x509_parser::pem::Pem;

use crate::api::{Registry, parameters};
use crate::merkle::{self, Node};
use crate::refusal::Refusal;

/// A statement with its signature is a kilobyte.
const ENTRY_BYTES_MAX: usize = 256 << 10;
const INVALID: &str = "ENTRY_INVALID";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proposed {
    api_version: String,
    kind: String,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    proposed_content: Content,
}

#[derive(Deserialize)]
struct Content {
    envelope: String,
    verifiers: Vec<String>,
}

/// `POST /api/v1/log/entries`.
pub async fn add(State(registry): State<Arc<Registry>>, body: Body) -> Result<Response, Refusal> {
    let bytes = axum::body::to_bytes(body, ENTRY_BYTES_MAX)
        .await
        .map_err(|_| {
            let message = format!("the entry has more than {ENTRY_BYTES_MAX} bytes");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, INVALID, message)
        })?;
    let proposed: Proposed = serde_json::from_slice(&bytes)
        .map_err(|error| bad(format!("the entry cannot be read (kind `dsse`): {error}")))?;
    if (proposed.kind.as_str(), proposed.api_version.as_str()) != ("dsse", "0.0.1") {
        return Err(bad("this log keeps entries of kind `dsse` 0.0.1 alone"));
    }
    let body = checked(&proposed.spec.proposed_content)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    let row = registry
        .database
        .append_log(
            &merkle::leaf(&body),
            &body,
            now.unwrap_or_default(),
            merkle::node,
        )
        .await?;
    tracing::info!(position = row.position, "logged a signature");
    Ok((StatusCode::CREATED, Json(entry(&registry, &row).await?)).into_response())
}

/// The canonical body of an entry, if the signature in it verifies.
fn checked(content: &Content) -> Result<Vec<u8>, Refusal> {
    let envelope =
        Envelope::parse(content.envelope.as_bytes()).map_err(|error| bad(error.to_string()))?;
    let ([signature], [verifier]) = (envelope.signatures.as_slice(), content.verifiers.as_slice())
    else {
        return Err(bad("an entry has one signature and one verifier"));
    };
    if envelope.payload_type != STATEMENT_PAYLOAD {
        return Err(bad(format!(
            "the payload is not of type `{STATEMENT_PAYLOAD}`"
        )));
    }
    let pem = STANDARD
        .decode(verifier)
        .map_err(|error| bad(format!("the verifier: {error}")))?;
    let key =
        key_of(&pem).ok_or_else(|| bad("the verifier is no P-256 key or certificate in PEM"))?;
    let message = Envelope::signed_bytes(&envelope.payload_type, &envelope.payload);
    if !key.verifies(&message, &signature.signature) {
        return Err(bad("the signature does not verify with its verifier"));
    }
    let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::of(bytes).hex() });
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": hash(content.envelope.as_bytes()),
            "payloadHash": hash(&envelope.payload),
            "signatures": [{
                "signature": STANDARD.encode(&signature.signature),
                "verifier": verifier,
            }],
        },
    });
    canonical::to_vec(&body).map_err(|error| Refusal::internal(&error))
}

fn key_of(pem: &[u8]) -> Option<PublicKey> {
    if let Some(key) = std::str::from_utf8(pem)
        .ok()
        .and_then(|text| PublicKey::from_pem(text).ok())
    {
        return Some(key);
    }
    let (pem, _) = Pem::read(std::io::Cursor::new(pem)).ok()?;
    let certificate = pem.parse_x509().ok()?;
    PublicKey::from_der(certificate.public_key().raw).ok()
}

/// `GET /api/v1/log/entries?logIndex=N`.
pub async fn by_index(
    State(registry): State<Arc<Registry>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let position = number(&query, "logIndex")?;
    let row = registry.database.log_entry(position).await?;
    found(&registry, row).await
}

/// `GET /api/v1/log/entries/UUID`: by the hash of the leaf, with or without the tree's id before it.
pub async fn by_uuid(
    State(registry): State<Arc<Registry>>,
    Path(uuid): Path<String>,
) -> Result<Response, Refusal> {
    let hex = uuid
        .len()
        .checked_sub(64)
        .and_then(|at| uuid.get(at..))
        .unwrap_or_default();
    let leaf = Digest::from_hex(hex)
        .map_err(|_| bad("an entry is named by the 64 hex digits of its leaf"))?;
    let row = registry.database.log_entry_by_leaf(leaf.as_bytes()).await?;
    found(&registry, row).await
}

async fn found(registry: &Registry, row: Option<LogRow>) -> Result<Response, Refusal> {
    let row = row.ok_or_else(|| Refusal::missing("ENTRY_UNKNOWN", "such entry in the log"))?;
    Ok(Json(entry(registry, &row).await?).into_response())
}

/// `GET /api/v1/log`: the log's size and signed head.
pub async fn head(State(registry): State<Arc<Registry>>) -> Result<Response, Refusal> {
    let size = registry.database.log_size().await?;
    let whole = 0..size;
    let root = hashes(&registry, std::slice::from_ref(&whole)).await?[0];
    let head = json!({
        "rootHash": Digest::from_bytes(root).hex(),
        "treeSize": size,
        "signedTreeHead": checkpoint(&registry, size, &root)?,
        "treeID": tree_id(&registry),
    });
    Ok(Json(head).into_response())
}

/// `GET /api/v1/log/publicKey`.
pub async fn public_key(State(registry): State<Arc<Registry>>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/x-pem-file")];
    (headers, registry.keys.log.public().pem()).into_response()
}

/// `GET /api/v1/log/proof?firstSize=A&lastSize=B`: that the log of B entries begins with the log of A.
pub async fn consistency(
    State(registry): State<Arc<Registry>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let size = registry.database.log_size().await?;
    let (first, last) = (number(&query, "firstSize")?, number(&query, "lastSize")?);
    if first == 0 || first > last || last > size {
        return Err(bad(format!(
            "the sizes must be 0 < firstSize <= lastSize <= {size}"
        )));
    }
    let mut ranges = merkle::consistency(first, last);
    ranges.push(0..last);
    let mut hashes = hashes(&registry, &ranges).await?;
    let root = hashes.pop().unwrap_or_else(merkle::empty);
    let hashes: Vec<String> = hashes.iter().map(hex).collect();
    Ok(Json(json!({ "rootHash": hex(&root), "hashes": hashes })).into_response())
}

/// An entry with its proof in the log as it is now, and the log's promise.
async fn entry(registry: &Registry, row: &LogRow) -> Result<Value, Refusal> {
    let size = registry.database.log_size().await?;
    let mut ranges = merkle::inclusion(row.position, size);
    ranges.push(0..size);
    let mut hashes = hashes(registry, &ranges).await?;
    let root = hashes.pop().unwrap_or_else(merkle::empty);
    let key = &registry.keys.log;
    let body = STANDARD.encode(&row.body);
    let log_id = key.public().fingerprint().hex();
    let promised = json!({
        "body": body,
        "integratedTime": row.integrated_at,
        "logID": log_id,
        "logIndex": row.position,
    });
    let promised = canonical::to_vec(&promised).map_err(|error| Refusal::internal(&error))?;
    let promise = key
        .sign(&promised)
        .map_err(|error| Refusal::internal(&error))?;
    let uuid = hex(&merkle::leaf(&row.body));
    Ok(json!({ uuid: {
        "body": body,
        "integratedTime": row.integrated_at,
        "logID": log_id,
        "logIndex": row.position,
        "verification": {
            "inclusionProof": {
                "checkpoint": checkpoint(registry, size, &root)?,
                "hashes": hashes.iter().map(hex).collect::<Vec<_>>(),
                "logIndex": row.position,
                "rootHash": hex(&root),
                "treeSize": size,
            },
            "signedEntryTimestamp": STANDARD.encode(promise),
        },
    } }))
}

/// The hashes over ranges of leaves. The nodes of a tree stay, so a log that grows meanwhile changes nothing.
async fn hashes(registry: &Registry, ranges: &[Range<u64>]) -> Result<Vec<LogHash>, Refusal> {
    let mut nodes: Vec<Node> = ranges.iter().flat_map(merkle::nodes).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let known = registry.database.log_nodes(&nodes).await?;
    let hash = |range: &Range<u64>| match range.is_empty() {
        true => Ok(merkle::empty()),
        false => merkle::root(range, &known).ok_or_else(|| {
            tracing::error!(?range, "the log lacks nodes");
            Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "UNKNOWN",
                "the log is damaged",
            )
        }),
    };
    ranges.iter().map(hash).collect()
}

/// The signed note of a tree's head: origin, size, root.
fn checkpoint(registry: &Registry, size: u64, root: &LogHash) -> Result<String, Refusal> {
    let key = &registry.keys.log;
    let origin = format!("rc - {}", tree_id(registry));
    let note = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
    let signature = key
        .sign(note.as_bytes())
        .map_err(|error| Refusal::internal(&error))?;
    let hint = &key.public().fingerprint();
    let signature = [&hint.as_bytes()[..4], &signature].concat();
    Ok(format!(
        "{note}\n\u{2014} rc {}\n",
        STANDARD.encode(signature)
    ))
}

/// A log is known by its key.
fn tree_id(registry: &Registry) -> String {
    registry.keys.log.public().fingerprint().short().to_string()
}

fn hex(hash: &LogHash) -> String {
    Digest::from_bytes(*hash).hex()
}

fn number(query: &Option<String>, name: &str) -> Result<u64, Refusal> {
    let query = parameters(query.as_deref().unwrap_or_default());
    let number = query.get(name).and_then(|text| text.parse().ok());
    number.ok_or_else(|| bad(format!("`{name}` must be a number")))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::bad(INVALID, message)
}
