//! What a bundle is: the document that names everything in it. Its sha256 is the bundle's identity.
//!
//! The rule: nothing here depends on when, where or by whom the bundle was made. To add a field: give it a default that
//! is left out when serialised, so that bundles without it keep their identity, and check it in [`Manifest::parse`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::canonical;
use crate::digest::Digest;
use crate::name::{PathProblem, check_path, check_program_name};
use crate::route::{Route, RouteTarget, is_header_value};

/// The entry that holds the manifest.
pub const MANIFEST_ENTRY: &str = "manifest.json";
/// The entry that holds the unit table: BIR without its payload.
pub const BIR_ENTRY: &str = "bir";
/// Where the assets are.
pub const ASSETS_FOLDER: &str = "assets/";

/// The only schema there is.
const SCHEMA: u32 = 1;
/// Longest manifest that is looked at: 20 000 assets with long names fit.
const MANIFEST_BYTES_MAX: usize = 16 << 20;
/// Most names of environment variables.
const ENV_NAMES_MAX: usize = 256;
/// Longest version, frontend name or media type.
const TEXT_BYTES_MAX: usize = 128;
/// Most routes: each is looked at when a bundle is opened, and those with variables at requests.
const ROUTES_MAX: usize = 20_000;
/// Most routes with variables, which are tried one after the other at each request.
const ROUTES_WITH_VARIABLES_MAX: usize = 2_000;
/// Longest time that a browser is told to keep a file: a year.
const CACHE_SECONDS_MAX: u32 = 366 * 86_400;

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
        bricks.chain(bir).chain(assets).collect()
    }

    /// The brick that is started: the one named as the program, else the first; none in a site without a program.
    pub fn entry_brick(&self) -> Option<&Brick> {
        self.bricks
            .iter()
            .find(|brick| brick.name == self.name)
            .or(self.bricks.first())
    }

    fn check(&self) -> Result<(), ManifestError> {
        let refuse = |field: &str, reason: &str| {
            Err(ManifestError::Field {
                field: field.to_string(),
                reason: reason.to_string(),
            })
        };
        if self.schema != SCHEMA {
            return Err(ManifestError::Schema(self.schema));
        }
        if !check_program_name(&self.name) {
            return refuse("name", NAME_RULE);
        }
        let adapter = self.adapter.iter().map(|adapter| ("adapter", adapter));
        for (plugin, made) in [("frontend", &self.frontend)].into_iter().chain(adapter) {
            for (field, text) in [("name", &made.name), ("version", &made.version)] {
                let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
                if text.is_empty() || text.len() > TEXT_BYTES_MAX || !printable {
                    return refuse(
                        &format!("{plugin}.{field}"),
                        "it is to be 1 to 128 visible characters",
                    );
                }
            }
        }
        self.check_bricks()?;
        self.check_assets()?;
        self.check_routes()?;
        if self.env.len() > ENV_NAMES_MAX {
            return refuse("env", "it has more than 256 names");
        }
        for (index, name) in self.env.iter().enumerate() {
            if !is_env_name(name) {
                return refuse(
                    &format!("env[{index}]"),
                    "it is to be letters, digits and `_`",
                );
            }
            if index > 0 && self.env[index - 1] >= *name {
                return refuse(
                    &format!("env[{index}]"),
                    "names are to be sorted, each once",
                );
            }
        }
        if let Some((name, _)) = self.limits.named().find(|(_, value)| *value == 0) {
            return refuse(&format!("limits.{name}"), "it is to be more than 0");
        }
        let mut sizes = BTreeMap::new();
        for (_, digest, size) in self.entries() {
            if *sizes.entry(digest).or_insert(size) != size {
                return Err(ManifestError::TwoSizes(digest));
            }
        }
        Ok(())
    }

    fn check_bricks(&self) -> Result<(), ManifestError> {
        let refuse = |field: String, reason: &str| {
            Err(ManifestError::Field {
                field,
                reason: reason.to_string(),
            })
        };
        if self.bricks.is_empty() && self.adapter.is_none() {
            return refuse("bricks".into(), "a program has at least one brick");
        }
        if self.bricks.is_empty() && self.assets.is_empty() && self.routes.is_empty() {
            return refuse(
                "bricks".into(),
                "there is nothing that would answer a request",
            );
        }
        for (index, brick) in self.bricks.iter().enumerate() {
            if !check_program_name(&brick.name) {
                return refuse(format!("bricks[{index}].name"), NAME_RULE);
            }
            if brick.path != Brick::path_of(&brick.name) {
                return refuse(
                    format!("bricks[{index}].path"),
                    "it is to be `modules/NAME.wasm`",
                );
            }
            if index > 0 && self.bricks[index - 1].name >= brick.name {
                return refuse(
                    format!("bricks[{index}].name"),
                    "names are to be sorted, each once",
                );
            }
        }
        Ok(())
    }

    fn check_assets(&self) -> Result<(), ManifestError> {
        for (index, asset) in self.assets.iter().enumerate() {
            let field = || format!("assets[{index}].path");
            check_path(&asset.path).map_err(|problem| ManifestError::Path {
                field: field(),
                problem,
            })?;
            if index > 0 && self.assets[index - 1].path >= asset.path {
                let reason = "paths are to be sorted, each once".to_string();
                return Err(ManifestError::Field {
                    field: field(),
                    reason,
                });
            }
            asset
                .check_headers()
                .map_err(|(name, reason)| ManifestError::Field {
                    field: format!("assets[{index}].{name}"),
                    reason,
                })?;
        }
        Ok(())
    }

    fn check_routes(&self) -> Result<(), ManifestError> {
        check_routes(
            &self.routes,
            |path| {
                let found = self
                    .assets
                    .binary_search_by(|one| one.path.as_str().cmp(path));
                found.is_ok()
            },
            |name| self.bricks.iter().any(|brick| brick.name == name),
        )
        .map_err(|(index, reason)| ManifestError::Field {
            field: match index {
                Some(index) => format!("routes[{index}]"),
                None => "routes".to_owned(),
            },
            reason,
        })
    }
}

/// Whether routes may be a site's: each well-formed, with a target that exists, and not too many. A no says which, if it is
/// one of them, and why.
pub fn check_routes(
    routes: &[Route],
    has_asset: impl Fn(&str) -> bool,
    has_program: impl Fn(&str) -> bool,
) -> Result<(), (Option<usize>, String)> {
    if routes.len() > ROUTES_MAX {
        return Err((None, format!("there are more than {ROUTES_MAX}")));
    }
    let mut with_variables = 0;
    for (index, route) in routes.iter().enumerate() {
        let refuse = |reason: String| Err((Some(index), reason));
        let pattern = match route.check() {
            Ok(pattern) => pattern,
            Err(problem) => return refuse(problem.to_string()),
        };
        with_variables += usize::from(pattern.text().is_none());
        match &route.target {
            RouteTarget::Asset(path) if !has_asset(path) => {
                return refuse(format!("there is no asset `{path}`"));
            }
            RouteTarget::Program(name) if !has_program(name) => {
                return refuse(format!("there is no program `{name}`"));
            }
            RouteTarget::Asset(_) | RouteTarget::Program(_) | RouteTarget::Redirect(_) => {}
        }
    }
    if with_variables > ROUTES_WITH_VARIABLES_MAX {
        let reason = format!("more than {ROUTES_WITH_VARIABLES_MAX} have variables");
        return Err((None, reason));
    }
    Ok(())
}

impl Asset {
    /// Whether what is said with it may be said; a no names the field.
    pub fn check_headers(&self) -> Result<(), (&'static str, String)> {
        if let Some(media_type) = &self.media_type {
            let halves = media_type
                .split(';')
                .next()
                .and_then(|one| one.split_once('/'));
            let named = halves.is_some_and(|(kind, of)| !kind.is_empty() && !of.is_empty());
            if !named || media_type.len() > TEXT_BYTES_MAX || !is_header_value(media_type) {
                let reason = "it is to be a media type such as `text/html`".to_owned();
                return Err(("media_type", reason));
            }
        }
        if self
            .cache_seconds
            .is_some_and(|seconds| seconds > CACHE_SECONDS_MAX)
        {
            let reason = format!("it is to be at most {CACHE_SECONDS_MAX}, a year");
            return Err(("cache_seconds", reason));
        }
        Ok(())
    }
}

impl Brick {
    /// Where a brick of this name is in the sealed file.
    pub fn path_of(name: &str) -> String {
        format!("modules/{name}.wasm")
    }
}

const NAME_RULE: &str =
    "it is to be 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

fn is_env_name(name: &str) -> bool {
    name.len() <= TEXT_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
