//! Keys of cosign's own making are read, ours have the same form, and damage is told apart from a wrong passphrase.

use super::*;

const COSIGN: &str = include_str!("../../tests/data/made-by-cosign.key");
const SIGSTORE_RS: &str = include_str!("../../tests/data/made-by-sigstore-rs.key");

#[test]
fn a_key_that_cosign_made_signs() {
    for (text, passphrase) in [(COSIGN, ""), (SIGSTORE_RS, "123")] {
        let key = SigningKey::open(text, passphrase).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
    }
}

#[test]
fn a_key_comes_back_with_its_passphrase_and_with_no_other() {
    let key = generate().unwrap();
    let text = key.seal("correct horse").unwrap();
    assert!(!text.contains("BEGIN PRIVATE"));
    let back = SigningKey::open(&text, "correct horse").unwrap();
    assert_eq!(back.public(), key.public());
    assert!(matches!(
        SigningKey::open(&text, "wrong"),
        Err(KeyError::Passphrase)
    ));
    assert_eq!(
        PublicKey::from_pem(&key.public().pem()).unwrap(),
        *key.public()
    );
}

#[test]
fn a_key_file_is_private_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.key");
    let key = generate().unwrap();
    save(&key, &path, "p").unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(matches!(
        save(&generate().unwrap(), &path, "p"),
        Err(KeyError::Io { .. })
    ));
    assert_eq!(load(&path, "p").unwrap().public(), key.public());
}

#[test]
fn a_file_that_asks_for_more_work_than_cosign_does_is_refused() {
    let text = generate().unwrap().seal("").unwrap();
    let json = pem::decode(&text).unwrap().remove(0).1;
    let json = String::from_utf8(json).unwrap();
    for (from, to) in [
        ("\"N\":65536", "\"N\":1073741824"),
        ("\"r\":8", "\"r\":4096"),
        ("\"p\":1", "\"p\":64"),
        ("scrypt", "argon"),
        ("secretbox", "open"),
    ] {
        let bad = json.replace(from, to);
        assert_ne!(bad, json);
        let error = SigningKey::open(&pem::encode(LABELS[0], bad.as_bytes()), "").unwrap_err();
        assert!(matches!(error, KeyError::Malformed(_)), "{error}");
    }
}
