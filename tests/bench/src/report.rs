//! `docs/benchmarks.md`: tables of medians, each with how it was measured.

use std::fmt::Write as _;

/// A table and the sentence above it.
pub struct Section {
    title: String,
    how: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

/// A line of a table.
pub struct Row {
    cells: Vec<String>,
}

impl Row {
    /// A row that begins with what was measured.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            cells: vec![name.into()],
        }
    }

    /// Adds a cell of words.
    #[must_use]
    pub fn text(mut self, words: &str) -> Self {
        self.cells.push(words.to_owned());
        self
    }

    /// Adds a figure with this many decimals.
    #[must_use]
    pub fn figure(mut self, value: f64, decimals: usize) -> Self {
        self.cells.push(format!("{value:.decimals$}"));
        self
    }
}

impl Section {
    /// An empty table.
    pub fn new(title: &str, how: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self {
            title: title.to_owned(),
            how: how.to_owned(),
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a line.
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The table as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.how);
        let _ = writeln!(text, "| {} |", self.columns.join(" | "));
        let _ = writeln!(text, "|---|{}", "---:|".repeat(self.columns.len() - 1));
        for row in &self.rows {
            let _ = writeln!(text, "| {} |", row.cells.join(" | "));
        }
        text
    }
}

/// The middle value; 0 of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
