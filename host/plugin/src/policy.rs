//! Placement policies: components that decide and can touch nothing.
//!
//! Every decision is a fresh instance with bounds on steps, time and memory, and its answer is checked before anyone
//! believes it. What goes wrong is a [`PolicyFault`]; the caller then decides by itself.

use crate::load::{check_imports, check_world};
use crate::{LoadError, StoreError};
use host_engine::{
    CodeCache, Engine, EpochTicker, GuestTrap, MemoryLimiter, Profile, TrapKind, ticks_for,
};
use lly_brick::container::Reader;
use registry_index::{MANIFEST_ENTRY, POLICY_WORLD, PluginManifest};
use std::path::Path;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::Linker;

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    wasmtime::component::bindgen!({ path: "../../wit/policy", world: "placement-policy" });
}

pub use bindings::lily::policy::types::{Cap, Choice, Request};

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

/// A policy that is ready to decide, for any number of threads. A decision blocks its thread for the deadline at most.
pub struct PlacementPolicy {
    manifest: PluginManifest,
    engine: Engine,
    pre: bindings::PlacementPolicyPre<MemoryLimiter>,
    limits: PolicyLimits,
    _ticker: EpochTicker,
}

impl PlacementPolicy {
    /// Loads a policy from its package; compiled code is kept in `cache_dir`.
    pub fn from_packaged(package: &[u8], cache_dir: &Path) -> Result<PlacementPolicy, LoadError> {
        PlacementPolicy::from_packaged_with(package, cache_dir, PolicyLimits::STANDARD)
    }

    /// As [`PlacementPolicy::from_packaged`], with bounds of your own.
    pub fn from_packaged_with(
        package: &[u8],
        cache_dir: &Path,
        limits: PolicyLimits,
    ) -> Result<PlacementPolicy, LoadError> {
        let (manifest, wasm) = read(package).map_err(LoadError::Package)?;
        check_world(&manifest, POLICY_WORLD)?;
        let engine = Engine::new(Profile::Policy)?;
        let cache = CodeCache::new(cache_dir.to_owned());
        let component = cache
            .component(&engine, &wasm)
            .map_err(|source| LoadError::Code {
                plugin: manifest.name.clone(),
                version: manifest.version.to_string(),
                source: Box::new(source),
            })?;
        check_imports(&manifest, &engine, &component, &[])?;
        let pre = Linker::new(engine.wasmtime())
            .instantiate_pre(&component)
            .and_then(bindings::PlacementPolicyPre::new)
            .map_err(|error| LoadError::unfit(&manifest, &error))?;
        let ticker = EpochTicker::start(&engine).map_err(LoadError::Thread)?;
        Ok(PlacementPolicy {
            manifest,
            engine,
            pre,
            limits,
            _ticker: ticker,
        })
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &PluginManifest {
        &self.manifest
    }

    /// Asks for a decision. A `cap` in the answer is an index into `caps`, and the reason is one short line.
    pub fn choose(&self, request: &Request, caps: &[Cap]) -> Result<Choice, PolicyFault> {
        let limiter = MemoryLimiter::new(self.limits.memory_bytes_max);
        let mut store = Store::new(self.engine.wasmtime(), limiter);
        store.limiter(|limiter| limiter);
        store.set_hostcall_fuel(self.limits.output_bytes_max);
        store.set_epoch_deadline(ticks_for(self.limits.deadline));
        let choice = store
            .set_fuel(self.limits.fuel)
            .and_then(|()| self.pre.instantiate(&mut store))
            .and_then(|policy| policy.call_choose(&mut store, request, caps))
            .map_err(|error| self.fault(&error, store.data()))?;
        self.check(choice, caps.len())
    }

    fn check(&self, choice: Choice, caps: usize) -> Result<Choice, PolicyFault> {
        if let Some(cap) = choice.cap
            && cap as usize >= caps
        {
            return Err(PolicyFault::Invalid {
                policy: self.manifest.name.clone(),
                reason: format!("it chose number {cap} of {caps} CAPs"),
            });
        }
        let plain = choice.reason.chars().filter(|char| !char.is_control());
        Ok(Choice {
            cap: choice.cap,
            reason: plain.take(REASON_CHARS_MAX).collect(),
        })
    }

    fn fault(&self, error: &wasmtime::Error, limiter: &MemoryLimiter) -> PolicyFault {
        let policy = self.manifest.name.clone();
        let trap = GuestTrap::with_memory(error, limiter);
        match trap.kind {
            TrapKind::Deadline => PolicyFault::Late {
                policy,
                reason: format!("it ran longer than {} ms", self.limits.deadline.as_millis()),
            },
            TrapKind::Fuel => PolicyFault::Late {
                policy,
                reason: format!("it took more than {} steps", self.limits.fuel),
            },
            TrapKind::Memory => PolicyFault::Memory {
                policy,
                bytes_max: self.limits.memory_bytes_max,
            },
            // Answers that the canonical ABI refuses (strings that are not UTF-8, lists out of bounds).
            TrapKind::Other => PolicyFault::Invalid {
                policy,
                reason: trap.message,
            },
            _ => PolicyFault::Trap { policy, trap },
        }
    }
}

impl std::fmt::Debug for PlacementPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlacementPolicy")
            .field("name", &self.manifest.name)
            .finish_non_exhaustive()
    }
}

fn read(package: &[u8]) -> Result<(PluginManifest, Vec<u8>), StoreError> {
    let reader = Reader::open(package)?;
    let manifest = PluginManifest::parse(&reader.read(MANIFEST_ENTRY)?)?;
    let wasm = reader.read(&manifest.component)?;
    Ok((manifest, wasm))
}

#[cfg(test)]
mod tests;
