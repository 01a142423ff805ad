//! Processes under measurement: their CPU time, their memory, and stopping them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

/// The unit of CPU time in `/proc` (`sysconf(_SC_CLK_TCK)` is 100 on every Linux that Rust supports).
const TICKS_PER_SECOND: f64 = 100.0;
/// A server that does not listen by then will not.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(30);

/// CPU and wall time of a finished command.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// User and system time of the process and the children it waited for.
    pub cpu: Duration,
    /// From start to end.
    pub wall: Duration,
}

/// Runs a command to its end; it must succeed.
pub fn cost(command: &mut Command) -> anyhow::Result<Cost> {
    let before = children_cpu()?;
    let began = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    let wall = began.elapsed();
    ensure!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Cost {
        cpu: children_cpu()?.saturating_sub(before),
        wall,
    })
}

/// CPU time of all children waited for so far.
fn children_cpu() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The fields after the command's name in parentheses, which may hold spaces; cutime and cstime are 16 and 17.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .context("`/proc/self/stat` has no name")?
        .1
        .split_whitespace()
        .collect();
    let ticks: u64 = [13, 14]
        .iter()
        .filter_map(|at| fields.get(*at)?.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(ticks as f64 / TICKS_PER_SECOND))
}

/// Resident memory of a process, bytes: what it shares with others counted in proportion.
pub fn resident_bytes(pid: u32) -> anyhow::Result<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let line = rollup
        .lines()
        .find(|line| line.starts_with("Pss:"))
        .context("no Pss")?;
    let kib: u64 = line
        .split_whitespace()
        .nth(1)
        .context("no figure")?
        .parse()?;
    Ok(kib * 1024)
}

/// A server that is stopped when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server that listens at `address` (a free port, chosen by the caller).
    pub fn start(command: &mut Command, address: SocketAddr) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, address };
        let began = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended: {status}");
            }
            ensure!(
                began.elapsed() < LISTEN_TIMEOUT,
                "{command:?} does not listen at {address}"
            );
            std::thread::park_timeout(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A loopback address that nobody listens at.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
