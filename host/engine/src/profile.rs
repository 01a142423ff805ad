//! How each kind of guest is compiled and given memory. Every `wasmtime::Config` of LILY is made in [`config`].
//!
//! How to add a profile: add the variant, its name in [`Profile::ALL`] and [`Profile::name`], and its arm in
//! [`config`]. Whatever changes the produced code changes the code cache's key by itself.

use crate::WasmDigest;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

/// Native stack of a guest. A C program that recurses keeps its big locals on its own shadow stack, so a mebibyte here
/// is many thousand calls deep.
pub const WASM_STACK_BYTES: usize = 1 << 20;
/// Stack of a fiber: the guest's own part and what host functions need above it.
pub const ASYNC_STACK_BYTES: usize = 2 << 20;
/// Native stack of a program in a language whose engine is itself a guest: a call of such a program is several calls of its
/// engine, about 900 bytes of this stack, and programs expect ten thousand. The engine bounds them before this does (`LILY_DEEP`
/// in `plugins/js/engine/quickjs.patch`); what nobody touches costs address space only.
pub const LASTING_STACK_BYTES: usize = 16 << 20;
/// Native stack of a tool. Compilers recurse deeply over their input; natively clang expects 8 MiB.
pub const TOOL_STACK_BYTES: usize = 32 << 20;
/// The most that one linear memory of a pooled guest can grow to; a bundle's own limit may be lower.
pub const MEMORY_BYTES_MAX: usize = 1 << 30;
/// Component instances alive at once in the pool: every request in flight has one.
pub const POOL_INSTANCES_MAX: u32 = 1000;

/// A component made from C has a main module, an adapter and two shims; one that was composed has more.
const CORE_INSTANCES_MAX: u32 = 8;
/// One memory for each instance and one GC heap (exceptions live there). Each reserves 4 GiB of address space, so that
/// bounds checks cost nothing; all of a CAP's take 8 of the 128 TiB that a process has.
const MEMORIES_MAX: u32 = 2;
/// The function table of the program and the one of its shims.
const TABLES_MAX: u32 = 4;
/// Entries of one table. SQLite has about 1500 functions whose address is taken, a large C++ program some ten thousand.
const TABLE_ELEMENTS_MAX: usize = 100_000;
/// Metadata of one instance grows with its functions and globals; a whole compiler in wasm needs under 4 MiB.
const INSTANCE_METADATA_BYTES_MAX: usize = 8 << 20;
/// Of a returned slot's dirty memory, this much is zeroed in place, so that the next request takes no page faults.
const KEEP_RESIDENT_BYTES: usize = 1 << 20;
/// Slots that are given back to the kernel together, which makes one system call of sixteen.
const DECOMMIT_BATCH: usize = 16;
/// Decisions of one policy at once. They compute all the time, so more than there are cores gains nothing.
pub const POLICY_INSTANCES_MAX: u32 = 16;
/// As of a request, and the columns of ten thousand CAPs: what was written in one decision is not faulted in by the next.
const POLICY_KEEP_RESIDENT_BYTES: usize = 2 << 20;

/// The kinds of guests there are. They differ in how they are interrupted and where their memory comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// A plugin's packaged tool (clang): trusted to end by itself, so without epoch checks, which cost it a quarter.
    Tool,
    /// A plugin's component: interrupted by epochs.
    Plugin,
    /// A component that decides: interrupted by epochs and by fuel, so that a decision costs the same everywhere. An instance
    /// each decision: pooled memory, a small pool for each policy.
    Policy,
    /// A component whose initialisation runs once, when it is built: as bounded as a policy.
    Preinit,
    /// A program that is put into its language's engine, when it is built, and that engine itself: as bounded, and as deep as
    /// [`Profile::Lasting`]. Its thread must have that stack too.
    Build,
    /// A brick that serves requests, an instance each: pooled memory, epochs.
    Stateless,
    /// A brick that `lly run` starts once: memory on demand, epochs.
    OnDemand,
    /// A program that is one long instance of its language's engine: as on demand, and deep.
    Lasting,
}

impl Profile {
    /// Every profile, in the order of their declaration.
    pub const ALL: [Profile; 8] = [
        Profile::Tool,
        Profile::Plugin,
        Profile::Policy,
        Profile::Preinit,
        Profile::Build,
        Profile::Stateless,
        Profile::OnDemand,
        Profile::Lasting,
    ];

    /// The name used on the command line of the compiling child.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Tool => "tool",
            Profile::Plugin => "plugin",
            Profile::Policy => "policy",
            Profile::Preinit => "preinit",
            Profile::Build => "build",
            Profile::Stateless => "stateless",
            Profile::OnDemand => "on-demand",
            Profile::Lasting => "lasting",
        }
    }
}

impl FromStr for Profile {
    type Err = EngineError;

    fn from_str(name: &str) -> Result<Profile, EngineError> {
        let found = Profile::ALL
            .into_iter()
            .find(|profile| profile.name() == name);
        found.ok_or_else(|| EngineError::NoSuchProfile(name.to_owned()))
    }
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The machine refuses what the profile asks for (address space, most often).
    #[error("cannot make the `{profile}` engine on this machine: {reason}")]
    Refused {
        /// The profile's name.
        profile: &'static str,
        /// The engine's own words.
        reason: String,
    },
    /// Not the name of a profile.
    #[error("there is no engine profile `{0}`")]
    NoSuchProfile(String),
}

/// The configuration of each profile.
pub fn config(profile: Profile) -> Config {
    let mut config = compile_config(profile);
    let pool = match profile {
        Profile::Stateless => Some(pool()),
        Profile::Policy => Some(policy_pool()),
        Profile::Tool
        | Profile::Plugin
        | Profile::Preinit
        | Profile::Build
        | Profile::OnDemand
        | Profile::Lasting => None,
    };
    if let Some(pool) = pool {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// As [`config`], but no pool's address space is reserved. The code that comes out is the same, and so is the key in the
/// cache (a test holds this).
pub(crate) fn compile_config(profile: Profile) -> Config {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .wasm_exceptions(true)
        .wasm_memory64(false)
        .concurrency_support(false)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(ASYNC_STACK_BYTES);
    match profile {
        Profile::Tool => {
            config
                .max_wasm_stack(TOOL_STACK_BYTES)
                .async_stack_size(2 * TOOL_STACK_BYTES);
        }
        Profile::Plugin | Profile::OnDemand => {
            config.epoch_interruption(true);
        }
        Profile::Lasting => {
            deep(&mut config).epoch_interruption(true);
        }
        Profile::Policy | Profile::Preinit => {
            config.epoch_interruption(true).consume_fuel(true);
        }
        Profile::Build => {
            deep(&mut config)
                .epoch_interruption(true)
                .consume_fuel(true);
        }
        Profile::Stateless => {
            // Without unwind tables registered with the C runtime, unloading a component is not linear in their
            // number; the engine walks stacks by its own tables.
            config.epoch_interruption(true).native_unwind_info(false);
        }
    }
    config
}

/// A fiber has above it what host functions need, as everywhere.
fn deep(config: &mut Config) -> &mut Config {
    config
        .max_wasm_stack(LASTING_STACK_BYTES)
        .async_stack_size(LASTING_STACK_BYTES + ASYNC_STACK_BYTES - WASM_STACK_BYTES)
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = pool_of(POOL_INSTANCES_MAX, KEEP_RESIDENT_BYTES);
    pool.decommit_batch_size(DECOMMIT_BATCH);
    pool
}

/// Without batches: the slot that the last decision left is taken by the next one.
fn policy_pool() -> PoolingAllocationConfig {
    let mut pool = pool_of(POLICY_INSTANCES_MAX, POLICY_KEEP_RESIDENT_BYTES);
    // One instance of any component that this pool takes always finds room.
    pool.max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX - 1)
        .max_tables_per_component(TABLES_MAX);
    pool
}

/// Room for so many instances at once.
fn pool_of(instances: u32, keep_resident_bytes: usize) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(CORE_INSTANCES_MAX * instances)
        .total_memories(MEMORIES_MAX * instances)
        .total_tables(TABLES_MAX * instances)
        .total_stacks(instances)
        .total_gc_heaps(instances)
        .max_component_instance_size(INSTANCE_METADATA_BYTES_MAX)
        .max_core_instance_size(INSTANCE_METADATA_BYTES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(keep_resident_bytes)
        .table_keep_resident(keep_resident_bytes)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// An engine and what it was made for. Cheap to clone; clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    profile: Profile,
    config_digest: WasmDigest,
}

impl Engine {
    /// Makes the engine of `profile`.
    pub fn new(profile: Profile) -> Result<Engine, EngineError> {
        Engine::with_config(profile, &config(profile))
    }

    /// An engine of `profile` that takes memory on demand where [`Engine::new`] has a pool: to compile, and for what does not
    /// fit into the pool. The code is the same, in the cache too.
    pub fn without_pool(profile: Profile) -> Result<Engine, EngineError> {
        Engine::with_config(profile, &compile_config(profile))
    }

    fn with_config(profile: Profile, config: &Config) -> Result<Engine, EngineError> {
        let engine = wasmtime::Engine::new(config).map_err(|error| EngineError::Refused {
            profile: profile.name(),
            reason: format!("{error:#}"),
        })?;
        let mut hasher = KeyHasher::default();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Engine {
            config_digest: WasmDigest::of(&hasher.0),
            engine,
            profile,
        })
    }

    /// The engine itself.
    pub fn wasmtime(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// What this engine is for.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Changes with everything that changes the code this engine produces: settings, wasmtime's version, CPU features.
    pub(crate) fn config_digest(&self) -> WasmDigest {
        self.config_digest
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

/// Gathers what is hashed, so that a stable digest can be taken of it; `std`'s own hashers promise no stability.
#[derive(Default)]
struct KeyHasher(Vec<u8>);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::Store;
    use wasmtime::component::{Component, Linker};

    /// Throws an exception, which lives in the GC heap, and catches it.
    const THROWS: &str = r#"(component
        (core module $m
            (memory 1)
            (tag $t (param i32))
            (func $throw (throw $t (i32.load (i32.const 0))))
            (func (export "run") (result i32)
                (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 42)))
                (block $caught (result i32)
                    (try_table (catch $t $caught) (call $throw))
                    i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "run") (result u32) (canon lift (core func $i "run"))))"#;

    #[test]
    fn compiling_without_a_pool_gives_the_same_code() {
        for profile in Profile::ALL {
            let whole = Engine::new(profile).unwrap().config_digest();
            let compiler = Engine::without_pool(profile).unwrap().config_digest();
            assert_eq!(whole, compiler, "{profile:?}");
            assert_eq!(profile.name().parse::<Profile>().unwrap(), profile);
        }
        assert!("slow".parse::<Profile>().is_err());
    }

    #[test]
    fn exceptions_work_in_the_pool_and_every_instance_starts_clean() {
        let engine = Engine::new(Profile::Stateless).unwrap();
        let wasm = wat::parse_str(THROWS).unwrap();
        let component = Component::new(engine.wasmtime(), wasm).unwrap();
        let linker = Linker::<()>::new(engine.wasmtime());
        let pre = linker.instantiate_pre(&component).unwrap();
        let run = || {
            let mut store = Store::new(engine.wasmtime(), ());
            store.set_epoch_deadline(1_000_000);
            let instance = pre.instantiate(&mut store).unwrap();
            let run = instance
                .get_typed_func::<(), (u32,)>(&mut store, "run")
                .unwrap();
            assert_eq!(run.call(&mut store, ()).unwrap().0, 42);
            store
        };
        for _ in 0..2000 {
            run();
        }
        // All at once, each with its memory and its GC heap.
        let alive: Vec<_> = (0..POOL_INSTANCES_MAX).map(|_| run()).collect();
        let mut store = Store::new(engine.wasmtime(), ());
        store.set_epoch_deadline(1_000_000);
        let beyond = pre.instantiate(&mut store);
        assert!(beyond.is_err(), "the pool has a bound");
        drop(alive);
        run();
    }

    #[test]
    fn the_pool_bounds_memories() {
        let engine = Engine::new(Profile::Stateless).unwrap();
        let pages = (MEMORY_BYTES_MAX >> 16) + 1;
        let wasm = wat::parse_str(format!("(module (memory {pages}))")).unwrap();
        let error = wasmtime::Module::new(engine.wasmtime(), wasm).unwrap_err();
        assert!(format!("{error:#}").contains("memory"), "{error:#}");
    }
}
