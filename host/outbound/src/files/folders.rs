//! Which granted folder a path is in, and where in it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use super::Access;
use super::state::FileError;

/// A granted folder, open.
#[derive(Debug)]
pub(super) struct Folder {
    /// The components of the program's name of it.
    guest: Vec<String>,
    root: File,
    access: Access,
}

/// A path inside a granted folder.
pub(super) struct Place<'a> {
    pub(super) root: &'a File,
    pub(super) access: Access,
    /// Relative; a dot for the folder itself.
    rest: String,
}

impl Folder {
    pub(super) fn new(guest: Vec<String>, root: File, access: Access) -> Folder {
        Folder {
            guest,
            root,
            access,
        }
    }

    fn holds(&self, path: &[&str]) -> bool {
        path.len() >= self.guest.len() && self.guest.iter().zip(path).all(|(a, b)| a == b)
    }

    fn is_below(&self, path: &[&str]) -> bool {
        self.guest.len() > path.len() && self.guest.iter().zip(path).all(|(a, b)| a == b)
    }
}

impl Place<'_> {
    pub(super) fn path(&self) -> &Path {
        Path::new(&self.rest)
    }

    /// Refuses the granted folder itself, which is not the program's to move.
    pub(super) fn is_below(&self) -> Result<(), FileError> {
        if self.rest == "." {
            return Err(FileError("EBUSY"));
        }
        Ok(())
    }
}

/// The components of an absolute path without dots.
pub(super) fn components(path: &str) -> Result<Vec<&str>, FileError> {
    let rest = path.strip_prefix('/').ok_or(FileError("EACCES"))?;
    let components: Vec<&str> = rest.split('/').filter(|one| !one.is_empty()).collect();
    if components.iter().any(|one| *one == "." || *one == "..") {
        return Err(FileError("EACCES"));
    }
    if path.contains('\0') {
        return Err(FileError("EINVAL"));
    }
    Ok(components)
}

/// The innermost granted folder that holds a path.
pub(super) fn place<'a>(folders: &'a [Folder], path: &str) -> Result<Place<'a>, FileError> {
    let components = components(path)?;
    let holding = folders.iter().filter(|folder| folder.holds(&components));
    let folder = holding.max_by_key(|folder| folder.guest.len());
    let folder = folder.ok_or(FileError("EACCES"))?;
    let rest = components.get(folder.guest.len()..).unwrap_or_default();
    let rest = if rest.is_empty() {
        ".".to_owned()
    } else {
        rest.join("/")
    };
    Ok(Place {
        root: &folder.root,
        access: folder.access,
        rest,
    })
}

/// The names of what lies below a path that is itself in no granted folder but leads to some: `/` for the grant `/data`.
pub(super) fn names_under(
    folders: &[Folder],
    path: &str,
) -> Result<Option<Vec<String>>, FileError> {
    let components = components(path)?;
    if folders.iter().any(|folder| folder.holds(&components)) {
        return Ok(None);
    }
    let below = folders.iter().filter(|folder| folder.is_below(&components));
    let names: BTreeSet<&String> = below
        .filter_map(|folder| folder.guest.get(components.len()))
        .collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    Ok((!names.is_empty()).then_some(names))
}
