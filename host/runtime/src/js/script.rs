//! A script, run to its end: turns until nothing is left to wait for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use host_outbound::{Access, Files, Grant, Incoming, incoming_of_bytes, incoming_of_reader};
use host_web::Hook;

use super::JavaScript;
use super::host::Host;
use super::instance::{Bounds, End};
use super::output::{self, Output};
use super::running::Running;
use crate::{CommandRequest, ExitCode, Fault, Folder, FolderAccess, Input, Program};

/// Runs a script of JavaScript to its end.
pub(crate) async fn run(
    program: &Program,
    javascript: &JavaScript,
    request: CommandRequest,
) -> Result<ExitCode, Fault> {
    let timeout = request.timeout;
    let whole = run_to_end(program, javascript, request);
    let ended = match timeout {
        Some(limit) => tokio::time::timeout(limit, whole)
            .await
            .unwrap_or(Err(End::Fault(Fault::Deadline { limit }))),
        None => whole.await,
    };
    output::flush();
    match ended {
        Ok(code) | Err(End::Exit(code)) => Ok(ExitCode::of(code)),
        Err(End::Fault(fault)) => Err(fault),
    }
}

async fn run_to_end(
    program: &Program,
    javascript: &JavaScript,
    request: CommandRequest,
) -> Result<i32, End> {
    let output = Output::Streams {
        stdout: request.stdout,
        stderr: request.stderr,
    };
    let network = Arc::clone(&program.shared.network);
    let maps = javascript.code.maps.clone();
    let mut parts = Host::new(network, maps, output, request.env.into());
    let host = &mut parts.0;
    host.arguments = std::iter::once(program.name.clone())
        .chain(request.args)
        .collect();
    host.standard_input = Some(incoming(request.stdin));
    host.files = files(&request.folders).map_err(End::Fault)?;
    let bounds = Bounds {
        memory_bytes_max: program.memory_bytes_max,
        turn_time: None,
    };
    let mut running = Running::new(&javascript.code, parts, bounds).await?;
    running.tell(Hook::Start).await?;
    loop {
        while next(&mut running).await? {}
        running.tell(Hook::BeforeExit).await?;
        if !next(&mut running).await? {
            break;
        }
    }
    running.tell(Hook::Exiting).await?;
    Ok(running.host().exit_code)
}

/// One more turn, when its time has come. False: nothing is left that could bring one.
async fn next(running: &mut Running) -> Result<bool, End> {
    loop {
        // Asked before the channel is: what there is to say is in it when nothing is waited for.
        let is_waiting = running.host().is_waiting();
        if let Ok(event) = running.events.try_recv() {
            running.event(event).await?;
            return Ok(true);
        }
        if !is_waiting {
            return Ok(false);
        }
        if let Some(id) = running.due_timer(Instant::now()) {
            running.tell_of(Hook::Timer, id).await?;
            return Ok(true);
        }
        let due = running.host().timers.due();
        let due = due.unwrap_or_else(|| Instant::now() + LONG);
        tokio::select! {
            biased;
            Some(event) = running.events.recv() => {
                running.event(event).await?;
                return Ok(true);
            }
            () = tokio::time::sleep_until(due.into()) => {}
        }
    }
}

/// Between two looks when there is no timer.
const LONG: Duration = Duration::from_secs(3600);

/// The folders of this machine that it may use.
fn files(folders: &[Folder]) -> Result<Files, Fault> {
    let grant = |folder: &Folder| Grant {
        guest: folder.guest.clone(),
        host: folder.host.clone(),
        access: match folder.access {
            FolderAccess::Read => Access::Read,
            FolderAccess::Write => Access::Write,
        },
    };
    let grants: Vec<Grant> = folders.iter().map(grant).collect();
    Files::new(&grants).map_err(|error| Fault::Host {
        reason: error.to_string(),
    })
}

fn incoming(input: Input) -> Incoming {
    match input {
        Input::Inherit => incoming_of_reader(tokio::io::stdin()),
        Input::Empty => incoming_of_bytes(bytes::Bytes::new()),
        Input::Bytes(bytes) => incoming_of_bytes(bytes),
    }
}
