//! `lly bundle sign | verify`: a signature is a Sigstore bundle in a file beside the bundle, `NAME.brick.sigstore.json`.

use std::path::{Path, PathBuf};

use clap::Args;
use lly_brick::Bundle;
use registry_client::verify::{self, Scope};
use registry_index::Subject;
use serde::Serialize;

use super::open;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::fleet::with_runtime;
use crate::output::{self, Existing};
use crate::plugin::{SigningArgs, trust, witnesses};

/// Behind the bundle's own name.
const SUFFIX: &str = ".sigstore.json";
/// A signature is a few kilobytes.
const BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, Args)]
pub struct SignArgs {
    /// The bundle.
    file: PathBuf,
    /// The signature to write [default: FILE.sigstore.json].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing signature.
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    signing: SigningArgs,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The bundle.
    file: PathBuf,
    /// Its signature [default: FILE.sigstore.json, if it is there].
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Be content with a bundle that nobody signed.
    #[arg(long)]
    unsigned: bool,
}

/// The signature of a bundle file: the one that is named, else the one beside it, else none.
pub fn of(bundle: &Path, named: Option<&Path>) -> Result<Option<String>, Failure> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => beside(bundle),
    };
    if named.is_none() && !path.exists() {
        return Ok(None);
    }
    let what = || format!("cannot read the signature `{}`", path.display());
    if std::fs::metadata(&path).or_fail(what)?.len() > BYTES_MAX {
        return Err(Failure::local(format!(
            "`{}` is larger than any signature",
            path.display()
        )));
    }
    std::fs::read_to_string(&path).or_fail(what).map(Some)
}

fn beside(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(SUFFIX);
    PathBuf::from(name)
}

fn subject(bundle: &Bundle) -> Subject {
    Subject::bundle(&bundle.manifest.name, bundle.digest)
}

/// Runs `lly bundle sign`.
pub fn sign(args: &SignArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Signed {
        signature: String,
        sha256: String,
    }
    let (_, bundle) = open(&args.file)?;
    let path = args.output.clone().unwrap_or_else(|| beside(&args.file));
    let existing = if args.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    output::check(&path, existing)?;
    let trust = trust(context)?;
    let witnesses = witnesses(&trust, context)?;
    let signature = with_runtime(async {
        let signing = args.signing.signing(&trust, context).await?;
        let subject = subject(&bundle);
        let signed = registry_client::sign::sign(&subject, &signing, &trust, &witnesses).await;
        signed.or_fail(|| format!("`{}` cannot be signed", args.file.display()))
    })?;
    output::write(&path, &signature, existing)?;
    let signed = Signed {
        signature: path.display().to_string(),
        sha256: bundle.digest.to_string(),
    };
    context.data("lily.bundle.sign/1", &signed, || {
        format!("{}\n", signed.signature)
    })
}

/// Runs `lly bundle verify`.
pub fn verify(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Verified {
        file: String,
        sha256: String,
        entries: usize,
        bytes: u64,
        signed: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        signer: Option<String>,
    }
    let (file, bundle) = open(&args.file)?;
    let signer = match of(&args.file, args.signature.as_deref())? {
        Some(signature) => {
            let trust = trust(context)?;
            let verified = verify::verify(
                signature.as_bytes(),
                &subject(&bundle),
                Scope::Bundle,
                &trust,
            );
            Some(
                verified
                    .or_fail(|| format!("the signature of `{}` is refused", args.file.display()))?,
            )
        }
        None => None,
    };
    let verified = Verified {
        file: args.file.display().to_string(),
        sha256: bundle.digest.to_string(),
        entries: bundle.manifest.entries().len() + 1,
        bytes: file.len() as u64,
        signed: signer.is_some(),
        signer: signer.map(|signer| signer.to_string()),
    };
    context.data("lily.bundle.verify/1", &verified, || {
        format!(
            "{}\n  sha256    {}\n  contents  {} entries, every hash and bound holds\n  signature {}\n",
            verified.file,
            verified.sha256,
            verified.entries,
            verified.signer.as_deref().unwrap_or("none")
        )
    })?;
    if verified.signed || args.unsigned {
        return Ok(());
    }
    Err(Failure::local(format!(
        "`{}` is whole, but nobody signed it",
        args.file.display()
    ))
    .hint("sign it with `lly bundle sign`; --unsigned is content with a local build"))
}
