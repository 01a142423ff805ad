//! A transparency log of two leaves: honest, unless a test asks for something else.

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::{Digest, canonical};
use registry_client::{PublicKey, SigningKey, keys};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

/// The neighbour of every entry.
const FIRST_LEAF: &[u8] = b"somebody else's entry";
const ORIGIN: &str = "log.example - 1";

pub struct Log {
    pub url: String,
    pub key: Arc<SigningKey>,
    clock: Arc<AtomicI64>,
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

/// A copy, to read from while the original is changed.
pub fn after(bundle: &Value) -> Value {
    bundle.clone()
}

pub fn leaf(body: &[u8]) -> [u8; 32] {
    *Digest::of(&[&[0], body].concat()).as_bytes()
}

fn node(left: &[u8], right: &[u8]) -> [u8; 32] {
    *Digest::of(&[&[1], left, right].concat()).as_bytes()
}

/// What a signed entry timestamp is over.
pub fn promise_message(entry: &Value, log: &PublicKey) -> Vec<u8> {
    let number = |name: &str| entry[name].as_str().unwrap().parse::<i64>().unwrap();
    message(
        entry["canonicalizedBody"].as_str().unwrap(),
        number("integratedTime"),
        number("logIndex"),
        log,
    )
}

fn message(body: &str, time: i64, index: i64, log: &PublicKey) -> Vec<u8> {
    let promised = json!({
        "body": body,
        "integratedTime": time,
        "logID": log.fingerprint().hex(),
        "logIndex": index,
    });
    canonical::to_vec(&promised).unwrap()
}

/// The canonical body of an entry for an envelope and the PEM that verifies it.
fn body_of(envelope: &Value, verifier: &str) -> Vec<u8> {
    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let hash = |bytes: &[u8]| json!({ "algorithm": "sha256", "value": Digest::of(bytes).hex() });
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": hash(envelope.to_string().as_bytes()),
            "payloadHash": hash(&payload),
            "signatures": [{
                "signature": envelope["signatures"][0]["sig"],
                "verifier": verifier,
            }],
        },
    });
    canonical::to_vec(&body).unwrap()
}

/// An entry as Rekor's API answers it.
fn entry(key: &SigningKey, body: &[u8], time: i64) -> Value {
    let (first, second) = (leaf(FIRST_LEAF), leaf(body));
    let root = node(&first, &second);
    let note = format!("{ORIGIN}\n2\n{}\n", STANDARD.encode(root));
    let id = key.public().fingerprint();
    let signature = [&id.as_bytes()[..4], &key.sign(note.as_bytes()).unwrap()].concat();
    let checkpoint = format!(
        "{note}\n\u{2014} log.example {}\n",
        STANDARD.encode(signature)
    );
    let promise = key
        .sign(&message(&STANDARD.encode(body), time, 1, key.public()))
        .unwrap();
    json!({ "an-entry": {
        "body": STANDARD.encode(body),
        "integratedTime": time,
        "logID": id.hex(),
        "logIndex": 1,
        "verification": {
            "inclusionProof": {
                "checkpoint": checkpoint,
                "hashes": [Digest::from_bytes(first).hex()],
                "logIndex": 1,
                "rootHash": Digest::from_bytes(root).hex(),
                "treeSize": 2,
            },
            "signedEntryTimestamp": STANDARD.encode(promise),
        },
    } })
}

async fn take(
    State((key, clock)): State<(Arc<SigningKey>, Arc<AtomicI64>)>,
    Json(proposed): Json<Value>,
) -> Json<Value> {
    let content = &proposed["spec"]["proposedContent"];
    let envelope = serde_json::from_str(content["envelope"].as_str().unwrap()).unwrap();
    let body = body_of(&envelope, content["verifiers"][0].as_str().unwrap());
    Json(entry(&key, &body, clock.load(Ordering::Relaxed)))
}

impl Log {
    pub async fn start() -> Log {
        let key = Arc::new(keys::generate().unwrap());
        let clock = Arc::new(AtomicI64::new(now()));
        let routes = axum::Router::new()
            .route("/api/v1/log/entries", post(take))
            .with_state((key.clone(), clock.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // It ends with the test's runtime.
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Log { url, key, clock }
    }

    pub fn key_only() -> SigningKey {
        keys::generate().unwrap()
    }

    pub fn set_clock(&self, time: i64) {
        self.clock.store(time, Ordering::Relaxed);
    }

    /// The bundle's envelope is logged anew, at another time.
    pub fn log_again(&self, bundle: &mut Value, time: i64) {
        relog(&self.key, self.key.public(), bundle, time);
    }

    /// The bundle is logged by somebody who has not the log's key but uses its name.
    pub fn log_again_by(&self, forger: &SigningKey, bundle: &mut Value) {
        relog(forger, self.key.public(), bundle, now());
    }
}

/// Replaces the log's entry in a bundle by one that `key` signs, under the name of `log`.
fn relog(key: &SigningKey, log: &PublicKey, bundle: &mut Value, time: i64) {
    let old = &bundle["verificationMaterial"]["tlogEntries"][0];
    let body = STANDARD
        .decode(old["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let verifier = body["spec"]["signatures"][0]["verifier"].as_str().unwrap();
    let body = body_of(&bundle["dsseEnvelope"], verifier);
    let new = entry(key, &body, time)["an-entry"].clone();
    let proof = &new["verification"]["inclusionProof"];
    let base64 =
        |hex: &Value| STANDARD.encode(Digest::from_hex(hex.as_str().unwrap()).unwrap().as_bytes());
    let own = STANDARD.encode(&key.public().fingerprint().as_bytes()[..4]);
    let named = STANDARD.encode(&log.fingerprint().as_bytes()[..4]);
    let checkpoint = proof["checkpoint"].as_str().unwrap();
    let checkpoint = match own == named {
        true => checkpoint.to_owned(),
        false => renamed(checkpoint, log),
    };
    let entry = &mut bundle["verificationMaterial"]["tlogEntries"][0];
    entry["canonicalizedBody"] = new["body"].clone();
    entry["integratedTime"] = json!(time.to_string());
    entry["inclusionPromise"] =
        json!({ "signedEntryTimestamp": new["verification"]["signedEntryTimestamp"] });
    entry["inclusionProof"] = json!({
        "logIndex": "1",
        "treeSize": "2",
        "rootHash": base64(&proof["rootHash"]),
        "hashes": [base64(&proof["hashes"][0])],
        "checkpoint": { "envelope": checkpoint },
    });
}

/// A checkpoint whose signature claims to be of another log.
fn renamed(checkpoint: &str, log: &PublicKey) -> String {
    let (head, signature) = checkpoint.trim_end().rsplit_once(' ').unwrap();
    let mut signature = STANDARD.decode(signature).unwrap();
    signature[..4].copy_from_slice(&log.fingerprint().as_bytes()[..4]);
    format!("{head} {}\n", STANDARD.encode(signature))
}
