//! Installed plugins: `$LLY_HOME/plugins/NAME/VERSION-DIGEST12/`, with the manifest, the component, the tools and the
//! sysroot as real files.
//!
//! Rule: a folder of that form is complete. It is unpacked and checked under another name, then renamed. So many
//! processes may install at once, and one that dies leaves nothing but a hidden folder, which the next one sweeps.

mod choice;
mod unpack;

pub use choice::Origin;

use host_engine::{CodeCache, WasmDigest};
use lly_brick::Digest;
use lly_brick::container::{ContainerError, Reader};
use registry_index::{MANIFEST_ENTRY, ManifestError, PluginManifest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Our own note in the folder of a plugin: what was unpacked and checked.
const RECORD: &str = "installed.json";
/// The folder that the sysroot is unpacked to.
const SYSROOT: &str = "sysroot";

/// Why a plugin is not installed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The package is not one.
    #[error("cannot read the plugin's package")]
    Container(#[from] ContainerError),
    /// Its manifest is not one.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The manifest names an entry that is not there.
    #[error(
        "the package of the plugin `{plugin}` has no entry `{entry}`, which its manifest names"
    )]
    Entry {
        /// The plugin.
        plugin: String,
        /// The entry.
        entry: String,
    },
    /// The sysroot holds something else than plain files in folders.
    #[error("the sysroot of the plugin `{plugin}` is refused: `{path}` {reason}")]
    Sysroot {
        /// The plugin.
        plugin: String,
        /// The file in the tar.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The system did not let us.
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
    /// Somebody changed it since.
    #[error("`{}` is not what was installed: install the plugin again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Its folder does not hold what was unpacked to it.
    #[error("`{}` is damaged: install the plugin again", dir.display())]
    Damaged {
        /// The folder.
        dir: PathBuf,
    },
    /// Nothing installed handles this.
    #[error("no installed plugin compiles `{extension}` files")]
    NoPluginFor {
        /// The extension.
        extension: String,
    },
}

/// The plugins of one `$LLY_HOME`, and the code compiled for them.
#[derive(Clone, Debug)]
pub struct PluginStore {
    plugins: PathBuf,
    cache: CodeCache,
}

/// A plugin that is unpacked.
#[derive(Clone, Debug)]
pub struct Installed {
    /// What it says about itself.
    pub manifest: PluginManifest,
    /// The digest of its package: of the names and contents of all entries.
    pub digest: Digest,
    dir: PathBuf,
    entries: BTreeMap<String, Entry>,
}

/// A plugin that cannot be used: what is on the disk is not what was installed.
#[derive(Debug)]
pub struct Broken {
    /// The plugin, by the folder that it lies in.
    pub name: String,
    /// Where it lies.
    pub dir: PathBuf,
    /// What is wrong with it.
    pub error: StoreError,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    digest: Digest,
    size: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    digest: Digest,
    entries: BTreeMap<String, Entry>,
}

/// A core module that a plugin carries for the programs that it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginModule {
    /// Where it lies.
    pub path: PathBuf,
    /// Where it lies as one zstd frame.
    pub packed: PathBuf,
    /// Its sha256.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

impl PluginStore {
    /// The store in `$LLY_HOME`. Folders are made when they are needed.
    pub fn new(home: PathBuf) -> PluginStore {
        PluginStore {
            plugins: home.join("plugins"),
            cache: CodeCache::new(home.join("cache").join("code")),
        }
    }

    /// Where compiled code is kept.
    pub fn code_cache(&self) -> &CodeCache {
        &self.cache
    }

    /// Unpacks a package, unless that was done before, which is seen from its table without decompressing anything.
    pub fn install_packaged(&self, package: &[u8]) -> Result<Installed, StoreError> {
        let reader = Reader::open(package)?;
        let digest = package_digest(&reader);
        let manifest = PluginManifest::parse(&reader.read(MANIFEST_ENTRY)?)?;
        let parent = self.plugins.join(&manifest.name);
        let dir = parent.join(format!("{}-{}", manifest.version, digest.short()));
        if let Ok(Some(installed)) = Installed::open(&dir)
            && installed.digest == digest
        {
            return Ok(installed);
        }
        unpack::unpack(&reader, &manifest, digest, &parent, &dir)?;
        Installed::open(&dir)?.ok_or_else(|| StoreError::Io {
            action: "unpack the plugin to",
            path: dir,
            source: std::io::ErrorKind::NotFound.into(),
        })
    }

    /// Everything that can be used, by name, the newest version first. A broken plugin takes nothing from the others.
    pub fn list(&self) -> Result<Vec<Installed>, StoreError> {
        Ok(self.survey()?.0)
    }

    /// What is installed and cannot be used, by name.
    pub fn broken(&self) -> Result<Vec<Broken>, StoreError> {
        Ok(self.survey()?.1)
    }

    fn survey(&self) -> Result<(Vec<Installed>, Vec<Broken>), StoreError> {
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        for parent in folders(&self.plugins)? {
            let name = parent.file_name().unwrap_or_default().to_string_lossy();
            let mut fail = |dir: &Path, error| {
                broken.push(Broken {
                    name: name.clone().into_owned(),
                    dir: dir.to_owned(),
                    error,
                });
            };
            let versions = folders(&parent).unwrap_or_else(|error| {
                fail(&parent, error);
                Vec::new()
            });
            for dir in versions {
                match Installed::open(&dir) {
                    Ok(Some(installed)) => found.push(installed),
                    Ok(None) => {}
                    Err(error) => fail(&dir, error),
                }
            }
        }
        found.sort_by(|a, b| {
            let by_name = a.manifest.name.cmp(&b.manifest.name);
            by_name.then_with(|| b.manifest.version.cmp(&a.manifest.version))
        });
        Ok((found, broken))
    }

    /// The plugin that compiles files with this extension, such as `.c`.
    pub fn find_by_extension(&self, extension: &str) -> Result<Installed, StoreError> {
        let handles = |plugin: &Installed| {
            let extensions = &plugin.manifest.extensions;
            extensions.iter().any(|handled| handled == extension)
        };
        let found = self.current()?.into_iter().find(handles);
        found.ok_or_else(|| StoreError::NoPluginFor {
            extension: extension.to_owned(),
        })
    }
}

impl Installed {
    /// The plugin in a folder of the store; `None` if it is none of ours.
    fn open(dir: &Path) -> Result<Option<Installed>, StoreError> {
        let read = |name: &str| match std::fs::read(dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Io {
                action: "read",
                path: dir.join(name),
                source,
            }),
        };
        let damaged = || StoreError::Damaged {
            dir: dir.to_owned(),
        };
        let (manifest, record) = match (read(MANIFEST_ENTRY)?, read(RECORD)?) {
            (Some(manifest), Some(record)) => (manifest, record),
            (None, None) => return Ok(None),
            _ => return Err(damaged()),
        };
        let record: Record = serde_json::from_slice(&record).map_err(|_| damaged())?;
        Ok(Some(Installed {
            manifest: PluginManifest::parse(&manifest)?,
            digest: record.digest,
            dir: dir.to_owned(),
            entries: record.entries,
        }))
    }

    /// A module that the programs of this plugin share; none if it has none of this name.
    pub fn module(&self, name: &str) -> Option<PluginModule> {
        let entry = self.entries.get(name)?;
        let path = self.dir.join(name);
        Some(PluginModule {
            packed: unpack::packed(&path),
            path,
            digest: entry.digest,
            size: entry.size,
        })
    }

    /// The folder it is unpacked in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder that its tools see as `/usr`.
    pub fn sysroot(&self) -> Option<PathBuf> {
        self.manifest
            .sysroot
            .as_ref()
            .map(|_| self.dir.join(SYSROOT))
    }

    /// An entry's file, and its digest and size as they were checked when it was unpacked.
    pub(crate) fn entry(&self, name: &str) -> Option<(PathBuf, WasmDigest, u64)> {
        let entry = self.entries.get(name)?;
        let digest = WasmDigest::from_bytes(*entry.digest.as_bytes());
        Some((self.dir.join(name), digest, entry.size))
    }
}

/// What a package is, however it was compressed.
fn package_digest(reader: &Reader<'_>) -> Digest {
    let mut listing = String::new();
    for (name, info) in reader.entries() {
        listing.push_str(&format!("{} {name}\n", info.digest.hex()));
    }
    Digest::of(listing.as_bytes())
}

/// The visible folders in a folder, in order; none if there is no such folder.
fn folders(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let error = |source| StoreError::Io {
        action: "list",
        path: dir.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(error(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(error)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.file_type().map_err(error)?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests;
