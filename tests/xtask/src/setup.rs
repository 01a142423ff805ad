//! `cargo xtask setup`: from a fresh checkout to packed plugins, in stages that are each done once.

use crate::{plugins, toolchain};
use anyhow::Result;

/// Does what is not done yet.
pub fn run(smallest: bool) -> Result<()> {
    let toolchain = toolchain::prepare()?;
    plugins::fetch_inputs()?;
    let modules = plugins::build_modules(&toolchain)?;
    plugins::pack(&modules, smallest)
}
