//! Packages and components for the tests of this crate.

use lly_brick::container::Writer;
use registry_index::{EVICTION_WORLD, FRONTEND_WORLD, POLICY_WORLD, PluginManifest};
use semver::Version;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// A component of the world of frontends around a core module in text.
pub(crate) fn frontend(core: &str) -> Vec<u8> {
    component(core, "frontend", "frontend")
}

/// A component of the world of policies around a core module in text.
pub(crate) fn policy(core: &str) -> Vec<u8> {
    component(core, "policy", "placement-policy")
}

/// A component of the world of eviction policies around a core module in text.
pub(crate) fn eviction(core: &str) -> Vec<u8> {
    component(core, "eviction", "eviction-policy")
}

/// A component of the world of commands around a core module in text.
pub(crate) fn command(core: &str) -> Vec<u8> {
    component(core, "command", "command")
}

/// A component of the world of site adapters around a core module in text.
pub(crate) fn site(core: &str) -> Vec<u8> {
    component(core, "site", "site")
}

fn component(core: &str, folder: &str, world: &str) -> Vec<u8> {
    let mut resolve = wit_parser::Resolve::default();
    let wit = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../wit")
        .join(folder);
    let (package, _) = resolve.push_dir(&wit).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .unwrap()
        .encode()
        .unwrap()
}

/// The manifest of a frontend for `.c` files.
pub(crate) fn frontend_manifest() -> PluginManifest {
    let mut manifest = PluginManifest::new("c", Version::new(1, 2, 3), FRONTEND_WORLD, "C");
    manifest.extensions = vec![".c".to_owned()];
    manifest
}

/// The manifest of a policy.
pub(crate) fn policy_manifest() -> PluginManifest {
    PluginManifest::new("spread", Version::new(1, 2, 3), POLICY_WORLD, "spreads")
}

/// The manifest of an eviction policy.
pub(crate) fn eviction_manifest() -> PluginManifest {
    PluginManifest::new(
        "idle",
        Version::new(1, 2, 3),
        EVICTION_WORLD,
        "puts to sleep",
    )
}

/// A packaged plugin.
pub(crate) fn package(manifest: &PluginManifest, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new().entry("plugin.json", manifest.canonical());
    for (name, contents) in entries {
        writer = writer.entry(*name, contents.to_vec());
    }
    writer.finish().unwrap()
}
