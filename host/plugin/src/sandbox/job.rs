//! One job: its folders, its world, its run.

use super::{File, Job, Limits, Outcome, SandboxError, files, io};
use host_engine::{Engine, GuestTrap, MemoryLimiter, TOOL_STACK_BYTES};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
use wasmtime::{InstancePre, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{
    Deterministic, FsPerms, HostMonotonicClock, HostWallClock, I32Exit, WasiCtxBuilder,
};

/// What host functions need of the stack above the tool's own.
const HOST_STACK_BYTES: usize = 4 << 20;
/// What a tool gets for random bytes: LLVM names temporary files by them.
const SEED: [u8; 32] = *b"every build draws the same bytes";

/// A tool's state in the engine. Its content is private; the type is named by what links it.
pub struct Guest {
    wasi: WasiP1Ctx,
    limiter: MemoryLimiter,
}

/// A job whose tool is known and whose paths are checked.
pub(super) struct Prepared {
    pub(super) pre: InstancePre<Guest>,
    pub(super) job: Job,
}

/// Resolves a tool's imports, once.
pub(super) fn link(engine: &Engine, module: &Module) -> wasmtime::Result<InstancePre<Guest>> {
    let mut linker = Linker::new(engine.wasmtime());
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
    linker.instantiate_pre(module)
}

/// Starts a thread with room for a tool's deep recursion.
pub(super) fn thread(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("sandbox".to_owned())
        .stack_size(TOOL_STACK_BYTES + HOST_STACK_BYTES)
        .spawn(work)?;
    Ok(())
}

impl Prepared {
    /// Runs the job to its end. The store is handed back so that the caller chooses when its memory is unmapped.
    pub(super) fn run(
        &self,
        shared: &[File],
        sysroot: Option<&Path>,
        limits: &Limits,
    ) -> Result<(Outcome, Store<Guest>), SandboxError> {
        let folder = tempfile::Builder::new()
            .prefix("lly-job-")
            .tempdir()
            .map_err(io(|| "make the folder of a sandbox".to_owned()))?;
        let [root, src, out] = ["root", "src", "out"].map(|name| folder.path().join(name));
        for dir in [&root, &src, &out] {
            std::fs::create_dir(dir).map_err(io(|| "make the folder of a sandbox".to_owned()))?;
        }
        files::write(&src, shared)?;
        files::write(&src, &self.job.files)?;
        let stdout = MemoryOutputPipe::new(limits.stream_bytes_max);
        let stderr = MemoryOutputPipe::new(limits.stream_bytes_max);
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_blocking_current_thread(true)
            .args(&self.job.arguments)
            .env("SOURCE_DATE_EPOCH", "0")
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .secure_random(Deterministic::new(SEED.to_vec()))
            .insecure_random(Deterministic::new(SEED.to_vec()))
            .insecure_random_seed(0)
            .wall_clock(Frozen)
            .monotonic_clock(Frozen);
        // In this order, for tools see the numbers of their descriptors.
        let usr = sysroot.unwrap_or(&root);
        for (host, guest, permissions) in [
            (root.as_path(), "/", FsPerms::ReadOnly),
            (usr, "/usr", FsPerms::ReadOnly),
            (&src, "/src", FsPerms::ReadOnly),
            (&out, "/out", FsPerms::ReadWrite),
        ] {
            wasi.preopened_dir(host, guest, permissions)
                .map_err(|error| SandboxError::Io {
                    action: format!("open `{}` for a sandbox", host.display()),
                    source: std::io::Error::other(error.to_string()),
                })?;
        }
        let guest = Guest {
            wasi: wasi.build_p1(),
            limiter: MemoryLimiter::new(limits.memory_bytes_max),
        };
        let (exit_code, store) = self.call(guest)?;
        let outputs = self.outputs(&out, limits)?;
        let outcome = Outcome {
            exit_code,
            stdout: stdout.contents().to_vec(),
            stderr: stderr.contents().to_vec(),
            outputs,
        };
        Ok((outcome, store))
    }

    fn call(&self, guest: Guest) -> Result<(i32, Store<Guest>), SandboxError> {
        let mut store = Store::new(self.pre.module().engine(), guest);
        store.limiter(|guest| &mut guest.limiter);
        // Host functions of wasip1 are futures inside. Within a runtime they are polled in place.
        let runtime = RUNTIME.as_ref().map_err(|error| SandboxError::Io {
            action: "start the runtime of the sandboxes".to_owned(),
            source: std::io::Error::new(error.kind(), error.to_string()),
        })?;
        let _within = runtime.enter();
        let instance = self.pre.instantiate(&mut store);
        let ended = instance.and_then(|instance| {
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
            start.call(&mut store, ())
        });
        let exit_code = match ended {
            Ok(()) => 0,
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => exit.0,
                None => {
                    let trap = GuestTrap::with_memory(&error, &store.data().limiter);
                    let tool = self.job.tool.clone();
                    tracing::debug!(tool, "{trap}");
                    return Err(SandboxError::Trap { tool, trap });
                }
            },
        };
        Ok((exit_code, store))
    }

    fn outputs(&self, out: &Path, limits: &Limits) -> Result<Vec<File>, SandboxError> {
        let mut outputs = Vec::new();
        for path in &self.job.outputs {
            match files::read(out, path, limits.output_bytes_max)? {
                files::Found::File(contents) => outputs.push(File {
                    path: path.clone(),
                    contents,
                }),
                files::Found::Nothing => {}
                files::Found::TooLarge => {
                    return Err(SandboxError::OutputTooLarge {
                        tool: self.job.tool.clone(),
                        path: path.clone(),
                        bytes_max: limits.output_bytes_max,
                    });
                }
            }
        }
        Ok(outputs)
    }
}

/// One thread for the timers of all sandboxes; their files are read and written in place.
static RUNTIME: LazyLock<std::io::Result<tokio::runtime::Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("sandbox-timers")
        .enable_all()
        .build()
});

/// Time stands still at the epoch.
struct Frozen;

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Frozen {
    fn resolution(&self) -> u64 {
        1_000_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}
