//! Compiling untrusted wasm in a process of its own, with bounds on memory, CPU and time.
//!
//! The child is the same executable: a binary that compiles calls [`main_if_asked`] first thing in its `main`. Wasm
//! comes in on stdin, code goes out on stdout, what went wrong on stderr.

use crate::cache::{Form, here};
use crate::{Engine, Profile};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The hidden subcommand that makes an executable a compiling child.
pub const SUBCOMMAND: &str = "compile-component";

/// What is kept of a child's stderr; its last words are at most a page.
const STDERR_BYTES_MAX: u64 = 64 << 10;
/// Code is about three times its wasm; a child that sends more than this has gone wrong.
const CODE_BYTES_MAX: u64 = 2 << 30;
/// Ends of short compilations are seen this fast, which is what a deploy waits for.
const POLL: Duration = Duration::from_millis(1);

/// Bounds of one compilation.
#[derive(Clone, Debug)]
pub struct CompileLimits {
    /// Address space of the child.
    pub memory_bytes_max: u64,
    /// CPU time of all its threads.
    pub cpu_seconds_max: u64,
    /// Wall time.
    pub deadline: Duration,
}

impl CompileLimits {
    /// For bricks: SQLite takes 3 s of CPU and 300 MB, an interpreter of 12 MB takes 12 s. Threads reserve address
    /// space that they never touch, hence the room.
    pub const BRICK: CompileLimits = CompileLimits {
        memory_bytes_max: 6 << 30,
        cpu_seconds_max: 300,
        deadline: Duration::from_secs(300),
    };

    /// For core modules that bricks share: QuickJS (2 MB) takes 2 s of CPU, the largest that a bundle may carry 40 s.
    pub const SHARED_MODULE: CompileLimits = CompileLimits {
        memory_bytes_max: 6 << 30,
        cpu_seconds_max: 120,
        deadline: Duration::from_secs(300),
    };

    /// For policies: some tens of kilobytes, compiled in a tenth of a second. An operator waits for it, and no void does.
    pub const POLICY: CompileLimits = CompileLimits {
        memory_bytes_max: 4 << 30,
        cpu_seconds_max: 30,
        deadline: Duration::from_secs(30),
    };
}

/// One compilation.
#[derive(Debug)]
pub struct CompileRequest<'a> {
    /// The engine that will run the code.
    pub profile: Profile,
    /// What `wasm` is.
    pub form: Form,
    /// The bytes to compile.
    pub wasm: &'a [u8],
    /// How far the child may go.
    pub limits: &'a CompileLimits,
}

/// Why wasm was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The wasm is not valid, or needs what the engine does not offer.
    #[error("invalid WebAssembly: {message}")]
    Wasm {
        /// The compiler's own words.
        message: String,
    },
    /// The child could not be started or spoken to.
    #[error("cannot run the compiler")]
    Start(#[source] std::io::Error),
    /// More memory than allowed.
    #[error("compiling takes more than {} MiB of memory", bytes_max >> 20)]
    Memory {
        /// The bound.
        bytes_max: u64,
    },
    /// More CPU time than allowed.
    #[error("compiling takes more than {seconds_max} s of CPU time")]
    Cpu {
        /// The bound.
        seconds_max: u64,
    },
    /// More time than allowed.
    #[error("compiling takes longer than {} s", limit.as_secs_f64())]
    Deadline {
        /// The bound.
        limit: Duration,
    },
    /// The child crashed, which is a fault of the compiler.
    #[error("the compiler ended with {status}: {stderr}")]
    Crashed {
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        stderr: String,
    },
}

/// Compiles in a child of `exe`, which must call [`main_if_asked`].
pub fn compile(exe: &Path, request: &CompileRequest<'_>) -> Result<Vec<u8>, CompileError> {
    let limits = request.limits;
    let mut child = Command::new(exe)
        .arg(SUBCOMMAND)
        .arg(request.profile.name())
        .arg(request.form.name())
        .arg(limits.memory_bytes_max.to_string())
        .arg(limits.cpu_seconds_max.to_string())
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(CompileError::Start)?;
    let deadline = Instant::now() + limits.deadline;
    let (Some(mut stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(CompileError::Start(std::io::Error::other("no pipes")));
    };
    let (status, code, stderr) = std::thread::scope(|scope| {
        // A child that dies early leaves the pipe broken; its status says why.
        scope.spawn(move || stdin.write_all(request.wasm));
        let code = scope.spawn(move || read_bounded(stdout, CODE_BYTES_MAX));
        let stderr = scope.spawn(move || read_bounded(stderr, STDERR_BYTES_MAX));
        let status = wait(&mut child, deadline);
        // The readers cannot panic; were it so, an empty answer is refused below.
        (
            status,
            code.join().unwrap_or_default(),
            stderr.join().unwrap_or_default(),
        )
    });
    let Some(status) = status.map_err(CompileError::Start)? else {
        return Err(CompileError::Deadline {
            limit: limits.deadline,
        });
    };
    if status.success() && !code.is_empty() {
        return Ok(code);
    }
    Err(failure(
        status,
        String::from_utf8_lossy(&stderr).trim(),
        limits,
    ))
}

fn read_bounded(from: impl Read, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A read that fails ends like a child that stopped writing.
    let _ = from.take(bytes_max).read_to_end(&mut bytes);
    bytes
}

/// The child's end, or `None` when it had to be killed at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

fn failure(status: ExitStatus, stderr: &str, limits: &CompileLimits) -> CompileError {
    let signal = status.signal().and_then(Signal::from_named_raw);
    if status.code() == Some(i32::from(EXIT_WASM)) {
        return CompileError::Wasm {
            message: stderr.to_owned(),
        };
    }
    if signal == Some(Signal::XCPU) || signal == Some(Signal::KILL) {
        return CompileError::Cpu {
            seconds_max: limits.cpu_seconds_max,
        };
    }
    // Rust's allocator aborts with these words; so does a thread that cannot be given its stack.
    if stderr.contains("memory allocation of") || stderr.contains("Cannot allocate memory") {
        return CompileError::Memory {
            bytes_max: limits.memory_bytes_max,
        };
    }
    CompileError::Crashed {
        status,
        stderr: stderr.to_owned(),
    }
}

/// Exit code of a child whose wasm is at fault.
const EXIT_WASM: u8 = 3;

/// Compiles and returns the exit code if this process was started by [`compile`]; else does nothing. To be called
/// before anything else in `main`.
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? != SUBCOMMAND {
        return None;
    }
    let arguments: Vec<String> = arguments.collect();
    Some(main(&arguments))
}

/// The child itself, given the arguments after [`SUBCOMMAND`].
pub fn main(arguments: &[String]) -> ExitCode {
    let code = match run(arguments) {
        Ok(code) => code,
        Err(Stop::Wasm(message)) => {
            complain(&message);
            return ExitCode::from(EXIT_WASM);
        }
        Err(Stop::Other(message)) => {
            complain(&message);
            return ExitCode::FAILURE;
        }
    };
    match std::io::stdout().lock().write_all(&code) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

enum Stop {
    Wasm(String),
    Other(String),
}

fn run(arguments: &[String]) -> Result<Vec<u8>, Stop> {
    let other = |error: &dyn std::fmt::Display| Stop::Other(error.to_string());
    let [profile, form, memory, cpu] = arguments else {
        return Err(Stop::Other(format!(
            "usage: {SUBCOMMAND} PROFILE FORM MEMORY CPU-SECONDS"
        )));
    };
    let profile: Profile = profile.parse().map_err(|error| other(&error))?;
    let form = match form.as_str() {
        "component" => Form::Component,
        "module" => Form::Module,
        _ => return Err(Stop::Other(format!("there is no form `{form}`"))),
    };
    limit_self(
        memory.parse().map_err(|error| other(&error))?,
        cpu.parse().map_err(|error| other(&error))?,
    )
    .map_err(|error| other(&error))?;
    let mut wasm = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut wasm)
        .map_err(|error| other(&error))?;
    let engine = Engine::without_pool(profile).map_err(|error| other(&error))?;
    here(&engine, form, &wasm).map_err(|error| match error {
        CompileError::Wasm { message } => Stop::Wasm(message),
        error => Stop::Other(error.to_string()),
    })
}

fn limit_self(memory_bytes_max: u64, cpu_seconds_max: u64) -> std::io::Result<()> {
    let limit = |resource, soft: u64, hard: u64| {
        setrlimit(
            resource,
            Rlimit {
                current: Some(soft),
                maximum: Some(hard),
            },
        )
    };
    limit(Resource::As, memory_bytes_max, memory_bytes_max)?;
    limit(Resource::Cpu, cpu_seconds_max, cpu_seconds_max + 1)?;
    limit(Resource::Core, 0, 0)?;
    // It writes nothing but its stdout.
    limit(Resource::Fsize, 0, 0)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn complain(message: &str) {
    // Without stderr there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "{message}");
}
