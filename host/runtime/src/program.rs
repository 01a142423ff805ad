//! A component made ready to run, with its own limits and its own door.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use lly_brick::BrickKind;
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::carried::LoadedModule;
use crate::gate::Gate;
use crate::guest::Guest;
use crate::limits::{HEADER_BYTES_MAX, HEADER_COUNT_MAX};
use crate::meter::CpuMeter;
use crate::runtime::Shared;
use crate::{Body, CommandRequest, ExitCode, Fault, RequestContext, cgi, command, proxy};

/// A program that is ready to run or to answer requests. Every run is a fresh instance.
pub struct Program {
    pub(crate) shared: Arc<Shared>,
    pub(crate) entry: Entry,
    /// Held for as long as there is the program: whoever else imports them finds them loaded.
    _modules: Vec<Arc<LoadedModule>>,
    pub(crate) name: String,
    pub(crate) memory_bytes_max: u64,
    pub(crate) wall_time: Duration,
    pub(crate) request_body_bytes_max: u64,
    pub(crate) log_bytes_max: usize,
    pub(crate) gate: Gate,
    pub(crate) cpu: CpuMeter,
}

/// How a program is entered.
pub(crate) enum Entry {
    Http(ProxyPre<Guest>),
    Command(CommandPre<Guest>),
}

impl Program {
    pub(crate) fn new(
        shared: Arc<Shared>,
        entry: Entry,
        modules: Vec<Arc<LoadedModule>>,
    ) -> Program {
        let limits = &shared.limits;
        let gate = Gate::new(limits.running_max, limits.waiting_max, limits.waiting_time);
        Program {
            entry,
            _modules: modules,
            name: "program".to_owned(),
            memory_bytes_max: limits.memory_bytes_default.min(limits.memory_bytes_max),
            wall_time: limits.wall_time,
            request_body_bytes_max: limits.request_body_bytes_max,
            log_bytes_max: limits.log_bytes_max,
            gate,
            cpu: CpuMeter::default(),
            shared,
        }
    }

    /// Names the program; a command finds the name in `argv[0]`.
    pub fn named(self, name: &str) -> Program {
        Program {
            name: name.to_owned(),
            ..self
        }
    }

    /// Applies what the program's manifest asks for, as far as the host allows it.
    pub fn limited(self, asked: &lly_brick::Limits) -> Program {
        let host = &self.shared.limits;
        let memory_bytes_max = asked
            .memory_bytes_max
            .unwrap_or(host.memory_bytes_default)
            .min(host.memory_bytes_max);
        let wall_time = asked
            .wall_time_ms
            .map_or(host.wall_time, Duration::from_millis)
            .min(host.wall_time);
        let body = asked
            .request_body_bytes_max
            .unwrap_or(u64::MAX)
            .min(host.request_body_bytes_max);
        let log = asked
            .output_bytes_max
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(usize::MAX);
        let log_bytes_max = log.min(host.log_bytes_max);
        Program {
            memory_bytes_max,
            wall_time,
            request_body_bytes_max: body,
            log_bytes_max,
            ..self
        }
    }

    /// How it is entered.
    pub fn kind(&self) -> BrickKind {
        match self.entry {
            Entry::Http(_) => BrickKind::Http,
            Entry::Command(_) => BrickKind::Command,
        }
    }

    /// CPU time of all its answers to requests so far.
    pub fn cpu_time(&self) -> Duration {
        self.cpu.total()
    }

    /// What its code takes in memory, without the modules that it shares.
    pub fn code_bytes(&self) -> u64 {
        let linked = match &self.entry {
            Entry::Http(entry) => entry.instance_pre(),
            Entry::Command(entry) => entry.instance_pre(),
        };
        let image = linked.component().image_range();
        (image.end as usize).saturating_sub(image.start as usize) as u64
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command to its end.
    pub async fn run_command(&self, request: CommandRequest) -> Result<ExitCode, Fault> {
        match &self.entry {
            Entry::Command(entry) => command::run(self, entry, request).await,
            Entry::Http(_) => Err(Fault::Host {
                reason: format!("`{}` answers HTTP and has no `main`", self.name),
            }),
        }
    }

    /// Answers one request with one instance, which lives until the guest is done. Must run within tokio.
    ///
    /// The future may be dropped at any time, which ends the guest if its response was not begun.
    pub async fn serve<B>(
        &self,
        request: Request<B>,
        context: RequestContext,
    ) -> Result<Response<Body>, Fault>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        self.check(&request)?;
        let pass = self.gate.enter().await?;
        match &self.entry {
            Entry::Http(entry) => proxy::serve(self, entry, pass, request, context).await,
            Entry::Command(entry) => cgi::serve(self, entry, pass, request, context).await,
        }
    }

    /// Refuses what need not reach the guest.
    fn check<B: HttpBody>(&self, request: &Request<B>) -> Result<(), Fault> {
        let limit_bytes = self.request_body_bytes_max;
        if request.body().size_hint().lower() > limit_bytes {
            return Err(Fault::BodyTooLarge { limit_bytes });
        }
        let headers = request.headers();
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if headers.len() > HEADER_COUNT_MAX || bytes > HEADER_BYTES_MAX {
            return Err(Fault::HeadersTooLarge {
                bytes_max: HEADER_BYTES_MAX,
                count_max: HEADER_COUNT_MAX,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
