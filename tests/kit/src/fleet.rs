//! A whole fleet of real processes, started by `lly fleet up`.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::home::{self, Home, Output};
use crate::wait;

/// A fleet that is not up by then will not come up.
const UP_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a test waits for a service to be back, or for a void to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// One HTTP exchange; longer than the wall limit of a request (30 s).
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(50);

/// A running fleet and the home of its developer.
pub struct Fleet {
    /// The developer's home: `fleet.home.lly(["void", "list"])`.
    pub home: Home,
    child: Child,
    flags: &'static [&'static str],
    client: reqwest::Client,
    runtime: Arc<tokio::runtime::Runtime>,
}

/// What an HTTP exchange brought.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Insists on this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?}\n{}", self.headers, self.text());
        self
    }
}

impl Fleet {
    /// Starts a fleet with this many CAPs on free ports.
    pub fn start(caps: u16) -> Self {
        let home = Home::new();
        Self::start_in(home, caps)
    }

    /// Starts a fleet in a home that may have had one before.
    pub fn start_in(home: Home, caps: u16) -> Self {
        Self::start_with(home, caps, &[])
    }

    /// Starts a fleet with further flags of `lly fleet up`.
    pub fn start_with(home: Home, caps: u16, flags: &'static [&'static str]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let child = up(&home, caps, flags);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        let runtime = Arc::new(runtime.expect("a runtime"));
        let client = client(&home, false);
        let mut fleet = Self {
            home,
            child,
            flags,
            client,
            runtime,
        };
        fleet.await_up();
        fleet
    }

    /// Stops the fleet and starts it again in the same home.
    pub fn restart(&mut self, caps: u16) {
        home::stop(&mut self.child, PATIENCE);
        self.child = up(&self.home, caps, self.flags);
        self.await_up();
    }

    /// Kills `lly fleet up` itself with SIGKILL and starts it again.
    pub fn kill_supervisor(&mut self, caps: u16) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.child = up(&self.home, caps, self.flags);
        self.await_up();
    }

    /// What `lly fleet up` says of itself: URLs, processes.
    pub fn state(&self) -> Option<Value> {
        let text = std::fs::read(self.home.path().join("fleet/state.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The process of a service, if it runs.
    pub fn pid(&self, service: &str) -> Option<u32> {
        let state = self.state()?;
        let services = state["services"].as_array()?;
        let found = services.iter().find(|s| s["name"] == service)?;
        found["pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())
    }

    /// Kills a service with SIGKILL, waits until another process does its work, and hands back its pid.
    pub fn kill_service(&self, service: &str) -> u32 {
        let before = wait::until(PATIENCE, service, || self.pid(service));
        home::signal(before, rustix::process::Signal::KILL);
        wait::until(PATIENCE, &format!("{service} to be started again"), || {
            self.pid(service).filter(|pid| *pid != before)
        })
    }

    /// Sends a signal to a service.
    pub fn signal(&self, service: &str, signal: rustix::process::Signal) {
        home::signal(wait::until(PATIENCE, service, || self.pid(service)), signal);
    }

    /// Runs `lly` as the developer.
    pub fn lly<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        self.home.lly(arguments)
    }

    /// Deploys a bundle and hands back the document that `lly void deploy --json` prints (`slug`, `url`, …).
    pub fn deploy(&self, bundle: &std::path::Path) -> Value {
        self.home
            .json(["void".as_ref(), "deploy".as_ref(), bundle.as_os_str()])
    }

    /// Deploys a bundle and hands back its URL.
    pub fn deploy_url(&self, bundle: &std::path::Path) -> String {
        self.deploy(bundle)["url"]
            .as_str()
            .expect("a URL")
            .to_owned()
    }

    /// A client that trusts the fleet's CA and finds `*.localhost` on the loopback address.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Runs asynchronous work of a test.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// GETs a URL.
    #[track_caller]
    pub fn get(&self, url: &str) -> Answer {
        self.send(self.client.get(url))
            .unwrap_or_else(|error| panic!("GET {url}: {error:#}"))
    }

    /// GETs a URL until it answers with this status.
    #[track_caller]
    pub fn get_until(&self, url: &str, status: u16) -> Answer {
        wait::until(PATIENCE, &format!("{url} to answer {status}"), || {
            self.send(self.client.get(url))
                .ok()
                .filter(|answer| answer.status == status)
        })
    }

    /// Sends a request and reads the whole answer.
    pub fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        self.block_on(async {
            let response = request.timeout(EXCHANGE_TIMEOUT).send().await?;
            let status = response.status().as_u16();
            let headers = response
                .headers()
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect();
            Ok(Answer {
                status,
                headers,
                body: response.bytes().await?.to_vec(),
            })
        })
    }

    /// The CA to trust.
    pub fn ca(&self) -> PathBuf {
        self.home.path().join("fleet/ca.pem")
    }

    fn await_up(&mut self) {
        let log = self.home.work().join("fleet-up.log");
        let announced = wait::at_most(UP_TIMEOUT, || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!(
                    "the fleet ended ({status}):\n{}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
            }
            let text = std::fs::read_to_string(self.home.work().join("fleet-up.out")).ok()?;
            text.contains("lily.fleet.up/1").then_some(())
        });
        assert!(announced.is_some(), "the fleet is not up:\n{}", self.logs());
        self.client = client(&self.home, true);
    }

    /// What the services said, for the message of a failing test.
    pub fn logs(&self) -> String {
        let mut text =
            std::fs::read_to_string(self.home.work().join("fleet-up.log")).unwrap_or_default();
        let folder = std::fs::read_dir(self.home.path().join("fleet/log"));
        for entry in folder.into_iter().flatten().flatten() {
            let said = std::fs::read_to_string(entry.path()).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(40).collect();
            text.push_str(&format!("--- {}\n", entry.file_name().to_string_lossy()));
            text.extend(tail.iter().rev().map(|line| format!("{line}\n")));
        }
        text
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        home::stop(&mut self.child, PATIENCE);
    }
}

fn up(home: &Home, caps: u16, flags: &[&str]) -> Child {
    let out = std::fs::File::create(home.work().join("fleet-up.out")).expect("a file");
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(home.work().join("fleet-up.log"));
    let mut command = home.command();
    command.args([
        "fleet",
        "up",
        "--json",
        "--port",
        "0",
        "--caps",
        &caps.to_string(),
    ]);
    command.args(flags);
    command
        .stdout(out)
        .stderr(log.expect("a file"))
        .stdin(Stdio::null());
    command.spawn().expect("the fleet starts")
}

fn client(home: &Home, trusted: bool) -> reqwest::Client {
    let mut builder = reqwest::Client::builder()
        .tls_certs_only([])
        .pool_max_idle_per_host(8)
        .redirect(reqwest::redirect::Policy::none());
    if trusted {
        let pem = std::fs::read(home.path().join("fleet/ca.pem")).expect("the fleet has a CA");
        let certificate = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        builder = builder
            .tls_certs_only([certificate])
            .dns_resolver(Arc::new(Loopback));
    }
    builder.build().expect("a client")
}

/// Every name is this machine: tests talk to nothing else.
struct Loopback;

impl reqwest::dns::Resolve for Loopback {
    fn resolve(&self, _name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let here: reqwest::dns::Addrs = Box::new(std::iter::once(([127, 0, 0, 1], 0).into()));
        Box::pin(std::future::ready(Ok(here)))
    }
}
