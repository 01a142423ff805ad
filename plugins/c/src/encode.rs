//! A linked core module as a component: which world it fits, the preview1 adapter that wasi-libc needs, and which
//! custom sections travel.

use std::fmt::Display;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasm_encoder::RawSection;
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

use crate::entry::Kind;
use crate::silent;

/// The contract of a brick, and below it the packages that it refers to, in the order of their dependencies.
const WIT: [(&str, &str); 8] = [
    ("io.wit", include_str!("../../../wit/brick/deps/io/io.wit")),
    (
        "clocks.wit",
        include_str!("../../../wit/brick/deps/clocks/clocks.wit"),
    ),
    (
        "random.wit",
        include_str!("../../../wit/brick/deps/random/random.wit"),
    ),
    (
        "filesystem.wit",
        include_str!("../../../wit/brick/deps/filesystem/filesystem.wit"),
    ),
    (
        "sockets.wit",
        include_str!("../../../wit/brick/deps/sockets/sockets.wit"),
    ),
    (
        "cli.wit",
        include_str!("../../../wit/brick/deps/cli/cli.wit"),
    ),
    (
        "http.wit",
        include_str!("../../../wit/brick/deps/http/http.wit"),
    ),
    ("brick.wit", include_str!("../../../wit/brick/brick.wit")),
];

/// Debug sections that a stack trace does not need: where variables live, and indices for debuggers.
const DEBUGGER_SECTIONS: [&str; 8] = [
    ".debug_loc",
    ".debug_loclists",
    ".debug_pubnames",
    ".debug_pubtypes",
    ".debug_gnu_pubnames",
    ".debug_gnu_pubtypes",
    ".debug_aranges",
    ".debug_names",
];

/// Wraps the linked `module` as a component that exports what `kind` says and imports only what it uses.
///
/// # Errors
/// A sentence with its causes, when the module does not fit the world.
pub fn component(module: Vec<u8>, kind: Kind) -> Result<Vec<u8>, String> {
    let (world, adapter) = match kind {
        Kind::Command => ("command", WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER),
        Kind::Http => ("http", WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER),
        Kind::World => return of_its_own_world(&module),
    };
    let mut resolve = Resolve::default();
    let mut package = None;
    for (path, text) in WIT {
        package = Some(resolve.push_source(path, text).map_err(with_causes)?);
    }
    let world = resolve
        .select_world(package.as_slice(), Some(world))
        .map_err(with_causes)?;
    if kind == Kind::Command {
        // `wasi:cli/run` is the adapter's to export; the module has `_start`.
        resolve.worlds[world].exports.clear();
    }
    let mut module = module;
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(with_causes)?;
    ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
        .and_then(|mut encoder| encoder.encode())
        .map_err(with_causes)
}

/// The world is in the module. If it has WASI, the C library gets that; else it is told that there is nothing.
fn of_its_own_world(module: &[u8]) -> Result<Vec<u8>, String> {
    let adapter = match has_wasi(module)? {
        true => Some(WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER.to_vec()),
        false => silent::adapter(module).map_err(with_causes)?,
    };
    let mut encoder = ComponentEncoder::default()
        .module(module)
        .map_err(with_causes)?;
    if let Some(adapter) = adapter {
        encoder = encoder
            .adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, &adapter)
            .map_err(with_causes)?;
    }
    encoder.encode().map_err(with_causes)
}

/// Whether the world in the module imports anything of WASI.
fn has_wasi(module: &[u8]) -> Result<bool, String> {
    let (_, bindings) = wit_component::metadata::decode(module).map_err(with_causes)?;
    let resolve = &bindings.resolve;
    let mut imports = resolve.worlds[bindings.world].imports.keys();
    Ok(imports.any(|key| resolve.name_world_key(key).starts_with("wasi:")))
}

/// The text of an error and of what caused it.
fn with_causes(problem: impl Display) -> String {
    format!("{problem:#}")
}

/// The module without the debug information that only a debugger reads; line tables and function names stay.
///
/// # Errors
/// When the bytes are not a module.
pub fn without_variables(module: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut kept = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && DEBUGGER_SECTIONS.contains(&section.name())
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            kept.section(&RawSection {
                id,
                data: &module[range],
            });
        }
    }
    Ok(kept.finish())
}
