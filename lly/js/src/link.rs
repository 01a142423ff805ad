//! Three libraries, one memory, one component.

use crate::{OUTPUT, runtime};
use anyhow::Result;
use js_wit_component::{Linker, StringEncoding, embed_component_metadata};
use js_wit_parser::{Resolve, WorldId};

const SURROUNDINGS: &str = include_str!("surroundings.wat");
const INIT_WIT: &str = include_str!("init.wit");

/// Why a component cannot be linked.
#[derive(Debug, thiserror::Error)]
#[error("JavaScript cannot be linked to the world `{world}`: {reason}")]
pub struct LinkError {
    /// The world.
    pub world: String,
    /// What is in the way.
    pub reason: String,
}

/// A component of `world`, a world of the package in the text `wit`, with `runtime` in it and no code of the user's yet. It
/// imports what the world imports, and [`crate::LOADER`] and [`crate::OUTPUT`].
pub fn link(runtime: &[u8], wit: &str, world: &str) -> Result<Vec<u8>, LinkError> {
    try_link(runtime, wit, world).map_err(|error| LinkError {
        world: world.to_owned(),
        reason: format!("{error:#}"),
    })
}

fn try_link(runtime: &[u8], wit: &str, world: &str) -> Result<Vec<u8>> {
    let mut linker = Linker::default();
    linker.encoder().validate(true);
    linker
        .library("quickjs.wasm", &runtime::without_wasi(runtime)?, false)?
        .library("surroundings.wasm", &surroundings()?, false)?
        .library("world.wasm", &calls(wit, world)?, false)?;
    linker.encode()
}

/// The library that stands where WASI would.
fn surroundings() -> Result<Vec<u8>> {
    let mut library = wat::parse_str(SURROUNDINGS)?;
    let mut resolve = Resolve::default();
    let world = own_world(&mut resolve)?;
    embed_component_metadata(&mut library, &resolve, world, StringEncoding::UTF8)?;
    Ok(library)
}

/// The library by which QuickJS is called, and calls. JavaScript may import the output too.
fn calls(wit: &str, world: &str) -> Result<Vec<u8>> {
    let mut resolve = Resolve::default();
    let package = resolve.push_source("world.wit", wit)?;
    let world = resolve.select_world(&[package], Some(world))?;
    let own = own_world(&mut resolve)?;
    let mut imports = resolve.worlds[own].imports.clone();
    imports.retain(|key, _| resolve.name_world_key(key) == OUTPUT);
    resolve.worlds[world].imports.extend(imports);
    let mut library = wit_dylib::create(&resolve, world, None);
    embed_component_metadata(&mut library, &resolve, world, StringEncoding::UTF8)?;
    Ok(library)
}

fn own_world(resolve: &mut Resolve) -> Result<WorldId> {
    let package = resolve.push_source("init.wit", INIT_WIT)?;
    resolve.select_world(&[package], None)
}
