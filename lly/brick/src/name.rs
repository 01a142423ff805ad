//! Which names a file may have inside a sealed file, and which a program may have.
//!
//! The rule: a name that passes here can be joined to any folder on any system and stays inside it.

/// Longest path inside a container, in bytes: what every file system takes, with room for a folder in front.
const PATH_BYTES_MAX: usize = 512;
/// Longest part of a path between two slashes, in bytes: the limit of the common file systems.
const PART_BYTES_MAX: usize = 255;
/// Longest program name: it ends up in logs, folder names and HTTP headers.
const PROGRAM_NAME_BYTES_MAX: usize = 64;

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathProblem {
    /// No characters at all.
    #[error("the name is empty")]
    Empty,
    /// More than 512 bytes, or more than 255 between two slashes.
    #[error("the name is too long")]
    TooLong,
    /// Starts with `/`.
    #[error("the name is absolute")]
    Absolute,
    /// `\`, `:` at a drive's place, NUL or another control character.
    #[error("the name contains a backslash, a drive or a control character")]
    Character,
    /// `.` or `..` between the slashes.
    #[error("the name contains `.` or `..`")]
    Dots,
    /// Two slashes in a row, or one at the end.
    #[error("the name has an empty part")]
    EmptyPart,
}

/// Accepts relative paths with `/` between non-empty parts, none of them `.` or `..`.
pub fn check_path(path: &str) -> Result<(), PathProblem> {
    if path.is_empty() {
        return Err(PathProblem::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(PathProblem::TooLong);
    }
    if path.starts_with('/') {
        return Err(PathProblem::Absolute);
    }
    if path.contains(|character: char| character == '\\' || character.is_control())
        || path.as_bytes().get(1) == Some(&b':')
    {
        return Err(PathProblem::Character);
    }
    for part in path.split('/') {
        match part {
            "" => return Err(PathProblem::EmptyPart),
            "." | ".." => return Err(PathProblem::Dots),
            part if part.len() > PART_BYTES_MAX => return Err(PathProblem::TooLong),
            _ => {}
        }
    }
    Ok(())
}

/// Accepts 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
pub fn check_program_name(name: &str) -> bool {
    name.len() <= PROGRAM_NAME_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_leave_their_folder_are_refused() {
        for good in [
            "a",
            "a/b.c",
            "..a",
            "a..",
            "...",
            "ä/ö",
            ".hidden",
            "a b",
            "assets/x:y",
        ] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for (bad, problem) in [
            ("", PathProblem::Empty),
            ("/", PathProblem::Absolute),
            ("/etc/passwd", PathProblem::Absolute),
            ("..", PathProblem::Dots),
            ("a/../b", PathProblem::Dots),
            ("a/./b", PathProblem::Dots),
            ("a//b", PathProblem::EmptyPart),
            ("a/", PathProblem::EmptyPart),
            ("a\\b", PathProblem::Character),
            ("c:/x", PathProblem::Character),
            ("a\0", PathProblem::Character),
            ("a\nb", PathProblem::Character),
            (&"a/".repeat(300), PathProblem::TooLong),
            (&"a".repeat(256), PathProblem::TooLong),
        ] {
            assert_eq!(check_path(bad), Err(problem), "{bad:?}");
        }
    }

    #[test]
    fn program_names() {
        for good in ["hello", "a", "A-1_x.y", "7zip"] {
            assert!(check_program_name(good), "{good}");
        }
        for bad in ["", ".", "-x", "a b", "a/b", "ä", &"a".repeat(65)] {
            assert!(!check_program_name(bad), "{bad}");
        }
    }
}
