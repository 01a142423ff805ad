//! Requests a second of a hello handler, an instance for each request, beside `wasmtime serve` and plain hyper.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tests_kit::{Home, binary, sample};

use crate::load::{self, Measured};
use crate::process::{Server, free_address};
use crate::report::{Row, Section, median};

/// Rounds over all servers, in turn, so that a drifting machine hurts all alike.
const ROUNDS: usize = 3;
/// How long each server is loaded in each round.
const PERIOD: Duration = Duration::from_secs(5);

/// Measures every server and reports the medians.
pub fn measure(wasmtime: &Path) -> anyhow::Result<Section> {
    let home = Home::new();
    let bundle = home.work().join("hello.brick");
    let compile = home
        .command()
        .arg("compile")
        .current_dir(sample("hello-handler"))
        .args(["-o".as_ref(), bundle.as_os_str()])
        .output()?;
    anyhow::ensure!(
        compile.status.success(),
        "{}",
        String::from_utf8_lossy(&compile.stderr)
    );
    home.lly([
        "bundle".as_ref(),
        "unpack".as_ref(),
        bundle.as_os_str(),
        "-o".as_ref(),
        home.work().join("hello").as_os_str(),
    ])
    .success();
    let modules = home.work().join("hello/modules");
    let component = std::fs::read_dir(&modules)?
        .next()
        .context("the bundle has no module")??
        .path();

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut results: [Vec<Measured>; 3] = Default::default();
    for _ in 0..ROUNDS {
        for (at, list) in results.iter_mut().enumerate() {
            let address = free_address()?;
            let server = match at {
                0 => Server::start(
                    home.command()
                        .args(["run".as_ref(), bundle.as_os_str()])
                        .args(["--listen", &address.to_string()]),
                    address,
                ),
                1 => Server::start(
                    Command::new(wasmtime)
                        .args(["serve", "-S", "cli", "--addr", &address.to_string()])
                        .arg(&component),
                    address,
                ),
                _ => Server::start(
                    Command::new(binary("bench")).args(["serve-hyper", &address.to_string()]),
                    address,
                ),
            }?;
            list.push(runtime.block_on(load::run(server.address, PERIOD))?);
        }
    }
    Ok(section(&results))
}

fn section(results: &[Vec<Measured>; 3]) -> Section {
    let rate = |list: &[Measured]| median(list.iter().map(|m| m.requests_per_second));
    let p99 = |list: &[Measured]| median(list.iter().map(|m| m.p99.as_secs_f64() * 1e3));
    let names = [
        "`lly run --listen`, instance per request",
        "`wasmtime serve` 48, instance per request",
        "plain hyper",
    ];
    let reference = rate(&results[1]);
    let mut section = Section::new(
        "HTTP: a hello handler",
        "16 connections in a closed loop on the same two cores as the server; median of three interleaved rounds of 5 s. \
         Aim: at least 2 × `wasmtime serve`.",
        &["server", "requests/s", "p99, ms", "× `wasmtime serve`"],
    );
    for (name, list) in names.iter().zip(results) {
        section.row(
            Row::new(*name)
                .figure(rate(list), 0)
                .figure(p99(list), 2)
                .figure(rate(list) / reference, 2),
        );
    }
    section
}

/// The reference: hyper answering the same bytes, and nothing else.
pub async fn serve_hyper(address: SocketAddr) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(
                    b"Hello, world!\n",
                ))))
            });
            // A client that hangs up is no error of a benchmark.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
