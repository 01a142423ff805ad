//! Finds the packaged placement policy that raptor carries.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=LILY_PLUGINS_DIR");
    let folder = match std::env::var_os("LILY_PLUGINS_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lily/plugins"),
    };
    let path = std::path::absolute(folder.join("policy-spread.plugin"));
    match path {
        Ok(path) if path.is_file() => {
            println!("cargo::rerun-if-changed={}", path.display());
            println!("cargo::rustc-env=LILY_POLICY_PLUGIN={}", path.display());
        }
        Ok(path) => {
            println!(
                "cargo::error=the placement policy is not at `{}`: run `cargo xtask setup` first",
                path.display()
            );
        }
        Err(error) => println!("cargo::error={error}"),
    }
}
