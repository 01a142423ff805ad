//! `lly fleet up`: the whole fleet on this machine in one command.
//!
//! It lays out `$LLY_HOME/fleet`, starts Postgres and the services, makes the developer's account, says where everything
//! is, and stays until Ctrl-C. Everything it makes survives: a second start brings the same URLs and voids back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::sync::mpsc;

use super::certificates::Authority;
use super::layout::{CapPorts, Layout, Plan, ServiceState, State};
use super::supervisor::{Event, Service, Supervised};
use super::{UpArgs, database, operator};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::{Failure, OrFail};

/// The account that a fresh local fleet has.
const DEVELOPER: &str = "dev";
/// How long the services may take to come up before `up` says that something is wrong (they are kept being started).
const UP_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Runs the fleet until Ctrl-C or SIGTERM.
pub async fn run(args: &UpArgs, context: &Context) -> Result<(), Failure> {
    let layout = Layout::new(&context.home);
    let _lock = lock(&layout)?;
    stop_leftovers(&layout);
    let plan = Plan::open(&layout, args.caps, args.port, &args.domain)
        .or_fail(|| format!("cannot plan the fleet in `{}`", layout.root().display()))?;
    lay_out(&layout, &plan)?;
    let trust = args.deny_unsigned.then(|| context.home.join("trust.toml"));
    let services = services(&layout, &plan, trust.as_deref(), args.cap_memory_mib)?;

    let (events, mut happened) = mpsc::unbounded_channel();
    let database = database::Supervised::start(layout.postgres(), events.clone()).await?;
    let mut fleet = Fleet {
        layout,
        plan,
        states: BTreeMap::new(),
    };
    let running: Vec<Supervised> = services
        .iter()
        .map(|service| Supervised::start(service.clone(), events.clone()))
        .collect();
    let outcome = fleet.serve(&services, &mut happened, context).await;

    context.say("stopping the fleet");
    for service in running.into_iter().rev() {
        service.stop().await;
    }
    database.stop().await;
    let _ = std::fs::remove_file(fleet.layout.state());
    outcome
}

struct Fleet {
    layout: Layout,
    plan: Plan,
    states: BTreeMap<String, Life>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Life {
    pid: Option<u32>,
    restarts: u32,
}

impl Fleet {
    /// Waits for everything to listen, announces it, then narrates until asked to stop.
    async fn serve(
        &mut self,
        services: &[Service],
        happened: &mut mpsc::UnboundedReceiver<Event>,
        context: &Context,
    ) -> Result<(), Failure> {
        let mut announced = false;
        let deadline = tokio::time::sleep(UP_TIMEOUT);
        tokio::pin!(deadline);
        let mut stop = Signals::listen().or_fail(|| "cannot listen for Ctrl-C")?;
        loop {
            tokio::select! {
                Some(event) = happened.recv() => self.note(event, context),
                () = stop.received() => return Ok(()),
                () = &mut deadline, if !announced => {
                    let log = self.layout.root().join("log");
                    return Err(Failure::local("the fleet did not come up")
                        .hint(format!("its services say why in `{}`", log.display())));
                }
            }
            self.write_state()?;
            let up = services.iter().all(|s| {
                self.states
                    .get(&s.name)
                    .is_some_and(|life| life.pid.is_some())
            });
            if up && !announced {
                announced = true;
                self.announce(context).await?;
            }
        }
    }

    fn note(&mut self, event: Event, context: &Context) {
        match event {
            Event::Ready { name, pid } => {
                context.say(format!("{name:<9} ready  (pid {pid})"));
                self.states.entry(name).or_default().pid = Some(pid);
            }
            Event::Died { name, how } => {
                context.say(format!("{name:<9} {how}; starting it again"));
                let life = self.states.entry(name).or_default();
                life.pid = None;
                life.restarts += 1;
            }
        }
    }

    async fn announce(&self, context: &Context) -> Result<(), Failure> {
        let credentials = self.developer(context).await?;
        // The registry of one's own fleet is trusted; who may publish what is still the user's to say.
        if let Err(failure) = crate::plugin::pin(&self.plan.rc_url(), context).await {
            context.report(&failure);
        }
        let state = self.state();
        context.data("lily.fleet.up/1", &state, || {
            format!(
                "fleet is up\n  platform     {}\n  RC           {}\n  voids        {}\n  CA           {}\n  credentials  {} (account {})\n",
                state.platform_url,
                state.rc_url,
                state.app_url,
                state.ca.display(),
                Credentials::path(&context.home).display(),
                credentials.account,
            )
        })?;
        if std::io::stderr().is_terminal() {
            context.say("deploy with `lly void deploy NAME.brick`; stop with Ctrl-C");
        }
        Ok(())
    }

    /// The developer's account and token; made when the fleet is new, kept otherwise.
    async fn developer(&self, context: &Context) -> Result<Credentials, Failure> {
        let url = self.plan.platform_url();
        if let Ok(Some(credentials)) = Credentials::load(&context.home)
            && credentials.platform_url == url
            && credentials.rc_url.as_deref() == Some(&self.plan.rc_url())
            && operator::token_is_good(&credentials).await
        {
            return Ok(credentials);
        }
        let credentials = operator::account(
            &self.layout,
            &self.plan,
            &DEVELOPER.parse().or_fail(|| "cannot name the developer")?,
        )
        .await?;
        credentials.save(&Credentials::path(&context.home))?;
        Ok(credentials)
    }

    fn state(&self) -> State {
        let edge = self.plan.caps.first().map_or(0, |cap| cap.edge_port);
        State {
            supervisor_pid: std::process::id(),
            platform_url: self.plan.platform_url(),
            rc_url: self.plan.rc_url(),
            app_url: format!("https://SLUG.{}:{edge}/", self.plan.app_domain()),
            ca: self.layout.authority(),
            services: self
                .states
                .iter()
                .map(|(name, life)| ServiceState {
                    name: name.clone(),
                    pid: life.pid,
                    restarts: life.restarts,
                })
                .collect(),
        }
    }

    fn write_state(&self) -> Result<(), Failure> {
        self.state()
            .write(&self.layout)
            .or_fail(|| format!("cannot write `{}`", self.layout.state().display()))
    }
}

/// Ctrl-C and SIGTERM mean the same.
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// One fleet per home. The lock goes with the process, however it ends.
fn lock(layout: &Layout) -> Result<std::fs::File, Failure> {
    std::fs::create_dir_all(layout.root())
        .or_fail(|| format!("cannot make `{}`", layout.root().display()))?;
    let file = std::fs::File::create(layout.lock())
        .or_fail(|| format!("cannot write `{}`", layout.lock().display()))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(
        |_| {
            Failure::local(format!(
                "a fleet is already running in `{}`",
                layout.root().display()
            ))
            .hint("stop it, or choose another home with LLY_HOME")
        },
    )?;
    Ok(file)
}

/// A supervisor that was killed leaves its services behind: they are stopped before new ones take their ports.
fn stop_leftovers(layout: &Layout) {
    let Ok(Some(state)) = State::read(layout) else {
        return;
    };
    let home = layout.root().as_os_str().as_encoded_bytes().to_vec();
    for pid in state.services.iter().filter_map(|service| service.pid) {
        // A process id may have been given to another program since: only one that was started for this folder is ours.
        let ours = std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.windows(home.len()).any(|part| part == home));
        if let (true, Some(pid)) = (ours, rustix::process::Pid::from_raw(pid.cast_signed())) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            for _ in 0..50 {
                if rustix::process::test_kill_process(pid).is_err() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }
}

/// Certificates, keys and folders: made once, kept.
fn lay_out(layout: &Layout, plan: &Plan) -> Result<(), Failure> {
    let what = || format!("cannot prepare `{}`", layout.root().display());
    let authority = Authority::open(layout.root(), &plan.domain).or_fail(what)?;
    for role in ["platform", "raptor", "rc", "operator"] {
        authority
            .issue_service(&layout.tls(role), role, role)
            .or_fail(what)?;
    }
    let master = super::lease_key::open(&layout.lease_key()).or_fail(what)?;
    for cap in &plan.caps {
        let tls = layout.tls(&cap.id);
        authority
            .issue_service(&tls, "cap", &cap.id)
            .or_fail(what)?;
        authority
            .issue_edge(&tls, &plan.app_domain())
            .or_fail(what)?;
        super::lease_key::derive(&master, &cap.id, &layout.cap_lease_key(&cap.id)).or_fail(what)?;
        std::fs::create_dir_all(layout.cap_cache(&cap.id)).or_fail(what)?;
    }
    std::fs::create_dir_all(layout.blobs()).or_fail(what)
}

fn services(
    layout: &Layout,
    plan: &Plan,
    trust: Option<&Path>,
    cap_memory_mib: Option<u64>,
) -> Result<Vec<Service>, Failure> {
    let database = database::url(&layout.postgres());
    let edge_port = plan.caps.first().map_or(0, |cap| cap.edge_port);
    let mut platform = Arguments::new()
        .with("--listen", format!("127.0.0.1:{}", plan.platform_port))
        .with("--tls-dir", layout.tls("platform"))
        .with("--database-url", &database)
        .with("--blobs", layout.blobs())
        .with("--raptor-url", plan.raptor_url())
        .with("--app-domain", format!("{}:{edge_port}", plan.app_domain()));
    if let Some(trust) = trust {
        platform = platform.flag("--deny-unsigned").with("--trust", trust);
    }
    let raptor = Arguments::new()
        .with("--listen", format!("127.0.0.1:{}", plan.raptor_port))
        .with("--tls-dir", layout.tls("raptor"))
        .with("--database-url", &database)
        .with("--lease-key", layout.lease_key())
        .with("--blobs", layout.blobs())
        .with("--cache", layout.raptor_cache());
    let rc = Arguments::new()
        .with("--listen", format!("127.0.0.1:{}", plan.rc_port))
        .with("--tls-dir", layout.tls("rc"))
        .with("--database-url", &database)
        .with("--data", layout.rc());
    let mut services = vec![
        service(layout, "platform", "platform", platform)?,
        service(layout, "raptor", "raptor", raptor)?,
        service(layout, "rc", "rc", rc)?,
    ];
    for cap in &plan.caps {
        let mut arguments = cap_arguments(layout, plan, cap);
        if let Some(mib) = cap_memory_mib {
            arguments = arguments.with("--memory-mib", mib.to_string());
        }
        services.push(service(layout, &cap.id, "cap", arguments)?);
    }
    Ok(services)
}

fn cap_arguments(layout: &Layout, plan: &Plan, cap: &CapPorts) -> Arguments {
    Arguments::new()
        .with("--id", &cap.id)
        .with("--listen", format!("127.0.0.1:{}", cap.control_port))
        .with("--edge", format!("127.0.0.1:{}", cap.edge_port))
        .with("--tls-dir", layout.tls(&cap.id))
        .with("--raptor-url", plan.raptor_url())
        .with("--blobs", layout.blobs())
        .with("--cache", layout.cap_cache(&cap.id))
        .with("--app-domain", plan.app_domain())
        .with("--lease-key", layout.cap_lease_key(&cap.id))
}

struct Arguments(Vec<OsString>);

impl Arguments {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn with(mut self, flag: &str, value: impl Into<OsString>) -> Self {
        self.0.push(flag.into());
        self.0.push(value.into());
        self
    }

    fn flag(mut self, flag: &str) -> Self {
        self.0.push(flag.into());
        self
    }
}

fn service(
    layout: &Layout,
    name: &str,
    binary: &str,
    arguments: Arguments,
) -> Result<Service, Failure> {
    Ok(Service {
        name: name.to_owned(),
        program: find_binary(binary)?,
        arguments: arguments.0,
        log: layout.log(name),
    })
}

/// A service's binary: beside `lly` itself, else on PATH.
pub fn find_binary(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()
        .context("this program has no path")
        .or_fail(|| "cannot find the services")?;
    let beside = own.parent().unwrap_or(Path::new("/")).join(name);
    let on_path = std::env::var_os("PATH").into_iter().flat_map(|path| {
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .collect::<Vec<_>>()
    });
    std::iter::once(beside.clone())
        .chain(on_path)
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Failure::local(format!("the service `{name}` is not installed"))
                .hint(format!("put its binary at `{}`", beside.display()))
        })
}
