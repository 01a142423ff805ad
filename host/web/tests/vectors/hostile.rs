//! Arguments that no prelude would give: a program may have broken the prelude's own objects. Each is answered by a value or
//! by a sentence, never by a panic.

use host_web::{Function, Value, Web};

use crate::caller::{Caller, next};

const OPERATIONS: [&str; 29] = [
    "aes-ctr",
    "aes-cbc-encrypt",
    "aes-cbc-decrypt",
    "aes-gcm-encrypt",
    "aes-gcm-decrypt",
    "aes-kw-wrap",
    "aes-kw-unwrap",
    "hkdf",
    "pbkdf2",
    "scrypt",
    "rsa-pkcs1-sign",
    "rsa-pkcs1-verify",
    "rsa-pss-sign",
    "rsa-pss-verify",
    "rsa-oaep-encrypt",
    "rsa-oaep-decrypt",
    "ec-generate",
    "ec-public",
    "ec-point",
    "ecdsa-sign",
    "ecdsa-verify",
    "ecdh",
    "ed25519-public",
    "ed25519-sign",
    "ed25519-verify",
    "x25519-public",
    "x25519",
    "rsa-generate",
    "nothing",
];

const TEXTS: [&str; 22] = [
    "",
    "utf-8",
    "utf-16le",
    "iso-2022-jp",
    "gzip",
    "deflate",
    "deflate-raw",
    "SHA-1",
    "SHA-256",
    "SHA-384",
    "SHA-512",
    "MD5",
    "P-256",
    "P-384",
    "P-521",
    "http://a:b@c:1/d?e#f",
    "//[::1]:99999/..",
    "host",
    "href",
    "Europe/Berlin",
    "\0\u{10ffff}",
    "ß:",
];

const NUMBERS: [f64; 20] = [
    0.0,
    -0.0,
    1.0,
    2.0,
    8.0,
    12.0,
    16.0,
    20.0,
    128.0,
    512.0,
    -1.0,
    0.5,
    4_294_967_295.0,
    4_294_967_296.0,
    9_007_199_254_740_992.0,
    8.64e15,
    f64::MAX,
    f64::MIN,
    f64::NAN,
    f64::INFINITY,
];

const LENGTHS: [usize; 14] = [0, 1, 8, 12, 15, 16, 17, 24, 32, 33, 48, 65, 66, 200];

fn random(state: &mut u64, depth: usize) -> Value<'static> {
    let pick = |state: &mut u64, count: usize| next(state) as usize % count;
    match pick(state, 12) {
        0 => Value::Undefined,
        1 => Value::Null,
        2 | 3 => Value::Bool(next(state).is_multiple_of(2)),
        4 | 5 => Value::Number(NUMBERS[pick(state, NUMBERS.len())]),
        6 | 7 => Value::from(TEXTS[pick(state, TEXTS.len())]),
        8 if depth < 2 => {
            let count = pick(state, 4);
            Value::List((0..count).map(|_| random(state, depth + 1)).collect())
        }
        _ => {
            let length = LENGTHS[pick(state, LENGTHS.len())];
            let fill = next(state) as u8;
            let is_noise = next(state).is_multiple_of(2);
            let bytes = (0..length).map(|_| if is_noise { next(state) as u8 } else { fill });
            Value::from(bytes.collect::<Vec<_>>())
        }
    }
}

#[test]
fn nonsense_is_answered() {
    let mut caller = Caller::new();
    let seed = std::env::var("LLY_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let mut state = seed.unwrap_or(20_261_121);
    println!("LLY_SEED={state}");
    let pure: Vec<_> = Function::ALL.iter().filter(|one| one.is_pure()).collect();
    let mut refused = 0;
    for round in 0..40_000 {
        let function = *pure[round % pure.len()];
        let mut arguments = Vec::new();
        if function == Function::Crypto {
            // Making keys of RSA takes long, and its arguments are tested elsewhere: not with good ones here.
            let operation = OPERATIONS[next(&mut state) as usize % (OPERATIONS.len() - 2)];
            arguments.push(Value::from(operation));
        }
        for _ in 0..next(&mut state) % 7 {
            arguments.push(random(&mut state, 0));
        }
        if let Err(error) = caller.try_call(function, &arguments) {
            refused += 1;
            assert!(!error.is_empty() && error.len() < 300, "{error}");
        }
    }
    assert!(refused > 10_000, "{refused}");
}

#[test]
fn no_arguments_and_wrong_kinds_are_refused_in_a_sentence() {
    let mut caller = Caller::new();
    for function in Function::ALL.iter().filter(|one| one.is_pure()) {
        for arguments in [
            vec![],
            vec![Value::List(vec![]); 8],
            vec![Value::Undefined; 8],
        ] {
            let error = caller
                .try_call(*function, &arguments)
                .expect_err(function.name());
            assert!(error.contains(function.name()), "{error}");
        }
    }
    for operation in OPERATIONS {
        for arguments in [vec![], vec![Value::List(vec![]); 8]] {
            let error = caller
                .try_crypto(operation, &arguments)
                .expect_err(operation);
            assert!(error.contains(operation), "{error}");
        }
    }
}

#[test]
fn what_needs_the_machine_is_not_answered() {
    let mut web = Web::new(Box::new(|bytes| bytes.fill(0)));
    for function in Function::ALL {
        let is_answered = web.answer(*function, &[]).is_some();
        assert_eq!(is_answered, function.is_pure(), "{function:?}");
    }
}

#[test]
fn random_numbers_that_are_none_end_in_a_sentence() {
    let mut web = Web::new(Box::new(|bytes| bytes.fill(0)));
    let arguments = ["ec-generate", "P-256"].map(Value::from);
    let answer = web.answer(Function::Crypto, &arguments).expect("an answer");
    assert!(answer.is_err_and(|error| error.contains("random")));
}

#[test]
fn handles_of_nobody_are_refused() {
    let mut caller = Caller::new();
    let handle = caller.call(
        Function::NewDecoder,
        &[Value::from("utf-8"), Value::Bool(false)],
    );
    for handle in [
        Value::from(0.0),
        Value::from(99.0),
        Value::from(-1.0),
        Value::from(1.5),
    ] {
        let arguments = [handle, Value::from(vec![]), Value::Bool(true)];
        for function in [Function::PushDecoder, Function::PushZip] {
            assert!(caller.try_call(function, &arguments).is_err());
        }
    }
    for _ in 0..2 {
        caller.call(Function::DropDecoder, std::slice::from_ref(&handle));
    }
    let arguments = [handle, Value::from(vec![]), Value::Bool(true)];
    assert!(caller.try_call(Function::PushDecoder, &arguments).is_err());
}
