//! `cargo xtask bench`: sets up, builds, and hands over to the `bench` binary.

use crate::workspace::{self, binaries, cargo, root};
use crate::{machine, setup};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// Measures.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    setup::run(false)?;
    machine::prepare()?;
    println!("bench: building");
    workspace::run(cargo().args(["build", "--workspace"]))?;
    workspace::run(
        Command::new(binaries()?.join("bench"))
            .args(arguments)
            .current_dir(root()),
    )?;
    Ok(ExitCode::SUCCESS)
}
