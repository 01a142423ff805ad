//! Which release of `lly` is the newest, as its publisher says it. The publisher signs it, not the registry: so a registry
//! that lies can show what was said before, and nothing that was never said.
//!
//! Rule: the serial grows with everything that is signed. Whoever saw one does not believe a smaller one. `install.sh` reads
//! the canonical form with what a shell can do, so a version has nothing in it that JSON would escape.

use semver::Version;
use serde::{Deserialize, Serialize};

/// The version of this form.
const SCHEMA: u32 = 1;
/// A version of any sane length, and a number.
const BYTES_MAX: usize = 1 << 10;

/// The newest release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewestRelease {
    /// The version of this form, 1.
    schema: u32,
    /// One more whenever another release is the newest.
    pub serial: u64,
    /// The version that whoever names none gets.
    pub version: Version,
}

/// Why this does not say which release is the newest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what it says about the newest release is malformed: {0}")]
pub struct NewestReleaseError(String);

impl NewestRelease {
    /// What is said after what was said `before`, now that there is `version`. A pre-release becomes the newest only if
    /// there is nothing else.
    pub fn after(before: Option<&NewestRelease>, version: &Version) -> NewestRelease {
        let rank = |version: &Version| (version.pre.is_empty(), version.clone());
        let newest = before.map(|before| &before.version).into_iter();
        let newest = newest.chain([version]).max_by_key(|one| rank(one));
        NewestRelease {
            schema: SCHEMA,
            serial: before.map_or(1, |before| before.serial + 1),
            version: newest.unwrap_or(version).clone(),
        }
    }

    /// Reads what was signed.
    pub fn parse(json: &[u8]) -> Result<NewestRelease, NewestReleaseError> {
        if json.len() > BYTES_MAX {
            return Err(NewestReleaseError(format!(
                "it has more than {BYTES_MAX} bytes"
            )));
        }
        let newest: NewestRelease =
            serde_json::from_slice(json).map_err(|error| NewestReleaseError(error.to_string()))?;
        match newest.schema {
            SCHEMA => Ok(newest),
            found => Err(NewestReleaseError(format!(
                "its schema is {found}; this program knows {SCHEMA}"
            ))),
        }
    }

    /// The one form that it has as bytes.
    pub fn canonical(&self) -> Vec<u8> {
        // The fields are declared in order; numbers and a version have no way to fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn a_serial_grows_and_a_pre_release_is_the_newest_only_alone() {
        let mut newest = None;
        for (released, expected) in [
            ("0.1.0-rc.1", "0.1.0-rc.1"),
            ("0.1.0-rc.2", "0.1.0-rc.2"),
            ("0.1.0", "0.1.0"),
            ("0.3.0-rc.1", "0.1.0"),
            ("0.10.0", "0.10.0"),
            ("0.9.1", "0.10.0"),
        ] {
            newest = Some(NewestRelease::after(newest.as_ref(), &version(released)));
            assert_eq!(newest.as_ref().unwrap().version, version(expected));
        }
        let newest = newest.unwrap();
        assert_eq!(newest.serial, 6);
        let json = newest.canonical();
        assert_eq!(json, br#"{"schema":1,"serial":6,"version":"0.10.0"}"#);
        assert_eq!(NewestRelease::parse(&json).unwrap(), newest);
    }

    #[test]
    fn what_is_no_such_thing_is_refused() {
        for json in [
            "{}",
            r#"{"schema":2,"serial":1,"version":"1.0.0"}"#,
            r#"{"schema":1,"serial":-1,"version":"1.0.0"}"#,
            r#"{"schema":1,"serial":1,"version":"../x"}"#,
            r#"{"schema":1,"serial":1,"version":"1.0.0","more":1}"#,
        ] {
            assert!(NewestRelease::parse(json.as_bytes()).is_err(), "{json}");
        }
        let long = format!(
            r#"{{"schema":1,"serial":1,"version":"1.0.0-{}"}}"#,
            "a".repeat(BYTES_MAX)
        );
        assert!(NewestRelease::parse(long.as_bytes()).is_err());
    }
}
