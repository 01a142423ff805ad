//! Files that are open.

use cap_primitives::fs::{self as cap, OpenOptionsExt};
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;

use super::state::{FileError, FileState};
use super::{Access, Answer, Files, MODE_BITS};
use crate::limits::{OPEN_FILES_MAX, READ_BYTES_MAX};

/// An open file; the system knows what it is open for and where it stands.
pub(super) type Handle = File;

/// Flags that change nothing but how a file is opened; others are left out.
const PASSED: OFlags = OFlags::SYNC
    .union(OFlags::DSYNC)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::DIRECTORY);

/// A pipe in a folder must not stop the whole instance.
pub(super) fn never_wait(options: &mut cap::OpenOptions) -> &mut cap::OpenOptions {
    options.custom_flags(OFlags::NONBLOCK.bits() as i32)
}

impl Files {
    /// Opens a file; `flags` are Linux's.
    pub fn open(&mut self, path: &str, flags: u32, mode: u32) -> Answer<u64> {
        let flags = OFlags::from_bits_retain(flags);
        let has = |flag: OFlags| flags.contains(flag);
        let (reads, writes) = match flags & OFlags::RWMODE {
            OFlags::RDONLY => (true, false),
            OFlags::WRONLY => (false, true),
            OFlags::RDWR => (true, true),
            _ => return Err(FileError("EINVAL")),
        };
        let place = self.place(path)?;
        let changes = writes || has(OFlags::CREATE) || has(OFlags::TRUNC) || has(OFlags::APPEND);
        if changes && place.access == Access::Read {
            return Err(FileError("EROFS"));
        }
        if self.handles.len() >= OPEN_FILES_MAX {
            return Err(FileError("EMFILE"));
        }
        let is_new = has(OFlags::CREATE) && has(OFlags::EXCL);
        let passed = (flags & PASSED) | OFlags::NONBLOCK;
        let mut options = cap::OpenOptions::new();
        options
            .read(reads)
            .write(writes)
            .append(writes && has(OFlags::APPEND))
            .truncate(has(OFlags::TRUNC) && !is_new)
            .create(has(OFlags::CREATE))
            .create_new(is_new)
            .mode(mode & MODE_BITS)
            .custom_flags(passed.bits() as i32);
        let file = cap::open(place.root, place.path(), &options)?;
        self.last_handle += 1;
        self.handles.insert(self.last_handle, file);
        Ok(self.last_handle)
    }

    /// Closes a file.
    pub fn close(&mut self, handle: u64) -> Answer<()> {
        let file = self.handles.remove(&handle);
        file.map(drop).ok_or(FileError("EBADF"))
    }

    /// Up to `length` bytes; fewer at the end of the file, none behind it. Without a position: where the last read or write
    /// left off.
    pub fn read_at(&self, handle: u64, length: u64, position: Option<u64>) -> Answer<Vec<u8>> {
        let mut file = self.handle(handle)?;
        // A read may always be short.
        let mut bytes = vec![0; length.min(READ_BYTES_MAX) as usize];
        let count = match position {
            Some(position) => file.read_at(&mut bytes, position)?,
            None => file.read(&mut bytes)?,
        };
        bytes.truncate(count);
        Ok(bytes)
    }

    /// How many bytes were written.
    pub fn write_at(&self, handle: u64, bytes: &[u8], position: Option<u64>) -> Answer<usize> {
        let mut file = self.handle(handle)?;
        Ok(match position {
            Some(position) => file.write_at(bytes, position)?,
            None => file.write(bytes)?,
        })
    }

    /// Cuts a file, or fills it with zeros.
    pub fn truncate(&self, handle: u64, size: u64) -> Answer<()> {
        Ok(self.handle(handle)?.set_len(size)?)
    }

    /// Waits until the disk has it.
    pub fn sync(&self, handle: u64) -> Answer<()> {
        Ok(self.handle(handle)?.sync_all()?)
    }

    /// What an open file is.
    pub fn stat_handle(&self, handle: u64) -> Answer<FileState> {
        let state = cap::Metadata::from_file(self.handle(handle)?)?;
        Ok(FileState::of(&state))
    }

    fn handle(&self, handle: u64) -> Answer<&Handle> {
        self.handles.get(&handle).ok_or(FileError("EBADF"))
    }
}
