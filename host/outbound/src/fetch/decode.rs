//! Content codings taken off a body: gzip, deflate, br, also upon each other. As much is decoded as is asked for, so a
//! small body that stands for a huge one costs no memory.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};

use super::gzip::Gzip;
use crate::bodies::Incoming;
use crate::limits::{CODINGS_MAX, DECODED_CHUNK_BYTES};

/// A coding that can be taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// The codings of a body, in the order they were put on; then the headers speak of the decoded body. None, and the headers
/// as they were, if there is one among them that is not known here.
pub(super) fn take_codings(headers: &mut HeaderMap) -> Vec<Coding> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let Ok(value) = value.to_str() else {
            return Vec::new();
        };
        for name in value.split(',') {
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => codings.push(Coding::Gzip),
                "deflate" => codings.push(Coding::Deflate),
                "br" => codings.push(Coding::Brotli),
                "" | "identity" => {}
                _ => return Vec::new(),
            }
        }
    }
    if codings.len() > CODINGS_MAX {
        return Vec::new();
    }
    if !codings.is_empty() {
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    codings
}

/// The body without its codings.
pub(super) fn decoded(body: Incoming, codings: &[Coding]) -> Incoming {
    if codings.is_empty() {
        return body;
    }
    let stages = codings
        .iter()
        .rev()
        .map(|coding| Stage::new(*coding))
        .collect();
    let decoder = Decoder {
        body,
        body_state: BodyState::Untouched,
        stages,
    };
    Box::pin(stream::unfold(Some(decoder), |decoder| async {
        let mut decoder = decoder?;
        match decoder.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), Some(decoder))),
            Ok(None) => None,
            Err(message) => Some((Err(message), None)),
        }
    }))
}

struct Decoder {
    body: Incoming,
    body_state: BodyState,
    /// In the order in which they are taken off.
    stages: Vec<Stage>,
}

enum BodyState {
    /// Nothing has come.
    Untouched,
    Begun,
    Ended,
}

/// One coding being taken off.
struct Stage {
    state: StageState,
    /// What has come and is not decoded yet.
    input: Bytes,
    has_ended: bool,
}

enum StageState {
    Gzip(Gzip),
    /// Zlib's form, as the standard has it, or the naked one, as some servers do: the first byte tells.
    DeflateUnknown,
    Deflate(Box<Decompress>),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
}

/// What a step of a stage did.
pub(super) struct Step {
    pub(super) used: usize,
    pub(super) made: usize,
    pub(super) has_ended: bool,
}

/// What came of asking a stage for more.
enum Made {
    Chunk(Bytes),
    /// It needs more of the body.
    Hungry,
    Ended,
}

impl Decoder {
    async fn next(&mut self) -> Result<Option<Bytes>, String> {
        let last = self.stages.len() - 1;
        loop {
            match self.make(last)? {
                Made::Chunk(chunk) => return Ok(Some(chunk)),
                Made::Ended => {
                    // To its end, so that the connection can be used again; what is behind the coded data is nothing.
                    if matches!(self.body_state, BodyState::Ended)
                        || self.body.next().await.is_none()
                    {
                        return Ok(None);
                    }
                }
                Made::Hungry => match self.body.next().await {
                    Some(chunk) => self.feed(chunk?),
                    // No byte at all is what servers send for an empty body, whatever they call its coding.
                    None if matches!(self.body_state, BodyState::Untouched) => return Ok(None),
                    None => self.body_state = BodyState::Ended,
                },
            }
        }
    }

    fn feed(&mut self, chunk: Bytes) {
        if !chunk.is_empty() {
            self.body_state = BodyState::Begun;
        }
        if let Some(first) = self.stages.first_mut() {
            first.input = chunk;
        }
    }

    /// What the stage `at` makes of its input, or of what the one before makes.
    fn make(&mut self, at: usize) -> Result<Made, String> {
        loop {
            let Some(stage) = self.stages.get_mut(at) else {
                return Ok(Made::Hungry);
            };
            if let Some(chunk) = stage.step()? {
                return Ok(Made::Chunk(chunk));
            }
            if stage.has_ended {
                return Ok(Made::Ended);
            }
            let before = match at.checked_sub(1) {
                Some(before) => self.make(before)?,
                None if matches!(self.body_state, BodyState::Ended) => Made::Ended,
                None => Made::Hungry,
            };
            let Some(stage) = self.stages.get_mut(at) else {
                return Ok(Made::Hungry);
            };
            match before {
                Made::Chunk(chunk) => stage.input = chunk,
                Made::Hungry => return Ok(Made::Hungry),
                Made::Ended if stage.state.is_complete() => return Ok(Made::Ended),
                Made::Ended => return Err("the answer's coded body ends too early".to_owned()),
            }
        }
    }
}

impl Stage {
    fn new(coding: Coding) -> Stage {
        let state = match coding {
            Coding::Gzip => StageState::Gzip(Gzip::new()),
            Coding::Deflate => StageState::DeflateUnknown,
            Coding::Brotli => {
                let alloc = StandardAlloc::default;
                StageState::Brotli(Box::new(BrotliState::new(alloc(), alloc(), alloc())))
            }
        };
        Stage {
            state,
            input: Bytes::new(),
            has_ended: false,
        }
    }

    /// What the input makes, at most a chunk; nothing when it is used up.
    fn step(&mut self) -> Result<Option<Bytes>, String> {
        let mut output = vec![0; DECODED_CHUNK_BYTES];
        while !self.has_ended {
            let step = self.state.step(&self.input, &mut output)?;
            self.input.advance(step.used);
            self.has_ended = step.has_ended;
            if step.made > 0 {
                output.truncate(step.made);
                return Ok(Some(Bytes::from(output)));
            }
            if step.used == 0 {
                break;
            }
        }
        Ok(None)
    }
}

impl StageState {
    /// Whether the data may end here without having said so.
    fn is_complete(&self) -> bool {
        match self {
            StageState::Gzip(gzip) => gzip.is_complete(),
            StageState::DeflateUnknown | StageState::Deflate(_) | StageState::Brotli(_) => false,
        }
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, String> {
        match self {
            StageState::Gzip(gzip) => gzip.step(input, output),
            StageState::DeflateUnknown => {
                let Some(first) = input.first() else {
                    return Ok(Step {
                        used: 0,
                        made: 0,
                        has_ended: false,
                    });
                };
                let has_header = first & 0x0f == 8;
                *self = StageState::Deflate(Box::new(Decompress::new(has_header)));
                self.step(input, output)
            }
            StageState::Deflate(decompress) => inflate(decompress, input, output),
            StageState::Brotli(state) => unbrotli(state, input, output),
        }
    }
}

/// One step of deflate.
pub(super) fn inflate(
    decompress: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, String> {
    let (used, made) = (decompress.total_in(), decompress.total_out());
    let status = decompress.decompress(input, output, FlushDecompress::None);
    let status = status.map_err(|_| "the answer's body is not well coded".to_owned())?;
    Ok(Step {
        // Both are at most the length of a slice.
        used: (decompress.total_in() - used) as usize,
        made: (decompress.total_out() - made) as usize,
        has_ended: status == Status::StreamEnd,
    })
}

fn unbrotli(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    input: &[u8],
    output: &mut [u8],
) -> Result<Step, String> {
    let (mut left, mut used) = (input.len(), 0);
    let (mut room, mut made, mut total) = (output.len(), 0, 0);
    let result = BrotliDecompressStream(
        &mut left, &mut used, input, &mut room, &mut made, output, &mut total, state,
    );
    match result {
        BrotliResult::ResultFailure => Err("the answer's body is not well coded".to_owned()),
        BrotliResult::ResultSuccess => Ok(Step {
            used,
            made,
            has_ended: true,
        }),
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(Step {
            used,
            made,
            has_ended: false,
        }),
    }
}

#[cfg(test)]
#[path = "decode/tests.rs"]
mod tests;
