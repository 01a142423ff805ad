//! Finds the packaged policies that raptor carries.

use std::path::PathBuf;

/// The packages, and how the code calls them.
const PACKAGES: [(&str, &str); 4] = [
    ("policy-binpack", "LILY_POLICY_BINPACK"),
    ("policy-idle", "LILY_POLICY_IDLE"),
    ("policy-region-affinity", "LILY_POLICY_REGION_AFFINITY"),
    ("policy-spread", "LILY_POLICY_SPREAD"),
];

fn main() {
    println!("cargo::rerun-if-env-changed=LILY_PLUGINS_DIR");
    let folder = match std::env::var_os("LILY_PLUGINS_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        // Asked when it runs, not when it is compiled: a checkout with its target folder may have moved.
        None => PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
            .join("../../target/lily/plugins"),
    };
    for (name, variable) in PACKAGES {
        match std::path::absolute(folder.join(format!("{name}.plugin"))) {
            Ok(path) if path.is_file() => {
                println!("cargo::rerun-if-changed={}", path.display());
                println!("cargo::rustc-env={variable}={}", path.display());
            }
            Ok(path) => {
                println!(
                    "cargo::error=a policy is not at `{}`: run `cargo xtask setup` first",
                    path.display()
                );
            }
            Err(error) => println!("cargo::error={error}"),
        }
    }
}
