//! An entry that is compressed already, so that what goes into every bundle of a language is compressed once.

use super::reader::verified;
use super::{ContainerError, Effort, WriteError};
use crate::digest::Digest;

/// The compressed form of a content, together with the content's digest and size. The three belong together: whoever makes
/// one has compressed the content or has seen it decompressed.
#[derive(Clone, PartialEq, Eq)]
pub struct PackedEntry {
    digest: Digest,
    size: u64,
    frame: Vec<u8>,
}

impl PackedEntry {
    /// Compresses a content.
    ///
    /// # Errors
    /// [`WriteError::Compress`], for which zstd has no reason.
    pub fn pack(content: &[u8], effort: Effort) -> Result<Self, WriteError> {
        let digest = Digest::of(content);
        let frame = effort
            .compress(content)
            .map_err(|source| WriteError::Compress {
                name: digest.to_string(),
                source,
            })?;
        Ok(Self {
            digest,
            size: content.len() as u64,
            frame,
        })
    }

    /// Takes one zstd frame, whose content is to have this digest and this size in bytes; `name` is for the error.
    ///
    /// # Errors
    /// [`ContainerError::Damaged`] or [`ContainerError::Hash`] when the frame holds anything else.
    pub fn open(
        name: &str,
        frame: Vec<u8>,
        digest: Digest,
        size: u64,
    ) -> Result<Self, ContainerError> {
        verified(name, &frame, digest, size)?;
        Ok(Self {
            digest,
            size,
            frame,
        })
    }

    /// The sha256 of the content.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Bytes of the content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The zstd frame.
    pub fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// The content.
    ///
    /// # Errors
    /// None that can happen: the frame was read before.
    pub fn content(&self) -> Result<Vec<u8>, ContainerError> {
        verified(
            &self.digest.to_string(),
            &self.frame,
            self.digest,
            self.size,
        )
    }
}

impl std::fmt::Debug for PackedEntry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PackedEntry")
            .field("digest", &self.digest)
            .field("size", &self.size)
            .field("stored", &self.frame.len())
            .finish()
    }
}
