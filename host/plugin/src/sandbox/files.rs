//! Files on their way into a sandbox and out of it. Rule: no path that a plugin names leaves its folder.

use super::{File, SandboxError, io};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// Longer paths are refused by file systems.
const PATH_BYTES_MAX: usize = 1024;

/// Whether the files can be put into one folder.
pub(super) fn check(files: &[File]) -> Result<(), SandboxError> {
    let mut seen = BTreeSet::new();
    for file in files {
        check_path(&file.path)?;
        if !seen.insert(&file.path) {
            return Err(refuse(&file.path, "it is given twice"));
        }
    }
    Ok(())
}

/// Whether a path is relative, plain, and stays below where it starts.
pub(super) fn check_path(path: &str) -> Result<(), SandboxError> {
    if path.is_empty() || path.len() > PATH_BYTES_MAX {
        return Err(refuse(path, "it is empty or too long"));
    }
    if path.starts_with('/') {
        return Err(refuse(path, "it is not relative"));
    }
    if path.contains('\0') {
        return Err(refuse(path, "it contains a zero byte"));
    }
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(refuse(path, "a part of it is empty, `.` or `..`"));
    }
    Ok(())
}

fn refuse(path: &str, reason: &'static str) -> SandboxError {
    SandboxError::Path {
        path: path.to_owned(),
        reason,
    }
}

/// Writes checked files below `dir`. All have the same age, for compilers record it.
pub(super) fn write(dir: &Path, files: &[File]) -> Result<(), SandboxError> {
    for file in files {
        let path = dir.join(&file.path);
        write_one(&path, &file.contents)
            .map_err(io(|| format!("write `{}` for a sandbox", file.path)))?;
    }
    Ok(())
}

fn write_one(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = std::fs::File::create(path)?;
    std::io::Write::write_all(&mut file, contents)?;
    file.set_modified(SystemTime::UNIX_EPOCH)
}

/// What reading an output found.
pub(super) enum Found {
    /// The file.
    File(Vec<u8>),
    /// No file of that name.
    Nothing,
    /// More than the bound.
    TooLarge,
}

/// Reads a checked path below `dir`. A tool may leave symbolic links; they are not followed.
pub(super) fn read(dir: &Path, path: &str, bytes_max: u64) -> Result<Found, SandboxError> {
    let mut at = dir.to_owned();
    let mut length = 0;
    for part in path.split('/') {
        at.push(part);
        match at.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                return Err(refuse(path, "the tool made it a symbolic link"));
            }
            Ok(metadata) => length = metadata.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Found::Nothing);
            }
            Err(error) => return Err(io(|| format!("read the output `{path}`"))(error)),
        }
    }
    if !at.is_file() {
        return Ok(Found::Nothing);
    }
    if length > bytes_max {
        return Ok(Found::TooLarge);
    }
    let mut contents = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    std::fs::File::open(&at)
        .and_then(|file| file.take(bytes_max).read_to_end(&mut contents))
        .map_err(io(|| format!("read the output `{path}`")))?;
    Ok(Found::File(contents))
}
