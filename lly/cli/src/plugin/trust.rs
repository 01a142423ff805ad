//! `lly plugin trust …`: what is written in `$LLY_HOME/trust.toml`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use registry_client::trust::{
    Authority, Publisher, TimestampAuthority, TrustedLog, TrustedRegistry, Who,
};
use registry_client::{PublicKey, Trust};
use serde::Serialize;

use super::RegistryArgs;
use super::source::{self, failed};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::fleet::with_runtime;

#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Show whom you trust.
    #[command(after_help = "Example:\n  lly plugin trust list")]
    List,
    /// Pin a registry: the key of its indexes and of its transparency log, as it shows them now.
    #[command(after_help = "Example:\n  lly plugin trust registry https://rc.example")]
    Registry {
        /// Its URL.
        url: String,
    },
    /// Let a key, or somebody whom an authority vouches for, sign plugins or bundles.
    #[command(
        after_help = "Example:\n  lly plugin trust publisher --key acme.pub --plugins 'acme-*'\n  lly plugin trust publisher --identity dev@acme.example --issuer https://issuer.example --plugins wat --bundles"
    )]
    Publisher(PublisherArgs),
    /// Trust a certificate authority for keyless signatures, or one for timestamps.
    #[command(
        after_help = "Example:\n  lly plugin trust authority --certificates ca.pem --url https://fulcio.example\n  lly plugin trust authority --timestamps --certificates tsa.pem --url https://tsa.example/api/v1/timestamp"
    )]
    Authority {
        /// Its chain in PEM.
        #[arg(long, value_name = "FILE")]
        certificates: PathBuf,
        /// Where it issues certificates (Fulcio's v2 API), or timestamps.
        #[arg(long)]
        url: Option<String>,
        /// It signs timestamps (RFC 3161) instead.
        #[arg(long)]
        timestamps: bool,
    },
    /// Trust a transparency log.
    #[command(
        after_help = "Example:\n  lly plugin trust log --key log.pub --url https://rekor.example"
    )]
    Log {
        /// Its public key in PEM.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where entries are sent.
        #[arg(long)]
        url: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub struct PublisherArgs {
    /// Its public key in PEM.
    #[arg(long, value_name = "FILE", required_unless_present = "identity")]
    key: Option<PathBuf>,
    /// The name in its certificates: an e-mail address or URI.
    #[arg(long, requires = "issuer", conflicts_with = "key")]
    identity: Option<String>,
    /// Who must have vouched for it: the OpenID issuer's URL.
    #[arg(long, requires = "identity")]
    issuer: Option<String>,
    /// Plugins that it may sign (repeatable); `*` at the end stands for any ending.
    #[arg(long, value_name = "NAME", required_unless_present = "bundles")]
    plugins: Vec<String>,
    /// It may sign bundles.
    #[arg(long)]
    bundles: bool,
}

/// Runs `lly plugin trust …`.
pub fn run(command: TrustCommand, context: &Context) -> Result<(), Failure> {
    if let TrustCommand::List = command {
        return show(&source::trust(context)?, context);
    }
    if let TrustCommand::Registry { url } = command {
        with_runtime(pin(&url, context))?;
        return show(&source::trust(context)?, context);
    }
    let mut trust = source::trust(context)?;
    match command {
        TrustCommand::List | TrustCommand::Registry { .. } => {}
        TrustCommand::Publisher(args) => trust.publishers.push(args.publisher()?),
        TrustCommand::Authority {
            certificates,
            url,
            timestamps,
        } => {
            let (pem, what) = (text(&certificates)?, || "that authority cannot be trusted");
            match timestamps {
                true => trust
                    .timestamp_authorities
                    .push(TimestampAuthority::new(url, &pem).or_fail(what)?),
                false => trust
                    .authorities
                    .push(Authority::new(url, &pem).or_fail(what)?),
            }
        }
        TrustCommand::Log { key, url } => {
            let key = public_key(&key)?;
            trust
                .add_log(TrustedLog { url, key })
                .or_fail(|| "that log cannot be trusted")?;
        }
    }
    save(&trust, context)?;
    show(&source::trust(context)?, context)
}

/// Trusts a registry by the keys that it shows over TLS. A key that was pinned before is not replaced.
pub async fn pin(url: &str, context: &Context) -> Result<(), Failure> {
    let asked = RegistryArgs::of(url, false);
    let (registry, _) = asked.open(context)?;
    let document = registry.document().await.map_err(failed)?;
    add(registry.url(), &document, context)
}

/// Writes a registry's keys down.
pub fn add(
    url: &str,
    document: &registry_index::RegistryDocument,
    context: &Context,
) -> Result<(), Failure> {
    let what = || format!("`{url}` cannot be trusted");
    let key = |pem: &str| PublicKey::from_pem(pem).or_fail(what);
    let mut trust = source::trust(context)?;
    let (index_key, log_key) = (key(&document.index_key)?, key(&document.log_key)?);
    let pinned = trust
        .add_registry(TrustedRegistry {
            url: url.to_owned(),
            index_key,
        })
        .and_then(|()| {
            trust.add_log(TrustedLog {
                url: Some(url.to_owned()),
                key: log_key,
            })
        });
    pinned.map_err(|error| {
        Failure::local(format!("`{url}` cannot be trusted: {error}"))
            .hint("if it was set up anew and you know it, take its old key out of trust.toml")
    })?;
    save(&trust, context)
}

impl PublisherArgs {
    fn publisher(self) -> Result<Publisher, Failure> {
        let who = match (self.key, self.identity, self.issuer) {
            (Some(file), _, _) => Who::Key(public_key(&file)?),
            (None, Some(identity), Some(issuer)) => Who::Identity { identity, issuer },
            _ => {
                return Err(Failure::local(
                    "a publisher is known by --key, or by --identity and --issuer",
                ));
            }
        };
        Ok(Publisher {
            plugins: self.plugins,
            bundles: self.bundles,
            who,
        })
    }
}

/// Writes trust.toml; what could not be read again is not written.
fn save(trust: &Trust, context: &Context) -> Result<(), Failure> {
    let what = || "trust.toml is not changed";
    let text = trust.render().or_fail(what)?;
    Trust::parse(&text).or_fail(what)?;
    trust.save(&context.home).or_fail(what)
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).or_fail(|| format!("cannot read `{}`", path.display()))
}

fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_pem(&text(path)?)
        .or_fail(|| format!("`{}` is not a public key", path.display()))
}

fn show(trust: &Trust, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Document {
        registries: Vec<String>,
        logs: Vec<String>,
        authorities: usize,
        timestamp_authorities: usize,
        publishers: Vec<String>,
    }
    let document = Document {
        registries: trust
            .registries
            .iter()
            .map(|one| format!("{} (index key {})", one.url, one.index_key.fingerprint()))
            .collect(),
        logs: trust
            .logs
            .iter()
            .map(|one| {
                format!(
                    "{} ({})",
                    one.key.fingerprint(),
                    one.url.as_deref().unwrap_or("no URL")
                )
            })
            .collect(),
        authorities: trust.authorities.len(),
        timestamp_authorities: trust.timestamp_authorities.len(),
        publishers: trust.publishers.iter().map(told).collect(),
    };
    context.data("lily.trust/1", &document, || {
        let mut text = String::new();
        let mut tell = |what: &str, lines: &[String]| {
            for line in lines {
                text.push_str(&format!("{what:<10} {line}\n"));
            }
        };
        tell("registry", &document.registries);
        tell("log", &document.logs);
        tell("publisher", &document.publishers);
        let authorities = [
            (document.authorities, "for certificates"),
            (document.timestamp_authorities, "for timestamps"),
        ];
        for (count, what) in authorities.iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("{:<10} {count} {what}\n", "authority"));
        }
        if text.is_empty() {
            text.push_str("nobody is trusted\n");
        }
        text
    })
}

fn told(publisher: &Publisher) -> String {
    let who = match &publisher.who {
        Who::Key(key) => format!("key {}", key.fingerprint()),
        Who::Identity { identity, issuer } => format!("{identity} (vouched for by {issuer})"),
    };
    let mut what = publisher.plugins.clone();
    if publisher.bundles {
        what.push("bundles".to_owned());
    }
    format!("{who} may sign {}", what.join(", "))
}
