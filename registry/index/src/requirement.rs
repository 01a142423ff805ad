//! What a user asks for: `NAME` or `NAME@REQ`, where REQ is a semver range such as `1.2`, `=1.2.3` or `>=1, <3`.

use crate::manifest::is_name;
use semver::{Version, VersionReq};
use std::fmt;
use std::str::FromStr;

/// Longer ranges than this are no ranges.
const TEXT_BYTES_MAX: usize = 256;

/// A plugin's name and a range of versions. As with Cargo, `1.2.3` means `^1.2.3`; one version alone is `=1.2.3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    name: String,
    range: VersionReq,
}

/// Text that asks for nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// The part before `@`.
    #[error("`{0}` is not the name of a plugin (a lower case letter, then letters, digits, `-`)")]
    Name(String),
    /// The part after it.
    #[error("`{range}` is not a range of versions: {reason}")]
    Range {
        /// What was written.
        range: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Requirement {
    /// A name with a range, such as from a lockfile. An empty range or `*` is any version.
    pub fn new(name: &str, range: &str) -> Result<Requirement, RequirementError> {
        if !is_name(name) {
            return Err(RequirementError::Name(name.chars().take(80).collect()));
        }
        let error = |reason: String| RequirementError::Range {
            range: range.chars().take(80).collect(),
            reason,
        };
        if range.len() > TEXT_BYTES_MAX {
            return Err(error(format!("it is longer than {TEXT_BYTES_MAX} bytes")));
        }
        let range = match range.trim() {
            "" => VersionReq::STAR,
            text => VersionReq::parse(text).map_err(|reason| error(reason.to_string()))?,
        };
        Ok(Requirement {
            name: name.to_owned(),
            range,
        })
    }

    /// This one version and no other.
    pub fn exactly(name: &str, version: &Version) -> Result<Requirement, RequirementError> {
        Requirement::new(name, &format!("={version}"))
    }

    /// The plugin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The range as text, `*` for any.
    pub fn range(&self) -> String {
        self.range.to_string()
    }

    /// Whether a version is in the range. A pre-release is only if the range names one of the same version.
    pub fn matches(&self, version: &Version) -> bool {
        self.range.matches(version)
    }

    /// Whether a version would be in the range if pre-releases were like any other: for telling why it is not taken.
    pub(crate) fn matches_but_for_pre_release(&self, version: &Version) -> bool {
        let released = Version::new(version.major, version.minor, version.patch);
        !version.pre.is_empty() && self.range.matches(&released)
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Requirement, RequirementError> {
        let (name, range) = text.split_once('@').unwrap_or((text, "*"));
        Requirement::new(name, range)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)?;
        if self.range == VersionReq::STAR {
            return Ok(());
        }
        write!(out, "@{}", self.range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ranges_are_read_and_written() {
        for (text, shown) in [
            ("wat", "wat"),
            ("wat@*", "wat"),
            ("wat@", "wat"),
            ("wat@1.2", "wat@^1.2"),
            ("wat@=1.2.3", "wat@=1.2.3"),
            ("wat@>=1, <3", "wat@>=1, <3"),
            ("wat@1.0.0-rc.1", "wat@^1.0.0-rc.1"),
        ] {
            let requirement: Requirement = text.parse().unwrap();
            assert_eq!(requirement.to_string(), shown);
            assert_eq!(shown.parse::<Requirement>().unwrap(), requirement);
        }
        for text in ["", "Wat", "../wat", "wat@one", "wat@1.2.3.4", "@1"] {
            assert!(text.parse::<Requirement>().is_err(), "{text}");
        }
    }

    #[test]
    fn pre_releases_are_taken_only_when_asked_for() {
        let asks = |requirement: &str, version: &str| {
            let requirement: Requirement = requirement.parse().unwrap();
            requirement.matches(&version.parse().unwrap())
        };
        assert!(!asks("wat", "1.0.0-rc.1"));
        assert!(!asks("wat@1", "1.0.0-rc.1"));
        assert!(asks("wat@1.0.0-rc.1", "1.0.0-rc.2"));
        assert!(asks("wat@1.0.0-rc.1", "1.1.0"));
        assert!(!asks("wat@1.0.0-rc.1", "1.1.0-rc.1"));
        assert!(asks("wat@=1.0.0-rc.1", "1.0.0-rc.1"));
    }
}
