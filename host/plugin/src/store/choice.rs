//! Which of several installed versions is used, where a plugin came from, whether it is as it was installed, and removing it.

use super::{Installed, PluginStore, StoreError, folders};
use crate::store::unpack::UNFINISHED;
use lly_brick::Digest;
use registry_index::Locked;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file beside the versions of a plugin that names the folder of the one in use.
const CHOSEN: &str = "chosen";
/// Our note in the folder of a plugin that came from a registry.
const ORIGIN: &str = "origin.json";

/// Where an installed plugin came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The registry's URL.
    pub registry: String,
    /// What was asked for, taken and verified.
    pub locked: Locked,
}

impl PluginStore {
    /// Makes this version the one that is used, in place of any other of its name.
    pub fn choose(&self, plugin: &Installed) -> Result<(), StoreError> {
        let parent = self.plugins.join(&plugin.manifest.name);
        let folder = plugin.dir.file_name().unwrap_or_default();
        replace(&parent.join(CHOSEN), folder.as_encoded_bytes())
    }

    /// The version in use of every plugin, by name: the chosen one, else the newest.
    pub fn current(&self) -> Result<Vec<Installed>, StoreError> {
        let mut current: BTreeMap<String, Installed> = BTreeMap::new();
        for plugin in self.list()? {
            let name = plugin.manifest.name.clone();
            // The newest comes first.
            if self.is_chosen(&plugin) || !current.contains_key(&name) {
                current.insert(name, plugin);
            }
        }
        Ok(current.into_values().collect())
    }

    /// The version in use of one plugin.
    ///
    /// # Errors
    /// It is installed, and no version of it can be used.
    pub fn find(&self, name: &str) -> Result<Option<Installed>, StoreError> {
        let mut current = self.current()?.into_iter();
        if let Some(found) = current.find(|plugin| plugin.manifest.name == name) {
            return Ok(Some(found));
        }
        match self.broken()?.into_iter().find(|one| one.name == name) {
            Some(broken) => Err(broken.error),
            None => Ok(None),
        }
    }

    fn is_chosen(&self, plugin: &Installed) -> bool {
        let chosen = std::fs::read(self.plugins.join(&plugin.manifest.name).join(CHOSEN));
        let folder = plugin.dir.file_name().unwrap_or_default();
        chosen.is_ok_and(|chosen| chosen == folder.as_encoded_bytes())
    }

    /// Writes down where a plugin came from.
    pub fn remember(&self, plugin: &Installed, origin: &Origin) -> Result<(), StoreError> {
        let path = plugin.dir.join(ORIGIN);
        let json = serde_json::to_vec(origin).map_err(|error| StoreError::Io {
            action: "write",
            path: path.clone(),
            source: error.into(),
        })?;
        replace(&path, &json)
    }

    /// Removes one version. Whoever uses it at this moment keeps what is open.
    pub fn remove(&self, plugin: &Installed) -> Result<(), StoreError> {
        let error = |source| StoreError::Io {
            action: "remove",
            path: plugin.dir.clone(),
            source,
        };
        let parent = self.plugins.join(&plugin.manifest.name);
        let aside = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(&parent)
            .map_err(error)?;
        // It is gone at once, and then swept; if we die in between, the next unpacking sweeps it.
        std::fs::rename(&plugin.dir, aside.path().join("removed")).map_err(error)?;
        drop(aside);
        if folders(&parent)?.is_empty() {
            let _ = std::fs::remove_file(parent.join(CHOSEN));
            let _ = std::fs::remove_dir(&parent);
        }
        Ok(())
    }
}

impl Installed {
    /// Where it came from; none if from a file.
    pub fn origin(&self) -> Option<Origin> {
        let json = std::fs::read(self.dir.join(ORIGIN)).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Whether the component and the tools are still what was installed.
    pub fn check(&self) -> Result<(), StoreError> {
        for (name, entry) in &self.entries {
            if self.manifest.sysroot.as_ref() == Some(name) {
                continue;
            }
            let path = self.dir.join(name);
            let read = std::fs::read(&path);
            let bytes = read.map_err(|source| io_error("read", &path, source))?;
            if Digest::of(&bytes) != entry.digest {
                return Err(StoreError::Changed { path });
            }
        }
        Ok(())
    }
}

fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source| io_error("write", path, source))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: PathBuf::from(path),
        source,
    }
}
