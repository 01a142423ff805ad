//! WebAssembly bytes become code that this machine runs, and what goes wrong in that code becomes a readable trap.
//!
//! Every engine of LILY is configured in one function, [`config`], by [`Profile`]. [`CodeCache`] compiles ahead of
//! time, once, and finds the result again on disk; [`child`] does the compiling of untrusted wasm in a bounded process.
//!
//! This crate must never link a guest to the outside world (that is `host-plugin` and `host-runtime`), open a socket,
//! or know what a bundle or a plugin is.
//!
//! Read first: [`Engine`], [`CodeCache`]. Tests are beside the code, with components written as text.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that panics has failed")
)]

mod cache;
pub mod child;
mod limits;
mod load;
mod profile;
mod ticker;
mod trap;

pub use cache::{CacheError, CodeCache, Form, WasmDigest};
pub use limits::MemoryLimiter;
pub use profile::{
    ASYNC_STACK_BYTES, Engine, EngineError, LASTING_STACK_BYTES, MEMORY_BYTES_MAX,
    POLICY_INSTANCES_MAX, POOL_INSTANCES_MAX, Profile, TOOL_STACK_BYTES, WASM_STACK_BYTES, config,
};
pub use ticker::{EPOCH_TICK, EpochTicker, ticks_for};
pub use trap::{Frame, GuestTrap, TrapKind, told};
