//! Handlers in JavaScript (`tests/bench/javascript`): the same files under `lly run --listen`, workerd and Node. Then memory
//! of one void and of many, and how long the first answer takes.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use tests_kit::{Home, repository};

use crate::load::{self, Measured};
use crate::many;
use crate::process::{Server, free_address, resident_bytes};
use crate::report::{Row, Section, median};

/// Rounds over all servers, in turn, so that a drifting machine hurts all alike.
const ROUNDS: usize = 3;
/// How long each server is loaded in each round.
const PERIOD: Duration = Duration::from_secs(3);
/// Fresh starts of each server.
const STARTS: usize = 9;
/// Voids, or workers, in one process.
const MANY: usize = 1000;
/// What is asked of workerd's behaviour; any date that its version knows.
const COMPATIBILITY: &str = "2026-11-01";
/// The handlers and what they show.
const HANDLERS: [(&str, &str); 4] = [
    ("hello", "hello"),
    ("json", "10 KB of JSON, parsed and written"),
    ("template", "an HTML page of 50 KB"),
    ("compute", "a loop of arithmetic"),
];

/// The servers, in the order of the columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lily,
    Workerd,
    Node,
}

const KINDS: [Kind; 3] = [Kind::Lily, Kind::Workerd, Kind::Node];

/// What is needed to start any of them.
struct Scene<'a> {
    home: Home,
    workerd: &'a Path,
    node: &'a Path,
}

/// Requests a second, memory, the first answer.
pub fn measure(workerd: &Path, node: &Path) -> anyhow::Result<Vec<Section>> {
    let scene = Scene {
        home: Home::new(),
        workerd,
        node,
    };
    scene.prepare()?;
    Ok(vec![scene.many()?, scene.rates()?, scene.costs()?])
}

fn sources() -> PathBuf {
    repository().join("tests/bench/javascript")
}

impl Scene<'_> {
    /// Compiles each handler, and writes a configuration of workerd beside it.
    fn prepare(&self) -> anyhow::Result<()> {
        for (name, _) in HANDLERS {
            let file = format!("{name}.js");
            self.home
                .write(&file, std::fs::read(sources().join(&file))?);
            self.home.compile(name, [&file]);
            self.home.write(&format!("{name}.capnp"), config(&file, 1));
        }
        Ok(())
    }

    fn start(&self, kind: Kind, handler: &str) -> anyhow::Result<Server> {
        let address = free_address()?;
        let work = self.home.work();
        let mut command = match kind {
            Kind::Lily => self.home.command(),
            Kind::Workerd => Command::new(self.workerd),
            Kind::Node => Command::new(self.node),
        };
        match kind {
            Kind::Lily => command
                .args(["run", &format!("{handler}.brick"), "--listen"])
                .arg(address.to_string()),
            Kind::Workerd => command
                .arg("serve")
                .arg(work.join(format!("{handler}.capnp")))
                .arg("--socket-addr")
                .arg(format!("http={address}")),
            Kind::Node => command
                .arg(sources().join("serve_node.mjs"))
                .arg(work.join(format!("{handler}.js")))
                .args([address.ip().to_string(), address.port().to_string()]),
        };
        Server::start(&mut command, address)
    }

    fn rates(&self) -> anyhow::Result<Section> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let mut section = Section::new(
            "JavaScript: handlers",
            "Requests a second; 16 connections in a closed loop on the same two cores as the server; median of three interleaved \
             rounds of 3 s. The same files everywhere: `lly run --listen` (QuickJS-ng, compiled to WebAssembly), npm `workerd` \
             and Node 22's `http` (both V8, with a just-in-time compiler). Aims: hello at least 1.2 × workerd, JSON at least 0.5 ×.",
            &[
                "handler",
                "`lly run`, requests/s",
                "p99, ms",
                "workerd, requests/s",
                "p99, ms",
                "Node, requests/s",
                "× workerd",
                "× Node",
            ],
        );
        for (handler, shows) in HANDLERS {
            let mut results: [Vec<Measured>; 3] = Default::default();
            for _ in 0..ROUNDS {
                for (kind, list) in KINDS.into_iter().zip(&mut results) {
                    let server = self.start(kind, handler)?;
                    list.push(runtime.block_on(load::run(server.address, PERIOD))?);
                }
            }
            let rate = |at: usize| median(results[at].iter().map(|m| m.requests_per_second));
            let p99 = |at: usize| median(results[at].iter().map(|m| m.p99.as_secs_f64() * 1e3));
            section.row(
                Row::new(shows)
                    .figure(rate(0), 0)
                    .figure(p99(0), 2)
                    .figure(rate(1), 0)
                    .figure(p99(1), 2)
                    .figure(rate(2), 0)
                    .figure(rate(0) / rate(1), 2)
                    .figure(rate(0) / rate(2), 2),
            );
        }
        Ok(section)
    }

    fn costs(&self) -> anyhow::Result<Section> {
        let mut section = Section::new(
            "JavaScript: one program",
            "The hello handler; median of nine fresh processes. Memory: proportional set size after the first answer. First answer: \
             from a connection to the whole answer, of a process that listens already; aim of `lly`: at most 2 ms.",
            &[
                "",
                "memory, MiB",
                "start to listening, ms",
                "first answer, ms",
            ],
        );
        for (kind, name) in KINDS
            .into_iter()
            .zip(["`lly run --listen`", "workerd", "Node"])
        {
            let (mut memory, mut starts, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..STARTS {
                let began = Instant::now();
                let server = self.start(kind, "hello")?;
                starts.push(began.elapsed().as_secs_f64() * 1e3);
                firsts.push(first_answer(server.address)?.as_secs_f64() * 1e3);
                memory.push(mebibytes(resident_bytes(server.pid())?));
            }
            section.row(
                Row::new(name)
                    .figure(median(memory.into_iter()), 1)
                    .figure(median(starts.into_iter()), 0)
                    .figure(median(firsts.into_iter()), 2),
            );
        }
        Ok(section)
    }

    /// Memory of a thousand: voids on one CAP, programs in one process, workers in one workerd.
    fn many(&self) -> anyhow::Result<Section> {
        let mut section = Section::new(
            "JavaScript: a thousand live programs",
            "Memory of the process that has them all, MiB: voids of a real fleet on one CAP, each of another program, when all have \
             answered once and when nobody has asked for 70 s; programs of the hello handler, all of one bundle, in one process on \
             the runtime that a CAP has; workers in one workerd. Those two have answered once. Aim of LILY: at most 400. The second \
             column leaves out what the process has without them.",
            &["", "memory, MiB", "of them alone, MiB", "each, KiB"],
        );
        let taken = many::on_a_cap(MANY)?;
        let rows = [
            (
                "1 000 voids on a CAP, each having answered",
                (taken.empty, taken.answered),
            ),
            (
                "1 000 voids on a CAP, nobody asking",
                (taken.empty, taken.quiet),
            ),
            ("1 000 programs on CAP's runtime", self.programs(MANY)?),
            ("1 000 workers in workerd", self.workers(MANY)?),
        ];
        for (name, (before, after)) in rows {
            let alone = after.saturating_sub(before);
            section.row(
                Row::new(name)
                    .figure(mebibytes(after), 1)
                    .figure(mebibytes(alone), 1)
                    .figure(alone as f64 / 1024.0 / MANY as f64, 0),
            );
        }
        Ok(section)
    }

    fn programs(&self, count: usize) -> anyhow::Result<(u64, u64)> {
        // A CAP compiles in a process of its own: what that takes is no program's. Here the first one does.
        self.counted(1)?;
        self.counted(count)
    }

    fn counted(&self, count: usize) -> anyhow::Result<(u64, u64)> {
        let output = Command::new(std::env::current_exe()?)
            .arg("voids")
            .arg(self.home.work().join("hello.brick"))
            .arg(self.home.path().join("cache/code"))
            .arg(count.to_string())
            .output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{count} programs: {told}");
        let text = String::from_utf8(output.stdout)?;
        let (before, after) = text.split_once(' ').context("two figures")?;
        Ok((before.parse()?, after.parse()?))
    }

    fn workers(&self, count: usize) -> anyhow::Result<(u64, u64)> {
        let single = self.start(Kind::Workerd, "hello")?;
        first_answer(single.address)?;
        let before = resident_bytes(single.pid())?;
        drop(single);
        self.home.write("many.capnp", config("hello.js", count));
        let server = self.start(Kind::Workerd, "many")?;
        // The first passes the request on to all the others, in turn.
        first_answer(server.address)?;
        Ok((before, resident_bytes(server.pid())?))
    }
}

/// A configuration of workerd with so many workers of the same source; the first answers, after it has asked the others.
fn config(source: &str, count: usize) -> String {
    let mut text = String::from(
        "using Workerd = import \"/workerd/workerd.capnp\";\nconst config :Workerd.Config = (\n  services = [\n",
    );
    let mut bindings = String::new();
    for at in 1..count {
        let _ = writeln!(
            text,
            "    (name = \"w{at}\", worker = (modules = [(name = \"worker\", esModule = embed \"{source}\")], \
             compatibilityDate = \"{COMPATIBILITY}\")),"
        );
        let _ = write!(bindings, "(name = \"w{at}\", service = \"w{at}\"), ");
    }
    let module = if count > 1 {
        "\"export default { async fetch(request, env) { \
         for (const worker of Object.values(env)) await (await worker.fetch(request.url)).text(); \
         return new Response('all'); } }\""
            .to_owned()
    } else {
        format!("embed \"{source}\"")
    };
    let _ = write!(
        text,
        "    (name = \"main\", worker = (modules = [(name = \"worker\", esModule = {module})], \
         compatibilityDate = \"{COMPATIBILITY}\", bindings = [{bindings}])),\n  ],\n  \
         sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"main\")]\n);\n"
    );
    text
}

/// From connecting to the end of the first answer.
fn first_answer(address: SocketAddr) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .with_context(|| format!("`{address}` does not answer"))?;
    let took = began.elapsed();
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "`{address}` answered `{}`",
        String::from_utf8_lossy(&answer)
    );
    Ok(took)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
