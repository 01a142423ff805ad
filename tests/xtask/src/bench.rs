//! `cargo xtask bench`: sets up, builds, fetches the references that LILY is measured against, and runs `bench`.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

use crate::workspace::{self, binaries, cargo, lily, root};
use crate::{machine, npm, setup};

/// The reference of the HTTP figures: the same engine, with its own server.
const WASMTIME_CLI: &str = "48.0.8";
/// The reference of the compile figures.
const CLANG_PACKAGE: &str = "clang-22";

/// Measures and writes `docs/benchmarks.md`.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    setup::run(false)?;
    machine::prepare()?;
    println!("bench: building");
    workspace::run(cargo().args(["build", "--workspace"]))?;
    workspace::run(
        Command::new(binaries()?.join("bench"))
            .arg("run")
            .arg("--wasmtime")
            .arg(wasmtime()?)
            .arg("--clang")
            .arg(clang()?)
            .arg("--sysroot")
            .arg(lily().join("sysroot/sysroot"))
            .arg("--node")
            .arg(npm::node()?)
            .arg("--workerd")
            .arg(npm::workerd()?)
            .args(arguments)
            .current_dir(root()),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// `wasmtime` from its crate, built once in a target folder of its own: its features are not ours.
fn wasmtime() -> Result<PathBuf> {
    let tools = lily().join("tools");
    let program = tools.join("bin/wasmtime");
    if !program.is_file() {
        println!("bench: building wasmtime-cli {WASMTIME_CLI}, the reference (some minutes, once)");
        workspace::run(
            cargo()
                .args([
                    "install",
                    "--quiet",
                    "--locked",
                    "--version",
                    WASMTIME_CLI,
                    "wasmtime-cli",
                ])
                .arg("--root")
                .arg(&tools)
                .env("CARGO_TARGET_DIR", lily().join("tools/target"))
                .current_dir("/"),
        )?;
    }
    ensure!(program.is_file(), "`{}` was not built", program.display());
    Ok(program)
}

fn clang() -> Result<PathBuf> {
    let program = PathBuf::from("/usr/bin").join(CLANG_PACKAGE);
    if !program.is_file() {
        machine::install(&[CLANG_PACKAGE])?;
    }
    Ok(program)
}
