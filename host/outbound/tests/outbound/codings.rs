//! Content codings: what comes out is what went in, and what is broken says so.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use host_web::Function;
use std::io::Write;

use crate::program::{Ask, Program};
use crate::servers::{Server, answer, pieces, serve, with_body};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Answers with these bytes, in pieces of so many.
async fn server(coding: &'static str, bytes: Vec<u8>, piece: usize) -> Server {
    serve(move |_| {
        let chunks: Vec<Bytes> = bytes.chunks(piece).map(Bytes::copy_from_slice).collect();
        let headers = [("content-encoding", coding), ("x-other", "kept")];
        async move { with_body(200, &headers, pieces(futures_util::stream::iter(chunks))) }
    })
    .await
}

async fn decoded(coding: &'static str, bytes: &[u8], piece: usize) -> Result<Vec<u8>, String> {
    let server = server(coding, bytes.to_vec(), piece).await;
    let mut program = Program::new();
    let id = program.fetch(&Ask::get(&server.url("/")));
    let head = program.head(id).await;
    assert_eq!(head.header("content-encoding"), None);
    assert_eq!(head.header("content-length"), None);
    assert_eq!(head.header("x-other"), Some("kept"));
    program.body(id).await
}

/// Text that does not fit one chunk, and packs to a few KiB.
fn text() -> Vec<u8> {
    (0..60_000)
        .flat_map(|at| format!("line {at}\n").into_bytes())
        .collect()
}

#[tokio::test]
async fn every_coding_in_pieces_of_every_size() {
    let text = text();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    let zlib = zlib.finish().unwrap();
    let mut naked = DeflateEncoder::new(Vec::new(), Compression::default());
    naked.write_all(&text).unwrap();
    let naked = naked.finish().unwrap();
    let cases = [
        ("gzip", gzip(&text)),
        ("X-GZIP", gzip(&text)),
        ("deflate", zlib),
        ("deflate", naked),
        ("gzip, gzip", gzip(&gzip(&text))),
    ];
    for (coding, bytes) in cases {
        for piece in [7, 1000, usize::MAX] {
            assert!(
                decoded(coding, &bytes, piece).await.unwrap() == text,
                "{coding} {piece}"
            );
        }
    }
}

#[tokio::test]
async fn brotli() {
    let packed = [
        0x1b, 0x16, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0x96, 0x6c, 0x20, 0x6f,
        0x21, 0x4f, 0x1c, 0xe0, 0x38,
    ];
    for piece in [1, 100] {
        let text = decoded("br", &packed, piece).await.unwrap();
        assert_eq!(text, b"hello hello hello hello");
    }
    assert!(decoded("br", &packed[..10], 100).await.is_err());
}

#[tokio::test]
async fn members_of_gzip_follow_each_other_and_rubbish_is_left() {
    let two = [gzip(b"one "), gzip(b"two")].concat();
    for piece in [1, 23, 24, 25, 100] {
        assert_eq!(decoded("gzip", &two, piece).await.unwrap(), b"one two");
    }
    let padded = [gzip(b"one"), vec![0; 100]].concat();
    assert_eq!(decoded("gzip", &padded, 10).await.unwrap(), b"one");
    assert_eq!(decoded("gzip", b"", 10).await.unwrap(), b"");
    // All that a header may have.
    let mut full = vec![
        0x1f,
        0x8b,
        8,
        2 + 4 + 8 + 16,
        0,
        0,
        0,
        0,
        0,
        3,
        2,
        0,
        b'e',
        b'x',
    ];
    full.extend(b"name\0comment\0\x12\x34");
    full.extend(&gzip(b"one")[10..]);
    for piece in [1, 100] {
        assert_eq!(decoded("gzip", &full, piece).await.unwrap(), b"one");
    }
}

#[tokio::test]
async fn what_is_broken_says_so() {
    let whole = gzip(&text());
    let mut wrong_sum = whole.clone();
    let sum = wrong_sum.len() - 8;
    wrong_sum[sum] ^= 1;
    let mut endless_name = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
    endless_name.extend([b'a'; 70_000]);
    let cases = [
        ("gzip", b"not gzip at all".to_vec(), "is not gzip"),
        ("gzip", whole[..whole.len() - 1].to_vec(), "ends too early"),
        ("gzip", whole[..5].to_vec(), "ends too early"),
        ("gzip", wrong_sum, "checksum"),
        ("gzip", endless_name, "is not gzip"),
        ("deflate", vec![0xff; 100], "not well coded"),
        ("deflate", b"\x78\x9c".to_vec(), "ends too early"),
        ("br", vec![0xff; 100], "not well coded"),
    ];
    for (coding, bytes, expected) in cases {
        let message = decoded(coding, &bytes, 1000).await.unwrap_err();
        assert!(message.contains(expected), "{coding}: {message}");
    }
}

#[tokio::test]
async fn unknown_codings_are_left_to_the_program() {
    for coding in ["zstd", "gzip, zstd", "gzip,gzip,gzip,gzip,gzip"] {
        let server = server(coding, b"as it is".to_vec(), 100).await;
        let (head, body) = Program::new().get(&Ask::get(&server.url("/"))).await;
        assert_eq!(head.header("content-encoding"), Some(coding));
        assert_eq!(body, "as it is");
    }
    let plain = serve(|_| async { answer(200, &[("content-encoding", "identity")], "x") }).await;
    let (_, body) = Program::new().get(&Ask::get(&plain.url("/"))).await;
    assert_eq!(body, "x");
}

#[tokio::test]
async fn a_bomb_is_decoded_no_further_than_it_is_pulled() {
    // 64 MiB of zeros.
    let packed = "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500\
                  baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffcbffff3ffc1300715800a07bff07";
    let digits: Vec<char> = packed.chars().filter(char::is_ascii_hexdigit).collect();
    let digit = |one: char| one.to_digit(16).unwrap() as u8;
    let packed = digits
        .chunks(2)
        .map(|two| digit(two[0]) << 4 | digit(two[1]))
        .collect();
    let server = server("br", packed, 10).await;
    let mut program = Program::new();
    let id = program.fetch(&Ask::get(&server.url("/")));
    program.head(id).await;
    for _ in 0..10 {
        let chunk = program.pull(id).await.unwrap().unwrap();
        assert!(chunk.len() <= 64 << 10 && chunk.iter().all(|byte| *byte == 0));
    }
    program.call(Function::Drop, id, &[]);
    assert!(program.next_now().is_none());
}
