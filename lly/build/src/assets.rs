//! The folder of static files, read into memory.
//!
//! The rule: what is in the folder is public, and nothing else is. A link that leads out of it is refused, not followed.

use std::path::{Path, PathBuf};

use lly_brick::container::Bounds;
use lly_brick::{PathProblem, check_path};

/// How deep folders may be nested.
const DEPTH_MAX: usize = 32;

/// Why the assets cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// Cannot be read.
    #[error("asset `{}` cannot be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A link to somewhere else, or to a folder.
    #[error("asset `{}` is a link that does not lead to a file inside the assets folder", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A socket, a pipe, a device.
    #[error("asset `{}` is not a regular file", path.display())]
    NotAFile {
        /// What it is.
        path: PathBuf,
    },
    /// A name that a bundle cannot hold.
    #[error("asset `{}` cannot be packed: {problem}", path.display())]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A name that is not UTF-8.
    #[error("asset `{}` has a name that is not UTF-8", path.display())]
    NameEncoding {
        /// The file.
        path: PathBuf,
    },
    /// Over a bound.
    #[error("the assets up to `{}` are more than {what}", path.display())]
    TooMuch {
        /// The file that went over it.
        path: PathBuf,
        /// The bound.
        what: String,
    },
}

/// Paths relative to `folder` (with `/`) and contents, sorted by path.
pub fn collect(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, AssetsError> {
    let mut found = Vec::new();
    let mut total = 0;
    visit(folder, folder, "", 0, &mut found, &mut total)?;
    found.sort();
    Ok(found)
}

fn visit(
    root: &Path,
    folder: &Path,
    prefix: &str,
    depth: usize,
    found: &mut Vec<(String, Vec<u8>)>,
    total: &mut u64,
) -> Result<(), AssetsError> {
    let unreadable = |path: &Path| {
        let path = path.to_path_buf();
        move |source| AssetsError::Unreadable { path, source }
    };
    let too_much = |path: &Path, what: String| AssetsError::TooMuch {
        path: path.to_path_buf(),
        what,
    };
    if depth > DEPTH_MAX {
        return Err(too_much(folder, format!("{DEPTH_MAX} folders deep")));
    }
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name
            .to_str()
            .ok_or_else(|| AssetsError::NameEncoding { path: path.clone() })?;
        let relative = format!("{prefix}{name}");
        check_path(&format!("assets/{relative}")).map_err(|problem| AssetsError::Name {
            path: path.clone(),
            problem,
        })?;
        let kind = entry.file_type().map_err(unreadable(&path))?;
        if kind.is_dir() {
            visit(
                root,
                &path,
                &format!("{relative}/"),
                depth + 1,
                found,
                total,
            )?;
            continue;
        }
        if kind.is_symlink() {
            let target = path
                .canonicalize()
                .map_err(|_| AssetsError::Link { path: path.clone() })?;
            if !target.starts_with(root) || !target.is_file() {
                return Err(AssetsError::Link { path });
            }
        } else if !kind.is_file() {
            return Err(AssetsError::NotAFile { path });
        }
        let size = std::fs::metadata(&path).map_err(unreadable(&path))?.len();
        *total += size;
        let bounds = Bounds::BUNDLE;
        if size > bounds.entry_bytes_max || *total > bounds.total_bytes_max {
            let what = format!(
                "{} bytes each or {} together",
                bounds.entry_bytes_max, bounds.total_bytes_max
            );
            return Err(too_much(&path, what));
        }
        if found.len() as u64 >= u64::from(bounds.entries_max) {
            return Err(too_much(&path, format!("{} files", bounds.entries_max)));
        }
        found.push((relative, std::fs::read(&path).map_err(unreadable(&path))?));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_sorted_and_links_stay_inside() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder
            .path()
            .canonicalize()
            .expect("a real path")
            .join("assets");
        std::fs::create_dir_all(root.join("b/c")).expect("folders");
        for name in ["z.txt", "b/c/d.css", "b.html", ".well-known"] {
            std::fs::write(root.join(name), name).expect("a file");
        }
        std::os::unix::fs::symlink("../b.html", root.join("b/link.html")).expect("a link");
        let names: Vec<String> = collect(&root)
            .expect("assets")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names,
            [".well-known", "b.html", "b/c/d.css", "b/link.html", "z.txt"]
        );
        for target in ["/etc/passwd", "b", "absent"] {
            std::os::unix::fs::symlink(target, root.join("bad")).expect("a link");
            assert!(
                matches!(collect(&root), Err(AssetsError::Link { .. })),
                "{target}"
            );
            std::fs::remove_file(root.join("bad")).expect("removed");
        }
    }
}
