//! Serves one component over plain HTTP/1.1, for measuring by hand:
//! `cargo run -p host-runtime --example serve -- hello.wasm 127.0.0.1:8080`. One that imports a core module by content is given
//! that as a third argument; `run` in place of the address runs a command.
#![expect(clippy::print_stdout, reason = "a program that tells where it listens")]

use host_engine::{CodeCache, Engine, Profile};
use host_runtime::{
    Carried, CommandRequest, Input, LoadedModule, LogSink, LogStream, Output, RequestId, Runtime,
    RuntimeLimits, ServerAddress, ServiceContext, service,
};
use hyper_util::rt::TokioIo;
use lly_brick::{BrickKind, Digest};
use std::error::Error;
use std::sync::Arc;
use tokio::net::TcpListener;

struct Print;

impl LogSink for Print {
    fn line(&self, stream: LogStream, request: RequestId, text: &str) {
        println!("{request} {stream:?}: {text}");
    }
}

fn is_server(export: &str) -> bool {
    export.starts_with("wasi:http/incoming-handler") || export.starts_with("lily:javascript/server")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(address)) = (args.next(), args.next()) else {
        return Err("usage: serve COMPONENT ADDRESS [SHARED-MODULE]".into());
    };
    let shared = args.next();
    let engine = Engine::new(match shared {
        Some(_) => Profile::OnDemand,
        None => Profile::Stateless,
    })?;
    let cache = CodeCache::new(std::env::temp_dir().join("lily-serve"));
    let mut carried = Carried::default();
    if let Some(shared) = shared {
        let wasm = std::fs::read(shared)?;
        let module = cache.module(&engine, &wasm)?;
        let module = LoadedModule::new(&Digest::of(&wasm), module);
        carried.modules.push(Arc::new(module));
    }
    let component = cache.component(&engine, &wat::parse_file(path)?)?;
    let exports = component.component_type();
    let kind = match exports
        .exports(engine.wasmtime())
        .any(|(name, _)| is_server(name))
    {
        true => BrickKind::Http,
        false => BrickKind::Command,
    };
    let runtime = Runtime::new(&engine, RuntimeLimits::standard())?;
    let program = Arc::new(runtime.prepare(component, kind, carried)?);
    if address == "run" {
        let code = program
            .run_command(CommandRequest {
                args: args.collect(),
                env: std::env::vars().collect(),
                stdin: Input::Inherit,
                stdout: Output::Inherit,
                stderr: Output::Inherit,
                timeout: None,
                folders: Vec::new(),
            })
            .await?;
        std::process::exit(code.code());
    }

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
