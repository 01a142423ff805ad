//! `lly run --listen`: the program answers HTTP requests on this machine, as it would on a CAP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use host_runtime::{
    AssetIndex, AssetLookup, Body, LogSink, LogStream, Program, RequestId, ServerAddress,
    ServiceContext, redirect_to, respond,
};
use http::{Method, Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use lly_brick::Bundle;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// What answers: the bundle's files first, then its program.
struct Site {
    program: Program,
    bundle: Bundle,
    assets: AssetIndex,
}

impl Site {
    async fn answer(&self, request: Request<Incoming>, context: ServiceContext) -> Response<Body> {
        match self.file(&request) {
            Some(file) => file,
            None => respond(&self.program, request, context.next_request()).await,
        }
    }

    /// The answer without the program, if the path means a file of the bundle.
    fn file(&self, request: &Request<Incoming>) -> Option<Response<Body>> {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return None;
        }
        let asset = match self.assets.lookup(request.uri().path()) {
            AssetLookup::Found(asset) => asset,
            AssetLookup::Redirect(path) => {
                let to = redirect_to(&path, request.uri().query());
                return Some(to.map(|()| Body::whole(Bytes::new())));
            }
            AssetLookup::Missing => return None,
        };
        let (head, range) = asset.answer(request.method(), request.headers());
        let content = self.bundle.blob(&asset.digest).unwrap_or_default();
        let part = range.and_then(|(first, count)| {
            let first = usize::try_from(first).ok()?;
            content.get(first..first.checked_add(usize::try_from(count).ok()?)?)
        });
        let body = Body::whole(Bytes::copy_from_slice(part.unwrap_or_default()));
        Some(head.map(|()| body))
    }
}

/// Lines of the program's log go to stderr.
struct Talk {
    context: Context,
}

impl LogSink for Talk {
    fn line(&self, stream: LogStream, request: RequestId, text: &str) {
        let from = match stream {
            LogStream::Stdout => "stdout",
            LogStream::Stderr => "stderr",
            LogStream::System => "system",
        };
        self.context.say(format!("{request} {from} {text}"));
    }
}

#[derive(Serialize)]
struct Listening {
    listening: String,
    name: String,
}

/// Serves until the process is interrupted.
pub fn run(
    program: Program,
    bundle: Bundle,
    address: SocketAddr,
    env: Vec<(String, String)>,
    context: &Context,
) -> Result<(), Failure> {
    let reactor = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .or_fail(|| "cannot start")?;
    reactor.block_on(async {
        let listener = TcpListener::bind(address)
            .await
            .or_fail(|| format!("cannot listen on {address}"))?;
        let address = listener.local_addr().or_fail(|| "cannot listen")?;
        let listening = Listening {
            listening: format!("http://{address}"),
            name: bundle.manifest.name.clone(),
        };
        context.data("lily.run/1", &listening, || {
            format!("{} answers at {}/\n", listening.name, listening.listening)
        })?;
        let files = bundle.manifest.assets.iter();
        let site = Site {
            assets: AssetIndex::new(files.map(|file| (file.path.clone(), file.digest, file.size))),
            program,
            bundle,
        };
        accept(listener, address, Arc::new(site), env.into(), context).await
    })
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
    env: Arc<[(String, String)]>,
    context: &Context,
) -> Result<(), Failure> {
    let log: Arc<dyn LogSink> = Arc::new(Talk {
        context: context.clone(),
    });
    let server = Arc::new(ServerAddress {
        scheme: http::uri::Scheme::HTTP,
        name: address.ip().to_string(),
        port: address.port(),
    });
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most often: wait for connections to end.
                context.detail(format!("cannot accept a connection: {error}"));
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        // A peer that waits for small writes would wait for Nagle's timer.
        let _ = stream.set_nodelay(true);
        let context = ServiceContext {
            env: Arc::clone(&env),
            log: Arc::clone(&log),
            remote: Some(remote),
            server: Arc::clone(&server),
        };
        let site = Arc::clone(&site);
        let service = service_fn(move |request| {
            let (site, context) = (Arc::clone(&site), context.clone());
            async move { Ok::<_, Infallible>(site.answer(request, context).await) }
        });
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new());
            // The client went away or spoke no HTTP: its affair.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
