//! Where a local fleet lives under `$LLY_HOME/fleet`, and the ports it keeps across restarts.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The port a first CAP serves applications on, if nobody has it: the URL is easy to remember.
const EDGE_PORT_WANTED: u16 = 8443;
/// The port a platform listens on, if nobody has it.
const PLATFORM_PORT_WANTED: u16 = 7443;
/// The port RC listens on, if nobody has it.
const RC_PORT_WANTED: u16 = 7444;
/// Where other ports are looked for. It lies below those that systems hand to connections that go out (from 32768 on
/// Linux, from 49152 elsewhere): none of them takes a service's port while it is being started again.
const PORTS: Range<u16> = 20_000..30_000;
/// How many ports of the range are tried before the system is asked for any.
const PORTS_TRIED: usize = 64;

/// The folders of one local fleet.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout under `home` (`$LLY_HOME`).
    pub fn new(home: &Path) -> Self {
        Self {
            root: home.join("fleet"),
        }
    }

    /// `$LLY_HOME/fleet`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The CA certificate that a browser or `curl --cacert` needs.
    pub fn authority(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// The identity of one service, such as `cap-1`.
    pub fn tls(&self, service: &str) -> PathBuf {
        self.root.join("tls").join(service)
    }

    /// What a service says on stderr.
    pub fn log(&self, service: &str) -> PathBuf {
        self.root.join("log").join(format!("{service}.log"))
    }

    /// The master key of the leases (raptor's).
    pub fn lease_key(&self) -> PathBuf {
        self.root.join("lease.key")
    }

    /// A CAP's own lease key, derived from the master.
    pub fn cap_lease_key(&self, cap: &str) -> PathBuf {
        self.tls(cap).join("lease.key")
    }

    /// The object store.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// What RC keeps: plugins' blobs, unfinished uploads.
    pub fn rc(&self) -> PathBuf {
        self.root.join("rc")
    }

    /// A CAP's caches of blobs and compiled code.
    pub fn cap_cache(&self, cap: &str) -> PathBuf {
        self.root.join("cache").join(cap)
    }

    /// Raptor's compiled policies.
    pub fn raptor_cache(&self) -> PathBuf {
        self.root.join("cache/raptor")
    }

    /// The private Postgres cluster.
    pub fn postgres(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// Held by the `lly fleet up` that runs this fleet.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Process ids and URLs of what runs now.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    fn plan(&self) -> PathBuf {
        self.root.join("fleet.json")
    }
}

/// What stays the same across restarts: names and ports, and so the URLs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// The fleet's domain, such as `localhost`.
    pub domain: String,
    /// Where the platform listens.
    pub platform_port: u16,
    /// Where raptor listens.
    pub raptor_port: u16,
    /// Where RC listens; 0 in the plan of a fleet that is older than RC.
    #[serde(default)]
    pub rc_port: u16,
    /// One entry for each CAP, in the order they were added.
    pub caps: Vec<CapPorts>,
}

/// The two listeners of one CAP.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CapPorts {
    /// `cap-1`, `cap-2`, …
    pub id: String,
    /// Mutual TLS: raptor, platform and other CAPs.
    pub control_port: u16,
    /// HTTPS for everybody.
    pub edge_port: u16,
}

impl Plan {
    /// Loads the plan of an earlier start, or makes one; adds CAPs up to `caps`. `edge_port` moves the first CAP's
    /// edge: 0 means any free port.
    pub fn open(
        layout: &Layout,
        caps: u16,
        edge_port: Option<u16>,
        domain: &str,
    ) -> io::Result<Self> {
        let mut ports = FreePorts::default();
        let mut plan = match Self::read(layout)? {
            Some(plan) => plan,
            None => Self {
                domain: domain.to_owned(),
                platform_port: ports.take(edge_port.is_none().then_some(PLATFORM_PORT_WANTED))?,
                raptor_port: ports.take(None)?,
                rc_port: 0,
                caps: Vec::new(),
            },
        };
        if plan.rc_port == 0 {
            plan.rc_port = ports.take(edge_port.is_none().then_some(RC_PORT_WANTED))?;
        }
        while plan.caps.len() < usize::from(caps) {
            let first = plan.caps.is_empty();
            plan.caps.push(CapPorts {
                id: format!("cap-{}", plan.caps.len() + 1),
                control_port: ports.take(None)?,
                edge_port: ports.take(first.then_some(edge_port.unwrap_or(EDGE_PORT_WANTED)))?,
            });
        }
        plan.caps.truncate(usize::from(caps));
        if let (Some(port), Some(first)) =
            (edge_port.filter(|port| *port != 0), plan.caps.first_mut())
        {
            first.edge_port = port;
        }
        let text = serde_json::to_vec_pretty(&plan).map_err(io::Error::other)?;
        crate::private_file::replace(&layout.plan(), &text)?;
        Ok(plan)
    }

    /// The plan of an earlier start; none if there was none.
    pub fn read(layout: &Layout) -> io::Result<Option<Self>> {
        match std::fs::read(layout.plan()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The domain under which voids answer: `SLUG.app.localhost`.
    pub fn app_domain(&self) -> String {
        format!("app.{}", self.domain)
    }

    /// The platform's URL.
    pub fn platform_url(&self) -> String {
        format!("https://{}:{}", self.domain, self.platform_port)
    }

    /// RC's URL.
    pub fn rc_url(&self) -> String {
        format!("https://{}:{}", self.domain, self.rc_port)
    }

    /// Raptor's URL.
    pub fn raptor_url(&self) -> String {
        format!("https://{}:{}", self.domain, self.raptor_port)
    }
}

/// Ports of the loopback address that nobody holds. They are held until the value is dropped, so that none is given twice.
#[derive(Default)]
struct FreePorts(Vec<TcpListener>);

impl FreePorts {
    /// The wanted port if it is free, else another.
    fn take(&mut self, wanted: Option<u16>) -> io::Result<u16> {
        let any = (0..PORTS_TRIED).map(|_| {
            let [low, high, ..] = RandomState::new().build_hasher().finish().to_le_bytes();
            PORTS.start + u16::from_le_bytes([low, high]) % (PORTS.end - PORTS.start)
        });
        let listener = wanted
            .filter(|port| *port != 0)
            .into_iter()
            .chain(any)
            .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
        let listener = match listener {
            Some(listener) => listener,
            None => TcpListener::bind(("127.0.0.1", 0))?,
        };
        let port = listener.local_addr()?.port();
        self.0.push(listener);
        Ok(port)
    }
}

/// What `lly fleet status` and tests read: the processes of the running fleet.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct State {
    /// `lly fleet up` itself.
    pub supervisor_pid: u32,
    /// Where the platform answers.
    pub platform_url: String,
    /// Where RC answers.
    #[serde(default)]
    pub rc_url: String,
    /// `PORT` of `https://SLUG.app.DOMAIN:PORT/`.
    pub app_url: String,
    /// The CA to trust.
    pub ca: PathBuf,
    /// Each service: `postgres`, `platform`, `raptor`, `cap-1`, …
    pub services: Vec<ServiceState>,
}

/// One running service.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ServiceState {
    /// Such as `cap-1`.
    pub name: String,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// How often it was started again.
    pub restarts: u32,
}

impl State {
    /// Reads the state that a running `lly fleet up` keeps; none if no fleet was ever started here.
    pub fn read(layout: &Layout) -> io::Result<Option<Self>> {
        match std::fs::read(layout.state()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the state for others to read.
    pub fn write(&self, layout: &Layout) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        crate::private_file::replace(&layout.state(), &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_given_once_and_lie_below_those_of_others() -> io::Result<()> {
        let mut ports = FreePorts::default();
        let wanted = ports.take(None)?;
        // Somebody has it: another is given.
        let mut others = FreePorts::default();
        let mut given = vec![wanted, others.take(Some(wanted))?];
        for _ in 0..20 {
            given.push(others.take(None)?);
        }
        assert!(given.iter().all(|port| PORTS.contains(port)), "{given:?}");
        let count = given.len();
        given.sort_unstable();
        given.dedup();
        assert_eq!(given.len(), count);
        drop(ports);
        assert_eq!(FreePorts::default().take(Some(wanted))?, wanted);
        Ok(())
    }
}
