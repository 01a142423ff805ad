//! The guest side of LILY's plugin contracts: the WIT worlds of `wit/` as Rust traits, types and export macros.
//!
//! Bindings are generated here and nowhere else, so that every plugin speaks the same version of a world. A plugin
//! implements the world's `Guest` trait and says `plugins_sdk::export_frontend!(Type with_types_in
//! plugins_sdk::frontend)` (or `export_placement_policy!(… plugins_sdk::policy)`) in a module that only
//! `wasm32` builds. Of its own it has what reads columns as rows, and nothing else. Read first: `frontend::Guest`,
//! `policy::Guest`.
//!
//! Each world is a feature, and a plugin asks for its own alone: the linker keeps the description of every world that was
//! compiled, and a component would import what belongs to another. `cargo xtask setup` builds the worlds one by one.
//!
//! To add a world: a feature, and a module here.
#![allow(
    unsafe_code,
    reason = "the canonical ABI is raw memory; wit-bindgen generates all of it, for wasm32 only"
)]
#![allow(
    missing_docs,
    reason = "documentation of the generated items is that of the WIT files"
)]
#![allow(clippy::too_many_arguments, reason = "generated")]

/// A language frontend: world `lily:frontend/frontend`.
#[cfg(feature = "frontend")]
pub mod frontend {
    wit_bindgen::generate!({
        path: "../../wit/frontend",
        world: "frontend",
        pub_export_macro: true,
        export_macro_name: "export_frontend",
        default_bindings_module: "plugins_sdk::frontend",
    });
}

#[cfg(feature = "policy")]
pub mod policy;

/// An eviction policy: world `lily:eviction/eviction-policy`.
#[cfg(feature = "eviction")]
pub mod eviction {
    wit_bindgen::generate!({
        path: "../../wit/eviction",
        world: "eviction-policy",
        pub_export_macro: true,
        export_macro_name: "export_eviction_policy",
        default_bindings_module: "plugins_sdk::eviction",
    });
}

/// A verb of the command line: world `lily:command/command`.
#[cfg(feature = "command")]
pub mod command {
    wit_bindgen::generate!({
        path: "../../wit/command",
        world: "command",
        pub_export_macro: true,
        export_macro_name: "export_command",
        default_bindings_module: "plugins_sdk::command",
    });
}

/// A site adapter: world `lily:site/site`.
#[cfg(feature = "site")]
pub mod site {
    wit_bindgen::generate!({
        path: "../../wit/site",
        world: "site",
        pub_export_macro: true,
        export_macro_name: "export_site",
        default_bindings_module: "plugins_sdk::site",
    });
}
