//! Site adapters: the project of a web framework in; static files, programs and the routes to them out.
//!
//! Rule: what an adapter answers is checked ([`answer`]) before anybody uses it. A call gets a fresh instance, with bounds
//! on memory, time and what it hands over; it reads what was granted, and nothing else.

mod answer;

use crate::load::Loaded;
use crate::process::{self, VARIABLES_ALWAYS};
use crate::project::{self as files, Project};
use crate::reach::{self, Refusal};
use crate::{Installed, LoadError, PluginFault, PluginStore, Progress};
use host_engine::{Engine, EpochTicker, GuestTrap, MemoryLimiter, TrapKind, ticks_for, told};
use registry_index::{Grants, PluginManifest, SITE_WORLD};
use std::path::Path;
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{HasSelf, Linker};

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    // The world by another name: its own is also that of a record that it uses.
    wasmtime::component::bindgen!({
        path: "../../wit/site",
        inline: "package lily:host; world site-adapter { include lily:site/site@0.1.0; }",
        world: "lily:host/site-adapter",
        imports: { default: trappable },
    });
}

pub use answer::{Site, SiteAsset, SiteDiagnostic, SiteProgram, SiteSeverity};
use bindings::lily::site::{project, types};
pub use process::Outcome as BuildOutcome;
use types::Error;

/// What an adapter may import.
const IMPORTS: [&str; 1] = ["lily:site/project@0.1.0"];

/// How far an adapter may go in one call.
#[derive(Clone, Debug)]
pub struct SiteLimits {
    /// Its memory.
    pub memory_bytes_max: usize,
    /// Its time; there is nobody it could wait for.
    pub time_max: Duration,
    /// What it may hand over in one call, to us or of us.
    pub output_bytes_max: usize,
}

impl SiteLimits {
    /// For the built projects of web frameworks: thousands of files, some of megabytes.
    pub const STANDARD: SiteLimits = SiteLimits {
        memory_bytes_max: 1 << 30,
        time_max: Duration::from_secs(60),
        output_bytes_max: 512 << 20,
    };
}

/// What an adapter found a project to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The framework.
    pub framework: String,
    /// Its version; may be empty.
    pub version: String,
    /// The command that builds the project, program first.
    pub build: Option<Vec<String>>,
}

/// Why there is no site.
#[derive(Debug, thiserror::Error)]
pub enum AdaptError {
    /// The project has errors.
    #[error("the project has errors")]
    Diagnostics {
        /// What the adapter has to say, at least one of them an error.
        diagnostics: Vec<SiteDiagnostic>,
        /// What it reached for and was not granted, a sentence each; the first few.
        denied: Vec<String>,
    },
    /// The plugin failed.
    #[error(transparent)]
    Fault(#[from] PluginFault),
}

/// Why a project was not built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The plugin was not granted to have it run.
    #[error("{0}")]
    Denied(String),
    /// It could not be run to its end.
    #[error("{0}")]
    Failed(String),
}

/// An adapter that is ready to be called.
pub struct Adapter {
    manifest: PluginManifest,
    engine: Engine,
    pre: bindings::SiteAdapterPre<State>,
    limits: SiteLimits,
    _ticker: EpochTicker,
}

struct State {
    limiter: MemoryLimiter,
    grants: Grants,
    project: Project,
    denied: Vec<String>,
}

impl Adapter {
    /// Loads an installed adapter. What was not compiled on this machine before is compiled now.
    pub fn load(
        store: &PluginStore,
        installed: &Installed,
        progress: &dyn Progress,
        limits: SiteLimits,
    ) -> Result<Adapter, LoadError> {
        let manifest = &installed.manifest;
        let loaded = Loaded::of(store, installed, SITE_WORLD, &IMPORTS, progress)?;
        let engine = loaded.engine;
        let mut linker = Linker::<State>::new(engine.wasmtime());
        let pre = project::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            .and_then(|()| linker.instantiate_pre(&loaded.component))
            .and_then(bindings::SiteAdapterPre::new)
            .map_err(|error| LoadError::unfit(manifest, &error))?;
        Ok(Adapter {
            manifest: manifest.clone(),
            engine,
            pre,
            limits,
            _ticker: loaded.ticker,
        })
    }

    /// What the plugin says about itself.
    pub fn manifest(&self) -> &PluginManifest {
        &self.manifest
    }

    /// Whether the project in `folder` is of the adapter's framework. It reads what it asked for and was `granted`; what it
    /// reached for in vain is the second answer, a sentence each.
    ///
    /// # Errors
    /// It trapped, ran too long, took too much memory or answered nonsense.
    pub fn recognise(
        &self,
        granted: &Grants,
        folder: &Path,
    ) -> Result<(Option<Recognised>, Vec<String>), PluginFault> {
        let function = "recognise";
        let mut store = self.store(function, granted, folder)?;
        let answer = self
            .pre
            .instantiate(&mut store)
            .and_then(|adapter| adapter.call_recognise(&mut store));
        let found = answer.map_err(|error| {
            let error = told(&mut store, error);
            self.trapped(function, &error, store.data())
        })?;
        let found = found
            .map(answer::recognised)
            .transpose()
            .map_err(|reason| self.fault(function, &reason))?;
        Ok((found, std::mem::take(&mut store.data_mut().denied)))
    }

    /// Runs the project's own build in `folder`, if that was granted. `variables` are the environment of the user, of which
    /// it gets what every program needs and what was granted.
    pub fn build(
        &self,
        command: &[String],
        granted: &Grants,
        folder: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<BuildOutcome, BuildError> {
        let grants = reach::both(&self.manifest.grants, granted);
        let Some((program, arguments)) = command.split_first() else {
            return Err(BuildError::Failed("there is no command to run".to_owned()));
        };
        reach::may_run(&grants, program, arguments).map_err(BuildError::Denied)?;
        let names = VARIABLES_ALWAYS.iter().copied();
        let names = names.chain(grants.environment.iter().map(String::as_str));
        let variables: Vec<(String, String)> = names
            .filter_map(|name| Some((name.to_owned(), variable(name)?)))
            .collect();
        process::run(program, arguments, Vec::new(), folder, &variables).map_err(|refusal| {
            match refusal {
                Refusal::Denied(words) => BuildError::Denied(words),
                Refusal::Absent(words) | Refusal::Failed(words) => BuildError::Failed(words),
            }
        })
    }

    /// Turns the project in `folder`, built, into a site. It reads what it asked for and was `granted`; so are the files
    /// that it names as assets.
    pub fn adapt(&self, granted: &Grants, folder: &Path) -> Result<Site, AdaptError> {
        let function = "adapt";
        let mut store = self.store(function, granted, folder)?;
        let answer = self
            .pre
            .instantiate(&mut store)
            .and_then(|adapter| adapter.call_adapt(&mut store));
        let answer = answer.map_err(|error| {
            let error = told(&mut store, error);
            self.trapped(function, &error, store.data())
        })?;
        let state = store.data_mut();
        match answer {
            Ok(site) => answer::site(site, &state.project, &state.grants)
                .map_err(|reason| self.fault(function, &reason).into()),
            Err(diagnostics) => {
                let diagnostics = answer::diagnostics(diagnostics)
                    .map_err(|reason| self.fault(function, &reason))?;
                let is_error = |one: &SiteDiagnostic| one.severity == SiteSeverity::Error;
                if !diagnostics.iter().any(is_error) {
                    let reason = "it refused the project without an error message";
                    return Err(self.fault(function, reason).into());
                }
                Err(AdaptError::Diagnostics {
                    diagnostics,
                    denied: std::mem::take(&mut state.denied),
                })
            }
        }
    }

    fn store(
        &self,
        function: &'static str,
        granted: &Grants,
        folder: &Path,
    ) -> Result<Store<State>, PluginFault> {
        let project = Project::open(folder).map_err(|error| {
            let reason = format!("the project's folder `{}`: {error}", folder.display());
            self.fault(function, &reason)
        })?;
        let state = State {
            limiter: MemoryLimiter::new(self.limits.memory_bytes_max),
            grants: reach::both(&self.manifest.grants, granted),
            project,
            denied: Vec::new(),
        };
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(self.limits.output_bytes_max);
        store.set_epoch_deadline(ticks_for(self.limits.time_max));
        Ok(store)
    }

    fn trapped(
        &self,
        function: &'static str,
        error: &wasmtime::Error,
        state: &State,
    ) -> PluginFault {
        let trap = GuestTrap::with_memory(error, &state.limiter);
        let reason = match trap.kind {
            TrapKind::Deadline => {
                format!(
                    "it ran longer than {} s",
                    self.limits.time_max.as_secs_f64()
                )
            }
            _ => trap.message.clone(),
        };
        PluginFault {
            trap: Some(Box::new(trap)),
            ..self.fault(function, &reason)
        }
    }

    fn fault(&self, function: &'static str, reason: &str) -> PluginFault {
        PluginFault {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            function,
            reason: reason.to_owned(),
            trap: None,
        }
    }
}

impl std::fmt::Debug for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Adapter")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .finish_non_exhaustive()
    }
}

impl State {
    fn noted<T>(&mut self, answer: Result<T, Refusal>) -> wasmtime::Result<Result<T, Error>> {
        Ok(answer.map_err(|refusal| {
            reach::remember(&mut self.denied, &refusal);
            match refusal {
                Refusal::Denied(words) => Error::Denied(words),
                Refusal::Absent(words) => Error::Absent(words),
                Refusal::Failed(words) => Error::Failed(words),
            }
        }))
    }
}

impl types::Host for State {}

impl project::Host for State {
    fn entries(&mut self, folder: String) -> wasmtime::Result<Result<Vec<project::Entry>, Error>> {
        let answer = self.project.list(&self.grants, &folder);
        let entry = |entry: files::Entry| project::Entry {
            name: entry.name,
            kind: match entry.kind {
                files::Kind::File => project::Kind::File,
                files::Kind::Folder => project::Kind::Folder,
            },
            size: entry.size,
        };
        self.noted(answer.map(|entries| entries.into_iter().map(entry).collect()))
    }

    fn read(&mut self, path: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let answer = self.project.read(&self.grants, &path);
        self.noted(answer)
    }
}

#[cfg(test)]
mod tests;
