//! Serves a router over TLS: who speaks is put beside each request, and leaving is stop accepting, drain, go.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts};
use axum::{Json, Router};
use fleet_api::{Problem, Role};
use http::request::Parts;
use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::identity::Identity;

/// A client that takes longer over the handshake, or over its headers, is not one of ours.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections at once. Each costs a few tens of kilobytes.
const CONNECTIONS_MAX: usize = 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;
/// How a peer on an HTTP/2 connection shows that it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long open requests may take to finish when the service leaves.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Who sent a request; absent for a user, who shows a token and no certificate.
#[derive(Clone, Debug)]
pub struct Peer(pub Option<Identity>);

impl Peer {
    /// The identity, if the peer has this role; else a problem for it to read.
    pub fn require(&self, role: Role) -> Result<&Identity, (StatusCode, Problem)> {
        match &self.0 {
            Some(identity) if identity.role == role => Ok(identity),
            Some(identity) => Err((
                StatusCode::FORBIDDEN,
                Problem::new(
                    "wrong-role",
                    format!(
                        "a service with the role `{}` may not do this",
                        identity.role
                    ),
                ),
            )),
            None => Err((
                StatusCode::UNAUTHORIZED,
                Problem::new("no-identity", "a certificate of the fleet is needed here"),
            )),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or(Self(None)))
    }
}

/// A JSON body. One that cannot be read is answered with a problem like everything else.
#[derive(Clone, Copy, Debug)]
pub struct Document<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Document<T> {
    type Rejection = (StatusCode, Json<Problem>);

    async fn from_request(
        request: axum::extract::Request,
        state: &S,
    ) -> Result<Self, Self::Rejection> {
        let read = Json::<T>::from_request(request, state).await;
        read.map(|Json(document)| Self(document)).map_err(|error| {
            (
                error.status(),
                Json(Problem::new("bad-document", error.body_text())),
            )
        })
    }
}

/// Serves `router` at `listener` until `shutdown`, then drains.
pub async fn serve(
    listener: TcpListener,
    tls: ServerConfig,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = &mut shutdown => break,
        };
        let Some((stream, place)) = accepted else {
            continue;
        };
        let (acceptor, router, watcher) = (acceptor.clone(), router.clone(), graceful.watcher());
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection(stream, acceptor, router, watcher).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were cut off: they took longer than the service could wait");
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            // Out of descriptors, most likely: waiting a little is better than spinning.
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

type ConnectionError = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await??;
    let certificate = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first());
    let peer = Peer(certificate.map(Identity::of_certificate).transpose()?);
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        // Somebody who follows a quiet log is rightly silent; somebody whose machine is gone is not.
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection).await
}
