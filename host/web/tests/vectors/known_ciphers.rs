//! AES against NIST SP 800-38A and RFC 3394, and what Wycheproof's vectors leave out.

use host_web::Value;

use crate::caller::{Caller, bytes, hex, number, unhex};

const KEY: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
                     30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

#[test]
fn counter_mode_is_sp_800_38a_s() {
    let arguments = [
        hex(KEY),
        hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
        number(64),
        hex(PLAIN),
    ];
    let wanted = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff\
                  5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";
    assert_eq!(Caller::new().crypto("aes-ctr", &arguments), hex(wanted));
}

/// One block by CBC with an iv of zeros: the cipher alone.
fn block(caller: &mut Caller, key: &str, counter: u128) -> Vec<u8> {
    let counter = Value::from(counter.to_be_bytes().to_vec());
    let mut sealed = bytes(caller.crypto(
        "aes-cbc-encrypt",
        &[hex(key), Value::from(vec![0; 16]), counter],
    ));
    sealed.truncate(16);
    sealed
}

#[test]
fn only_the_last_bits_count_and_wrap() {
    let mut caller = Caller::new();
    for key in [KEY, &KEY.repeat(2)[..48], &KEY.repeat(2)] {
        for bits in [1_u32, 2, 3, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128] {
            let mask = u128::MAX >> (128 - bits);
            for start in [
                u128::MAX,
                0,
                u128::MAX - 1,
                0x1234_5678 << 64 | u128::from(u64::MAX),
            ] {
                let blocks = if bits < 3 { 1 << bits } else { 5 };
                let mut stream = Vec::new();
                let mut counter = start;
                for _ in 0..blocks {
                    stream.extend(block(&mut caller, key, counter));
                    counter = (counter & !mask) | (counter.wrapping_add(1) & mask);
                }
                stream.pop();
                let arguments = [
                    hex(key),
                    Value::from(start.to_be_bytes().to_vec()),
                    number(bits),
                    Value::from(vec![0; stream.len()]),
                ];
                assert_eq!(
                    caller.crypto("aes-ctr", &arguments),
                    Value::from(stream),
                    "{bits}"
                );
            }
        }
    }
    let arguments = [
        hex(KEY),
        Value::from(vec![0; 16]),
        number(1),
        Value::from(vec![0; 33]),
    ];
    assert!(caller.try_crypto("aes-ctr", &arguments).is_err());
}

#[test]
fn chaining_is_sp_800_38a_s() {
    let mut caller = Caller::new();
    let iv = hex("000102030405060708090a0b0c0d0e0f");
    let wanted = unhex(
        "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
         73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    );
    let sealed = bytes(caller.crypto("aes-cbc-encrypt", &[hex(KEY), iv.clone(), hex(PLAIN)]));
    assert_eq!(sealed[..64], wanted);
    let opened = caller.crypto(
        "aes-cbc-decrypt",
        &[hex(KEY), iv.clone(), Value::from(sealed)],
    );
    assert_eq!(opened, hex(PLAIN));
    for broken in [&wanted[..], &wanted[..15], &[]] {
        let arguments = [hex(KEY), iv.clone(), Value::from(broken)];
        assert_eq!(caller.crypto("aes-cbc-decrypt", &arguments), Value::Null);
    }
}

#[test]
fn key_wrap_is_rfc_3394_s() {
    let mut caller = Caller::new();
    // Section 4.6: 256 bits of data with a key of 256 bits.
    let key = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    let data = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
    let wrapped =
        hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
    assert_eq!(
        caller.crypto("aes-kw-wrap", &[key.clone(), data.clone()]),
        wrapped
    );
    assert_eq!(
        caller.crypto("aes-kw-unwrap", &[key.clone(), wrapped]),
        data
    );
    for length in [0, 8, 17, 20] {
        let arguments = [key.clone(), Value::from(vec![0; length])];
        assert!(caller.try_crypto("aes-kw-wrap", &arguments).is_err());
        assert_eq!(caller.crypto("aes-kw-unwrap", &arguments), Value::Null);
    }
}

#[test]
fn short_tags_are_beginnings_of_the_long_one() {
    let mut caller = Caller::new();
    for iv in ["00", "000102030405060708090a0b", &"ab".repeat(100)] {
        let mut with = |operation: &str, tag: u32, data: Vec<u8>| {
            let arguments = [
                hex(KEY),
                hex(iv),
                hex("0102"),
                number(tag),
                Value::from(data),
            ];
            caller.crypto(operation, &arguments)
        };
        let plain = unhex(PLAIN);
        let whole = bytes(with("aes-gcm-encrypt", 16, plain.clone()));
        for tag in [4, 8, 12, 13, 14, 15, 16] {
            let mut sealed = whole[..plain.len() + tag as usize].to_vec();
            assert_eq!(bytes(with("aes-gcm-encrypt", tag, plain.clone())), sealed);
            let opened = with("aes-gcm-decrypt", tag, sealed.clone());
            assert_eq!(opened, Value::from(plain.clone()));
            sealed[3] ^= 1;
            assert_eq!(with("aes-gcm-decrypt", tag, sealed), Value::Null);
        }
    }
}
