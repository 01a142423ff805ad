//! Every chore of this repository: `cargo xtask setup | test | lint | demo | dist | bench | conformance`.
//!
//! [`setup`] turns a fresh checkout into one that builds: it fetches toolchains through the machine's ordinary package
//! clients (apt, npm, pip), pins each by sha256, builds the plugins and packs them under `target/lily`. The other
//! commands begin with it; run twice, it does nothing the second time. This crate must never need wasmtime: it compiles
//! in seconds. Read [`stage`] for how a step is remembered. Layer rules are held by the tests in `tidy`.

#![allow(clippy::print_stdout, reason = "a program that shows its progress")]

mod bench;
mod clients;
mod conformance;
mod demo;
mod dist;
mod fetch;
mod javascript;
mod lint;
mod machine;
mod npm;
mod plugins;
mod setup;
mod source;
mod stage;
mod test;
#[cfg(test)]
mod tidy;
mod toolchain;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Fetches toolchains, builds and packs the plugins.
    Setup {
        /// Compress the packages as hard as possible, as for a release.
        #[arg(long)]
        smallest: bool,
    },
    /// Sets everything up and runs all tests; the last line sums them up.
    Test {
        /// Given to the tests, such as a part of their names.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Checks formatting, lints, licences.
    Lint,
    /// Starts a fleet, deploys samples and shows what they answer.
    Demo {
        /// End by itself instead of waiting for Ctrl-C.
        #[arg(long)]
        once: bool,
    },
    /// Builds `lly` for release, for every target that can be built here, under `target/lily/dist`.
    Dist {
        /// For this target (repeatable) and no other.
        #[arg(long, value_name = "TRIPLE")]
        target: Vec<String>,
        /// With the development profile: to try it, not to release it.
        #[arg(long)]
        dev: bool,
    },
    /// Measures, and writes `docs/benchmarks.md`.
    Bench {
        /// Given to the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs suites that we did not write, and writes `docs/conformance.md`.
    Conformance(conformance::Options),
}

fn main() -> Result<ExitCode> {
    let code = match Arguments::parse().chore {
        Chore::Setup { smallest } => {
            setup::run(smallest)?;
            // The build does not need it; tests insist.
            if let Err(error) = clients::skopeo() {
                println!("setup: {error:#}");
            }
            ExitCode::SUCCESS
        }
        Chore::Test { arguments } => test::run(&arguments)?,
        Chore::Lint => lint::run()?,
        Chore::Demo { once } => demo::run(once)?,
        Chore::Dist { target, dev } => {
            let profile = if dev {
                dist::Profile::Dev
            } else {
                dist::Profile::Release
            };
            dist::build(&target, profile)?;
            ExitCode::SUCCESS
        }
        Chore::Bench { arguments } => bench::run(&arguments)?,
        Chore::Conformance(options) => conformance::run(&options)?,
    };
    Ok(code)
}
