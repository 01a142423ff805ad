//! Requests that guests send themselves: HTTP/1.1 over TCP or TLS, bounded in number and time.

use host_outbound::{ConnectError, Duplex, Egress, Network, Protocols, Target, TargetError};
use http::{Request, Response, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, timeout};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use crate::limits::{CONNECT_TIMEOUT, OUTBOUND_PER_REQUEST_MAX};

/// Shared by all programs of a runtime: the network, as wasi:http speaks of it.
#[derive(Debug)]
pub(crate) struct Gateway {
    /// Programs of other kinds go out by it too.
    pub(crate) network: Arc<Network>,
}

impl Gateway {
    pub(crate) fn new(
        egress: Egress,
        connections_max: usize,
        patience: Duration,
    ) -> Result<Gateway, rustls::Error> {
        let network = Network::new(egress, connections_max, patience)?;
        Ok(Gateway {
            network: Arc::new(network),
        })
    }
}

/// The outbound side of one instance.
pub(crate) struct Outbound {
    gateway: Arc<Gateway>,
    /// Made with the first request; most instances send none.
    own: Option<Arc<Semaphore>>,
}

impl Outbound {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Outbound {
        Outbound { gateway, own: None }
    }
}

type Connection = Box<dyn Future<Output = Result<(), HttpError>> + Send>;
type Answer = Result<(Response<WasiBody>, Connection), HttpError>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let own = self
            .own
            .get_or_insert_with(|| Arc::new(Semaphore::new(OUTBOUND_PER_REQUEST_MAX)));
        let own = Arc::clone(own).try_acquire_owned();
        let gateway = Arc::clone(&self.gateway);
        Box::new(async move {
            let shared = Arc::clone(gateway.network.places()).try_acquire_owned();
            let (Ok(own), Ok(shared)) = (own, shared) else {
                return Err(HttpError::ConnectionLimitReached);
            };
            gateway
                .send(
                    request,
                    options.unwrap_or_default(),
                    Permits {
                        _own: own,
                        _shared: shared,
                    },
                )
                .await
        })
    }
}

/// Held while a connection is open.
struct Permits {
    _own: OwnedSemaphorePermit,
    _shared: OwnedSemaphorePermit,
}

impl Gateway {
    async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
        permits: Permits,
    ) -> Answer {
        let target =
            Target::of(request.uri()).map_err(|TargetError| HttpError::HttpRequestUriInvalid)?;
        let longest = self.network.patience();
        let patience = |asked: Option<Duration>| asked.unwrap_or(longest).min(longest);
        let connect_time = patience(options.connect_timeout).min(CONNECT_TIMEOUT);
        let stream = timeout(connect_time, self.connect(&target))
            .await
            .map_err(|_| HttpError::ConnectionTimeout)??;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = timeout(connect_time, handshake)
            .await
            .map_err(|_| HttpError::ConnectionTimeout)??;

        *request.uri_mut() = origin_form(request.uri())?;
        let mut connection = Box::pin(connection);
        let answer = drive(&mut connection, sender.send_request(request));
        let response = timeout(patience(options.first_byte_timeout), answer)
            .await
            .map_err(|_| HttpError::ConnectionReadTimeout)??;
        let between = patience(options.between_bytes_timeout);
        let response = response.map(|body| TimedBody::new(body, between).boxed_unsync());
        let rest = async move {
            let _permits = permits;
            // The sender must live as long as the connection is to.
            let _sender = sender;
            connection.await.map_err(HttpError::from)
        };
        Ok((response, Box::new(rest)))
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Duplex>, HttpError> {
        let connected = self.network.connect(target, Protocols::Http1).await;
        let connection = connected.map_err(|error| match error {
            ConnectError::Lookup(rcode) => HttpError::DnsError {
                rcode: Some(rcode),
                info_code: None,
            },
            ConnectError::NotFound => HttpError::DestinationNotFound,
            ConnectError::Prohibited => HttpError::DestinationIpProhibited,
            ConnectError::Connect(error) => HttpError::Connect(error),
            ConnectError::Tls(error) => HttpError::Tls(error),
            ConnectError::Name => HttpError::HttpRequestUriInvalid,
        })?;
        Ok(connection.io)
    }
}

/// Polls the connection until the answer is there.
async fn drive<T>(
    connection: &mut Pin<Box<impl Future<Output = hyper::Result<()>>>>,
    answer: impl Future<Output = hyper::Result<T>>,
) -> Result<T, HttpError> {
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return Ok(answer?),
        ended = connection.as_mut() => ended?,
    }
    // The connection ended well: whatever it had to give has been given.
    match futures_util::FutureExt::now_or_never(answer) {
        Some(answer) => Ok(answer?),
        None => Err(HttpError::ConnectionTerminated),
    }
}

/// The request line of a request to the server itself names only path and query.
fn origin_form(uri: &Uri) -> Result<Uri, HttpError> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder()
        .path_and_query(path)
        .build()
        .map_err(|_| HttpError::HttpRequestUriInvalid)
}

/// The other server's answer, given up when it pauses too long.
struct TimedBody {
    body: hyper::body::Incoming,
    between: Duration,
    alarm: Pin<Box<Sleep>>,
}

impl TimedBody {
    fn new(body: hyper::body::Incoming, between: Duration) -> TimedBody {
        TimedBody {
            body,
            between,
            alarm: Box::pin(tokio::time::sleep(between)),
        }
    }
}

impl HttpBody for TimedBody {
    type Data = bytes::Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<bytes::Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let next = Instant::now() + self.between;
            self.alarm.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(HttpError::from)));
        }
        self.alarm
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(HttpError::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[path = "egress/tests.rs"]
mod tests;
