//! The gzip format (RFC 1952) around deflate: a header, the data, its checksum; and another such member, maybe.

use flate2::{Crc, Decompress};

use super::decode::{Step, inflate};

/// A header is a few bytes and a file's name; this is far beyond any.
const HEADER_BYTES_MAX: usize = 64 << 10;
const FIXED_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;

const HAS_CHECKSUM: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;

/// Members of gzip being taken off.
pub(super) struct Gzip {
    state: State,
    /// The part of a header or a trailer that has come.
    held: Vec<u8>,
    crc: Crc,
}

enum State {
    Header,
    Data(Box<Decompress>),
    Trailer,
    /// A member is complete; what follows is another, or nothing of worth.
    Between,
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip {
            state: State::Header,
            held: Vec::new(),
            crc: Crc::new(),
        }
    }

    /// Whether the data may end here.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Between)
    }

    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, String> {
        match &mut self.state {
            State::Header => self.header(input),
            State::Data(decompress) => {
                let mut step = inflate(decompress, input, output)?;
                self.crc.update(output.get(..step.made).unwrap_or_default());
                if std::mem::take(&mut step.has_ended) {
                    self.state = State::Trailer;
                }
                Ok(step)
            }
            State::Trailer => self.trailer(input),
            State::Between => match input.first() {
                Some(0x1f) => {
                    *self = Gzip::new();
                    self.header(input)
                }
                // Padding and the like: nobody else minds it either.
                Some(_) => Ok(used(0, true)),
                None => Ok(used(0, false)),
            },
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<Step, String> {
        let before = self.held.len();
        let room = HEADER_BYTES_MAX - before;
        self.held.extend(input.iter().take(room));
        match header_length(&self.held) {
            Header::Complete(length) => {
                self.held.clear();
                self.state = State::Data(Box::new(Decompress::new(false)));
                Ok(used(length - before, false))
            }
            Header::Partial if self.held.len() < HEADER_BYTES_MAX => Ok(used(input.len(), false)),
            Header::Partial | Header::Wrong => Err("the answer's body is not gzip".to_owned()),
        }
    }

    fn trailer(&mut self, input: &[u8]) -> Result<Step, String> {
        let missing = TRAILER_BYTES - self.held.len();
        let taken = input.len().min(missing);
        self.held.extend(input.iter().take(taken));
        let Some(trailer) = self.held.first_chunk::<TRAILER_BYTES>() else {
            return Ok(used(taken, false));
        };
        let [a, b, c, d, e, f, g, h] = *trailer;
        let sums = (
            u32::from_le_bytes([a, b, c, d]),
            u32::from_le_bytes([e, f, g, h]),
        );
        if sums != (self.crc.sum(), self.crc.amount()) {
            return Err("the answer's body has another checksum than its gzip says".to_owned());
        }
        self.held.clear();
        self.state = State::Between;
        Ok(used(taken, false))
    }
}

fn used(used: usize, has_ended: bool) -> Step {
    Step {
        used,
        made: 0,
        has_ended,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Header {
    Complete(usize),
    Partial,
    Wrong,
}

/// How long the header is that these bytes begin with.
fn header_length(bytes: &[u8]) -> Header {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    if bytes.iter().zip(MAGIC).any(|(byte, magic)| *byte != magic) {
        return Header::Wrong;
    }
    let (Some(flags), true) = (bytes.get(3), bytes.len() >= FIXED_BYTES) else {
        return Header::Partial;
    };
    let mut length = FIXED_BYTES;
    if flags & HAS_EXTRA != 0 {
        let Some([low, high]) = bytes.get(length..length + 2) else {
            return Header::Partial;
        };
        length += 2 + usize::from(u16::from_le_bytes([*low, *high]));
    }
    for text in [HAS_NAME, HAS_COMMENT] {
        if flags & text != 0 {
            let rest = bytes.get(length..).unwrap_or_default();
            let Some(end) = rest.iter().position(|byte| *byte == 0) else {
                return Header::Partial;
            };
            length += end + 1;
        }
    }
    if flags & HAS_CHECKSUM != 0 {
        length += 2;
    }
    if length <= bytes.len() {
        Header::Complete(length)
    } else {
        Header::Partial
    }
}
