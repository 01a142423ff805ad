//! `lly bundle …`: look into a bundle without executing anything of it.

mod diff;
mod inspect;
mod unpack;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lly_brick::container::Bounds;
use lly_brick::{Bundle, BundleError};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// Look into a bundle without executing it.
#[derive(Debug, Args)]
pub struct BundleArgs {
    #[command(subcommand)]
    command: BundleCommand,
}

#[derive(Debug, Subcommand)]
enum BundleCommand {
    /// Show what a bundle consists of.
    #[command(
        after_help = "Example:\n  lly bundle inspect hello.brick\n  lly bundle inspect hello.brick --full --json"
    )]
    Inspect(inspect::InspectArgs),
    /// Check every hash and every bound of a bundle, and who signed it.
    #[command(
        after_help = "Example:\n  lly bundle verify hello.brick --unsigned    # a local build has no signature"
    )]
    Verify(VerifyArgs),
    /// Write a bundle's contents to a folder: manifest.json, modules/, assets/, bir.
    #[command(after_help = "Example:\n  lly bundle unpack hello.brick -o hello/")]
    Unpack(unpack::UnpackArgs),
    /// Name the units, bricks and assets that differ between two bundles.
    #[command(after_help = "Example:\n  lly bundle diff old.brick new.brick")]
    Diff(diff::DiffArgs),
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The bundle.
    file: PathBuf,
    /// Be content with a bundle that nobody signed.
    #[arg(long)]
    unsigned: bool,
}

/// Runs `lly bundle …`.
pub fn run(args: BundleArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        BundleCommand::Inspect(args) => inspect::run(&args, context),
        BundleCommand::Verify(args) => verify(&args, context),
        BundleCommand::Unpack(args) => unpack::run(&args, context),
        BundleCommand::Diff(args) => diff::run(&args, context),
    }
}

/// The bytes of a bundle file and the verified bundle.
pub fn open(path: &Path) -> Result<(Vec<u8>, Bundle), Failure> {
    let bytes = read(path)?;
    let bundle = Bundle::open(&bytes).map_err(|error| refused(path, error))?;
    Ok((bytes, bundle))
}

/// Reads a file that is to be a bundle, if it is not larger than one can be.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let what = || format!("cannot read `{}`", path.display());
    let metadata = std::fs::metadata(path).or_fail(what)?;
    if metadata.is_dir() {
        return Err(Failure::local(format!(
            "`{}` is a folder, not a bundle",
            path.display()
        )));
    }
    // What does not compress grows by a fraction; twice the bound is more than any bundle has.
    if metadata.len() > 2 * Bounds::BUNDLE.total_bytes_max {
        return Err(Failure::local(format!(
            "`{}` is larger than any bundle",
            path.display()
        )));
    }
    std::fs::read(path).or_fail(what)
}

fn refused(path: &Path, error: BundleError) -> Failure {
    let failure = Failure::local(format!(
        "`{}` is not a good bundle: {error}",
        path.display()
    ));
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("brick") | None => failure.hint("compile it again with `lly compile`"),
        Some(_) => failure.hint("a bundle is what `lly compile` writes: NAME.brick"),
    }
}

fn verify(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Verified {
        file: String,
        sha256: String,
        entries: usize,
        bytes: u64,
        signed: bool,
    }
    let (file, bundle) = open(&args.file)?;
    let entries = bundle.manifest.entries();
    let verified = Verified {
        file: args.file.display().to_string(),
        sha256: bundle.digest.to_string(),
        entries: entries.len() + 1,
        bytes: file.len() as u64,
        signed: false,
    };
    context.data("lily.bundle.verify/1", &verified, || {
        format!(
            "{}\n  sha256    {}\n  contents  {} entries, every hash and bound holds\n  signature none\n",
            verified.file, verified.sha256, verified.entries
        )
    })?;
    if args.unsigned {
        return Ok(());
    }
    // This version of `lly` signs nothing, so there is no signature to look for yet.
    Err(Failure::local(format!(
        "`{}` is whole, but nobody signed it",
        args.file.display()
    ))
    .hint("a local build is unsigned: --unsigned is content with that"))
}
