//! Every decoder of this crate meets damaged input: it may refuse, it may not panic, and what it accepts makes sense.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use lly_brick::Digest;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use registry_index::*;
use semver::Version;

const ROUNDS: u64 = 4_000;

/// One damaged copy: bytes flipped, cut, doubled, or swapped for what JSON and TOML care about.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] ^= 1 << random.random_range(0..8),
            1 => bytes.truncate(at),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, b"{}[]\",:0-9.@=\\\0\xff"[random.random_range(0..16)]),
            4 => {
                let end = random.random_range(at..bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes[at] = random.random(),
        }
    }
    bytes
}

fn each_damaged(sample: &[u8], check: impl Fn(&[u8])) {
    for seed in 0..ROUNDS {
        check(&damaged(sample, seed));
    }
}

#[test]
fn newest_releases() {
    let newest = NewestRelease::after(None, &Version::new(1, 0, 0));
    each_damaged(&newest.canonical(), |json| {
        if let Ok(newest) = NewestRelease::parse(json) {
            assert_eq!(NewestRelease::parse(&newest.canonical()).unwrap(), newest);
        }
    });
}

fn plugin() -> PluginManifest {
    PluginManifest::new("wat", Version::new(1, 0, 0), FRONTEND_WORLD, "text")
}

#[test]
fn indexes() {
    let index = Index::new("wat")
        .with_version(&plugin(), Digest::of(b"a"))
        .unwrap();
    let index = index
        .with_yanked(&Version::new(1, 0, 0), Some("why"))
        .unwrap();
    each_damaged(&index.canonical(), |json| {
        if let Ok(index) = Index::parse(json) {
            assert_eq!(Index::parse(&index.canonical()).unwrap(), index);
        }
    });
}

#[test]
fn lockfiles() {
    let mut lockfile = Lockfile::default();
    for (name, signer) in [
        (
            "a",
            Signer::Key {
                key: Digest::of(b"k"),
            },
        ),
        (
            "b",
            Signer::Identity {
                identity: "i".to_owned(),
                issuer: "j".to_owned(),
            },
        ),
    ] {
        lockfile.put(Locked {
            name: name.to_owned(),
            requirement: "^1".to_owned(),
            version: Version::new(1, 0, 0),
            digest: Digest::of(b"a"),
            signer,
        });
    }
    each_damaged(lockfile.render().as_bytes(), |text| {
        if let Ok(lockfile) = Lockfile::parse(&String::from_utf8_lossy(text)) {
            assert_eq!(Lockfile::parse(&lockfile.render()).unwrap(), lockfile);
        }
    });
}

#[test]
fn envelopes_and_statements() {
    let subject = Subject::plugin("wat", &Version::new(1, 0, 0), Digest::of(b"a"));
    each_damaged(&subject.statement(), |json| {
        if let Ok(subject) = Subject::parse_statement(json) {
            assert_eq!(
                Subject::parse_statement(&subject.statement()).unwrap(),
                subject
            );
        }
    });
    let envelope = Envelope {
        payload: subject.statement(),
        payload_type: STATEMENT_PAYLOAD.to_owned(),
        signatures: vec![EnvelopeSignature {
            key_id: String::new(),
            signature: vec![7; 70],
        }],
    };
    each_damaged(&envelope.render(), |json| {
        if let Ok(envelope) = Envelope::parse(json) {
            assert_eq!(Envelope::parse(&envelope.render()).unwrap(), envelope);
        }
    });
}

#[test]
fn artifacts() {
    let package = lly_brick::container::Writer::new()
        .entry(MANIFEST_ENTRY, plugin().canonical())
        .entry(COMPONENT_ENTRY, b"\0asm".to_vec())
        .finish()
        .unwrap();
    let artifact = Artifact::build(package.clone()).unwrap();
    let manifest = ArtifactManifest::parse(&artifact.manifest).unwrap();
    each_damaged(&artifact.manifest, |json| {
        if let Ok(other) = ArtifactManifest::parse(json) {
            // Damage in a digest is seen when the package comes.
            let sound = other.package == manifest.package
                && other.component.digest == manifest.component.digest
                && other.plugin.digest == manifest.plugin.digest;
            if !sound && other.package.digest != manifest.package.digest {
                assert!(other.check_package(&package).is_err());
            }
        }
    });
    each_damaged(&package, |bytes| {
        if let Ok(other) = Artifact::build(bytes.to_vec()) {
            assert!(bytes == package || other.digest() != artifact.digest());
        }
    });
    each_damaged(&SignatureManifest::new(b"m", b"b").render(), |json| {
        drop(SignatureManifest::parse(json));
    });
}

#[test]
fn requirements() {
    each_damaged(b"acme-lint@>=1.2.3-rc.1, <2", |text| {
        if let Ok(requirement) = String::from_utf8_lossy(text).parse::<Requirement>() {
            assert_eq!(
                requirement.to_string().parse::<Requirement>().unwrap(),
                requirement
            );
        }
    });
}
