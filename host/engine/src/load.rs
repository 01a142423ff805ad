//! The only place where bytes from disk are taken for machine code.
//!
//! Rule: only `cache` calls this, and only with a file that it has checked to be one that this cache wrote.
#![expect(
    unsafe_code,
    reason = "loading ahead-of-time compiled code is unsafe in wasmtime's API"
)]

use crate::Engine;
use std::path::Path;

/// Maps a compiled component.
pub(crate) fn component(
    engine: &Engine,
    path: &Path,
) -> wasmtime::Result<wasmtime::component::Component> {
    // SAFETY: the file was written by `cache` from the output of `precompile_component`, and its seal was compared
    // just before. wasmtime itself compares the engine's settings and version. Whoever can write into the cache folder
    // otherwise is this user, who can run any code anyway.
    unsafe { wasmtime::component::Component::deserialize_file(engine.wasmtime(), path) }
}

/// Maps a compiled core module.
pub(crate) fn module(engine: &Engine, path: &Path) -> wasmtime::Result<wasmtime::Module> {
    // SAFETY: as above, with `precompile_module`.
    unsafe { wasmtime::Module::deserialize_file(engine.wasmtime(), path) }
}
