//! Where a policy decides: its engine, its bounds, and the names of its faults. The same for every kind of policy.

use super::turns::{Turn, Turns};
use super::{PolicyFault, PolicyLimits};
use crate::load::{check_imports, check_world};
use crate::{LoadError, StoreError};
use host_engine::child::CompileLimits;
use host_engine::{
    CacheError, CodeCache, Engine, EpochTicker, GuestTrap, MemoryLimiter, POLICY_INSTANCES_MAX,
    Profile, TrapKind, WasmDigest, ticks_for,
};
use lly_brick::container::Reader;
use registry_index::{MANIFEST_ENTRY, PluginManifest};
use std::path::Path;
use wasmtime::Store;
use wasmtime::component::{Component, InstancePre, Linker};

/// Where a policy becomes code that this machine runs.
#[derive(Clone, Copy, Debug)]
pub struct Compiler<'a> {
    /// Where code is kept.
    pub cache_dir: &'a Path,
    /// An executable that begins with `host_engine::child::main_if_asked`: untrusted wasm is compiled in a bounded child of
    /// it. None compiles in this process, which is for tests and for policies that came with the program.
    pub child: Option<&'a Path>,
}

impl Compiler<'_> {
    fn component(&self, engine: &Engine, wasm: Vec<u8>) -> Result<Component, CacheError> {
        let cache = CodeCache::new(self.cache_dir.to_owned());
        match self.child {
            None => cache.component(engine, &wasm),
            Some(exe) => {
                let digest = WasmDigest::of(&wasm);
                cache.component_in_child(engine, exe, digest, || Ok(wasm), &CompileLimits::POLICY)
            }
        }
    }
}

/// A loaded policy of some kind.
pub(crate) struct Sandbox {
    manifest: PluginManifest,
    engine: Engine,
    limits: PolicyLimits,
    turns: Turns,
    _ticker: EpochTicker,
}

/// One decision that is being taken: its instance goes before its turn does.
pub(crate) struct Deciding<'a> {
    /// The bounds of the decision, and the instance that is made in it.
    pub(crate) store: Store<MemoryLimiter>,
    _turn: Turn<'a>,
}

impl Sandbox {
    /// Loads a package of the world `world`.
    pub(crate) fn load(
        package: &[u8],
        world: &'static str,
        compiler: &Compiler<'_>,
        limits: PolicyLimits,
    ) -> Result<(Sandbox, InstancePre<MemoryLimiter>), LoadError> {
        let (manifest, wasm) = read(package).map_err(LoadError::Package)?;
        check_world(&manifest, world)?;
        let (engine, component) = compiled(&manifest, compiler, wasm)?;
        check_imports(&manifest, &engine, &component, &[])?;
        let pre = Linker::new(engine.wasmtime())
            .instantiate_pre(&component)
            .map_err(|error| LoadError::unfit(&manifest, &error))?;
        let ticker = EpochTicker::start(&engine).map_err(LoadError::Thread)?;
        let sandbox = Sandbox {
            manifest,
            engine,
            limits,
            turns: Turns::new(POLICY_INSTANCES_MAX),
            _ticker: ticker,
        };
        Ok((sandbox, pre))
    }

    /// What the plugin says about itself.
    pub(crate) fn manifest(&self) -> &PluginManifest {
        &self.manifest
    }

    /// Begins one decision, as soon as there is room for it. That takes as long as a decision at most.
    pub(crate) fn begin(&self) -> Result<Deciding<'_>, PolicyFault> {
        let Some(turn) = self.turns.take(self.limits.deadline) else {
            return Err(PolicyFault::Late {
                policy: self.manifest.name.clone(),
                reason: format!("{POLICY_INSTANCES_MAX} decisions before this one are not done"),
            });
        };
        Ok(Deciding {
            store: self.store(),
            _turn: turn,
        })
    }

    /// The bounds of one decision.
    fn store(&self) -> Store<MemoryLimiter> {
        let limiter = MemoryLimiter::new(self.limits.memory_bytes_max);
        let mut store = Store::new(self.engine.wasmtime(), limiter);
        store.limiter(|limiter| limiter);
        store.set_hostcall_fuel(self.limits.output_bytes_max);
        store.set_epoch_deadline(ticks_for(self.limits.deadline));
        if let Err(error) = store.set_fuel(self.limits.fuel) {
            // Only an engine without fuel refuses, and this profile has it; a store without fuel decides nothing.
            tracing::error!(%error, "a policy has no fuel");
        }
        store
    }

    /// The name of what went wrong.
    pub(crate) fn fault(&self, error: &wasmtime::Error, limiter: &MemoryLimiter) -> PolicyFault {
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
            TrapKind::Other => self.nonsense(trap.message),
            _ => PolicyFault::Trap { policy, trap },
        }
    }

    /// The fault of an answer that cannot be.
    pub(crate) fn nonsense(&self, reason: String) -> PolicyFault {
        PolicyFault::Invalid {
            policy: self.manifest.name.clone(),
            reason,
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("name", &self.manifest.name)
            .finish_non_exhaustive()
    }
}

/// The component, and an engine to run it: with a pool, so that a decision finds its memory mapped. What does not fit into
/// one (a component of many modules), or a machine without that much address space, has its memory on demand.
fn compiled(
    manifest: &PluginManifest,
    compiler: &Compiler<'_>,
    wasm: Vec<u8>,
) -> Result<(Engine, Component), LoadError> {
    let unfit = |source| LoadError::Code {
        plugin: manifest.name.clone(),
        version: manifest.version.to_string(),
        source: Box::new(source),
    };
    let reason = match Engine::new(Profile::Policy) {
        Ok(engine) => match compiler.component(&engine, wasm.clone()) {
            Ok(component) => return Ok((engine, component)),
            Err(CacheError::Load(reason)) => reason,
            Err(error) => return Err(unfit(error)),
        },
        Err(error) => error.to_string(),
    };
    tracing::info!(
        policy = manifest.name,
        reason,
        "a policy has its memory on demand"
    );
    let engine = Engine::without_pool(Profile::Policy)?;
    let component = compiler.component(&engine, wasm).map_err(unfit)?;
    Ok((engine, component))
}

/// The manifest and the component of a package.
fn read(package: &[u8]) -> Result<(PluginManifest, Vec<u8>), StoreError> {
    let reader = Reader::open(package)?;
    let manifest = PluginManifest::parse(&reader.read(MANIFEST_ENTRY)?)?;
    let wasm = reader.read(&manifest.component)?;
    Ok((manifest, wasm))
}
