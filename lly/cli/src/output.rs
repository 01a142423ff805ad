//! Writing what the user asked for: whole or not at all, and never over something else unless told so.

use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use crate::failure::{Failure, OrFail};
use crate::interrupt::Unfinished;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Keep it and fail.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Fails early, before minutes of work, when `path` could not be written in the end.
pub fn check(path: &Path, existing: Existing) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(Failure::local(format!("`{}` is a folder", path.display())));
    }
    if existing == Existing::Keep && path.symlink_metadata().is_ok() {
        return Err(taken(path));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(
            Failure::local(format!("the folder `{}` does not exist", folder.display()))
                .hint(format!("make it first: mkdir -p {}", folder.display())),
        );
    }
    Ok(())
}

/// Writes `bytes` to `path` in one step: until then the old file is untouched.
pub fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    let what = || format!("cannot write `{}`", path.display());
    // The file is as public as any other that this user makes: the umask decides.
    let permissions = std::fs::Permissions::from_mode(0o666);
    let mut file = Builder::new()
        .prefix(".lly-")
        .permissions(permissions)
        .tempfile_in(folder_of(path))
        .or_fail(what)?;
    let _unfinished = Unfinished::mark(file.path());
    file.write_all(bytes).or_fail(what)?;
    match existing {
        Existing::Replace => file
            .persist(path)
            .map_err(|error| error.error)
            .or_fail(what)?,
        Existing::Keep => match file.persist_noclobber(path) {
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(taken(path));
            }
            written => written.map_err(|error| error.error).or_fail(what)?,
        },
    };
    Ok(())
}

fn taken(path: &Path) -> Failure {
    Failure::local(format!("`{}` exists already", path.display())).hint("overwrite it with -f")
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
