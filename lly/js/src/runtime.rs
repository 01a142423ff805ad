//! QuickJS without WASI: what it would import, of the system or to find modules, becomes a call into the library beside it.

use crate::LOADER;
use anyhow::{Context, Result};
use js_wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use js_wasm_encoder::{ImportSection, Module, RawSection};
use js_wasmparser::{Parser, Payload};

/// The world of the runtime's own imports and exports; the other worlds that it knows are WASI's.
const OWN_WORLD: &str = "local:init:init:";

/// The runtime with its imports renamed to functions of the surroundings.
pub fn without_wasi(runtime: &[u8]) -> Result<Vec<u8>> {
    let what = "the JavaScript runtime cannot be read";
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(runtime) {
        let payload = payload.context(what)?;
        match &payload {
            Payload::ImportSection(imports) => {
                let mut section = ImportSection::new();
                for import in imports.clone().into_imports() {
                    let import = import.context(what)?;
                    let kind = RoundtripReencoder
                        .entity_type(import.ty)
                        .map_err(|error| anyhow::anyhow!("{what}: {error}"))?;
                    let foreign = import.module.starts_with("wasi") || import.module == LOADER;
                    match foreign {
                        true => section.import("env", &symbol(import.module, import.name), kind),
                        false => section.import(import.module, import.name, kind),
                    };
                }
                module.section(&section);
            }
            Payload::CustomSection(section)
                if section.name().starts_with("component-type")
                    && !section.name().contains(OWN_WORLD) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                    let data = runtime.get(range).context(what)?;
                    module.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(module.finish())
}

/// `wasi:io/poll@0.2.0` and `[method]pollable.block` are `wasi_io_poll__method_pollable_block`.
fn symbol(module: &str, name: &str) -> String {
    let interface = module.split('@').next().unwrap_or(module);
    let words = format!("{interface}_{name}");
    let plain = |one: char| {
        if one.is_ascii_alphanumeric() {
            one
        } else {
            '_'
        }
    };
    words.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_become_symbols() {
        assert_eq!(symbol("wasi:cli/exit@0.2.0", "exit"), "wasi_cli_exit_exit");
        assert_eq!(
            symbol("wasi:io/poll@0.2.0", "[method]pollable.block"),
            "wasi_io_poll__method_pollable_block"
        );
    }
}
