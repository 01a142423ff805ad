//! Verification: a Sigstore bundle, what it is to be about, and `trust.toml` become a [`Signer`] or a refusal.
//!
//! The order is from what costs nothing to what costs most, and every check is made: the statement's name and digest, the
//! log's entry (inclusion proof, signed checkpoint, signed entry timestamp, that it is about this signature), the
//! certificate chain at the time of signing, identity and issuer, the signature. The mathematics is sigstore-verify's; what
//! is added here is what it leaves to policy. Offline: nothing is fetched.

use crate::provider;
use crate::public_key::PublicKey;
use crate::trust::{Publisher, Trust, Who};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::Digest;
use registry_index::{STATEMENT_PAYLOAD, Signer, Subject, SubjectError};
use serde_json::json;
use sigstore_verify::crypto::parse_certificate_info;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::bundle::VerificationMaterialContent;
use sigstore_verify::types::{
    Bundle, DerPublicKey, KindVersion, Sha256Hash, SignatureContent, TransparencyLogEntry,
};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

pub use crate::trust::Scope;

/// A bundle is a few kilobytes.
const BYTES_MAX: usize = 1 << 20;
/// One log is the rule; a second one is for moving from one to another.
const LOG_ENTRIES_MAX: usize = 4;

/// Why a signature is not believed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It is no Sigstore bundle of the form that is written here.
    #[error("the signature is malformed: {0}")]
    Malformed(String),
    /// What it says is no statement of ours.
    #[error(transparent)]
    Statement(#[from] SubjectError),
    /// It is about other bytes.
    #[error(
        "the signature is for {found}, this is {expected}: these are not the bytes that were signed"
    )]
    Digest {
        /// What is there.
        expected: Digest,
        /// What was signed.
        found: Digest,
    },
    /// It is about something of another name or version.
    #[error(
        "the signature is for `{found}`, not for `{expected}`: it was taken from something else"
    )]
    Name {
        /// What is there.
        expected: String,
        /// What was signed.
        found: String,
    },
    /// Nobody is trusted with this.
    #[error(
        "`trust.toml` names nobody who may sign {what}: add a [[publisher]], or `lly plugin trust publisher`"
    )]
    NobodyTrusted {
        /// A plugin's name or "bundles".
        what: String,
    },
    /// The signer may not sign this.
    #[error("it is signed by {found}, whom `trust.toml` does not let sign {what}")]
    Untrusted {
        /// The signer as it presents itself.
        found: String,
        /// A plugin's name or "bundles".
        what: String,
    },
    /// The name is right, but someone else vouched for it.
    #[error("`{identity}` was vouched for by `{found}`; `trust.toml` wants `{expected}`")]
    Issuer {
        /// The identity.
        identity: String,
        /// Who is trusted to vouch for it.
        expected: String,
        /// Who did.
        found: String,
    },
    /// It was logged where nobody here looks.
    #[error("the signature is in the log {found}, which `trust.toml` does not name")]
    UnknownLog {
        /// The log's id, hex.
        found: String,
    },
    /// It is not shown to be in a log.
    #[error("the signature has no {0}: it may never have been logged")]
    NotLogged(&'static str),
    /// A check of the mathematics fails.
    #[error("the signature is refused: {0}")]
    Refused(#[from] sigstore_verify::Error),
}

/// Checks a bundle against `subject` and says who signed. `scope` decides which publishers of `trust` may have.
pub fn verify(
    bundle: &[u8],
    subject: &Subject,
    scope: Scope<'_>,
    trust: &Trust,
) -> Result<Signer, VerifyError> {
    provider::install();
    let bundle = parse(bundle)?;
    check_subject(&bundle, subject)?;
    check_logged(&bundle, trust)?;
    let publishers = trust.publishers_of(scope);
    if publishers.is_empty() {
        return Err(VerifyError::NobodyTrusted { what: told(scope) });
    }
    let verifier = Verifier::new(&root(trust)?)?;
    let digest = Sha256Hash::new(*subject.digest.as_bytes());
    match &bundle.verification_material.content {
        VerificationMaterialContent::PublicKey(hint) => {
            let key = key_of(&hint.hint, &publishers, scope)?;
            let policy = PublicKeyVerificationPolicy::new(DerPublicKey::new(key.der()));
            verifier.verify(digest, &bundle, &policy)?;
            Ok(Signer::Key {
                key: key.fingerprint(),
            })
        }
        VerificationMaterialContent::Certificate(certificate) => {
            // A private authority keeps no certificate log; the chain itself is pinned.
            let policy = VerificationPolicy::any_identity().skip_sct();
            let result = verifier.verify(digest, &bundle, &policy)?;
            if !(result.certificate_verified() && result.tlog_verified()) {
                return Err(VerifyError::Malformed(
                    "not everything could be checked".to_owned(),
                ));
            }
            let (identity, issuer) = claims(certificate.raw_bytes.as_bytes())?;
            authorise(identity, issuer, &publishers, scope)
        }
        _ => Err(VerifyError::Malformed("it names no signer".to_owned())),
    }
}

fn parse(bytes: &[u8]) -> Result<Bundle, VerifyError> {
    if bytes.len() > BYTES_MAX {
        return Err(VerifyError::Malformed(format!(
            "it has more than {BYTES_MAX} bytes"
        )));
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| VerifyError::Malformed(error.to_string()))?;
    Bundle::from_json(text).map_err(|error| VerifyError::Malformed(error.to_string()))
}

/// The statement must be about exactly this: name and digest.
fn check_subject(bundle: &Bundle, subject: &Subject) -> Result<(), VerifyError> {
    let SignatureContent::DsseEnvelope(envelope) = &bundle.content else {
        return Err(VerifyError::Malformed("it signs no statement".to_owned()));
    };
    if envelope.payload_type != STATEMENT_PAYLOAD {
        return Err(VerifyError::Malformed(
            "what it signs is no in-toto statement".to_owned(),
        ));
    }
    let found = Subject::parse_statement(envelope.payload.as_bytes())?;
    if found.name != subject.name {
        return Err(VerifyError::Name {
            expected: subject.name.clone(),
            found: found.name,
        });
    }
    if found.digest != subject.digest {
        return Err(VerifyError::Digest {
            expected: subject.digest,
            found: found.digest,
        });
    }
    Ok(())
}

/// Every entry must be of a pinned log and carry both the proof and the promise: a bundle format allows less.
fn check_logged(bundle: &Bundle, trust: &Trust) -> Result<(), VerifyError> {
    let entries = &bundle.verification_material.tlog_entries;
    if entries.is_empty() {
        return Err(VerifyError::NotLogged("entry of a transparency log"));
    }
    if entries.len() > LOG_ENTRIES_MAX {
        return Err(VerifyError::Malformed(
            "it has too many log entries".to_owned(),
        ));
    }
    entries
        .iter()
        .try_for_each(|entry| check_entry(entry, trust))
}

fn check_entry(entry: &TransparencyLogEntry, trust: &Trust) -> Result<(), VerifyError> {
    if entry.kind_version != KindVersion::DsseV001 {
        return Err(VerifyError::Malformed(
            "its log entry is of another kind than `dsse` 0.0.1".to_owned(),
        ));
    }
    if entry.inclusion_proof.is_none() {
        return Err(VerifyError::NotLogged("inclusion proof"));
    }
    if entry.inclusion_promise.is_none() {
        return Err(VerifyError::NotLogged("signed entry timestamp"));
    }
    if entry.integrated_time.is_none() {
        return Err(VerifyError::NotLogged("time of its log entry"));
    }
    let id = <[u8; 32]>::try_from(entry.log_id.key_id.as_bytes())
        .map(Digest::from_bytes)
        .map_err(|_| VerifyError::Malformed("its log has no name".to_owned()))?;
    match trust.log(&id) {
        Some(_) => Ok(()),
        None => Err(VerifyError::UnknownLog { found: id.hex() }),
    }
}

/// The trusted key that the bundle hints at. The hint is no evidence: the signature is checked with the key found.
fn key_of<'a>(
    hint: &str,
    publishers: &[&'a Publisher],
    scope: Scope<'_>,
) -> Result<&'a PublicKey, VerifyError> {
    let keys = publishers.iter().filter_map(|one| match &one.who {
        Who::Key(key) => Some(key),
        Who::Identity { .. } => None,
    });
    let shown: String = hint
        .chars()
        .filter(|one| !one.is_control())
        .take(80)
        .collect();
    keys.into_iter()
        .find(|key| key.hint() == hint)
        .ok_or_else(|| VerifyError::Untrusted {
            found: format!("the key with the hint `{shown}`"),
            what: told(scope),
        })
}

/// The identity and the issuer that a certificate claims. Nothing is believed by reading them.
pub(crate) fn claims(certificate: &[u8]) -> Result<(String, String), VerifyError> {
    let malformed = |reason: String| VerifyError::Malformed(reason);
    let certificate = sigstore_verify::types::DerCertificate::new(certificate.to_vec());
    let info =
        parse_certificate_info(&certificate).map_err(|error| malformed(error.to_string()))?;
    match (info.identity, info.issuer) {
        (Some(identity), Some(issuer)) => Ok((identity.as_str().to_owned(), issuer)),
        _ => Err(malformed(
            "its certificate names nobody, or nobody who vouched for them".to_owned(),
        )),
    }
}

fn authorise(
    identity: String,
    issuer: String,
    publishers: &[&Publisher],
    scope: Scope<'_>,
) -> Result<Signer, VerifyError> {
    let mut expected = None;
    for publisher in publishers {
        if let Who::Identity {
            identity: known,
            issuer: by,
        } = &publisher.who
            && *known == identity
        {
            if *by == issuer {
                return Ok(Signer::Identity { identity, issuer });
            }
            expected = Some(by.clone());
        }
    }
    Err(match expected {
        Some(expected) => VerifyError::Issuer {
            identity,
            expected,
            found: issuer,
        },
        None => VerifyError::Untrusted {
            found: format!("`{identity}`"),
            what: told(scope),
        },
    })
}

fn told(scope: Scope<'_>) -> String {
    match scope {
        Scope::Plugin(name) => format!("the plugin `{name}`"),
        Scope::Bundle => "bundles".to_owned(),
    }
}

/// The user's trust in the form that sigstore-verify takes.
fn root(trust: &Trust) -> Result<TrustedRoot, VerifyError> {
    let time = |seconds: i64| {
        jiff::Timestamp::from_second(seconds)
            .unwrap_or_default()
            .to_string()
    };
    let chain = |certificates: &[Vec<u8>]| {
        let all: Vec<_> = certificates
            .iter()
            .map(|der| json!({ "rawBytes": STANDARD.encode(der) }))
            .collect();
        json!({ "certificates": all })
    };
    let window = |(from, until): (i64, i64)| json!({ "start": time(from), "end": time(until) });
    let logs: Vec<_> = trust
        .logs
        .iter()
        .map(|log| {
            json!({
                "baseUrl": log.url.as_deref().unwrap_or_default(),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(log.key.der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
                "logId": { "keyId": log.key.hint() },
            })
        })
        .collect();
    let authorities: Vec<_> = trust
        .authorities
        .iter()
        .map(|one| {
            json!({
                "uri": one.url.as_deref().unwrap_or_default(),
                "certChain": chain(one.certificates()),
                "validFor": window(one.valid()),
            })
        })
        .collect();
    let timestamps: Vec<_> = trust
        .timestamp_authorities
        .iter()
        .map(|one| json!({ "certChain": chain(one.certificates()), "validFor": window(one.valid()) }))
        .collect();
    let root = json!({
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": logs,
        "certificateAuthorities": authorities,
        "timestampAuthorities": timestamps,
    });
    serde_json::from_value(root).map_err(|error| VerifyError::Malformed(error.to_string()))
}
