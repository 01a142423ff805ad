//! `lly run --listen`: the program answers HTTP requests on this machine, as it would on a CAP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use host_runtime::{
    Answer, Body, LogSink, LogStream, Program, RequestId, ServerAddress, ServiceContext, Site,
    respond,
};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use lly_brick::Bundle;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// What answers: the bundle's files, its routes and its program.
struct Served {
    program: Option<Program>,
    bundle: Bundle,
    site: Site,
}

impl Served {
    async fn answer(&self, request: Request<Incoming>, context: ServiceContext) -> Response<Body> {
        let head = (request.method(), request.uri(), request.headers());
        let (dress, program) = match (self.site.answer(head.0, head.1, head.2), &self.program) {
            (
                Answer::File {
                    head,
                    digest,
                    bytes,
                },
                _,
            ) => {
                let content = self.bundle.blob(&digest).unwrap_or_default();
                let part = bytes.and_then(|(first, count)| {
                    let first = usize::try_from(first).ok()?;
                    content.get(first..first.checked_add(usize::try_from(count).ok()?)?)
                });
                let body = Bytes::copy_from_slice(part.unwrap_or_default());
                return head.map(|()| Body::whole(body));
            }
            (Answer::Words(response), _) => return response.map(Body::whole),
            (Answer::Program(dress), Some(program)) => (dress, program),
            (Answer::Program(_), None) => {
                let mut response = Response::new(Body::whole("There is no program.\n"));
                *response.status_mut() = StatusCode::NOT_FOUND;
                return response;
            }
        };
        let mut response = respond(program, request, context.next_request()).await;
        dress.put_on(response.headers_mut());
        response
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
    program: Option<Program>,
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
        let manifest = &bundle.manifest;
        let served = Served {
            site: Site::new(&manifest.assets, &manifest.routes, program.is_some()),
            program,
            bundle,
        };
        accept(listener, address, Arc::new(served), env.into(), context).await
    })
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    served: Arc<Served>,
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
        let served = Arc::clone(&served);
        let service = service_fn(move |request| {
            let (served, context) = (Arc::clone(&served), context.clone());
            async move { Ok::<_, Infallible>(served.answer(request, context).await) }
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
