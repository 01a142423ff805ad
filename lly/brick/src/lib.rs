//! The bundle: one sealed file that holds a program's bricks, its assets and a manifest that names each of them by
//! sha256.
//!
//! Bytes come in, verified types go out. This crate does no I/O, knows no compiler, no runtime and no fleet; it never
//! looks into a brick. A bundle's identity is the sha256 of its canonical manifest: compression and the order of the
//! packer's arguments are no part of it.
//!
//! Read [`Manifest`] first, then [`Bundle`]. [`container`] is the file format underneath, which packaged plugins use
//! too. Tests stand beside the code; `tests/` holds the golden file and the mutations.

mod bundle;
pub mod canonical;
pub mod container;
mod digest;
mod manifest;
mod name;
mod route;

pub use bundle::{AssetPart, Bundle, BundleError, PackError, Packed, Parts};
pub use digest::{Digest, DigestParseError};
pub use manifest::{
    ASSETS_FOLDER, Asset, BIR_ENTRY, Bir, Brick, BrickKind, FrontendRef, Limits, MANIFEST_ENTRY,
    Manifest, ManifestError, SHARED_FOLDER, SharedModule, check_routes,
};
pub use name::{PathProblem, check_path, check_program_name};
pub use route::{
    Captures, Pattern, Redirect, RequestPath, Route, RouteHeader, RouteProblem, RouteTarget,
    percent_decode,
};
