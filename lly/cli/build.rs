//! Finds the packaged plugins that `lly` carries, and reads their versions; finds the runtime of plugins in JavaScript.

use std::path::{Path, PathBuf};

use lly_brick::container::Reader;

fn main() {
    println!("cargo::rerun-if-env-changed=LILY_PLUGINS_DIR");
    for embedded in [embed("c"), embed("js"), javascript()] {
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

/// The package of a frontend that `lly` ships.
fn embed(name: &str) -> Result<(), String> {
    let folder = match std::env::var_os("LILY_PLUGINS_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let manifest =
                std::env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?;
            Path::new(&manifest).join("../../target/lily/plugins")
        }
    };
    let path = std::path::absolute(folder.join(format!("{name}.plugin")))
        .map_err(|error| error.to_string())?;
    println!("cargo::rerun-if-changed={}", path.display());
    let bytes = std::fs::read(&path).map_err(|error| {
        format!(
            "the packaged frontend is not at `{}` ({error})",
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
    let word = name.to_uppercase();
    println!("cargo::rustc-env=LILY_{word}_PLUGIN={}", path.display());
    println!(
        "cargo::rustc-env=LILY_{word}_PLUGIN_VERSION={}",
        text("version")?
    );
    match text("name")? {
        found if found == name => Ok(()),
        found => Err(wrong(format!("it is `{found}`"))),
    }
}
