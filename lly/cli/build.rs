//! Finds the packaged C plugin that `lly` carries, and reads its name and version.

use std::path::{Path, PathBuf};

use lly_brick::container::Reader;

fn main() {
    println!("cargo::rerun-if-env-changed=LILY_PLUGINS_DIR");
    if let Err(reason) = embed() {
        println!("cargo::error={reason}: run `cargo xtask setup` first");
    }
}

fn embed() -> Result<(), String> {
    let folder = match std::env::var_os("LILY_PLUGINS_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let manifest =
                std::env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
            Path::new(&manifest).join("../../target/lily/plugins")
        }
    };
    let path = std::path::absolute(folder.join("c.plugin")).map_err(|error| error.to_string())?;
    println!("cargo::rerun-if-changed={}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| {
        format!(
            "the packaged C plugin is not at `{}` ({error})",
            path.display()
        )
    })?;
    let wrong =
        |reason: String| format!("`{}` is not a packaged plugin ({reason})", path.display());
    let reader = Reader::open(&bytes).map_err(|error| wrong(error.to_string()))?;
    let manifest = reader
        .read("plugin.json")
        .map_err(|error| wrong(error.to_string()))?;
    let manifest: serde_json::Value =
        serde_json::from_slice(&manifest).map_err(|error| wrong(error.to_string()))?;
    let text = |key: &str| {
        manifest[key]
            .as_str()
            .map(str::to_string)
            .ok_or_else(|| wrong(format!("no `{key}`")))
    };
    println!("cargo::rustc-env=LILY_C_PLUGIN={}", path.display());
    println!("cargo::rustc-env=LILY_C_PLUGIN_NAME={}", text("name")?);
    println!(
        "cargo::rustc-env=LILY_C_PLUGIN_VERSION={}",
        text("version")?
    );
    Ok(())
}
