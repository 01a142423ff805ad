//! What every command is handed: where LILY's home is, and how to speak.
//!
//! The rule: data goes to stdout through [`Context::data`], talk goes to stderr through [`Context::say`]. With `--json`
//! stdout carries documents with a `"$type"` and nothing else.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::failure::{ExitCode, Failure, OrFail};

/// The surroundings of one run of `lly`.
#[derive(Debug, Clone)]
pub struct Context {
    /// Documents on stdout instead of text.
    pub json: bool,
    /// `$LLY_HOME`, by default `~/.lly`. It may not exist yet.
    pub home: PathBuf,
    /// How often `-v` was given.
    pub verbose: u8,
    /// Whether talk on stderr may be coloured (a terminal, and no `NO_COLOR`).
    pub color: bool,
    /// Whether stderr is a terminal, where a progress bar may move.
    pub interactive: bool,
}

impl Context {
    /// Reads the surroundings: environment and terminal.
    pub fn new(json: bool, verbose: u8) -> Result<Self, Failure> {
        let home = match std::env::var_os("LLY_HOME").filter(|value| !value.is_empty()) {
            Some(home) => {
                std::path::absolute(PathBuf::from(home)).or_fail(|| "cannot resolve `LLY_HOME`")?
            }
            None => std::env::home_dir()
                .filter(|home| !home.as_os_str().is_empty())
                .ok_or_else(|| {
                    Failure::local("neither `LLY_HOME` nor `HOME` is set")
                        .hint("set LLY_HOME to a folder")
                })?
                .join(".lly"),
        };
        let interactive = std::io::stderr().is_terminal();
        let color =
            interactive && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(Self {
            json,
            home,
            verbose,
            color,
            interactive,
        })
    }

    /// Prints the outcome of a command on stdout: `data` as a document of type `lily.NAME/1` with `--json` (one line),
    /// else the text. `data` must serialise to an object.
    pub fn data(
        &self,
        kind: &str,
        data: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json {
            self.document(kind, data)
        } else {
            self.out(text().as_bytes())
        }
    }

    /// Prints one document `{"$type": kind, …data}` on stdout, on one line.
    pub fn document(&self, kind: &str, data: &impl Serialize) -> Result<(), Failure> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            #[serde(rename = "$type")]
            kind: &'a str,
            #[serde(flatten)]
            data: &'a T,
        }
        let mut line =
            serde_json::to_vec(&Document { kind, data }).or_fail(|| "cannot write the document")?;
        line.push(b'\n');
        self.out(&line)
    }

    /// Writes raw bytes to stdout. A closed pipe (`lly … | head`) ends the program quietly.
    pub fn out(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                Err(Failure::silent(ExitCode::Local))
            }
            written => written.or_fail(|| "cannot write to standard output"),
        }
    }

    /// One line of talk on stderr. That nobody listens is no error.
    pub fn say(&self, line: impl AsRef<str>) {
        let _ = writeln!(std::io::stderr().lock(), "{}", line.as_ref());
    }

    /// One line of talk that only `-v` shows.
    pub fn detail(&self, line: impl AsRef<str>) {
        if self.verbose > 0 {
            self.say(line);
        }
    }

    /// `text` in an SGR style such as `"1;31"` (bold red), or as it is where colour is not wanted.
    pub fn paint(&self, style: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{style}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    /// Says how a command failed: `error: …` and `hint: …`.
    pub fn report(&self, failure: &Failure) {
        if !failure.message.is_empty() {
            self.say(format!(
                "{} {}",
                self.paint("1;31", "error:"),
                failure.message
            ));
        }
        if let Some(hint) = &failure.hint {
            self.say(format!("{} {hint}", self.paint("1;36", "hint:")));
        }
    }
}
