//! `cargo xtask lint`: formatting, lints, and licences where `cargo deny` is installed.

use crate::setup;
use crate::workspace::{self, cargo, has};
use anyhow::Result;
use std::process::ExitCode;

/// Runs every check, and fails if one does.
pub fn run() -> Result<ExitCode> {
    setup::run(false)?;
    let mut checks: Vec<(&str, Vec<&str>)> = vec![
        ("formatting", vec!["fmt", "--all", "--check"]),
        (
            "clippy",
            vec![
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
    ];
    if has("cargo-deny") {
        // Advisories need a network that not every machine has; the other checks read the lock file only.
        checks.push((
            "licences",
            vec!["deny", "check", "bans", "licenses", "sources"],
        ));
    } else {
        println!("lint: `cargo deny` is not installed; licences are not checked");
    }
    let mut code = ExitCode::SUCCESS;
    for (name, arguments) in checks {
        println!("lint: {name}");
        if let Err(error) = workspace::run(cargo().args(arguments)) {
            println!("lint: {error:#}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
