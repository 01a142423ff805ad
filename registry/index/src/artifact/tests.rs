//! A package goes in, the artifact comes out the same every time, and nothing of it can be swapped.

use super::*;
use crate::FRONTEND_WORLD;
use lly_brick::container::Writer;
use semver::Version;

fn package(component: &[u8]) -> Vec<u8> {
    let plugin = PluginManifest::new("wat", Version::new(1, 0, 0), FRONTEND_WORLD, "text");
    let writer = Writer::new().entry(MANIFEST_ENTRY, plugin.canonical());
    writer.entry("component.wasm", component).finish().unwrap()
}

#[test]
fn the_same_package_gives_the_same_artifact() {
    let artifact = Artifact::build(package(b"\0asm")).unwrap();
    assert_eq!(
        artifact.digest(),
        Artifact::build(package(b"\0asm")).unwrap().digest()
    );
    let manifest = ArtifactManifest::parse(&artifact.manifest).unwrap();
    assert_eq!(manifest.component.digest, Digest::of(b"\0asm"));
    assert_eq!(manifest.component.media_type, "application/wasm");
    manifest.check_config(&artifact.config).unwrap();
    assert_eq!(
        manifest.check_package(&artifact.package).unwrap(),
        artifact.plugin
    );
    let config: serde_json::Value = serde_json::from_slice(&artifact.config).unwrap();
    assert_eq!(config["layerDigests"][0], Digest::of(b"\0asm").to_string());
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let one = Artifact::build(package(b"\0asm one")).unwrap();
    let other = Artifact::build(package(b"\0asm other")).unwrap();
    let manifest = ArtifactManifest::parse(&one.manifest).unwrap();
    assert!(manifest.check_package(&other.package).is_err());
    assert!(manifest.check_config(&other.config).is_err());
    // A manifest that names this package but another component, or another plugin.json.
    let swapped = ArtifactManifest {
        component: Descriptor::of(COMPONENT_LAYER, b"\0asm other"),
        ..manifest.clone()
    };
    let error = swapped.check_package(&one.package).unwrap_err();
    assert!(matches!(error, ArtifactError::Contradiction(_)), "{error}");
    let swapped = ArtifactManifest {
        plugin: Descriptor::of(MANIFEST_LAYER, b"{}"),
        ..manifest
    };
    assert!(swapped.check_package(&one.package).is_err());
}

#[test]
fn other_manifests_are_refused() {
    let json = String::from_utf8(Artifact::build(package(b"\0asm")).unwrap().manifest).unwrap();
    for bad in [
        json.replace("vnd.lily.plugin.v1\",\"config", "vnd.other\",\"config"),
        json.replace("application/wasm", "application/other"),
        json.replace("wasm.config.v0", "wasm.config.v1"),
        json.replace("\"schemaVersion\":2", "\"schemaVersion\":1"),
    ] {
        assert_ne!(bad, json);
        assert!(ArtifactManifest::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn a_signature_names_what_it_signs() {
    let manifest = SignatureManifest::new(b"the manifest", b"the bundle");
    assert_eq!(manifest.subject.digest, Digest::of(b"the manifest"));
    let json = manifest.render();
    assert_eq!(SignatureManifest::parse(&json).unwrap(), manifest);
    assert!(ArtifactManifest::parse(&json).is_err());
    let stripped = String::from_utf8(json)
        .unwrap()
        .replace("\"subject\"", "\"object\"");
    assert!(SignatureManifest::parse(stripped.as_bytes()).is_err());
}
