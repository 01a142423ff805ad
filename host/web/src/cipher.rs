//! AES in the modes of the Web Cryptography API, over RustCrypto's block cipher.

use aes::cipher::array::Array;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::consts::U16;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser,
    InnerIvInit, KeyInit, StreamCipher,
};
use aes::{Aes128, Aes192, Aes256};
use aes_kw::{AesKw, InnerInit};
use ctr::{Ctr32BE, Ctr128BE, CtrCore};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;

use crate::arguments::Arguments;
use crate::wire::Value;

const BLOCK: usize = 16;
/// What RFC 3394 adds: the integrity check.
const WRAP_BYTES: usize = 8;

/// AES of one key length.
trait Aes:
    BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Clone
{
}

impl Aes for Aes128 {}
impl Aes for Aes192 {}
impl Aes for Aes256 {}

/// Calls a function that is generic in the cipher with the cipher of the key in argument 0.
macro_rules! by_key_length {
    ($function:ident($arguments:expr)) => {{
        let arguments: Arguments<'_> = $arguments;
        let key = arguments.bytes(0)?;
        let error = |_| String::from("an AES key has 16, 24 or 32 bytes");
        match key.len() {
            16 => $function(Aes128::new_from_slice(key).map_err(error)?, arguments),
            24 => $function(Aes192::new_from_slice(key).map_err(error)?, arguments),
            _ => $function(Aes256::new_from_slice(key).map_err(error)?, arguments),
        }
    }};
}

/// `aes-…(key, …)`
pub(crate) fn answer(
    operation: &str,
    arguments: Arguments<'_>,
) -> Option<Result<Value<'static>, String>> {
    let mode = match operation {
        "aes-ctr" => Mode::Counter,
        "aes-cbc-encrypt" => Mode::ChainEncrypt,
        "aes-cbc-decrypt" => Mode::ChainDecrypt,
        "aes-gcm-encrypt" => Mode::GaloisEncrypt,
        "aes-gcm-decrypt" => Mode::GaloisDecrypt,
        "aes-kw-wrap" => Mode::Wrap,
        "aes-kw-unwrap" => Mode::Unwrap,
        _ => return None,
    };
    Some(run(mode, arguments))
}

#[derive(Clone, Copy)]
enum Mode {
    Counter,
    ChainEncrypt,
    ChainDecrypt,
    GaloisEncrypt,
    GaloisDecrypt,
    Wrap,
    Unwrap,
}

fn run(mode: Mode, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    match mode {
        Mode::Counter => by_key_length!(counter(arguments)),
        Mode::ChainEncrypt => by_key_length!(chain_encrypt(arguments)),
        Mode::ChainDecrypt => by_key_length!(chain_decrypt(arguments)),
        Mode::GaloisEncrypt => by_key_length!(galois_encrypt(arguments)),
        Mode::GaloisDecrypt => by_key_length!(galois_decrypt(arguments)),
        Mode::Wrap => by_key_length!(wrap(arguments)),
        Mode::Unwrap => by_key_length!(unwrap(arguments)),
    }
}

/// `aes-ctr(key, counter, counterBits, data)`
fn counter<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let mut counter = u128::from_be_bytes(*arguments.array::<BLOCK>(1)?);
    let bits = arguments.integer(2, 1, 128)?;
    let mut data = arguments.bytes(3)?.to_vec();
    let mask = u128::MAX >> (128 - bits);
    if data.len().div_ceil(BLOCK) as u128 > mask.saturating_add(1) {
        return Err("the counter has too few bits for the data".to_owned());
    }
    let mut rest = data.as_mut_slice();
    while !rest.is_empty() {
        // Up to where the counter wraps, which its upper bits must not see.
        let blocks = (mask - (counter & mask)).saturating_add(1);
        let bytes = usize::try_from(blocks.saturating_mul(BLOCK as u128)).unwrap_or(usize::MAX);
        let (run, after) = rest.split_at_mut(bytes.min(rest.len()));
        let core = CtrCore::inner_iv_init(cipher.clone(), &counter.to_be_bytes().into());
        Ctr128BE::from_core(core).apply_keystream(run);
        counter &= !mask;
        rest = after;
    }
    Ok(Value::from(data))
}

/// `aes-cbc-encrypt(key, iv, data)`
fn chain_encrypt<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let iv = Array::from(*arguments.array::<BLOCK>(1)?);
    let data = arguments.bytes(2)?;
    let mut buffer = data.to_vec();
    buffer.resize((data.len() / BLOCK + 1) * BLOCK, 0);
    cbc::Encryptor::inner_iv_init(cipher, &iv)
        .encrypt_padded::<Pkcs7>(&mut buffer, data.len())
        .map_err(|error| error.to_string())?;
    Ok(Value::from(buffer))
}

/// `aes-cbc-decrypt(key, iv, data)`
fn chain_decrypt<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let iv = Array::from(*arguments.array::<BLOCK>(1)?);
    let mut buffer = arguments.bytes(2)?.to_vec();
    let decryptor = cbc::Decryptor::inner_iv_init(cipher, &iv);
    let plain = decryptor.decrypt_padded::<Pkcs7>(&mut buffer);
    let Ok(length) = plain.map(<[u8]>::len) else {
        return Ok(Value::Null);
    };
    buffer.truncate(length);
    Ok(Value::from(buffer))
}

/// What GCM is about: NIST SP 800-38D, with ivs of any length and tags of several.
struct Galois<'a, C> {
    cipher: C,
    /// J0: the counter that the tag is masked with; those of the data follow.
    first: [u8; BLOCK],
    hash: GHash,
    additional: &'a [u8],
    tag_bytes: usize,
}

impl<'a, C: Aes> Galois<'a, C> {
    /// `(key, iv, additionalData, tagBytes, …)`
    fn new(cipher: C, arguments: Arguments<'a>) -> Result<Self, String> {
        let iv = arguments.bytes(1)?;
        let additional = arguments.bytes(2)?;
        let tag_bytes = arguments.integer(3, 4, 16)? as usize;
        if matches!(tag_bytes, 5..=7 | 9..=11) {
            return Err("a tag has 4, 8, or 12 to 16 bytes".to_owned());
        }
        if iv.is_empty() {
            return Err("an iv has a byte at least".to_owned());
        }
        let mut key = Array::default();
        cipher.encrypt_block(&mut key);
        let hash = GHash::new(&key);
        let mut first = [0; BLOCK];
        if let Ok(iv) = <&[u8; 12]>::try_from(iv) {
            first[..12].copy_from_slice(iv);
            first[15] = 1;
        } else {
            first = hashed(hash.clone(), iv, &[], 0, iv.len());
        }
        Ok(Self {
            cipher,
            first,
            hash,
            additional,
            tag_bytes,
        })
    }

    fn apply(&self, data: &mut [u8]) {
        let [.., a, b, c, d] = self.first;
        let next = u32::from_be_bytes([a, b, c, d]).wrapping_add(1);
        let mut counter = self.first;
        counter[12..].copy_from_slice(&next.to_be_bytes());
        let core = CtrCore::inner_iv_init(self.cipher.clone(), &counter.into());
        Ctr32BE::from_core(core).apply_keystream(data);
    }

    fn tag(&self, ciphertext: &[u8]) -> Vec<u8> {
        let additional = self.additional;
        let lengths = (additional.len(), ciphertext.len());
        let hash = self.hash.clone();
        let hash = hashed(hash, additional, ciphertext, lengths.0, lengths.1);
        let mut mask = Array::from(self.first);
        self.cipher.encrypt_block(&mut mask);
        let tag = hash.iter().zip(mask).map(|(hash, mask)| hash ^ mask);
        tag.take(self.tag_bytes).collect()
    }
}

/// GHASH of two runs, each filled up to whole blocks, and a block of two lengths in bytes.
fn hashed(mut hash: GHash, one: &[u8], two: &[u8], first: usize, second: usize) -> [u8; BLOCK] {
    hash.update_padded(one);
    hash.update_padded(two);
    let mut lengths = [0; BLOCK];
    lengths[..8].copy_from_slice(&(first as u64 * 8).to_be_bytes());
    lengths[8..].copy_from_slice(&(second as u64 * 8).to_be_bytes());
    hash.update(&[lengths.into()]);
    hash.finalize().into()
}

/// `aes-gcm-encrypt(key, iv, additionalData, tagBytes, data)`
fn galois_encrypt<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let galois = Galois::new(cipher, arguments)?;
    let mut data = arguments.bytes(4)?.to_vec();
    galois.apply(&mut data);
    let tag = galois.tag(&data);
    data.extend(tag);
    Ok(Value::from(data))
}

/// `aes-gcm-decrypt(key, iv, additionalData, tagBytes, data)`
fn galois_decrypt<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let galois = Galois::new(cipher, arguments)?;
    let data = arguments.bytes(4)?;
    let Some(length) = data.len().checked_sub(galois.tag_bytes) else {
        return Ok(Value::Null);
    };
    let (ciphertext, tag) = data.split_at(length);
    // In a time that does not tell where they differ.
    let differing = galois.tag(ciphertext).into_iter().zip(tag);
    if differing.fold(0, |all, (ours, theirs)| all | (ours ^ theirs)) != 0 {
        return Ok(Value::Null);
    }
    let mut plain = ciphertext.to_vec();
    galois.apply(&mut plain);
    Ok(Value::from(plain))
}

/// `aes-kw-wrap(key, data)`
fn wrap<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let data = arguments.bytes(1)?;
    if data.len() < 2 * WRAP_BYTES || !data.len().is_multiple_of(WRAP_BYTES) {
        return Err("AES-KW wraps 16 bytes or more, in steps of 8".to_owned());
    }
    let mut wrapped = vec![0; data.len() + WRAP_BYTES];
    AesKw::inner_init(cipher)
        .wrap_key(data, &mut wrapped)
        .map_err(|error| error.to_string())?;
    Ok(Value::from(wrapped))
}

/// `aes-kw-unwrap(key, data)`
fn unwrap<C: Aes>(cipher: C, arguments: Arguments<'_>) -> Result<Value<'static>, String> {
    let data = arguments.bytes(1)?;
    if data.len() < 3 * WRAP_BYTES || !data.len().is_multiple_of(WRAP_BYTES) {
        return Ok(Value::Null);
    }
    let mut plain = vec![0; data.len() - WRAP_BYTES];
    let unwrapped = AesKw::inner_init(cipher).unwrap_key(data, &mut plain);
    Ok(unwrapped.map_or(Value::Null, |plain| Value::from(plain.to_vec())))
}
