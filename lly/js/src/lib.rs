//! JavaScript becomes a component. A program of the user's stands around an engine that all programs share: [`assemble`].
//! A plugin, of any WIT world, has its own: [`link`] joins QuickJS, the world and surroundings without an
//! operating system into one that can be initialised; [`seal`] takes from the initialised one what only that needed.
//!
//! Between the two somebody calls the component's `init` with the sources and keeps what memory holds then (that is
//! `host-preinit`); this crate runs nothing, reads no file and knows no world.
//!
//! QuickJS is a library that `cargo xtask setup` fetches. It calls exports and imports through tables that `wit-dylib`
//! writes, so both are of one generation, which is later than the engine's; nothing of it gets out of this crate but
//! bytes. Tests: with the real runtime, through `lly`, in `tests/it`.

mod heap;
mod link;
mod program;
mod runtime;
mod seal;

pub use heap::{Heap, Run};
pub use link::{LinkError, link};
pub use program::{Engine, Kind, MAPS, ProgramError, assemble};
pub use seal::{SealError, seal};

/// The component's function that evaluates the sources: `func(shim: string, script: string, entry-path: option<string>,
/// disable-gc: bool) -> result<_, string>`.
pub const INIT: &str = "init";
/// What it imports to find modules: `resolve: func(referrer: string, specifier: string) -> result<string, string>` and
/// `load: func(path: string) -> result<string, string>`.
pub const LOADER: &str = "local:init/module-loader";
/// What it imports to print: `listening: func() -> bool`, which is to be true, and `print: func(one: u8)`.
pub const OUTPUT: &str = "lily:init/output";
/// The first argument of `init`, for a world without streams and futures: what is there before the user's code.
pub const SHIM: &str = include_str!("shim.js");
/// Whose work is in a component that was linked, and under which licences: for whoever ships one.
pub const NOTICES: [(&str, &str); 2] = [
    ("QuickJS", include_str!("../NOTICE")),
    ("componentize-qjs", include_str!("../../../LICENSE")),
];
