//! What the host keeps for one running instance, and the store it lives in.

use host_engine::MemoryLimiter;
use std::time::{Duration, Instant};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::Fault;
use crate::command::{Folder, FolderAccess};
use crate::egress::Outbound;
use crate::fault::DeadlinePassed;
use crate::limits::{HANDLES_MAX, HEADER_BYTES_MAX, HOSTCALL_BYTES_MAX, RANDOM_BYTES_MAX};

/// The host's side of one instance.
pub(crate) struct Guest {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
    table: ResourceTable,
    memory: MemoryLimiter,
    clock: Clock,
}

/// The wall time of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// When it must be done; `None` runs as long as it likes.
    pub(crate) deadline: Option<Instant>,
    /// The limit that the deadline came from.
    pub(crate) limit: Duration,
}

impl Clock {
    /// Starts now.
    pub(crate) fn starting(limit: Duration) -> Clock {
        Clock {
            deadline: Instant::now().checked_add(limit),
            limit,
        }
    }

    /// Never runs out.
    pub(crate) fn unlimited() -> Clock {
        Clock {
            deadline: None,
            limit: Duration::MAX,
        }
    }

    fn has_run_out(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Waits until the time has run out, for what the guest waits for in the host; its own loops meet the epoch.
    pub(crate) async fn run_out(self) -> Fault {
        match self.deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
        Fault::Deadline { limit: self.limit }
    }
}

/// What a program is given at its start. Its file system is these folders, and it has no sockets.
pub(crate) struct Start<'a, I, O, E> {
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) stdin: I,
    pub(crate) stdout: O,
    pub(crate) stderr: E,
    pub(crate) folders: &'a [Folder],
}

impl<I, O, E> Start<'_, I, O, E>
where
    I: StdinStream + 'static,
    O: StdoutStream + 'static,
    E: StdoutStream + 'static,
{
    fn into_wasi(self) -> Result<WasiCtx, Fault> {
        let mut wasi = WasiCtx::builder();
        wasi.stdin(self.stdin)
            .stdout(self.stdout)
            .stderr(self.stderr);
        wasi.args(&self.args).envs(&self.env);
        wasi.allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        wasi.max_random_size(RANDOM_BYTES_MAX);
        for folder in self.folders {
            let may = match folder.access {
                FolderAccess::Read => FsPerms::ReadOnly,
                FolderAccess::Write => FsPerms::ReadWrite,
            };
            wasi.preopened_dir(&folder.host, &folder.guest, may)
                .map_err(|error| Fault::Host {
                    reason: format!(
                        "cannot open the folder `{}`: {error:#}",
                        folder.host.display()
                    ),
                })?;
        }
        Ok(wasi.build())
    }
}

/// Makes the store of one run.
pub(crate) fn store<I, O, E>(
    engine: &Engine,
    start: Start<'_, I, O, E>,
    outbound: Outbound,
    memory_bytes_max: u64,
    clock: Clock,
) -> Result<Store<Guest>, Fault>
where
    I: StdinStream + 'static,
    O: StdoutStream + 'static,
    E: StdoutStream + 'static,
{
    let wasi = start.into_wasi()?;
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(HEADER_BYTES_MAX);
    let mut table = ResourceTable::new();
    table.set_max_capacity(HANDLES_MAX);
    let memory = MemoryLimiter::new(usize::try_from(memory_bytes_max).unwrap_or(usize::MAX));
    let mut store = Store::new(
        engine,
        Guest {
            wasi,
            http,
            outbound,
            table,
            memory,
            clock,
        },
    );
    store.limiter(|guest| &mut guest.memory);
    store.set_hostcall_fuel(HOSTCALL_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if store.data().clock.has_run_out() {
            return Err(DeadlinePassed.into());
        }
        // tokio's own yield lets timers and sockets have their turn before this guest is polled again.
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
    Ok(store)
}

impl Guest {
    /// Tells what an error of this guest's run means.
    pub(crate) fn fault(&self, error: wasmtime::Error) -> Fault {
        Fault::of_engine(error, &self.memory, self.clock.limit)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.outbound,
        }
    }
}
