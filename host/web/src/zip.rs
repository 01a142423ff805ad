//! gzip, deflate (zlib's format) and deflate-raw, by `flate2` on its backend in Rust, whose output is the same on all machines.

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};

use crate::arguments::Arguments;
use crate::handles::Handles;
use crate::wire::Value;

/// What the open ones of an instance may take together: some 200 compressors, or 1300 decompressors.
const ZIPS_BYTES_MAX: usize = 64 << 20;
/// A compressor's window, tables and codes.
const COMPRESS_BYTES: usize = 320 << 10;
/// A decompressor's window and tables.
const DECOMPRESS_BYTES: usize = 48 << 10;
/// What one push may give. A byte of input unpacks to a thousand at most: who pushes 64 KiB at a time never sees this.
const PUSHED_BYTES_MAX: usize = 64 << 20;
/// Room for output grows by at least this.
const ROOM: usize = 8 << 10;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The only method that there is.
const GZIP_DEFLATE: u8 = 8;
/// Of a gzip member that we write: no flags, no time, no hints, made on Unix.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
const HAS_HEADER_CHECK: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// A stream that is being compressed or decompressed.
pub(crate) enum Zip {
    Compress(Box<Compressor>),
    Decompress(Box<Decompressor>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Gzip,
    Deflate,
    Raw,
}

pub(crate) struct Compressor {
    state: Compress,
    /// For gzip: the check of what came in.
    check: Option<Crc>,
    is_begun: bool,
    is_ended: bool,
}

pub(crate) struct Decompressor {
    format: Format,
    state: Decompress,
    stage: Stage,
    /// What of a field of fixed length has come.
    held: Vec<u8>,
    /// The fields that follow, of a gzip header's flags.
    flags: u8,
    /// Of the header first, then of what came out.
    check: Crc,
    /// What follows the end is no error: members of gzip are read as well, all else is left.
    is_lenient: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    ExtraLength,
    Extra(usize),
    Name,
    Comment,
    HeaderCheck,
    Body,
    Tail,
    End,
    Broken,
}

/// The streams of an instance.
pub(crate) fn zips() -> Handles<Zip> {
    Handles::new("compression", ZIPS_BYTES_MAX)
}

/// `zip(format, compress, lenient)`
pub(crate) fn zip(
    zips: &mut Handles<Zip>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    let name = arguments.text(0)?;
    let format = match name {
        "gzip" => Format::Gzip,
        "deflate" => Format::Deflate,
        "deflate-raw" => Format::Raw,
        _ => return Err(format!("there is no format `{}`", name.escape_debug())),
    };
    let handle = if arguments.flag(1)? {
        let make = || Zip::Compress(Box::new(Compressor::new(format)));
        zips.keep(COMPRESS_BYTES, make)?
    } else {
        let is_lenient = arguments.flag(2)?;
        let make = || Zip::Decompress(Box::new(Decompressor::new(format, is_lenient)));
        zips.keep(DECOMPRESS_BYTES, make)?
    };
    Ok(Value::from(f64::from(handle)))
}

/// `pushZip(zip, bytes, last)`
pub(crate) fn push_zip(
    zips: &mut Handles<Zip>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    let zip = zips.get(arguments.integer(0, 0, u32::MAX)?)?;
    let (bytes, is_last) = (arguments.bytes(1)?, arguments.flag(2)?);
    let pushed = match zip {
        Zip::Compress(state) => state.push(bytes, is_last),
        Zip::Decompress(state) => state.push(bytes, is_last),
    };
    pushed.map(Value::from)
}

/// `dropZip(zip)`
pub(crate) fn drop_zip(
    zips: &mut Handles<Zip>,
    arguments: Arguments<'_>,
) -> Result<Value<'static>, String> {
    zips.drop(arguments.integer(0, 0, u32::MAX)?);
    Ok(Value::Undefined)
}

impl Compressor {
    fn new(format: Format) -> Self {
        Self {
            state: Compress::new(Compression::default(), format == Format::Deflate),
            check: (format == Format::Gzip).then(Crc::new),
            is_begun: false,
            is_ended: false,
        }
    }

    fn push(&mut self, mut bytes: &[u8], is_last: bool) -> Result<Vec<u8>, String> {
        if self.is_ended {
            return Err("the compression has ended".to_owned());
        }
        let mut output = Vec::new();
        if let Some(check) = &mut self.check {
            check.update(bytes);
            if !self.is_begun {
                output.extend(GZIP_HEADER);
            }
        }
        self.is_begun = true;
        let flush = if is_last {
            FlushCompress::Finish
        } else {
            FlushCompress::None
        };
        loop {
            // It holds back what it has packed until there is much of it, or the end.
            output.reserve(ROOM + bytes.len() / 8);
            let before = self.state.total_in();
            let status = self.state.compress_vec(bytes, &mut output, flush);
            let status = status.map_err(|error| format!("compression failed: {error}"))?;
            let taken = usize::try_from(self.state.total_in() - before).unwrap_or(usize::MAX);
            bytes = bytes.get(taken..).unwrap_or_default();
            let has_room = output.len() < output.capacity();
            if status == Status::StreamEnd || (!is_last && bytes.is_empty() && has_room) {
                break;
            }
        }
        if is_last {
            self.is_ended = true;
            if let Some(check) = &self.check {
                output.extend(check.sum().to_le_bytes());
                output.extend(check.amount().to_le_bytes());
            }
        }
        Ok(output)
    }
}

impl Decompressor {
    fn new(format: Format, is_lenient: bool) -> Self {
        Self {
            format,
            state: Decompress::new(format == Format::Deflate),
            stage: match format {
                Format::Gzip => Stage::Head,
                Format::Deflate | Format::Raw => Stage::Body,
            },
            held: Vec::new(),
            flags: 0,
            check: Crc::new(),
            is_lenient,
        }
    }

    fn push(&mut self, mut bytes: &[u8], is_last: bool) -> Result<Vec<u8>, String> {
        let mut output = Vec::new();
        let done = loop {
            match self.step(&mut bytes, &mut output) {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let fault = match done {
            Err(fault) => fault,
            Ok(()) if self.stage == Stage::End && !bytes.is_empty() && !self.is_lenient => {
                "there are bytes after the end of the compressed data"
            }
            Ok(()) if self.stage != Stage::End && is_last => "the compressed data is cut off",
            Ok(()) => return Ok(output),
        };
        self.stage = Stage::Broken;
        Err(fault.to_owned())
    }

    /// One stage, or as much of it as there is. False: no more can be done with the bytes that are there.
    fn step(&mut self, bytes: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, &'static str> {
        match self.stage {
            Stage::Head => {
                let Some([magic, second, method, flags, ..]) = self.field::<10>(bytes, true) else {
                    return Ok(false);
                };
                if [magic, second] != GZIP_MAGIC {
                    return Err("the data is not gzip");
                }
                if method != GZIP_DEFLATE {
                    return Err("the compression method is unknown");
                }
                if flags & RESERVED != 0 {
                    return Err("the gzip header has unknown flags");
                }
                self.flags = flags;
                self.stage = Stage::ExtraLength;
            }
            Stage::ExtraLength if self.flags & HAS_EXTRA == 0 => self.stage = Stage::Name,
            Stage::ExtraLength => {
                let Some(length) = self.field::<2>(bytes, true) else {
                    return Ok(false);
                };
                self.stage = Stage::Extra(usize::from(u16::from_le_bytes(length)));
            }
            Stage::Extra(left) => {
                let (extra, rest) = bytes.split_at(left.min(bytes.len()));
                self.check.update(extra);
                *bytes = rest;
                let left = left - extra.len();
                self.stage = Stage::Extra(left);
                if left > 0 {
                    return Ok(false);
                }
                self.stage = Stage::Name;
            }
            Stage::Name => return Ok(self.text(HAS_NAME, Stage::Comment, bytes)),
            Stage::Comment => return Ok(self.text(HAS_COMMENT, Stage::HeaderCheck, bytes)),
            Stage::HeaderCheck => {
                if self.flags & HAS_HEADER_CHECK != 0 {
                    let Some(sum) = self.field::<2>(bytes, false) else {
                        return Ok(false);
                    };
                    if u32::from(u16::from_le_bytes(sum)) != self.check.sum() & 0xffff {
                        return Err("the check of the gzip header is wrong");
                    }
                }
                self.check.reset();
                self.stage = Stage::Body;
            }
            Stage::Body => return self.body(bytes, output),
            Stage::Tail => {
                let Some([a, b, c, d, e, f, g, h]) = self.field::<8>(bytes, false) else {
                    return Ok(false);
                };
                let is_whole = u32::from_le_bytes([a, b, c, d]) == self.check.sum()
                    && u32::from_le_bytes([e, f, g, h]) == self.check.amount();
                if !is_whole {
                    return Err("the check of the data is wrong");
                }
                self.stage = Stage::End;
            }
            Stage::End => return Ok(self.next_member(bytes)),
            Stage::Broken => return Err("the decompression has failed before"),
        }
        Ok(true)
    }

    /// Whether another member of gzip follows. As in Node.js zeros are there to fill up, and all else must be one.
    fn next_member(&mut self, bytes: &[u8]) -> bool {
        let follows = self.is_lenient
            && self.format == Format::Gzip
            && bytes.first().is_some_and(|byte| *byte != 0);
        if follows {
            self.state.reset(false);
            self.check.reset();
            self.stage = Stage::Head;
        }
        follows
    }

    /// A field of fixed length; none as long as it has not come whole.
    fn field<const N: usize>(&mut self, bytes: &mut &[u8], is_header: bool) -> Option<[u8; N]> {
        let (come, rest) = bytes.split_at(bytes.len().min(N.saturating_sub(self.held.len())));
        self.held.extend(come);
        *bytes = rest;
        let field = <[u8; N]>::try_from(self.held.as_slice()).ok()?;
        self.held.clear();
        if is_header {
            self.check.update(&field);
        }
        Some(field)
    }

    /// A text that ends with a zero, if the flags say that there is one.
    fn text(&mut self, flag: u8, next: Stage, bytes: &mut &[u8]) -> bool {
        if self.flags & flag != 0 {
            let end = bytes.iter().position(|byte| *byte == 0);
            let (text, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            self.check.update(text);
            *bytes = rest;
            if end.is_none() {
                return false;
            }
        }
        self.stage = next;
        true
    }

    fn body(&mut self, bytes: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, &'static str> {
        loop {
            if output.len() >= PUSHED_BYTES_MAX {
                return Err(
                    "the data unpacks to more than 64 MiB at once: push it in smaller pieces",
                );
            }
            // Often it unpacks to about three times its size; a bomb's output grows step by step up to the bound.
            let room = (bytes.len() * 3).max(output.len()).max(ROOM);
            output.reserve_exact(room.min(PUSHED_BYTES_MAX - output.len()));
            let (before_in, before) = (self.state.total_in(), output.len());
            let status = self
                .state
                .decompress_vec(bytes, output, FlushDecompress::None);
            let status = status.map_err(|_| "the compressed data is broken")?;
            let taken = usize::try_from(self.state.total_in() - before_in).unwrap_or(usize::MAX);
            *bytes = bytes.get(taken..).unwrap_or_default();
            if self.format == Format::Gzip {
                self.check.update(&output[before..]);
            }
            if status == Status::StreamEnd {
                self.stage = match self.format {
                    Format::Gzip => Stage::Tail,
                    Format::Deflate | Format::Raw => Stage::End,
                };
                return Ok(true);
            }
            let is_stuck = taken == 0 && output.len() == before;
            if output.len() < output.capacity() && (bytes.is_empty() || is_stuck) {
                return Ok(false);
            }
        }
    }
}
