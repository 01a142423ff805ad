//! `lly upgrade`: another version of `lly` from a registry, in place of this one.
//!
//! The registry is believed nothing: the publisher's key, pinned when `lly` was installed, says which release is the newest
//! and which bytes it is. `install.sh` keeps the same two files in `$LLY_HOME`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use registry_client::{Http, PublicKey, release};
use semver::Version;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::fleet::with_runtime;
use crate::plugin::{RegistryUrl, service};

/// The publisher's public key.
const KEY_FILE: &str = "release.pub";
/// What the publisher last said is the newest release.
const NEWEST_FILE: &str = "release.newest";
/// A program that does not say its version by then does not work.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Put another version of lly in place of this one, as its publisher released it.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  lly upgrade\n  lly upgrade --check\n  lly upgrade 0.4.0    # that one, even if it is older"
)]
pub struct UpgradeArgs {
    /// The version [default: the newest].
    version: Option<Version>,
    /// Say what there is, and change nothing.
    #[arg(long)]
    check: bool,
    /// Take the newest release although it is older than this one.
    #[arg(long)]
    allow_downgrade: bool,
    /// Trust this publisher from now on: a file with its public key.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryUrl,
}

#[derive(Serialize)]
struct Outcome {
    from: Version,
    to: Version,
    /// Where it is now; nothing if nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// Runs `lly upgrade`.
pub fn run(args: &UpgradeArgs, context: &Context) -> Result<(), Failure> {
    let key = publisher(args.key.as_deref(), context)?;
    let url = args.registry.url(context)?;
    let from: Version = env!("CARGO_PKG_VERSION")
        .parse()
        .or_fail(|| "this lly has no version")?;
    let to = match &args.version {
        Some(version) => version.clone(),
        None => newest(&url, &key, context)?,
    };
    let mut outcome = Outcome {
        from,
        to,
        file: None,
    };
    let asked = args.version.is_some() || args.allow_downgrade;
    if outcome.from != outcome.to && !args.check {
        if outcome.to < outcome.from && !asked {
            return Err(Failure::local(format!(
                "this is lly {}, and the newest release is {}, which is older: nothing was changed",
                outcome.from, outcome.to
            ))
            .hint("to go back: lly upgrade --allow-downgrade"));
        }
        outcome.file = Some(replace(&url, &key, &outcome.to, context)?);
    }
    context.data("lily.upgrade/1", &outcome, || {
        let Outcome { from, to, file } = &outcome;
        match file {
            Some(file) => format!("lly {to} is in {file}; it was {from}\n"),
            None if from == to => format!("this is lly {from} already\n"),
            None if to < from => format!("this is lly {from}, which is newer than {to}\n"),
            None => format!("this is lly {from}; {to} can be had with: lly upgrade\n"),
        }
    })
}

/// The publisher's key: the one that was named, which counts from now on, else the pinned one.
fn publisher(named: Option<&Path>, context: &Context) -> Result<PublicKey, Failure> {
    let pinned = context.home.join(KEY_FILE);
    let file = named.unwrap_or(&pinned);
    let pem = match std::fs::read_to_string(file) {
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                Failure::local("no publisher of lly is trusted here yet").hint(format!(
                    "name the file with its public key: lly upgrade --key FILE; install.sh writes it to {}",
                    pinned.display()
                )),
            );
        }
        read => read.or_fail(|| format!("cannot read `{}`", file.display()))?,
    };
    let key = PublicKey::from_pem(&pem)
        .or_fail(|| format!("`{}` is not a public key", file.display()))?;
    if named.is_some() {
        crate::private_file::replace(&pinned, key.pem().as_bytes())
            .or_fail(|| format!("cannot write `{}`", pinned.display()))?;
    }
    Ok(key)
}

fn newest(url: &str, key: &PublicKey, context: &Context) -> Result<Version, Failure> {
    let file = context.home.join(NEWEST_FILE);
    let seen = match std::fs::read(&file) {
        Ok(seen) => Some(seen),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        // Without it an old answer could not be told from a new one.
        Err(error) => {
            return Err(error).or_fail(|| format!("cannot read `{}`", file.display()));
        }
    };
    let http = service(url, context)?;
    let (newest, signed) = fetched(async { release::newest(&http, key, seen.as_deref()).await })?;
    crate::private_file::replace(&file, &signed)
        .or_fail(|| format!("cannot write `{}`", file.display()))?;
    Ok(newest.version)
}

fn fetched<T>(work: impl Future<Output = Result<T, release::ReleaseError>>) -> Result<T, Failure> {
    with_runtime(async { work.await.or_fail(|| "no release of lly was taken") })
}

/// Fetches a release, tries it, and gives it the name of this program.
fn replace(
    url: &str,
    key: &PublicKey,
    version: &Version,
    context: &Context,
) -> Result<String, Failure> {
    let own = std::env::current_exe()
        .and_then(std::fs::canonicalize)
        .or_fail(|| "this program does not know where it is")?;
    let folder = own.parent().unwrap_or(Path::new("/"));
    let what = || format!("cannot write in `{}`", folder.display());
    let mut file = tempfile::Builder::new()
        .prefix(".lly-upgrade-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempfile_in(folder)
        .or_fail(what)?;
    let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    context.say(format!("fetching lly {version} for {platform} from {url}"));
    let http: Http = service(url, context)?;
    let program = fetched(async { release::program(&http, key, version, &platform).await })?;
    file.write_all(&program).or_fail(what)?;
    file.as_file().sync_all().or_fail(what)?;
    // Closed: what is open for writing cannot be started.
    let path = file.into_temp_path();
    if !works(&path)? {
        return Err(Failure::local(format!(
            "lly {version} does not run on this machine: nothing was changed"
        )));
    }
    path.persist(&own).or_fail(what)?;
    Ok(own.display().to_string())
}

/// Whether the program says its version, in time.
fn works(program: &Path) -> Result<bool, Failure> {
    with_runtime(async {
        let child = tokio::process::Command::new(program)
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        let Ok(mut child) = child else {
            return Ok(false);
        };
        let ended = tokio::time::timeout(TRIAL_TIMEOUT, child.wait()).await;
        Ok(matches!(ended, Ok(Ok(status)) if status.success()))
    })
}
