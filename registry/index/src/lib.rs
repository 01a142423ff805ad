//! What a registry and its clients say to each other about plugins: names, versions and which of them fits, the index,
//! the lockfile, the OCI artifact, and what a signature speaks of.
//!
//! Bytes come in, checked values go out, and back the same bytes. Pure: no I/O, no clock, no keys. This crate must never
//! load a plugin or decide whom to trust.
//!
//! Read first: [`PluginManifest`], then [`Index`]. Tests are beside the code; `tests/mutations.rs` feeds every decoder
//! damaged input.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod artifact;
mod envelope;
mod grants;
mod index;
mod lockfile;
mod manifest;
mod release;
mod requirement;
mod resolve;
mod subject;
mod summary;
mod world;

pub use artifact::{
    Artifact, ArtifactError, ArtifactManifest, COMPONENT_LAYER, CONFIG_MEDIA_TYPE, Descriptor,
    MANIFEST_LAYER, OCI_MANIFEST, PACKAGE_LAYER, PLUGIN_ARTIFACT, SIGNATURE_ARTIFACT,
    SignatureManifest, repository_of,
};
pub use envelope::{
    Envelope, EnvelopeError, EnvelopeSignature, INDEX_PAYLOAD, NEWEST_RELEASE_PAYLOAD,
    STATEMENT_PAYLOAD,
};
pub use grants::{Grants, ProgramGrant};
pub use index::{Index, IndexError, IndexVersion};
pub use lockfile::{Locked, Lockfile, LockfileError, Signer};
pub use manifest::{
    COMMAND_WORLD, COMPONENT_ENTRY, EVICTION_WORLD, FRONTEND_WORLD, MANIFEST_ENTRY, ManifestError,
    POLICY_WORLD, PluginManifest, SITE_WORLD, SYSROOT_ENTRY, is_name,
};
pub use release::{NewestRelease, NewestReleaseError};
pub use requirement::{Requirement, RequirementError};
pub use resolve::{Offer, Rejection, ResolveError, resolve};
pub use subject::{PREDICATE_TYPE, Subject, SubjectError};
pub use summary::{PluginSummary, REGISTRY_DOCUMENT, RegistryDocument};
pub use world::World;
