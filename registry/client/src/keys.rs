//! Key pairs for signing, kept in cosign's format: PKCS#8 in a NaCl secret box, whose key scrypt derives from a
//! passphrase. Keys made by `cosign generate-key-pair` work here and the other way round.

use crate::pem;
use crate::public_key::{PublicKey, PublicKeyError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use registry_index::{Envelope, EnvelopeSignature};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What cosign writes now, and what it wrote.
const LABELS: [&str; 2] = [
    "ENCRYPTED SIGSTORE PRIVATE KEY",
    "ENCRYPTED COSIGN PRIVATE KEY",
];
/// Cosign's cost of deriving the key: 64 MiB and half a second, for whoever guesses passphrases too.
const SCRYPT_LOG_N: u8 = 16;
/// What older cosigns took.
const SCRYPT_LOG_N_MIN: u8 = 15;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const FILE_BYTES_MAX: u64 = 64 << 10;

/// A P-256 key pair. It has no text form but the encrypted one.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gave no randomness or refused to make a key.
    #[error("cannot make a key: the system's random numbers are not available")]
    Random,
    /// The file cannot be read or written.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is not a key file of cosign's.
    #[error("the key file is malformed: {0}")]
    Malformed(String),
    /// The passphrase does not open it.
    #[error("the passphrase does not open the key file")]
    Passphrase,
    /// It holds a key of another kind.
    #[error("the key file holds a key of another kind: make one with `lly plugin key generate`")]
    Kind,
    /// The public half makes no sense.
    #[error(transparent)]
    Public(#[from] PublicKeyError),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: Params,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct Params {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// A new key pair.
pub fn generate() -> Result<SigningKey, KeyError> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
    SigningKey::from_pkcs8(pkcs8.map_err(|_| KeyError::Random)?.as_ref())
}

/// Reads a key file.
pub fn load(path: &Path, passphrase: &str) -> Result<SigningKey, KeyError> {
    let error = |source| KeyError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(error)?.len() > FILE_BYTES_MAX {
        return Err(KeyError::Malformed("it is too long".to_owned()));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(error)?);
    SigningKey::open(&text, passphrase)
}

/// Writes an encrypted key to a new file that its owner alone can read. An existing file is never replaced: a lost key
/// cannot be made again.
pub fn save(key: &SigningKey, path: &Path, passphrase: &str) -> Result<(), KeyError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let error = |source| KeyError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let text = key.seal(passphrase)?;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(error)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(error)
}

impl SigningKey {
    /// A P-256 key from PKCS#8 in DER, as other programs make it.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<SigningKey, KeyError> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8, &SystemRandom::new())
                .map_err(|_| KeyError::Kind)?;
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        Ok(SigningKey {
            pair,
            pkcs8: Zeroizing::new(pkcs8.to_vec()),
            public,
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signature over `message`, in DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(|_| KeyError::Random)?.as_ref().to_vec())
    }

    /// A payload in an envelope that this key signed.
    pub fn envelope(&self, payload_type: &str, payload: Vec<u8>) -> Result<Envelope, KeyError> {
        let signature = self.sign(&Envelope::signed_bytes(payload_type, &payload))?;
        Ok(Envelope {
            payload,
            payload_type: payload_type.to_owned(),
            signatures: vec![EnvelopeSignature {
                key_id: self.public().fingerprint().hex(),
                signature,
            }],
        })
    }

    /// The key as the text of an encrypted key file.
    pub fn seal(&self, passphrase: &str) -> Result<String, KeyError> {
        let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
        let random = SystemRandom::new();
        for bytes in [salt.as_mut_slice(), nonce.as_mut_slice()] {
            random.fill(bytes).map_err(|_| KeyError::Random)?;
        }
        let cipher = derive(passphrase, &salt, SCRYPT_LOG_N)?;
        let ciphertext = cipher
            .encrypt(&Nonce::from(nonce), self.pkcs8.as_slice())
            .map_err(|_| KeyError::Random)?;
        let sealed = Sealed {
            kdf: Kdf {
                name: "scrypt".to_owned(),
                params: Params {
                    n: 1 << SCRYPT_LOG_N,
                    r: SCRYPT_R,
                    p: SCRYPT_P,
                },
                salt: STANDARD.encode(salt),
            },
            cipher: Cipher {
                name: "nacl/secretbox".to_owned(),
                nonce: STANDARD.encode(nonce),
            },
            ciphertext: STANDARD.encode(ciphertext),
        };
        let json =
            serde_json::to_vec(&sealed).map_err(|error| KeyError::Malformed(error.to_string()))?;
        Ok(pem::encode(LABELS[0], &json))
    }

    /// The key in the text of an encrypted key file.
    pub fn open(text: &str, passphrase: &str) -> Result<SigningKey, KeyError> {
        let malformed = |reason: &str| KeyError::Malformed(reason.to_owned());
        let blocks = pem::decode(text).map_err(KeyError::Malformed)?;
        let json = match blocks.as_slice() {
            [(label, json)] if LABELS.contains(&label.as_str()) => json,
            _ => return Err(malformed("it has not one block of an encrypted key")),
        };
        let sealed: Sealed =
            serde_json::from_slice(json).map_err(|error| KeyError::Malformed(error.to_string()))?;
        if sealed.kdf.name != "scrypt" || sealed.cipher.name != "nacl/secretbox" {
            return Err(malformed("it is encrypted in another way"));
        }
        let Params { n, r, p } = sealed.kdf.params;
        // The file must not decide how much memory is spent on it.
        let log_n = (SCRYPT_LOG_N_MIN..=SCRYPT_LOG_N).find(|log_n| n == 1 << log_n);
        let log_n = log_n.filter(|_| r == SCRYPT_R && p == SCRYPT_P);
        let log_n = log_n.ok_or_else(|| malformed("its scrypt parameters are not cosign's"))?;
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|error| KeyError::Malformed(error.to_string()))
        };
        let (salt, nonce) = (bytes(&sealed.kdf.salt)?, bytes(&sealed.cipher.nonce)?);
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce.as_slice());
        let nonce = nonce.map_err(|_| malformed("its nonce has another length"))?;
        let cipher = derive(passphrase, &salt, log_n)?;
        let pkcs8 = cipher
            .decrypt(&Nonce::from(nonce), bytes(&sealed.ciphertext)?.as_slice())
            .map_err(|_| KeyError::Passphrase)?;
        SigningKey::from_pkcs8(&Zeroizing::new(pkcs8))
    }
}

fn derive(passphrase: &str, salt: &[u8], log_n: u8) -> Result<XSalsa20Poly1305, KeyError> {
    let error = |reason: &str| KeyError::Malformed(reason.to_owned());
    let params = scrypt::Params::new(log_n, SCRYPT_R, SCRYPT_P)
        .map_err(|_| error("its scrypt parameters"))?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, key.as_mut_slice())
        .map_err(|_| error("its scrypt parameters"))?;
    XSalsa20Poly1305::new_from_slice(key.as_slice()).map_err(|_| error("its key"))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.public.fingerprint())
    }
}

#[cfg(test)]
mod tests;
