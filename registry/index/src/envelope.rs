//! DSSE envelopes: a payload with its type, and signatures over both. The index is signed this way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The type of a signed index.
pub const INDEX_PAYLOAD: &str = "application/vnd.lily.index.v1+json";
/// The type of what a publisher says about the newest release of `lly`.
pub const NEWEST_RELEASE_PAYLOAD: &str = "application/vnd.lily.newest-release.v1+json";
/// The type of a signed statement.
pub const STATEMENT_PAYLOAD: &str = "application/vnd.in-toto+json";
/// An index of ten thousand versions in base64.
const BYTES_MAX: usize = 32 << 20;
const SIGNATURES_MAX: usize = 8;
/// P-256 in DER is at most 72 bytes; nobody's is longer than this.
const SIGNATURE_BYTES_MAX: usize = 1 << 10;

/// A signed payload. Nothing in it is trusted until a signature over [`Envelope::signed_bytes`] was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What was signed.
    pub payload: Vec<u8>,
    /// What kind of payload it is.
    pub payload_type: String,
    /// By whom.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// The sha256 of the key's SPKI in hex, or nothing: a hint, no more.
    pub key_id: String,
    /// The signature, for P-256 in DER.
    pub signature: Vec<u8>,
}

/// What is wrong with an envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signed envelope is malformed: {0}")]
pub struct EnvelopeError(String);

#[derive(Serialize, Deserialize)]
struct Wire {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// The bytes that a signature of this payload covers: DSSE's pre-authentication encoding.
    pub fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
        let head = format!(
            "DSSEv1 {} {payload_type} {} ",
            payload_type.len(),
            payload.len()
        );
        [head.as_bytes(), payload].concat()
    }

    /// Reads an envelope; checks no signature.
    pub fn parse(json: &[u8]) -> Result<Envelope, EnvelopeError> {
        if json.len() > BYTES_MAX {
            return Err(EnvelopeError(format!("it has more than {BYTES_MAX} bytes")));
        }
        let wire: Wire =
            serde_json::from_slice(json).map_err(|error| EnvelopeError(error.to_string()))?;
        if wire.signatures.is_empty() || wire.signatures.len() > SIGNATURES_MAX {
            return Err(EnvelopeError(format!(
                "it has {} signatures",
                wire.signatures.len()
            )));
        }
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|error| EnvelopeError(error.to_string()))
        };
        let mut signatures = Vec::new();
        for one in wire.signatures {
            let signature = bytes(&one.sig)?;
            if signature.len() > SIGNATURE_BYTES_MAX {
                return Err(EnvelopeError("a signature is too long".to_owned()));
            }
            signatures.push(EnvelopeSignature {
                key_id: one.keyid,
                signature,
            });
        }
        Ok(Envelope {
            payload: bytes(&wire.payload)?,
            payload_type: wire.payload_type,
            signatures,
        })
    }

    /// The envelope as JSON.
    pub fn render(&self) -> Vec<u8> {
        let wire = Wire {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self
                .signatures
                .iter()
                .map(|one| WireSignature {
                    keyid: one.key_id.clone(),
                    sig: STANDARD.encode(&one.signature),
                })
                .collect(),
        };
        // Strings have no way to fail.
        serde_json::to_vec(&wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_specification() {
        let signed = Envelope::signed_bytes("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            signed,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn an_envelope_comes_back_and_one_without_signature_does_not() {
        let envelope = Envelope {
            payload: b"{}".to_vec(),
            payload_type: INDEX_PAYLOAD.to_owned(),
            signatures: vec![EnvelopeSignature {
                key_id: "ab".to_owned(),
                signature: vec![1, 2, 3],
            }],
        };
        assert_eq!(Envelope::parse(&envelope.render()).unwrap(), envelope);
        let stripped = Envelope {
            signatures: Vec::new(),
            ..envelope
        };
        assert!(Envelope::parse(&stripped.render()).is_err());
    }
}
