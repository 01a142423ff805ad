//! `lly plugin publish | yank`, and who signs.

use std::path::PathBuf;

use clap::Args;
use registry_client::sign::Witnesses;
use registry_client::{Http, Signing, Trust, authority};
use semver::Version;
use serde::Serialize;

use super::source::failed;
use super::{RegistryArgs, key};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{Failure, OrFail};
use crate::fleet::with_runtime;

/// Who signs: a key, or whoever an identity token speaks of.
#[derive(Debug, Args)]
pub struct SigningArgs {
    /// Sign with this key file.
    #[arg(long, value_name = "FILE", required_unless_present = "keyless")]
    key: Option<PathBuf>,
    /// Sign as whom the OpenID token in LLY_IDENTITY_TOKEN speaks of, vouched for by the authority in trust.toml.
    #[arg(long, conflicts_with = "key")]
    keyless: bool,
}

#[derive(Debug, Args)]
pub struct PublishArgs {
    /// The packaged plugin.
    #[arg(value_name = "FILE")]
    plugin: PathBuf,
    #[command(flatten)]
    signing: SigningArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub struct YankArgs {
    /// `NAME@VERSION`.
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// Why, for everybody who asks for it.
    #[arg(long, default_value = "")]
    reason: String,
    /// Take it back.
    #[arg(long, conflicts_with = "reason")]
    undo: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

impl SigningArgs {
    /// The signer. A keyless one asks the authority for a certificate.
    pub async fn signing(&self, trust: &Trust, context: &Context) -> Result<Signing, Failure> {
        if let Some(file) = &self.key {
            return Ok(Signing::Key(key::open(file, context)?));
        }
        let token = std::env::var("LLY_IDENTITY_TOKEN")
            .ok()
            .filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            Failure::local("there is no identity token")
                .hint("set LLY_IDENTITY_TOKEN to one that your OpenID provider gave you")
        })?;
        let url = trust.authorities.iter().find_map(|one| one.url.clone());
        let url = url.ok_or_else(|| {
            Failure::local("trust.toml names no authority with a URL")
                .hint("add one: lly plugin trust authority --certificates FILE --url URL")
        })?;
        let what = || format!("`{url}` gave no certificate");
        let http = service(&url, context)?;
        authority::certificate(&http, &token).await.or_fail(what)
    }
}

/// A log or an authority: behind the fleet's own CA if it is where the registry of the credentials is.
pub fn service(url: &str, context: &Context) -> Result<Http, Failure> {
    let host = |url: &str| {
        url.split('/')
            .nth(2)
            .map(|host| host.split(':').next().unwrap_or_default().to_owned())
    };
    let credentials = Credentials::load(&context.home)?;
    let own = credentials.filter(|own| own.rc_url.as_deref().and_then(host) == host(url));
    Http::new(url, own.and_then(|own| own.ca).as_deref(), None)
        .or_fail(|| format!("`{url}` cannot be reached"))
}

/// Who confirms signatures: the first log in trust.toml that has a URL, and the first timestamp authority that has one.
pub fn witnesses(trust: &Trust, context: &Context) -> Result<Witnesses, Failure> {
    let url = trust.logs.iter().find_map(|one| one.url.as_deref());
    let url = url.ok_or_else(|| {
        Failure::local("trust.toml names no transparency log with a URL")
            .hint("pin a registry that keeps one: lly plugin trust registry URL")
    })?;
    let timestamps = trust.timestamp_authorities.iter();
    let timestamps = timestamps.filter_map(|one| one.url.as_deref()).next();
    Ok(Witnesses {
        log: service(url, context)?,
        timestamps: timestamps.map(|url| service(url, context)).transpose()?,
    })
}

/// Runs `lly plugin publish`.
pub fn publish(args: &PublishArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        name: &'a str,
        version: String,
        digest: String,
        registry: &'a str,
    }
    let package = std::fs::read(&args.plugin)
        .or_fail(|| format!("cannot read `{}`", args.plugin.display()))?;
    let (registry, trust) = args.registry.open(context)?;
    let witnesses = witnesses(&trust, context)?;
    let published = with_runtime(async {
        let signing = args.signing.signing(&trust, context).await?;
        registry
            .publish(package, &signing, &witnesses, &trust)
            .await
            .map_err(failed)
    })?;
    let document = Document {
        name: &published.name,
        version: published.version.to_string(),
        digest: published.digest.to_string(),
        registry: registry.url(),
    };
    context.data("lily.plugin.publish/1", &document, || {
        format!(
            "published {} {} to {}\n  {}\n",
            document.name, document.version, document.registry, document.digest
        )
    })
}

/// Runs `lly plugin yank`.
pub fn yank(args: &YankArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Document<'a> {
        name: &'a str,
        version: String,
        yanked: bool,
    }
    let malformed = || {
        Failure::local(format!("`{}` is not `NAME@VERSION`", args.plugin))
            .hint("yank one version: lly plugin yank mine@0.1.0")
    };
    let (name, version) = args.plugin.split_once('@').ok_or_else(malformed)?;
    let version: Version = version.parse().map_err(|_| malformed())?;
    let (registry, _) = args.registry.open(context)?;
    let reason = (!args.undo).then_some(args.reason.as_str());
    with_runtime(async { registry.yank(name, &version, reason).await.map_err(failed) })?;
    let document = Document {
        name,
        version: version.to_string(),
        yanked: !args.undo,
    };
    context.data("lily.plugin.yank/1", &document, || match document.yanked {
        true => format!("yanked {name} {version}: it stays where it is locked\n"),
        false => format!("{name} {version} is back\n"),
    })
}
