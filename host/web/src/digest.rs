//! Hashes, and what is built of them: HMAC and the derivation of keys. By `ring` where it has the hash, for its speed.

use std::num::NonZeroU32;

use ::hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use ring::{digest, hkdf, hmac, pbkdf2};

use crate::arguments::Arguments;
use crate::wire::Value;

/// What one derivation may give: far more than any key, little enough to hold.
const DERIVED_BYTES_MAX: u32 = 16 << 20;
/// How many blocks one PBKDF2 may compute (iterations times hashes of output): ten seconds or so, ten times what is
/// advised for passwords. A turn of a program cannot be stopped in here.
const PBKDF2_BLOCKS_MAX: u64 = 20_000_000;
/// What scrypt's table may take: twice what is advised for passwords (N 2^17, r 8).
const SCRYPT_BYTES_MAX: u64 = 256 << 20;
/// How often N · r may be computed by one scrypt: some seconds.
const SCRYPT_WORK_MAX: u64 = 1 << 24;

/// A hash of the Web Cryptography API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// By the name in the arguments.
    pub(crate) fn of(arguments: Arguments<'_>, at: usize) -> Result<Self, String> {
        let name = arguments.text(at)?;
        Self::named(name).ok_or_else(|| format!("there is no hash `{}`", name.escape_debug()))
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SHA-1" => Self::Sha1,
            "SHA-256" => Self::Sha256,
            "SHA-384" => Self::Sha384,
            "SHA-512" => Self::Sha512,
            _ => return None,
        })
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    fn for_hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn for_hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hkdf::HKDF_SHA256,
            Self::Sha384 => hkdf::HKDF_SHA384,
            Self::Sha512 => hkdf::HKDF_SHA512,
        }
    }

    fn for_pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// The hash of bytes.
    pub(crate) fn digest(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }
}

/// `digest(name, bytes)`
pub(crate) fn digest(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let bytes = arguments.bytes(1)?;
    if arguments.text(0)? == "MD5" {
        return Ok(Value::from(Md5::digest(bytes).to_vec()));
    }
    let hash = Hash::of(arguments, 0)?;
    Ok(Value::from(hash.digest(bytes).as_ref().to_vec()))
}

/// `hmac(name, key, bytes)`
pub(crate) fn hmac(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (key, bytes) = (arguments.bytes(1)?, arguments.bytes(2)?);
    if arguments.text(0)? == "MD5" {
        let mac = Hmac::<Md5>::new_from_slice(key).map_err(|error| error.to_string())?;
        let tag = mac.chain_update(bytes).finalize().into_bytes();
        return Ok(Value::from(tag.to_vec()));
    }
    let key = hmac::Key::new(Hash::of(arguments, 0)?.for_hmac(), key);
    Ok(Value::from(hmac::sign(&key, bytes).as_ref().to_vec()))
}

/// How many bytes `hkdf` is asked for.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// `hkdf(hash, key, salt, info, length)`
pub(crate) fn hkdf(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let algorithm = Hash::of(arguments, 0)?.for_hkdf();
    let (key, salt, info) = (
        arguments.bytes(1)?,
        arguments.bytes(2)?,
        arguments.bytes(3)?,
    );
    let length = arguments.integer(4, 0, DERIVED_BYTES_MAX)? as usize;
    let mut derived = vec![0; length];
    hkdf::Salt::new(algorithm, salt)
        .extract(key)
        .expand(&[info], Length(length))
        .and_then(|key| key.fill(&mut derived))
        .map_err(|_| "`hkdf` gives at most 255 hashes' length")?;
    Ok(Value::from(derived))
}

/// `pbkdf2(hash, password, salt, iterations, length)`
pub(crate) fn pbkdf2(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let (password, salt) = (arguments.bytes(1)?, arguments.bytes(2)?);
    let iterations = arguments.integer(3, 1, u32::MAX)?;
    let length = arguments.integer(4, 0, DERIVED_BYTES_MAX)?;
    let blocks = u64::from(length).div_ceil(hash.algorithm().output_len() as u64);
    if blocks * u64::from(iterations) > PBKDF2_BLOCKS_MAX {
        return Err(format!(
            "`pbkdf2` computes at most {PBKDF2_BLOCKS_MAX} blocks at once: ask for fewer iterations or a shorter key"
        ));
    }
    let mut derived = vec![0; length as usize];
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(hash.for_pbkdf2(), iterations, salt, password, &mut derived);
    Ok(Value::from(derived))
}

/// `scrypt(password, salt, N, r, p, length)`
pub(crate) fn scrypt(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (password, salt) = (arguments.bytes(0)?, arguments.bytes(1)?);
    let cost = arguments.integer(2, 2, u32::MAX)?;
    let r = arguments.integer(3, 1, u32::MAX)?;
    let p = arguments.integer(4, 1, u32::MAX)?;
    let length = arguments.integer(5, 0, DERIVED_BYTES_MAX)?;
    if !cost.is_power_of_two() {
        return Err("`scrypt` takes a power of two as N".to_owned());
    }
    let row = u64::from(cost) * u64::from(r);
    let table = row.saturating_mul(128);
    let work = row.saturating_mul(u64::from(p));
    if table > SCRYPT_BYTES_MAX || work > SCRYPT_WORK_MAX {
        return Err(format!(
            "`scrypt` takes at most {} MiB (128 · N · r) and {SCRYPT_WORK_MAX} rows of work (N · r · p): lower N, r or p",
            SCRYPT_BYTES_MAX >> 20
        ));
    }
    // The crate has no empty output; the standard has.
    let mut derived = vec![0; length.max(1) as usize];
    let log = u8::try_from(cost.ilog2()).map_err(|error| error.to_string())?;
    let params = scrypt::Params::new(log, r, p).map_err(|error| format!("`scrypt`: {error}"))?;
    scrypt::scrypt(password, salt, &params, &mut derived)
        .map_err(|error| format!("`scrypt`: {error}"))?;
    derived.truncate(length as usize);
    Ok(Value::from(derived))
}
