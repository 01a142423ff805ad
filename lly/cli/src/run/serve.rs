//! `lly run --listen`: the program answers HTTP requests on this machine, as it would on a CAP.

use std::net::SocketAddr;
use std::sync::Arc;

use host_runtime::{
    LogSink, LogStream, Program, RequestId, ServerAddress, ServiceContext, service,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use lly_brick::Bundle;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::failure::{Failure, OrFail};

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
    bundle: &Bundle,
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
        if !bundle.manifest.assets.is_empty() {
            context.detail("assets are served by a CAP, not by `lly run`");
        }
        accept(listener, address, Arc::new(program), env.into(), context).await
    })
}

async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    program: Arc<Program>,
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
        let service = service(
            Arc::clone(&program),
            ServiceContext {
                env: Arc::clone(&env),
                log: Arc::clone(&log),
                remote: Some(remote),
                server: Arc::clone(&server),
            },
        );
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
