//! Publishing with registry-client, the signed index, yanking, search, the log; and what a registry that lies is worth.

use crate::rc::{Rc, refused};
use lly_brick::Digest;
use lly_brick::container::Writer;
use registry_client::sign::Witnesses;
use registry_client::trust::{Publisher, TrustedLog, TrustedRegistry, Who};
use registry_client::{
    Http, Network, PublicKey, Registry, RegistryError, Settings, Signing, SigningKey, Token, Trust,
    keys,
};
use registry_index::{
    COMPONENT_ENTRY, FRONTEND_WORLD, Index, MANIFEST_ENTRY, Offer, PluginManifest, Requirement,
};
use reqwest::{Method, StatusCode};
use semver::Version;
use serde_json::{Value, json};
use std::path::Path;

pub fn package(version: &str, component: &[u8]) -> Vec<u8> {
    package_of("wat", version, "WebAssembly text", component)
}

pub fn package_of(name: &str, version: &str, description: &str, component: &[u8]) -> Vec<u8> {
    let version = Version::parse(version).unwrap();
    let plugin = PluginManifest::new(name, version, FRONTEND_WORLD, description);
    let writer = Writer::new()
        .entry(MANIFEST_ENTRY, plugin.canonical())
        .entry(COMPONENT_ENTRY, component);
    writer.finish().unwrap()
}

/// A user of the registry: what they trust, and their `$LLY_HOME`.
pub struct User {
    home: tempfile::TempDir,
    trust: Trust,
    signing: Signing,
}

fn settings(rc: &Rc, home: &Path, network: Network) -> Settings {
    Settings {
        url: format!("http://{}", rc.address),
        ca: None,
        token: Some(Token::new(&rc.token)),
        home: home.to_owned(),
        network,
    }
}

impl User {
    pub async fn new(rc: &Rc) -> User {
        let home = tempfile::tempdir().unwrap();
        let key = keys::generate().unwrap();
        let mut trust = Trust::default();
        let registry = Registry::new(settings(rc, home.path(), Network::Online)).unwrap();
        let document = registry.document().await.unwrap();
        let pem = |text: &str| PublicKey::from_pem(text).unwrap();
        assert_eq!(document.log_id, pem(&document.log_key).fingerprint().hex());
        trust
            .add_registry(TrustedRegistry {
                url: registry.url().to_owned(),
                index_key: pem(&document.index_key),
            })
            .unwrap();
        trust
            .add_log(TrustedLog {
                url: Some(registry.url().to_owned()),
                key: pem(&document.log_key),
            })
            .unwrap();
        trust.publishers.push(publisher(&key));
        User {
            home,
            trust,
            signing: key.into(),
        }
    }

    pub fn registry(&self, rc: &Rc, network: Network) -> Registry {
        Registry::new(settings(rc, self.home.path(), network)).unwrap()
    }

    pub async fn publish(&self, rc: &Rc, package: Vec<u8>) -> Result<Digest, RegistryError> {
        let registry = self.registry(rc, Network::Online);
        let witnesses = Witnesses {
            log: Http::new(registry.url(), None, None).unwrap(),
            timestamps: None,
        };
        let published = registry
            .publish(package, &self.signing, &witnesses, &self.trust)
            .await?;
        Ok(published.digest)
    }

    async fn obtain(&self, rc: &Rc, wanted: &str) -> Result<Version, RegistryError> {
        self.obtain_by(rc, wanted, Network::Online).await
    }

    async fn obtain_by(
        &self,
        rc: &Rc,
        wanted: &str,
        network: Network,
    ) -> Result<Version, RegistryError> {
        let requirement: Requirement = wanted.parse().unwrap();
        let offer = Offer {
            lly: &Version::new(0, 1, 0),
            worlds: &[FRONTEND_WORLD.parse().unwrap()],
        };
        let registry = self.registry(rc, network);
        let verified = registry
            .obtain(&requirement, &offer, None, &self.trust)
            .await?;
        assert_eq!(verified.plugin.version, verified.locked.version);
        Ok(verified.locked.version)
    }
}

fn publisher(key: &SigningKey) -> Publisher {
    Publisher {
        plugins: vec!["wat".to_owned()],
        bundles: false,
        who: Who::Key(key.public().clone()),
    }
}

#[tokio::test]
async fn what_is_published_is_found_verified_and_obtained() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    assert!(matches!(
        user.obtain(&rc, "wat").await.unwrap_err(),
        RegistryError::NoPlugin { .. }
    ));
    let digest = user.publish(&rc, package("0.1.0", b"one")).await.unwrap();
    user.publish(&rc, package("0.2.0", b"two")).await.unwrap();
    user.publish(&rc, package("0.3.0-rc.1", b"three"))
        .await
        .unwrap();
    assert_eq!(
        user.obtain(&rc, "wat").await.unwrap(),
        Version::new(0, 2, 0)
    );
    assert_eq!(
        user.obtain(&rc, "wat@0.1").await.unwrap(),
        Version::new(0, 1, 0)
    );
    assert_eq!(
        user.obtain(&rc, "wat@0.3.0-rc.1")
            .await
            .unwrap()
            .to_string(),
        "0.3.0-rc.1"
    );
    // The same bytes again are the same version with another signature; other bytes are refused.
    assert_eq!(
        user.publish(&rc, package("0.1.0", b"one")).await.unwrap(),
        digest
    );
    let error = user
        .publish(&rc, package("0.1.0", b"other"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("never changes"), "{error}");
    let registry = user.registry(&rc, Network::Online);
    let found = registry.search("assembly").await.unwrap();
    assert_eq!(
        (found.len(), found[0].version.to_string().as_str()),
        (1, "0.2.0")
    );
    assert!(
        registry
            .search("nothing like it & more")
            .await
            .unwrap()
            .is_empty()
    );
    rc.stop().await;
}

#[tokio::test]
async fn a_yanked_version_is_not_chosen_and_comes_back() {
    let rc = Rc::start().await;
    let user = User::new(&rc).await;
    for version in ["0.1.0", "0.2.0"] {
        user.publish(&rc, package(version, b"x")).await.unwrap();
    }
    let registry = user.registry(&rc, Network::Online);
    let version = Version::new(0, 2, 0);
    registry
        .yank("wat", &version, Some("it eats files"))
        .await
        .unwrap();
    assert_eq!(
        user.obtain(&rc, "wat").await.unwrap(),
        Version::new(0, 1, 0)
    );
    let error = user
        .obtain(&rc, "wat@=0.2.0")
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("was yanked (it eats files)"), "{error}");
    registry.yank("wat", &version, None).await.unwrap();
    assert_eq!(user.obtain(&rc, "wat").await.unwrap(), version);
    // Without a token nobody yanks, and nothing is yanked that is not there.
    let path = "/v1/plugins/wat/0.1.0/yanked";
    let put = rc
        .anonymous(Method::PUT, path)
        .json(&json!({ "reason": "x" }));
    refused(
        put.send().await.unwrap(),
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
    )
    .await;
    let put = rc
        .call(Method::PUT, "/v1/plugins/wat/9.0.0/yanked")
        .json(&json!({ "reason": "x" }));
    refused(
        put.send().await.unwrap(),
        StatusCode::NOT_FOUND,
        "VERSION_UNKNOWN",
    )
    .await;
    rc.stop().await;
}

#[tokio::test]
async fn a_stripped_or_foreign_signature_is_no_signature() {
    let rc = Rc::start().await;
    let mut user = User::new(&rc).await;
    user.publish(&rc, package("0.1.0", b"x")).await.unwrap();
    // Somebody else may push, but is trusted by nobody.
    let mallory = User::new(&rc).await;
    mallory
        .publish(&rc, package("0.2.0", b"evil"))
        .await
        .unwrap();
    let error = user.obtain(&rc, "wat@0.2").await.unwrap_err();
    assert!(matches!(error, RegistryError::Signature { .. }), "{error}");
    // What was pushed without a signature.
    let artifact = registry_index::Artifact::build(package("0.3.0", b"bare")).unwrap();
    for blob in artifact.blobs() {
        rc.push("plugins/wat", &blob).await;
    }
    let manifest: Value = serde_json::from_slice(&artifact.manifest).unwrap();
    let path = "/v2/plugins/wat/manifests/0.3.0";
    let put = rc
        .call(Method::PUT, path)
        .header("content-type", crate::rc::MANIFEST);
    let put = put.body(artifact.manifest.clone()).send().await.unwrap();
    assert_eq!(put.status(), StatusCode::CREATED, "{manifest}");
    let error = user.obtain(&rc, "wat@0.3").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unsigned { .. }), "{error}");
    // Nobody is trusted by default.
    user.trust.publishers.clear();
    let error = user.obtain(&rc, "wat@=0.1.0").await.unwrap_err();
    assert!(matches!(error, RegistryError::Signature { .. }), "{error}");
    rc.stop().await;
}

#[tokio::test]
async fn what_was_seen_once_works_offline_and_is_still_verified() {
    let rc = Rc::start().await;
    let mut user = User::new(&rc).await;
    user.publish(&rc, package("0.1.0", b"x")).await.unwrap();
    let error = user
        .obtain_by(&rc, "wat", Network::Offline)
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::NotCached { .. }), "{error}");
    user.obtain(&rc, "wat").await.unwrap();
    let version = user.obtain_by(&rc, "wat", Network::Offline).await.unwrap();
    assert_eq!(version, Version::new(0, 1, 0));
    // A poisoned cache is no cache: every blob in it is replaced by another.
    let blobs = user.home.path().join("cache/registry/sha256");
    for file in std::fs::read_dir(&blobs).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none() {
            std::fs::write(path, b"evil").unwrap();
        }
    }
    let error = user
        .obtain_by(&rc, "wat", Network::Offline)
        .await
        .unwrap_err();
    assert!(matches!(error, RegistryError::Unsigned { .. }), "{error}");
    assert_eq!(
        user.obtain(&rc, "wat").await.unwrap(),
        Version::new(0, 1, 0)
    );
    user.trust.publishers.clear();
    assert!(user.obtain_by(&rc, "wat", Network::Offline).await.is_err());
    rc.stop().await;
}

#[tokio::test]
async fn an_index_of_another_key_and_one_that_was_rolled_back_are_refused() {
    let rc = Rc::start().await;
    let mut user = User::new(&rc).await;
    user.publish(&rc, package("0.1.0", b"x")).await.unwrap();
    user.publish(&rc, package("0.2.0", b"y")).await.unwrap();
    user.obtain(&rc, "wat").await.unwrap();
    // The registry shows the index as it was before 0.2.0, signed with its own key.
    let row = rc.database.plugin_index("wat").await.unwrap().unwrap();
    let mut index = Index::parse(&row).unwrap();
    index.versions.pop();
    index.serial -= 1;
    let rolled_back = fleet_db::PluginRow {
        index: index.canonical(),
        summary: String::new(),
    };
    rc.database
        .change_plugin("wat", |_| (Some(rolled_back), ()))
        .await
        .unwrap();
    let error = user.obtain(&rc, "wat").await.unwrap_err();
    assert!(matches!(error, RegistryError::RolledBack { .. }), "{error}");
    // Another registry behind the same address.
    user.trust.registries[0].index_key = keys::generate().unwrap().public().clone();
    let error = user.obtain(&rc, "wat").await.unwrap_err();
    assert!(
        matches!(error, RegistryError::IndexSignature { .. }),
        "{error}"
    );
    user.trust.registries.clear();
    let error = user.obtain(&rc, "wat").await.unwrap_err();
    assert!(matches!(error, RegistryError::Unpinned { .. }), "{error}");
    rc.stop().await;
}

#[tokio::test]
async fn a_manifest_that_contradicts_its_place_is_refused() {
    let rc = Rc::start().await;
    let artifact = registry_index::Artifact::build(package("0.1.0", b"x")).unwrap();
    for repository in ["plugins/wat", "plugins/other"] {
        for blob in artifact.blobs() {
            rc.push(repository, &blob).await;
        }
    }
    let put = async |repository: &str, tag: &str, manifest: &[u8]| {
        let path = format!("/v2/{repository}/manifests/{tag}");
        let put = rc
            .call(Method::PUT, &path)
            .header("content-type", crate::rc::MANIFEST);
        put.body(manifest.to_vec()).send().await.unwrap()
    };
    for (repository, tag) in [
        ("plugins/wat", "0.2.0"),
        ("plugins/wat", "latest"),
        ("plugins/other", "0.1.0"),
    ] {
        let answer = put(repository, tag, &artifact.manifest).await;
        refused(answer, StatusCode::BAD_REQUEST, "MANIFEST_INVALID").await;
    }
    let text = String::from_utf8(artifact.manifest.clone()).unwrap();
    let swapped = text.replace("application/wasm", "application/wat");
    let answer = put("plugins/wat", "0.1.0", swapped.as_bytes()).await;
    refused(answer, StatusCode::BAD_REQUEST, "MANIFEST_INVALID").await;
    assert!(rc.database.plugin_index("wat").await.unwrap().is_none());
    // Put twice at once and again, it is one version with serial 1.
    let (one, two) = tokio::join!(
        put("plugins/wat", "0.1.0", &artifact.manifest),
        put("plugins/wat", "0.1.0", &artifact.manifest)
    );
    assert!(one.status().is_success() && two.status().is_success());
    let index = rc.database.plugin_index("wat").await.unwrap().unwrap();
    assert_eq!(Index::parse(&index).unwrap().serial, 1);
    rc.stop().await;
}

#[tokio::test]
async fn the_log_takes_good_signatures_alone_and_survives() {
    let mut rc = Rc::start().await;
    let user = User::new(&rc).await;
    for version in ["0.1.0", "0.2.0", "0.3.0"] {
        user.publish(&rc, package(version, version.as_bytes()))
            .await
            .unwrap();
    }
    let head: Value = rc.get("/api/v1/log").await.json().await.unwrap();
    assert_eq!(head["treeSize"], 3);
    let entry: Value = rc
        .get("/api/v1/log/entries?logIndex=1")
        .await
        .json()
        .await
        .unwrap();
    let (uuid, one) = entry.as_object().unwrap().iter().next().unwrap();
    assert_eq!(
        one["verification"]["inclusionProof"]["hashes"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let proof: Value = rc
        .get("/api/v1/log/proof?firstSize=2&lastSize=3")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (
            &proof["rootHash"],
            proof["hashes"].as_array().unwrap().len()
        ),
        (&head["rootHash"], 1)
    );
    let bad = rc.get("/api/v1/log/proof?firstSize=4&lastSize=3").await;
    refused(bad, StatusCode::BAD_REQUEST, "ENTRY_INVALID").await;
    rc.restart().await;
    let again: Value = rc
        .get(&format!("/api/v1/log/entries/{uuid}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(again[uuid]["body"], one["body"]);
    let key = rc.get("/api/v1/log/publicKey").await.text().await.unwrap();
    assert_eq!(PublicKey::from_pem(&key).unwrap(), user.trust.logs[0].key);
    // A signature by one key under the name of another.
    let (good, other) = (keys::generate().unwrap(), keys::generate().unwrap());
    let proposed = |verifier: &SigningKey, kind: &str| {
        use base64::Engine as _;
        let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
        let message = registry_index::Envelope::signed_bytes("application/vnd.in-toto+json", b"{}");
        let envelope = json!({
            "payload": base64(b"{}"), "payloadType": "application/vnd.in-toto+json",
            "signatures": [{ "sig": base64(&good.sign(&message).unwrap()) }],
        });
        json!({ "apiVersion": "0.0.1", "kind": kind, "spec": { "proposedContent": {
            "envelope": envelope.to_string(), "verifiers": [base64(verifier.public().pem().as_bytes())],
        } } })
    };
    let send = async |entry: Value| {
        rc.anonymous(Method::POST, "/api/v1/log/entries")
            .json(&entry)
            .send()
            .await
            .unwrap()
    };
    refused(
        send(proposed(&other, "dsse")).await,
        StatusCode::BAD_REQUEST,
        "ENTRY_INVALID",
    )
    .await;
    refused(
        send(proposed(&good, "hashedrekord")).await,
        StatusCode::BAD_REQUEST,
        "ENTRY_INVALID",
    )
    .await;
    refused(
        send(json!({})).await,
        StatusCode::BAD_REQUEST,
        "ENTRY_INVALID",
    )
    .await;
    assert_eq!(
        send(proposed(&good, "dsse")).await.status(),
        StatusCode::CREATED
    );
    // Many at once: each has its place. (The registry has another port since it was started again.)
    let user = User::new(&rc).await;
    let publish = async |number: u64| {
        user.publish(&rc, package(&format!("1.{number}.0"), b"x"))
            .await
            .unwrap()
    };
    futures_util::future::join_all((0..8).map(publish)).await;
    let head: Value = rc.get("/api/v1/log").await.json().await.unwrap();
    assert_eq!(head["treeSize"], 12);
    rc.stop().await;
}
