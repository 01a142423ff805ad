//! RC: an OCI Distribution 1.1 registry over an object store and the fleet's database, a signed index of each plugin, and a
//! transparency log of signatures.
//!
//! Everybody pulls; whoever shows a token pushes where its scope reaches. Nothing goes in whose hash is not its name,
//! and a published version of a plugin never becomes another one. It never runs what it keeps. Read [`api`] first, then
//! [`names`]; tests in `tests/` speak HTTP to a registry of their own.

pub mod access;
pub mod api;
pub mod blobs;
pub mod components;
pub mod keys;
pub mod log;
pub mod manifests;
pub mod merkle;
pub mod names;
mod pages;
pub mod plugins;
pub mod refusal;
pub mod releases;
pub mod releasing;
pub mod uploads;
mod wit;
