//! The WebAssembly text frontend: one `.wat` file in, BIR out, then a component.
//!
//! A program is a `(module …)` that exports `_start` and `memory` and imports WASI preview 1 only, or a `(component …)`
//! that exports `wasi:cli/run` or `wasi:http/incoming-handler`. It is written against the public contracts alone, as a
//! stranger's would be: `wit/frontend`, `plugins/sdk`, BIR. It must never know a file, a clock or another plugin.
//!
//! Read first: [`lower::lower`] and [`emit::emit`]. Tests: beside the code, and `tests/it/tests/it/fronts.rs`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

#[cfg(target_arch = "wasm32")]
mod component;
pub mod emit;
pub mod lower;
pub mod module;
pub mod operators;
pub mod places;
pub mod table;

pub use plugins_sdk::frontend::lily::frontend::types;

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
