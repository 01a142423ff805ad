//! clang's messages, read back into the contract's records.
//!
//! The plain form is read (`path:line:column: severity: message`), not the machine-readable one: clang calls its SARIF
//! output unstable and warns whoever asks for it. Carets and colours are off; `lly` draws its own.

use crate::sources::{SOURCE_ROOT, Texts};
use crate::types::{Diagnostic, Severity};

/// Lines that a message may go on for, such as those of a `static_assert` text.
const CONTINUATION_LINES_MAX: usize = 16;
/// Words in the line before which everything is a crash report.
const CRASH_MARKS: [&str; 5] = [
    "PLEASE submit a bug report",
    "Stack dump:",
    "LLVM ERROR:",
    "Assertion failed",
    "PLEASE ATTACH",
];

/// What a compiler run said.
#[derive(Debug, Default)]
pub struct Messages {
    /// The messages about the program, each followed by its notes.
    pub diagnostics: Vec<Diagnostic>,
    /// Lines that are none: a crash report, mostly.
    pub other: Vec<String>,
}

impl Messages {
    /// Whether one of them is an error.
    pub fn has_error(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// An error without a place in the program.
pub fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        message: message.into(),
        path: None,
        line: 0,
        column: 0,
        source_line: None,
    }
}

/// Reads what clang wrote to its standard error.
pub fn parse(stderr: &[u8], texts: &Texts<'_>) -> Messages {
    let mut messages = Messages::default();
    let mut included_from: Vec<Diagnostic> = Vec::new();
    let mut crashed = false;
    let mut continued = 0;
    for line in String::from_utf8_lossy(stderr).lines() {
        crashed |= CRASH_MARKS.iter().any(|mark| line.contains(mark));
        if crashed {
            messages.other.push(line.to_owned());
        } else if let Some(place) = included_place(line) {
            let (path, line, column) = place;
            // How the system's headers include each other is nobody's concern.
            if path.starts_with(SOURCE_ROOT) {
                included_from.push(at(
                    Severity::Note,
                    "included from here".to_owned(),
                    path,
                    line,
                    column,
                    texts,
                ));
            }
        } else if let Some(diagnostic) = message(line, texts) {
            messages.diagnostics.push(diagnostic);
            // clang says where a file was included from before the message in it; a reader wants it after.
            messages.diagnostics.extend(included_from.drain(..).rev());
            continued = 0;
        } else if !is_summary(line) && !line.trim().is_empty() {
            continued += 1;
            match messages.diagnostics.last_mut() {
                Some(last) if continued <= CONTINUATION_LINES_MAX => {
                    last.message.push('\n');
                    last.message.push_str(line);
                }
                _ => messages.other.push(line.to_owned()),
            }
        }
    }
    messages
}

/// Leaves out messages that were said before, with their notes: a header's warnings come once for each file that
/// includes it.
pub fn without_repetition(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut groups: Vec<Vec<Diagnostic>> = Vec::new();
    for diagnostic in diagnostics {
        match groups.last_mut() {
            Some(group) if diagnostic.severity == Severity::Note => group.push(diagnostic),
            _ => groups.push(vec![diagnostic]),
        }
    }
    let key = |diagnostic: &Diagnostic| {
        (
            diagnostic.path.clone(),
            diagnostic.line,
            diagnostic.column,
            diagnostic.message.clone(),
        )
    };
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| {
        group
            .first()
            .is_some_and(|first| first.path.is_none() || seen.insert(key(first)))
    });
    groups.into_iter().flatten().collect()
}

fn message(line: &str, texts: &Texts<'_>) -> Option<Diagnostic> {
    const MARKS: [(&str, Severity); 5] = [
        ("fatal error: ", Severity::Error),
        ("error: ", Severity::Error),
        ("warning: ", Severity::Warning),
        ("remark: ", Severity::Note),
        ("note: ", Severity::Note),
    ];
    let (start, mark, severity) = MARKS
        .iter()
        .filter_map(|(mark, severity)| {
            let start = line.find(mark)?;
            (start == 0 || line[..start].ends_with(": ")).then_some((start, *mark, *severity))
        })
        .min_by_key(|(start, ..)| *start)?;
    let message = line[start + mark.len()..].to_owned();
    let before = line[..start].trim_end_matches(": ");
    match place(before) {
        Some((path, line, column)) => Some(at(severity, message, path, line, column, texts)),
        // `clang: error: …`, `wasm-ld: error: …`, `error: …`: about the whole run. Anything else is text.
        None if before
            .chars()
            .all(|character| character.is_alphanumeric() || "-+_.".contains(character)) =>
        {
            Some(Diagnostic {
                severity,
                ..error(message)
            })
        }
        None => None,
    }
}

/// `In file included from PATH:LINE:`, also `PATH:LINE:COLUMN:`.
fn included_place(line: &str) -> Option<(&str, u32, u32)> {
    let rest = line.trim_start();
    let rest = rest
        .strip_prefix("In file included from ")
        .or_else(|| rest.strip_prefix("from "))?;
    place(rest.trim_end_matches([':', ',']))
}

/// `PATH:LINE:COLUMN` or `PATH:LINE`.
fn place(text: &str) -> Option<(&str, u32, u32)> {
    let (head, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match head
        .rsplit_once(':')
        .map(|(path, line)| (path, line.parse()))
    {
        Some((path, Ok(line))) if !path.is_empty() => Some((path, line, last)),
        _ if !head.is_empty() => Some((head, last, 0)),
        _ => None,
    }
}

fn at(
    severity: Severity,
    message: String,
    path: &str,
    line: u32,
    column: u32,
    texts: &Texts<'_>,
) -> Diagnostic {
    let path = path.strip_prefix(SOURCE_ROOT).unwrap_or(path);
    let path = path.strip_prefix("./").unwrap_or(path).to_owned();
    let source_line = texts.line(&path, line);
    let column = match &source_line {
        Some(text) if column > 0 => Texts::column_in_characters(text, column),
        _ => column,
    };
    Diagnostic {
        severity,
        message,
        path: Some(path),
        line,
        column,
        source_line,
    }
}

/// `2 warnings and 1 error generated.`
fn is_summary(line: &str) -> bool {
    line.ends_with(" generated.") && line.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::SourceFile;

    /// Each case is a folder of `tests/golden/diagnostics`: what clang wrote, the sources, and what is read from it.
    #[test]
    fn golden() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/diagnostics");
        let mut cases = 0;
        for entry in std::fs::read_dir(root).unwrap() {
            let folder = entry.unwrap().path();
            let stderr = std::fs::read(folder.join("stderr.txt")).unwrap();
            let mut sources = Vec::new();
            for file in std::fs::read_dir(&folder).unwrap() {
                let file = file.unwrap();
                let path = file.file_name().into_string().unwrap();
                if path != "stderr.txt" && path != "expected.txt" {
                    sources.push(SourceFile {
                        path,
                        contents: std::fs::read(file.path()).unwrap(),
                    });
                }
            }
            let actual = render(&parse(&stderr, &Texts::new(sources.iter())));
            let expected = folder.join("expected.txt");
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&expected, &actual).unwrap();
            }
            assert_eq!(
                actual,
                std::fs::read_to_string(&expected).unwrap_or_default(),
                "{}",
                folder.display()
            );
            cases += 1;
        }
        assert!(cases > 0, "no golden case found under {root}");
    }

    fn render(messages: &Messages) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        for diagnostic in &messages.diagnostics {
            let path = diagnostic.path.as_deref().unwrap_or("-");
            let Diagnostic {
                severity,
                line,
                column,
                message,
                source_line,
                ..
            } = diagnostic;
            writeln!(text, "{severity:?} {path} {line}:{column} {message}").unwrap();
            if let Some(source_line) = source_line {
                let indent = " ".repeat(usize::try_from(column.saturating_sub(1)).unwrap());
                writeln!(text, "    {source_line}\n    {indent}^").unwrap();
            }
        }
        for line in &messages.other {
            writeln!(text, "other: {line}").unwrap();
        }
        text
    }

    #[test]
    fn a_header_warns_once() {
        let texts = Texts::new([].iter());
        let text = b"a.h:1:2: warning: w\na.c:3:1: note: n\na.h:1:2: warning: w\na.c:3:1: note: n\nclang: error: e\n";
        let messages = parse(text, &texts);
        assert_eq!(messages.diagnostics.len(), 5);
        assert_eq!(without_repetition(messages.diagnostics).len(), 3);
    }
}
