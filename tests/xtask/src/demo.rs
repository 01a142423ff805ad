//! `cargo xtask demo`: sets up, builds, and hands over to `lly`.

use crate::workspace::{self, binaries, cargo, root};
use crate::{machine, setup};
use anyhow::Result;
use std::process::{Command, ExitCode};

/// Shows the whole path. With `once` it ends by itself.
pub fn run(once: bool) -> Result<ExitCode> {
    setup::run(false)?;
    machine::prepare()?;
    println!("demo: building");
    workspace::run(cargo().args(["build", "--workspace"]))?;
    let mut lly = Command::new(binaries()?.join("lly"));
    lly.args(["fleet", if once { "status" } else { "up" }])
        .current_dir(root());
    workspace::run(&mut lly)?;
    Ok(ExitCode::SUCCESS)
}
