//! What may be written in `trust.toml`, and what may not.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

fn key_pem() -> String {
    crate::keys::generate().unwrap().public().pem()
}

fn certificate(is_ca: IsCa) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = is_ca;
    params
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap()
        .pem()
}

fn sample() -> String {
    let ca = certificate(IsCa::Ca(BasicConstraints::Unconstrained));
    let (index, log, publisher) = (key_pem(), key_pem(), key_pem());
    format!(
        r#"
[[registry]]
url = "https://rc.example:7445/"
index_key = """{index}"""
[[log]]
url = "https://rc.example:7445"
key = """{log}"""
[[authority]]
certificates = """{ca}"""
[[publisher]]
plugins = ["wat", "acme-*"]
key = """{publisher}"""
[[publisher]]
plugins = ["*"]
bundles = true
identity = "dev@example.com"
issuer = "https://issuer.example"
"#
    )
}

#[test]
fn it_is_read_and_written() {
    let trust = Trust::parse(&sample()).unwrap();
    assert!(trust.index_key("https://rc.example:7445").is_some());
    assert!(trust.index_key("https://rc.example:7445/").is_some());
    assert!(trust.index_key("https://rc.example").is_none());
    assert!(trust.log(&trust.logs[0].key.fingerprint()).is_some());
    let home = tempfile::tempdir().unwrap();
    assert!(Trust::load(home.path()).unwrap().publishers.is_empty());
    trust.save(home.path()).unwrap();
    let back = Trust::load(home.path()).unwrap();
    assert_eq!(back.publishers, trust.publishers);
    assert_eq!(back.registries, trust.registries);
    assert_eq!(back.logs, trust.logs);
    assert_eq!(
        back.authorities[0].certificates(),
        trust.authorities[0].certificates()
    );
}

#[test]
fn publishers_sign_what_is_theirs() {
    let trust = Trust::parse(&sample()).unwrap();
    let (acme, dev) = (&trust.publishers[0], &trust.publishers[1]);
    for (name, may) in [
        ("wat", true),
        ("wat2", false),
        ("acme-lint", true),
        ("acme", false),
    ] {
        assert_eq!(acme.may_sign(Scope::Plugin(name)), may, "{name}");
        assert!(dev.may_sign(Scope::Plugin(name)));
    }
    assert!(!acme.may_sign(Scope::Bundle) && dev.may_sign(Scope::Bundle));
    assert!(Trust::default().publishers_of(Scope::Bundle).is_empty());
}

#[test]
fn a_pinned_key_is_not_replaced() {
    let mut trust = Trust::parse(&sample()).unwrap();
    let other = |url: &str| TrustedRegistry {
        url: url.to_owned(),
        index_key: PublicKey::from_pem(&key_pem()).unwrap(),
    };
    assert!(
        trust
            .add_registry(other("https://rc.example:7445"))
            .is_err()
    );
    assert!(trust.add_registry(trust.registries[0].clone()).is_ok());
    assert!(trust.add_registry(other("https://other.example")).is_ok());
    let log = TrustedLog {
        key: PublicKey::from_pem(&key_pem()).unwrap(),
        ..trust.logs[0].clone()
    };
    assert!(trust.add_log(log).is_err());
}

#[test]
fn what_makes_no_sense_is_refused() {
    let leaf = certificate(IsCa::NoCa);
    let (good, key) = (sample(), key_pem());
    let cases = [
        (good.replace("[[log]]", "[[lock]]"), "unknown field"),
        (
            good.replace("https://rc.example:7445/", "http://rc.example"),
            "neither https",
        ),
        (good.replace("https://rc.example:7445/", "rc"), "not a URL"),
        (
            good.replace("https://rc.example:7445/", "https://u:p@rc.example"),
            "more than a host",
        ),
        (
            good.replace("\"acme-*\"", "\"ac*me\""),
            "neither a plugin's name",
        ),
        (
            good.replace("\"acme-*\"", "\"../x\""),
            "neither a plugin's name",
        ),
        (good.replace("issuer =", "key ="), "[[publisher]]"),
        (
            good.replace("issuer = \"https://issuer.example\"", ""),
            "needs a `key`",
        ),
        (good.replace("https://issuer.example", ""), "needs a `key`"),
        (good.replace("BEGIN PUBLIC", "BEGIN PRIVATE"), "is wrong"),
        (
            format!("[[authority]]\ncertificates = \"\"\"{leaf}\"\"\""),
            "not that of an authority",
        ),
        (
            format!("[[authority]]\ncertificates = \"\"\"{key}\"\"\""),
            "not 1 to",
        ),
        ("[[authority]]\ncertificates = \"\"".to_owned(), "not 1 to"),
    ];
    for (bad, problem) in cases {
        assert_ne!(bad, good);
        let error = Trust::parse(&bad).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
