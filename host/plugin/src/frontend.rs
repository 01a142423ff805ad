//! Language frontends: source files in, BIR out, then a component for each brick.
//!
//! A call gets a fresh instance, with bounds on memory, on its own time and on what it hands over. Time that its tools
//! take is not its own; they have their own bounds.

use crate::load::{Code, Loaded, entry};
use crate::sandbox::{self, Tools};
use crate::{Installed, LoadError, PluginFault, PluginModule, PluginStore, Progress};
use host_engine::{
    CodeCache, EPOCH_TICK, Engine, EpochTicker, Form, GuestTrap, MemoryLimiter, Profile, TrapKind,
    ticks_for, told,
};
use registry_index::{FRONTEND_WORLD, PluginManifest};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Store, UpdateDeadline};

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    wasmtime::component::bindgen!({ path: "../../wit/frontend", world: "frontend" });
}

use bindings::lily::frontend::tool;
pub use bindings::lily::frontend::types::{
    BrickPlan, Diagnostic, Emitted, Lowered, Options, Severity, SourceFile,
};

/// What a frontend may import.
const IMPORTS: [&str; 1] = ["lily:frontend/tool@0.1.0"];
/// How a component begins.
const COMPONENT_MAGIC: &[u8] = b"\0asm\x0d\0\x01\0";

/// How far a frontend may go in one call.
#[derive(Clone, Debug)]
pub struct FrontendLimits {
    /// Its memory.
    pub memory_bytes_max: usize,
    /// Time in its own code.
    pub own_time_max: Duration,
    /// What it may hand over in one call, to us or to its tools.
    pub output_bytes_max: usize,
    /// For its tools.
    pub tool: sandbox::Limits,
}

impl FrontendLimits {
    /// For programs of any size that people write: the objects of a million lines are some hundred megabytes.
    pub const STANDARD: FrontendLimits = FrontendLimits {
        memory_bytes_max: 3 << 30,
        own_time_max: Duration::from_secs(600),
        output_bytes_max: 1 << 30,
        tool: sandbox::Limits::TOOL,
    };
}

/// Why there is no BIR or no component.
#[derive(Debug, thiserror::Error)]
pub enum FrontendError {
    /// The program has errors.
    #[error("the program has errors")]
    Diagnostics(Vec<Diagnostic>),
    /// The plugin has.
    #[error(transparent)]
    Fault(#[from] PluginFault),
}

/// A frontend that is ready to be called, from any number of threads.
pub struct Frontend {
    manifest: PluginManifest,
    engine: Engine,
    pre: bindings::FrontendPre<State>,
    tools: Arc<Tools>,
    modules: Vec<PluginModule>,
    cache: CodeCache,
    limits: FrontendLimits,
    _ticker: EpochTicker,
}

struct State {
    limiter: MemoryLimiter,
    tools: Arc<Tools>,
    jobs: usize,
    begun: Instant,
    tool_time: Duration,
    own_time_max: Duration,
}

impl Frontend {
    /// Loads an installed frontend. What was not compiled on this machine before is compiled now.
    pub fn load(
        store: &PluginStore,
        installed: &Installed,
        progress: &dyn Progress,
    ) -> Result<Frontend, LoadError> {
        Frontend::load_with(store, installed, progress, FrontendLimits::STANDARD)
    }

    /// As [`Frontend::load`], with bounds of your own.
    pub fn load_with(
        store: &PluginStore,
        installed: &Installed,
        progress: &dyn Progress,
        limits: FrontendLimits,
    ) -> Result<Frontend, LoadError> {
        let manifest = &installed.manifest;
        let loaded = Loaded::of(store, installed, FRONTEND_WORLD, &IMPORTS, progress)?;
        let engine = loaded.engine;
        let mut linker = Linker::<State>::new(engine.wasmtime());
        let pre = tool::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            .and_then(|()| linker.instantiate_pre(&loaded.component))
            .and_then(bindings::FrontendPre::new)
            .map_err(|error| LoadError::unfit(manifest, &error))?;
        let tools = load_tools(store, installed, progress, &limits)?;
        Ok(Frontend {
            manifest: manifest.clone(),
            engine,
            pre,
            tools: Arc::new(tools),
            modules: manifest
                .modules
                .iter()
                .filter_map(|name| installed.module(name))
                .collect(),
            cache: store.code_cache().clone(),
            limits,
            _ticker: loaded.ticker,
        })
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &PluginManifest {
        &self.manifest
    }

    /// The core modules that its programs share.
    pub fn modules(&self) -> &[PluginModule] {
        &self.modules
    }

    /// Where code is kept that was compiled for this machine.
    pub fn code_cache(&self) -> &CodeCache {
        &self.cache
    }

    /// Compiles sources to BIR. `companions` are files they may refer to; at most `jobs` tools run side by side.
    pub fn lower(
        &self,
        sources: &[SourceFile],
        companions: &[SourceFile],
        options: &Options,
        jobs: usize,
    ) -> Result<Lowered, FrontendError> {
        let lowered = self.call("lower", jobs, |frontend, store| {
            frontend.call_lower(store, sources, companions, options)
        })?;
        if lowered.bir.is_empty() {
            return Err(self.fault("lower", "it returned an empty BIR").into());
        }
        Ok(lowered)
    }

    /// Makes the component of one brick.
    pub fn emit(
        &self,
        bir: &[u8],
        plan: &BrickPlan,
        options: &Options,
    ) -> Result<Emitted, FrontendError> {
        let emitted = self.call("emit", 1, |frontend, store| {
            frontend.call_emit(store, bir, plan, options)
        })?;
        if !emitted.component.starts_with(COMPONENT_MAGIC) {
            let reason = "it returned bytes that are not a component";
            return Err(self.fault("emit", reason).into());
        }
        Ok(emitted)
    }

    fn call<T>(
        &self,
        function: &'static str,
        jobs: usize,
        call: impl FnOnce(
            &bindings::Frontend,
            &mut Store<State>,
        ) -> wasmtime::Result<Result<T, Vec<Diagnostic>>>,
    ) -> Result<T, FrontendError> {
        let mut store = self.store(jobs);
        let answer = self
            .pre
            .instantiate(&mut store)
            .and_then(|frontend| call(&frontend, &mut store));
        match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(diagnostics)) => {
                let is_error = |one: &Diagnostic| one.severity == Severity::Error;
                if diagnostics.iter().any(is_error) {
                    return Err(FrontendError::Diagnostics(diagnostics));
                }
                let reason = "it refused the program without an error message";
                Err(self.fault(function, reason).into())
            }
            Err(error) => {
                let error = told(&mut store, error);
                let trap = GuestTrap::with_memory(&error, &store.data().limiter);
                let reason = match trap.kind {
                    TrapKind::Deadline => {
                        format!(
                            "it ran longer than {} s",
                            self.limits.own_time_max.as_secs_f64()
                        )
                    }
                    _ => trap.message.clone(),
                };
                let fault = self.fault(function, &reason);
                Err(FrontendError::Fault(PluginFault {
                    trap: Some(Box::new(trap)),
                    ..fault
                }))
            }
        }
    }

    fn store(&self, jobs: usize) -> Store<State> {
        let state = State {
            limiter: MemoryLimiter::new(self.limits.memory_bytes_max),
            tools: self.tools.clone(),
            jobs,
            begun: Instant::now(),
            tool_time: Duration::ZERO,
            own_time_max: self.limits.own_time_max,
        };
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(self.limits.output_bytes_max);
        store.set_epoch_deadline(ticks_for(self.limits.own_time_max));
        // At the deadline, time that went to the tools is given back.
        store.epoch_deadline_callback(|store| {
            let state = store.data();
            let own = state.begun.elapsed().saturating_sub(state.tool_time);
            let left = state.own_time_max.saturating_sub(own);
            if left < EPOCH_TICK {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Continue(ticks_for(left)))
        });
        store
    }

    /// What to say when an answer of `function` turns out to be nonsense: `reason` follows on the plugin's name.
    pub fn fault(&self, function: &'static str, reason: &str) -> PluginFault {
        PluginFault {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            function,
            reason: reason.to_owned(),
            trap: None,
        }
    }
}

impl std::fmt::Debug for Frontend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frontend")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .finish_non_exhaustive()
    }
}

fn load_tools(
    store: &PluginStore,
    installed: &Installed,
    progress: &dyn Progress,
    limits: &FrontendLimits,
) -> Result<Tools, LoadError> {
    let manifest = &installed.manifest;
    let engine = Engine::new(Profile::Tool)?;
    let mut tools = Tools::new(engine.clone(), installed.sysroot(), limits.tool.clone());
    for (name, file) in &manifest.tools {
        let module = entry(installed, file, |path, digest, size| {
            let code = Code {
                manifest,
                cache: store.code_cache(),
                engine: &engine,
                digest,
                size,
                name,
            };
            code.get(Form::Module, progress, |cache: &CodeCache| {
                cache.module_of(&engine, digest, || std::fs::read(path))
            })
        })?;
        tools.add(name, &module).map_err(|source| LoadError::Tool {
            plugin: manifest.name.clone(),
            version: manifest.version.to_string(),
            source: Box::new(source),
        })?;
    }
    Ok(tools)
}

impl tool::Host for State {
    fn run(
        &mut self,
        shared: Vec<tool::File>,
        jobs: Vec<tool::Job>,
    ) -> Result<Vec<tool::Outcome>, String> {
        let begun = Instant::now();
        let shared = shared.into_iter().map(into_file).collect();
        let jobs = jobs.into_iter().map(into_job).collect();
        let outcomes = self.tools.run(shared, jobs, self.jobs);
        self.tool_time += begun.elapsed();
        match outcomes {
            Ok(outcomes) => Ok(outcomes.into_iter().map(from_outcome).collect()),
            Err(error) => Err(chain(&error)),
        }
    }
}

fn into_file(file: tool::File) -> sandbox::File {
    sandbox::File {
        path: file.path,
        contents: file.contents,
    }
}

fn into_job(job: tool::Job) -> sandbox::Job {
    sandbox::Job {
        tool: job.tool,
        arguments: job.arguments,
        files: job.files.into_iter().map(into_file).collect(),
        outputs: job.outputs,
    }
}

fn from_outcome(outcome: sandbox::Outcome) -> tool::Outcome {
    let from_file = |file: sandbox::File| tool::File {
        path: file.path,
        contents: file.contents,
    };
    tool::Outcome {
        exit_code: outcome.exit_code,
        stdout: outcome.stdout,
        stderr: outcome.stderr,
        outputs: outcome.outputs.into_iter().map(from_file).collect(),
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests;
