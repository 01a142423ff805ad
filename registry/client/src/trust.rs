//! `$LLY_HOME/trust.toml`: whom this user trusts with what. Deny by default: what is not written here is refused.
//!
//! How to add something to trust: a table in [`Document`], a checked type here, its use in `verify`, and a paragraph in
//! `docs/signing.md`.

mod authority;
mod publisher;

pub use authority::{Authority, TimestampAuthority};
pub use publisher::{Publisher, Scope, Who};

use crate::public_key::{PublicKey, PublicKeyError};
use lly_brick::Digest;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The file's name in `$LLY_HOME`.
pub const FILE: &str = "trust.toml";
/// A chain of certificates is a few kilobytes.
const BYTES_MAX: usize = 1 << 20;
/// More of one kind is a mistake.
const TABLES_MAX: usize = 1_000;

/// Whom the user trusts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Registries whose indexes are believed.
    pub registries: Vec<TrustedRegistry>,
    /// Transparency logs whose word counts.
    pub logs: Vec<TrustedLog>,
    /// Certificate authorities that say who a keyless signer is.
    pub authorities: Vec<Authority>,
    /// Timestamp authorities (RFC 3161); a timestamp in a signature must be of one of these.
    pub timestamp_authorities: Vec<TimestampAuthority>,
    /// Who may sign what.
    pub publishers: Vec<Publisher>,
}

/// A registry with the key that signs its indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRegistry {
    /// Without a slash at the end.
    pub url: String,
    /// The key.
    pub index_key: PublicKey,
}

/// A transparency log with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// Where new entries are sent; none if signatures are only verified.
    pub url: Option<String>,
    /// The key.
    pub key: PublicKey,
}

/// Why trust cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be reached.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML of this form.
    #[error("`{FILE}` is malformed: {0}")]
    Malformed(String),
    /// A key that is none.
    #[error("a key of [[{table}]] in `{FILE}` is wrong")]
    Key {
        /// The table.
        table: &'static str,
        /// What is wrong with it.
        #[source]
        source: PublicKeyError,
    },
    /// A value that makes no sense.
    #[error("[[{table}]] in `{FILE}` is wrong: {reason}")]
    Value {
        /// The table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registry: Vec<RegistryTable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    log: Vec<LogTable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authority: Vec<AuthorityTable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timestamp_authority: Vec<AuthorityTable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    publisher: Vec<PublisherTable>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RegistryTable {
    url: String,
    index_key: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LogTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    key: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct AuthorityTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    certificates: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PublisherTable {
    #[serde(default)]
    plugins: Vec<String>,
    #[serde(default)]
    bundles: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
}

impl Trust {
    /// Reads `trust.toml` of `$LLY_HOME`; nobody is trusted if there is none.
    pub fn load(home: &Path) -> Result<Trust, TrustError> {
        Trust::load_file(&home.join(FILE))
    }

    /// Reads a file of that form, such as a service's; nobody is trusted if there is none.
    pub fn load_file(path: &Path) -> Result<Trust, TrustError> {
        let path = path.to_owned();
        match std::fs::read_to_string(&path) {
            Ok(text) => Trust::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Trust::default()),
            Err(source) => Err(TrustError::Io {
                action: "read",
                path,
                source,
            }),
        }
    }

    /// Reads and checks the text of a `trust.toml`.
    pub fn parse(text: &str) -> Result<Trust, TrustError> {
        if text.len() > BYTES_MAX {
            return Err(TrustError::Malformed(format!(
                "it has more than {BYTES_MAX} bytes"
            )));
        }
        let document: Document = toml::from_str(text)
            .map_err(|error| TrustError::Malformed(error.message().to_owned()))?;
        let tables = [
            document.registry.len(),
            document.log.len(),
            document.authority.len(),
            document.timestamp_authority.len(),
            document.publisher.len(),
        ];
        if tables.into_iter().any(|count| count > TABLES_MAX) {
            return Err(TrustError::Malformed(format!(
                "it has more than {TABLES_MAX} tables of a kind"
            )));
        }
        let mut trust = Trust::default();
        for table in document.registry {
            trust.add_registry(TrustedRegistry {
                url: url("registry", &table.url)?,
                index_key: key("registry", &table.index_key)?,
            })?;
        }
        for table in document.log {
            trust.add_log(TrustedLog {
                url: table.url.map(|text| url("log", &text)).transpose()?,
                key: key("log", &table.key)?,
            })?;
        }
        for table in document.authority {
            let address = table.url.map(|text| url("authority", &text)).transpose()?;
            trust
                .authorities
                .push(Authority::new(address, &table.certificates)?);
        }
        for table in document.timestamp_authority {
            let address = table.url.map(|text| url("timestamp_authority", &text));
            trust.timestamp_authorities.push(TimestampAuthority::new(
                address.transpose()?,
                &table.certificates,
            )?);
        }
        for table in document.publisher {
            trust.publishers.push(table.check()?);
        }
        Ok(trust)
    }

    /// The text of a `trust.toml` that says this.
    pub fn render(&self) -> Result<String, TrustError> {
        let authority = |url: &Option<String>, certificates: String| AuthorityTable {
            url: url.clone(),
            certificates,
        };
        let document = Document {
            registry: self
                .registries
                .iter()
                .map(|one| RegistryTable {
                    url: one.url.clone(),
                    index_key: one.index_key.pem(),
                })
                .collect(),
            log: self
                .logs
                .iter()
                .map(|one| LogTable {
                    url: one.url.clone(),
                    key: one.key.pem(),
                })
                .collect(),
            authority: self
                .authorities
                .iter()
                .map(|one| authority(&one.url, one.pem()))
                .collect(),
            timestamp_authority: self
                .timestamp_authorities
                .iter()
                .map(|one| authority(&one.url, one.pem()))
                .collect(),
            publisher: self.publishers.iter().map(PublisherTable::of).collect(),
        };
        toml::to_string_pretty(&document).map_err(|error| TrustError::Malformed(error.to_string()))
    }

    /// Replaces `trust.toml` of `$LLY_HOME`, whole or not at all. Comments of the old file are lost.
    pub fn save(&self, home: &Path) -> Result<(), TrustError> {
        let path = home.join(FILE);
        let text = self.render()?;
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(home)?;
            let mut file = tempfile::NamedTempFile::new_in(home)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|source| TrustError::Io {
            action: "write",
            path: path.clone(),
            source,
        })
    }

    /// Pins a registry. Another key for the same URL is refused: that is what pinning is for.
    pub fn add_registry(&mut self, registry: TrustedRegistry) -> Result<(), TrustError> {
        match self.registries.iter().find(|one| one.url == registry.url) {
            Some(one) if one.index_key == registry.index_key => Ok(()),
            Some(one) => Err(TrustError::Value {
                table: "registry",
                reason: format!("`{}` is pinned with another key already", one.url),
            }),
            None => {
                self.registries.push(registry);
                Ok(())
            }
        }
    }

    /// Pins a log. A URL that is pinned with another key is refused.
    pub fn add_log(&mut self, log: TrustedLog) -> Result<(), TrustError> {
        let same_url = |one: &&TrustedLog| log.url.is_some() && one.url == log.url;
        if let Some(one) = self.logs.iter().find(same_url)
            && one.key != log.key
        {
            return Err(TrustError::Value {
                table: "log",
                reason: format!(
                    "`{}` is pinned with another key already",
                    one.url.as_deref().unwrap_or("")
                ),
            });
        }
        match self.logs.iter_mut().find(|one| one.key == log.key) {
            Some(one) => one.url = one.url.take().or(log.url),
            None => self.logs.push(log),
        }
        Ok(())
    }

    /// The key that signs a registry's indexes.
    pub fn index_key(&self, registry_url: &str) -> Option<&PublicKey> {
        let url = registry_url.trim_end_matches('/');
        let found = self.registries.iter().find(|one| one.url == url);
        found.map(|one| &one.index_key)
    }

    /// The log of this name: the sha256 of its key's SPKI.
    pub fn log(&self, id: &Digest) -> Option<&TrustedLog> {
        self.logs.iter().find(|one| one.key.fingerprint() == *id)
    }

    /// Who may sign this.
    pub(crate) fn publishers_of(&self, scope: Scope<'_>) -> Vec<&Publisher> {
        self.publishers
            .iter()
            .filter(|one| one.may_sign(scope))
            .collect()
    }
}

fn key(table: &'static str, pem: &str) -> Result<PublicKey, TrustError> {
    PublicKey::from_pem(pem).map_err(|source| TrustError::Key { table, source })
}

/// A URL without the slash at its end. Plain HTTP carries nothing secret here but a token, so it is for this machine only.
fn url(table: &'static str, text: &str) -> Result<String, TrustError> {
    let error = |reason: &str| TrustError::Value {
        table,
        reason: format!("`{}` {reason}", text.chars().take(200).collect::<String>()),
    };
    let url = reqwest::Url::parse(text).map_err(|_| error("is not a URL"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if local => {}
        _ => return Err(error("is neither https nor on this machine")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(error("has more than a host and a path"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests;
