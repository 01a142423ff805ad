//! Signing: a subject and a signer become a Sigstore bundle, written down in a transparency log.

use crate::bundle::{self, Material};
use crate::http::{Http, HttpError};
use crate::keys::{KeyError, SigningKey};
use crate::log::{self, LogError};
use crate::pem;
use crate::timestamp;
use crate::trust::{Publisher, Trust, TrustedLog, Who};
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
    /// The timestamp authority cannot be spoken to.
    #[error("the timestamp authority gave no timestamp")]
    Timestamp(#[source] HttpError),
    /// No log is known.
    #[error(
        "`trust.toml` names no transparency log with a URL: pin a registry that keeps one, `lly plugin trust registry URL`"
    )]
    NoLog,
    /// What came out would not be believed by anybody.
    #[error(
        "the signature would not verify: the log or an authority is not what `trust.toml` says"
    )]
    SelfCheck(#[source] VerifyError),
}

/// Who confirms a signature.
pub struct Witnesses {
    /// The transparency log that it is written down in.
    pub log: Http,
    /// The authority that says when it was made; without one, the log's own time counts.
    pub timestamps: Option<Http>,
}

/// Signs a subject, has it logged, and timestamped if there is an authority for that. Both must be among those that `trust`
/// names. The bundle is verified, as a stranger would with this signer pinned, before it is given out.
pub async fn sign(
    subject: &Subject,
    signing: &Signing,
    trust: &Trust,
    witnesses: &Witnesses,
) -> Result<Vec<u8>, SignError> {
    let is_log = |one: &&TrustedLog| one.url.as_deref() == Some(witnesses.log.base());
    let log = trust.logs.iter().find(is_log).ok_or(SignError::NoLog)?;
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
    let signature = key.sign(&message)?;
    let timestamp = match &witnesses.timestamps {
        Some(http) => Some(
            timestamp::ask(http, &signature)
                .await
                .map_err(SignError::Timestamp)?,
        ),
        None => None,
    };
    let envelope = Envelope {
        payload,
        payload_type: STATEMENT_PAYLOAD.to_owned(),
        signatures: vec![EnvelopeSignature {
            key_id: String::new(),
            signature,
        }],
    };
    let entry = log::submit(&witnesses.log, &envelope, &verifier).await?;
    if !entry.is_of(&log.key) {
        return Err(LogError::Answer("another log answered than the pinned one".to_owned()).into());
    }
    let bundle = bundle::render(&envelope, &material, &entry, timestamp.as_deref());
    check(&bundle, subject, signing, trust).map_err(SignError::SelfCheck)?;
    Ok(bundle)
}

/// Verifies a new bundle with what `trust` says of logs and authorities, and the signer as the only one who may sign.
fn check(
    bundle: &[u8],
    subject: &Subject,
    signing: &Signing,
    trust: &Trust,
) -> Result<(), VerifyError> {
    let who = match signing {
        Signing::Key(key) => Who::Key(key.public().clone()),
        Signing::Certificate { certificate, .. } => {
            let (identity, issuer) = verify::claims(certificate)?;
            Who::Identity { identity, issuer }
        }
    };
    let trust = Trust {
        publishers: vec![Publisher {
            plugins: Vec::new(),
            bundles: true,
            who,
        }],
        ..trust.clone()
    };
    verify::verify(bundle, subject, Scope::Bundle, &trust).map(drop)
}
