//! Who may sign which plugins, and whether bundles: by a key, or by an identity that an authority vouches for.

use super::{PublisherTable, TrustError, key};
use crate::public_key::PublicKey;
use registry_index::is_name;

const TABLE: &str = "publisher";
/// An address or URL; more is an attempt at something.
const TEXT_BYTES_MAX: usize = 1_000;
const PATTERNS_MAX: usize = 1_000;

/// One publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publisher {
    /// Names of plugins, where a `*` at the end stands for any ending: `wat`, `acme-*`, `*`.
    pub plugins: Vec<String>,
    /// Whether bundles signed by this publisher are accepted.
    pub bundles: bool,
    /// How the publisher is known.
    pub who: Who,
}

/// How a publisher is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// By a key pair.
    Key(PublicKey),
    /// By a name in a certificate.
    Identity {
        /// An e-mail address or URI, exactly.
        identity: String,
        /// Who vouched for it: the URL of the OpenID issuer, exactly.
        issuer: String,
    },
}

/// What a signature is asked to be good for.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// A version of this plugin.
    Plugin(&'a str),
    /// A bundle.
    Bundle,
}

impl Publisher {
    /// Whether this publisher may sign that.
    pub fn may_sign(&self, scope: Scope<'_>) -> bool {
        match scope {
            Scope::Bundle => self.bundles,
            Scope::Plugin(name) => {
                self.plugins
                    .iter()
                    .any(|pattern| match pattern.strip_suffix('*') {
                        Some(begin) => name.starts_with(begin),
                        None => name == pattern,
                    })
            }
        }
    }
}

impl PublisherTable {
    pub(super) fn check(self) -> Result<Publisher, TrustError> {
        let wrong = |reason: String| TrustError::Value {
            table: TABLE,
            reason,
        };
        if self.plugins.len() > PATTERNS_MAX {
            return Err(wrong(format!("it names more than {PATTERNS_MAX} plugins")));
        }
        for pattern in &self.plugins {
            let begin = pattern.strip_suffix('*').unwrap_or(pattern);
            // `acme-*` begins with `acme-`, which alone would be no name.
            let whole = format!(
                "{begin}{}",
                if begin.len() < pattern.len() { "a" } else { "" }
            );
            if !is_name(&whole) {
                let shown: String = pattern.chars().take(80).collect();
                return Err(wrong(format!(
                    "`{shown}` is neither a plugin's name nor the beginning of one with `*`"
                )));
            }
        }
        let line = |text: &str| {
            !text.is_empty() && text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
        };
        let who = match (self.key, self.identity, self.issuer) {
            (Some(pem), None, None) => Who::Key(key(TABLE, &pem)?),
            (None, Some(identity), Some(issuer)) if line(&identity) && line(&issuer) => {
                Who::Identity { identity, issuer }
            }
            _ => {
                return Err(wrong(
                    "it needs a `key`, or an `identity` and its `issuer`".to_owned(),
                ));
            }
        };
        Ok(Publisher {
            plugins: self.plugins,
            bundles: self.bundles,
            who,
        })
    }

    pub(super) fn of(publisher: &Publisher) -> PublisherTable {
        let (key, identity, issuer) = match &publisher.who {
            Who::Key(key) => (Some(key.pem()), None, None),
            Who::Identity { identity, issuer } => {
                (None, Some(identity.clone()), Some(issuer.clone()))
            }
        };
        PublisherTable {
            plugins: publisher.plugins.clone(),
            bundles: publisher.bundles,
            key,
            identity,
            issuer,
        }
    }
}
