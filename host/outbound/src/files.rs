//! Files that a program may use: folders that were granted to it, and nothing else on the machine.
//!
//! A path is resolved inside its grant by `cap-primitives`: neither `..` nor a link leads out of it (`EACCES`). Functions
//! answer at once, with the system's name of a failure where there is one.

mod calls;
mod folders;
mod handles;
mod state;

pub use state::{FileError, FileKind, FileState};

use cap_primitives::ambient_authority;
use cap_primitives::fs as cap;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::limits::{FOLDER_ENTRIES_MAX, READ_BYTES_MAX};
use folders::{Folder, Place};
use handles::Handle;

/// What a program may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

/// A folder that a program may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// As the program names it: absolute, without dots.
    pub guest: String,
    /// Where it is on this machine.
    pub host: PathBuf,
    /// What the program may do there.
    pub access: Access,
}

/// A folder that cannot be granted.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The program's name of it is relative, or has dots.
    #[error("`{0}` is not an absolute path without dots")]
    Guest(String),
    /// It cannot be opened as a folder.
    #[error("the folder `{host}` cannot be opened")]
    Open {
        /// Where it was sought.
        host: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

/// The files of one instance.
#[derive(Debug, Default)]
pub struct Files {
    folders: Vec<Folder>,
    handles: HashMap<u64, Handle>,
    last_handle: u64,
}

type Answer<T> = Result<T, FileError>;

impl Files {
    /// Opens the granted folders. None is right for a program on a fleet: then every path is `EACCES`.
    pub fn new(grants: &[Grant]) -> Result<Files, GrantError> {
        let open = |grant: &Grant| {
            let path = folders::components(&grant.guest)
                .map_err(|_| GrantError::Guest(grant.guest.clone()))?;
            let root = cap::open_ambient_dir(&grant.host, ambient_authority());
            let root = root.map_err(|source| GrantError::Open {
                host: grant.host.clone(),
                source,
            })?;
            let path = path.into_iter().map(str::to_owned).collect();
            Ok(Folder::new(path, root, grant.access))
        };
        let folders = grants.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Files {
            folders,
            ..Files::default()
        })
    }

    /// All of a file.
    pub fn read_file(&self, path: &str) -> Answer<Vec<u8>> {
        let place = self.place(path)?;
        let mut options = cap::OpenOptions::new();
        handles::never_wait(options.read(true));
        let file = cap::open(place.root, place.path(), &options)?;
        if file.metadata()?.is_dir() {
            return Err(FileError("EISDIR"));
        }
        let mut bytes = Vec::new();
        file.take(READ_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > READ_BYTES_MAX {
            return Err(FileError("EFBIG"));
        }
        Ok(bytes)
    }

    /// What a path is; with `follow` what a link leads to.
    pub fn stat(&self, path: &str, follow: bool) -> Answer<FileState> {
        if folders::names_under(&self.folders, path)?.is_some() {
            return Ok(FileState::above_grants());
        }
        let place = self.place(path)?;
        let follow = if follow {
            cap::FollowSymlinks::Yes
        } else {
            cap::FollowSymlinks::No
        };
        let state = cap::stat(place.root, place.path(), follow)?;
        Ok(FileState::of(&state))
    }

    /// Names and kinds in a folder, sorted by name.
    pub fn read_folder(&self, path: &str) -> Answer<Vec<(String, FileKind)>> {
        if let Some(names) = folders::names_under(&self.folders, path)? {
            let folder = |name: String| (name, FileKind::Folder);
            return Ok(names.into_iter().map(folder).collect());
        }
        let place = self.place(path)?;
        let mut entries = Vec::new();
        for entry in cap::read_dir(place.root, place.path())? {
            let entry = entry?;
            if entries.len() >= FOLDER_ENTRIES_MAX {
                return Err(FileError("ENOMEM"));
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push((name, FileKind::of(entry.file_type()?)));
        }
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(entries)
    }

    /// Makes one folder.
    pub fn make_folder(&self, path: &str, mode: u32) -> Answer<()> {
        let place = self.writable(path)?;
        let mut builder = cap::DirBuilder::new();
        cap::DirBuilderExt::mode(&mut builder, mode & MODE_BITS);
        Ok(cap::create_dir(
            place.root,
            place.path(),
            builder.options(),
        )?)
    }

    /// Removes a file or a link.
    pub fn remove_file(&self, path: &str) -> Answer<()> {
        let place = self.writable(path)?;
        Ok(cap::remove_file(place.root, place.path())?)
    }

    /// Removes an empty folder; never a granted one itself.
    pub fn remove_folder(&self, path: &str) -> Answer<()> {
        let place = self.writable(path)?;
        place.is_below()?;
        Ok(cap::remove_dir(place.root, place.path())?)
    }

    /// Moves, over what is there.
    pub fn rename(&self, from: &str, to: &str) -> Answer<()> {
        let (from, to) = (self.writable(from)?, self.writable(to)?);
        from.is_below()?;
        to.is_below()?;
        Ok(cap::rename(from.root, from.path(), to.root, to.path())?)
    }

    /// A second name of a file. Both must be writable: the new name would make a file writable that was granted to be read.
    pub fn link(&self, from: &str, to: &str) -> Answer<()> {
        let (from, to) = (self.writable(from)?, self.writable(to)?);
        Ok(cap::hard_link(from.root, from.path(), to.root, to.path())?)
    }

    /// A symbolic link. Absolute targets are refused: they would lead out for everybody else on this machine.
    pub fn link_symbolically(&self, target: &str, path: &str) -> Answer<()> {
        let place = self.writable(path)?;
        Ok(cap::symlink(Path::new(target), place.root, place.path())?)
    }

    /// What a symbolic link says.
    pub fn read_link(&self, path: &str) -> Answer<String> {
        if folders::names_under(&self.folders, path)?.is_some() {
            return Err(FileError("EINVAL"));
        }
        let place = self.place(path)?;
        let target = cap::read_link(place.root, place.path())?;
        Ok(target.to_string_lossy().into_owned())
    }

    /// Sets the times of what a path leads to, in milliseconds since 1970.
    pub fn set_times(&self, path: &str, accessed: f64, modified: f64) -> Answer<()> {
        let place = self.writable(path)?;
        let (accessed, modified) = (state::time_spec(accessed)?, state::time_spec(modified)?);
        let times = (Some(accessed), Some(modified));
        Ok(cap::set_times(place.root, place.path(), times.0, times.1)?)
    }

    /// Sets the bits of the permissions.
    pub fn change_mode(&self, path: &str, mode: u32) -> Answer<()> {
        let place = self.writable(path)?;
        let permissions = cap::PermissionsExt::from_mode(mode & MODE_BITS);
        Ok(cap::set_permissions(place.root, place.path(), permissions)?)
    }

    fn place(&self, path: &str) -> Answer<Place<'_>> {
        folders::place(&self.folders, path)
    }

    fn writable(&self, path: &str) -> Answer<Place<'_>> {
        let place = self.place(path)?;
        match place.access {
            Access::Write => Ok(place),
            Access::Read => Err(FileError("EROFS")),
        }
    }
}

/// Permissions without set-user-id and the like, which a program has no use for.
const MODE_BITS: u32 = 0o777;
