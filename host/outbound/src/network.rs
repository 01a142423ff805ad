//! Connections to other servers: who may be reached, how many there are, and TLS. One for all programs of a machine.

use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::{Egress, Target};

/// Shared by all programs of a runtime.
#[derive(Debug)]
pub struct Network {
    egress: Egress,
    places: Arc<Semaphore>,
    /// For HTTP/1.1 and sockets: no other protocol is offered.
    tls: Arc<rustls::ClientConfig>,
    /// Offers HTTP/2 first.
    tls_http2: Arc<rustls::ClientConfig>,
    patience: Duration,
}

/// Which versions of HTTP a connection may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 if the server has it and the connection is encrypted, else HTTP/1.1.
    Http2OrHttp1,
}

/// A connection, ready for its first byte.
pub struct Connection {
    /// Both directions.
    pub io: Box<dyn Duplex>,
    /// Whether both sides have agreed on HTTP/2.
    pub is_http2: bool,
}

/// What can be read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name could not be looked up.
    #[error("its name cannot be looked up: {0}")]
    Lookup(String),
    /// The name has no address.
    #[error("its name has no address")]
    NotFound,
    /// It has addresses, and programs may reach none of them.
    #[error("programs may not reach its address")]
    Prohibited,
    /// The system's answer.
    #[error("it does not take connections")]
    Connect(#[source] io::Error),
    /// The handshake failed, or the certificate is not to be trusted.
    #[error("TLS failed")]
    Tls(#[source] io::Error),
    /// The host of the target is neither a name nor an address.
    #[error("its name is not one")]
    Name,
}

impl Network {
    /// Trusts the authorities of the web. `patience` is how long another server may take to begin its answer, and between
    /// two pieces of it.
    pub fn new(
        egress: Egress,
        connections_max: usize,
        patience: Duration,
    ) -> Result<Network, rustls::Error> {
        let roots = rustls::RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.into(),
        };
        Network::trusting(roots, egress, connections_max, patience)
    }

    /// The same, trusting these authorities only.
    pub fn trusting(
        roots: rustls::RootCertStore,
        egress: Egress,
        connections_max: usize,
        patience: Duration,
    ) -> Result<Network, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tls_http2 = tls.clone();
        tls_http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Network {
            egress,
            places: Arc::new(Semaphore::new(connections_max)),
            tls: Arc::new(tls),
            tls_http2: Arc::new(tls_http2),
            patience,
        })
    }

    /// Places for connections; who opens one holds a permit while it is open.
    pub fn places(&self) -> &Arc<Semaphore> {
        &self.places
    }

    /// How long another server may take to begin its answer, and between two pieces of it.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Connects to an address that programs may reach. The caller bounds the time and holds a place.
    pub async fn connect(
        &self,
        target: &Target,
        protocols: Protocols,
    ) -> Result<Connection, ConnectError> {
        let permitted = self.addresses(target).await?;
        let stream = TcpStream::connect(permitted.as_slice())
            .await
            .map_err(ConnectError::Connect)?;
        // Without it a small request may wait for the answer to its own first half.
        stream.set_nodelay(true).map_err(ConnectError::Connect)?;
        if !target.tls {
            return Ok(Connection {
                io: Box::new(stream),
                is_http2: false,
            });
        }
        let name = ServerName::try_from(target.host.clone()).map_err(|_| ConnectError::Name)?;
        let tls = match protocols {
            Protocols::Http1 => &self.tls,
            Protocols::Http2OrHttp1 => &self.tls_http2,
        };
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(tls));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(ConnectError::Tls)?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok(Connection {
            io: Box::new(stream),
            is_http2,
        })
    }

    /// The addresses of a target that may be reached: at least one.
    async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, ConnectError> {
        let addresses = tokio::net::lookup_host((target.host.as_str(), target.port))
            .await
            .map_err(|error| ConnectError::Lookup(error.to_string()))?;
        let addresses: Vec<SocketAddr> = addresses.collect();
        if addresses.is_empty() {
            return Err(ConnectError::NotFound);
        }
        let is_permitted = |address: &SocketAddr| self.egress.permits(address.ip());
        let permitted: Vec<_> = addresses.into_iter().filter(is_permitted).collect();
        if permitted.is_empty() {
            return Err(ConnectError::Prohibited);
        }
        Ok(permitted)
    }
}
