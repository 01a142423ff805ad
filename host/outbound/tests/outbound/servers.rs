//! Servers on free ports of this machine: well-behaved ones by hyper, others by hand.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub type Answer = Response<BoxBody<Bytes, io::Error>>;

pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections it has taken.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let body = Full::new(body.into()).map_err(|never: Infallible| match never {});
    with_body(status, headers, body.boxed())
}

pub fn with_body(status: u16, headers: &[(&str, &str)], body: BoxBody<Bytes, io::Error>) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body).unwrap()
}

/// A body of these pieces, each as it is sent.
pub fn pieces<S>(stream: S) -> BoxBody<Bytes, io::Error>
where
    S: futures_util::Stream<Item = Bytes> + Send + Sync + 'static,
{
    let frames = futures_util::StreamExt::map(stream, |data| Ok(Frame::data(data)));
    BodyExt::boxed(StreamBody::new(frames))
}

/// HTTP/1.1 and, if the client begins with it, HTTP/2.
pub async fn serve<Handler, Task>(handler: Handler) -> Server
where
    Handler: Fn(Request<Incoming>) -> Task + Clone + Send + Sync + 'static,
    Task: Future<Output = Answer> + Send + 'static,
{
    listen(None, handler).await
}

/// The same over TLS.
pub async fn serve_tls<Handler, Task>(tls: rustls::ServerConfig, handler: Handler) -> Server
where
    Handler: Fn(Request<Incoming>) -> Task + Clone + Send + Sync + 'static,
    Task: Future<Output = Answer> + Send + 'static,
{
    listen(Some(TlsAcceptor::from(Arc::new(tls))), handler).await
}

async fn listen<Handler, Task>(tls: Option<TlsAcceptor>, handler: Handler) -> Server
where
    Handler: Fn(Request<Incoming>) -> Task + Clone + Send + Sync + 'static,
    Task: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (handler, tls) = (handler.clone(), tls.clone());
            tokio::spawn(async move {
                match tls {
                    None => connection(stream, handler).await,
                    Some(tls) => {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream, handler).await;
                        }
                    }
                }
            });
        }
    });
    Server {
        address,
        connections,
    }
}

async fn connection<Handler, Task>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    handler: Handler,
) where
    Handler: Fn(Request<Incoming>) -> Task + Clone + Send + Sync + 'static,
    Task: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = handler(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    // A client that leaves is what some tests are about.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Does as it is told with each connection.
pub async fn raw<Task>(script: impl Fn(TcpStream) -> Task + Send + 'static) -> Server
where
    Task: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(script(stream));
        }
    });
    Server {
        address,
        connections,
    }
}

/// Reads until the end of a request's head.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// An authority of one's own, and a server's certificate for `localhost` by it.
pub fn own_authority(protocols: &[&[u8]]) -> (rustls::RootCertStore, rustls::ServerConfig) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|one| one.to_vec()).collect();
    (roots, config)
}
