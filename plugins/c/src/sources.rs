//! The files of a program as the compiler sees them: which language each is in, and what stands on line n.

use std::collections::BTreeMap;

use crate::types::SourceFile;

/// Where the sandbox shows the user's files.
pub const SOURCE_ROOT: &str = "/src/";

/// The language of a translation unit, read off its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `.c`
    C,
    /// `.cc`, `.cpp`, `.cxx`, `.c++`
    Cpp,
}

impl Language {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::Cpp => "C++",
        }
    }

    /// The language of the file at `path`; none when its extension is not a source file's.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "c" => Some(Self::C),
            "cc" | "cpp" | "cxx" | "c++" => Some(Self::Cpp),
            _ => None,
        }
    }
}

/// The text of the user's files, for showing the line that a message is about.
pub struct Texts<'a>(BTreeMap<&'a str, &'a [u8]>);

impl<'a> Texts<'a> {
    /// Looks into `files`; an earlier file wins over a later one of the same path.
    pub fn new(files: impl Iterator<Item = &'a SourceFile>) -> Self {
        let mut texts = BTreeMap::new();
        for file in files {
            texts
                .entry(file.path.as_str())
                .or_insert(file.contents.as_slice());
        }
        Self(texts)
    }

    /// The text of line `line`, counted from 1, of the file at `path`.
    pub fn line(&self, path: &str, line: u32) -> Option<String> {
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        let bytes = self.0.get(path)?.split(|byte| *byte == b'\n').nth(index)?;
        Some(
            String::from_utf8_lossy(bytes)
                .trim_end_matches('\r')
                .to_owned(),
        )
    }

    /// Turns a column in bytes, as clang counts, into one in characters.
    pub fn column_in_characters(line: &str, column: u32) -> u32 {
        let bytes = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
        let characters = line
            .char_indices()
            .take_while(|(at, _)| *at < bytes)
            .count();
        let beyond = bytes.saturating_sub(line.len());
        u32::try_from(characters + beyond)
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }
}

/// Makes `path` one that names a file below the project's root: no root, no `..`, no empty parts.
pub fn is_inside_project(path: &str) -> bool {
    path == "."
        || (!path.is_empty()
            && path
                .split('/')
                .all(|part| !part.is_empty() && part != ".." && part != "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(Texts::column_in_characters("a = é + y;", 1), 1);
        assert_eq!(Texts::column_in_characters("a = é + y;", 10), 9);
        assert_eq!(Texts::column_in_characters("ab", 3), 3);
        assert_eq!(Texts::column_in_characters("", 0), 1);
    }

    #[test]
    fn paths_stay_inside() {
        for good in [".", "a", "a/b.c", "include"] {
            assert!(is_inside_project(good), "{good}");
        }
        for bad in ["", "/", "/usr", "..", "a/../b", "a//b", "a/", "./a"] {
            assert!(!is_inside_project(bad), "{bad}");
        }
    }
}
