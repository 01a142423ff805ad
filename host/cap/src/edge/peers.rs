//! The way to other CAPs: pooled connections with mutual TLS, and a request handed on with its body streaming in both
//! directions. HTTP/1.1 on purpose: the client's own name stays in `Host` while the connection goes to the peer.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, Version, header, uri::PathAndQuery};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    headers::{FORWARDED_BY, drop_hop_by_hop},
    listener::Body,
};

/// A CAP that does not take a connection in this time is as good as gone.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// The program's own wall time and its time in the queue, and a little for the way.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(40);

/// Connections to one peer kept for the next request.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// How long they are kept.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// Hands requests on to other CAPs.
#[derive(Debug, Clone)]
pub struct Peers {
    client: Client<PeerConnector, Body>,
    own_id: HeaderValue,
}

/// Why a request could not be handed on.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// There was no connection; the program has not seen the request.
    #[error("could not reach the CAP at `{peer}`")]
    Unreachable {
        /// Its URL.
        peer: Uri,
        /// What happened.
        #[source]
        source: hyper_util::client::legacy::Error,
    },
    /// The connection broke, or spoke no HTTP.
    #[error("the CAP at `{peer}` broke off")]
    Broken {
        /// Its URL.
        peer: Uri,
        /// What happened.
        #[source]
        source: hyper_util::client::legacy::Error,
    },
    /// No answer came in time.
    #[error("the CAP at `{peer}` gave no answer in {} s", ANSWER_TIME_MAX.as_secs())]
    Late {
        /// Its URL.
        peer: Uri,
    },
}

impl Peers {
    /// Speaks to peers as `own_id`, whose certificate is in `tls`.
    pub fn new(mut tls: ClientConfig, own_id: HeaderValue) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = PeerConnector {
            tls: TlsConnector::from(Arc::new(tls)),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector);
        Self { client, own_id }
    }

    /// Sends `request`, which the client meant for `host`, to the CAP at `peer`.
    pub async fn forward(
        &self,
        peer: &Uri,
        host: &str,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, ForwardError> {
        let path = request
            .uri()
            .path_and_query()
            .cloned()
            .unwrap_or(PathAndQuery::from_static("/"));
        let mut target = peer.clone().into_parts();
        target.path_and_query = Some(path);
        // A peer's URL has a scheme and an authority, or raptor's answer would not have been read.
        *request.uri_mut() = Uri::from_parts(target).unwrap_or_else(|_| peer.clone());
        *request.version_mut() = Version::HTTP_11;
        let headers = request.headers_mut();
        drop_hop_by_hop(headers);
        headers.insert(FORWARDED_BY, self.own_id.clone());
        if let Ok(host) = HeaderValue::from_str(host) {
            headers.insert(header::HOST, host);
        }
        let mut response = match timeout(ANSWER_TIME_MAX, self.client.request(request)).await {
            Err(_) => return Err(ForwardError::Late { peer: peer.clone() }),
            Ok(Err(source)) if source.is_connect() => {
                return Err(ForwardError::Unreachable {
                    peer: peer.clone(),
                    source,
                });
            }
            Ok(Err(source)) => {
                return Err(ForwardError::Broken {
                    peer: peer.clone(),
                    source,
                });
            }
            Ok(Ok(response)) => response,
        };
        drop_hop_by_hop(response.headers_mut());
        Ok(response)
    }
}

/// Opens connections for the pool.
#[derive(Clone)]
struct PeerConnector {
    tls: TlsConnector,
}

impl std::fmt::Debug for PeerConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeerConnector")
    }
}

impl tower::Service<Uri> for PeerConnector {
    type Response = TokioIo<PeerStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: Uri) -> Self::Future {
        let tls = self.tls.clone();
        Box::pin(async move {
            let late = || io::Error::new(io::ErrorKind::TimedOut, "connecting took too long");
            timeout(CONNECT_TIME_MAX, connect(tls, peer))
                .await
                .map_err(|_| late())?
        })
    }
}

async fn connect(tls: TlsConnector, peer: Uri) -> io::Result<TokioIo<PeerStream>> {
    let no_host = || io::Error::new(io::ErrorKind::InvalidInput, "the peer's URL has no host");
    let host = peer
        .host()
        .ok_or_else(no_host)?
        .trim_matches(['[', ']'])
        .to_owned();
    let stream = TcpStream::connect((host.as_str(), peer.port_u16().unwrap_or(443))).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(host).map_err(|_| no_host())?;
    Ok(TokioIo::new(PeerStream(tls.connect(name, stream).await?)))
}

/// A TLS connection to a peer.
#[derive(Debug)]
struct PeerStream(TlsStream<TcpStream>);

impl Connection for PeerStream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
