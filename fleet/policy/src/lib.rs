//! The choice of a CAP: a policy decides; if it traps, is late or lies, the built-in default does, and that is told.
//!
//! Shared by raptor, which takes decisions, and `lly`, which replays them: [`Chooser`] holds the policy that decides and the
//! one in its shadow and swaps them while decisions are taken; [`Evictor`] does the same for programs that may sleep;
//! [`replay`] and [`replay_eviction`] ask a policy what another was asked. It does no I/O but reading code from the cache.
//! Tests are beside the code.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod chooser;
mod evictor;
mod loaded;
mod packaged;
mod question;
mod replay;
mod seats;

pub use chooser::{Chooser, Decision};
pub use evictor::{Evicted, Evictor, LoadedEviction, shadow_answer};
pub use host_plugin::Compiler;
pub use loaded::{Loaded, Policy, PolicyError};
pub use packaged::{Package, manifest, packaged, resolve_packaged};
pub use question::{Ask, record, record_programs};
pub use replay::{Replayed, ReplayedEviction, replay, replay_eviction};
pub use seats::Seat;
