//! Eviction policies: they name the voids that a CAP may put to sleep. Bounded and checked like placement policies.

use crate::policy::{Compiler, Sandbox, one_line};
use crate::{LoadError, PolicyFault, PolicyLimits};
use host_engine::{MemoryLimiter, told};
use registry_index::{EVICTION_WORLD, PluginManifest};
use std::collections::BTreeSet;
use std::path::Path;

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    wasmtime::component::bindgen!({ path: "../../wit/eviction", world: "eviction-policy" });
}

pub use bindings::lily::eviction::types::{Eviction, Memory, Voids};

/// An eviction policy that is ready to decide, for any number of threads.
pub struct EvictionPolicy {
    sandbox: Sandbox,
    pre: bindings::EvictionPolicyPre<MemoryLimiter>,
}

impl EvictionPolicy {
    /// Loads a policy from its package, compiled in this process; its code is kept in `cache_dir`.
    pub fn from_packaged(package: &[u8], cache_dir: &Path) -> Result<EvictionPolicy, LoadError> {
        let compiler = Compiler {
            cache_dir,
            child: None,
        };
        EvictionPolicy::from_packaged_with(package, &compiler, PolicyLimits::STANDARD)
    }

    /// As [`EvictionPolicy::from_packaged`], with a compiler and bounds of your own.
    pub fn from_packaged_with(
        package: &[u8],
        compiler: &Compiler<'_>,
        limits: PolicyLimits,
    ) -> Result<EvictionPolicy, LoadError> {
        let (sandbox, pre) = Sandbox::load(package, EVICTION_WORLD, compiler, limits)?;
        let pre = bindings::EvictionPolicyPre::new(pre)
            .map_err(|error| LoadError::unfit(sandbox.manifest(), &error))?;
        Ok(EvictionPolicy { sandbox, pre })
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &PluginManifest {
        self.sandbox.manifest()
    }

    /// Asks which voids may sleep: indices into `voids`, each at most once, each with a reason of one short line.
    pub fn evict(&self, memory: Memory, voids: &Voids) -> Result<Vec<Eviction>, PolicyFault> {
        let mut deciding = self.sandbox.begin()?;
        let store = &mut deciding.store;
        let evictions = self
            .pre
            .instantiate(&mut *store)
            .and_then(|policy| policy.call_evict(&mut *store, memory, voids))
            .map_err(|error| {
                let error = told(store, error);
                self.sandbox.fault(&error, store.data())
            })?;
        self.check(evictions, voids.age_seconds.len())
    }

    fn check(&self, evictions: Vec<Eviction>, voids: usize) -> Result<Vec<Eviction>, PolicyFault> {
        let mut named = BTreeSet::new();
        for eviction in &evictions {
            let number = eviction.void;
            if number as usize >= voids {
                let reason = format!("it named number {number} of {voids} voids");
                return Err(self.sandbox.nonsense(reason));
            }
            if !named.insert(number) {
                let reason = format!("it named void number {number} twice");
                return Err(self.sandbox.nonsense(reason));
            }
        }
        let checked = evictions.into_iter().map(|eviction| Eviction {
            void: eviction.void,
            reason: one_line(&eviction.reason),
        });
        Ok(checked.collect())
    }
}

impl std::fmt::Debug for EvictionPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("EvictionPolicy")
            .field(&self.sandbox)
            .finish()
    }
}

#[cfg(test)]
mod tests;
