//! `lly void …`: what runs on the fleet.

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// Deploy, list, watch and stop what runs on the fleet.
#[derive(Debug, Args)]
pub struct VoidArgs {
    #[command(subcommand)]
    command: VoidCommand,
}

#[derive(Debug, Subcommand)]
enum VoidCommand {}

/// Runs `lly void …`.
pub fn run(args: VoidArgs, _context: &Context) -> Result<(), Failure> {
    match args.command {}
}
