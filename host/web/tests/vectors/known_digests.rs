//! Hashes and derivation against the numbers in their standards.

use host_web::{Function, Value};

use crate::caller::{Caller, hex, number};

#[test]
fn hashes_of_abc() {
    let mut caller = Caller::new();
    // FIPS 180-4's examples, and RFC 1321's.
    for (name, wanted) in [
        ("MD5", "900150983cd24fb0d6963f7d28e17f72"),
        ("SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "SHA-256",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "SHA-384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            "SHA-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        let arguments = [Value::from(name), Value::from(&b"abc"[..])];
        assert_eq!(
            caller.call(Function::Digest, &arguments),
            hex(wanted),
            "{name}"
        );
    }
}

#[test]
fn hmac_md5() {
    // RFC 2202; the others have Wycheproof's vectors.
    let arguments = [
        Value::from("MD5"),
        Value::from(&b"Jefe"[..]),
        Value::from(&b"what do ya want for nothing?"[..]),
    ];
    let tag = Caller::new().call(Function::Hmac, &arguments);
    assert_eq!(tag, hex("750c783e6ab0b503eaa86e310a5db738"));
}

fn pbkdf2(
    hash: &str,
    password: &str,
    iterations: u32,
    length: u32,
) -> Result<Value<'static>, String> {
    let arguments = [
        Value::from(hash),
        Value::from(password.as_bytes()),
        Value::from(&b"salt"[..]),
        number(iterations),
        number(length),
    ];
    Caller::new().try_crypto("pbkdf2", &arguments)
}

#[test]
fn pbkdf2_is_rfc_6070_s_and_bounded() {
    let wanted = hex("4b007901b765489abead49d926f721d065a429c1");
    assert_eq!(pbkdf2("SHA-1", "password", 4096, 20), Ok(wanted));
    // RFC 7914, section 11.
    let wanted = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                  49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783";
    assert_eq!(pbkdf2("SHA-256", "passwd", 1, 64), Ok(hex(wanted)));
    assert_eq!(pbkdf2("SHA-512", "", 1, 0), Ok(hex("")));
    let refused = pbkdf2("SHA-256", "a", u32::MAX, 1 << 20);
    assert!(refused.is_err_and(|error| error.contains("fewer iterations")));
}

fn scrypt(
    password: &str,
    salt: &str,
    cost: [u32; 3],
    length: u32,
) -> Result<Value<'static>, String> {
    let arguments = [
        Value::from(password.as_bytes()),
        Value::from(salt.as_bytes()),
        number(cost[0]),
        number(cost[1]),
        number(cost[2]),
        number(length),
    ];
    Caller::new().try_crypto("scrypt", &arguments)
}

#[test]
fn scrypt_is_rfc_7914_s_and_bounded() {
    let wanted = "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442\
                  fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906";
    assert_eq!(scrypt("", "", [16, 1, 1], 64), Ok(hex(wanted)));
    let wanted = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162\
                  2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    assert_eq!(
        scrypt("password", "NaCl", [1024, 8, 16], 64),
        Ok(hex(wanted))
    );
    assert_eq!(scrypt("", "", [16, 1, 1], 0), Ok(hex("")));
    for cost in [
        [1 << 31, 8, 1],
        [16, u32::MAX, 1],
        [16, 1, u32::MAX],
        [1 << 31, u32::MAX, u32::MAX],
    ] {
        assert!(scrypt("", "", cost, 64).is_err_and(|error| error.contains("lower N, r or p")));
    }
    assert!(scrypt("", "", [17, 1, 1], 64).is_err_and(|error| error.contains("power of two")));
}
