//! How a command ends when it does not succeed: an exit code that scripts may rely on, one sentence, and what to do.
//!
//! To add a kind of failure: add the code to [`ExitCode`] only if a script must tell it apart; else use `Local`.

use std::fmt;

/// The exit codes of `lly`. They are part of its interface: see `docs/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// A missing file, a bad flag, a compile error: something on this machine.
    Local,
    /// Not signed in, or the token is no longer good.
    Auth,
    /// The platform understood and said no.
    Refused,
    /// No healthy CAP could take the placement.
    NoCap,
    /// The placement crashed within its first seconds.
    Crashed,
    /// A guest trapped under `lly run`.
    Trapped,
    /// Ctrl-C.
    Interrupted,
    /// A guest's own exit code, passed through; it says nothing about `lly`.
    Guest(u8),
}

impl ExitCode {
    /// The number handed to the operating system.
    pub fn number(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Auth => 2,
            Self::Refused => 3,
            Self::NoCap => 4,
            Self::Crashed => 5,
            Self::Trapped => 6,
            Self::Interrupted => 130,
            Self::Guest(code) => code,
        }
    }
}

/// An expected end of a command that did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// What the process exits with.
    pub exit: ExitCode,
    /// One sentence without a dot, as it stands behind `error: `. Empty means that all was said already.
    pub message: String,
    /// What to do next, as it stands behind `hint: `.
    pub hint: Option<String>,
}

impl Failure {
    /// Something on this machine is not as it must be (exit code 1).
    pub fn local(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Local, message)
    }

    /// A failure with this exit code.
    pub fn new(exit: ExitCode, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// The output already says everything (compile errors, a guest's own exit code).
    pub fn silent(exit: ExitCode) -> Self {
        Self::new(exit, "")
    }

    /// The same failure, and what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Puts a sentence in front of an error and makes it a local failure: `read(path).or_fail(|| format!("cannot read …"))?`.
pub trait OrFail<T> {
    /// The value, or a failure that reads `what: cause: cause of the cause`.
    fn or_fail<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_fail<S: Into<String>>(self, what: impl FnOnce() -> S) -> Result<T, Failure> {
        self.map_err(|error| Failure::local(format!("{}: {:#}", what().into(), error.into())))
    }
}
