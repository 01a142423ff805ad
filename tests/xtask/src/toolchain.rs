//! A Rust compiler that can build for WebAssembly: rustup's, where the target is installed; else Debian's, unpacked
//! under `target/lily/toolchain` without touching the system.

use crate::fetch::{self, Debian};
use crate::stage;
use crate::workspace::{lily, output, run};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of plugins: no WASI, so that a plugin imports only what its world names.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's own rustc for wasm, its standard library's source and the LLVM it is linked to. They fit each other only.
const PACKAGES: [Debian; 5] = [
    Debian {
        name: "rustc-web",
        version: "1.96.0+dfsg1-1~deb12u2",
        architecture: "amd64",
        sha256: "8fefe1d6377fe4082f5a9d2a47e095e2d20319eaab9754bd2f0275155c9adf90",
    },
    Debian {
        name: "libstd-rust-web-1.96",
        version: "1.96.0+dfsg1-1~deb12u2",
        architecture: "amd64",
        sha256: "3755f30434ae29574c91b0beb86632bee401607b0ac35c3e52810f9a53fae0d1",
    },
    Debian {
        name: "libstd-rust-web-dev",
        version: "1.96.0+dfsg1-1~deb12u2",
        architecture: "amd64",
        sha256: "e38dbeaaad673fc63fb47c5140cf34da271ac71c3ecafc828b762c2fb01fe77a",
    },
    Debian {
        name: "rust-web-src",
        version: "1.96.0+dfsg1-1~deb12u2",
        architecture: "all",
        sha256: "9de8597c464d0a9283672973ed7e50092b49a92b95861429043fe8b57468a208",
    },
    Debian {
        name: "libllvm22",
        version: "1:22.1.8-1~deb12u1",
        architecture: "amd64",
        sha256: "729ec3e943d320515c2bbdc96acfffd7ce34861e62bd5c42726bf586d644dfe2",
    },
];

const NO_WASM_TARGET: &str = "plugins need a Rust toolchain for wasm32-unknown-unknown: \
    `rustup target add wasm32-unknown-unknown` gives one without Debian's packages, then run `cargo xtask setup` again";

/// How to build for WebAssembly on this machine.
pub enum Toolchain {
    /// The target is installed.
    Rustup,
    /// Debian's packages, unpacked here; the standard library is built along.
    Debian {
        /// The folder with `bin/rustc`.
        usr: PathBuf,
        /// The linker.
        linker: PathBuf,
    },
}

/// Finds or makes the toolchain.
pub fn prepare() -> Result<Toolchain> {
    let sysroot = PathBuf::from(output(Command::new("rustc").args(["--print", "sysroot"]))?.trim());
    if sysroot
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir()
    {
        println!("setup: wasm toolchain: rustup's");
        return Ok(Toolchain::Rustup);
    }
    let folder = lily().join("toolchain/debian");
    let key: Vec<&str> = PACKAGES.iter().map(|package| package.sha256).collect();
    stage::once(
        "wasm-toolchain",
        &key.join(" "),
        &[folder.join("usr/bin/rustc")],
        || unpack(&folder),
    )?;
    let host = crate::workspace::rustc_host()?;
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    ensure!(
        linker.exists(),
        "the Rust toolchain has no `{}`",
        linker.display()
    );
    Ok(Toolchain::Debian {
        usr: folder.join("usr"),
        linker,
    })
}

fn unpack(folder: &Path) -> Result<()> {
    ensure!(
        cfg!(all(target_arch = "x86_64", target_os = "linux")),
        "this machine has no wasm32 target for Rust: `rustup target add {TARGET}`, then run `cargo xtask setup` again"
    );
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make `{}`", folder.display()))?;
    for package in &PACKAGES {
        let file = fetch::debian(package, NO_WASM_TARGET)?;
        run(Command::new("dpkg").arg("-x").arg(&file).arg(folder))?;
    }
    Ok(())
}

impl Toolchain {
    /// Makes a `cargo build` one for WebAssembly.
    pub fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        let Toolchain::Debian { usr, linker } = self else {
            return;
        };
        let libraries = std::env::join_paths([
            usr.join("lib/x86_64-linux-gnu"),
            usr.join("lib/llvm-22/lib"),
        ])
        .unwrap_or_default();
        cargo
            .arg("-Zbuild-std=std,panic_abort")
            .env("RUSTC", usr.join("bin/rustc"))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("LD_LIBRARY_PATH", libraries)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
            // A wrapper (sccache) or rustdoc of another version would not fit.
            .env_remove("RUSTC_WRAPPER")
            .env_remove("RUSTC_WORKSPACE_WRAPPER");
    }
}
