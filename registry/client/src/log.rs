//! A transparency log with Rekor's v1 API: what is signed is written down where everybody can see it.

use crate::http::{Http, HttpError};
use crate::public_key::PublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::Digest;
use registry_index::Envelope;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

const ENTRIES: &str = "/api/v1/log/entries";
/// An entry with its proof is a few kilobytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// A proof of a tree of 2⁶⁴ leaves.
const HASHES_MAX: usize = 64;

/// What a log says of one entry, not yet believed.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The canonical body, whose hash is the leaf.
    pub body: Vec<u8>,
    /// When it was taken in, in seconds since 1970.
    pub integrated_time: i64,
    /// The sha256 of the log key's SPKI.
    pub log_id: Digest,
    /// Its place in the log.
    pub index: u64,
    /// Its place in the tree of the proof.
    pub proof_index: u64,
    /// The size of that tree.
    pub tree_size: u64,
    /// The root of that tree.
    pub root: [u8; 32],
    /// The audit path, from the leaf's sibling to the root's child.
    pub hashes: Vec<[u8; 32]>,
    /// The signed tree head.
    pub checkpoint: String,
    /// The signed entry timestamp, DER.
    pub promise: Vec<u8>,
}

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log did not take it.
    #[error("the transparency log did not take the signature")]
    Http(#[from] HttpError),
    /// It answered something else.
    #[error("the transparency log's answer makes no sense: {0}")]
    Answer(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Proof,
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// Writes an envelope into the log. `verifier` is the PEM of the key or certificate that its signature is checked with.
pub(crate) async fn submit(
    http: &Http,
    envelope: &Envelope,
    verifier: &str,
) -> Result<LogEntry, LogError> {
    let envelope = String::from_utf8_lossy(&envelope.render()).into_owned();
    let proposed = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": { "proposedContent": {
            "envelope": envelope,
            "verifiers": [STANDARD.encode(verifier)],
        } },
    });
    let answer = http.post_json(ENTRIES, &proposed, ANSWER_BYTES_MAX).await?;
    LogEntry::parse(&answer)
}

impl LogEntry {
    /// Reads a log's answer: an object with one entry under its UUID.
    pub fn parse(json: &[u8]) -> Result<LogEntry, LogError> {
        let wrong = |reason: &dyn std::fmt::Display| LogError::Answer(reason.to_string());
        let entries: BTreeMap<String, Wire> =
            serde_json::from_slice(json).map_err(|error| wrong(&error))?;
        let mut entries = entries.into_values();
        let (Some(wire), None) = (entries.next(), entries.next()) else {
            return Err(wrong(&"it has not one entry"));
        };
        let base64 = |text: &str| STANDARD.decode(text).map_err(|error| wrong(&error));
        let hash = |text: &str| match Digest::from_hex(text) {
            Ok(digest) => Ok(*digest.as_bytes()),
            Err(error) => Err(wrong(&error)),
        };
        let proof = wire.verification.inclusion_proof;
        if proof.hashes.len() > HASHES_MAX {
            return Err(wrong(&"its proof is longer than any"));
        }
        Ok(LogEntry {
            body: base64(&wire.body)?,
            integrated_time: wire.integrated_time,
            log_id: Digest::from_bytes(hash(&wire.log_id)?),
            index: wire.log_index,
            proof_index: proof.log_index,
            tree_size: proof.tree_size,
            root: hash(&proof.root_hash)?,
            hashes: proof
                .hashes
                .iter()
                .map(|one| hash(one))
                .collect::<Result<_, _>>()?,
            checkpoint: proof.checkpoint,
            promise: base64(&wire.verification.signed_entry_timestamp)?,
        })
    }

    /// Whether the log that wrote this is the one with that key.
    pub(crate) fn is_of(&self, key: &PublicKey) -> bool {
        self.log_id == key.fingerprint()
    }
}
