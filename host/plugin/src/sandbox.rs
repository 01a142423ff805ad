//! Runs a plugin's packaged tools (wasip1 commands such as clang), each job in a fresh sandbox.
//!
//! A job sees `/usr` (the plugin's sysroot, read-only), `/src` (the files handed to it, read-only), `/out` (empty,
//! writable) and an empty read-only `/`; a frozen clock, seeded randomness, no network, no environment but
//! `SOURCE_DATE_EPOCH=0`. So what it writes depends on what it was given, and on nothing else.

mod files;
mod job;

use crate::sandbox::job::Prepared;
use host_engine::{CacheError, CodeCache, Engine, EngineError, GuestTrap, Profile, WasmDigest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

pub use job::Guest;

/// How much a job may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Memory of one tool.
    pub memory_bytes_max: usize,
    /// What is kept of its stdout, and of its stderr; beyond it the tool sees a closed stream.
    pub stream_bytes_max: usize,
    /// Size of one output file.
    pub output_bytes_max: u64,
    /// How long a job may take. Tools have no epoch checks, so a job that is late is given up rather than stopped.
    pub deadline: Duration,
}

impl Limits {
    /// For compilers and linkers: all of a 32-bit memory, and time for the largest file anyone compiles at once.
    pub const TOOL: Limits = Limits {
        memory_bytes_max: 4 << 30,
        stream_bytes_max: 16 << 20,
        output_bytes_max: 1 << 30,
        deadline: Duration::from_secs(15 * 60),
    };
}

/// A file handed to a job or back from it. The path is relative, with `/` between its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to `/src` or `/out`.
    pub path: String,
    /// What is in it.
    pub contents: Vec<u8>,
}

/// One run of one tool.
#[derive(Clone, Debug)]
pub struct Job {
    /// The tool's name.
    pub tool: String,
    /// argv, argv[0] included.
    pub arguments: Vec<String>,
    /// Put under `/src` beside the shared files.
    pub files: Vec<File>,
    /// Files under `/out` to hand back; one that was not written is left out.
    pub outputs: Vec<String>,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The tool's exit code.
    pub exit_code: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained about.
    pub stderr: Vec<u8>,
    /// The asked files that it wrote, in the order asked.
    pub outputs: Vec<File>,
}

/// Why a job has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The plugin has no such tool.
    #[error("there is no tool `{0}`")]
    NoSuchTool(String),
    /// A path that leaves the sandbox, or that two files share.
    #[error("`{path}` is no path for a file in a sandbox: {reason}")]
    Path {
        /// As it was given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The tool is not a wasip1 command.
    #[error("the tool `{tool}` does not fit the sandbox: {reason}")]
    Unfit {
        /// Its name.
        tool: String,
        /// The engine's words.
        reason: String,
    },
    /// The system did not let us.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The tool trapped.
    #[error("the tool `{tool}` failed: {}", trap.message)]
    Trap {
        /// Its name.
        tool: String,
        /// What it did.
        trap: GuestTrap,
    },
    /// The tool did not end.
    #[error("the tool `{tool}` did not end within {} s", deadline.as_secs_f64())]
    Late {
        /// Its name.
        tool: String,
        /// The bound.
        deadline: Duration,
    },
    /// An output is beyond its bound.
    #[error("the tool `{tool}` wrote `{path}`, which is larger than {} MiB", bytes_max >> 20)]
    OutputTooLarge {
        /// Its name.
        tool: String,
        /// Relative to `/out`.
        path: String,
        /// The bound.
        bytes_max: u64,
    },
    /// The thread of a sandbox ended without an answer: a fault of LILY.
    #[error("a sandbox ended without an outcome")]
    Lost,
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No code.
    #[error("cannot load the tool `{tool}`")]
    Code {
        /// Its name.
        tool: String,
        /// Why.
        #[source]
        source: CacheError,
    },
}

/// Tools that are loaded and ready to run.
#[derive(Clone)]
pub struct Tools {
    engine: Engine,
    tools: BTreeMap<String, wasmtime::InstancePre<Guest>>,
    sysroot: Option<PathBuf>,
    limits: Limits,
}

impl Tools {
    /// No tools yet. `engine` is of the profile [`Profile::Tool`]; `sysroot` is the folder seen as `/usr`.
    pub fn new(engine: Engine, sysroot: Option<PathBuf>, limits: Limits) -> Tools {
        debug_assert_eq!(engine.profile(), Profile::Tool);
        Tools {
            engine,
            tools: BTreeMap::new(),
            sysroot,
            limits,
        }
    }

    /// Tools from wasm files, compiled through the code cache in `cache_dir`.
    pub fn from_files(
        cache_dir: &Path,
        tools: &[(&str, &Path)],
        sysroot: Option<PathBuf>,
    ) -> Result<Tools, SandboxError> {
        let cache = CodeCache::new(cache_dir.to_owned());
        let mut loaded = Tools::new(Engine::new(Profile::Tool)?, sysroot, Limits::TOOL);
        for (name, path) in tools {
            let wasm = std::fs::read(path).map_err(io(|| format!("read `{}`", path.display())))?;
            let module = cache
                .module_of(&loaded.engine, WasmDigest::of(&wasm), || Ok(wasm))
                .map_err(|source| SandboxError::Code {
                    tool: (*name).to_owned(),
                    source,
                })?;
            loaded.add(name, &module)?;
        }
        Ok(loaded)
    }

    /// Adds a tool that was compiled for this engine.
    pub fn add(&mut self, name: &str, module: &wasmtime::Module) -> Result<(), SandboxError> {
        let pre = job::link(&self.engine, module).map_err(|error| SandboxError::Unfit {
            tool: name.to_owned(),
            reason: format!("{error:#}"),
        })?;
        self.tools.insert(name.to_owned(), pre);
        Ok(())
    }

    /// Runs the jobs, at most `parallelism` at a time, and answers in their order. `shared` files are put under `/src`
    /// of every job. The error, if any, is that of the first job in order that has one.
    pub fn run(
        &self,
        shared: Vec<File>,
        jobs: Vec<Job>,
        parallelism: usize,
    ) -> Result<Vec<Outcome>, SandboxError> {
        files::check(&shared)?;
        let jobs = jobs
            .into_iter()
            .map(|job| self.prepare(job))
            .collect::<Result<Vec<_>, _>>()?;
        let workers = parallelism.clamp(1, jobs.len().max(1));
        let queue = Arc::new(Queue {
            shared,
            jobs,
            sysroot: self.sysroot.clone(),
            limits: self.limits.clone(),
            next: AtomicUsize::new(0),
        });
        let (news, received) = channel();
        for _ in 0..workers.min(queue.jobs.len()) {
            let (queue, news) = (queue.clone(), news.clone());
            job::thread(move || queue.work(&news))
                .map_err(io(|| "start the thread of a sandbox".to_owned()))?;
        }
        drop(news);
        gather(&queue, &received)
    }

    fn prepare(&self, job: Job) -> Result<Prepared, SandboxError> {
        let pre = self.tools.get(&job.tool);
        let pre = pre.ok_or_else(|| SandboxError::NoSuchTool(job.tool.clone()))?;
        files::check(&job.files)?;
        for output in &job.outputs {
            files::check_path(output)?;
        }
        Ok(Prepared {
            pre: pre.clone(),
            job,
        })
    }
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools")
            .field("names", &self.tools.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// What the workers of one [`Tools::run`] share. They own it, because a worker that is late is left behind.
struct Queue {
    shared: Vec<File>,
    jobs: Vec<Prepared>,
    sysroot: Option<PathBuf>,
    limits: Limits,
    next: AtomicUsize,
}

enum News {
    Started(usize, Instant),
    Ended(usize, Result<Outcome, SandboxError>),
}

impl Queue {
    fn work(&self, news: &Sender<News>) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(prepared) = self.jobs.get(index) else {
                return;
            };
            if news.send(News::Started(index, Instant::now())).is_err() {
                return; // Nobody waits any more.
            }
            let ended = prepared.run(&self.shared, self.sysroot.as_deref(), &self.limits);
            let (outcome, remains) = match ended {
                Ok((outcome, store)) => (Ok(outcome), Some(store)),
                Err(error) => (Err(error), None),
            };
            if news.send(News::Ended(index, outcome)).is_err() {
                return;
            }
            // Unmapping a compiler's memory takes milliseconds, for which nobody needs to wait.
            drop(remains);
        }
    }
}

fn gather(
    queue: &Queue,
    received: &std::sync::mpsc::Receiver<News>,
) -> Result<Vec<Outcome>, SandboxError> {
    let mut running: BTreeMap<usize, Instant> = BTreeMap::new();
    let mut ended: BTreeMap<usize, Result<Outcome, SandboxError>> = BTreeMap::new();
    while ended.len() < queue.jobs.len() {
        let oldest = running.iter().min_by_key(|(_, started)| **started);
        let wait = oldest.map_or(queue.limits.deadline, |(_, started)| {
            queue.limits.deadline.saturating_sub(started.elapsed())
        });
        match received.recv_timeout(wait) {
            Ok(News::Started(index, at)) => {
                running.insert(index, at);
            }
            Ok(News::Ended(index, outcome)) => {
                running.remove(&index);
                ended.insert(index, outcome);
            }
            Err(RecvTimeoutError::Disconnected) => return Err(SandboxError::Lost),
            Err(RecvTimeoutError::Timeout) => {
                // No worker takes another job.
                queue.next.store(queue.jobs.len(), Ordering::Relaxed);
                let Some((index, _)) = oldest else {
                    return Err(SandboxError::Lost);
                };
                return Err(SandboxError::Late {
                    tool: queue.jobs[*index].job.tool.clone(),
                    deadline: queue.limits.deadline,
                });
            }
        }
    }
    ended.into_values().collect()
}

fn io(action: impl FnOnce() -> String) -> impl FnOnce(std::io::Error) -> SandboxError {
    move |source| SandboxError::Io {
        action: action(),
        source,
    }
}

#[cfg(test)]
mod tests;
