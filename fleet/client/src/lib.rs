//! How services, and `lly`, reach each other: HTTPS with the right identity on both ends, and typed calls over it.
//!
//! It knows no SQL and decides nothing. Who speaks is read from a certificate ([`identity`]), who answers is checked
//! against the fleet's CA ([`tls`]); [`server`] serves a router that way, [`platform`], [`raptor`] and [`cap`] call.
//! [`blobs`] is the object store that platform writes and CAPs read.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

pub mod blobs;
mod call;
pub mod cap;
pub mod identity;
pub mod platform;
pub mod policies;
pub mod raptor;
pub mod server;
pub mod tls;

pub use call::CallError;
