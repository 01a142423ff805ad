//! `lly lines`: counts the lines of a project's sources by language. The sample of a command.
//!
//! Counting ([`count`], [`table`]) knows no host; [`walk`] asks for files through [`Files`], which the component answers
//! with `lily:command/project`. Tests: here, and `tests/it/tests/it/command.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

#[cfg(target_arch = "wasm32")]
mod component;

use std::collections::BTreeMap;

/// What `lly lines --help` says.
pub const HELP: &str = "Counts the lines of the project's sources by language.

Usage: lly lines [FOLDER]…

Hidden folders, `target` and `node_modules` are left out.

Example:
  lly lines
  lly lines src tests
";

/// Languages by the extensions of their files.
const LANGUAGES: [(&str, &[&str]); 12] = [
    ("C", &["c", "h"]),
    ("C++", &["cc", "cpp", "cxx", "hh", "hpp", "hxx"]),
    ("CSS", &["css"]),
    ("HTML", &["htm", "html"]),
    ("JavaScript", &["cjs", "js", "jsx", "mjs"]),
    ("Markdown", &["md"]),
    ("Petal", &["petal"]),
    ("Python", &["py"]),
    ("Rust", &["rs"]),
    ("Shell", &["sh"]),
    ("TypeScript", &["ts", "tsx"]),
    ("WebAssembly", &["wat", "wit"]),
];
/// Folders of things that nobody wrote here.
const LEFT_OUT: [&str; 2] = ["node_modules", "target"];
/// Folders in folders; a project that goes deeper is none.
const DEPTH_MAX: usize = 64;

/// What one language has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Files.
    pub files: u64,
    /// Lines with something on them.
    pub lines: u64,
    /// Lines without.
    pub blank: u64,
}

/// The project, as far as it may be seen.
pub trait Files {
    /// What goes wrong; shown to the user by the caller.
    type Error;
    /// The names in a folder (`""` is the project's own), each with whether it is a folder.
    fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, Self::Error>;
    /// A file's bytes.
    fn read(&self, path: &str) -> Result<Vec<u8>, Self::Error>;
}

/// Counts everything below `folder`.
pub fn walk<F: Files>(
    files: &F,
    folder: &str,
    counts: &mut BTreeMap<&'static str, Count>,
) -> Result<(), F::Error> {
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for (name, is_folder) in files.list(&folder)? {
            if name.starts_with('.') {
                continue;
            }
            let path = if folder.is_empty() {
                name.clone()
            } else {
                format!("{folder}/{name}")
            };
            if is_folder {
                if depth < DEPTH_MAX && !LEFT_OUT.contains(&name.as_str()) {
                    folders.push((path, depth + 1));
                }
            } else if let Some(language) = language(&name) {
                count(&files.read(&path)?, counts.entry(language).or_default());
            }
        }
    }
    Ok(())
}

fn language(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    LANGUAGES
        .iter()
        .find(|(_, extensions)| extensions.contains(&extension))
        .map(|(language, _)| *language)
}

/// Adds one file.
pub fn count(text: &[u8], to: &mut Count) {
    to.files += 1;
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if text.is_empty() {
        return;
    }
    for line in text.split(|byte| *byte == b'\n') {
        match line.iter().all(u8::is_ascii_whitespace) {
            true => to.blank += 1,
            false => to.lines += 1,
        }
    }
}

/// The answer as text: the language with the most lines first, the sum last.
pub fn table(counts: &BTreeMap<&'static str, Count>) -> String {
    let mut rows: Vec<(&str, Count)> = counts.iter().map(|(name, count)| (*name, *count)).collect();
    rows.sort_by_key(|(name, count)| (std::cmp::Reverse(count.lines), *name));
    let sum = rows.iter().fold(Count::default(), |sum, (_, count)| Count {
        files: sum.files + count.files,
        lines: sum.lines + count.lines,
        blank: sum.blank + count.blank,
    });
    rows.push(("sum", sum));
    let mut text = format!(
        "{:<12} {:>8} {:>10} {:>10}\n",
        "language", "files", "lines", "blank"
    );
    for (name, count) in rows {
        let Count {
            files,
            lines,
            blank,
        } = count;
        text.push_str(&format!("{name:<12} {files:>8} {lines:>10} {blank:>10}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(BTreeMap<&'static str, &'static str>);

    impl Files for Tree {
        type Error = String;
        fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, String> {
            let mut names = BTreeMap::new();
            for path in self.0.keys() {
                let below = match folder {
                    "" => Some(*path),
                    _ => path
                        .strip_prefix(folder)
                        .and_then(|rest| rest.strip_prefix('/')),
                };
                if let Some(below) = below {
                    let (name, is_folder) = match below.split_once('/') {
                        Some((name, _)) => (name, true),
                        None => (below, false),
                    };
                    names.insert(name.to_owned(), is_folder);
                }
            }
            Ok(names.into_iter().collect())
        }
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            self.0
                .get(path)
                .map(|text| text.as_bytes().to_vec())
                .ok_or_else(|| path.to_owned())
        }
    }

    #[test]
    fn sources_are_counted_by_language() {
        let tree = Tree(BTreeMap::from([
            ("main.c", "int main() {\n\n}\n"),
            ("src/deep/a.h", "int a;"),
            ("src/b.rs", "\n \t\nfn b() {}\r\n"),
            ("README", "no language"),
            ("target/x.c", "not counted"),
            (".git/x.c", "not counted"),
        ]));
        let mut counts = BTreeMap::new();
        walk(&tree, "", &mut counts).unwrap();
        let c = Count {
            files: 2,
            lines: 3,
            blank: 1,
        };
        let rust = Count {
            files: 1,
            lines: 1,
            blank: 2,
        };
        assert_eq!(counts, BTreeMap::from([("C", c), ("Rust", rust)]));
        let shown = table(&counts);
        let rows: Vec<Vec<&str>> = shown
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(rows[1], ["C", "2", "3", "1"]);
        assert_eq!(rows[3], ["sum", "3", "4", "3"]);
    }

    #[test]
    fn empty_files_have_no_lines() {
        let mut found = Count::default();
        count(b"", &mut found);
        count(b"\n", &mut found);
        assert_eq!((found.files, found.lines), (2, 0));
    }
}
