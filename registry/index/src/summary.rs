//! What a registry says about itself and, in a search, about each plugin. Not signed: nothing is decided by it.

use semver::Version;
use serde::{Deserialize, Serialize};

/// Where [`RegistryDocument`] is, below a registry's URL.
pub const REGISTRY_DOCUMENT: &str = "/.well-known/lily/registry.json";

/// One plugin in a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginSummary {
    /// The plugin.
    pub name: String,
    /// The newest version that was not withdrawn.
    pub version: Version,
    /// Its world.
    pub world: String,
    /// One line.
    #[serde(default)]
    pub description: String,
    /// Extensions of the sources that it compiles.
    #[serde(default)]
    pub extensions: Vec<String>,
}

/// The keys of a registry, for whoever pins them for the first time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryDocument {
    /// The key that signs indexes: SPKI in PEM, P-256.
    pub index_key: String,
    /// The key of its transparency log: SPKI in PEM, P-256.
    pub log_key: String,
    /// The sha256 of the log key's SPKI in DER, as hex.
    pub log_id: String,
}
