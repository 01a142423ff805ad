//! Where the folders of this machine appear to the compiler.
//!
//! The rule: the compiler sees relative names only, so that the same project gives the same bytes wherever it lies.
//! Folders of one project share one root, whose name is empty. A folder that has nothing to do with it (`-I` into
//! another tree) appears as `_include/1`, `_include/2` and so on, in the order given.

use std::path::{Component, Path, PathBuf};

/// Folders with this many names in common, such as `/home/me`, count as parts of one project. Less in common
/// (`/`, `/tmp`, `/home`) says nothing, and would put the name of a user or of a temporary folder into the output.
const COMMON_DEPTH_MIN: usize = 2;

/// Roots, each with everything below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    roots: Vec<PathBuf>,
}

impl Layout {
    /// Makes sure that `folder` (absolute, without `..`) has a place.
    pub fn add(&mut self, folder: &Path) {
        if self.roots.iter().any(|root| folder.starts_with(root)) {
            return;
        }
        let joint = self.roots.iter_mut().find_map(|root| {
            let common = common_folder(root, folder);
            let depth = common
                .components()
                .filter(|part| matches!(part, Component::Normal(_)))
                .count();
            (common == folder || depth >= COMMON_DEPTH_MIN).then_some((root, common))
        });
        match joint {
            Some((root, common)) => {
                *root = common;
                self.absorb();
            }
            None => self.roots.push(folder.to_path_buf()),
        }
    }

    /// The name under which the compiler sees a file or folder; `.` for the root itself. None when it has no place or
    /// a name that is not UTF-8.
    pub fn name_of(&self, path: &Path) -> Option<String> {
        let (index, root) = self
            .roots
            .iter()
            .enumerate()
            .find(|(_, root)| path.starts_with(root))?;
        let mut parts = Vec::new();
        if index > 0 {
            parts.push("_include".to_string());
            parts.push(index.to_string());
        }
        for part in path.strip_prefix(root).ok()?.components() {
            parts.push(part.as_os_str().to_str()?.to_string());
        }
        Some(if parts.is_empty() {
            ".".to_string()
        } else {
            parts.join("/")
        })
    }

    /// Drops roots that lie below another one since it grew.
    fn absorb(&mut self) {
        let roots = std::mem::take(&mut self.roots);
        for (index, root) in roots.iter().enumerate() {
            let inside = |(other, parent): (usize, &PathBuf)| {
                other != index && root.starts_with(parent) && (root != parent || other < index)
            };
            if !roots.iter().enumerate().any(inside) {
                self.roots.push(root.clone());
            } else if index == 0 {
                // The primary root was swallowed: what swallowed it takes its place.
                let parent = roots.iter().skip(1).find(|parent| root.starts_with(parent));
                self.roots.extend(parent.cloned());
            }
        }
        let mut unique: Vec<PathBuf> = Vec::new();
        for root in std::mem::take(&mut self.roots) {
            if !unique.contains(&root) {
                unique.push(root);
            }
        }
        self.roots = unique;
    }
}

/// The longest folder that holds both.
pub fn common_folder(one: &Path, other: &Path) -> PathBuf {
    one.components()
        .zip(other.components())
        .take_while(|(a, b)| a == b)
        .map(|(part, _)| part)
        .collect()
}

/// An absolute path without `.` and `..`, worked out on the text alone, as the compiler's sandbox does.
pub fn normalize(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(part),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(folders: &[&str]) -> Layout {
        let mut layout = Layout::default();
        folders
            .iter()
            .for_each(|folder| layout.add(Path::new(folder)));
        layout
    }

    fn names(folders: &[&str], paths: &[&str]) -> Vec<Option<String>> {
        let layout = layout(folders);
        paths
            .iter()
            .map(|path| layout.name_of(Path::new(path)))
            .collect()
    }

    #[test]
    fn folders_of_a_project_share_a_root() {
        let some = |name: &str| Some(name.to_string());
        let folders = ["/home/me/p/src", "/home/me/p/include"];
        assert_eq!(
            names(
                &folders,
                &[
                    "/home/me/p/src/a.c",
                    "/home/me/p/include",
                    "/home/me/p",
                    "/etc/x"
                ]
            ),
            [some("src/a.c"), some("include"), some("."), None]
        );
        assert_eq!(
            names(&["/p/src/deep", "/p/src"], &["/p/src/deep/a.c"]),
            [some("deep/a.c")]
        );
        assert_eq!(names(&["/p"], &["/p/a.c"]), [some("a.c")]);
    }

    #[test]
    fn foreign_folders_are_numbered() {
        let some = |name: &str| Some(name.to_string());
        let folders = ["/tmp/x", "/usr/include/lua", "/tmp/y", "/usr/include/z"];
        assert_eq!(
            names(
                &folders,
                &["/tmp/x/a.c", "/usr/include/lua/lua.h", "/tmp/y/y.h"]
            ),
            [
                some("a.c"),
                some("_include/1/lua/lua.h"),
                some("_include/2/y.h")
            ]
        );
    }

    #[test]
    fn a_root_that_grows_swallows_others() {
        let grown = layout(&["/a/b/c/d", "/x", "/a/b/e", "/a/b"]);
        assert_eq!(grown, layout(&["/a/b", "/x"]));
        assert_eq!(
            layout(&["/a/b/c", "/q/r", "/a/b/d", "/q"]),
            layout(&["/a/b", "/q"])
        );
        assert_eq!(layout(&["/t/a", "/t/b", "/t"]), layout(&["/t"]));
    }

    #[test]
    fn dots_are_worked_out() {
        assert_eq!(normalize(Path::new("/a/./b/../c/../../d")), Path::new("/d"));
        assert_eq!(normalize(Path::new("/../x")), Path::new("/x"));
    }
}
