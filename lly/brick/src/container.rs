//! The sealed file: named entries, sorted, each compressed by itself and named by the sha256 of its content.
//!
//! ```text
//! magic      8  "\x89LILY\r\n\x1a"
//! version    4  little endian, 1
//! entries    4
//! table      4  length of the table in bytes
//! seal      32  sha256 of the table
//! table         for each entry, by name: name length 2, name, size 8, stored size 8, sha256 of the content 32
//! content       for each entry, in the same order: one zstd frame
//! ```
//!
//! The rule for reading: nothing is allocated, decompressed or believed before it was held against a bound, and every
//! refusal names the entry. Bytes that no entry accounts for are refused too.

mod packed;
mod reader;
mod writer;

pub use packed::PackedEntry;
pub use reader::{ContainerError, EntryInfo, Reader};
pub use writer::{Effort, WriteError, Writer};

/// The first bytes of every sealed file. Like PNG's, they show a transfer that mangled line ends or the eighth bit.
pub const MAGIC: [u8; 8] = *b"\x89LILY\r\n\x1a";
/// The only version there is.
pub const VERSION: u32 = 1;

const HEADER_BYTES: usize = 8 + 4 + 4 + 4 + 32;
/// What an entry takes in the table besides its name.
const ROW_BYTES: usize = 2 + 8 + 8 + 32;

/// How much a sealed file may hold. It is checked against the table, before any content is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most entries.
    pub entries_max: u32,
    /// Most bytes of one entry, decompressed.
    pub entry_bytes_max: u64,
    /// Most bytes of all entries together, decompressed.
    pub total_bytes_max: u64,
}

impl Bounds {
    /// For bundles: what a CAP is willing to hold in memory for one program.
    pub const BUNDLE: Self = Self {
        entries_max: 20_000,
        entry_bytes_max: 128 << 20,
        total_bytes_max: 512 << 20,
    };
    /// For packaged plugins, which come signed and carry whole compilers.
    pub const PLUGIN: Self = Self {
        entries_max: 1_000,
        entry_bytes_max: 512 << 20,
        total_bytes_max: 1 << 30,
    };
}
