//! Programs of the machine that tests and the demo start: Postgres, curl, OpenSSL, a browser. Missing ones are installed,
//! aloud, where that is allowed; else the user is told what to do.

use crate::workspace::{find, has, output, run};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// Makes sure that Postgres and curl are there.
pub fn prepare() -> Result<()> {
    let mut missing = Vec::new();
    if postgres().is_none() {
        missing.push("postgresql");
    }
    if !has("curl") {
        missing.push("curl");
    }
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Makes sure that there is what only tests start: what `install.sh` needs, and OpenSSL as a timestamp authority.
pub fn for_tests() -> Result<()> {
    let mut missing = vec!["openssl", "wget"];
    missing.retain(|program| !has(program));
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Makes sure that there is a browser that tests can drive.
pub fn browser() -> Result<()> {
    if has("chromium") && has("chromedriver") {
        return Ok(());
    }
    install(&["chromium", "chromium-driver"])
}

/// Installs Debian packages, aloud, where that is allowed.
pub fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !has("apt-get") {
        bail!(
            "this needs {names}: install it (Debian: `sudo apt-get install {names}`) and run this again"
        );
    }
    println!("setup: installing {names} with apt-get");
    let install = || {
        // Debian would start a cluster of its own, which nobody asked for.
        run(Command::new("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1"))
    };
    if install().is_err() {
        run(Command::new("apt-get").args(["update", "-qq"]))?;
        install().with_context(|| format!("cannot install {names}"))?;
    }
    Ok(())
}

/// The folder with `postgres` and `initdb`.
fn postgres() -> Option<PathBuf> {
    let complete =
        |folder: &PathBuf| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    let on_path = find("postgres")
        .and_then(|file| file.parent().map(PathBuf::from))
        .filter(complete);
    on_path.or_else(|| {
        let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
        versions
            .flatten()
            .map(|version| version.path().join("bin"))
            .find(complete)
    })
}
