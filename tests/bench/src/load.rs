//! A closed-loop load generator: each connection sends its next request when the answer to the last has come.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;

/// Connections kept busy. More than the cores there are, so that neither side waits for the other.
const CONNECTIONS: usize = 16;
/// Answers before the clock starts.
const WARM_UP: Duration = Duration::from_millis(500);

/// What a server did under load.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Answers each second, all connections together.
    pub requests_per_second: f64,
    /// The latency that 99 of 100 answers stayed under.
    pub p99: Duration,
}

/// Loads `GET /` at `address` for `period`; every answer must be 200 with a body.
pub async fn run(address: SocketAddr, period: Duration) -> anyhow::Result<Measured> {
    let began = Instant::now();
    let (from, until) = (began + WARM_UP, began + WARM_UP + period);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        tasks.spawn(connection(address, from, until));
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    ensure!(!latencies.is_empty(), "`{address}` answered nothing");
    latencies.sort_unstable();
    let p99 = latencies[(latencies.len() * 99 / 100).min(latencies.len() - 1)];
    Ok(Measured {
        requests_per_second: latencies.len() as f64 / period.as_secs_f64(),
        p99,
    })
}

async fn connection(
    address: SocketAddr,
    from: Instant,
    until: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let stream = tokio::net::TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot reach `{address}`"))?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let mut latencies = Vec::new();
    loop {
        let asked = Instant::now();
        if asked >= until {
            break;
        }
        let request = hyper::Request::get("/")
            .header("host", "localhost")
            .body(Empty::<Bytes>::new())?;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(
            status == 200 && !body.is_empty(),
            "`{address}` answered {status} with {} bytes",
            body.len()
        );
        if asked >= from {
            latencies.push(asked.elapsed());
        }
    }
    driver.abort();
    Ok(latencies)
}
