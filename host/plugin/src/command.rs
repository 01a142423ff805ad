//! Commands: plugins that add a verb to `lly`. They reach what the user granted, and nothing else.
//!
//! Rule: the host decides by the grants ([`reach`]) before it does anything ([`Project`], [`process`]); what only the
//! caller can do, it asks [`Surroundings`] for. A call gets a fresh instance, with bounds on memory, on its own time and
//! on what it hands over; time that programs and other machines take is not its own.

use crate::load::Loaded;
use crate::process::VARIABLES_ALWAYS;
use crate::project::{self as files, Project};
use crate::reach::{self, Refusal};
use crate::{Installed, LoadError, PluginFault, PluginStore, Progress, process};
use host_engine::{
    EPOCH_TICK, Engine, EpochTicker, GuestTrap, MemoryLimiter, TrapKind, ticks_for, told,
};
use registry_index::{COMMAND_WORLD, Grants, PluginManifest};
use std::path::Path;
use std::time::{Duration, Instant};
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Store, UpdateDeadline};

mod bindings {
    #![allow(missing_docs, reason = "generated from WIT")]
    wasmtime::component::bindgen!({
        path: "../../wit/command",
        world: "command",
        imports: { default: trappable },
    });
}

pub use bindings::Usage;
pub use bindings::lily::command::web::{Request as WebRequest, Response as WebResponse};
use bindings::lily::command::{environment, programs, project, terminal, types, web};
use types::Error;

/// What a command may import.
const IMPORTS: [&str; 5] = [
    "lily:command/environment@0.1.0",
    "lily:command/programs@0.1.0",
    "lily:command/project@0.1.0",
    "lily:command/terminal@0.1.0",
    "lily:command/web@0.1.0",
];

/// How far a command may go in one call.
#[derive(Clone, Debug)]
pub struct CommandLimits {
    /// Its memory.
    pub memory_bytes_max: usize,
    /// Time in its own code.
    pub own_time_max: Duration,
    /// What it may hand over in one call of the host.
    pub output_bytes_max: usize,
    /// What it may write to the terminal altogether.
    pub terminal_bytes_max: u64,
}

impl CommandLimits {
    /// For verbs that somebody waits for.
    pub const STANDARD: CommandLimits = CommandLimits {
        memory_bytes_max: 1 << 30,
        own_time_max: Duration::from_secs(60),
        output_bytes_max: 256 << 20,
        terminal_bytes_max: 1 << 30,
    };
}

/// What a command needs of its caller.
pub trait Surroundings: Send {
    /// Writes to standard output.
    fn out(&mut self, text: &[u8]) -> std::io::Result<()>;
    /// Writes to standard error.
    fn err(&mut self, text: &[u8]) -> std::io::Result<()>;
    /// Sends a request to a host that was granted. Redirections are not followed.
    fn fetch(&mut self, request: WebRequest) -> Result<WebResponse, String>;
    /// A variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub exit_code: u8,
    /// What it reached for and was not granted, a sentence each; the first few.
    pub denied: Vec<String>,
}

/// A command that is ready to run.
pub struct Verb {
    manifest: PluginManifest,
    engine: Engine,
    pre: bindings::CommandPre<State>,
    limits: CommandLimits,
    _ticker: EpochTicker,
}

struct State {
    limiter: MemoryLimiter,
    grants: Grants,
    project: Option<Project>,
    around: Box<dyn Surroundings>,
    denied: Vec<String>,
    begun: Instant,
    waited: Duration,
    limits: CommandLimits,
    written: u64,
}

impl Verb {
    /// Loads an installed command. What was not compiled on this machine before is compiled now.
    pub fn load(
        store: &PluginStore,
        installed: &Installed,
        progress: &dyn Progress,
        limits: CommandLimits,
    ) -> Result<Verb, LoadError> {
        let manifest = &installed.manifest;
        let loaded = Loaded::of(store, installed, COMMAND_WORLD, &IMPORTS, progress)?;
        let engine = loaded.engine;
        let mut linker = Linker::<State>::new(engine.wasmtime());
        let pre = terminal::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            .and_then(|()| {
                project::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            })
            .and_then(|()| {
                programs::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            })
            .and_then(|()| web::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state))
            .and_then(|()| {
                environment::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)
            })
            .and_then(|()| linker.instantiate_pre(&loaded.component))
            .and_then(bindings::CommandPre::new)
            .map_err(|error| LoadError::unfit(manifest, &error))?;
        Ok(Verb {
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

    /// What the verb does, in its own words. It reaches nothing while it says so.
    pub fn usage(&self) -> Result<Usage, PluginFault> {
        let mut store = self.store(Grants::default(), None, Box::new(Nothing));
        let answer = self
            .pre
            .instantiate(&mut store)
            .and_then(|verb| verb.call_usage(&mut store));
        answer.map_err(|error| {
            let error = told(&mut store, error);
            self.fault("usage", &error, store.data())
        })
    }

    /// Runs the verb in the project that lies in `folder`. It may reach what it asked for and was `granted`.
    ///
    /// # Errors
    /// It trapped, ran too long, took too much memory or wrote too much.
    pub fn run(
        &self,
        arguments: &[String],
        granted: &Grants,
        folder: &Path,
        around: Box<dyn Surroundings>,
    ) -> Result<Ran, PluginFault> {
        let project = Project::open(folder).map_err(|error| PluginFault {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            function: "run",
            reason: format!("the project's folder `{}`: {error}", folder.display()),
            trap: None,
        })?;
        let grants = reach::both(&self.manifest.grants, granted);
        let mut store = self.store(grants, Some(project), around);
        let answer = self
            .pre
            .instantiate(&mut store)
            .and_then(|verb| verb.call_run(&mut store, arguments));
        match answer {
            Ok(exit_code) => Ok(Ran {
                exit_code,
                denied: std::mem::take(&mut store.data_mut().denied),
            }),
            Err(error) => {
                let error = told(&mut store, error);
                Err(self.fault("run", &error, store.data()))
            }
        }
    }

    fn store(
        &self,
        grants: Grants,
        project: Option<Project>,
        around: Box<dyn Surroundings>,
    ) -> Store<State> {
        let state = State {
            limiter: MemoryLimiter::new(self.limits.memory_bytes_max),
            grants,
            project,
            around,
            denied: Vec::new(),
            begun: Instant::now(),
            waited: Duration::ZERO,
            limits: self.limits.clone(),
            written: 0,
        };
        let mut store = Store::new(self.engine.wasmtime(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(self.limits.output_bytes_max);
        store.set_epoch_deadline(ticks_for(self.limits.own_time_max));
        // At the deadline, time that it waited for others is given back.
        store.epoch_deadline_callback(|store| {
            let state = store.data();
            let own = state.begun.elapsed().saturating_sub(state.waited);
            let left = state.limits.own_time_max.saturating_sub(own);
            if left < EPOCH_TICK {
                return Ok(UpdateDeadline::Interrupt);
            }
            Ok(UpdateDeadline::Continue(ticks_for(left)))
        });
        store
    }

    fn fault(&self, function: &'static str, error: &wasmtime::Error, state: &State) -> PluginFault {
        let trap = GuestTrap::with_memory(error, &state.limiter);
        let reason = match trap.kind {
            TrapKind::Deadline => {
                format!(
                    "it ran longer than {} s",
                    self.limits.own_time_max.as_secs_f64()
                )
            }
            _ => trap.message.clone(),
        };
        PluginFault {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            function,
            reason,
            trap: Some(Box::new(trap)),
        }
    }
}

impl std::fmt::Debug for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verb")
            .field("name", &self.manifest.name)
            .field("version", &self.manifest.version)
            .finish_non_exhaustive()
    }
}

/// Around a command that is only asked what it does.
struct Nothing;

impl Surroundings for Nothing {
    fn out(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
    fn err(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
    fn fetch(&mut self, _: WebRequest) -> Result<WebResponse, String> {
        Err("there is no network while a verb says what it does".to_owned())
    }
    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

impl State {
    /// The answer in the world's words; a refusal is remembered.
    fn noted<T>(&mut self, answer: Result<T, Refusal>) -> wasmtime::Result<Result<T, Error>> {
        Ok(answer.map_err(|refusal| {
            reach::remember(&mut self.denied, &refusal);
            refusal.into()
        }))
    }

    fn project(&self) -> Result<&Project, Refusal> {
        let none =
            || Refusal::Denied("there is no project while a verb says what it does".to_owned());
        self.project.as_ref().ok_or_else(none)
    }

    fn count(&mut self, text: &[u8]) -> wasmtime::Result<()> {
        self.written += text.len() as u64;
        let max = self.limits.terminal_bytes_max;
        if self.written > max {
            return Err(wasmtime::Error::msg(format!(
                "it wrote more than {max} bytes to the terminal"
            )));
        }
        Ok(())
    }

    fn start(
        &self,
        program: &str,
        arguments: &[String],
        stdin: Vec<u8>,
    ) -> Result<process::Outcome, Refusal> {
        reach::may_run(&self.grants, program, arguments).map_err(Refusal::Denied)?;
        let names = VARIABLES_ALWAYS.iter().copied();
        let names = names.chain(self.grants.environment.iter().map(String::as_str));
        let variables: Vec<(String, String)> = names
            .filter_map(|name| Some((name.to_owned(), self.around.variable(name)?)))
            .collect();
        process::run(
            program,
            arguments,
            stdin,
            self.project()?.root(),
            &variables,
        )
    }

    fn ask(&mut self, request: WebRequest) -> Result<WebResponse, Refusal> {
        let host = host_of(&request.url).map_err(Refusal::Failed)?;
        reach::may_fetch(&self.grants, &host).map_err(Refusal::Denied)?;
        self.around.fetch(request).map_err(Refusal::Failed)
    }
}

/// `name`, or `name:port` where the port is not HTTPS's own.
fn host_of(url: &str) -> Result<String, String> {
    let wrong = |why: &str| format!("`{}` {why}", url.escape_debug());
    let uri: http::Uri = url.parse().map_err(|_| wrong("is not a URL"))?;
    if uri.scheme_str() != Some("https") {
        return Err(wrong("is not an `https://` URL"));
    }
    let authority = uri.authority().ok_or_else(|| wrong("names no host"))?;
    if authority.as_str().contains('@') {
        return Err(wrong("has a user name in it"));
    }
    Ok(match authority.port_u16() {
        None | Some(443) => authority.host().to_owned(),
        Some(port) => format!("{}:{port}", authority.host()),
    })
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        match refusal {
            Refusal::Denied(words) => Error::Denied(words),
            Refusal::Absent(words) => Error::Absent(words),
            Refusal::Failed(words) => Error::Failed(words),
        }
    }
}

impl From<files::Entry> for project::Entry {
    fn from(entry: files::Entry) -> project::Entry {
        project::Entry {
            name: entry.name,
            kind: match entry.kind {
                files::Kind::File => project::Kind::File,
                files::Kind::Folder => project::Kind::Folder,
            },
            size: entry.size,
        }
    }
}

impl types::Host for State {}

impl terminal::Host for State {
    fn out(&mut self, text: Vec<u8>) -> wasmtime::Result<()> {
        self.count(&text)?;
        Ok(self.around.out(&text)?)
    }

    fn err(&mut self, text: Vec<u8>) -> wasmtime::Result<()> {
        self.count(&text)?;
        Ok(self.around.err(&text)?)
    }
}

impl project::Host for State {
    fn entries(&mut self, folder: String) -> wasmtime::Result<Result<Vec<project::Entry>, Error>> {
        let answer = self
            .project()
            .and_then(|project| project.list(&self.grants, &folder));
        self.noted(answer.map(|entries| entries.into_iter().map(Into::into).collect()))
    }

    fn read(&mut self, path: String) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        let answer = self
            .project()
            .and_then(|project| project.read(&self.grants, &path));
        self.noted(answer)
    }

    fn write(&mut self, path: String, contents: Vec<u8>) -> wasmtime::Result<Result<(), Error>> {
        let answer = self
            .project()
            .and_then(|project| project.write(&self.grants, &path, &contents));
        self.noted(answer)
    }
}

impl programs::Host for State {
    fn run(
        &mut self,
        program: String,
        arguments: Vec<String>,
        stdin: Vec<u8>,
    ) -> wasmtime::Result<Result<programs::Outcome, Error>> {
        let begun = Instant::now();
        let answer = self.start(&program, &arguments, stdin);
        self.waited += begun.elapsed();
        self.noted(answer.map(|ended| programs::Outcome {
            exit_code: ended.exit_code,
            stdout: ended.stdout,
            stderr: ended.stderr,
        }))
    }
}

impl web::Host for State {
    fn fetch(&mut self, request: WebRequest) -> wasmtime::Result<Result<WebResponse, Error>> {
        let begun = Instant::now();
        let answer = self.ask(request);
        self.waited += begun.elapsed();
        self.noted(answer)
    }
}

impl environment::Host for State {
    fn get(&mut self, name: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        let granted = reach::may_know(&self.grants, &name).map_err(Refusal::Denied);
        let answer = granted.map(|()| self.around.variable(&name));
        self.noted(answer)
    }
}

#[cfg(test)]
mod tests;
