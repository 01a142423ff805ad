//! The index of one plugin: every version there is, what it is and whether it was withdrawn. The registry signs it.
//!
//! Rule: versions are in ascending order and each is there once; the serial grows with every change, so that a client can
//! tell an old index from a new one. How to add a field: in [`IndexVersion`], with a default, and a check in
//! [`Index::check`]; raise [`SCHEMA`] if older readers would go wrong without it.

use crate::manifest::is_name;
use crate::{PluginManifest, World};
use lly_brick::{Digest, canonical};
use semver::Version;
use serde::{Deserialize, Serialize};

/// The version of the index's form.
const SCHEMA: u32 = 1;
/// Ten thousand versions at their longest fit; more is not looked at.
const BYTES_MAX: usize = 16 << 20;
/// Most versions of one plugin.
const VERSIONS_MAX: usize = 10_000;
/// Longest reason for a withdrawal.
const REASON_BYTES_MAX: usize = 500;
const DESCRIPTION_BYTES_MAX: usize = 500;
const EXTENSIONS_MAX: usize = 100;

/// What there is of one plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The plugin.
    pub name: String,
    /// The version of this form, 1.
    pub schema: u32,
    /// One more with every change of this plugin's index.
    pub serial: u64,
    /// Every version, the oldest first.
    pub versions: Vec<IndexVersion>,
}

/// One version of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexVersion {
    /// One line.
    pub description: String,
    /// Of the OCI manifest.
    pub digest: Digest,
    /// Extensions of the sources that it compiles.
    pub extensions: Vec<String>,
    /// The oldest `lly` that can use it.
    pub lly_min_version: Version,
    /// The version, without build metadata, which no tag can carry.
    pub version: Version,
    /// The world it implements.
    pub world: String,
    /// Why it was withdrawn, if it was. It stays where it is locked and is chosen nowhere else.
    pub yanked: Option<String>,
}

/// What is wrong with an index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Not JSON of this form.
    #[error("the index is malformed: {0}")]
    Malformed(String),
    /// Written by a newer registry.
    #[error("the index has schema {found}; this program knows schema {SCHEMA}")]
    Schema {
        /// What it says.
        found: u32,
    },
    /// A value that makes no sense.
    #[error("the index of `{name}` is wrong: {reason}")]
    Value {
        /// The plugin.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl Index {
    /// The index of a plugin of which there is nothing yet.
    pub fn new(name: &str) -> Index {
        Index {
            name: name.to_owned(),
            schema: SCHEMA,
            serial: 0,
            versions: Vec::new(),
        }
    }

    /// Reads and checks an index.
    pub fn parse(json: &[u8]) -> Result<Index, IndexError> {
        if json.len() > BYTES_MAX {
            let reason = format!("it has more than {BYTES_MAX} bytes");
            return Err(IndexError::Malformed(reason));
        }
        let index: Index = serde_json::from_slice(json)
            .map_err(|error| IndexError::Malformed(error.to_string()))?;
        index.check()?;
        Ok(index)
    }

    /// Whether every value makes sense.
    pub fn check(&self) -> Result<(), IndexError> {
        if self.schema != SCHEMA {
            return Err(IndexError::Schema { found: self.schema });
        }
        if !is_name(&self.name) {
            let shown: String = self.name.chars().take(80).collect();
            return Err(IndexError::Malformed(format!("`{shown}` is not a name")));
        }
        if self.versions.len() > VERSIONS_MAX {
            return Err(self.wrong(format!("it has more than {VERSIONS_MAX} versions")));
        }
        for pair in self.versions.windows(2) {
            if pair[0].version >= pair[1].version {
                let (this, next) = (&pair[0].version, &pair[1].version);
                return Err(self.wrong(format!("{next} does not belong after {this}")));
            }
        }
        for one in &self.versions {
            one.check()
                .map_err(|reason| self.wrong(format!("{}: {reason}", one.version)))?;
        }
        Ok(())
    }

    fn wrong(&self, reason: String) -> IndexError {
        IndexError::Value {
            name: self.name.clone(),
            reason,
        }
    }

    /// The one form this index has as bytes: JSON with sorted keys and without white space. This is what is signed.
    pub fn canonical(&self) -> Vec<u8> {
        // A struct of strings, integers and lists of them has no way to fail.
        canonical::to_vec(self).unwrap_or_default()
    }

    /// The entry of a version.
    pub fn version(&self, version: &Version) -> Option<&IndexVersion> {
        let at = self
            .versions
            .binary_search_by(|one| one.version.cmp(version));
        at.ok().and_then(|at| self.versions.get(at))
    }

    /// The index with one version more and the next serial. A version that is there already is refused: versions are for
    /// good.
    pub fn with_version(
        &self,
        manifest: &PluginManifest,
        digest: Digest,
    ) -> Result<Index, IndexError> {
        let version = &manifest.version;
        let at = match self
            .versions
            .binary_search_by(|one| one.version.cmp(version))
        {
            Ok(_) => return Err(self.wrong(format!("{version} is there already"))),
            Err(at) => at,
        };
        let mut index = self.clone();
        index.serial += 1;
        index
            .versions
            .insert(at, IndexVersion::of(manifest, digest));
        index.check()?;
        Ok(index)
    }

    /// The index with a version withdrawn for a reason, or no longer, and the next serial. Unknown versions are refused.
    pub fn with_yanked(
        &self,
        version: &Version,
        reason: Option<&str>,
    ) -> Result<Index, IndexError> {
        let mut index = self.clone();
        let found = index
            .versions
            .iter_mut()
            .find(|one| one.version == *version);
        let one = found.ok_or_else(|| self.wrong(format!("there is no {version}")))?;
        one.yanked = reason.map(str::to_owned);
        index.serial += 1;
        index.check()?;
        Ok(index)
    }

    /// What to show of this plugin in a list: the newest version that was not withdrawn and is no pre-release, else the
    /// newest pre-release; `None` if everything was withdrawn.
    pub fn newest(&self) -> Option<&IndexVersion> {
        let offered = || {
            self.versions
                .iter()
                .rev()
                .filter(|one| one.yanked.is_none())
        };
        offered()
            .find(|one| one.version.pre.is_empty())
            .or_else(|| offered().next())
    }
}

impl IndexVersion {
    /// What the index says of a plugin, taken from its manifest and the digest of its OCI manifest.
    pub fn of(manifest: &PluginManifest, digest: Digest) -> IndexVersion {
        IndexVersion {
            description: manifest.description.clone(),
            digest,
            extensions: manifest.extensions.clone(),
            lly_min_version: manifest.lly_min_version.clone(),
            version: manifest.version.clone(),
            world: manifest.world.clone(),
            yanked: None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let line =
            |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        if !self.version.build.is_empty() {
            return Err("a version with build metadata (`+…`) has no tag".to_owned());
        }
        self.world.parse::<World>()?;
        if !line(&self.description, DESCRIPTION_BYTES_MAX) {
            return Err(format!(
                "the description is not one line of at most {DESCRIPTION_BYTES_MAX} bytes"
            ));
        }
        if let Some(reason) = &self.yanked
            && !line(reason, REASON_BYTES_MAX)
        {
            return Err(format!(
                "the reason of the withdrawal is not one line of at most {REASON_BYTES_MAX} bytes"
            ));
        }
        let extension = |text: &String| text.starts_with('.') && line(text, 17);
        if self.extensions.len() > EXTENSIONS_MAX || !self.extensions.iter().all(extension) {
            return Err("the extensions are malformed".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRONTEND_WORLD;

    fn plugin(version: &str) -> PluginManifest {
        let version = Version::parse(version).unwrap();
        PluginManifest::new("wat", version, FRONTEND_WORLD, "WebAssembly text")
    }

    fn sample() -> Index {
        let add = |index: Index, version: &str| {
            let digest = Digest::of(version.as_bytes());
            index.with_version(&plugin(version), digest).unwrap()
        };
        ["1.0.0", "0.9.0", "1.1.0-rc.1"]
            .into_iter()
            .fold(Index::new("wat"), add)
    }

    #[test]
    fn the_canonical_form_is_sorted_and_comes_back() {
        let index = Index::new("wat")
            .with_version(&plugin("1.0.0"), Digest::from_bytes([7; 32]))
            .unwrap();
        let expected = format!(
            r#"{{"name":"wat","schema":1,"serial":1,"versions":[{{"description":"WebAssembly text","digest":"sha256:{}","extensions":[],"lly_min_version":"0.1.0","version":"1.0.0","world":"lily:frontend@0.1.0","yanked":null}}]}}"#,
            "07".repeat(32)
        );
        assert_eq!(String::from_utf8(index.canonical()).unwrap(), expected);
        assert_eq!(Index::parse(&index.canonical()).unwrap(), index);
    }

    #[test]
    fn versions_are_sorted_for_good_and_counted() {
        let index = sample();
        let versions: Vec<String> = index
            .versions
            .iter()
            .map(|one| one.version.to_string())
            .collect();
        assert_eq!(versions, ["0.9.0", "1.0.0", "1.1.0-rc.1"]);
        assert_eq!(index.serial, 3);
        assert!(
            index
                .with_version(&plugin("1.0.0"), Digest::of(b"other"))
                .is_err()
        );
        assert!(
            index
                .with_version(&plugin("1.0.0+build"), Digest::of(b"other"))
                .is_err()
        );
    }

    #[test]
    fn the_newest_is_neither_withdrawn_nor_a_pre_release_if_there_is_another() {
        let index = sample();
        let newest = |index: &Index| index.newest().map(|one| one.version.to_string());
        assert_eq!(newest(&index).as_deref(), Some("1.0.0"));
        let version = |text: &str| Version::parse(text).unwrap();
        let index = index
            .with_yanked(&version("1.0.0"), Some("broken"))
            .unwrap();
        assert_eq!(index.serial, 4);
        assert_eq!(newest(&index).as_deref(), Some("0.9.0"));
        let index = index.with_yanked(&version("0.9.0"), Some("")).unwrap();
        assert_eq!(newest(&index).as_deref(), Some("1.1.0-rc.1"));
        let index = index.with_yanked(&version("1.0.0"), None).unwrap();
        assert_eq!(newest(&index).as_deref(), Some("1.0.0"));
        assert!(index.with_yanked(&version("3.0.0"), None).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        type Spoil = fn(&mut Index);
        let cases: [Spoil; 8] = [
            |i| i.schema = 2,
            |i| i.name = "../wat".to_owned(),
            |i| i.versions.swap(0, 1),
            |i| i.versions[1] = i.versions[0].clone(),
            |i| i.versions[0].world = "frontend".to_owned(),
            |i| i.versions[0].description = "a\nb".to_owned(),
            |i| i.versions[0].yanked = Some("a\u{1b}[2J".to_owned()),
            |i| i.versions[0].extensions = vec!["wat".to_owned()],
        ];
        for (at, spoil) in cases.into_iter().enumerate() {
            let mut index = sample();
            spoil(&mut index);
            assert!(Index::parse(&index.canonical()).is_err(), "case {at}");
        }
        let json = String::from_utf8(sample().canonical()).unwrap();
        assert!(Index::parse(json.replace("\"name\"", "\"gift\":1,\"name\"").as_bytes()).is_err());
    }
}
