//! Finds the packaged C plugin that `lly` carries, and reads its name and version; finds the JavaScript runtime.

use std::path::{Path, PathBuf};

use lly_brick::container::Reader;

fn main() {
    println!("cargo::rerun-if-env-changed=LILY_PLUGINS_DIR");
    for embedded in [embed(), javascript()] {
        if let Err(reason) = embedded {
            println!("cargo::error={reason}: run `cargo xtask setup` first");
        }
    }
}

/// QuickJS, which plugins in JavaScript are linked with.
fn javascript() -> Result<(), String> {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
    let path = Path::new(&manifest).join("../../target/lily/js/quickjs.wasm");
    let path = std::path::absolute(path).map_err(|error| error.to_string())?;
    println!("cargo::rerun-if-changed={}", path.display());
    if !path.is_file() {
        return Err(format!(
            "there is no JavaScript runtime at `{}`",
            path.display()
        ));
    }
    println!("cargo::rustc-env=LILY_JS_RUNTIME={}", path.display());
    Ok(())
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
