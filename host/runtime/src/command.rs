//! A program with `main`, run to its end.

use bytes::Bytes;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use wasmtime::Store;
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

use crate::egress::Outbound;
use crate::guest::{self, Clock, Guest, Start};
use crate::limits::STREAM_CHUNK_BYTES;
use crate::output::{ChunkSink, ChunkStream, lock};
use crate::{Fault, Program};

/// How to run a command.
#[derive(Debug)]
pub struct CommandRequest {
    /// The arguments after `argv[0]`, which is the program's name.
    pub args: Vec<String>,
    /// The whole environment; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Standard input.
    pub stdin: Input,
    /// Standard output.
    pub stdout: Output,
    /// Standard error.
    pub stderr: Output,
    /// When to give up.
    pub timeout: Option<Duration>,
    /// The folders of this machine that it may use; there are no others.
    pub folders: Vec<Folder>,
}

/// A folder of this machine that a program may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// As the program names it: absolute, without dots.
    pub guest: String,
    /// Where it is on this machine.
    pub host: PathBuf,
    /// What the program may do in it.
    pub access: FolderAccess,
}

/// What a program may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderAccess {
    /// Read.
    Read,
    /// Read and change.
    Write,
}

/// A command's standard input.
#[derive(Debug)]
pub enum Input {
    /// This process's own.
    Inherit,
    /// At its end from the start.
    Empty,
    /// These bytes.
    Bytes(Bytes),
}

/// Where a command's output goes.
#[derive(Debug)]
pub enum Output {
    /// Where this process's own goes.
    Inherit,
    /// Nowhere.
    Discard,
    /// Into memory.
    Buffer(OutputBuffer),
}

/// Output kept in memory up to a size; then the pipe is closed, as with a reader that has gone. Clones are the same.
#[derive(Debug, Clone)]
pub struct OutputBuffer(Arc<BufferSink>);

#[derive(Debug)]
struct BufferSink {
    bytes_max: usize,
    bytes: Mutex<Vec<u8>>,
}

impl OutputBuffer {
    /// An empty one.
    pub fn new(bytes_max: usize) -> OutputBuffer {
        OutputBuffer(Arc::new(BufferSink {
            bytes_max,
            bytes: Mutex::new(Vec::new()),
        }))
    }

    pub(crate) fn sink(&self) -> &impl ChunkSink {
        &*self.0
    }

    /// What has been written so far.
    pub fn contents(&self) -> Vec<u8> {
        lock(&self.0.bytes).clone()
    }
}

impl ChunkSink for BufferSink {
    fn room(&self) -> Option<usize> {
        let left = self.bytes_max - lock(&self.bytes).len();
        (left > 0).then_some(left.min(STREAM_CHUNK_BYTES))
    }

    fn poll_room(&self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn write(&self, bytes: Bytes) {
        lock(&self.bytes).extend_from_slice(&bytes);
    }
}

/// A program's own verdict on its run; 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitCode(i32);

impl ExitCode {
    /// As a program gives it.
    pub(crate) fn of(code: i32) -> ExitCode {
        ExitCode(code)
    }

    /// As the program gave it.
    pub fn code(self) -> i32 {
        self.0
    }

    /// Whether it is 0.
    pub fn is_success(self) -> bool {
        self.0 == 0
    }
}

pub(crate) async fn run(
    program: &Program,
    entry: &CommandPre<Guest>,
    request: CommandRequest,
) -> Result<ExitCode, Fault> {
    let clock = request
        .timeout
        .map_or_else(Clock::unlimited, Clock::starting);
    let start = Start {
        args: [program.name.clone()]
            .into_iter()
            .chain(request.args)
            .collect(),
        env: request.env,
        stdin: request.stdin.into_stream(),
        stdout: request.stdout.into_stream(tokio::io::stdout()),
        stderr: request.stderr.into_stream(tokio::io::stderr()),
        folders: &request.folders,
    };
    let outbound = Outbound::new(Arc::clone(&program.shared.gateway));
    let engine = program.shared.engine.wasmtime();
    let mut store = guest::store(engine, start, outbound, program.memory_bytes_max, clock)?;
    tokio::select! {
        biased;
        ended = execute(entry, &mut store) => ended,
        late = clock.run_out() => Err(late),
    }
}

/// Instantiates and runs `main`.
pub(crate) async fn execute(
    entry: &CommandPre<Guest>,
    store: &mut Store<Guest>,
) -> Result<ExitCode, Fault> {
    let ended = match entry.instantiate_async(&mut *store).await {
        Ok(command) => command.wasi_cli_run().call_run(&mut *store).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(Ok(())) => Ok(ExitCode(0)),
        Ok(Err(())) => Ok(ExitCode(1)),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(ExitCode(*code)),
            None => Err(store.data().fault(error)),
        },
    }
}

impl Input {
    fn into_stream(self) -> Box<dyn StdinStream + Sync> {
        match self {
            Input::Inherit => Box::new(tokio::io::stdin()),
            Input::Empty => Box::new(tokio::io::empty()),
            Input::Bytes(bytes) => Box::new(MemoryInputPipe::new(bytes)),
        }
    }
}

impl Output {
    fn into_stream(self, own: impl StdoutStream + Sync + 'static) -> Box<dyn StdoutStream + Sync> {
        match self {
            Output::Inherit => Box::new(own),
            Output::Discard => Box::new(tokio::io::empty()),
            Output::Buffer(OutputBuffer(sink)) => Box::new(ChunkStream::new(sink)),
        }
    }
}
