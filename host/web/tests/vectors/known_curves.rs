//! Curves and RSA: RFC 6979, 8032 and 7748, and keys that are made here.

use host_web::Value;

use crate::caller::{Caller, bytes, hex, number, unhex};

/// RFC 6979, appendix A.2: curve, scalar, hash and the signature of "sample".
const SIGNED: [(&str, &str, &str, &str); 6] = [
    (
        "P-256",
        "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        "SHA-256",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716\
         F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        "P-384",
        "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
        "SHA-384",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46\
         99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
    ),
    (
        "P-521",
        SCALAR_521,
        "SHA-512",
        "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B53\
         4931D7D4E8455CC91F9B15BF05EC36E377FA\
         00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF077\
         7B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
    ),
    (
        "P-256",
        "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        "SHA-1",
        "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32\
         6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB",
    ),
    (
        "P-521",
        SCALAR_521,
        "SHA-1",
        "00343B6EC45728975EA5CBA6659BBB6062A5FF89EEA58BE3C80B619F322C87910FE092F7D45BB0F8EEE01ED3F20BABEC\
         079D202AE677B243AB40B5431D497C55D75D\
         00E7B0E675A9B24413D448B8CC119D2BF7B2D2DF032741C096634D6D65D0DBE3D5694625FB9E8104D3B842C1B0E2D0B9\
         8BEA19341E8676AEF66AE4EBA3D5475D5D16",
    ),
    (
        "P-521",
        SCALAR_521,
        "SHA-256",
        "01511BB4D675114FE266FC4372B87682BAECC01D3CC62CF2303C92B3526012659D16876E25C7C1E57648F23B73564D67\
         F61C6F14D527D54972810421E7D87589E1A7\
         004A171143A83163D6DF460AAF61522695F207A58B95C0644D87E52AA1A347916E4F7A72930B1BC06DBE22CE3F58264A\
         FD23704CBB63B29B931F7DE6C9D949A7ECFC",
    ),
];
const SCALAR_521: &str = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C\
                          70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";

fn sample() -> Value<'static> {
    Value::from(&b"sample"[..])
}

#[test]
fn signatures_are_rfc_6979_s() {
    let mut caller = Caller::new();
    for (at, (curve, scalar, hash, wanted)) in SIGNED.into_iter().enumerate() {
        let (curve, hash) = (Value::from(curve), Value::from(hash));
        let point = caller.crypto("ec-public", &[curve.clone(), hex(scalar)]);
        let mut signature = unhex(wanted);
        let arguments = [curve.clone(), hash.clone(), hex(scalar), sample()];
        let signed = caller.crypto("ecdsa-sign", &arguments);
        // The crate draws its secret number with the curve's own hash: only there it is the one of the RFC.
        if at < 3 {
            assert_eq!(signed, hex(wanted), "{curve:?} {hash:?}");
        }
        for (signature, is_good) in [
            (bytes(signed), true),
            (signature.clone(), true),
            (
                {
                    signature[40] ^= 1;
                    signature
                },
                false,
            ),
        ] {
            let signature = Value::from(signature);
            let arguments = [
                curve.clone(),
                hash.clone(),
                point.clone(),
                signature,
                sample(),
            ];
            assert_eq!(
                caller.crypto("ecdsa-verify", &arguments),
                Value::Bool(is_good)
            );
        }
    }
}

#[test]
fn keys_that_are_made_agree_and_sign() {
    let mut caller = Caller::new();
    for (curve, length) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
        let name = Value::from(curve);
        let [one, two] =
            [(); 2].map(|()| caller.crypto("ec-generate", std::slice::from_ref(&name)));
        assert_ne!(one, two);
        assert_eq!(bytes(one.clone()).len(), length);
        let [one_point, two_point] =
            [&one, &two].map(|key| caller.crypto("ec-public", &[name.clone(), key.clone()]));
        let shared = caller.crypto("ecdh", &[name.clone(), one, two_point]);
        assert_eq!(
            shared,
            caller.crypto("ecdh", &[name.clone(), two, one_point.clone()])
        );
        assert_eq!(bytes(shared).len(), length);
        // A compressed point comes back whole; the point at infinity and points off the curve do not.
        let mut point = bytes(one_point.clone());
        let compressed = [&[2 + point[2 * length] % 2], &point[1..=length]].concat();
        let found = caller.crypto("ec-point", &[name.clone(), Value::from(compressed.clone())]);
        assert_eq!(found, one_point);
        point[2 * length] ^= 1;
        let compact = [&[5], &compressed[1..]].concat();
        for broken in [vec![], vec![0], point, compressed[1..].to_vec(), compact] {
            let found = caller.crypto("ec-point", &[name.clone(), Value::from(broken)]);
            assert_eq!(found, Value::Null);
        }
        for scalar in [vec![0; length], vec![0xff; length]] {
            let found = caller.crypto("ec-public", &[name.clone(), Value::from(scalar)]);
            assert_eq!(found, Value::Null);
        }
    }
}

#[test]
fn ed25519_is_rfc_8032_s() {
    let mut caller = Caller::new();
    // Section 7.1, tests 1 and 2.
    for (seed, point, data, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b\
             d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c\
             387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ] {
        assert_eq!(caller.crypto("ed25519-public", &[hex(seed)]), hex(point));
        assert_eq!(
            caller.crypto("ed25519-sign", &[hex(seed), hex(data)]),
            hex(signature)
        );
        let arguments = [hex(point), hex(signature), hex(data)];
        assert_eq!(
            caller.crypto("ed25519-verify", &arguments),
            Value::Bool(true)
        );
    }
    // y = p + 1 is y = 1 written otherwise: no point by section 5.1.3.
    let point = hex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    let identity = format!("01{}", "00".repeat(63));
    let arguments = [point, hex(&identity), hex("")];
    assert_eq!(
        caller.crypto("ed25519-verify", &arguments),
        Value::Bool(false)
    );
}

#[test]
fn x25519_is_rfc_7748_s() {
    let mut caller = Caller::new();
    // Section 6.1.
    let alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    let bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    let point = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_eq!(
        caller.crypto("x25519-public", std::slice::from_ref(&alice)),
        point
    );
    let shared = caller.crypto("x25519", &[bob.clone(), point]);
    assert_eq!(
        shared,
        hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")
    );
    let theirs = caller.crypto("x25519-public", &[bob]);
    assert_eq!(
        theirs,
        hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    );
    // A point of small order gives zeros.
    let zeros = Value::from(vec![0; 32]);
    assert_eq!(caller.crypto("x25519", &[alice, zeros.clone()]), zeros);
}
