//! What a plugin says about itself becomes a checked value, and back the same bytes.
//!
//! Pure: no I/O, no clock, no other LILY crate. This crate must never load a plugin or decide whom to trust.
//!
//! Read first: [`PluginManifest`]. Tests are beside the code.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod grants;
mod manifest;

pub use grants::{Grants, ProgramGrant};
pub use manifest::{
    COMMAND_WORLD, COMPONENT_ENTRY, EVICTION_WORLD, FRONTEND_WORLD, MANIFEST_ENTRY, ManifestError,
    POLICY_WORLD, PluginManifest, SITE_WORLD, SYSROOT_ENTRY,
};
