//! Policies: components that decide and can touch nothing. This file has what both kinds share and the one that places.
//!
//! Every decision is a fresh instance with bounds on steps, time and memory, and its answer is checked before anyone
//! believes it. What goes wrong is a [`PolicyFault`]; the caller then decides by itself.

mod sandbox;
mod turns;

use crate::LoadError;
use host_engine::{GuestTrap, MemoryLimiter, told};
use registry_index::{POLICY_WORLD, PluginManifest};
use std::path::Path;
use std::time::Duration;

pub use sandbox::Compiler;
pub(crate) use sandbox::Sandbox;

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    wasmtime::component::bindgen!({ path: "../../wit/policy", world: "placement-policy" });
}

pub use bindings::lily::policy::types::{Caps, Choice, Request};

/// A reason is one sentence for the decision log.
const REASON_CHARS_MAX: usize = 300;

/// How far a policy may go in one decision.
#[derive(Clone, Debug)]
pub struct PolicyLimits {
    /// Its memory.
    pub memory_bytes_max: usize,
    /// Its steps, so that a decision that is taken here is taken on every machine.
    pub fuel: u64,
    /// Its time. A placement waits for it.
    pub deadline: Duration,
    /// What it may hand over.
    pub output_bytes_max: usize,
}

impl PolicyLimits {
    /// Enough to sort ten thousand CAPs in some hundred steps each, in a time that nobody notices.
    pub const STANDARD: PolicyLimits = PolicyLimits {
        memory_bytes_max: 64 << 20,
        fuel: 100_000_000,
        deadline: Duration::from_millis(500),
        output_bytes_max: 1 << 20,
    };
}

/// Why a policy's answer does not count.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PolicyFault {
    /// It trapped.
    #[error("the policy `{policy}` trapped: {}", trap.message)]
    Trap {
        /// Its name.
        policy: String,
        /// What it did, and where.
        trap: GuestTrap,
    },
    /// It took too many steps or too long.
    #[error("the policy `{policy}` did not decide in time: {reason}")]
    Late {
        /// Its name.
        policy: String,
        /// Which bound it met.
        reason: String,
    },
    /// It wanted more memory than it may have.
    #[error("the policy `{policy}` wants more than {} MiB of memory", bytes_max >> 20)]
    Memory {
        /// Its name.
        policy: String,
        /// The bound.
        bytes_max: usize,
    },
    /// It answered nonsense.
    #[error("the policy `{policy}` answered nonsense: {reason}")]
    Invalid {
        /// Its name.
        policy: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl PolicyFault {
    /// A short stable name, for counters.
    pub fn kind(&self) -> &'static str {
        match self {
            PolicyFault::Trap { .. } => "trap",
            PolicyFault::Late { .. } => "late",
            PolicyFault::Memory { .. } => "memory",
            PolicyFault::Invalid { .. } => "invalid",
        }
    }
}

/// A placement policy that is ready to decide, for any number of threads. A decision blocks its thread for the deadline
/// at most.
pub struct PlacementPolicy {
    sandbox: Sandbox,
    pre: bindings::PlacementPolicyPre<MemoryLimiter>,
}

impl PlacementPolicy {
    /// Loads a policy from its package, compiled in this process; its code is kept in `cache_dir`.
    pub fn from_packaged(package: &[u8], cache_dir: &Path) -> Result<PlacementPolicy, LoadError> {
        let compiler = Compiler {
            cache_dir,
            child: None,
        };
        PlacementPolicy::from_packaged_with(package, &compiler, PolicyLimits::STANDARD)
    }

    /// As [`PlacementPolicy::from_packaged`], with a compiler and bounds of your own.
    pub fn from_packaged_with(
        package: &[u8],
        compiler: &Compiler<'_>,
        limits: PolicyLimits,
    ) -> Result<PlacementPolicy, LoadError> {
        let (sandbox, pre) = Sandbox::load(package, POLICY_WORLD, compiler, limits)?;
        let pre = bindings::PlacementPolicyPre::new(pre)
            .map_err(|error| LoadError::unfit(sandbox.manifest(), &error))?;
        Ok(PlacementPolicy { sandbox, pre })
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &PluginManifest {
        self.sandbox.manifest()
    }

    /// Asks for a decision. A `cap` in the answer is an index into `caps`, and the reason is one short line.
    pub fn choose(&self, request: &Request, caps: &Caps) -> Result<Choice, PolicyFault> {
        let mut deciding = self.sandbox.begin()?;
        let store = &mut deciding.store;
        let choice = self
            .pre
            .instantiate(&mut *store)
            .and_then(|policy| policy.call_choose(&mut *store, request, caps))
            .map_err(|error| {
                let error = told(store, error);
                self.sandbox.fault(&error, store.data())
            })?;
        self.check(choice, caps.region.len())
    }

    fn check(&self, choice: Choice, caps: usize) -> Result<Choice, PolicyFault> {
        if let Some(cap) = choice.cap
            && cap as usize >= caps
        {
            return Err(self
                .sandbox
                .nonsense(format!("it chose number {cap} of {caps} CAPs")));
        }
        Ok(Choice {
            cap: choice.cap,
            reason: one_line(&choice.reason),
        })
    }
}

impl std::fmt::Debug for PlacementPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PlacementPolicy")
            .field(&self.sandbox)
            .finish()
    }
}

/// What a policy says about itself is shown to people: one short line without control characters.
pub(crate) fn one_line(reason: &str) -> String {
    let plain = reason.chars().filter(|char| !char.is_control());
    plain.take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
