//! From an offset in a text to a line and a column, and to a diagnostic that shows them.

use crate::types::{Diagnostic, Severity};

/// Lines of a text: finds the place of an offset.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    /// Where each line begins, in bytes.
    starts: Vec<u32>,
}

impl<'a> Lines<'a> {
    /// The lines of `text`: what `\n` ends. JavaScript's other line ends (`\r` alone, U+2028, U+2029) are no lines to
    /// editors, and are none here.
    pub fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        starts.extend(ends.map(|(at, _)| at as u32 + 1));
        Self { text, starts }
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|start| *start <= offset) as u32
    }

    /// Line and column of a byte offset, both from 1, the column in characters.
    pub fn place(&self, offset: u32) -> (u32, u32) {
        let line = self.line(offset);
        let start = self.starts[line as usize - 1] as usize;
        let end = self.text.floor_char_boundary(offset as usize);
        let before = self.text.get(start..end).unwrap_or_default();
        (line, before.chars().count() as u32 + 1)
    }

    /// The text of a line, counted from 1, without its end.
    pub fn text(&self, line: u32) -> &'a str {
        let line = (line as usize).max(1) - 1;
        let Some(start) = self.starts.get(line).map(|start| *start as usize) else {
            return "";
        };
        let end = self
            .starts
            .get(line + 1)
            .map_or(self.text.len(), |next| *next as usize);
        self.text
            .get(start..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// A message about what is at an offset of the file `path`.
    pub fn diagnostic(
        &self,
        severity: Severity,
        path: &str,
        offset: u32,
        message: impl Into<String>,
    ) -> Diagnostic {
        let (line, column) = self.place(offset);
        Diagnostic {
            severity,
            message: message.into(),
            path: Some(path.to_owned()),
            line,
            column,
            source_line: Some(self.text(line).to_owned()),
        }
    }
}

/// An error without a place.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_characters() {
        let lines = Lines::new("a\r\n\u{e9}\u{1f600}x\n");
        assert_eq!(lines.place(0), (1, 1));
        assert_eq!(lines.place(3 + 2 + 4), (2, 3));
        assert_eq!(lines.text(1), "a");
        assert_eq!(lines.text(2), "\u{e9}\u{1f600}x");
        assert_eq!(lines.text(9), "");
    }
}
