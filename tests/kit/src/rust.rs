//! A Rust compiler for plugins, as `cargo xtask setup` found or made it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::repository;

const TARGET: &str = "wasm32-unknown-unknown";

/// Lets `lly plugin build` compile Rust: with rustup's target where there is one, else with Debian's compiler, which has
/// the sources of its library. What is built of those is shared between tests.
pub fn with_rust_for_plugins(command: &mut Command) {
    command.env(
        "CARGO_TARGET_DIR",
        repository().join("target/lily/plugin-tests"),
    );
    if rustc(&["--print", "target-libdir", "--target", TARGET]).is_dir() {
        return;
    }
    let usr = repository().join("target/lily/toolchain/debian/usr");
    let sysroot = rustc(&["--print", "sysroot"]);
    let host = std::fs::read_dir(sysroot.join("lib/rustlib")).expect("a sysroot has libraries");
    let linker = host
        .map(|entry| {
            entry
                .expect("a readable folder")
                .path()
                .join("bin/rust-lld")
        })
        .find(|linker| linker.is_file())
        .expect("the Rust toolchain has rust-lld");
    let libraries = std::env::join_paths([
        usr.join("lib/x86_64-linux-gnu"),
        usr.join("lib/llvm-22/lib"),
    ]);
    command
        .env("RUSTC", usr.join("bin/rustc"))
        .env("LD_LIBRARY_PATH", libraries.expect("plain paths"))
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        .env_remove("RUSTC_WRAPPER")
        .env_remove("RUSTC_WORKSPACE_WRAPPER");
}

fn rustc(arguments: &[&str]) -> PathBuf {
    let output = Command::new("rustc")
        .args(arguments)
        .output()
        .expect("rustc runs");
    Path::new(String::from_utf8_lossy(&output.stdout).trim()).to_owned()
}
