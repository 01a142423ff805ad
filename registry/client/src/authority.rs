//! An authority with Fulcio's v2 API: an identity token and a fresh key become a certificate for minutes.

use crate::http::{Http, HttpError};
use crate::keys::{self, KeyError, SigningKey};
use crate::pem;
use crate::sign::Signing;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;

const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The authority said no, or nothing.
    #[error("the authority gave no certificate")]
    Http(#[from] HttpError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The token is no JSON web token with a subject.
    #[error("the identity token is not one: {0}")]
    Token(String),
    /// The authority's answer has another form.
    #[error("the authority's answer makes no sense: {0}")]
    Answer(String),
}

#[derive(Deserialize)]
struct Claims {
    email: Option<String>,
    sub: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    signed_certificate_embedded_sct: Option<WithChain>,
    signed_certificate_detached_sct: Option<WithChain>,
}

#[derive(Deserialize)]
struct WithChain {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}

/// Asks for a certificate for whoever the OpenID token speaks of. The key lives as long as the value.
pub async fn certificate(http: &Http, token: &str) -> Result<Signing, AuthorityError> {
    let key = keys::generate()?;
    let proof = key.sign(subject_of(token)?.as_bytes())?;
    let request = json!({
        "credentials": { "oidcIdentityToken": token.trim() },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": key.public().pem() },
            "proofOfPossession": STANDARD.encode(proof),
        },
    });
    let answer = http
        .post_json("/api/v2/signingCert", &request, ANSWER_BYTES_MAX)
        .await?;
    Ok(Signing::Certificate {
        certificate: leaf(&answer)?,
        key,
    })
}

/// What the key is proven over: the e-mail address, or the subject if there is none.
fn subject_of(token: &str) -> Result<String, AuthorityError> {
    let error = |reason: &str| AuthorityError::Token(reason.to_owned());
    let body = token
        .trim()
        .split('.')
        .nth(1)
        .ok_or_else(|| error("it has no second part"))?;
    let json = URL_SAFE_NO_PAD
        .decode(body)
        .map_err(|_| error("its second part is not base64"))?;
    let claims: Claims =
        serde_json::from_slice(&json).map_err(|_| error("its claims are not JSON"))?;
    claims
        .email
        .or(claims.sub)
        .ok_or_else(|| error("it names neither `email` nor `sub`"))
}

fn leaf(answer: &[u8]) -> Result<Vec<u8>, AuthorityError> {
    let error = |reason: String| AuthorityError::Answer(reason);
    let issued: Issued =
        serde_json::from_slice(answer).map_err(|wrong| error(wrong.to_string()))?;
    let issued = issued
        .signed_certificate_embedded_sct
        .or(issued.signed_certificate_detached_sct);
    let pem = issued.and_then(|issued| issued.chain.certificates.into_iter().next());
    let pem = pem.ok_or_else(|| error("it has no certificate".to_owned()))?;
    match pem::decode(&pem).map_err(error)?.into_iter().next() {
        Some((label, der)) if label == "CERTIFICATE" => Ok(der),
        _ => Err(error("its certificate is not PEM".to_owned())),
    }
}

/// For signing with a key that is kept.
impl From<SigningKey> for Signing {
    fn from(key: SigningKey) -> Signing {
        Signing::Key(key)
    }
}
