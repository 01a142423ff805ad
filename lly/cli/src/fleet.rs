//! `lly fleet …`: a whole fleet on this machine.

mod certificates;
mod database;
mod layout;
mod lease_key;
mod operator;
mod policy;
mod release;
mod supervisor;
mod up;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use fleet_api::{AccountName, CapId};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, OrFail};
use layout::{Layout, Plan, State};

/// Start and look after a fleet on this machine.
#[derive(Debug, Args)]
pub struct FleetArgs {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Debug, Subcommand)]
enum FleetCommand {
    /// Start platform, raptor, CAPs and Postgres here; stay until Ctrl-C.
    #[command(after_help = "Example:\n  lly fleet up --caps 2")]
    Up(UpArgs),
    /// Say what runs and where.
    #[command(after_help = "Example:\n  lly fleet status --json")]
    Status,
    /// List the CAPs that the fleet knows.
    #[command(after_help = "Example:\n  lly fleet caps")]
    Caps,
    /// Move every void off a CAP and give it nothing new, or take it back into service.
    #[command(after_help = "Example:\n  lly fleet drain cap-2\n  lly fleet drain cap-2 --undo")]
    Drain {
        /// The CAP's name.
        cap: CapId,
        /// Let it take voids again.
        #[arg(long)]
        undo: bool,
    },
    /// Make accounts.
    Account(AccountArgs),
    /// Offer a version of `lly` with the registry's install.sh.
    #[command(
        after_help = "Example:\n  lly plugin key generate release.key\n  lly fleet release 0.4.0 --key release.key x86_64-linux=./lly"
    )]
    Release(release::ReleaseArgs),
    /// Say which policy decides where voids go, swap it, try others.
    Policy(policy::PolicyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// How many CAPs.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    caps: u16,
    /// The port that the first CAP serves voids on; 0 takes a free one [default: 8443 if it is free].
    #[arg(long)]
    port: Option<u16>,
    /// The fleet's domain; voids answer under `app.DOMAIN`.
    #[arg(long, default_value = "localhost")]
    domain: String,
    /// Deploy only bundles that somebody signed whom trust.toml lets sign bundles.
    #[arg(long)]
    deny_unsigned: bool,
    /// Memory that each CAP says it has, MiB: they share this machine [default: all of it].
    #[arg(long, value_name = "MIB")]
    cap_memory_mib: Option<u64>,
}

#[derive(Debug, Args)]
struct AccountArgs {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Make an account (or a further token for one) and write its credentials.
    #[command(
        after_help = "Example:\n  lly fleet account add alice --credentials alice.json\n  LLY_CREDENTIALS=alice.json lly void list"
    )]
    Add {
        /// The account's name.
        name: AccountName,
        /// Where the credentials go.
        #[arg(long, value_name = "FILE")]
        credentials: PathBuf,
    },
}

#[derive(Serialize)]
struct Added<'a> {
    account: &'a AccountName,
    credentials: &'a std::path::Path,
}

/// Runs `lly fleet …`.
pub fn run(args: FleetArgs, context: &Context) -> Result<(), Failure> {
    with_runtime(async {
        match args.command {
            FleetCommand::Up(args) => up::run(&args, context).await,
            FleetCommand::Status => status(context),
            FleetCommand::Caps => operator::caps(context).await,
            FleetCommand::Drain { cap, undo } => operator::drain(&cap, !undo, context).await,
            FleetCommand::Release(args) => release::run(&args, context),
            FleetCommand::Policy(args) => policy::run(args, context).await,
            FleetCommand::Account(AccountArgs {
                command: AccountCommand::Add { name, credentials },
            }) => {
                let layout = Layout::new(&context.home);
                let made = operator::account(&layout, &plan(&layout)?, &name).await?;
                made.save(&credentials)?;
                let added = Added {
                    account: &name,
                    credentials: &credentials,
                };
                context.data("lily.fleet.account/1", &added, || {
                    format!("account {name}; credentials in {}\n", credentials.display())
                })
            }
        }
    })
}

/// Runs asynchronous work; the commands that need none start no threads.
pub fn with_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // Another provider may have been installed by nobody but us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime
        .or_fail(|| "cannot start the runtime")?
        .block_on(work)
}

/// The plan of the fleet of this home.
fn plan(layout: &Layout) -> Result<Plan, Failure> {
    Plan::read(layout)
        .or_fail(|| format!("cannot read the fleet of `{}`", layout.root().display()))?
        .ok_or_else(|| {
            Failure::local("there is no fleet in this home").hint("start one with `lly fleet up`")
        })
}

fn status(context: &Context) -> Result<(), Failure> {
    let layout = Layout::new(&context.home);
    let state = State::read(&layout)
        .or_fail(|| format!("cannot read `{}`", layout.state().display()))?
        .ok_or_else(|| {
            Failure::local("no fleet runs in this home").hint("start one with `lly fleet up`")
        })?;
    context.data("lily.fleet.status/1", &state, || {
        let mut text = format!(
            "platform  {}\nRC        {}\nvoids     {}\nCA        {}\n",
            state.platform_url,
            state.rc_url,
            state.app_url,
            state.ca.display()
        );
        for service in &state.services {
            let pid = service
                .pid
                .map_or_else(|| "down".to_owned(), |pid| format!("pid {pid}"));
            text.push_str(&format!(
                "{:<9} {pid}, started again {} times\n",
                service.name, service.restarts
            ));
        }
        text
    })
}

/// The CA of the fleet of a home.
pub fn authority(home: &std::path::Path) -> PathBuf {
    Layout::new(home).authority()
}
