//! The one kind of key that signs here: ECDSA on P-256 with SHA-256, as cosign makes it.

use crate::pem;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lly_brick::Digest;
use registry_index::Envelope;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use std::fmt;

/// What an SPKI of P-256 begins with; the uncompressed point follows.
const SPKI_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;
const LABEL: &str = "PUBLIC KEY";

/// A P-256 public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    point: [u8; POINT_BYTES],
}

/// Text that is no such key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a P-256 public key in PEM (`-----BEGIN PUBLIC KEY-----`): {0}")]
pub struct PublicKeyError(String);

impl PublicKey {
    /// From the uncompressed point, as `ring` gives it.
    pub(crate) fn from_point(point: &[u8]) -> Result<PublicKey, PublicKeyError> {
        match <[u8; POINT_BYTES]>::try_from(point) {
            Ok(point) if point[0] == 4 => Ok(PublicKey { point }),
            _ => Err(PublicKeyError("the point has another form".to_owned())),
        }
    }

    /// From SPKI in DER.
    pub fn from_der(der: &[u8]) -> Result<PublicKey, PublicKeyError> {
        let point = der.strip_prefix(&SPKI_HEAD);
        PublicKey::from_point(
            point.ok_or_else(|| PublicKeyError("it is of another kind".to_owned()))?,
        )
    }

    /// From SPKI in PEM.
    pub fn from_pem(text: &str) -> Result<PublicKey, PublicKeyError> {
        let blocks = pem::decode(text).map_err(PublicKeyError)?;
        match blocks.as_slice() {
            [(label, der)] if label == LABEL => PublicKey::from_der(der),
            _ => Err(PublicKeyError(format!("it has not one block `{LABEL}`"))),
        }
    }

    /// As SPKI in DER.
    pub fn der(&self) -> Vec<u8> {
        [SPKI_HEAD.as_slice(), &self.point].concat()
    }

    /// As SPKI in PEM.
    pub fn pem(&self) -> String {
        pem::encode(LABEL, &self.der())
    }

    /// The sha256 of the SPKI in DER: how keys and logs are named.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.der())
    }

    /// How a Sigstore bundle hints at this key: the fingerprint in base64.
    pub(crate) fn hint(&self) -> String {
        STANDARD.encode(self.fingerprint().as_bytes())
    }

    /// Whether one of the signatures of an envelope is this key's, over a payload of this type.
    pub fn signed(&self, envelope: &Envelope, payload_type: &str) -> bool {
        let message = Envelope::signed_bytes(payload_type, &envelope.payload);
        let mut signatures = envelope.signatures.iter();
        envelope.payload_type == payload_type
            && signatures.any(|one| self.verifies(&message, &one.signature))
    }

    /// Whether `signature` (DER) is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_text_is_refused() {
        let rsa = pem::encode(LABEL, &[0x30; 91]);
        let private = pem::encode("PRIVATE KEY", &[0; 91]);
        for bad in ["", "key", &rsa, &private] {
            assert!(PublicKey::from_pem(bad).is_err(), "{bad}");
        }
    }
}
