//! Signatures that a timestamp authority confirms: OpenSSL's, behind HTTP.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::Value;
use tests_kit::Fleet;

use super::{Authority, IDENTITY, crosscheck, refuses, serve, signed};

const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];
/// `timeStamping` alone, in DER: RFC 3161 wants it critical.
const TIME_STAMPING: [u8; 12] = [
    0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08,
];
const CONFIGURATION: &str = "[tsa]
serial = serial
signer_cert = leaf.pem
certs = ca.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
";

/// A timestamp authority on a port of its own; it ends with the value.
struct Stamper {
    url: String,
    folder: Arc<tempfile::TempDir>,
    _runtime: tokio::runtime::Runtime,
}

impl Stamper {
    fn start() -> Stamper {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let ca = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let mut usage =
            CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, TIME_STAMPING.to_vec());
        usage.set_criticality(true);
        params.custom_extensions = vec![usage];
        let leaf = params.signed_by(&key, &issuer).unwrap().pem();
        write("ca.pem", &ca);
        write("leaf.pem", &leaf);
        write("chain.pem", &format!("{leaf}{ca}"));
        write("key.pem", &key.serialize_pem());
        write("serial", "01");
        write("tsa.conf", CONFIGURATION);
        let routes = Router::new()
            .route("/timestamp", post(stamp))
            .with_state(Arc::clone(&folder));
        let (url, runtime) = serve(routes);
        let url = format!("{url}/timestamp");
        Stamper {
            url,
            folder,
            _runtime: runtime,
        }
    }

    fn chain(&self) -> String {
        let chain = self.folder.path().join("chain.pem");
        chain.to_str().unwrap().to_owned()
    }

    /// Lets the developer of a fleet trust this authority and ask it.
    fn trust(&self, fleet: &Fleet) {
        let trust = ["plugin", "trust", "authority", "--timestamps"];
        let who = ["--certificates", &self.chain(), "--url", &self.url];
        fleet.home.lly(trust.iter().chain(&who)).success();
    }
}

/// Answers as `openssl ts` does.
async fn stamp(State(folder): State<Arc<tempfile::TempDir>>, query: Bytes) -> Vec<u8> {
    let folder = folder.path();
    std::fs::write(folder.join("query"), query).unwrap();
    let reply = ["ts", "-reply", "-config", "tsa.conf", "-section", "tsa"];
    let output = Command::new("openssl")
        .args(reply)
        .args(["-queryfile", "query", "-out", "reply"])
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(folder.join("reply")).unwrap()
}

fn read(bundle: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(bundle).unwrap()).unwrap()
}

fn timestamps(bundle: &mut Value) -> &mut Value {
    &mut bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
}

#[test]
fn a_timestamp_is_taken_and_checked() {
    let fleet = Fleet::start(1);
    let (authority, stamper, foreign) = (Authority::start(), Stamper::start(), Stamper::start());
    let home = &fleet.home;
    let ca = home.write("ca.pem", &authority.pem);
    let ca = ca.to_str().unwrap();
    let trust = ["plugin", "trust", "authority", "--certificates", ca];
    home.lly(trust.iter().chain(&["--url", &authority.url]))
        .success();
    home.lly(["plugin", "key", "generate", "acme.key"])
        .success();
    let publisher = ["plugin", "trust", "publisher", "--bundles", "--key"];
    home.lly(publisher.iter().chain(&["acme.pub"])).success();
    let plain = read(&signed(&fleet, "plain", &["--key", "acme.key"]));
    assert!(plain["verificationMaterial"]["timestampVerificationData"].is_null());

    stamper.trust(&fleet);
    let by_key = signed(&fleet, "by-key", &["--key", "acme.key"]);
    let by_name = signed(&fleet, "by-name", &["--keyless"]);
    assert_eq!(
        timestamps(&mut read(&by_key)).as_array().map(Vec::len),
        Some(1)
    );
    let verify = |file: &Path| {
        let verify = ["bundle", "verify", "hello.brick", "--signature"];
        home.lly(verify.iter().chain(&[file.to_str().unwrap()]))
    };
    verify(&by_key).success();
    // Sigstore's own verifier takes the authority's word, too: it wants two times here, the log's and this one.
    let log_key = home.work().join("log.pem");
    let asked = ["authority", ca, IDENTITY];
    let with = |chain: &str| crosscheck(&by_name, &log_key, &[&asked[..], &[chain]].concat());
    with(&stamper.chain()).unwrap();
    refuses(with(&foreign.chain()));

    // The timestamp of another signature.
    let mut forged = read(&by_key);
    *timestamps(&mut forged) = timestamps(&mut read(&by_name)).take();
    let forged = home.write("forged.json", forged.to_string());
    verify(&forged).exits(1).says("is refused");
    // An authority that nobody here trusts.
    let toml = home.path().join("trust.toml");
    let trusted = std::fs::read_to_string(&toml).unwrap();
    let table = trusted.find("[[timestamp_authority]]").unwrap();
    let end = trusted.find("[[publisher]]").unwrap();
    std::fs::write(&toml, format!("{}{}", &trusted[..table], &trusted[end..])).unwrap();
    foreign.trust(&fleet);
    verify(&by_key).exits(1).says("is refused");
}
