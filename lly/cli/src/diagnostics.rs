//! What a compiler has to say, as clang says it: place, severity, message, the line and a caret.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use host_plugin::{Diagnostic, Severity};
use serde::Serialize;

use crate::context::Context;

/// A diagnostic as a document; `path` is relative to the working folder where it can be.
#[derive(Debug, Serialize)]
pub struct DiagnosticDocument {
    severity: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_line: Option<String>,
}

/// Turns the names that the compiler saw back into paths that the user can open.
pub struct Places<'a> {
    origins: &'a BTreeMap<String, PathBuf>,
    working_folder: PathBuf,
}

impl<'a> Places<'a> {
    /// `origins`: where each name lies on this machine.
    pub fn new(origins: &'a BTreeMap<String, PathBuf>, working_folder: &Path) -> Self {
        let real = working_folder
            .canonicalize()
            .unwrap_or_else(|_| working_folder.to_path_buf());
        Self {
            origins,
            working_folder: real,
        }
    }

    fn path(&self, name: &str) -> String {
        match self.origins.get(name) {
            Some(path) => relative(path, &self.working_folder).display().to_string(),
            // A header of the frontend's own.
            None => name.to_string(),
        }
    }

    /// The documents of these diagnostics.
    pub fn documents(&self, diagnostics: &[Diagnostic]) -> Vec<DiagnosticDocument> {
        diagnostics
            .iter()
            .map(|diagnostic| DiagnosticDocument {
                severity: word(diagnostic.severity),
                message: diagnostic.message.clone(),
                path: diagnostic.path.as_deref().map(|name| self.path(name)),
                line: (diagnostic.line > 0).then_some(diagnostic.line),
                column: (diagnostic.column > 0).then_some(diagnostic.column),
                source_line: diagnostic.source_line.clone(),
            })
            .collect()
    }

    /// Prints diagnostics on stderr, and how many there were.
    pub fn show(&self, diagnostics: &[Diagnostic], context: &Context) {
        for diagnostic in diagnostics {
            context.say(self.render(diagnostic, context));
        }
        if let Some(counts) = counts(diagnostics) {
            context.say(counts);
        }
    }

    fn render(&self, diagnostic: &Diagnostic, context: &Context) -> String {
        let mut place = String::new();
        if let Some(name) = &diagnostic.path {
            place.push_str(&visible(&self.path(name)));
            for number in [diagnostic.line, diagnostic.column] {
                if number > 0 {
                    place.push_str(&format!(":{number}"));
                }
            }
            place.push_str(": ");
        }
        let style = match diagnostic.severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;35",
            Severity::Note => "1;36",
        };
        let severity = context.paint(style, &format!("{}:", word(diagnostic.severity)));
        let mut text = format!(
            "{}{severity} {}",
            context.paint("1", &place),
            visible(&diagnostic.message)
        );
        if let Some(line) = diagnostic
            .source_line
            .as_deref()
            .filter(|line| !line.trim().is_empty())
        {
            text.push_str(&format!("\n{}", visible(line)));
            if diagnostic.column > 0 {
                text.push_str(&format!(
                    "\n{}{}",
                    under(line, diagnostic.column),
                    context.paint("1;32", "^")
                ));
            }
        }
        text
    }
}

/// What a frontend says goes to a terminal: a control character becomes its number, as clang writes it.
pub fn visible(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => plain.push(letter),
            control if control.is_control() => {
                plain.push_str(&format!("<U+{:04X}>", u32::from(control)));
            }
            letter => plain.push(letter),
        }
    }
    plain
}

/// Blanks up to the column, which counts bytes: a tab stays a tab, any other character becomes one blank.
fn under(line: &str, column: u32) -> String {
    line.char_indices()
        .take_while(|(at, _)| *at + 1 < column as usize)
        .map(|(_, letter)| if letter == '\t' { '\t' } else { ' ' })
        .collect()
}

/// `1 error generated.`, as clang counts.
fn counts(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity| {
        diagnostics
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let some = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts: Vec<String> = [
        some(count(Severity::Warning), "warning"),
        some(count(Severity::Error), "error"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("{} generated.", parts.join(" and ")))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// `path` as seen from `folder`: through `..` when that is shorter than the absolute path.
pub fn relative(path: &Path, folder: &Path) -> PathBuf {
    let common = path
        .components()
        .zip(folder.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder.components().count() - common;
    let mut seen: PathBuf = std::iter::repeat_n("..", up).collect();
    seen.extend(path.components().skip(common));
    if seen.as_os_str().len() <= path.as_os_str().len() && !seen.as_os_str().is_empty() {
        seen
    } else {
        path.to_path_buf()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_what_they_mean() {
        assert_eq!(under("\treturn x;", 9), "\t       ");
        assert_eq!(under("\"ä\" x", 6), "    ");
        assert_eq!(under("ab", 1), "");
        assert_eq!(under("ab", 9), "  ");
    }

    #[test]
    fn a_frontend_does_not_steer_the_terminal() {
        assert_eq!(
            visible("a\u{1b}[2Jb\u{9b}\r"),
            "a<U+001B>[2Jb<U+009B><U+000D>"
        );
        assert_eq!(visible("\tä\n"), "\tä\n");
    }

    #[test]
    fn paths_are_relative_where_that_is_shorter() {
        let seen = |path: &str, folder: &str| {
            relative(Path::new(path), Path::new(folder))
                .display()
                .to_string()
        };
        assert_eq!(seen("/a/b/c.c", "/a/b"), "c.c");
        assert_eq!(seen("/a/b/c.c", "/a/x"), "../b/c.c");
        assert_eq!(seen("/usr/x.h", "/home/me/deep/down"), "/usr/x.h");
    }
}
