//! What a bundle is: the document that names everything in it. Its sha256 is the bundle's identity.
//!
//! The rule: nothing here depends on when, where or by whom the bundle was made. To add a field: give it a default that
//! is left out when serialised, so that bundles without it keep their identity, and check it in `check.rs`.

mod check;

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::digest::Digest;
use crate::name::PathProblem;
use crate::route::Route;

pub use check::check_routes;

/// The entry that holds the manifest.
pub const MANIFEST_ENTRY: &str = "manifest.json";
/// The entry that holds the unit table: BIR without its payload.
pub const BIR_ENTRY: &str = "bir";
/// Where the assets are.
pub const ASSETS_FOLDER: &str = "assets/";
/// Where the core modules are that bricks import by content.
pub const SHARED_FOLDER: &str = "shared/";

/// The only schema there is.
const SCHEMA: u32 = 1;
/// Longest manifest that is looked at: 20 000 assets with long names fit.
const MANIFEST_BYTES_MAX: usize = 16 << 20;

/// What a program consists of and asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this document's form: 1.
    pub schema: u32,
    /// The program's name, which is its argv\[0\].
    pub name: String,
    /// Which frontend made it. With the sources, this decides every byte of the bundle. Of a site without a program, its
    /// adapter.
    pub frontend: FrontendRef,
    /// Which site adapter made it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<FrontendRef>,
    /// The bricks, by name; none only in a site without a program.
    pub bricks: Vec<Brick>,
    /// Core modules that bricks import by their content, by digest. A CAP compiles each once, however many programs name it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<SharedModule>,
    /// The unit table, for people and tools; the runtime does not look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bir: Option<Bir>,
    /// Files that are served without entering a brick, by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<Asset>,
    /// What leads requests to assets, programs and elsewhere, in the order in which they are tried. Without any, assets
    /// answer by their paths and the program answers the rest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Names of the environment variables that the program reads, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Limits that differ from the defaults of whoever runs it.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

/// A frontend plugin, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontendRef {
    /// Such as `c`.
    pub name: String,
    /// Such as `0.1.0`.
    pub version: String,
    /// Of the packaged plugin.
    pub digest: Digest,
}

/// One WebAssembly component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brick {
    /// Unique in the program.
    pub name: String,
    /// How it is started.
    pub kind: BrickKind,
    /// `modules/NAME.wasm`.
    pub path: String,
    /// Of the component.
    pub digest: Digest,
    /// Of the component, in bytes.
    pub size: u64,
}

/// A core module that bricks import by its content: a language's engine, of which each program then stores nothing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedModule {
    /// Of the module.
    pub digest: Digest,
    /// Of the module, in bytes.
    pub size: u64,
}

/// How a brick is started, read off its exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BrickKind {
    /// It has a `main`: exports `wasi:cli/run`.
    Command,
    /// It answers requests: exports `wasi:http/incoming-handler`.
    Http,
}

impl std::fmt::Display for BrickKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Command => "command",
            Self::Http => "http",
        })
    }
}

/// The unit table, in the entry `bir`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bir {
    /// Of the table.
    pub digest: Digest,
    /// Of the table, in bytes.
    pub size: u64,
}

/// One static file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// Relative to `assets/`.
    pub path: String,
    /// Of the file.
    pub digest: Digest,
    /// Of the file, in bytes.
    pub size: u64,
    /// Its media type; without, the one of its extension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Seconds that a browser may keep it without asking; without, that is decided by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_seconds: Option<u32>,
}

/// What a program asks for where the defaults do not fit. A CAP may give less, never more than it is itself allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of one instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes_max: Option<u64>,
    /// Wall time of one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_time_ms: Option<u64>,
    /// Body of one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body_bytes_max: Option<u64>,
    /// stdout and stderr of one request that are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_bytes_max: Option<u64>,
}

impl Limits {
    /// Whether every default fits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The limits that are set, by the name of their field.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("memory_bytes_max", self.memory_bytes_max),
            ("wall_time_ms", self.wall_time_ms),
            ("request_body_bytes_max", self.request_body_bytes_max),
            ("output_bytes_max", self.output_bytes_max),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Longer than any manifest has reason to be.
    #[error("the manifest has {size} bytes; at most {MANIFEST_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// Not JSON, or not these fields.
    #[error("the manifest cannot be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A later schema.
    #[error("the manifest has schema {0}; this program reads schema {SCHEMA}")]
    Schema(u32),
    /// The right content in other bytes: its identity would not be its own.
    #[error("the manifest is not in canonical form")]
    NotCanonical,
    /// A field with a value that may not be.
    #[error("the manifest's `{field}` is refused: {reason}")]
    Field {
        /// Such as `bricks[0].name`.
        field: String,
        /// A fragment.
        reason: String,
    },
    /// A path that could leave its folder.
    #[error("the manifest's `{field}` is refused: {problem}")]
    Path {
        /// Such as `assets[3].path`.
        field: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// One digest with two sizes.
    #[error("the manifest gives {0} two different sizes")]
    TwoSizes(Digest),
}

impl Manifest {
    /// Reads a manifest in canonical form and checks every field.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLarge { size: bytes.len() });
        }
        let manifest: Self = serde_json::from_slice(bytes)?;
        manifest.check()?;
        if canonical::to_vec(&manifest)? != bytes {
            return Err(ManifestError::NotCanonical);
        }
        Ok(manifest)
    }

    /// A manifest from its parts: sorts what is a set, then checks as [`Manifest::parse`] does.
    pub(crate) fn assemble(mut self) -> Result<Self, ManifestError> {
        self.schema = SCHEMA;
        self.bricks.sort_by(|a, b| a.name.cmp(&b.name));
        self.modules.sort_by_key(|module| module.digest);
        self.assets.sort_by(|a, b| a.path.cmp(&b.path));
        self.env.sort();
        self.env.dedup();
        self.check()?;
        Ok(self)
    }

    /// The one byte form of this manifest.
    pub fn canonical(&self) -> Vec<u8> {
        // Strings, integers, lists and records with string keys: there is nothing in it that JSON cannot say.
        canonical::to_vec(self).expect("a manifest is plain JSON")
    }

    /// The bundle's identity.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.canonical())
    }

    /// Everything it names besides itself: content and size, each content once, in the order of digests.
    pub fn blobs(&self) -> Vec<(Digest, u64)> {
        let named: BTreeMap<Digest, u64> = self
            .entries()
            .into_iter()
            .map(|(_, digest, size)| (digest, size))
            .collect();
        named.into_iter().collect()
    }

    /// The entries of the sealed file besides `manifest.json`: name, content, size.
    pub fn entries(&self) -> Vec<(String, Digest, u64)> {
        let bricks = self
            .bricks
            .iter()
            .map(|brick| (brick.path.clone(), brick.digest, brick.size));
        let modules = self.modules.iter();
        let modules = modules.map(|module| (module.path(), module.digest, module.size));
        let bir = self
            .bir
            .iter()
            .map(|bir| (BIR_ENTRY.to_string(), bir.digest, bir.size));
        let assets = self.assets.iter().map(|asset| {
            (
                format!("{ASSETS_FOLDER}{}", asset.path),
                asset.digest,
                asset.size,
            )
        });
        bricks.chain(modules).chain(bir).chain(assets).collect()
    }

    /// The brick that is started: the one named as the program, else the first; none in a site without a program.
    pub fn entry_brick(&self) -> Option<&Brick> {
        self.bricks
            .iter()
            .find(|brick| brick.name == self.name)
            .or(self.bricks.first())
    }
}

impl Brick {
    /// Where a brick of this name is in the sealed file.
    pub fn path_of(name: &str) -> String {
        format!("modules/{name}.wasm")
    }
}

impl SharedModule {
    /// Where it is in the sealed file: `shared/SHA256HEX.wasm`.
    pub fn path(&self) -> String {
        Self::path_of(&self.digest)
    }

    /// Where a module of this content is in the sealed file.
    pub fn path_of(digest: &Digest) -> String {
        format!("{SHARED_FOLDER}{}.wasm", digest.hex())
    }
    /// The name by which a component imports a module of this content: `integrity=<sha256-BASE64>`.
    pub fn import_of(digest: &Digest) -> String {
        let hash = base64::engine::general_purpose::STANDARD.encode(digest.as_bytes());
        format!("integrity=<sha256-{hash}>")
    }
}
