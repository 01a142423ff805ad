//! One red test for each forgery. Everything is made here: log, authority, keys, certificates; nothing asks the internet.
//!
//! Each case begins with a bundle that verifies, changes the one thing that its name says, and signs again whatever the
//! forger of that case could sign. `good` shows that what is refused is the change.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod authority;
mod log;

use authority::Authority;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::Digest;
use log::{Log, after};
use registry_client::sign::{Signing, Witnesses, sign};
use registry_client::trust::{Publisher, Scope, TrustedLog, Who};
use registry_client::verify::{VerifyError, verify};
use registry_client::{Http, SigningKey, Trust, keys};
use registry_index::{Signer, Subject};
use semver::Version;
use serde_json::{Value, json};

const IDENTITY: &str = "dev@acme.example";
const ISSUER: &str = "https://issuer.example";
const PLUGIN: &str = "acme-lint";

fn subject(version: &str, bytes: &[u8]) -> Subject {
    Subject::plugin(PLUGIN, &Version::parse(version).unwrap(), Digest::of(bytes))
}

fn the_subject() -> Subject {
    subject("1.0.0", b"the plugin")
}

/// A log, an authority, and who is trusted.
struct World {
    log: Log,
    authority: Authority,
    trust: Trust,
}

impl World {
    async fn new() -> World {
        let log = Log::start().await;
        let authority = Authority::new();
        let mut trust = Trust::default();
        trust
            .add_log(TrustedLog {
                url: Some(log.url.clone()),
                key: log.key.public().clone(),
            })
            .unwrap();
        trust.authorities.push(authority.trusted());
        World {
            log,
            authority,
            trust,
        }
    }

    fn trusting(mut self, who: Who) -> World {
        self.trust.publishers.push(Publisher {
            plugins: vec!["acme-*".to_owned()],
            bundles: false,
            who,
        });
        self
    }

    async fn with_key() -> (World, SigningKey) {
        let key = keys::generate().unwrap();
        let world = World::new().await.trusting(Who::Key(key.public().clone()));
        (world, key)
    }

    async fn with_identity() -> World {
        World::new().await.trusting(Who::Identity {
            identity: IDENTITY.to_owned(),
            issuer: ISSUER.to_owned(),
        })
    }

    async fn sign(&self, subject: &Subject, signing: &Signing) -> Value {
        let log = Http::new(&self.log.url, None, None).unwrap();
        let witnesses = Witnesses {
            log,
            timestamps: None,
        };
        let bundle = sign(subject, signing, &self.trust, &witnesses);
        serde_json::from_slice(&bundle.await.unwrap()).unwrap()
    }

    fn verify(&self, bundle: &Value) -> Result<Signer, VerifyError> {
        self.verify_as(bundle, &the_subject())
    }

    fn verify_as(&self, bundle: &Value, subject: &Subject) -> Result<Signer, VerifyError> {
        verify(
            bundle.to_string().as_bytes(),
            subject,
            Scope::Plugin(PLUGIN),
            &self.trust,
        )
    }

    /// The reason of a refusal.
    fn refused(&self, bundle: &Value) -> String {
        self.verify(bundle).unwrap_err().to_string()
    }
}

fn entry(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["tlogEntries"][0]
}

fn says(reason: &str, part: &str) {
    assert!(reason.contains(part), "`{reason}` does not say `{part}`");
}

#[tokio::test]
async fn good_by_key() {
    let (world, key) = World::with_key().await;
    let fingerprint = key.public().fingerprint();
    let bundle = world.sign(&the_subject(), &key.into()).await;
    let signer = world.verify(&bundle).unwrap();
    assert_eq!(signer, Signer::Key { key: fingerprint });
}

#[tokio::test]
async fn good_by_identity() {
    let world = World::with_identity().await;
    let signing = world.authority.certify(IDENTITY, ISSUER, log::now());
    let bundle = world.sign(&the_subject(), &signing).await;
    let signer = world.verify(&bundle).unwrap();
    assert_eq!(
        signer,
        Signer::Identity {
            identity: IDENTITY.to_owned(),
            issuer: ISSUER.to_owned()
        }
    );
}

#[tokio::test]
async fn wrong_digest() {
    let (world, key) = World::with_key().await;
    let bundle = world.sign(&the_subject(), &key.into()).await;
    let other = subject("1.0.0", b"the plugin, changed");
    let error = world.verify_as(&bundle, &other).unwrap_err();
    assert!(matches!(error, VerifyError::Digest { .. }), "{error}");
}

#[tokio::test]
async fn wrong_digest_in_the_statement() {
    // The statement is rewritten to fit other bytes, and with it the log's entry: the signature no longer does.
    let (world, key) = World::with_key().await;
    let mut bundle = world.sign(&the_subject(), &key.into()).await;
    let other = subject("1.0.0", b"the plugin, changed");
    bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(other.statement()));
    world.log.log_again(&mut bundle, log::now());
    let error = world.verify_as(&bundle, &other).unwrap_err();
    says(&error.to_string(), "invalid signature");
}

#[tokio::test]
async fn wrong_key() {
    let (world, _) = World::with_key().await;
    let other = keys::generate().unwrap();
    let bundle = world.sign(&the_subject(), &other.into()).await;
    let error = world.verify(&bundle).unwrap_err();
    assert!(matches!(error, VerifyError::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn wrong_key_under_the_right_hint() {
    let (world, key) = World::with_key().await;
    let hint = STANDARD.encode(key.public().fingerprint().as_bytes());
    let other = keys::generate().unwrap();
    let mut bundle = world.sign(&the_subject(), &other.into()).await;
    bundle["verificationMaterial"]["publicKey"]["hint"] = json!(hint);
    says(&world.refused(&bundle), "invalid signature");
}

#[tokio::test]
async fn wrong_identity() {
    let world = World::with_identity().await;
    let signing = world
        .authority
        .certify("mallory@acme.example", ISSUER, log::now());
    let bundle = world.sign(&the_subject(), &signing).await;
    let error = world.verify(&bundle).unwrap_err();
    assert!(matches!(error, VerifyError::Untrusted { .. }), "{error}");
}

#[tokio::test]
async fn wrong_issuer() {
    let world = World::with_identity().await;
    let signing = world
        .authority
        .certify(IDENTITY, "https://mallory.example", log::now());
    let bundle = world.sign(&the_subject(), &signing).await;
    let error = world.verify(&bundle).unwrap_err();
    assert!(matches!(error, VerifyError::Issuer { .. }), "{error}");
}

#[tokio::test]
async fn foreign_authority() {
    let mut world = World::with_identity().await;
    let signing = world.authority.certify(IDENTITY, ISSUER, log::now());
    let bundle = world.sign(&the_subject(), &signing).await;
    world.trust.authorities = vec![Authority::new().trusted()];
    says(&world.refused(&bundle), "certificate chain is invalid");
}

#[tokio::test]
async fn expired_certificate() {
    let world = World::with_identity().await;
    // The certificate was good an hour ago for ten minutes; somebody who has its key signs now, and the log is honest.
    let signing = world
        .authority
        .certify(IDENTITY, ISSUER, log::now() - 3_600);
    world.log.set_clock(log::now() - 3_600);
    let mut bundle = world.sign(&the_subject(), &signing).await;
    assert!(world.verify(&bundle).is_ok());
    world.log.log_again(&mut bundle, log::now());
    let reason = world.refused(&bundle);
    assert!(
        reason.contains("expired") || reason.contains("Expired"),
        "{reason}"
    );
}

#[tokio::test]
async fn certificate_from_the_future() {
    let world = World::with_identity().await;
    let signing = world.authority.certify(IDENTITY, ISSUER, log::now());
    let mut bundle = world.sign(&the_subject(), &signing).await;
    world.log.log_again(&mut bundle, log::now() - 86_400);
    assert!(world.verify(&bundle).is_err());
}

#[tokio::test]
async fn forged_inclusion_proof() {
    let (world, key) = World::with_key().await;
    let good = world.sign(&the_subject(), &key.into()).await;
    assert!(world.verify(&good).is_ok());
    // Another neighbour in the path.
    let mut bundle = good.clone();
    entry(&mut bundle)["inclusionProof"]["hashes"][0] = json!(STANDARD.encode([7; 32]));
    says(&world.refused(&bundle), "invalid inclusion proof");
    // A tree that only has this leaf, whose root nobody signed.
    let mut bundle = good.clone();
    let body = STANDARD
        .decode(entry(&mut bundle)["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    let proof = &mut entry(&mut bundle)["inclusionProof"];
    proof["rootHash"] = json!(STANDARD.encode(log::leaf(&body)));
    proof["hashes"] = json!([]);
    proof["treeSize"] = json!("1");
    proof["logIndex"] = json!("0");
    says(
        &world.refused(&bundle),
        "root hash does not match checkpoint",
    );
    // The same, with a checkpoint that fits, signed by somebody else under the log's name.
    let forger = Log::key_only();
    let mut bundle = good.clone();
    world.log.log_again_by(&forger, &mut bundle);
    says(&world.refused(&bundle), "invalid checkpoint");
}

#[tokio::test]
async fn forged_signed_entry_timestamp() {
    let (world, key) = World::with_key().await;
    let good = world.sign(&the_subject(), &key.into()).await;
    // Another time than the log signed.
    let mut bundle = good.clone();
    let time = &mut entry(&mut bundle)["integratedTime"];
    *time = json!((time.as_str().unwrap().parse::<i64>().unwrap() - 60).to_string());
    says(&world.refused(&bundle), "invalid inclusion promise");
    // A promise signed with another key.
    let mut bundle = good.clone();
    let forger = keys::generate().unwrap();
    let message = log::promise_message(entry(&mut bundle), world.log.key.public());
    entry(&mut bundle)["inclusionPromise"]["signedEntryTimestamp"] =
        json!(STANDARD.encode(forger.sign(&message).unwrap()));
    says(&world.refused(&bundle), "invalid inclusion promise");
}

#[tokio::test]
async fn entry_of_another_signature() {
    let (world, key) = World::with_key().await;
    let signing = Signing::Key(key);
    let other = world.sign(&subject("0.9.0", b"older"), &signing).await;
    let mut bundle = world.sign(&the_subject(), &signing).await;
    *entry(&mut bundle) = after(&other)["verificationMaterial"]["tlogEntries"][0].clone();
    says(&world.refused(&bundle), "does not match the bundle");
}

#[tokio::test]
async fn signature_replayed_from_another_version() {
    let (world, key) = World::with_key().await;
    // The same bytes under two versions: only the name tells them apart.
    let old = subject("0.9.0", b"the plugin");
    let bundle = world.sign(&old, &key.into()).await;
    assert!(world.verify_as(&bundle, &old).is_ok());
    let error = world.verify(&bundle).unwrap_err();
    assert!(matches!(error, VerifyError::Name { .. }), "{error}");
}

#[tokio::test]
async fn stripped() {
    let (world, key) = World::with_key().await;
    let good = world.sign(&the_subject(), &key.into()).await;
    let strip = |change: fn(&mut Value)| {
        let mut bundle = good.clone();
        change(&mut bundle);
        world.verify(&bundle).unwrap_err().to_string()
    };
    says(
        &strip(|b| b["verificationMaterial"]["tlogEntries"] = json!([])),
        "no entry",
    );
    says(
        &strip(|b| drop(entry(b).as_object_mut().unwrap().remove("inclusionProof"))),
        "no inclusion proof",
    );
    says(
        &strip(|b| drop(entry(b).as_object_mut().unwrap().remove("inclusionPromise"))),
        "no signed entry timestamp",
    );
    says(
        &strip(|b| b["dsseEnvelope"]["signatures"] = json!([])),
        "malformed",
    );
    says(
        &strip(|b| b["dsseEnvelope"]["signatures"][0]["sig"] = json!("")),
        "",
    );
}

#[tokio::test]
async fn unknown_log() {
    let (mut world, key) = World::with_key().await;
    let bundle = world.sign(&the_subject(), &key.into()).await;
    let other = Log::key_only();
    world.trust.logs = vec![TrustedLog {
        url: None,
        key: other.public().clone(),
    }];
    let error = world.verify(&bundle).unwrap_err();
    assert!(matches!(error, VerifyError::UnknownLog { .. }), "{error}");
}

#[tokio::test]
async fn nobody_is_trusted_by_default() {
    let (mut world, key) = World::with_key().await;
    let bundle = world.sign(&the_subject(), &key.into()).await;
    // Somebody who may sign other plugins may not sign this one.
    world.trust.publishers[0].plugins = vec!["other".to_owned()];
    let error = world.verify(&bundle).unwrap_err();
    assert!(
        matches!(error, VerifyError::NobodyTrusted { .. }),
        "{error}"
    );
    world.trust.publishers.clear();
    let error = world.verify(&bundle).unwrap_err();
    assert!(
        matches!(error, VerifyError::NobodyTrusted { .. }),
        "{error}"
    );
}

/// Bytes that are no bundle, and bundles with any one byte changed, are refused or say the same: nothing panics.
#[tokio::test]
async fn any_damage() {
    let (world, key) = World::with_key().await;
    let good = world.sign(&the_subject(), &key.into()).await.to_string();
    let scope = Scope::Plugin(PLUGIN);
    for at in (0..good.len()).step_by(3) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        let _ = verify(&bytes, &the_subject(), scope, &world.trust);
        let _ = verify(&good.as_bytes()[..at], &the_subject(), scope, &world.trust);
    }
    assert!(verify(b"", &the_subject(), scope, &world.trust).is_err());
    assert!(verify(&vec![b' '; 2 << 20], &the_subject(), scope, &world.trust).is_err());
}
