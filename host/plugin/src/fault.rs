//! What can go wrong with a plugin, told in one sentence that names it.

use host_engine::{CacheError, EngineError, GuestTrap};
use registry_index::PluginManifest;

/// A plugin did wrong while it was called. The host is unharmed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plugin `{plugin}` {version} failed in `{function}`: {reason}")]
pub struct PluginFault {
    /// Its name.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// What was called.
    pub function: &'static str,
    /// What it did.
    pub reason: String,
    /// Where it trapped, for those who want to know more.
    pub trap: Option<Box<GuestTrap>>,
}

/// Why a plugin cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Another kind of plugin.
    #[error("the plugin `{plugin}` is of the world `{found}`, not of `{wanted}`")]
    World {
        /// Its name.
        plugin: String,
        /// What it says it is.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// It wants what its world does not give.
    #[error(
        "the plugin `{plugin}` {version} imports `{import}`, which no plugin of its kind is given"
    )]
    Import {
        /// Its name.
        plugin: String,
        /// Its version.
        version: String,
        /// The import.
        import: String,
    },
    /// Its component is not one of its world.
    #[error("the plugin `{plugin}` {version} does not implement `{world}`: {reason}")]
    Unfit {
        /// Its name.
        plugin: String,
        /// Its version.
        version: String,
        /// What it says it is.
        world: String,
        /// The engine's words.
        reason: String,
    },
    /// Its code cannot be had.
    #[error("cannot load the plugin `{plugin}` {version}")]
    Code {
        /// Its name.
        plugin: String,
        /// Its version.
        version: String,
        /// Why.
        #[source]
        source: Box<CacheError>,
    },
    /// One of its tools is not a command for the sandbox.
    #[error("cannot load the plugin `{plugin}` {version}")]
    Tool {
        /// Its name.
        plugin: String,
        /// Its version.
        version: String,
        /// Why.
        #[source]
        source: Box<crate::sandbox::SandboxError>,
    },
    /// The package is damaged.
    #[error("the plugin's package is damaged")]
    Package(#[source] crate::StoreError),
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The machine refused a thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
}

impl LoadError {
    pub(crate) fn unfit(manifest: &PluginManifest, error: &wasmtime::Error) -> LoadError {
        LoadError::Unfit {
            plugin: manifest.name.clone(),
            version: manifest.version.to_string(),
            world: manifest.world.clone(),
            reason: format!("{error:#}"),
        }
    }
}
