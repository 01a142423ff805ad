//! `lly`: from a program's source to a live URL.

mod context;
mod credentials;
mod failure;
mod fleet;
mod void;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Parser)]
#[command(name = "lly", version)]
struct Arguments {
    /// Write documents on stdout instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Say more (twice: the plugin's own talk too).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Void(void::VoidArgs),
    Fleet(fleet::FleetArgs),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Context::new(arguments.json, arguments.verbose).and_then(|context| {
        dispatch(arguments.command, &context).inspect_err(|failure| context.report(failure))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => ExitCode::from(failure.exit.number()),
    }
}

fn dispatch(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Void(args) => void::run(args, context),
        Command::Fleet(args) => fleet::run(args, context),
    }
}
