//! Reading a sealed file, of which every byte may be hostile.

use std::collections::BTreeMap;
use std::io::Read;

use super::writer::folders_of;
use super::{Bounds, HEADER_BYTES, MAGIC, PackedEntry, ROW_BYTES, VERSION};
use crate::digest::Digest;
use crate::name::{PathProblem, check_path};

/// What is reserved for an entry's content before its first byte was decompressed: a lie about the size costs no more.
const RESERVE_BYTES_MAX: u64 = 16 << 20;

/// Why a sealed file, or one entry of it, is refused.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// Another kind of file.
    #[error("this is not a sealed LILY file")]
    Magic,
    /// Written by another `lly`.
    #[error("the file has format version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// It ends before its table or its content does.
    #[error("the file is cut off: {0} is missing")]
    Truncated(String),
    /// Bytes behind the last entry.
    #[error("the file has {0} bytes behind its last entry")]
    Trailing(u64),
    /// The table is not the one that was sealed.
    #[error("the table of entries is damaged")]
    Seal,
    /// The table's length and its rows disagree.
    #[error("the table of entries is malformed at entry {0}")]
    Table(u32),
    /// More entries than the bound.
    #[error("the file has {count} entries; at most {max} are allowed")]
    TooManyEntries {
        /// How many it says it has.
        count: u32,
        /// The bound.
        max: u32,
    },
    /// A name that may not be.
    #[error("entry `{name}` is refused: {problem}")]
    Name {
        /// The name, with what cannot be shown escaped.
        name: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A name that is not UTF-8.
    #[error("entry {0} has a name that is not UTF-8")]
    NameEncoding(u32),
    /// Two entries of one name.
    #[error("entry `{0}` is there twice")]
    Duplicate(String),
    /// Not in the order of names.
    #[error("entry `{0}` is not in the order of names")]
    Unsorted(String),
    /// One entry is a folder of another.
    #[error("entry `{0}` is a file and a folder at once")]
    Clash(String),
    /// An entry larger than the bound.
    #[error("entry `{name}` has {size} bytes; at most {max} are allowed")]
    EntryTooLarge {
        /// The entry.
        name: String,
        /// Its size, as the table says.
        size: u64,
        /// The bound.
        max: u64,
    },
    /// All entries together are larger than the bound.
    #[error("the entries up to `{name}` have more than {max} bytes together")]
    TotalTooLarge {
        /// The entry that went over it.
        name: String,
        /// The bound.
        max: u64,
    },
    /// The content cannot be decompressed to exactly its size.
    #[error("entry `{name}` is damaged: {reason}")]
    Damaged {
        /// The entry.
        name: String,
        /// What was seen.
        reason: String,
    },
    /// Content with another hash than the table says.
    #[error("entry `{name}` is damaged: its content is {found}, the table says {expected}")]
    Hash {
        /// The entry.
        name: String,
        /// The table's digest.
        expected: Digest,
        /// The content's.
        found: Digest,
    },
    /// No entry of this name.
    #[error("there is no entry `{0}`")]
    Missing(String),
}

/// What the table says about an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryInfo {
    /// The sha256 of the content.
    pub digest: Digest,
    /// Bytes of the content.
    pub size: u64,
    /// Bytes that it takes in the file.
    pub stored: u64,
}

/// A sealed file whose table was checked; contents are checked as they are read.
#[derive(Debug)]
pub struct Reader<'a> {
    entries: BTreeMap<&'a str, (EntryInfo, &'a [u8])>,
}

impl<'a> Reader<'a> {
    /// Checks the table of a file of any kind ([`Bounds::PLUGIN`]).
    pub fn open(file: &'a [u8]) -> Result<Self, ContainerError> {
        Self::open_within(file, &Bounds::PLUGIN)
    }

    /// Checks the table and holds it against these bounds.
    pub fn open_within(file: &'a [u8], bounds: &Bounds) -> Result<Self, ContainerError> {
        let mut cursor = Cursor { rest: file };
        if !file.starts_with(&MAGIC) {
            return Err(ContainerError::Magic);
        }
        if file.len() < HEADER_BYTES {
            return Err(ContainerError::Truncated("the header".into()));
        }
        cursor.skip(MAGIC.len());
        let short = || ContainerError::Truncated("the header".into());
        let version = cursor.u32().ok_or_else(short)?;
        if version != VERSION {
            return Err(ContainerError::Version(version));
        }
        let count = cursor.u32().ok_or_else(short)?;
        let table_bytes = cursor.u32().ok_or_else(short)?;
        let seal = cursor.digest().ok_or_else(short)?;
        if count > bounds.entries_max {
            return Err(ContainerError::TooManyEntries {
                count,
                max: bounds.entries_max,
            });
        }
        let table = cursor
            .take(u64::from(table_bytes))
            .ok_or_else(|| ContainerError::Truncated("the table of entries".into()))?;
        if Digest::of(table) != seal {
            return Err(ContainerError::Seal);
        }
        let rows = read_table(table, count, bounds)?;
        let mut entries = BTreeMap::new();
        for (name, info) in rows {
            let stored = cursor.take(info.stored).ok_or_else(|| {
                ContainerError::Truncated(format!("the content of entry `{name}`"))
            })?;
            entries.insert(name, (info, stored));
        }
        match cursor.rest.len() {
            0 => Ok(Self { entries }),
            trailing => Err(ContainerError::Trailing(trailing as u64)),
        }
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.entries.keys().copied()
    }

    /// Names and what the table says about them, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, EntryInfo)> + '_ {
        self.entries.iter().map(|(name, (info, _))| (*name, *info))
    }

    /// What the table says about an entry.
    pub fn info(&self, name: &str) -> Option<EntryInfo> {
        self.entries.get(name).map(|(info, _)| *info)
    }

    /// The content of an entry, whose size and hash are as the table says.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, ContainerError> {
        let (info, stored) = self.stored(name)?;
        verified(name, stored, info.digest, info.size)
    }

    /// An entry as it is stored, for another sealed file; its content was checked as by [`Reader::read`].
    pub fn packed(&self, name: &str) -> Result<PackedEntry, ContainerError> {
        let (info, stored) = self.stored(name)?;
        PackedEntry::open(name, stored.to_vec(), info.digest, info.size)
    }

    fn stored(&self, name: &str) -> Result<(EntryInfo, &'a [u8]), ContainerError> {
        let missing = || ContainerError::Missing(name.to_string());
        self.entries.get(name).copied().ok_or_else(missing)
    }
}

/// What a frame holds, if it is of this size and digest.
pub(super) fn verified(
    name: &str,
    stored: &[u8],
    digest: Digest,
    size: u64,
) -> Result<Vec<u8>, ContainerError> {
    let damaged = |reason: String| ContainerError::Damaged {
        name: name.to_string(),
        reason,
    };
    let content = decompress(stored, size).map_err(damaged)?;
    let found = Digest::of(&content);
    if found != digest {
        return Err(ContainerError::Hash {
            name: name.to_string(),
            expected: digest,
            found,
        });
    }
    Ok(content)
}

/// The rows of a table: every one of them, and nothing behind them.
fn read_table<'a>(
    table: &'a [u8],
    count: u32,
    bounds: &Bounds,
) -> Result<Vec<(&'a str, EntryInfo)>, ContainerError> {
    // The table is in memory already, so it bounds the number of rows better than `count` does.
    let mut rows: Vec<(&str, EntryInfo)> = Vec::with_capacity(table.len() / ROW_BYTES);
    let mut cursor = Cursor { rest: table };
    let mut total: u64 = 0;
    for index in 0..count {
        let (name, info) = cursor.row().ok_or(ContainerError::Table(index))?;
        let name = std::str::from_utf8(name).map_err(|_| ContainerError::NameEncoding(index))?;
        check_path(name).map_err(|problem| ContainerError::Name {
            name: name.escape_debug().take(200).collect(),
            problem,
        })?;
        if let Some((previous, _)) = rows.last() {
            match (*previous).cmp(name) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    return Err(ContainerError::Duplicate(name.to_string()));
                }
                std::cmp::Ordering::Greater => {
                    return Err(ContainerError::Unsorted(name.to_string()));
                }
            }
        }
        let max = bounds.entry_bytes_max;
        if info.size > max {
            return Err(ContainerError::EntryTooLarge {
                name: name.to_string(),
                size: info.size,
                max,
            });
        }
        total = total.saturating_add(info.size);
        if total > bounds.total_bytes_max {
            return Err(ContainerError::TotalTooLarge {
                name: name.to_string(),
                max: bounds.total_bytes_max,
            });
        }
        rows.push((name, info));
    }
    if !cursor.rest.is_empty() {
        return Err(ContainerError::Table(count));
    }
    for (name, _) in &rows {
        let clash = |folder: &str| {
            rows.binary_search_by(|(other, _)| (*other).cmp(folder))
                .is_ok()
        };
        if folders_of(name).any(clash) {
            return Err(ContainerError::Clash(name.to_string()));
        }
    }
    Ok(rows)
}

/// Exactly `size` bytes out of exactly one zstd frame, or what is wrong. Never writes more than `size` bytes.
fn decompress(stored: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)
        .map_err(|error| format!("it does not decompress ({error})"))?
        .single_frame();
    let mut content = Vec::with_capacity(size.min(RESERVE_BYTES_MAX) as usize);
    // One byte more than promised is enough to know.
    (&mut decoder)
        .take(size.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| format!("it does not decompress ({error})"))?;
    if content.len() as u64 > size {
        return Err(format!("it decompresses to more than its {size} bytes"));
    }
    if (content.len() as u64) < size {
        return Err(format!(
            "it decompresses to {} bytes instead of {size}",
            content.len()
        ));
    }
    match decoder.finish().len() {
        0 => Ok(content),
        trailing => Err(format!("{trailing} bytes follow its compressed content")),
    }
}

/// Takes from the front, never past the end.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(count).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N as u64)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn digest(&mut self) -> Option<Digest> {
        self.array().map(Digest::from_bytes)
    }

    fn row(&mut self) -> Option<(&'a [u8], EntryInfo)> {
        let length = u16::from_le_bytes(self.array()?);
        let name = self.take(u64::from(length))?;
        let (size, stored, digest) = (self.u64()?, self.u64()?, self.digest()?);
        Some((
            name,
            EntryInfo {
                digest,
                size,
                stored,
            },
        ))
    }
}
