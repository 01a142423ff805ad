//! `cargo xtask dist`: `lly` as it is released, for every target that the toolchain here can build, ready for
//! `lly fleet release`: `target/lily/dist/VERSION/TRIPLE/lly`, stripped, and its sha256 beside it.
//!
//! A target that cannot be built is no failure unless it was asked for: it is said what is missing and how to get it. To add
//! one: a line in [`TARGETS`], and a platform in `registry/server/src/releasing.rs`.

use crate::setup;
use crate::stage::sha256_of;
use crate::workspace::{cargo, find, lily, output, root, run, rustc_host};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is released, unless somebody names targets.
const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];
/// The program header of a program that needs a loader, and so libraries of the machine that it is on.
const PT_INTERP: u32 = 3;

/// How the program is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As it is released.
    Release,
    /// As in development: to try this chore without the minutes that a release takes.
    Dev,
}

/// Builds `lly` for these targets; for all that can be built here if none is named.
pub fn build(named: &[String], profile: Profile) -> Result<()> {
    let host = rustc_host()?;
    let mut ready = Vec::new();
    for triple in TARGETS {
        if named.is_empty() {
            match Tools::find(triple, &host)? {
                Ok(tools) => ready.push(tools),
                Err(missing) => println!("dist: {triple}: left out: {missing}"),
            }
        }
    }
    for triple in named {
        match Tools::find(triple, &host)? {
            Ok(tools) => ready.push(tools),
            Err(missing) => bail!("`{triple}` cannot be built here: {missing}"),
        }
    }
    ensure!(!ready.is_empty(), "no target can be built here");
    setup::run(profile == Profile::Release)?;
    let version = version()?;
    let mut programs = Vec::new();
    for tools in &ready {
        let program = tools.build(&version, profile)?;
        let shown = program.strip_prefix(root()).unwrap_or(&program);
        programs.push(format!("{}={}", tools.platform, shown.display()));
    }
    println!(
        "dist: offer it: lly fleet release {version} --key release.key {}",
        programs.join(" ")
    );
    Ok(())
}

/// What builds for one target.
struct Tools {
    triple: String,
    /// As `install.sh` names it.
    platform: String,
    /// For another machine than this: its C compiler, which also links.
    cross: Option<PathBuf>,
    strip: PathBuf,
}

impl Tools {
    /// What there is for a target, or what is missing and how to get it.
    fn find(triple: &str, host: &str) -> Result<Result<Tools, String>> {
        let platform = platform(triple).with_context(|| {
            format!("`{triple}` is no target that install.sh knows a platform for")
        })?;
        let libraries =
            output(Command::new("rustc").args(["--print", "target-libdir", "--target", triple]))?;
        let mut missing = Vec::new();
        let prefix = match triple == host {
            true => String::new(),
            false => cross_prefix(triple).unwrap_or_default(),
        };
        let cross = find(&format!("{prefix}gcc")).filter(|_| !prefix.is_empty());
        if triple != host && cross.is_none() {
            missing.push(no_compiler(triple));
        }
        if !Path::new(libraries.trim()).is_dir() {
            missing.push(format!(
                "Rust's library for it is missing: rustup target add {triple}"
            ));
        }
        let strip = find(&format!("{prefix}strip"));
        let Some(strip) = strip.filter(|_| missing.is_empty()) else {
            if missing.is_empty() {
                missing.push(format!(
                    "`{prefix}strip` is missing: it comes with binutils"
                ));
            }
            return Ok(Err(missing.join("; ")));
        };
        Ok(Ok(Tools {
            triple: triple.to_owned(),
            platform,
            cross,
            strip,
        }))
    }

    /// Builds, strips, checks, and puts it where releases are taken from.
    fn build(&self, version: &str, profile: Profile) -> Result<PathBuf> {
        let triple = &self.triple;
        println!("dist: {triple}: building");
        let mut build = cargo();
        // With the features that everything in the workspace asks for, so that nothing is built twice.
        build.args(["build", "--workspace", "--bin", "lly", "--target", triple]);
        if profile == Profile::Release {
            build.arg("--release");
        }
        if let Some(compiler) = &self.cross {
            let name = triple.replace('-', "_");
            build
                .env(
                    format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()),
                    compiler,
                )
                .env(format!("CC_{name}"), compiler);
        }
        run(&mut build)?;
        let folder = match profile {
            Profile::Release => "release",
            Profile::Dev => "debug",
        };
        let built = root().join("target").join(triple).join(folder).join("lly");
        let out = lily().join("dist").join(version).join(triple);
        std::fs::create_dir_all(&out)
            .with_context(|| format!("cannot make `{}`", out.display()))?;
        let partial = out.join("lly.partial");
        run(Command::new(&self.strip)
            .arg("-o")
            .arg(&partial)
            .arg(&built))?;
        if triple.contains("linux") {
            let bytes = std::fs::read(&partial).context("cannot read what was built")?;
            ensure!(
                is_static(&bytes),
                "`lly` for {triple} needs libraries of the machine that it is on"
            );
        }
        if self.cross.is_none() {
            let said = output(Command::new(&partial).arg("--version"))?;
            ensure!(
                said.trim() == format!("lly {version}"),
                "it says that it is `{}`",
                said.trim()
            );
        }
        let program = out.join("lly");
        std::fs::rename(&partial, &program)
            .with_context(|| format!("cannot write `{}`", program.display()))?;
        let sha256 = sha256_of(&program)?;
        std::fs::write(out.join("lly.sha256"), format!("{sha256}  lly\n"))
            .context("cannot write the sha256")?;
        let megabytes = std::fs::metadata(&program)?.len() as f64 / 1e6;
        println!(
            "dist: {triple}: {} ({megabytes:.1} MB, sha256 {sha256})",
            program.display()
        );
        Ok(program)
    }
}

/// The platform of a target, as releases name it.
fn platform(triple: &str) -> Option<String> {
    let parts: Vec<&str> = triple.split('-').collect();
    let (machine, system) = match parts.as_slice() {
        [machine, _, "linux", "gnu" | "musl"] => (machine, "linux"),
        [machine, "apple", "darwin"] => (machine, "macos"),
        _ => return None,
    };
    ["x86_64", "aarch64"]
        .contains(machine)
        .then(|| format!("{machine}-{system}"))
}

/// What the names of another machine's tools begin with; nothing where they do not exist.
fn cross_prefix(triple: &str) -> Option<String> {
    let machine = triple.split('-').next()?;
    let library = triple.split('-').nth(3)?;
    Some(format!("{machine}-linux-{library}-"))
}

fn no_compiler(triple: &str) -> String {
    match cross_prefix(triple) {
        Some(prefix) if prefix.ends_with("gnu-") => {
            let package = prefix.trim_end_matches('-').replace('_', "-");
            format!("`{prefix}gcc` is missing: apt-get install gcc-{package}")
        }
        Some(prefix) => format!("`{prefix}gcc` is missing: a cross compiler for musl has it"),
        None => "it is built on a Mac, where its linker and SDK are".to_owned(),
    }
}

/// Whether an ELF program of 64 bits runs without a loader.
fn is_static(elf: &[u8]) -> bool {
    let bytes = |at: usize, size: usize| elf.get(at..at.checked_add(size)?);
    let number = |at: usize, size: usize| -> Option<usize> {
        let bytes = bytes(at, size)?.iter().rev();
        Some(bytes.fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let headers = || {
        if bytes(0, 6)? != b"\x7fELF\x02\x01" {
            return None;
        }
        let (at, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kind = |index: usize| number(at.checked_add(index.checked_mul(size)?)?, 4);
        (0..count).map(kind).collect::<Option<Vec<_>>>()
    };
    headers().is_some_and(|kinds| !kinds.contains(&(PT_INTERP as usize)))
}

/// The version of `lly`.
fn version() -> Result<String> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot ask cargo for the version of lly")?;
    let mut packages = metadata.packages.iter();
    let own = packages.find(|package| package.targets.iter().any(|target| target.name == "lly"));
    Ok(own
        .context("no package has a program `lly`")?
        .version
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_platforms_and_what_is_missing_has_a_mend() {
        let platforms = TARGETS.map(|triple| platform(triple).expect("a platform"));
        assert_eq!(
            platforms,
            [
                "x86_64-linux",
                "aarch64-linux",
                "x86_64-macos",
                "aarch64-macos"
            ]
        );
        assert_eq!(
            platform("aarch64-unknown-linux-musl").expect("a platform"),
            "aarch64-linux"
        );
        for other in [
            "wasm32-unknown-unknown",
            "x86_64-pc-windows-msvc",
            "riscv64gc-unknown-linux-gnu",
        ] {
            assert_eq!(platform(other), None);
        }
        let missing = no_compiler("aarch64-unknown-linux-gnu");
        assert_eq!(
            missing,
            "`aarch64-linux-gnu-gcc` is missing: apt-get install gcc-aarch64-linux-gnu"
        );
        assert!(no_compiler("x86_64-apple-darwin").contains("on a Mac"));
        assert!(no_compiler("x86_64-unknown-linux-musl").contains("x86_64-linux-musl-gcc"));
    }

    #[test]
    fn a_program_that_needs_a_loader_is_not_static() {
        let mut elf = vec![0; 64 + 2 * 56];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        (elf[32], elf[54], elf[56]) = (64, 56, 2);
        elf[64] = 1;
        assert!(is_static(&elf));
        elf[64 + 56] = 3;
        assert!(!is_static(&elf));
        // What is cut off, or is something else, is not known to be.
        assert!(!is_static(&elf[..70]));
        assert!(!is_static(b"#!/bin/sh\n"));
        let own = std::fs::read(std::env::current_exe().expect("a path")).expect("itself");
        assert_eq!(is_static(&own), cfg!(target_feature = "crt-static"));
    }
}
