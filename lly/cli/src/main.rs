//! `lly`: from a program's source to a live URL.
//!
//! Turns arguments into calls of the libraries and their answers into text or documents. It decides nothing that a
//! library could decide, and no other crate parses arguments for it. Each command is one file with its own `Args`;
//! read [`context::Context`] and [`failure::Failure`] first. Tests: `tests/it` drives the built binary from outside.
//!
//! To add a command: a file with `Args` and `run`, and a line each in [`Command`] and [`dispatch`].

mod amounts;
mod bir;
mod bundle;
mod compile;
mod context;
mod credentials;
mod diagnostics;
mod doctor;
mod failure;
mod fleet;
mod frontends;
mod interrupt;
mod output;
mod plugin;
mod private_file;
mod progress;
mod run;
mod site;
mod upgrade;
mod verb;
mod version;
mod void;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgAction, FromArgMatches as _, Parser, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// One program, a million bricks: compile a program to a bundle, run it, put it on a fleet.
#[derive(Debug, Parser)]
#[command(
    name = "lly",
    version,
    after_help = "Example:\n  lly compile hello.c -o hello.brick\n  lly run hello.brick\n  lly void deploy hello.brick"
)]
struct Arguments {
    /// Write documents on stdout instead of text.
    #[arg(long, global = true)]
    json: bool,
    /// Say more (twice: the plugin's own talk too).
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(
        after_help = "Example:\n  lly compile hello.c -o hello.brick\n  lly compile main.c util.cpp -I include -D LIMIT=10 --profile c++23 -O3\n  lly compile    # the project of lly.toml in this folder"
    )]
    Compile(compile::CompileArgs),
    #[command(
        after_help = "Example:\n  lly run hello.brick -- one two\n  lly run site.brick --listen 127.0.0.1:8080"
    )]
    Run(run::RunArgs),
    Bundle(bundle::BundleArgs),
    Bir(bir::BirArgs),
    Void(void::VoidArgs),
    Fleet(fleet::FleetArgs),
    Plugin(plugin::PluginArgs),
    Doctor(doctor::DoctorArgs),
    Upgrade(upgrade::UpgradeArgs),
    /// Print the completions of a shell, with the verbs of the plugins that are installed now.
    #[command(after_help = "Example:\n  lly completions bash > /etc/bash_completion.d/lly")]
    Completions {
        /// bash, zsh, fish, elvish or powershell.
        shell: clap_complete::Shell,
    },
    Version(version::VersionArgs),
    /// A verb that a plugin may bring.
    #[command(external_subcommand)]
    Other(Vec<OsString>),
}

fn main() -> ExitCode {
    // This binary is also the bounded child that compiles wasm from strangers.
    if let Some(code) = host_engine::child::main_if_asked() {
        return code;
    }
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and versions are no errors; a bad flag is a local one, not clap's 2.
            let code = if error.use_stderr() {
                failure::ExitCode::Local.number()
            } else {
                0
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let context = match Context::new(arguments.json, arguments.verbose) {
        Ok(context) => context,
        Err(failure) => {
            eprintln!("error: {failure}");
            return ExitCode::from(failure.exit.number());
        }
    };
    match dispatch(arguments.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            context.report(&failure);
            ExitCode::from(failure.exit.number())
        }
    }
}

/// Reads the arguments. The help of `lly` itself lists the verbs of plugins, and `lly help VERB` is `lly VERB --help`.
fn parse() -> Result<Arguments, clap::Error> {
    use clap::error::ErrorKind;
    let error = match Arguments::try_parse() {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let matches = verb::listed::in_help().try_get_matches()?;
            Arguments::from_arg_matches(&matches)
        }
        ErrorKind::InvalidSubcommand => {
            let words: Vec<OsString> = std::env::args_os().collect();
            let flags = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-");
            let at = 1 + words.iter().skip(1).take_while(flags).count();
            match words.get(at..) {
                Some([help, name]) if help == "help" => {
                    let flags = words.iter().take(at).cloned();
                    Arguments::try_parse_from(flags.chain([name.clone(), "--help".into()]))
                }
                _ => Err(error),
            }
        }
        _ => Err(error),
    }
}

fn dispatch(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Compile(args) => compile::run(&args, context),
        Command::Run(args) => run::run(args, context),
        Command::Bundle(args) => bundle::run(args, context),
        Command::Bir(args) => bir::run(&args, context),
        Command::Void(args) => void::run(args, context),
        Command::Fleet(args) => fleet::run(args, context),
        Command::Plugin(args) => plugin::run(args, context),
        Command::Doctor(_) => doctor::run(context),
        Command::Upgrade(args) => upgrade::run(&args, context),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            let mut known = verb::listed::as_subcommands();
            clap_complete::generate(shell, &mut known, "lly", &mut script);
            context.out(&script)
        }
        Command::Version(_) => version::run(context),
        Command::Other(words) => verb::run(words, context),
    }
}
