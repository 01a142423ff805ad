//! Requests that guests send themselves: HTTP/1.1 over TCP or TLS, bounded in number and time.

use http::uri::Scheme;
use http::{Request, Response, Uri};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, timeout};
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use crate::limits::{CONNECT_TIMEOUT, OUTBOUND_PER_REQUEST_MAX};

/// Where guests may send requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    /// Nowhere.
    Nowhere,
    /// Public addresses only: neither this machine, nor its network, nor link-local services.
    Public,
    /// Anywhere the host itself can reach.
    Anywhere,
}

impl From<Egress> for host_outbound::Egress {
    fn from(egress: Egress) -> Self {
        match egress {
            Egress::Nowhere => host_outbound::Egress::Nowhere,
            Egress::Public => host_outbound::Egress::Public,
            Egress::Anywhere => host_outbound::Egress::Anywhere,
        }
    }
}

/// Shared by all programs of a runtime.
#[derive(Debug)]
pub(crate) struct Gateway {
    egress: Egress,
    connections: Arc<Semaphore>,
    tls: Arc<rustls::ClientConfig>,
    /// How long the other server may take to begin its answer, and between two pieces of it: a request's whole time.
    patience: Duration,
}

impl Gateway {
    pub(crate) fn new(
        egress: Egress,
        connections_max: usize,
        patience: Duration,
    ) -> Result<Gateway, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connections = Arc::new(Semaphore::new(connections_max));
        Ok(Gateway {
            egress,
            connections,
            tls: Arc::new(tls),
            patience,
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
            let shared = Arc::clone(&gateway.connections).try_acquire_owned();
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
        let target = Target::of(request.uri())?;
        let patience = |asked: Option<Duration>| asked.unwrap_or(self.patience).min(self.patience);
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

    async fn connect(&self, target: &Target) -> Result<Box<dyn Stream>, HttpError> {
        let addresses: Vec<SocketAddr> =
            tokio::net::lookup_host((target.host.as_str(), target.port))
                .await
                .map_err(|error| HttpError::DnsError {
                    rcode: Some(error.to_string()),
                    info_code: None,
                })?
                .collect();
        let permitted: Vec<SocketAddr> = addresses
            .iter()
            .copied()
            .filter(|address| self.egress.permits(address.ip()))
            .collect();
        if permitted.is_empty() {
            let nothing = addresses.is_empty();
            return Err(if nothing {
                HttpError::DestinationNotFound
            } else {
                HttpError::DestinationIpProhibited
            });
        }
        let stream = TcpStream::connect(permitted.as_slice())
            .await
            .map_err(HttpError::Connect)?;
        // Without it a small request may wait for the answer to its own first half.
        stream.set_nodelay(true).map_err(HttpError::Connect)?;
        if !target.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| HttpError::HttpRequestUriInvalid)?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(HttpError::Tls)?;
        Ok(Box::new(stream))
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

impl Egress {
    fn permits(self, address: IpAddr) -> bool {
        match self {
            Egress::Nowhere => false,
            Egress::Anywhere => true,
            Egress::Public => is_public(address),
        }
    }
}

/// Whether an address belongs to the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmarking = a == 198 && (b == 18 || b == 19);
            let special =
                v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast();
            let reserved = v4.is_documentation() || a == 0 || a >= 240;
            !(shared || benchmarking || special || reserved)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast is 2000::/3; within it, 2001:db8::/32 is documentation, 2002::/16 and 64:ff9b:: wrap IPv4.
            None => {
                let [first, second, ..] = v6.segments();
                first & 0xe000 == 0x2000
                    && first != 0x2002
                    && !(first == 0x2001 && second == 0x0db8)
            }
        },
    }
}

/// What to connect to.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
    tls: bool,
}

impl Target {
    fn of(uri: &Uri) -> Result<Target, HttpError> {
        let tls = uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().ok_or(HttpError::HttpRequestUriInvalid)?;
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(HttpError::HttpRequestUriInvalid);
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Target {
            host: host.to_owned(),
            port,
            tls,
        })
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

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

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
