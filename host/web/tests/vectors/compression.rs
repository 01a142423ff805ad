//! Compression: round trips, what others have written, and what is broken.

use host_web::{Function, Value};

use crate::caller::{Caller, bytes, next, unhex};

const FORMATS: [&str; 3] = ["gzip", "deflate", "deflate-raw"];

fn open(caller: &mut Caller, format: &str, compress: bool) -> Value<'static> {
    caller.call(
        Function::Zip,
        &[
            Value::from(format.to_owned()),
            Value::Bool(compress),
            Value::Bool(false),
        ],
    )
}

fn push(
    caller: &mut Caller,
    zip: &Value<'static>,
    data: &[u8],
    last: bool,
) -> Result<Vec<u8>, String> {
    let arguments = [zip.clone(), Value::from(data), Value::Bool(last)];
    caller.try_call(Function::PushZip, &arguments).map(bytes)
}

/// In pieces of that many bytes.
fn run(
    caller: &mut Caller,
    format: &str,
    compress: bool,
    data: &[u8],
    step: usize,
) -> Result<Vec<u8>, String> {
    let zip = open(caller, format, compress);
    let mut output = Vec::new();
    let work = || {
        for piece in data.chunks(step) {
            output.extend(push(caller, &zip, piece, false)?);
        }
        output.extend(push(caller, &zip, &[], true)?);
        Ok(output)
    };
    let result = work();
    caller.call(Function::DropZip, &[zip]);
    result
}

fn samples() -> Vec<Vec<u8>> {
    let mut state = 3;
    let noise = (0..100_000).map(|_| next(&mut state) as u8).collect();
    let words = (0..20_000).flat_map(|at| format!("{} ", at % 777).into_bytes());
    vec![
        vec![],
        b"a".to_vec(),
        vec![0; 300_000],
        words.collect(),
        noise,
    ]
}

#[test]
fn what_is_compressed_comes_back() {
    let mut caller = Caller::new();
    for format in FORMATS {
        for data in samples() {
            let whole = run(&mut caller, format, true, &data, usize::MAX).expect("compressed");
            if data.len() == 300_000 {
                assert!(whole.len() < 1000, "{}", whole.len());
            }
            for step in [1000, 65_536] {
                let packed = run(&mut caller, format, true, &data, step).expect("compressed");
                assert_eq!(
                    run(&mut caller, format, false, &packed, step),
                    Ok(data.clone())
                );
            }
            for step in [1, 7, usize::MAX] {
                assert_eq!(
                    run(&mut caller, format, false, &whole, step).as_ref(),
                    Ok(&data)
                );
            }
            // Cut anywhere in its first and last bytes it is an error, and so with a byte more.
            let cuts = (0..whole.len().min(30)).chain(whole.len().saturating_sub(12)..whole.len());
            for cut in cuts {
                let error = run(&mut caller, format, false, &whole[..cut], usize::MAX);
                assert!(
                    error.is_err_and(|error| error.contains("cut off")),
                    "{format} {cut}"
                );
            }
            for step in [1, usize::MAX] {
                let longer = [&whole[..], &[0]].concat();
                let error = run(&mut caller, format, false, &longer, step);
                assert!(
                    error.is_err_and(|error| error.contains("after the end")),
                    "{format}"
                );
            }
        }
    }
}

#[test]
fn others_data_is_read() {
    let mut caller = Caller::new();
    // RFC 1951 by hand: one stored block. zlib and gzip around it.
    let stored = unhex("01 0500 faff 68656c6c6f");
    assert_eq!(
        run(&mut caller, "deflate-raw", false, &stored, 1),
        Ok(b"hello".to_vec())
    );
    let zlib = [unhex("7801"), stored.clone(), unhex("062c0215")].concat();
    assert_eq!(
        run(&mut caller, "deflate", false, &zlib, 1),
        Ok(b"hello".to_vec())
    );
    // With an extra field, a name and a comment; then with the check of the header too.
    let tail = unhex("86a61036 05000000");
    let head = unhex("1f8b081c000000000003 0300 616263 6e616d6500 6300");
    let gzip = [head, stored.clone(), tail.clone()].concat();
    for step in [1, 3, usize::MAX] {
        assert_eq!(
            run(&mut caller, "gzip", false, &gzip, step),
            Ok(b"hello".to_vec())
        );
    }
    let twice = [&gzip[..], &gzip].concat();
    let error = run(&mut caller, "gzip", false, &twice, usize::MAX);
    assert!(error.is_err_and(|error| error.contains("after the end")));
    let head = unhex("1f8b0802000000000003");
    let mut check = header_check(&head);
    let checked = [&head[..], &check, &stored, &tail].concat();
    assert_eq!(
        run(&mut caller, "gzip", false, &checked, 1),
        Ok(b"hello".to_vec())
    );
    check[0] ^= 1;
    let checked = [&head[..], &check, &stored, &tail].concat();
    let error = run(&mut caller, "gzip", false, &checked, 1);
    assert!(error.is_err_and(|error| error.contains("header")));
}

#[test]
fn who_is_lenient_reads_on_and_leaves_the_rest() {
    let mut caller = Caller::new();
    let member = unhex("1f8b0800000000000003 010500faff68656c6c6f 86a6103605000000");
    let raw = unhex("010500faff68656c6c6f");
    let mut read = |format: &str, data: &[u8], step: usize| {
        let arguments = [
            Value::from(format.to_owned()),
            Value::Bool(false),
            Value::Bool(true),
        ];
        let zip = caller.call(Function::Zip, &arguments);
        let mut output = Vec::new();
        for piece in data.chunks(step) {
            output.extend(push(&mut caller, &zip, piece, false)?);
        }
        output.extend(push(&mut caller, &zip, &[], true)?);
        Ok::<_, String>(String::from_utf8(output).expect("text"))
    };
    for step in [1, 7, usize::MAX] {
        let two = [&member[..], &member].concat();
        assert_eq!(read("gzip", &two, step).expect("good data"), "hellohello");
        let cut = &two[..two.len() - 1];
        assert!(
            read("gzip", cut, step)
                .expect_err("bad data")
                .contains("cut off")
        );
        let other = [&member[..], b"something else"].concat();
        assert!(
            read("gzip", &other, step)
                .expect_err("bad data")
                .contains("not gzip")
        );
    }
    let filled = [&member[..], &[0; 9]].concat();
    assert_eq!(
        read("gzip", &filled, usize::MAX).expect("good data"),
        "hello"
    );
    let more = [&raw[..], b"more"].concat();
    assert_eq!(
        read("deflate-raw", &more, usize::MAX).expect("good data"),
        "hello"
    );
}

/// The low half of the CRC-32, as RFC 1952 checks a header.
fn header_check(head: &[u8]) -> [u8; 2] {
    let mut crc = u32::MAX;
    for byte in head {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    ((!crc) as u16).to_le_bytes()
}

#[test]
fn broken_data_is_refused_for_good() {
    let mut caller = Caller::new();
    for (format, data) in [
        ("gzip", "1f8b09"),
        ("gzip", "1f8b08ff000000000003"),
        ("gzip", "504b0304000000000000"),
        (
            "gzip",
            "1f8b0800000000000003 010500faff68656c6c6f 87a6103605000000",
        ),
        (
            "gzip",
            "1f8b0800000000000003 010500faff68656c6c6f 86a6103606000000",
        ),
        ("deflate", "7802"),
        ("deflate", "78bb 00000001"),
        ("deflate", "7801 010500faff68656c6c6f 062c0216"),
        ("deflate-raw", "07"),
        ("deflate-raw", "010500fbff68656c6c6f"),
    ] {
        for step in [1, usize::MAX] {
            let data = unhex(data);
            let error = run(&mut caller, format, false, &data, step);
            assert!(error.is_err(), "{format} {data:x?}");
        }
    }
    let zip = open(&mut caller, "deflate-raw", false);
    assert!(push(&mut caller, &zip, &[7], false).is_err());
    let again = push(&mut caller, &zip, &[1, 0, 0, 0xff, 0xff], true);
    assert!(again.is_err_and(|error| error.contains("failed before")));
    let zip = open(&mut caller, "gzip", true);
    assert!(push(&mut caller, &zip, b"a", true).is_ok());
    let again = push(&mut caller, &zip, b"a", true);
    assert!(again.is_err_and(|error| error.contains("has ended")));
}

#[test]
fn a_bomb_is_refused_and_may_come_in_pieces() {
    let mut caller = Caller::new();
    let zip = open(&mut caller, "gzip", true);
    let mut bomb = Vec::new();
    for _ in 0..80 {
        bomb.extend(push(&mut caller, &zip, &vec![0; 1 << 20], false).expect("compressed"));
    }
    bomb.extend(push(&mut caller, &zip, &[], true).expect("compressed"));
    assert!(bomb.len() < 100_000);
    let error = run(&mut caller, "gzip", false, &bomb, usize::MAX);
    assert!(error.is_err_and(|error| error.contains("64 MiB")));
    let zip = open(&mut caller, "gzip", false);
    let pieces = bomb.chunks(16 << 10);
    let sizes = pieces.map(|piece| push(&mut caller, &zip, piece, false).map(|made| made.len()));
    assert_eq!(sizes.sum::<Result<usize, _>>(), Ok(80 << 20));
    assert_eq!(push(&mut caller, &zip, &[], true), Ok(vec![]));
}

#[test]
fn the_open_ones_are_bounded() {
    let mut caller = Caller::new();
    let arguments = [Value::from("gzip"), Value::Bool(true)];
    let mut open = Vec::new();
    let error = loop {
        match caller.try_call(Function::Zip, &arguments) {
            Ok(handle) => open.push(handle),
            Err(error) => break error,
        }
        assert!(open.len() < 1000);
    };
    assert!(error.contains("too many"), "{error}");
    assert!(open.len() > 100);
    caller.call(Function::DropZip, &open[..1]);
    assert!(caller.try_call(Function::Zip, &arguments).is_ok());
}
