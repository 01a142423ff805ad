//! A whole program in one file. Opening checks everything: what this type holds is what its manifest says.

use std::collections::BTreeMap;

use crate::container::{Bounds, ContainerError, PackedEntry, Reader, WriteError, Writer};
use crate::digest::Digest;
use crate::manifest::{
    ASSETS_FOLDER, Asset, BIR_ENTRY, Bir, Brick, BrickKind, FrontendRef, Limits, MANIFEST_ENTRY,
    Manifest, ManifestError, SharedModule,
};
use crate::route::Route;

/// A verified bundle with its contents in memory.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// What it consists of.
    pub manifest: Manifest,
    /// Its identity: the sha256 of the canonical manifest.
    pub digest: Digest,
    entries: BTreeMap<String, Vec<u8>>,
}

/// Why a file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The sealed file itself is wrong, or an entry of it.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// It is sealed, but not a bundle (a packaged plugin, perhaps).
    #[error("the file has no `{MANIFEST_ENTRY}`: it is not a bundle")]
    NoManifest,
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Named, but not there.
    #[error("the manifest names entry `{0}`, which is not in the file")]
    Absent(String),
    /// There, but not named.
    #[error("entry `{0}` is in the file, but the manifest does not name it")]
    Unnamed(String),
    /// The manifest means another content.
    #[error("entry `{name}` is {found}, the manifest says {expected}")]
    Mismatch {
        /// The entry.
        name: String,
        /// The manifest's digest.
        expected: Digest,
        /// The file's.
        found: Digest,
    },
    /// The manifest means another size.
    #[error("entry `{name}` has {found} bytes, the manifest says {expected}")]
    Size {
        /// The entry.
        name: String,
        /// The manifest's size.
        expected: u64,
        /// The file's.
        found: u64,
    },
}

/// Why a bundle cannot be made of its parts.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The manifest would be refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// More than a bundle may hold; [`Bundle::open`] would refuse it.
    #[error("the bundle would be refused")]
    Refused(#[source] ContainerError),
}

/// What a bundle is made of; digests, sizes, paths and order are worked out.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The program's name.
    pub name: String,
    /// Which frontend made it.
    pub frontend: FrontendRef,
    /// Name, kind and component of each brick.
    pub bricks: Vec<(String, BrickKind, Vec<u8>)>,
    /// The core modules that the bricks import by content; one that is there twice counts once.
    pub modules: Vec<PackedEntry>,
    /// The unit table.
    pub bir: Option<Vec<u8>>,
    /// Which site adapter made it, if one did.
    pub adapter: Option<FrontendRef>,
    /// The files that are served as they are.
    pub assets: Vec<AssetPart>,
    /// What leads requests to them.
    pub routes: Vec<Route>,
    /// Names of environment variables.
    pub env: Vec<String>,
    /// Limits that differ from the defaults.
    pub limits: Limits,
}

/// A file that is served as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetPart {
    /// Relative to `assets/`.
    pub path: String,
    /// The file.
    pub contents: Vec<u8>,
    /// Its media type; without, the one of its extension.
    pub media_type: Option<String>,
    /// Seconds that a browser may keep it without asking; without, that is decided by its name.
    pub cache_seconds: Option<u32>,
}

impl AssetPart {
    /// A file of which nothing is said.
    pub fn plain(path: String, contents: Vec<u8>) -> Self {
        Self {
            path,
            contents,
            media_type: None,
            cache_seconds: None,
        }
    }
}

/// A bundle as bytes, and its manifest.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The sealed file.
    pub bytes: Vec<u8>,
    /// What it says.
    pub manifest: Manifest,
}

impl Bundle {
    /// Opens a sealed file and verifies all of it.
    pub fn open(file: &[u8]) -> Result<Self, BundleError> {
        let reader = Reader::open_within(file, &Bounds::BUNDLE)?;
        if reader.info(MANIFEST_ENTRY).is_none() {
            return Err(BundleError::NoManifest);
        }
        let manifest_bytes = reader.read(MANIFEST_ENTRY)?;
        let manifest = Manifest::parse(&manifest_bytes)?;
        let mut entries = BTreeMap::new();
        for (name, expected, size) in manifest.entries() {
            let info = reader
                .info(&name)
                .ok_or_else(|| BundleError::Absent(name.clone()))?;
            if info.digest != expected {
                return Err(BundleError::Mismatch {
                    name,
                    expected,
                    found: info.digest,
                });
            }
            if info.size != size {
                return Err(BundleError::Size {
                    name,
                    expected: size,
                    found: info.size,
                });
            }
            entries.insert(name, Vec::new());
        }
        let unnamed = reader
            .names()
            .find(|name| *name != MANIFEST_ENTRY && !entries.contains_key(*name));
        if let Some(name) = unnamed {
            return Err(BundleError::Unnamed(name.to_string()));
        }
        for (name, content) in &mut entries {
            *content = reader.read(name)?;
        }
        Ok(Self {
            digest: Digest::of(&manifest_bytes),
            manifest,
            entries,
        })
    }

    /// Makes a bundle. The same parts give the same bytes.
    pub fn pack(parts: Parts) -> Result<Packed, PackError> {
        let size = |bytes: &[u8]| bytes.len() as u64;
        let brick = |(name, kind, bytes): &(String, BrickKind, Vec<u8>)| Brick {
            path: Brick::path_of(name),
            name: name.clone(),
            kind: *kind,
            digest: Digest::of(bytes),
            size: size(bytes),
        };
        let asset = |part: &AssetPart| Asset {
            path: part.path.clone(),
            digest: Digest::of(&part.contents),
            size: size(&part.contents),
            media_type: part.media_type.clone(),
            cache_seconds: part.cache_seconds,
        };
        let modules: BTreeMap<Digest, PackedEntry> = parts
            .modules
            .into_iter()
            .map(|module| (module.digest(), module))
            .collect();
        let shared = |module: &PackedEntry| SharedModule {
            digest: module.digest(),
            size: module.size(),
        };
        let manifest = Manifest {
            schema: 0,
            name: parts.name,
            frontend: parts.frontend,
            adapter: parts.adapter,
            bricks: parts.bricks.iter().map(brick).collect(),
            modules: modules.values().map(shared).collect(),
            bir: parts.bir.as_deref().map(|bytes| Bir {
                digest: Digest::of(bytes),
                size: size(bytes),
            }),
            assets: parts.assets.iter().map(asset).collect(),
            routes: parts.routes,
            env: parts.env,
            limits: parts.limits,
        }
        .assemble()?;
        let mut writer = Writer::new().entry(MANIFEST_ENTRY, manifest.canonical());
        for (name, _, bytes) in parts.bricks {
            writer = writer.entry(Brick::path_of(&name), bytes);
        }
        for (digest, module) in modules {
            writer = writer.packed_entry(SharedModule::path_of(&digest), module);
        }
        for part in parts.assets {
            writer = writer.entry(format!("{ASSETS_FOLDER}{}", part.path), part.contents);
        }
        if let Some(bytes) = parts.bir {
            writer = writer.entry(BIR_ENTRY, bytes);
        }
        let bytes = writer.finish()?;
        Reader::open_within(&bytes, &Bounds::BUNDLE).map_err(PackError::Refused)?;
        Ok(Packed { bytes, manifest })
    }

    /// Entry names and contents besides the manifest, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The content of an entry.
    pub fn entry(&self, name: &str) -> Option<&[u8]> {
        self.entries.get(name).map(Vec::as_slice)
    }

    /// The brick that is started, and its component; none in a site without a program.
    pub fn entry_brick(&self) -> Option<(&Brick, &[u8])> {
        let brick = self.manifest.entry_brick()?;
        // `open` put in every entry that the manifest names.
        Some((brick, self.entry(&brick.path).unwrap_or_default()))
    }

    /// A core module that bricks import by content.
    pub fn module(&self, digest: &Digest) -> Option<&[u8]> {
        self.entry(&SharedModule::path_of(digest))
    }

    /// An asset by its path relative to `assets/`.
    pub fn asset(&self, path: &str) -> Option<&[u8]> {
        self.entry(&format!("{ASSETS_FOLDER}{path}"))
    }

    /// The unit table: BIR without its payload.
    pub fn bir(&self) -> Option<&[u8]> {
        self.entry(BIR_ENTRY)
    }

    /// The content with this digest.
    pub fn blob(&self, digest: &Digest) -> Option<&[u8]> {
        let (name, ..) = self
            .manifest
            .entries()
            .into_iter()
            .find(|(_, named, _)| named == digest)?;
        self.entry(&name)
    }
}
