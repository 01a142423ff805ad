//! The project's files, as far as they were granted.
//!
//! Rule: a path is judged twice, as the plugin named it and as what it leads to, so that a link opens nothing.

use crate::reach::{self, Refusal};
use registry_index::Grants;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What a plugin holds in its memory at once; sources and documents are far smaller.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// More names in one folder than anybody keeps there.
const ENTRIES_MAX: usize = 100_000;

/// What is in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Without its folder.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// In bytes; 0 for a folder.
    pub(crate) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
}

/// The folder of a project.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// `root` exists; links in it are resolved.
    pub(crate) fn open(root: &Path) -> std::io::Result<Project> {
        Ok(Project {
            root: root.canonicalize()?,
        })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn list(&self, grants: &Grants, folder: &str) -> Result<Vec<Entry>, Refusal> {
        check_plain(folder)?;
        reach::may_list(grants, folder).map_err(Refusal::Denied)?;
        let (at, real) = self.resolve(folder)?;
        reach::may_list(grants, &real).map_err(Refusal::Denied)?;
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&at).map_err(|error| told(folder, &error))? {
            let entry = entry.map_err(|error| told(folder, &error))?;
            // What is not UTF-8 cannot be named, and a link is no file.
            let (Ok(name), Ok(metadata)) = (entry.file_name().into_string(), entry.metadata())
            else {
                continue;
            };
            let path = if real.is_empty() {
                name.clone()
            } else {
                format!("{real}/{name}")
            };
            let (kind, size, granted) = if metadata.is_dir() {
                (Kind::Folder, 0, reach::may_list(grants, &path).is_ok())
            } else if metadata.is_file() {
                (
                    Kind::File,
                    metadata.len(),
                    reach::may_read(grants, &path).is_ok(),
                )
            } else {
                continue;
            };
            if granted && reach::is_plain(&path) {
                found.push(Entry { name, kind, size });
            }
            if found.len() > ENTRIES_MAX {
                let words = format!("the folder `{folder}` has more than {ENTRIES_MAX} entries");
                return Err(Refusal::Failed(words));
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    pub(crate) fn read(&self, grants: &Grants, path: &str) -> Result<Vec<u8>, Refusal> {
        check_plain(path)?;
        reach::may_read(grants, path).map_err(Refusal::Denied)?;
        let (at, real) = self.resolve(path)?;
        reach::may_read(grants, &real).map_err(Refusal::Denied)?;
        let error = |error: std::io::Error| told(path, &error);
        let file = std::fs::File::open(&at).map_err(error)?;
        if !file.metadata().map_err(error)?.is_file() {
            return Err(Refusal::Failed(format!("`{path}` is not a file")));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)
            .map_err(error)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            let words = format!("`{path}` has more than {} MiB", FILE_BYTES_MAX >> 20);
            return Err(Refusal::Failed(words));
        }
        Ok(bytes)
    }

    pub(crate) fn write(
        &self,
        grants: &Grants,
        path: &str,
        contents: &[u8],
    ) -> Result<(), Refusal> {
        check_plain(path)?;
        reach::may_write(grants, path).map_err(Refusal::Denied)?;
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        // Where the folder leads that is there already: what is made below it is made by us.
        let mut known = folder;
        let (at, real) = loop {
            match self.resolve(known) {
                Err(Refusal::Absent(_)) if !known.is_empty() => {
                    known = known.rsplit_once('/').map_or("", |(parent, _)| parent);
                }
                resolved => break resolved?,
            }
        };
        let rest = folder[known.len()..].trim_start_matches('/');
        let parts = [real.as_str(), rest, name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        reach::may_write(grants, &parts.join("/")).map_err(Refusal::Denied)?;
        let folder = at.join(rest);
        let write = || {
            std::fs::create_dir_all(&folder)?;
            let mut file = tempfile::Builder::new()
                .prefix(".lly-")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
                .tempfile_in(&folder)?;
            file.write_all(contents)?;
            // A link of that name is replaced, not followed.
            file.persist(folder.join(name))
                .map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| told(path, &error))
    }

    /// Where a path leads, and that place's own name in the project.
    fn resolve(&self, path: &str) -> Result<(PathBuf, String), Refusal> {
        let at = self.root.join(path);
        let at = at.canonicalize().map_err(|error| told(path, &error))?;
        let inside = at.strip_prefix(&self.root).ok().and_then(Path::to_str);
        match inside {
            Some(real) => Ok((at.clone(), real.to_owned())),
            None => Err(Refusal::Denied(format!(
                "`{path}` leads out of the project"
            ))),
        }
    }
}

fn check_plain(path: &str) -> Result<(), Refusal> {
    if reach::is_plain(path) {
        return Ok(());
    }
    let words = format!("`{}` is not a path inside the project", path.escape_debug());
    Err(Refusal::Denied(words))
}

fn told(path: &str, error: &std::io::Error) -> Refusal {
    match error.kind() {
        ErrorKind::NotFound => Refusal::Absent(format!("there is no `{path}` in the project")),
        _ => Refusal::Failed(format!("`{path}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> (tempfile::TempDir, Project, Grants) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir_all(root.join("src/deep")).unwrap();
        std::fs::write(root.join("src/a.c"), "a").unwrap();
        std::fs::write(root.join("src/deep/b.c"), "bb").unwrap();
        std::fs::write(root.join("secret"), "s").unwrap();
        std::fs::write(folder.path().join("outside.c"), "o").unwrap();
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.join(name)).unwrap();
        link("../../outside.c", "src/out.c");
        link("../secret", "src/in.c");
        link("deep", "src/also");
        link("../..", "src/up");
        let grants = Grants {
            read: ["src/**".to_owned()].into(),
            write: ["out".to_owned(), "src/up".to_owned(), "src/also".to_owned()].into(),
            ..Grants::default()
        };
        let project = Project::open(&root).unwrap();
        (folder, project, grants)
    }

    #[test]
    fn what_was_granted_is_listed_and_read() {
        let (_folder, project, grants) = project();
        let names = |folder: &str| -> Vec<String> {
            let entries = project.list(&grants, folder).unwrap();
            entries.into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(""), ["src"]);
        assert_eq!(names("src"), ["a.c", "deep"]);
        assert_eq!(project.read(&grants, "src/deep/b.c").unwrap(), b"bb");
        assert_eq!(project.read(&grants, "src/also/b.c").unwrap(), b"bb");
        assert!(matches!(
            project.read(&grants, "src/none"),
            Err(Refusal::Absent(_))
        ));
        assert!(matches!(
            project.read(&grants, "src/deep"),
            Err(Refusal::Failed(_))
        ));
    }

    #[test]
    fn links_and_dots_open_nothing() {
        let (folder, project, grants) = project();
        for path in [
            "secret",
            "src/../secret",
            "src/out.c",
            "src/in.c",
            "/etc/passwd",
            "src/up/outside.c",
        ] {
            let answer = project.read(&grants, path);
            assert!(
                matches!(answer, Err(Refusal::Denied(_))),
                "{path}: {answer:?}"
            );
        }
        for path in ["src/up/x", "src/also/x", "src/x", "out", "out/../x"] {
            let answer = project.write(&grants, path, b"x");
            assert!(
                matches!(answer, Err(Refusal::Denied(_))),
                "{path}: {answer:?}"
            );
        }
        assert!(!folder.path().join("x").exists());
        assert!(matches!(
            project.list(&grants, "src/up"),
            Err(Refusal::Denied(_))
        ));
    }

    #[test]
    fn files_are_written_where_that_was_granted() {
        let (_folder, project, grants) = project();
        project.write(&grants, "out/x/y.txt", b"1").unwrap();
        project.write(&grants, "out/x/y.txt", b"22").unwrap();
        let written = std::fs::read(project.root().join("out/x/y.txt")).unwrap();
        assert_eq!(written, b"22");
        assert_eq!(
            std::fs::read_dir(project.root().join("out/x"))
                .unwrap()
                .count(),
            1
        );
    }
}
