//! Plugins, which are components, become functions that LILY calls: language frontends, site adapters, verbs, policies.
//!
//! A plugin gets what its WIT world names and nothing else; one that imports more is refused. A fault of a plugin
//! (trap, too much memory, too late, nonsense as an answer) is an error that names it, never one of the host.
//!
//! This crate must never look into BIR, or know what a bundle, a void or a fleet is.
//!
//! Read first: [`Frontend`], [`Adapter`], [`Verb`], [`PlacementPolicy`], [`EvictionPolicy`]. Tests are beside the code, with
//! components written as text.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod command;
mod eviction;
mod fault;
mod frontend;
mod load;
mod policy;
mod process;
mod progress;
mod project;
mod reach;
pub mod sandbox;
mod site;
mod store;
#[cfg(test)]
mod testing;

pub use command::{CommandLimits, Ran, Surroundings, Usage, Verb, WebRequest, WebResponse};
pub use eviction::{Eviction, EvictionPolicy, Memory, Voids};
pub use fault::{LoadError, PluginFault};
pub use frontend::{
    BrickPlan, Diagnostic, Emitted, Frontend, FrontendError, FrontendLimits, Lowered, Options,
    Severity, SourceFile,
};
pub use policy::{Caps, Choice, Compiler, PlacementPolicy, PolicyFault, PolicyLimits, Request};
pub use progress::{Progress, Silent, Stage};
pub use site::{
    AdaptError, Adapter, BuildError, BuildOutcome, Recognised, Site, SiteAsset, SiteDiagnostic,
    SiteLimits, SiteProgram, SiteSeverity,
};
pub use store::{Broken, Installed, Origin, PluginModule, PluginStore, StoreError};
