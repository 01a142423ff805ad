//! Arguments that no prelude would give: a program may have broken the prelude's own objects. Each is answered by a value or
//! by a sentence, never by a panic.

use host_web::{Function, Value, Web};

use crate::caller::{Caller, next};

/// Operations, and the kinds of their arguments: bytes, numbers, texts. The last is not tried with good arguments here: it
/// takes long, and is tested elsewhere.
const OPERATIONS: [(&str, &str); 28] = [
    ("aes-ctr", "bbnb"),
    ("aes-cbc-encrypt", "bbb"),
    ("aes-cbc-decrypt", "bbb"),
    ("aes-gcm-encrypt", "bbbnb"),
    ("aes-gcm-decrypt", "bbbnb"),
    ("aes-kw-wrap", "bb"),
    ("aes-kw-unwrap", "bb"),
    ("hkdf", "tbbbn"),
    ("pbkdf2", "tbbnn"),
    ("scrypt", "bbnnnn"),
    ("rsa-pkcs1-sign", "tbb"),
    ("rsa-pkcs1-verify", "tbbb"),
    ("rsa-pss-sign", "tbnb"),
    ("rsa-pss-verify", "tbnbb"),
    ("rsa-oaep-encrypt", "tbbb"),
    ("rsa-oaep-decrypt", "tbbb"),
    ("ec-generate", "t"),
    ("ec-public", "tb"),
    ("ec-point", "tb"),
    ("ecdsa-sign", "ttbb"),
    ("ecdsa-verify", "ttbbb"),
    ("ecdh", "tbb"),
    ("ed25519-public", "b"),
    ("ed25519-sign", "bb"),
    ("ed25519-verify", "bbb"),
    ("x25519-public", "b"),
    ("x25519", "bb"),
    ("rsa-generate", "nb"),
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

fn of_kind(kind: char, state: &mut u64) -> Value<'static> {
    loop {
        let value = random(state, 2);
        let found = match &value {
            Value::Bytes(_) => 'b',
            Value::Number(_) => 'n',
            Value::Text(_) => 't',
            _ => continue,
        };
        if found == kind {
            return value;
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
    eprintln!("LLY_SEED={state}");
    let pure: Vec<_> = Function::ALL.iter().filter(|one| one.is_pure()).collect();
    let mut refused = 0;
    for round in 0..60_000 {
        // Every other one is an operation.
        let function = [*pure[round / 2 % pure.len()], Function::Crypto][round % 2];
        let mut arguments = Vec::new();
        if function == Function::Crypto {
            let (operation, kinds) = OPERATIONS[next(&mut state) as usize % (OPERATIONS.len() - 1)];
            arguments.push(Value::from(operation));
            if !next(&mut state).is_multiple_of(4) {
                arguments.extend(kinds.chars().map(|kind| of_kind(kind, &mut state)));
            }
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

/// What URLs are made of, and what they are not.
const PIECES: [&str; 44] = [
    "http",
    "https",
    "file",
    "ws",
    "blob",
    "non-spec",
    "javascript",
    ":",
    "/",
    "//",
    "\\",
    ".",
    "..",
    "%2e",
    "?",
    "#",
    "@",
    ":80",
    ":99999",
    "[::1]",
    "[",
    "]",
    "127.1",
    "0x7f",
    "256",
    "a",
    "B",
    "xn--",
    "xn--a",
    "ß",
    "\u{ad}",
    "\u{3002}",
    "C:",
    "C|",
    "|",
    " ",
    "\t",
    "\n",
    "%",
    "%zz",
    "%00",
    "😀",
    "\0",
    "localhost",
];

#[test]
fn urls_of_odd_pieces_are_answered() {
    let mut caller = Caller::new();
    let mut state = 11;
    let piece = |state: &mut u64| {
        let count = next(state) % 7;
        (0..count)
            .map(|_| PIECES[next(state) as usize % PIECES.len()])
            .collect::<String>()
    };
    let parts = [
        "href", "protocol", "username", "password", "host", "hostname", "port", "pathname",
        "search", "hash",
    ];
    let mut parsed = 0;
    for _ in 0..60_000 {
        let base = if next(&mut state).is_multiple_of(3) {
            Value::from(format!(
                "{}:{}",
                PIECES[next(&mut state) as usize % 7],
                piece(&mut state)
            ))
        } else {
            Value::Undefined
        };
        let text = format!(
            "{}:{}",
            PIECES[next(&mut state) as usize % 7],
            piece(&mut state)
        );
        let text = if base == Value::Undefined {
            text
        } else {
            piece(&mut state)
        };
        let mut url = caller.call(Function::ParseUrl, &[Value::from(text), base]);
        for part in parts
            .iter()
            .cycle()
            .skip(next(&mut state) as usize % 10)
            .take(4)
        {
            let Value::List(found) = &url else { break };
            parsed += 1;
            let again = caller.call(Function::ParseUrl, &[found[0].clone(), Value::Undefined]);
            assert_eq!(again, url, "{part}");
            let arguments = [
                found[0].clone(),
                Value::from(*part),
                Value::from(piece(&mut state)),
            ];
            url = caller.call(Function::SetUrl, &arguments);
        }
    }
    assert!(parsed > 10_000);
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
    for (operation, _) in OPERATIONS {
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
    let hash = Value::from("SHA-1");
    let key = Caller::new().crypto("rsa-generate", &[Value::from(512.0), Value::from(vec![3])]);
    let data = Value::from(vec![1; 64]);
    for arguments in [
        vec![Value::from("ec-generate"), Value::from("P-256")],
        vec![
            Value::from("rsa-generate"),
            Value::from(512.0),
            Value::from(vec![3]),
        ],
        vec![
            Value::from("rsa-pkcs1-sign"),
            hash.clone(),
            key.clone(),
            data.clone(),
        ],
        vec![
            Value::from("rsa-pss-sign"),
            hash.clone(),
            key.clone(),
            Value::from(8.0),
            data.clone(),
        ],
        vec![
            Value::from("rsa-oaep-decrypt"),
            hash,
            key,
            Value::from(vec![]),
            data,
        ],
    ] {
        let answer = web.answer(Function::Crypto, &arguments).expect("an answer");
        assert!(
            answer.is_err_and(|error| error.contains("random")),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_instance_may_move_between_threads() {
    fn moves<T: Send + 'static>() {}
    fn is_shared<T: Send + Sync + 'static>() {}
    moves::<Web>();
    is_shared::<host_web::Maps>();
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
