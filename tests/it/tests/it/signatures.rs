//! Signatures, with others: an authority that issues certificates as Fulcio does, and Sigstore's own verifier in JavaScript.

mod timestamps;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType,
    SubjectPublicKeyInfo,
};
use registry_client::PublicKey;
use serde_json::{Value, json};
use tests_kit::{Fleet, Home, repository};

const IDENTITY: &str = "dev@acme.example";
const ISSUER: &str = "https://issuer.example";
/// Fulcio's extension for the OpenID issuer; its content is a UTF8String.
const ISSUER_EXTENSION: [u64; 9] = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
const DER_UTF8: u8 = 0x0c;

/// An authority on a port of its own; it ends with the value.
struct Authority {
    url: String,
    pem: String,
    _runtime: tokio::runtime::Runtime,
}

impl Authority {
    fn start() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Arc::new(Issuer::new(params, key));
        let routes = Router::new()
            .route("/api/v2/signingCert", post(issue))
            .with_state(issuer);
        let (url, runtime) = serve(routes);
        Authority {
            url,
            pem,
            _runtime: runtime,
        }
    }
}

/// Serves on a port of its own, at the URL, until the runtime is dropped.
fn serve(routes: Router) -> (String, tokio::runtime::Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, routes).await });
    (url, runtime)
}

/// Gives a certificate to whoever proves to have the key, for whom the token speaks of.
async fn issue(
    State(issuer): State<Arc<Issuer<'static, KeyPair>>>,
    Json(asked): Json<Value>,
) -> Json<Value> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let token = text(&asked["credentials"]["oidcIdentityToken"]);
    let claims = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let identity = text(&claims["email"]);
    let request = &asked["publicKeyRequest"];
    let pem = text(&request["publicKey"]["content"]);
    let proof = STANDARD
        .decode(text(&request["proofOfPossession"]))
        .unwrap();
    assert!(
        PublicKey::from_pem(&pem)
            .unwrap()
            .verifies(identity.as_bytes(), &proof)
    );
    let key = SubjectPublicKeyInfo::from_pem(&pem).unwrap();
    assert!(!key.der_bytes().is_empty());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::Rfc822Name(identity.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let issued_by = text(&claims["iss"]);
    let content = [
        &[DER_UTF8, u8::try_from(issued_by.len()).unwrap()],
        issued_by.as_bytes(),
    ]
    .concat();
    params.custom_extensions = vec![CustomExtension::from_oid_content(
        &ISSUER_EXTENSION,
        content,
    )];
    let now = std::time::SystemTime::now();
    params.not_before = (now - std::time::Duration::from_secs(60)).into();
    params.not_after = (now + std::time::Duration::from_secs(600)).into();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    Json(
        json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": [certificate.pem()] } } }),
    )
}

/// An identity token as an OpenID provider makes it; nobody here checks its signature.
fn token(identity: &str) -> String {
    let claims = json!({ "iss": ISSUER, "sub": "1", "email": identity });
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn keyless(fleet: &Fleet, arguments: &[&str], identity: &str) -> tests_kit::Output {
    let token = token(identity);
    fleet.home.lly_with(arguments, b"", |command| {
        command.env("LLY_IDENTITY_TOKEN", token);
    })
}

/// Sigstore's verifier on a signature: what it refuses it with, if it does.
fn crosscheck(bundle: &Path, log_key: &Path, arguments: &[&str]) -> Result<(), String> {
    let script = repository().join("tests/it/tests/crosscheck.cjs");
    let modules = repository().join("target/lily/sigstore-js/node_modules");
    let mut node = Command::new("node");
    node.arg(script)
        .arg(modules)
        .arg(bundle)
        .arg(log_key)
        .args(arguments);
    let output = node.output().expect("node runs");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.success() {
        true => Ok(()),
        false => Err(error),
    }
}

/// Insists that the verifier refused, rather than that the script is broken.
#[track_caller]
fn refuses(outcome: Result<(), String>) {
    let error = outcome.unwrap_err();
    assert!(
        error.contains("VerificationError") || error.contains("PolicyError"),
        "{error}"
    );
}

/// A signed bundle and the log's key.
fn signed(fleet: &Fleet, name: &str, arguments: &[&str]) -> PathBuf {
    let home = &fleet.home;
    home.write("hello.c", "int main(void) { return 0; }\n");
    home.compile("hello", ["hello.c"]);
    let file = format!("{name}.json");
    let all = [
        &["bundle", "sign", "hello.brick", "-f", "-o", &file],
        arguments,
    ]
    .concat();
    keyless(fleet, &all, IDENTITY).success();
    let log_key = home.work().join("log.pem");
    let url = fleet.state().unwrap()["rc_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let pem = fleet
        .get(&format!("{url}/api/v1/log/publicKey"))
        .is(200)
        .text();
    std::fs::write(log_key, pem).unwrap();
    home.work().join(file)
}

#[test]
fn sigstores_own_verifier_agrees() {
    let fleet = Fleet::start(1);
    let authority = Authority::start();
    let home = &fleet.home;
    let (log_key, ca) = (
        home.work().join("log.pem"),
        home.write("ca.pem", &authority.pem),
    );
    let ca = ca.to_str().unwrap();
    home.lly(["plugin", "key", "generate", "acme.key"])
        .success();
    home.lly(["plugin", "key", "generate", "other.key"])
        .success();
    let trust = [
        "plugin",
        "trust",
        "authority",
        "--certificates",
        ca,
        "--url",
        &authority.url,
    ];
    home.lly(trust).success();
    let public = |name: &str| home.work().join(name).to_str().unwrap().to_owned();
    let by_key = signed(&fleet, "by-key", &["--key", "acme.key"]);
    crosscheck(&by_key, &log_key, &["key", &public("acme.pub")]).unwrap();
    refuses(crosscheck(
        &by_key,
        &log_key,
        &["key", &public("other.pub")],
    ));
    let by_name = signed(&fleet, "by-name", &["--keyless"]);
    crosscheck(&by_name, &log_key, &["authority", ca, IDENTITY]).unwrap();
    refuses(crosscheck(
        &by_name,
        &log_key,
        &["authority", ca, "mallory@acme.example"],
    ));
    // It refuses what we refuse: a log with another key.
    std::fs::copy(public("other.pub"), home.work().join("other-log.pem")).unwrap();
    refuses(crosscheck(
        &by_key,
        &home.work().join("other-log.pem"),
        &["key", &public("acme.pub")],
    ));
}

#[test]
fn a_plugin_is_published_and_installed_without_a_key() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let authority = Authority::start();
    let home = &fleet.home;
    let package = repository().join("target/lily/plugins/wat.plugin");
    let publish = ["plugin", "publish", package.to_str().unwrap(), "--keyless"];
    let refused = keyless(&fleet, &publish, IDENTITY).exits(1);
    assert!(
        refused.stderr.contains("names no authority"),
        "{}",
        refused.stderr
    );
    let ca = home.write("ca.pem", &authority.pem);
    let ca = ca.to_str().unwrap();
    home.lly([
        "plugin",
        "trust",
        "authority",
        "--certificates",
        ca,
        "--url",
        &authority.url,
    ])
    .success();
    let refused = home.lly(publish).exits(1);
    assert!(
        refused.stderr.contains("LLY_IDENTITY_TOKEN"),
        "{}",
        refused.stderr
    );
    keyless(&fleet, &publish, IDENTITY).success();
    let install = ["plugin", "install", "wat"];
    let publisher = |identity: &str, issuer: &str| {
        let trust = ["plugin", "trust", "publisher", "--plugins", "wat"];
        let who = ["--identity", identity, "--issuer", issuer];
        home.lly(trust.iter().chain(&who)).success();
    };
    home.lly(install).exits(1);
    publisher("mallory@acme.example", ISSUER);
    let refused = home.lly(install).exits(1);
    assert!(
        refused.stderr.contains("does not let sign"),
        "{}",
        refused.stderr
    );
    publisher(IDENTITY, "https://another.example");
    let refused = home.lly(install).exits(1);
    assert!(
        refused
            .stderr
            .contains("was vouched for by `https://issuer.example`"),
        "{}",
        refused.stderr
    );
    publisher(IDENTITY, ISSUER);
    let installed = home.lly(install).success();
    assert!(
        installed.stdout.contains("signed by dev@acme.example"),
        "{}",
        installed.stdout
    );
}
