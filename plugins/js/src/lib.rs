//! The JavaScript and TypeScript frontend: modules in, BIR out, then a component around the shared engine.
//!
//! [`graph`] begins at the entry and follows every import through the files that it was handed; [`units`] says what a
//! module consists of: functions, classes, methods, the state that they share and who calls whom; [`shake`] leaves out
//! what nobody reaches; [`print`] writes each module as plain JavaScript, with its source map.
//!
//! It must never know a file, a clock, a network or what an engine is: files are handed to it, everything that it says
//! is a function of them. Read first: [`lower::lower`], [`emit::emit`] and [`graph::Graph`]. Tests: beside the code and `tests/`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod code;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod contents;
pub mod decorators;
pub mod emit;
pub mod files;
pub mod graph;
pub mod language;
pub mod links;
pub mod lower;
pub mod names;
pub mod parts;
pub mod place;
pub mod print;
pub mod resolve;
pub mod shake;
pub mod syntax;
pub mod table;
pub mod tsconfig;
pub mod units;
pub mod uses;
pub mod wire;

pub use plugins_sdk::frontend::lily::frontend::types;
