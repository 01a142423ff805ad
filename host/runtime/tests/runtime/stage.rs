//! What every test needs: one engine, programs, requests, a log to look into.

use bytes::Bytes;
use host_engine::{Engine, Profile};
use host_runtime::{
    Body, Carried, Fault, LogSink, LogStream, Program, RequestContext, RequestId, Runtime,
    RuntimeLimits, ServerAddress,
};
use http_body_util::{BodyExt, Full};
use lly_brick::BrickKind;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Everything that was logged.
#[derive(Default)]
pub struct Log(Mutex<Vec<(LogStream, String)>>);

impl LogSink for Log {
    fn line(&self, stream: LogStream, _request: RequestId, text: &str) {
        self.0.lock().unwrap().push((stream, text.to_owned()));
    }
}

impl Log {
    pub fn of(&self, stream: LogStream) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .filter(|line| line.0 == stream)
            .map(|line| line.1.clone())
            .collect()
    }
}

pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(Profile::Stateless).unwrap())
}

pub fn limits() -> RuntimeLimits {
    RuntimeLimits {
        wall_time: Duration::from_secs(10),
        ..RuntimeLimits::standard()
    }
}

pub fn compile(wasm: &[u8]) -> wasmtime::component::Component {
    wasmtime::component::Component::new(engine().wasmtime(), wasm).unwrap()
}

pub fn runtime(limits: RuntimeLimits) -> Runtime {
    Runtime::new(engine(), limits).unwrap()
}

pub fn program(wasm: &[u8], kind: BrickKind, limits: RuntimeLimits) -> Arc<Program> {
    Arc::new(
        runtime(limits)
            .prepare(compile(wasm), kind, Carried::default())
            .unwrap()
            .named("guest"),
    )
}

pub fn http(data: &str, handler: &str) -> Arc<Program> {
    program(
        &crate::guests::http(data, handler),
        BrickKind::Http,
        limits(),
    )
}

pub fn command(data: &str, main: &str) -> Arc<Program> {
    program(
        &crate::guests::command(data, main),
        BrickKind::Command,
        limits(),
    )
}

pub fn context(log: &Arc<Log>) -> RequestContext {
    RequestContext {
        id: RequestId::fresh(),
        env: Arc::from([("GREETING".to_owned(), "hello".to_owned())]),
        log: Arc::clone(log) as Arc<dyn LogSink>,
        remote: Some("192.0.2.7:4711".parse().unwrap()),
        server: Arc::new(ServerAddress {
            scheme: http::uri::Scheme::HTTPS,
            name: "fallback.test".into(),
            port: 443,
        }),
    }
}

pub fn get(target: &str) -> http::Request<Full<Bytes>> {
    http::Request::get(target)
        .header("host", "guest.test")
        .body(Full::default())
        .unwrap()
}

pub fn post(body: impl Into<Bytes>) -> http::Request<Full<Bytes>> {
    http::Request::post("/")
        .header("host", "guest.test")
        .body(Full::new(body.into()))
        .unwrap()
}

/// One request, with a log nobody looks into.
pub async fn ask(
    program: &Program,
    request: http::Request<Full<Bytes>>,
) -> Result<http::Response<Body>, Fault> {
    program.serve(request, context(&Arc::default())).await
}

pub async fn text(response: http::Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Waits, within reason, for something that another task is about to do.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not happen within 5 s: {what}");
}
