//! `lly void …`: what runs on the fleet.

mod deploy;
mod logs;
mod manage;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fleet_api::{Problem, Slug};
use fleet_client::CallError;
use fleet_client::platform::PlatformClient;

use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{ExitCode, Failure};

/// Deploy, list, watch and stop what runs on the fleet.
#[derive(Debug, Args)]
pub struct VoidArgs {
    #[command(subcommand)]
    command: VoidCommand,
}

#[derive(Debug, Subcommand)]
enum VoidCommand {
    /// Put a bundle on the fleet and print its URL.
    #[command(
        after_help = "Example:\n  lly void deploy hello.brick\n  lly void deploy hello.brick --slug lazy-fox   # a new version at the same URL"
    )]
    Deploy(DeployArgs),
    /// List your voids: slug, CAP, bundle, uptime, status.
    #[command(after_help = "Example:\n  lly void list --json")]
    List,
    /// Print the last lines that a void wrote, or follow it.
    #[command(
        after_help = "Example:\n  lly void logs lazy-fox          # follow until Ctrl-C\n  lly void logs lazy-fox -n 20    # the last 20 lines"
    )]
    Logs(LogsArgs),
    /// Stop a void. Its slug stays yours for the grace window.
    #[command(after_help = "Example:\n  lly void kill lazy-fox")]
    Kill(SlugArgs),
    /// Put the bundle that ran before back.
    #[command(after_help = "Example:\n  lly void rollback lazy-fox")]
    Rollback(SlugArgs),
}

#[derive(Debug, Args)]
struct DeployArgs {
    /// The bundle, as `lly compile` wrote it.
    file: PathBuf,
    /// The void to deploy to; without it a new slug is made.
    #[arg(long)]
    slug: Option<Slug>,
    /// Where it should run, if the fleet has regions.
    #[arg(long)]
    region: Option<String>,
    /// Its signature [default: FILE.sigstore.json, if it is there].
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct LogsArgs {
    /// The void's slug.
    slug: Slug,
    /// Print this many lines and exit, instead of following.
    #[arg(short = 'n', value_name = "N")]
    lines: Option<u32>,
}

#[derive(Debug, Args)]
struct SlugArgs {
    /// The void's slug.
    slug: Slug,
}

/// Runs `lly void …`.
pub fn run(args: VoidArgs, context: &Context) -> Result<(), Failure> {
    crate::fleet::with_runtime(async {
        match args.command {
            VoidCommand::Deploy(args) => deploy::run(&args, context).await,
            VoidCommand::List => manage::list(context).await,
            VoidCommand::Logs(args) => logs::run(&args, context).await,
            VoidCommand::Kill(args) => manage::kill(&args.slug, context).await,
            VoidCommand::Rollback(args) => manage::rollback(&args.slug, context).await,
        }
    })
}

/// The platform, as the user that is signed in.
fn platform(context: &Context) -> Result<PlatformClient, Failure> {
    Credentials::require(context)?.client()
}

/// How the platform's "no" ends a command.
pub fn failure(error: CallError) -> Failure {
    let Some(problem) = error.problem() else {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        return Failure::local(message).hint("is the fleet up? `lly fleet status` tells");
    };
    let exit = match problem.problem.as_str() {
        Problem::UNAUTHORIZED => ExitCode::Auth,
        Problem::NO_CAP => ExitCode::NoCap,
        Problem::CRASHED => ExitCode::Crashed,
        _ => ExitCode::Refused,
    };
    let failure = Failure::new(exit, problem.message.clone());
    match &problem.hint {
        Some(hint) => failure.hint(hint.clone()),
        None => failure,
    }
}
