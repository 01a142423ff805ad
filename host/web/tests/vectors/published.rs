//! Test data that others wrote and that the crates of others carry; cargo has fetched and checked them.

use std::path::PathBuf;

use serde_json::Value;

/// A JSON file of a crate that this one is built with.
pub fn json(crate_name: &str, path: &str) -> Value {
    let file = folder(crate_name).join(path);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"))
}

/// The folder of a crate's sources.
fn folder(crate_name: &str) -> PathBuf {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .other_options(["--offline".to_owned()])
        .exec()
        .expect("cargo tells where its crates are");
    let mut packages = metadata.packages.iter();
    let package = packages.find(|package| package.name.as_str() == crate_name);
    let manifest = &package.expect("a dependency").manifest_path;
    manifest.parent().expect("a folder").as_std_path().into()
}
