//! Accepts connections and speaks HTTP on them: TLS, HTTP/2 and HTTP/1.1, within limits. What a request means is the
//! handler's; this file knows none of it. The edge and the control server are both made here.

use std::{
    convert::Infallible, future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::idle::IdleLimit;

/// Any body a CAP sends.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// What can go wrong while a body is on its way.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A client gets this long to finish the TLS handshake.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// A client gets this long to send the head of an HTTP/1 request (slowloris).
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Headers an HTTP/1 request may have; browsers send about twenty.
const HEADERS_MAX: usize = 100;

/// Bytes the head of a request may have, in either protocol.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Parallel requests on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;

/// What HTTP/2 may buffer of one answer that its client reads slowly.
const SEND_BUFFER_BYTES_MAX: usize = 256 << 10;

/// How a peer on an HTTP/2 connection proves that it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// Time between two attempts to accept when the system has no descriptor left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Limits that differ between listeners.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at once; more wait in the backlog of the system.
    pub connections_max: usize,
    /// Time in which no byte moves in either direction before a connection is closed; `None` for peers that are
    /// known and may rightly be quiet (someone following a log).
    pub idle: Option<Duration>,
    /// Time for open requests when the listener closes.
    pub drain: Duration,
}

/// Who is at the other end of a connection.
#[derive(Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Was the connection encrypted?
    pub scheme: &'static str,
    /// Its certificate, verified against the fleet's CA, when it showed one.
    pub certificate: Option<CertificateDer<'static>>,
}

/// Serves `listener` until `stop`; then open requests are finished, for at most `limits.drain`.
pub async fn serve<H, F>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    handler: H,
    stop: CancellationToken,
) where
    H: Fn(Request<Incoming>, Arc<Peer>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stop.cancelled());
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &seats) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Some((stream, address, seat)) = accepted else {
            continue;
        };
        let (tls, handler, watcher) = (tls.clone(), handler.clone(), graceful.watcher());
        let stop = stop.clone();
        connections.spawn(async move {
            let _seat = seat;
            let work = connection(stream, address, tls, limits, handler, watcher);
            tokio::select! {
                // A connection whose handshake is not over at shutdown has no request to lose; after it, `watcher`
                // decides.
                () = work => {}
                () = async { stop.cancelled().await; tokio::time::sleep(limits.drain).await } => {}
            }
        });
    }
    drop(listener);
    let drained = timeout(limits.drain, async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        warn!(
            open = connections.len(),
            "connections were still open at the end of the drain and are cut"
        );
        connections.shutdown().await;
    }
}

async fn accept(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // Without this one peer once was 195 times slower (Nagle against delayed acknowledgement).
            if let Err(error) = stream.set_nodelay(true) {
                debug!(%address, %error, "could not set TCP_NODELAY");
            }
            Some((stream, address, seat))
        }
        Err(error) => {
            warn!(%error, "could not accept a connection");
            tokio::time::sleep(ACCEPT_RETRY).await;
            None
        }
    }
}

async fn connection<H, F>(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    handler: H,
    watcher: hyper_util::server::graceful::Watcher,
) where
    H: Fn(Request<Incoming>, Arc<Peer>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let Some(tls) = tls else {
        let peer = Peer {
            address,
            scheme: "http",
            certificate: None,
        };
        return exchange(stream, false, peer, limits, handler, watcher).await;
    };
    match timeout(HANDSHAKE_TIME_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let session = stream.get_ref().1;
            let is_http2 = session.alpn_protocol() == Some(b"h2");
            let certificate = session
                .peer_certificates()
                .and_then(|chain| chain.first())
                .map(|leaf| leaf.clone().into_owned());
            let peer = Peer {
                address,
                scheme: "https",
                certificate,
            };
            exchange(stream, is_http2, peer, limits, handler, watcher).await;
        }
        Ok(Err(error)) => debug!(%address, %error, "TLS handshake failed"),
        Err(_) => debug!(%address, "TLS handshake took too long"),
    }
}

async fn exchange<S, H, F>(
    stream: S,
    is_http2: bool,
    peer: Peer,
    limits: Limits,
    handler: H,
    watcher: hyper_util::server::graceful::Watcher,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Incoming>, Arc<Peer>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let address = peer.address;
    let peer = Arc::new(peer);
    let service = service_fn(move |request| {
        let answer = handler(request, Arc::clone(&peer));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let builder = builder(is_http2);
    let outcome = match limits.idle {
        Some(idle) => {
            let stream = TokioIo::new(IdleLimit::new(stream, idle));
            watcher
                .watch(builder.serve_connection(stream, service).into_owned())
                .await
        }
        None => {
            watcher
                .watch(
                    builder
                        .serve_connection(TokioIo::new(stream), service)
                        .into_owned(),
                )
                .await
        }
    };
    if let Err(error) = outcome {
        debug!(%address, error = %error, "connection ended early");
    }
}

fn builder(is_http2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .pipeline_flush(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_send_buf_size(SEND_BUFFER_BYTES_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    // The protocol is known from ALPN (or is HTTP/1.1), so that no time is open-ended while it is guessed.
    if is_http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    }
}
