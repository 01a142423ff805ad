//! The C and C++ frontend: source files in, BIR out, then one WebAssembly component for each brick.
//!
//! It drives clang 22 and `wasm-ld`, both themselves WebAssembly, through the host's `tool.run`, and does the rest in
//! Rust: reads clang's messages, builds the unit table ([`analysis`]), links, and wraps the linked module as a
//! component ([`emit`]). It must never touch a file, a clock or the network: what it sees is what it was handed, so
//! that the same sources always give the same bytes.
//!
//! Read first: [`lower::lower`] and [`emit::emit`]. The component itself is a thin shim (`component.rs`) over them;
//! everything here also builds natively, with [`Tools`] as the seam that tests fill in. The C library that handlers
//! are linked with lies in `glue/`, its header in `include/`. Tests: beside the code, and `tests/golden/`.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod analysis;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod diagnostics;
pub mod emit;
pub mod encode;
pub mod entry;
pub mod link;
pub mod lower;
pub mod settings;
pub mod silent;
pub mod sources;

pub use plugins_sdk::frontend::lily::frontend::tool;
pub use plugins_sdk::frontend::lily::frontend::types;

/// The frontend's way to start its packaged tools: `tool.run` of the WIT contract.
pub trait Tools {
    /// Runs `jobs` side by side, `shared` files under `/src` of each, and answers in their order.
    ///
    /// # Errors
    /// A sentence, when a sandbox could not be made or a tool trapped or ran out of its limits.
    fn run(&self, shared: &[tool::File], jobs: &[tool::Job]) -> Result<Vec<tool::Outcome>, String>;
}
