//! What a plugin says about itself becomes a checked value, and back the same bytes.
//!
//! Pure: no I/O, no clock, no other LILY crate. This crate must never load a plugin or decide whom to trust.
//!
//! Read first: [`PluginManifest`]. Tests are beside the code.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod manifest;

pub use manifest::{
    COMPONENT_ENTRY, FRONTEND_WORLD, MANIFEST_ENTRY, ManifestError, POLICY_WORLD, PluginManifest,
    SYSROOT_ENTRY,
};
