//! Encodings, whole and in pieces.

use host_web::{Function, Value};

use crate::caller::{Caller, next, text};

fn decode(caller: &mut Caller, label: &str, bytes: &[u8], fatal: bool) -> Option<String> {
    let arguments = [Value::from(label), Value::from(bytes), Value::Bool(fatal)];
    match caller.call(Function::Decode, &arguments) {
        Value::Null => None,
        other => Some(text(other)),
    }
}

/// Encoding, bytes, text: of the Encoding Standard's indexes.
const KNOWN: [(&str, &[u8], &str); 14] = [
    ("utf-8", b"gr\xc3\xbc\xc3\x9fe \xf0\x9f\x98\x80", "grüße 😀"),
    ("utf-8", b"\xef\xbb\xbfa", "\u{feff}a"),
    ("utf-16le", b"a\0=\xd8\0\xde", "a😀"),
    ("utf-16be", b"\xfe\xff\0a", "\u{feff}a"),
    ("windows-1252", b"\x80\x81\x9f\xff", "€\u{81}Ÿÿ"),
    ("shift_jis", b"\x82\xa0\xb1", "あｱ"),
    ("euc-jp", b"\xa4\xa2", "あ"),
    ("iso-2022-jp", b"\x1b$B$\"\x1b(B", "あ"),
    ("gb18030", b"\xc4\xe3\x81\x30\x81\x30", "你\u{80}"),
    ("gbk", b"\xc4\xe3", "你"),
    ("big5", b"\xa7\x41", "你"),
    ("euc-kr", b"\xb0\xa1", "가"),
    ("koi8-r", b"\xc1", "а"),
    ("x-user-defined", b"a\x80\xff", "a\u{f780}\u{f7ff}"),
];

#[test]
fn known_texts_whole_and_byte_by_byte() {
    let mut caller = Caller::new();
    for (label, bytes, wanted) in KNOWN {
        for fatal in [false, true] {
            let whole = decode(&mut caller, label, bytes, fatal);
            assert_eq!(whole.as_deref(), Some(wanted), "{label}");
            let arguments = [Value::from(label), Value::Bool(fatal)];
            let handle = caller.call(Function::NewDecoder, &arguments);
            // Twice: after the last piece it is as new.
            for _ in 0..2 {
                let mut joined = String::new();
                for byte in bytes {
                    let piece = Value::from(vec![*byte]);
                    let arguments = [handle.clone(), piece, Value::Bool(false)];
                    joined += &text(caller.call(Function::PushDecoder, &arguments));
                }
                let last = [handle.clone(), Value::from(vec![]), Value::Bool(true)];
                joined += &text(caller.call(Function::PushDecoder, &last));
                assert_eq!(joined, wanted, "{label}");
            }
            caller.call(Function::DropDecoder, &[handle]);
        }
    }
}

#[test]
fn bad_input_is_replaced_or_refused() {
    let mut caller = Caller::new();
    for (label, bytes, wanted) in [
        ("utf-8", &b"\xffa"[..], "\u{fffd}a"),
        ("utf-8", b"\xe2\x82", "\u{fffd}"),
        ("utf-8", b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        ("utf-16le", b"\0\xd8", "\u{fffd}"),
        ("utf-16le", b"a", "\u{fffd}"),
        ("shift_jis", b"\x82", "\u{fffd}"),
    ] {
        assert_eq!(
            decode(&mut caller, label, bytes, false).as_deref(),
            Some(wanted)
        );
        assert_eq!(decode(&mut caller, label, bytes, true), None);
    }
    let arguments = [Value::from("utf-8"), Value::Bool(true)];
    let handle = caller.call(Function::NewDecoder, &arguments);
    let mut push = |bytes: &[u8], last| {
        let arguments = [
            handle.clone(),
            Value::from(bytes.to_vec()),
            Value::Bool(last),
        ];
        caller.try_call(Function::PushDecoder, &arguments)
    };
    assert_eq!(push(b"\xe2\x82", false), Ok(Value::from("")));
    assert_eq!(push(b"", true), Ok(Value::Null));
    assert_eq!(push(b"\xac", false), Ok(Value::Null));
    assert_eq!(push(b"a", false), Ok(Value::from("a")));
    assert_eq!(push(b"\xe2", false), Ok(Value::from("")));
    assert_eq!(push(b"\x82\xac", true), Ok(Value::from("€")));
}

#[test]
fn labels_have_their_names() {
    let mut caller = Caller::new();
    for (label, wanted) in [
        ("utf8", Some("utf-8")),
        (" UTF-8\n", Some("utf-8")),
        ("latin1", Some("windows-1252")),
        ("utf-16", Some("utf-16le")),
        ("unicodefffe", Some("utf-16be")),
        ("sjis", Some("shift_jis")),
        ("gb2312", Some("gbk")),
        ("x-user-defined", Some("x-user-defined")),
        ("iso-8859-8-i", Some("iso-8859-8-i")),
        ("replacement", None),
        ("iso-2022-kr", None),
        ("", None),
        ("utf-8\0", None),
        ("\u{a0}utf-8", None),
    ] {
        let name = caller.call(Function::EncodingName, &[Value::from(label)]);
        assert_eq!(name, wanted.map_or(Value::Null, Value::from), "{label:?}");
    }
}

#[test]
fn pieces_give_what_the_whole_gives() {
    let mut caller = Caller::new();
    let mut state = 7;
    for (label, ..) in KNOWN {
        for round in 0..200 {
            let length = next(&mut state) % 60;
            let bytes: Vec<u8> = (0..length).map(|_| (next(&mut state) >> 7) as u8).collect();
            let fatal = round % 2 == 1;
            let whole = decode(&mut caller, label, &bytes, fatal);
            let arguments = [Value::from(label), Value::Bool(fatal)];
            let handle = caller.call(Function::NewDecoder, &arguments);
            let mut joined = Some(String::new());
            let mut rest = &bytes[..];
            while joined.is_some() {
                let (piece, after) = rest.split_at(rest.len().min(next(&mut state) as usize % 5));
                let is_last = after.is_empty() && next(&mut state).is_multiple_of(2);
                rest = after;
                let arguments = [handle.clone(), Value::from(piece), Value::Bool(is_last)];
                joined = match caller.call(Function::PushDecoder, &arguments) {
                    Value::Null => None,
                    more => joined.map(|text_before| text_before + &text(more)),
                };
                if is_last {
                    break;
                }
            }
            assert_eq!(joined, whole, "{label} {bytes:x?}");
            caller.call(Function::DropDecoder, &[handle]);
        }
    }
}
