//! `lly bundle …`: look into a bundle without executing anything of it.

mod diff;
mod inspect;
pub mod signature;
mod unpack;

use std::path::Path;

use clap::{Args, Subcommand};
use lly_brick::container::Bounds;
use lly_brick::{Bundle, BundleError};

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
        after_help = "Example:\n  lly bundle verify hello.brick\n  lly bundle verify hello.brick --unsigned    # a local build has no signature"
    )]
    Verify(signature::VerifyArgs),
    /// Sign a bundle: writes FILE.sigstore.json beside it.
    #[command(after_help = "Example:\n  lly bundle sign hello.brick --key acme.key")]
    Sign(signature::SignArgs),
    /// Write a bundle's contents to a folder: manifest.json, modules/, shared/, assets/, bir.
    #[command(after_help = "Example:\n  lly bundle unpack hello.brick -o hello/")]
    Unpack(unpack::UnpackArgs),
    /// Name the units, bricks and assets that differ between two bundles.
    #[command(after_help = "Example:\n  lly bundle diff old.brick new.brick")]
    Diff(diff::DiffArgs),
}

/// Runs `lly bundle …`.
pub fn run(args: BundleArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        BundleCommand::Inspect(args) => inspect::run(&args, context),
        BundleCommand::Verify(args) => signature::verify(&args, context),
        BundleCommand::Sign(args) => signature::sign(&args, context),
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
