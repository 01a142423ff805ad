//! `lly fleet …`: a whole fleet on this machine.

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// Start and look after a fleet on this machine.
#[derive(Debug, Args)]
pub struct FleetArgs {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Debug, Subcommand)]
enum FleetCommand {}

/// Runs `lly fleet …`.
pub fn run(args: FleetArgs, _context: &Context) -> Result<(), Failure> {
    match args.command {}
}
