//! `lly.lock` of a project, read and changed by one process at a time.

use registry_index::{Lockfile, LockfileError};
use rustix::fs::{FlockOperation, flock};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file's name, beside `lly.toml`.
pub const LOCKFILE: &str = "lly.lock";

/// Why a lockfile cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It says nonsense.
    #[error(transparent)]
    Lockfile(#[from] LockfileError),
    /// The system did not let us.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The lockfile in a project's folder; an empty one if there is none.
pub fn read_lockfile(project: &Path) -> Result<Lockfile, ProjectError> {
    let path = project.join(LOCKFILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Lockfile::parse(&text)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lockfile::default()),
        Err(source) => Err(ProjectError::Io {
            action: "read",
            path,
            source,
        }),
    }
}

/// Changes the lockfile, whole or not at all. Two processes that do so at once both have their way.
pub fn edit_lockfile(project: &Path, edit: impl FnOnce(&mut Lockfile)) -> Result<(), ProjectError> {
    let path = project.join(LOCKFILE);
    let error = |action: &'static str| {
        let path = path.clone();
        move |source: io::Error| ProjectError::Io {
            action,
            path,
            source,
        }
    };
    // The folder is locked, because the file is replaced.
    let folder = File::open(project).map_err(error("lock"))?;
    flock(&folder, FlockOperation::LockExclusive).map_err(|errno| error("lock")(errno.into()))?;
    let before = read_lockfile(project)?;
    let mut after = before.clone();
    edit(&mut after);
    if after == before {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".lly-")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
            .tempfile_in(project)?;
        file.write_all(after.render().as_bytes())?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(error("write"))
}
