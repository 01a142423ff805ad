//! Keeps the folder of compiled code within its bound: what was not used for longest goes first.

use std::fs::{DirEntry, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What the folder may hold: a few versions of a compiler, at 200 MB each, and many thousand bricks.
pub(super) const BYTES_MAX: u64 = 8 << 30;
/// Files that are being written begin so.
pub(super) const UNFINISHED: &str = ".compiling-";

/// Use is noted once in this time, for noting it is a write.
const TOUCH_EVERY: Duration = Duration::from_secs(24 * 3600);
/// No file takes that long to write, so it was left behind by a process that died.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(3600);

/// Notes that a file was used. Failing to is harmless: the file is then removed earlier.
pub(super) fn touch(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    if age(file.metadata()) > TOUCH_EVERY {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes the oldest files beyond `bytes_max`, but never `keep`. A file that another process has mapped stays usable
/// there. Failing to remove is harmless: the next one tries again.
pub(super) fn trim(dir: &Path, keep: &Path, bytes_max: u64) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut files: Vec<(Duration, u64, DirEntry)> = Vec::new();
    for entry in entries.flatten() {
        let age = age(entry.metadata());
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes())
        {
            if age > UNFINISHED_AGE_MAX {
                let _ = std::fs::remove_file(entry.path());
            }
            continue;
        }
        let size = entry.metadata().map_or(0, |metadata| metadata.len());
        files.push((age, size, entry));
    }
    files.sort_by_key(|(age, ..)| *age);
    let mut total = 0;
    for (_, size, entry) in files {
        total += size;
        if total > bytes_max && entry.path() != keep {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn age(metadata: std::io::Result<std::fs::Metadata>) -> Duration {
    let modified = metadata.and_then(|metadata| metadata.modified());
    modified.map_or(Duration::ZERO, |at| at.elapsed().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        for (name, hours) in [
            ("new", 0),
            ("old", 48),
            ("older", 50),
            (".compiling-x", 2),
            (".compiling-y", 0),
        ] {
            std::fs::write(path(name), [0; 100]).unwrap();
            let at = SystemTime::now() - Duration::from_secs(hours * 3600);
            File::open(path(name)).unwrap().set_modified(at).unwrap();
        }
        trim(dir.path(), &path("new"), 250);
        assert!(path("new").exists() && path("old").exists() && !path("older").exists());
        assert!(!path(".compiling-x").exists() && path(".compiling-y").exists());
        touch(&path("old"));
        assert!(age(path("old").metadata()) < Duration::from_secs(60));
        trim(dir.path(), &path("old"), 1);
        assert!(path("old").exists() && !path("new").exists());
    }
}
