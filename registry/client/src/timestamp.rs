//! A timestamp authority: when a signature was made, by another witness than the log (RFC 3161).

use crate::http::{Http, HttpError};
use lly_brick::Digest;
use ring::rand::{SecureRandom as _, SystemRandom};

/// An answer holds a token and a certificate chain.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const QUERY: &str = "application/timestamp-query";
const NONCE_BYTES: usize = 8;
/// DER of all of a `TimeStampReq` (RFC 3161, 2.4.1) that is the same each time: version 1, the imprint's algorithm sha256.
const HEAD: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];
/// The header of the nonce, an INTEGER.
const NONCE: [u8; 2] = [0x02, 0x08];
/// `certReq` is true: the answer carries the certificate of whoever signed it.
const TAIL: [u8; 3] = [0x01, 0x01, 0xff];

/// Asks the authority when `signature` was made. The answer, a `TimeStampResp` in DER, is not yet checked.
pub(crate) async fn ask(http: &Http, signature: &[u8]) -> Result<Vec<u8>, HttpError> {
    http.post_bytes("", QUERY, request(signature), ANSWER_BYTES_MAX)
        .await
}

fn request(signature: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_BYTES];
    // A nonce that is always the same would be answered as well: what is asked about is never asked twice.
    let _ = SystemRandom::new().fill(&mut nonce);
    // Positive, and without a leading zero, as DER wants it.
    nonce[0] = (nonce[0] & 0x3f) | 0x40;
    [
        &HEAD[..],
        Digest::of(signature).as_bytes(),
        &NONCE,
        &nonce,
        &TAIL,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_sequence_with_the_hash() {
        let request = request(b"signature");
        assert_eq!(usize::from(request[1]), request.len() - 2);
        assert_eq!(&request[24..56], Digest::of(b"signature").as_bytes());
        assert_ne!(request, super::request(b"signature"));
    }
}
