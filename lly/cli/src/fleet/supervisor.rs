//! Keeps the services of a local fleet running: starts each, waits until it says it listens, starts it again when it
//! dies, and stops all of them in order.
//!
//! Rule: a service that dies is news to print and a process to start, never a reason to stop the fleet.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// A service that does not say within this that it listens is started again.
const READY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a service may drain before it is killed.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause before a restart; doubled while the service keeps dying, up to [`RESTART_PAUSE_MAX`].
const RESTART_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before a restart.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(5);
/// A service that lived this long has recovered: its next restart comes at once.
const STEADY: Duration = Duration::from_secs(10);

/// How to start one service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Such as `cap-1`.
    pub name: String,
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Where its stderr goes.
    pub log: PathBuf,
}

/// What a supervised service did.
#[derive(Debug)]
pub enum Event {
    /// It listens.
    Ready {
        /// The service.
        name: String,
        /// Its process.
        pid: u32,
    },
    /// It ended without being asked to, and is being started again.
    Died {
        /// The service.
        name: String,
        /// How it ended.
        how: String,
    },
}

/// A service under supervision.
pub struct Supervised {
    name: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts `service` and keeps it running; `events` hears what happens.
    pub fn start(service: Service, events: mpsc::UnboundedSender<Event>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let name = service.name.clone();
        let task = tokio::spawn(keep_running(service, events, stopped));
        Self { name, stop, task }
    }

    /// Asks the service to drain and waits until it has ended.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(service = self.name, %error, "supervision failed");
        }
    }
}

async fn keep_running(
    service: Service,
    events: mpsc::UnboundedSender<Event>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut pause = RESTART_PAUSE;
    while !*stopped.borrow() {
        let began = Instant::now();
        let how = match run_once(&service, &events, &mut stopped).await {
            Ok(None) => return,
            Ok(Some(status)) => describe(status),
            Err(error) => format!("{error:#}"),
        };
        pause = if began.elapsed() > STEADY {
            RESTART_PAUSE
        } else {
            (pause * 2).min(RESTART_PAUSE_MAX)
        };
        let _ = events.send(Event::Died {
            name: service.name.clone(),
            how,
        });
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = asked_to_stop(&mut stopped) => return,
        }
    }
}

/// One life of the service: none if it was asked to stop, else how it ended.
async fn run_once(
    service: &Service,
    events: &mpsc::UnboundedSender<Event>,
    stopped: &mut watch::Receiver<bool>,
) -> anyhow::Result<Option<ExitStatus>> {
    let mut child = spawn(service)?;
    let pid = child.id().context("the process has no id")?;
    let stdout = child.stdout.take().context("its stdout is not piped")?;
    let mut lines = BufReader::new(stdout).lines();
    tokio::select! {
        line = tokio::time::timeout(READY_TIMEOUT, lines.next_line()) => match line {
            Ok(Ok(Some(_))) => {
                let _ = events.send(Event::Ready { name: service.name.clone(), pid });
            }
            Ok(_) => return Ok(Some(child.wait().await?)),
            Err(_) => {
                child.kill().await?;
                bail!("it did not listen within {} s; see `{}`", READY_TIMEOUT.as_secs(), service.log.display());
            }
        },
        () = asked_to_stop(stopped) => return drain(child).await.map(|()| None),
    }
    tokio::select! {
        status = child.wait() => Ok(Some(status?)),
        () = asked_to_stop(stopped) => drain(child).await.map(|()| None),
    }
}

/// Waits until the supervisor is told to stop.
pub(super) async fn asked_to_stop(stopped: &mut watch::Receiver<bool>) {
    // A supervisor that is gone means the same.
    let _ = stopped.wait_for(|stop| *stop).await;
}

fn spawn(service: &Service) -> anyhow::Result<Child> {
    if let Some(folder) = service.log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&service.log)
        .with_context(|| format!("cannot write `{}`", service.log.display()))?;
    Command::new(&service.program)
        .args(&service.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        // A group of its own: Ctrl-C reaches only the supervisor, which then stops the services in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start `{}`", service.program.display()))
}

async fn drain(mut child: Child) -> anyhow::Result<()> {
    if let Some(pid) = child
        .id()
        .and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed()))
    {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(DRAIN_TIMEOUT, child.wait())
        .await
        .is_err()
    {
        child.kill().await?;
    }
    Ok(())
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
