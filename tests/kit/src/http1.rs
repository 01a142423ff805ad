//! Answers of HTTP/1.1 as they come over a socket, for tests that look at the bytes.
//!
//! A server may send a body in chunks or with its length, as it has come by then: both are the same answer (RFC 9112, 7.1).

use std::io::Read;

/// Reads to the end of the connection: the head of the answer, and its body without the frames of chunks.
///
/// # Panics
/// When what came is no answer.
pub fn read_answer(stream: &mut impl Read) -> (String, String) {
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, and its end");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let body = match head.to_lowercase().contains("transfer-encoding: chunked") {
        true => unchunked(body),
        false => body.to_owned(),
    };
    (head.to_owned(), body)
}

/// The body that these chunks are, as far as it came: an answer may be cut off.
///
/// # Panics
/// When what came is not framed as chunks are.
pub fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        body.push_str(&behind[..size.min(behind.len())]);
        rest = match behind.get(size..).unwrap_or_default() {
            "" => return body,
            end => end.strip_prefix("\r\n").expect("the end of a chunk"),
        };
        if size == 0 {
            return body;
        }
    }
    body
}
