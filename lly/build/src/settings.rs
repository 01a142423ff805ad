//! `lly.toml`: the program file beside the sources. Unknown keys are refused, and every refusal names line and key.
//!
//! To add a key: a field in [`RawFile`], one in [`ProjectFile`], and what it does in `project.rs`.

use std::path::{Path, PathBuf};

use lly_brick::{Limits, check_program_name};
use serde::Deserialize;
use toml::Spanned;

use crate::project::ProjectError;

/// The program file's name.
pub const PROJECT_FILE: &str = "lly.toml";

/// A checked `lly.toml`; paths are as written, relative to `folder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    pub folder: PathBuf,
    pub name: Option<String>,
    pub sources: Vec<PathBuf>,
    pub profile: Option<String>,
    pub optimization: Option<u8>,
    pub debug_info: bool,
    pub include: Vec<PathBuf>,
    pub define: Vec<String>,
    pub assets: Option<PathBuf>,
    pub env: Vec<String>,
    pub limits: Limits,
    pub flags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    name: Option<Spanned<String>>,
    /// A file without sources only holds settings for what the command line names.
    sources: Option<Spanned<Vec<Spanned<PathBuf>>>>,
    profile: Option<String>,
    optimization: Option<Spanned<u8>>,
    #[serde(default)]
    debug_info: bool,
    #[serde(default)]
    include: Vec<Spanned<PathBuf>>,
    #[serde(default)]
    define: Vec<String>,
    assets: Option<Spanned<PathBuf>>,
    #[serde(default)]
    env: Vec<Spanned<String>>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    frontend: RawFrontend,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLimits {
    memory_bytes_max: Option<Spanned<u64>>,
    wall_time_ms: Option<Spanned<u64>>,
    request_body_bytes_max: Option<Spanned<u64>>,
    output_bytes_max: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrontend {
    #[serde(default)]
    flags: Vec<String>,
}

impl ProjectFile {
    /// Reads `FOLDER/lly.toml`.
    pub fn read_in(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(PROJECT_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, folder, &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(ProjectError::NothingToCompile {
                    folder: folder.to_path_buf(),
                })
            }
            Err(source) => Err(ProjectError::Unreadable { path, source }),
        }
    }

    fn parse(text: &str, folder: &Path, path: &Path) -> Result<Self, ProjectError> {
        let refuse = |at: usize, message: String| {
            let (line, column) = place(text, at);
            ProjectError::File {
                path: path.to_path_buf(),
                line,
                column,
                message,
            }
        };
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            refuse(at, error.message().trim().replace('\n', ", "))
        })?;
        let name = match raw.name {
            Some(name) if !check_program_name(name.get_ref()) => {
                let rule = "is to be 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit";
                return Err(refuse(name.span().start, format!("`name` {rule}")));
            }
            name => name.map(Spanned::into_inner),
        };
        if let Some(sources) = &raw.sources
            && sources.get_ref().is_empty()
        {
            return Err(refuse(
                sources.span().start,
                "`sources` names no file".to_string(),
            ));
        }
        let relative = |key: &str, path: Spanned<PathBuf>| {
            if path.get_ref().as_os_str().is_empty() || path.get_ref().is_absolute() {
                let message =
                    format!("`{key}` is to be a path relative to the folder of this file");
                return Err(refuse(path.span().start, message));
            }
            Ok(path.into_inner())
        };
        let sources = raw
            .sources
            .map(Spanned::into_inner)
            .unwrap_or_default()
            .into_iter()
            .map(|path| relative("sources", path));
        let include = raw
            .include
            .into_iter()
            .map(|path| relative("include", path));
        let optimization = match raw.optimization {
            Some(level) if *level.get_ref() > 3 => {
                return Err(refuse(
                    level.span().start,
                    "`optimization` is to be 0, 1, 2 or 3".to_string(),
                ));
            }
            level => level.map(Spanned::into_inner),
        };
        let limit = |key: &str, value: Option<Spanned<u64>>| match value {
            Some(value) if *value.get_ref() == 0 => Err(refuse(
                value.span().start,
                format!("`limits.{key}` is to be more than 0"),
            )),
            value => Ok(value.map(Spanned::into_inner)),
        };
        let mut env = Vec::with_capacity(raw.env.len());
        for name in raw.env {
            let letters = name
                .get_ref()
                .bytes()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == b'_');
            if !letters
                || name.get_ref().is_empty()
                || name.get_ref().as_bytes()[0].is_ascii_digit()
            {
                let message = format!(
                    "`env` holds `{}`, which is no variable's name",
                    name.get_ref()
                );
                return Err(refuse(name.span().start, message));
            }
            env.push(name.into_inner());
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            name,
            sources: sources.collect::<Result<_, _>>()?,
            profile: raw.profile,
            optimization,
            debug_info: raw.debug_info,
            include: include.collect::<Result<_, _>>()?,
            define: raw.define,
            assets: raw
                .assets
                .map(|path| relative("assets", path))
                .transpose()?,
            env,
            limits: Limits {
                memory_bytes_max: limit("memory_bytes_max", raw.limits.memory_bytes_max)?,
                wall_time_ms: limit("wall_time_ms", raw.limits.wall_time_ms)?,
                request_body_bytes_max: limit(
                    "request_body_bytes_max",
                    raw.limits.request_body_bytes_max,
                )?,
                output_bytes_max: limit("output_bytes_max", raw.limits.output_bytes_max)?,
            },
            flags: raw.frontend.flags,
        })
    }
}

/// Line and column, both from 1, of a place in the text.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProjectFile, String> {
        ProjectFile::parse(text, Path::new("/p"), Path::new("lly.toml"))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_can_be_said() {
        let file = parse(
            r#"
name = "shop"
sources = ["main.c", "src/cart.c"]
profile = "c23"
optimization = 3
debug_info = true
include = ["include"]
define = ["DEBUG", "LEVEL=2"]
assets = "public"
env = ["DATABASE_URL"]

[limits]
memory_bytes_max = 67108864
wall_time_ms = 5000

[frontend]
flags = ["-Wall"]
"#,
        )
        .expect("a good file");
        assert_eq!(file.name.as_deref(), Some("shop"));
        assert_eq!(file.sources, [Path::new("main.c"), Path::new("src/cart.c")]);
        assert_eq!(file.limits.memory_bytes_max, Some(64 << 20));
        assert_eq!((file.optimization, file.debug_info), (Some(3), true));
        assert_eq!(
            (file.flags, file.env),
            (vec!["-Wall".to_string()], vec!["DATABASE_URL".to_string()])
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, place, says) in [
            (
                "sources = [\"a.c\"]\ncolour = 1\n",
                "lly.toml:2:1:",
                "`colour`",
            ),
            (
                "sources = []\n",
                "lly.toml:1:11:",
                "`sources` names no file",
            ),
            (
                "sources = \"a.c\"\n",
                "lly.toml:1:11:",
                "expected a sequence",
            ),
            ("sources = [\"/etc/a.c\"]\n", "lly.toml:1:12:", "relative"),
            (
                "sources = [\"a.c\"]\nname = \"a b\"\n",
                "lly.toml:2:8:",
                "`name`",
            ),
            (
                "sources = [\"a.c\"]\noptimization = 4\n",
                "lly.toml:2:16:",
                "`optimization`",
            ),
            (
                "sources = [\"a.c\"]\nenv = [\"A\", \"1\"]\n",
                "lly.toml:2:13:",
                "`env`",
            ),
            (
                "sources = [\"a.c\"]\n[limits]\nwall_time_ms = 0\n",
                "lly.toml:3:16:",
                "`limits.wall_time_ms`",
            ),
            (
                "sources = [\"a.c\"]\n[limits]\nwall = 1\n",
                "lly.toml:3:1:",
                "`wall`",
            ),
            ("sources = [\"a.c\"\n", "lly.toml:", ""),
        ] {
            let error = parse(text).expect_err(text);
            assert!(
                error.starts_with(place) && error.contains(says),
                "{text}: {error}"
            );
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
