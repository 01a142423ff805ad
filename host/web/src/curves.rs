//! Elliptic curves: ECDSA and ECDH over NIST's, by RustCrypto; Ed25519 by `ring`; X25519 by `x25519-dalek`.

use ::p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use ::p256::elliptic_curve::sec1::ToSec1Point;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::arguments::Arguments;
use crate::digest::Hash;
use crate::web::Random;
use crate::wire::Value;

/// How often a scalar is drawn that is not below the order: one in 2^32 is not for P-256, fewer for the others. More than
/// a few times in a row means that the source of random numbers is broken.
const DRAWS_MAX: usize = 100;
/// p = 2^255 − 19, little-endian: coordinates are below it.
const ED25519_PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    prime
};

/// The operations over one of NIST's curves, which are of different types in their crates.
macro_rules! curve {
    ($module:ident, bytes: $bytes:literal, first_byte: $first:literal) => {
        mod $module {
            use super::*;
            use ::$module::{PublicKey, SecretKey, ecdsa};

            fn secret(arguments: Arguments<'_>, at: usize) -> Result<Option<SecretKey>, String> {
                let scalar = arguments.array::<$bytes>(at)?;
                Ok(SecretKey::from_slice(scalar).ok())
            }

            fn needed(arguments: Arguments<'_>, at: usize) -> Result<SecretKey, String> {
                let error = "a scalar is not zero, and below the curve's order";
                secret(arguments, at)?.ok_or_else(|| error.to_owned())
            }

            fn public(point: &[u8]) -> Option<PublicKey> {
                let is_compressed = match point.first()? {
                    2 | 3 => true,
                    4 => false,
                    _ => return None,
                };
                let length = if is_compressed {
                    1 + $bytes
                } else {
                    1 + 2 * $bytes
                };
                (point.len() == length)
                    .then(|| PublicKey::from_sec1_bytes(point).ok())
                    .flatten()
            }

            fn written(key: Option<PublicKey>) -> Value<'static> {
                key.map_or(Value::Null, |key| {
                    Value::from(key.to_sec1_point(false).as_bytes().to_vec())
                })
            }

            fn generate(random: &mut Random) -> Result<Value<'static>, String> {
                let mut scalar = [0; $bytes];
                for _ in 0..DRAWS_MAX {
                    random(&mut scalar);
                    // P-521's first byte has one bit.
                    scalar[0] &= $first;
                    if SecretKey::from_slice(&scalar).is_ok() {
                        return Ok(Value::from(scalar.to_vec()));
                    }
                }
                Err("the source of random numbers gives no key".to_owned())
            }

            fn sign(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
                let hash = Hash::of(arguments, 1)?;
                let key = ecdsa::SigningKey::from(needed(arguments, 2)?);
                let digest = hash.digest(arguments.bytes(3)?);
                let signature: ecdsa::Signature = key
                    .sign_prehash(digest.as_ref())
                    .map_err(|error| format!("`ecdsa-sign`: {error}"))?;
                Ok(Value::from(signature.to_bytes().to_vec()))
            }

            fn verify(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
                let hash = Hash::of(arguments, 1)?;
                let (point, signature) = (arguments.bytes(2)?, arguments.bytes(3)?);
                let digest = hash.digest(arguments.bytes(4)?);
                let signature = ecdsa::Signature::from_slice(signature).ok();
                let is_good = public(point)
                    .zip(signature)
                    .is_some_and(|(key, signature)| {
                        let key = ecdsa::VerifyingKey::from(key);
                        key.verify_prehash(digest.as_ref(), &signature).is_ok()
                    });
                Ok(Value::Bool(is_good))
            }

            fn agree(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
                let key = needed(arguments, 1)?;
                let point =
                    public(arguments.bytes(2)?).ok_or("`ecdh` takes a point of the curve")?;
                let shared = key.diffie_hellman(&point);
                Ok(Value::from(shared.raw_secret_bytes().to_vec()))
            }

            /// `arguments` begin with the curve's name.
            pub(super) fn answer(
                operation: Operation,
                arguments: Arguments<'_>,
                random: &mut Random,
            ) -> Result<Value<'static>, String> {
                match operation {
                    Operation::Generate => generate(random),
                    Operation::Public => {
                        Ok(written(secret(arguments, 1)?.map(|key| key.public_key())))
                    }
                    Operation::Point => Ok(written(public(arguments.bytes(1)?))),
                    Operation::Sign => sign(arguments),
                    Operation::Verify => verify(arguments),
                    Operation::Agree => agree(arguments),
                }
            }
        }
    };
}

curve!(p256, bytes: 32, first_byte: 0xff);
curve!(p384, bytes: 48, first_byte: 0xff);
curve!(p521, bytes: 66, first_byte: 0x01);

#[derive(Clone, Copy)]
enum Operation {
    Generate,
    Public,
    Point,
    Sign,
    Verify,
    Agree,
}

/// `ec-…(curve, …)`, `ecdsa-…(curve, …)`, `ecdh(curve, …)`, `ed25519-…` and `x25519…`
pub(crate) fn answer(
    operation: &str,
    arguments: Arguments<'_>,
    random: &mut Random,
) -> Option<Result<Value<'static>, String>> {
    let operation = match operation {
        "ec-generate" => Operation::Generate,
        "ec-public" => Operation::Public,
        "ec-point" => Operation::Point,
        "ecdsa-sign" => Operation::Sign,
        "ecdsa-verify" => Operation::Verify,
        "ecdh" => Operation::Agree,
        "ed25519-public" => return Some(ed25519_public(arguments)),
        "ed25519-sign" => return Some(ed25519_sign(arguments)),
        "ed25519-verify" => return Some(ed25519_verify(arguments)),
        "x25519-public" => return Some(x25519_public(arguments)),
        "x25519" => return Some(x25519(arguments)),
        _ => return None,
    };
    Some(arguments.text(0).and_then(|curve| match curve {
        "P-256" => p256::answer(operation, arguments, random),
        "P-384" => p384::answer(operation, arguments, random),
        "P-521" => p521::answer(operation, arguments, random),
        _ => Err(format!("there is no curve `{}`", curve.escape_debug())),
    }))
}

fn ed25519_pair(arguments: Arguments<'_>) -> Result<Ed25519KeyPair, String> {
    let seed = arguments.array::<32>(0)?;
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|error| format!("Ed25519: {error}"))
}

fn ed25519_public(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let pair = ed25519_pair(arguments)?;
    Ok(Value::from(pair.public_key().as_ref().to_vec()))
}

fn ed25519_sign(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let signature = ed25519_pair(arguments)?.sign(arguments.bytes(1)?);
    Ok(Value::from(signature.as_ref().to_vec()))
}

fn ed25519_verify(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let point = arguments.array::<32>(0)?;
    let (signature, data) = (arguments.array::<64>(1)?, arguments.bytes(2)?);
    // RFC 8032 refuses a y that is not below p; `ring` takes it modulo p.
    let mut y = *point;
    y[31] &= 0x7f;
    let is_canonical = y.iter().rev().lt(ED25519_PRIME.iter().rev());
    let is_good = UnparsedPublicKey::new(&ED25519, point).verify(data, signature);
    Ok(Value::Bool(is_canonical && is_good.is_ok()))
}

fn x25519_public(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let scalar = *arguments.array::<32>(0)?;
    let point = x25519_dalek::x25519(scalar, x25519_dalek::X25519_BASEPOINT_BYTES);
    Ok(Value::from(point.to_vec()))
}

fn x25519(arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let (scalar, point) = (*arguments.array::<32>(0)?, *arguments.array::<32>(1)?);
    Ok(Value::from(x25519_dalek::x25519(scalar, point).to_vec()))
}
