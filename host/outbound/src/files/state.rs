//! What a file is, and why it cannot be used, in the words of `host.d.ts`.

use cap_primitives::fs::{FileType, Metadata, MetadataExt, SystemTimeSpec};
use cap_primitives::time::SystemTime;
use host_web::Value;
use rustix::io::Errno;
use std::io;
use std::time::{Duration, UNIX_EPOCH};

use super::MODE_BITS;
use crate::event::number;

/// The system's name of a failure: `ENOENT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub &'static str);

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, a pipe, a socket.
    Other,
}

/// Times in milliseconds since 1970, with a fraction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileState {
    /// What it is.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Last read.
    pub accessed: f64,
    /// Last written.
    pub modified: f64,
    /// Its state was last changed.
    pub changed: f64,
    /// Made; where the system does not know, as `changed`.
    pub created: f64,
    /// The bits of the permissions.
    pub mode: u32,
    /// Its number on its device.
    pub inode: u64,
    /// How many names it has.
    pub links: u64,
    /// The device's number.
    pub device: u64,
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> FileError {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(errno) => FileError(name(errno)),
            // Our own bounds have no number: the path would leave its grant, or is none.
            None if error.kind() == io::ErrorKind::PermissionDenied => FileError("EACCES"),
            None if error.kind() == io::ErrorKind::InvalidInput => FileError("EINVAL"),
            None => FileError("EIO"),
        }
    }
}

fn name(errno: Errno) -> &'static str {
    const NAMES: [(Errno, &str); 26] = [
        (Errno::ACCESS, "EACCES"),
        (Errno::AGAIN, "EAGAIN"),
        (Errno::BADF, "EBADF"),
        (Errno::BUSY, "EBUSY"),
        (Errno::DQUOT, "EDQUOT"),
        (Errno::EXIST, "EEXIST"),
        (Errno::FBIG, "EFBIG"),
        (Errno::INVAL, "EINVAL"),
        (Errno::ISDIR, "EISDIR"),
        (Errno::LOOP, "ELOOP"),
        (Errno::MFILE, "EMFILE"),
        (Errno::MLINK, "EMLINK"),
        (Errno::NAMETOOLONG, "ENAMETOOLONG"),
        (Errno::NFILE, "ENFILE"),
        (Errno::NODEV, "ENODEV"),
        (Errno::NOENT, "ENOENT"),
        (Errno::NOMEM, "ENOMEM"),
        (Errno::NOSPC, "ENOSPC"),
        (Errno::NOTDIR, "ENOTDIR"),
        (Errno::NOTEMPTY, "ENOTEMPTY"),
        (Errno::NOTSUP, "ENOTSUP"),
        (Errno::NXIO, "ENXIO"),
        (Errno::PERM, "EPERM"),
        (Errno::ROFS, "EROFS"),
        (Errno::SPIPE, "ESPIPE"),
        (Errno::XDEV, "EXDEV"),
    ];
    let found = NAMES.iter().find(|(one, _)| *one == errno);
    found.map_or("EIO", |(_, name)| name)
}

impl FileKind {
    pub(super) fn of(kind: FileType) -> FileKind {
        if kind.is_file() {
            FileKind::File
        } else if kind.is_dir() {
            FileKind::Folder
        } else if kind.is_symlink() {
            FileKind::Link
        } else {
            FileKind::Other
        }
    }

    /// As `host.d.ts` calls it.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::File => "file",
            FileKind::Folder => "folder",
            FileKind::Link => "link",
            FileKind::Other => "other",
        }
    }
}

impl FileState {
    pub(super) fn of(state: &Metadata) -> FileState {
        let time = |seconds: i64, nanoseconds: i64| {
            seconds as f64 * 1000.0 + nanoseconds as f64 / 1_000_000.0
        };
        let changed = time(state.ctime(), state.ctime_nsec());
        let created = state.created().ok();
        let created = created.and_then(|at| at.into_std().duration_since(UNIX_EPOCH).ok());
        FileState {
            kind: FileKind::of(state.file_type()),
            size: state.len(),
            accessed: time(state.atime(), state.atime_nsec()),
            modified: time(state.mtime(), state.mtime_nsec()),
            changed,
            created: created.map_or(changed, |since| since.as_secs_f64() * 1000.0),
            mode: state.mode() & MODE_BITS,
            inode: state.ino(),
            links: state.nlink(),
            device: state.dev(),
        }
    }

    /// A folder that is there only because a granted one is below it.
    pub(super) fn above_grants() -> FileState {
        FileState {
            kind: FileKind::Folder,
            size: 0,
            accessed: 0.0,
            modified: 0.0,
            changed: 0.0,
            created: 0.0,
            mode: 0o555,
            inode: 0,
            links: 1,
            device: 0,
        }
    }

    /// As it travels.
    pub fn value(&self) -> Value<'static> {
        Value::List(vec![
            Value::from(self.kind.name()),
            number(self.size),
            Value::from(self.accessed),
            Value::from(self.modified),
            Value::from(self.changed),
            Value::from(self.created),
            number(u64::from(self.mode)),
            number(self.inode),
            number(self.links),
            number(self.device),
        ])
    }
}

/// A time of JavaScript as the system takes it.
pub(super) fn time_spec(milliseconds: f64) -> Result<SystemTimeSpec, FileError> {
    let invalid = FileError("EINVAL");
    let away = Duration::try_from_secs_f64(milliseconds.abs() / 1000.0).map_err(|_| invalid)?;
    let time = if milliseconds < 0.0 {
        UNIX_EPOCH.checked_sub(away)
    } else {
        UNIX_EPOCH.checked_add(away)
    };
    let time = SystemTime::from_std(time.ok_or(invalid)?);
    Ok(SystemTimeSpec::Absolute(time))
}
