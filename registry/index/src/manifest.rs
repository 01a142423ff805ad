//! `plugin.json`: a plugin's name, what it is, and which entries of its package are what.
//!
//! How to add a field: add it to [`PluginManifest`] in the order of the alphabet (that order is the canonical one),
//! check it in [`PluginManifest::check`], and raise [`SCHEMA`] if older readers would go wrong without it.

use crate::Grants;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The entry of a package that holds the manifest.
pub const MANIFEST_ENTRY: &str = "plugin.json";
/// Where a package's component usually is.
pub const COMPONENT_ENTRY: &str = "component.wasm";
/// Where a package's sysroot usually is.
pub const SYSROOT_ENTRY: &str = "sysroot.tar";
/// The world of language frontends.
pub const FRONTEND_WORLD: &str = "lily:frontend@0.1.0";
/// The world of placement policies.
pub const POLICY_WORLD: &str = "lily:policy@0.1.0";
/// The world of eviction policies.
pub const EVICTION_WORLD: &str = "lily:eviction@0.1.0";
/// The world of verbs of the command line.
pub const COMMAND_WORLD: &str = "lily:command@0.1.0";
/// The world of site adapters.
pub const SITE_WORLD: &str = "lily:site@0.1.0";

/// The version of the manifest's form.
const SCHEMA: u32 = 1;
/// Names are folders and command line words.
const NAME_BYTES_MAX: usize = 64;
const DESCRIPTION_BYTES_MAX: usize = 500;
const ENTRY_BYTES_MAX: usize = 255;
/// A package is a handful of tools; more is a mistake.
const LIST_MAX: usize = 100;
/// A manifest is a page of text.
const BYTES_MAX: usize = 64 << 10;

/// What a plugin says about itself. Only [`PluginManifest::parse`] and [`PluginManifest::check`] make it trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginManifest {
    /// Extensions of headers: files that sources refer to but that are not compiled by themselves.
    #[serde(default)]
    pub companions: Vec<String>,
    /// The entry with the component.
    pub component: String,
    /// One line for `lly plugin list`.
    pub description: String,
    /// Extensions of the sources it compiles, such as `.c`.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// What it asks the user for.
    #[serde(default, skip_serializing_if = "Grants::is_empty")]
    pub grants: Grants,
    /// The oldest `lly` that can use it.
    pub lly_min_version: Version,
    /// Entries with core modules that the programs it makes share: they import them by content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<String>,
    /// Its name, such as `c`.
    pub name: String,
    /// Language standards it knows, such as `c17`.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// The version of this form, 1.
    pub schema: u32,
    /// The entry with a tar of the files that tools see under `/usr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sysroot: Option<String>,
    /// Tools by name; each names its entry.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// Its version.
    pub version: Version,
    /// The WIT world it implements, such as `lily:frontend@0.1.0`.
    pub world: String,
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of this form.
    #[error("`plugin.json` is malformed: {0}")]
    Malformed(String),
    /// Written by a newer LILY.
    #[error("`plugin.json` has schema {found}; this program knows schema {SCHEMA}")]
    Schema {
        /// What it says.
        found: u32,
    },
    /// A field with a value that makes no sense.
    #[error("`{field}` in `plugin.json` is wrong: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl PluginManifest {
    /// A manifest of the current schema with nothing but what every plugin has. Packers fill in the rest.
    pub fn new(name: &str, version: Version, world: &str, description: &str) -> PluginManifest {
        PluginManifest {
            companions: Vec::new(),
            component: COMPONENT_ENTRY.to_owned(),
            description: description.to_owned(),
            extensions: Vec::new(),
            grants: Grants::default(),
            lly_min_version: Version::new(0, 1, 0),
            modules: Vec::new(),
            name: name.to_owned(),
            profiles: Vec::new(),
            schema: SCHEMA,
            sysroot: None,
            tools: BTreeMap::new(),
            version,
            world: world.to_owned(),
        }
    }

    /// Reads and checks `plugin.json`.
    pub fn parse(json: &[u8]) -> Result<PluginManifest, ManifestError> {
        if json.len() > BYTES_MAX {
            let reason = format!("it has more than {BYTES_MAX} bytes");
            return Err(ManifestError::Malformed(reason));
        }
        let manifest: PluginManifest = serde_json::from_slice(json)
            .map_err(|error| ManifestError::Malformed(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether every field makes sense.
    pub fn check(&self) -> Result<(), ManifestError> {
        if self.schema != SCHEMA {
            return Err(ManifestError::Schema { found: self.schema });
        }
        check("name", is_name(&self.name), || {
            format!(
                "`{}` is not a name (a letter, then letters, digits, `-`)",
                self.name
            )
        })?;
        check("description", is_line(&self.description), || {
            format!("it is not one line of at most {DESCRIPTION_BYTES_MAX} bytes")
        })?;
        check("world", is_world(&self.world), || {
            format!(
                "`{}` is not of the form `namespace:package@1.2.3`",
                self.world
            )
        })?;
        check_entry("component", &self.component)?;
        if let Some(sysroot) = &self.sysroot {
            check_entry("sysroot", sysroot)?;
        }
        check("tools", self.tools.len() <= LIST_MAX, || {
            "there are too many".to_owned()
        })?;
        for (tool, entry) in &self.tools {
            check("tools", is_name(tool), || format!("`{tool}` is not a name"))?;
            check_entry("tools", entry)?;
        }
        check("modules", self.modules.len() <= LIST_MAX, || {
            "there are too many".to_owned()
        })?;
        for entry in &self.modules {
            check_entry("modules", entry)?;
        }
        check_list("extensions", &self.extensions, is_extension)?;
        check_list("companions", &self.companions, is_extension)?;
        check_list("profiles", &self.profiles, is_profile)?;
        self.grants.check().map_err(|reason| ManifestError::Field {
            field: "grants",
            reason,
        })
    }

    /// The one form this manifest has as bytes: JSON with sorted keys and without white space.
    pub fn canonical(&self) -> Vec<u8> {
        // The fields are declared in order, and a struct of strings, lists and maps of strings has no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Every entry of the package that the manifest refers to, besides its own.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.component)
            .chain(&self.modules)
            .chain(self.tools.values())
            .chain(&self.sysroot)
            .map(String::as_str)
    }
}

fn check(
    field: &'static str,
    holds: bool,
    reason: impl FnOnce() -> String,
) -> Result<(), ManifestError> {
    if holds {
        return Ok(());
    }
    Err(ManifestError::Field {
        field,
        reason: reason(),
    })
}

fn check_entry(field: &'static str, entry: &str) -> Result<(), ManifestError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+./".contains(&byte);
    let holds = entry.len() <= ENTRY_BYTES_MAX
        && entry != MANIFEST_ENTRY
        && entry.bytes().all(plain)
        && !entry.split('/').any(|part| matches!(part, "" | "." | ".."));
    check(field, holds, || {
        format!("`{entry}` is not the name of an entry")
    })
}

fn check_list(
    field: &'static str,
    list: &[String],
    holds: impl Fn(&str) -> bool,
) -> Result<(), ManifestError> {
    check(field, list.len() <= LIST_MAX, || {
        "there are too many".to_owned()
    })?;
    let mut seen = BTreeSet::new();
    for value in list {
        check(field, holds(value), || format!("`{value}` is malformed"))?;
        check(field, seen.insert(value), || {
            format!("`{value}` is there twice")
        })?;
    }
    Ok(())
}

/// Whether this is a plugin's name: a lower case letter, then letters, digits and `-`, at most 64 bytes.
pub fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_line(text: &str) -> bool {
    text.len() <= DESCRIPTION_BYTES_MAX && !text.chars().any(char::is_control)
}

fn is_world(world: &str) -> bool {
    let Some((package, version)) = world.split_once('@') else {
        return false;
    };
    let Some((namespace, name)) = package.split_once(':') else {
        return false;
    };
    is_name(namespace) && is_name(name) && Version::parse(version).is_ok()
}

fn is_extension(extension: &str) -> bool {
    let Some(rest) = extension.strip_prefix('.') else {
        return false;
    };
    (1..=16).contains(&rest.len())
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+')
}

fn is_profile(profile: &str) -> bool {
    (1..=32).contains(&profile.len())
        && profile
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> PluginManifest {
        let mut manifest =
            PluginManifest::new("c", Version::new(0, 1, 0), FRONTEND_WORLD, "C and C++");
        manifest.extensions = vec![".c".to_owned(), ".c++".to_owned()];
        manifest.companions = vec![".h".to_owned()];
        manifest.profiles = vec!["c17".to_owned(), "c++20".to_owned()];
        manifest
            .tools
            .insert("clang".to_owned(), "tools/llvm.wasm".to_owned());
        manifest.sysroot = Some(SYSROOT_ENTRY.to_owned());
        manifest
    }

    #[test]
    fn the_canonical_form_is_sorted_and_comes_back() {
        let manifest = sample();
        let json = manifest.canonical();
        let expected = r#"{"companions":[".h"],"component":"component.wasm","description":"C and C++","extensions":[".c",".c++"],"lly_min_version":"0.1.0","name":"c","profiles":["c17","c++20"],"schema":1,"sysroot":"sysroot.tar","tools":{"clang":"tools/llvm.wasm"},"version":"0.1.0","world":"lily:frontend@0.1.0"}"#;
        assert_eq!(String::from_utf8(json.clone()).unwrap(), expected);
        assert_eq!(PluginManifest::parse(&json).unwrap(), manifest);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_field() {
        type Spoil = fn(&mut PluginManifest);
        let cases: [(&str, Spoil); 14] = [
            ("name", |m| m.name = "../c".to_owned()),
            ("name", |m| m.name.clear()),
            ("description", |m| m.description = "a\nb".to_owned()),
            ("world", |m| m.world = "lily:frontend".to_owned()),
            ("world", |m| m.world = "lily:frontend@one".to_owned()),
            ("component", |m| m.component = "/etc/passwd".to_owned()),
            ("component", |m| m.component = MANIFEST_ENTRY.to_owned()),
            ("tools", |m| {
                drop(m.tools.insert("x".to_owned(), "a/../b".to_owned()))
            }),
            ("modules", |m| m.modules.push("../engine.wasm".to_owned())),
            ("sysroot", |m| m.sysroot = Some(String::new())),
            ("extensions", |m| m.extensions.push("c".to_owned())),
            ("extensions", |m| m.extensions.push(".c".to_owned())),
            ("profiles", |m| m.profiles.push("c 17".to_owned())),
            ("grants", |m| {
                m.grants.read.insert("/etc".to_owned());
            }),
        ];
        for (field, spoil) in cases {
            let mut manifest = sample();
            spoil(&mut manifest);
            let error = PluginManifest::parse(&manifest.canonical()).unwrap_err();
            assert!(
                matches!(&error, ManifestError::Field { field: found, .. } if *found == field),
                "{field}: {error}"
            );
        }
    }

    #[test]
    fn unknown_fields_and_schemas_are_refused() {
        let mut manifest = sample();
        manifest.schema = 2;
        let error = PluginManifest::parse(&manifest.canonical()).unwrap_err();
        assert_eq!(error, ManifestError::Schema { found: 2 });
        let json = String::from_utf8(sample().canonical()).unwrap();
        let json = json.replace("\"name\"", "\"gifts\":[],\"name\"");
        let error = PluginManifest::parse(json.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains("unknown field `gifts`"), "{error}");
        assert!(PluginManifest::parse(b"[").is_err());
    }
}
