//! Writing a sealed file: the same entries give the same bytes, in whatever order they were added.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{HEADER_BYTES, MAGIC, PackedEntry, ROW_BYTES, VERSION};
use crate::digest::Digest;
use crate::name::{PathProblem, check_path};

/// How hard to compress. It changes the file, never the identity of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// For bundles: a compile of a small program is to take no longer than a blink.
    Quick,
    /// For packaged plugins, which are written once and carried in every `lly`.
    Smallest,
}

impl Effort {
    fn zstd_level(self) -> i32 {
        match self {
            Self::Quick => 3,
            Self::Smallest => 19,
        }
    }

    /// One zstd frame.
    pub(super) fn compress(self, content: &[u8]) -> std::io::Result<Vec<u8>> {
        zstd::bulk::compress(content, self.zstd_level())
    }
}

/// An entry that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The name is not one that a reader would accept.
    #[error("entry `{name}` cannot be written: {problem}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// Two entries of one name.
    #[error("entry `{0}` is there twice")]
    Duplicate(String),
    /// One entry is a folder of another.
    #[error("entry `{0}` is a file and a folder at once")]
    Clash(String),
    /// More than the format can count.
    #[error("there are too many entries")]
    TooMany,
    /// zstd failed; it has no reason to.
    #[error("entry `{name}` cannot be compressed")]
    Compress {
        /// The entry.
        name: String,
        /// What zstd said.
        #[source]
        source: std::io::Error,
    },
}

/// Collects entries; [`Writer::finish`] seals them.
#[derive(Debug)]
pub struct Writer {
    effort: Effort,
    entries: BTreeMap<String, Content>,
    duplicate: Option<String>,
}

#[derive(Debug)]
enum Content {
    Plain(Vec<u8>),
    Packed(PackedEntry),
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A writer that compresses quickly.
    pub fn new() -> Self {
        Self::with_effort(Effort::Quick)
    }

    /// A writer that compresses this hard.
    pub fn with_effort(effort: Effort) -> Self {
        Self {
            effort,
            entries: BTreeMap::new(),
            duplicate: None,
        }
    }

    /// Adds an entry. A wrong name is reported by [`Writer::finish`].
    pub fn entry(self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(name.into(), Content::Plain(bytes.into()))
    }

    /// Adds an entry as it was compressed before; it is stored byte for byte, however hard this writer compresses. A wrong
    /// name is reported by [`Writer::finish`].
    pub fn packed_entry(self, name: impl Into<String>, entry: PackedEntry) -> Self {
        self.with(name.into(), Content::Packed(entry))
    }

    fn with(mut self, name: String, content: Content) -> Self {
        if self.entries.insert(name.clone(), content).is_some() {
            self.duplicate.get_or_insert(name);
        }
        self
    }

    /// The sealed file.
    pub fn finish(self) -> Result<Vec<u8>, WriteError> {
        if let Some(name) = self.duplicate {
            return Err(WriteError::Duplicate(name));
        }
        for name in self.entries.keys() {
            check_path(name).map_err(|problem| WriteError::Name {
                name: name.clone(),
                problem,
            })?;
            if folders_of(name).any(|folder| self.entries.contains_key(folder)) {
                return Err(WriteError::Clash(name.clone()));
            }
        }
        let count = u32::try_from(self.entries.len()).map_err(|_| WriteError::TooMany)?;
        let mut table = Vec::with_capacity(self.entries.len() * (ROW_BYTES + 32));
        let mut content: Vec<u8> = Vec::new();
        for (name, one) in &self.entries {
            let (size, digest, stored) = match one {
                Content::Plain(bytes) => {
                    let stored = self.effort.compress(bytes);
                    let stored = stored.map_err(|source| WriteError::Compress {
                        name: name.clone(),
                        source,
                    })?;
                    (bytes.len() as u64, Digest::of(bytes), Cow::Owned(stored))
                }
                Content::Packed(entry) => {
                    (entry.size(), entry.digest(), Cow::Borrowed(entry.frame()))
                }
            };
            // `check_path` holds names far below 2^16.
            table.extend((name.len() as u16).to_le_bytes());
            table.extend(name.as_bytes());
            table.extend(size.to_le_bytes());
            table.extend((stored.len() as u64).to_le_bytes());
            table.extend(digest.as_bytes());
            content.extend(stored.iter());
        }
        let table_bytes = u32::try_from(table.len()).map_err(|_| WriteError::TooMany)?;
        let mut file = Vec::with_capacity(HEADER_BYTES + table.len() + content.len());
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend(count.to_le_bytes());
        file.extend(table_bytes.to_le_bytes());
        file.extend(Digest::of(&table).as_bytes());
        file.extend(table);
        file.extend(content);
        Ok(file)
    }
}

/// `a`, `a/b` for `a/b/c`.
pub(super) fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}
