//! A registry of its own over a real Postgres, spoken to over HTTP.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "tests are named for what they show, and fail by panicking"
)]

mod browser;
mod oci;
mod pages;
mod plugins;
mod programs;
mod rc;
mod releases;
mod wkg;
