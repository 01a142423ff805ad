//! The files that were handed over, as a tree: all that there is to read.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{FileMetadata, FileSystem, ResolveError};

use crate::types::SourceFile;

/// Files by their path relative to the project's root, with `/` between its parts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Files(Arc<Tree>);

#[derive(Debug, Default)]
struct Tree {
    files: BTreeMap<String, Vec<u8>>,
    /// Every folder that has a file below it; the root is `""`.
    folders: BTreeSet<String>,
}

impl Files {
    /// The sources, and what they may refer to. Of two files with one path the first counts.
    pub fn new<'a>(files: impl IntoIterator<Item = &'a SourceFile>) -> Self {
        let mut tree = Tree::default();
        for file in files {
            let mut folder = file.path.as_str();
            while let Some((above, _)) = folder.rsplit_once('/') {
                tree.folders.insert(above.to_owned());
                folder = above;
            }
            tree.files
                .entry(file.path.clone())
                .or_insert_with(|| file.contents.clone());
        }
        tree.folders.insert(String::new());
        Self(Arc::new(tree))
    }

    /// A file's bytes.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.files.get(path).map(Vec::as_slice)
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.files.keys().map(String::as_str)
    }
}

/// `path` as the resolver knows it: the project's root is `/`.
pub fn absolute(path: &str) -> PathBuf {
    Path::new("/").join(path)
}

/// The other way round; nothing for what is no path of a project.
pub fn relative(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl FileSystem for Files {
    fn new() -> Self {
        Self::default()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = relative(path).ok_or_else(absent)?;
        self.get(&path).map(<[u8]>::to_vec).ok_or_else(absent)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        String::from_utf8(self.read(path)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let path = relative(path).ok_or_else(absent)?;
        let is_file = self.0.files.contains_key(&path);
        let is_folder = self.0.folders.contains(&path);
        if is_file || is_folder {
            Ok(FileMetadata::new(is_file, is_folder, false))
        } else {
            Err(absent())
        }
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        Err(ResolveError::NotFound(path.display().to_string()))
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        relative(path)
            .map(|path| absolute(&path))
            .ok_or_else(absent)
    }
}

#[cfg(test)]
pub(crate) fn files(all: &[(&str, &str)]) -> Files {
    let all: Vec<SourceFile> = all
        .iter()
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            contents: text.as_bytes().to_vec(),
        })
        .collect();
    Files::new(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_above_the_root_is_none() {
        assert_eq!(
            relative(Path::new("/a/../b/./c.js")).as_deref(),
            Some("b/c.js")
        );
        assert_eq!(relative(Path::new("/a/../../b.js")), None);
    }

    #[test]
    fn folders_are_those_that_hold_files() {
        let files = files(&[("a/b/c.js", "")]);
        assert!(files.metadata(Path::new("/a/b")).unwrap().is_dir());
        assert!(files.metadata(Path::new("/a/b/c.js")).unwrap().is_file());
        assert!(files.metadata(Path::new("/a/c")).is_err());
    }
}
