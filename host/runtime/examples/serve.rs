//! Serves one component over plain HTTP/1.1, for measuring by hand:
//! `cargo run -p host-runtime --example serve -- hello.wasm 127.0.0.1:8080`.
#![expect(clippy::print_stdout, reason = "a program that tells where it listens")]

use host_engine::{Engine, Profile};
use host_runtime::{
    Carried, LogSink, LogStream, RequestId, Runtime, RuntimeLimits, ServerAddress, ServiceContext,
    service,
};
use hyper_util::rt::TokioIo;
use lly_brick::BrickKind;
use std::error::Error;
use std::sync::Arc;
use tokio::net::TcpListener;
use wasmtime::component::Component;

struct Print;

impl LogSink for Print {
    fn line(&self, stream: LogStream, request: RequestId, text: &str) {
        println!("{request} {stream:?}: {text}");
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(address)) = (args.next(), args.next()) else {
        return Err("usage: serve COMPONENT.wasm ADDRESS".into());
    };
    let engine = Engine::new(Profile::Stateless)?;
    let component = Component::from_file(engine.wasmtime(), path)?;
    let exports = component.component_type();
    let is_http = exports
        .exports(engine.wasmtime())
        .any(|(name, _)| name.starts_with("wasi:http/incoming-handler"));
    let kind = if is_http {
        BrickKind::Http
    } else {
        BrickKind::Command
    };
    let program = Arc::new(Runtime::new(&engine, RuntimeLimits::standard())?.prepare(
        component,
        kind,
        Carried::default(),
    )?);

    let listener = TcpListener::bind(address).await?;
    let local = listener.local_addr()?;
    println!("http://{local}");
    let server = ServerAddress {
        scheme: http::uri::Scheme::HTTP,
        name: local.ip().to_string(),
        port: local.port(),
    };
    let server = Arc::new(server);
    let log: Arc<dyn LogSink> = Arc::new(Print);
    loop {
        let (stream, remote) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let context = ServiceContext {
            env: Arc::from([]),
            log: Arc::clone(&log),
            remote: Some(remote),
            server: Arc::clone(&server),
        };
        let service = service(Arc::clone(&program), context);
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // A connection that breaks is its client's affair.
            let _ = connection
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
