//! Petal, a small language to learn from: one `.petal` file in, BIR out, then a component.
//!
//! The way: [`lexer`] → [`parser`] → [`generate`] (types checked; code as WebAssembly text, each instruction on the
//! line of the source that it comes from, so that line tables are right) → [`lower`] (units, BIR) → [`emit`]. Written
//! against the public contracts alone: `wit/frontend`, `plugins/sdk`, BIR. `docs/tutorial-frontend.md` leads here.
//!
//! Tests: beside the code, and `tests/it/tests/it/fronts.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

#[cfg(target_arch = "wasm32")]
mod component;
pub mod emit;
pub mod generate;
pub mod lexer;
pub mod lower;
pub mod parser;

pub use plugins_sdk::frontend::lily::frontend::types;

/// What is wrong, and where: line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line; 0 for the whole file.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
    /// A sentence.
    pub message: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn at(place: (u32, u32), message: impl Into<String>) -> Self {
        Self {
            line: place.0,
            column: place.1,
            message: message.into(),
        }
    }
}

/// An error without a place in the program.
pub fn error(message: impl Into<String>) -> types::Diagnostic {
    types::Diagnostic {
        severity: types::Severity::Error,
        message: message.into(),
        path: None,
        line: 0,
        column: 0,
        source_line: None,
    }
}
