//! The binary form: 8 bytes of magic, the schema version as a little-endian u32, then the program in postcard.

use thiserror::Error;

use crate::program::{Program, SCHEMA};
use crate::validate::{Invalid, validate};

const MAGIC: [u8; 8] = *b"LILY-BIR";
const HEADER_BYTES: usize = MAGIC.len() + 4;

/// The largest binary form that is read. Objects of the largest C programs with full debug information stay below it;
/// what is decoded is at most a few times as large as its binary form.
pub const PROGRAM_BYTES_MAX: usize = 512 << 20;

/// Why bytes are not a program.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Something else entirely.
    #[error("these bytes are not BIR: they do not begin with its magic")]
    Magic,
    /// From another version of LILY.
    #[error(
        "BIR schema {found} is not the one that this build reads, {SCHEMA}: compile the program again"
    )]
    Schema {
        /// The version that the bytes claim.
        found: u32,
    },
    /// More than [`PROGRAM_BYTES_MAX`].
    #[error("{bytes} bytes of BIR are more than the {PROGRAM_BYTES_MAX} that are read")]
    TooLarge {
        /// How many there are.
        bytes: usize,
    },
    /// Cut off, or not in the form.
    #[error("the bytes of the BIR are damaged")]
    Damaged(#[source] postcard::Error),
    /// Something comes after the program.
    #[error("{bytes} bytes follow the end of the BIR")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// In the form, but the parts do not fit each other.
    #[error("the BIR contradicts itself")]
    Invalid(#[from] Invalid),
}

impl Program {
    /// The binary form. The same program always gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(self.objects.iter().map(|object| object.bytes.len()).sum());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&SCHEMA.to_le_bytes());
        // Postcard into a Vec fails only for sequences of unknown length, and the program has none.
        #[expect(clippy::expect_used, reason = "see above")]
        postcard::to_extend(self, bytes).expect("a program has a postcard form")
    }

    /// Reads the binary form and checks all of it: afterwards every index is in range and every object's digest right.
    ///
    /// # Errors
    /// Never panics; says what is wrong with the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > PROGRAM_BYTES_MAX {
            return Err(DecodeError::TooLarge { bytes: bytes.len() });
        }
        let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
            return Err(DecodeError::Magic);
        };
        let Some(version) = header.strip_prefix(&MAGIC) else {
            return Err(DecodeError::Magic);
        };
        let found = version
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u32::from(*byte));
        if found != SCHEMA {
            return Err(DecodeError::Schema { found });
        }
        let (program, rest): (Self, _) =
            postcard::take_from_bytes(body).map_err(DecodeError::Damaged)?;
        if !rest.is_empty() {
            return Err(DecodeError::Trailing { bytes: rest.len() });
        }
        validate(&program)?;
        Ok(program)
    }
}

/// Byte strings at once instead of one by one.
pub(crate) mod bytes {
    use std::fmt;

    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(bytes.to_vec())
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}
