//! RSA, by the crate `rsa`. Keys are PKCS#1 DER of two primes; a broken key or a too short modulus answers null, or false.

use std::convert::Infallible;

use ::rsa::pkcs1::der::Decode;
use ::rsa::pkcs1::{
    EncodeRsaPrivateKey, RsaPrivateKey as PrivateDer, RsaPublicKey as PublicDer, UintRef,
};
use ::rsa::rand_core::{TryCryptoRng, TryRng};
use ::rsa::traits::{PaddingScheme, SignatureScheme};
use ::rsa::{BoxedUint, Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};

use crate::arguments::Arguments;
use crate::digest::Hash;
use crate::web::Random;
use crate::wire::Value;

/// The shortest modulus: what the prelude generates at least.
const BITS_MIN: u32 = 512;
/// The longest modulus that is generated: more takes minutes.
const GENERATED_BITS_MAX: u32 = 4096;
/// The longest modulus that is used: time goes with its third power.
const BITS_MAX: u32 = 8192;
/// 2^33 − 1, as the crate has it: a longer exponent only costs time.
const EXPONENT_BYTES_MAX: usize = 5;

/// The host's random numbers as the crates take them.
struct Source<'a>(&'a mut Random);

impl TryRng for Source<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Source<'_> {}

/// Evaluates an expression with `$digest` as the type of a hash.
macro_rules! with_digest {
    ($hash:expr, $digest:ident => $value:expr) => {
        match $hash {
            Hash::Sha1 => {
                type $digest = sha1::Sha1;
                $value
            }
            Hash::Sha256 => {
                type $digest = sha2::Sha256;
                $value
            }
            Hash::Sha384 => {
                type $digest = sha2::Sha384;
                $value
            }
            Hash::Sha512 => {
                type $digest = sha2::Sha512;
                $value
            }
        }
    };
}

/// `rsa-…(…)`
pub(crate) fn answer(
    operation: &str,
    arguments: Arguments<'_>,
    random: &mut Random,
) -> Option<Result<Value<'static>, String>> {
    Some(match operation {
        "rsa-generate" => generate(arguments, random),
        "rsa-pkcs1-sign" => pkcs1_sign(arguments, random),
        "rsa-pkcs1-verify" => pkcs1_verify(arguments),
        "rsa-pss-sign" => pss_sign(arguments, random),
        "rsa-pss-verify" => pss_verify(arguments),
        "rsa-oaep-encrypt" => oaep_encrypt(arguments, random),
        "rsa-oaep-decrypt" => oaep_decrypt(arguments, random),
        _ => return None,
    })
}

/// `(modulusBits, publicExponent)`
fn generate(arguments: Arguments<'_>, random: &mut Random) -> Result<Value<'static>, String> {
    let bits = arguments.integer(0, BITS_MIN, GENERATED_BITS_MAX)?;
    let written = arguments.bytes(1)?;
    let zeros = written.iter().take_while(|byte| **byte == 0).count();
    let exponent = &written[zeros..];
    let is_odd = exponent.last().is_some_and(|byte| byte % 2 == 1);
    if !is_odd || exponent == [1] || exponent.len() > EXPONENT_BYTES_MAX {
        return Ok(Value::Null);
    }
    let value = exponent
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    if value > RsaPublicKey::MAX_PUB_EXPONENT {
        return Ok(Value::Null);
    }
    let mut source = Source(random);
    let key =
        RsaPrivateKey::new_with_exp_unchecked(&mut source, bits as usize, BoxedUint::from(value));
    let der = key.ok().and_then(|key| key.to_pkcs1_der().ok());
    Ok(der.map_or(Value::Null, |der| Value::from(der.as_bytes().to_vec())))
}

/// A number of a key, in limbs that its own bytes need.
fn uint(number: UintRef<'_>) -> Option<BoxedUint> {
    let bytes = number.as_bytes();
    let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
    BoxedUint::from_be_slice(bytes, bits).ok()
}

/// The modulus, if it is of a length that is used.
fn modulus(number: UintRef<'_>) -> Option<BoxedUint> {
    // Looked at before any work: a key may be a lie of megabytes.
    if number.as_bytes().len() > BITS_MAX as usize / 8 {
        return None;
    }
    uint(number).filter(|modulus| modulus.bits() >= BITS_MIN)
}

fn public(der: &[u8]) -> Option<RsaPublicKey> {
    let der = PublicDer::<UintRef<'_>>::from_der(der).ok()?;
    let modulus = modulus(der.modulus)?;
    if der.public_exponent.as_bytes().len() > EXPONENT_BYTES_MAX {
        return None;
    }
    let sizes = BITS_MIN as usize..=BITS_MAX as usize;
    RsaPublicKey::new_with_size_limits(modulus, uint(der.public_exponent)?, sizes).ok()
}

fn private(der: &[u8]) -> Option<RsaPrivateKey> {
    let der = PrivateDer::<UintRef<'_>>::from_der(der).ok()?;
    let modulus = modulus(der.modulus)?;
    let numbers = [der.private_exponent, der.prime1, der.prime2];
    let bytes_max = modulus.bits().div_ceil(8) as usize;
    let is_small = |number: &UintRef<'_>| number.as_bytes().len() <= bytes_max;
    let is_plain = der.other_prime_infos.is_none() && numbers.iter().all(is_small);
    if !is_plain || der.public_exponent.as_bytes().len() > EXPONENT_BYTES_MAX {
        return None;
    }
    let [d, p, q] = numbers.map(uint);
    RsaPrivateKey::from_components(modulus, uint(der.public_exponent)?, d?, vec![p?, q?]).ok()
}

fn or_null<E>(result: Option<Result<Vec<u8>, E>>) -> Result<Value<'static>, String> {
    Ok(result.and_then(Result::ok).map_or(Value::Null, Value::from))
}

fn sign(
    scheme: impl SignatureScheme,
    key: &RsaPrivateKey,
    hash: Hash,
    data: &[u8],
    random: &mut Random,
) -> ::rsa::Result<Vec<u8>> {
    scheme.sign(Some(&mut Source(random)), key, hash.digest(data).as_ref())
}

/// `(hash, key, data)`
fn pkcs1_sign(arguments: Arguments<'_>, random: &mut Random) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let (key, data) = (arguments.bytes(1)?, arguments.bytes(2)?);
    let scheme = with_digest!(hash, D => Pkcs1v15Sign::new::<D>());
    or_null(private(key).map(|key| sign(scheme, &key, hash, data, random)))
}

/// `(hash, key, signature, data)`
fn pkcs1_verify(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let key = public(arguments.bytes(1)?);
    let signature = arguments.bytes(2)?;
    let digest = hash.digest(arguments.bytes(3)?);
    let scheme = with_digest!(hash, D => Pkcs1v15Sign::new::<D>());
    let is_good = key.is_some_and(|key| scheme.verify(&key, digest.as_ref(), signature).is_ok());
    Ok(Value::Bool(is_good))
}

/// The length of the salt in argument 2; none if no modulus has room for it.
fn salt_bytes(arguments: Arguments<'_>) -> Result<Option<usize>, String> {
    let length = arguments.integer(2, 0, u32::MAX)?;
    Ok((length <= BITS_MAX / 8).then_some(length as usize))
}

/// `(hash, key, saltBytes, data)`
fn pss_sign(arguments: Arguments<'_>, random: &mut Random) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let key = arguments.bytes(1)?;
    let salt = salt_bytes(arguments)?;
    let data = arguments.bytes(3)?;
    let signed = salt
        .zip(private(key))
        .map(|(salt, key)| with_digest!(hash, D => sign(Pss::<D>::new_with_salt(salt), &key, hash, data, random)));
    or_null(signed)
}

/// `(hash, key, saltBytes, signature, data)`
fn pss_verify(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let key = public(arguments.bytes(1)?);
    let salt = salt_bytes(arguments)?;
    let signature = arguments.bytes(3)?;
    let digest = hash.digest(arguments.bytes(4)?);
    let is_good = salt.zip(key).is_some_and(|(salt, key)| {
        with_digest!(hash, D => Pss::<D>::new_with_salt(salt).verify(&key, digest.as_ref(), signature).is_ok())
    });
    Ok(Value::Bool(is_good))
}

/// `(hash, key, label, data)`
fn oaep_encrypt(arguments: Arguments<'_>, random: &mut Random) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let key = public(arguments.bytes(1)?);
    let (label, data) = (arguments.bytes(2)?, arguments.bytes(3)?);
    let mut source = Source(random);
    or_null(key.map(|key| {
        with_digest!(hash, D => Oaep::<D>::new_with_label(label).encrypt(&mut source, &key, data))
    }))
}

/// `(hash, key, label, data)`
fn oaep_decrypt(arguments: Arguments<'_>, random: &mut Random) -> Result<Value<'static>, String> {
    let hash = Hash::of(arguments, 0)?;
    let key = private(arguments.bytes(1)?);
    let (label, data) = (arguments.bytes(2)?, arguments.bytes(3)?);
    let mut source = Source(random);
    or_null(key.map(|key| {
        with_digest!(hash, D => Oaep::<D>::new_with_label(label).decrypt(Some(&mut source), &key, data))
    }))
}
