//! `lly.lock`: which plugins a project uses, exactly. One form as bytes, so that it can be kept under version control.
//!
//! How to add a field: in [`Locked`] with a default that is left out when written; raise [`SCHEMA`] if older readers would
//! go wrong without it.

use crate::{Requirement, RequirementError};
use lly_brick::Digest;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The file's name, beside `lly.toml`.
const FILE: &str = "lly.lock";
/// The version of its form.
const SCHEMA: u32 = 1;
/// A project uses a handful of plugins.
const BYTES_MAX: usize = 1 << 20;
const PLUGINS_MAX: usize = 1_000;
const HEADER: &str = "# Written by lly; keep it under version control and do not edit it.\n";
/// Longest identity or issuer.
const TEXT_BYTES_MAX: usize = 1_000;

/// Who signed something, as it was verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Signer {
    /// The holder of a key.
    Key {
        /// The sha256 of the key's SPKI in DER.
        key: Digest,
    },
    /// Whom a certificate authority knew by that name at the time.
    Identity {
        /// An e-mail address or URI.
        identity: String,
        /// Who vouched for it: the OpenID issuer's URL.
        issuer: String,
    },
}

impl fmt::Display for Signer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Signer::Key { key } => write!(out, "key {key}"),
            Signer::Identity { identity, issuer } => {
                write!(out, "{identity} (vouched for by {issuer})")
            }
        }
    }
}

/// One plugin of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The plugin.
    pub name: String,
    /// The range that was asked for.
    pub requirement: String,
    /// The version that was taken.
    pub version: Version,
    /// Of its OCI manifest.
    pub digest: Digest,
    /// Who signed it.
    pub signer: Signer,
}

/// The plugins of a project, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lockfile {
    plugins: Vec<Locked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: u32,
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    plugins: Vec<Locked>,
}

/// What is wrong with a lockfile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockfileError {
    /// Not TOML of this form.
    #[error("`{FILE}` is malformed: {0}")]
    Malformed(String),
    /// Written by a newer `lly`.
    #[error("`{FILE}` has schema {found}; this program knows schema {SCHEMA}")]
    Schema {
        /// What it says.
        found: u32,
    },
    /// A plugin is there twice.
    #[error("`{FILE}` has the plugin `{0}` twice")]
    Twice(String),
    /// A name or range that makes no sense.
    #[error("`{FILE}` is malformed")]
    Requirement(#[from] RequirementError),
}

impl Lockfile {
    /// Reads and checks a lockfile.
    pub fn parse(text: &str) -> Result<Lockfile, LockfileError> {
        let malformed = |reason: String| Err(LockfileError::Malformed(reason));
        if text.len() > BYTES_MAX {
            return malformed(format!("it has more than {BYTES_MAX} bytes"));
        }
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => return malformed(error.message().to_owned()),
        };
        if document.schema != SCHEMA {
            return Err(LockfileError::Schema {
                found: document.schema,
            });
        }
        if document.plugins.len() > PLUGINS_MAX {
            return malformed(format!("it has more than {PLUGINS_MAX} plugins"));
        }
        let mut lockfile = Lockfile::default();
        for locked in document.plugins {
            Requirement::new(&locked.name, &locked.requirement)?;
            if let Signer::Identity { identity, issuer } = &locked.signer
                && [identity, issuer]
                    .iter()
                    .any(|text| text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control))
            {
                return malformed(format!("the signer of `{}` is not a name", locked.name));
            }
            if lockfile.get(&locked.name).is_some() {
                return Err(LockfileError::Twice(locked.name));
            }
            lockfile.put(locked);
        }
        Ok(lockfile)
    }

    /// The one form this lockfile has as text: plugins by name.
    pub fn render(&self) -> String {
        let document = Document {
            schema: SCHEMA,
            plugins: self.plugins.clone(),
        };
        // Strings and integers have no way to fail.
        let body = toml::to_string(&document).unwrap_or_default();
        format!("{HEADER}{body}")
    }

    /// Every plugin, by name.
    pub fn plugins(&self) -> &[Locked] {
        &self.plugins
    }

    /// What is locked for a plugin.
    pub fn get(&self, name: &str) -> Option<&Locked> {
        let at = self
            .plugins
            .binary_search_by(|one| one.name.as_str().cmp(name));
        at.ok().and_then(|at| self.plugins.get(at))
    }

    /// Locks a plugin, in place of what was locked for its name.
    pub fn put(&mut self, locked: Locked) {
        match self
            .plugins
            .binary_search_by(|one| one.name.cmp(&locked.name))
        {
            Ok(at) => self.plugins[at] = locked,
            Err(at) => self.plugins.insert(at, locked),
        }
    }

    /// Forgets a plugin; whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.plugins.len();
        self.plugins.retain(|one| one.name != name);
        self.plugins.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(name: &str) -> Locked {
        Locked {
            name: name.to_owned(),
            requirement: "^1".to_owned(),
            version: Version::new(1, 2, 3),
            digest: Digest::from_bytes([1; 32]),
            signer: Signer::Key {
                key: Digest::from_bytes([2; 32]),
            },
        }
    }

    #[test]
    fn the_text_is_the_same_whatever_the_order_and_comes_back() {
        let mut one = Lockfile::default();
        one.put(locked("wat"));
        one.put(locked("acme-lint"));
        one.put(Locked {
            signer: Signer::Identity {
                identity: "dev@example.com".to_owned(),
                issuer: "https://issuer.example".to_owned(),
            },
            ..locked("petal")
        });
        let mut other = Lockfile::default();
        for plugin in one.plugins().iter().rev() {
            other.put(plugin.clone());
        }
        let expected = format!(
            "{HEADER}schema = 1\n\n[[plugin]]\nname = \"acme-lint\"\nrequirement = \"^1\"\nversion = \"1.2.3\"\ndigest = \"sha256:{}\"\n\n[plugin.signer]\nkey = \"sha256:{}\"\n",
            "01".repeat(32),
            "02".repeat(32)
        );
        assert!(one.render().starts_with(&expected), "{}", one.render());
        assert_eq!(one.render(), other.render());
        assert_eq!(Lockfile::parse(&one.render()).unwrap(), one);
        assert!(other.remove("petal") && !other.remove("petal"));
        assert_eq!(
            Lockfile::parse(&Lockfile::default().render()).unwrap(),
            Lockfile::default()
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let mut one = Lockfile::default();
        one.put(locked("wat"));
        let text = one.render();
        let twice = format!(
            "{text}\n{}",
            text.split_once("[[")
                .map(|(_, rest)| format!("[[{rest}"))
                .unwrap()
        );
        for (bad, problem) in [
            (twice, "twice"),
            (text.replace("schema = 1", "schema = 2"), "schema 2"),
            (text.replace("\"wat\"", "\"../wat\""), "malformed"),
            (text.replace("\"^1\"", "\"one\""), "malformed"),
            (text.replace("sha256:01", "sha256:XX"), "malformed"),
            (text.replace("key =", "lock ="), "malformed"),
            (text.replace("name =", "gift = 1\nname ="), "malformed"),
        ] {
            let error = Lockfile::parse(&bad).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}: {bad}");
        }
    }
}
