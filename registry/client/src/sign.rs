//! Signing: a subject and a signer become a Sigstore bundle, written down in a transparency log.

use crate::bundle::{self, Material};
use crate::http::{Http, HttpError};
use crate::keys::{KeyError, SigningKey};
use crate::log::{self, LogError};
use crate::pem;
use crate::trust::{Authority, Publisher, Trust, TrustedLog, Who};
use crate::verify::{self, Scope, VerifyError};
use registry_index::{Envelope, EnvelopeSignature, STATEMENT_PAYLOAD, Subject};

/// Who signs.
pub enum Signing {
    /// The holder of a key pair.
    Key(SigningKey),
    /// Somebody whom an authority gave a certificate for a key that is used once.
    Certificate {
        /// That key.
        key: SigningKey,
        /// The leaf certificate in DER.
        certificate: Vec<u8>,
    },
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The log cannot be spoken to.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The log does not take it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// No log is known.
    #[error(
        "`trust.toml` names no transparency log with a URL: pin a registry that keeps one, `lly plugin trust registry URL`"
    )]
    NoLog,
    /// What came out would not be believed by anybody.
    #[error(
        "the signature would not verify: the log or the authority is not what `trust.toml` says"
    )]
    SelfCheck(#[source] VerifyError),
}

/// Signs a subject and has it logged in the log of `trust` that `http` speaks to.
pub async fn sign_by_trust(
    subject: &Subject,
    signing: &Signing,
    trust: &Trust,
    http: &Http,
) -> Result<Vec<u8>, SignError> {
    let known = trust
        .logs
        .iter()
        .find(|one| one.url.as_deref() == Some(http.base()));
    let log = known.ok_or(SignError::NoLog)?;
    sign(subject, signing, log, &trust.authorities, http).await
}

/// Signs a subject and has it logged. The bundle is verified, as a stranger would with this log's and this signer's keys
/// pinned, before it is given out.
pub async fn sign(
    subject: &Subject,
    signing: &Signing,
    log: &TrustedLog,
    authorities: &[Authority],
    http: &Http,
) -> Result<Vec<u8>, SignError> {
    let payload = subject.statement();
    let message = Envelope::signed_bytes(STATEMENT_PAYLOAD, &payload);
    let (key, verifier, material) = match signing {
        Signing::Key(key) => {
            let public = key.public();
            (key, public.pem(), Material::Key(public.hint()))
        }
        Signing::Certificate { key, certificate } => {
            let pem = pem::encode("CERTIFICATE", certificate);
            (key, pem, Material::Certificate(certificate))
        }
    };
    let envelope = Envelope {
        payload,
        payload_type: STATEMENT_PAYLOAD.to_owned(),
        signatures: vec![EnvelopeSignature {
            key_id: String::new(),
            signature: key.sign(&message)?,
        }],
    };
    let entry = log::submit(http, &envelope, &verifier).await?;
    if !entry.is_of(&log.key) {
        return Err(LogError::Answer("another log answered than the pinned one".to_owned()).into());
    }
    let bundle = bundle::render(&envelope, &material, &entry);
    check(&bundle, subject, signing, log, authorities).map_err(SignError::SelfCheck)?;
    Ok(bundle)
}

/// Verifies a new bundle with nothing but the log's key and the signer's own.
fn check(
    bundle: &[u8],
    subject: &Subject,
    signing: &Signing,
    log: &TrustedLog,
    authorities: &[Authority],
) -> Result<(), VerifyError> {
    let who = match signing {
        Signing::Key(key) => Who::Key(key.public().clone()),
        Signing::Certificate { certificate, .. } => {
            let (identity, issuer) = verify::claims(certificate)?;
            Who::Identity { identity, issuer }
        }
    };
    let trust = Trust {
        logs: vec![log.clone()],
        authorities: authorities.to_vec(),
        publishers: vec![Publisher {
            plugins: Vec::new(),
            bundles: true,
            who,
        }],
        ..Trust::default()
    };
    verify::verify(bundle, subject, Scope::Bundle, &trust).map(drop)
}
