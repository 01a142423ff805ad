//! A requirement and `$LLY_HOME/trust.toml` become a verified package; a package and a key become a signed release.
//!
//! Nothing comes out of here unverified: [`Registry::obtain`] gives a [`Verified`] or an error that names what is wrong.
//! Signatures are checked offline against keys that the user pinned; nobody is trusted by default. This crate must never
//! look into a component, ask the user anything, or decide what a plugin may do.
//!
//! Read first: [`Trust`], then [`verify`]. The forgeries are in `tests/forgeries.rs`, one test for each.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod authority;
mod bundle;
mod cache;
mod http;
pub mod keys;
pub mod log;
mod oci;
mod pem;
mod project;
mod provider;
mod public_key;
mod registry;
pub mod release;
pub mod sign;
mod timestamp;
pub mod trust;
pub mod verify;

pub use http::{Http, HttpError, Token};
pub use keys::SigningKey;
pub use oci::OciError;
pub use project::{LOCKFILE, ProjectError, edit_lockfile, read_lockfile};
pub use public_key::{PublicKey, PublicKeyError};
pub use registry::{Network, Published, Registry, RegistryError, Settings, Verified};
pub use registry_index::Signer;
pub use sign::Signing;
pub use trust::{Trust, TrustError};
pub use verify::VerifyError;
