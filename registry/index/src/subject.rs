//! What a signature speaks of: an in-toto statement with one subject, a name and a digest.
//!
//! Rule: the name is signed with the digest. A signature of one version is thus none of another, even where somebody put
//! the same bytes under two names.

use lly_brick::{Digest, canonical};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What in-toto calls a statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// What cosign writes for "this was signed", without more.
pub const PREDICATE_TYPE: &str = "https://sigstore.dev/cosign/sign/v1";
/// A statement is a few hundred bytes.
const BYTES_MAX: usize = 64 << 10;

/// One named thing with a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `plugins/NAME@VERSION`, or the name of a program.
    pub name: String,
    /// Of the OCI manifest, or of the bundle's canonical manifest.
    pub digest: Digest,
}

/// Why a statement is none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Not JSON of that form.
    #[error("the signed statement is malformed: {0}")]
    Malformed(String),
    /// It says something else than "this was signed".
    #[error("the signed statement is about `{0}`, not about one signed thing")]
    Foreign(String),
}

#[derive(Serialize, Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    form: String,
    subject: Vec<StatementSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(default)]
    predicate: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct StatementSubject {
    name: String,
    digest: BTreeMap<String, String>,
}

impl Subject {
    /// A version of a plugin, by the digest of its OCI manifest.
    pub fn plugin(name: &str, version: &Version, manifest: Digest) -> Subject {
        Subject {
            name: format!("{}@{version}", crate::repository_of(name)),
            digest: manifest,
        }
    }

    /// A bundle, by the program's name and the bundle's identity.
    pub fn bundle(program: &str, identity: Digest) -> Subject {
        Subject {
            name: program.to_owned(),
            digest: identity,
        }
    }

    /// The statement as canonical JSON: the payload that is signed.
    pub fn statement(&self) -> Vec<u8> {
        let statement = Statement {
            form: STATEMENT_TYPE.to_owned(),
            subject: vec![StatementSubject {
                name: self.name.clone(),
                digest: BTreeMap::from([("sha256".to_owned(), self.digest.hex())]),
            }],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: serde_json::json!({}),
        };
        // Strings have no way to fail.
        canonical::to_vec(&statement).unwrap_or_default()
    }

    /// Reads a statement. It must be in-toto v1, say [`PREDICATE_TYPE`], and have one subject with one sha256.
    pub fn parse_statement(json: &[u8]) -> Result<Subject, SubjectError> {
        let malformed = |reason: &str| SubjectError::Malformed(reason.to_owned());
        if json.len() > BYTES_MAX {
            return Err(malformed("it is too long"));
        }
        let statement: Statement = serde_json::from_slice(json)
            .map_err(|error| SubjectError::Malformed(error.to_string()))?;
        for (found, known) in [
            (&statement.form, STATEMENT_TYPE),
            (&statement.predicate_type, PREDICATE_TYPE),
        ] {
            if found != known {
                return Err(SubjectError::Foreign(found.chars().take(200).collect()));
            }
        }
        let [subject] = statement.subject.as_slice() else {
            return Err(malformed("it has not one subject"));
        };
        let hex = match (subject.digest.len(), subject.digest.get("sha256")) {
            (1, Some(hex)) => hex,
            _ => return Err(malformed("its subject has not one sha256")),
        };
        let digest =
            Digest::from_hex(hex).map_err(|error| SubjectError::Malformed(error.to_string()))?;
        Ok(Subject {
            name: subject.name.clone(),
            digest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_has_one_form_and_comes_back() {
        let subject = Subject::plugin("wat", &Version::new(1, 0, 0), Digest::from_bytes([9; 32]));
        let expected = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","predicate":{{}},"predicateType":"https://sigstore.dev/cosign/sign/v1","subject":[{{"digest":{{"sha256":"{}"}},"name":"plugins/wat@1.0.0"}}]}}"#,
            "09".repeat(32)
        );
        assert_eq!(String::from_utf8(subject.statement()).unwrap(), expected);
        assert_eq!(
            Subject::parse_statement(expected.as_bytes()).unwrap(),
            subject
        );
    }

    #[test]
    fn other_statements_are_refused() {
        let json = Subject::bundle("hello", Digest::of(b"x")).statement();
        let json = String::from_utf8(json).unwrap();
        let two = json.replace(
            "\"subject\":[",
            "\"subject\":[{\"name\":\"a\",\"digest\":{}},",
        );
        for bad in [
            json.replace("Statement/v1", "Statement/v2"),
            json.replace("cosign/sign", "cosign/custom"),
            json.replace("sha256", "sha512"),
            two,
            String::new(),
        ] {
            assert!(Subject::parse_statement(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
