//! The JSON of a Sigstore bundle v0.3 over a DSSE envelope, as it is written. Reading one is `verify`'s business.

use crate::log::LogEntry;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry_index::{Envelope, SIGNATURE_ARTIFACT};
use serde_json::{Value, json};

/// How whoever verifies is to know the signer.
pub(crate) enum Material<'a> {
    /// The hint of a key that the verifier has.
    Key(String),
    /// A leaf certificate in DER; the chain is the verifier's.
    Certificate(&'a [u8]),
}

/// The bundle of an envelope, the log's entry of it and the timestamp of its signature.
pub(crate) fn render(
    envelope: &Envelope,
    material: &Material<'_>,
    entry: &LogEntry,
    timestamp: Option<&[u8]>,
) -> Vec<u8> {
    let mut verification = match material {
        Material::Key(hint) => json!({ "publicKey": { "hint": hint } }),
        Material::Certificate(der) => {
            json!({ "certificate": { "rawBytes": STANDARD.encode(der) } })
        }
    };
    verification["tlogEntries"] = json!([log_entry(entry)]);
    if let Some(der) = timestamp {
        let signed = json!({ "signedTimestamp": STANDARD.encode(der) });
        verification["timestampVerificationData"] = json!({ "rfc3161Timestamps": [signed] });
    }
    let signatures: Vec<Value> = envelope
        .signatures
        .iter()
        .map(|one| json!({ "sig": STANDARD.encode(&one.signature), "keyid": one.key_id }))
        .collect();
    let bundle = json!({
        "mediaType": SIGNATURE_ARTIFACT,
        "verificationMaterial": verification,
        "dsseEnvelope": {
            "payload": STANDARD.encode(&envelope.payload),
            "payloadType": envelope.payload_type,
            "signatures": signatures,
        },
    });
    bundle.to_string().into_bytes()
}

/// Protobuf's JSON: 64-bit numbers are strings, bytes are base64.
fn log_entry(entry: &LogEntry) -> Value {
    let hashes: Vec<String> = entry
        .hashes
        .iter()
        .map(|hash| STANDARD.encode(hash))
        .collect();
    json!({
        "logIndex": entry.index.to_string(),
        "logId": { "keyId": STANDARD.encode(entry.log_id.as_bytes()) },
        "kindVersion": { "kind": "dsse", "version": "0.0.1" },
        "integratedTime": entry.integrated_time.to_string(),
        "inclusionPromise": { "signedEntryTimestamp": STANDARD.encode(&entry.promise) },
        "inclusionProof": {
            "logIndex": entry.proof_index.to_string(),
            "rootHash": STANDARD.encode(entry.root),
            "treeSize": entry.tree_size.to_string(),
            "hashes": hashes,
            "checkpoint": { "envelope": entry.checkpoint },
        },
        "canonicalizedBody": STANDARD.encode(&entry.body),
    })
}
