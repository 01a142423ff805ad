//! Many programs of one bundle in one process, as a CAP has them: one runtime, one engine, one instance each. A fleet of a
//! thousand would want the voids of ten accounts, and minutes to place them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use host_engine::{CodeCache, Engine, WasmDigest};
use host_runtime::{
    Carried, LoadedModule, LogSink, LogStream, Program, RequestId, Runtime, RuntimeLimits,
    ServerAddress, ServiceContext, maps_of, respond, serving_profile,
};
use http_body_util::{BodyExt as _, Empty};
use hyper::http::uri::Scheme;
use lly_brick::Bundle;

use crate::process::resident_bytes;

/// Nobody reads it.
struct Silent;

impl LogSink for Silent {
    fn line(&self, _stream: LogStream, _request: RequestId, _text: &str) {}
}

/// Prepares so many programs of a bundle, has each answer once, and says what memory the process had before and after, bytes.
pub fn run(bundle: &Path, cache: &Path, count: usize) -> anyhow::Result<(u64, u64)> {
    let bytes =
        std::fs::read(bundle).with_context(|| format!("cannot read `{}`", bundle.display()))?;
    let bundle = Bundle::open(&bytes)?;
    let (brick, component) = bundle.entry_brick().context("a bundle without a program")?;
    let engine = Engine::new(serving_profile(&bundle.manifest.modules))?;
    let cache = CodeCache::new(cache.to_owned());
    let digest = WasmDigest::from_bytes(*brick.digest.as_bytes());
    let compiled = cache.component_of(&engine, digest, || Ok(component.to_vec()))?;
    let mut modules = Vec::new();
    for module in &bundle.manifest.modules {
        let wasm = bundle.module(&module.digest).unwrap_or_default();
        let digest = WasmDigest::from_bytes(*module.digest.as_bytes());
        let compiled = cache.module_of(&engine, digest, || Ok(wasm.to_vec()))?;
        modules.push(Arc::new(LoadedModule::new(&module.digest, compiled)));
    }
    let runtime = Runtime::new(&engine, RuntimeLimits::standard())?;
    let programs: Vec<Program> = (0..count)
        .map(|_| {
            let carried = Carried {
                modules: modules.clone(),
                maps: maps_of(component).unwrap_or_default().to_vec(),
            };
            let program = runtime.prepare(compiled.clone(), brick.kind, carried)?;
            Ok(program.limited(&bundle.manifest.limits))
        })
        .collect::<anyhow::Result<_>>()?;
    let (first, others) = programs.split_first().context("no program is asked for")?;
    let before = resident_bytes(std::process::id())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        ask(first).await?;
        for program in others {
            ask(program).await?;
        }
        anyhow::Ok((before, resident_bytes(std::process::id())?))
    })
}

async fn ask(program: &Program) -> anyhow::Result<()> {
    let context = ServiceContext {
        env: Arc::from([]),
        log: Arc::new(Silent),
        remote: None,
        server: Arc::new(ServerAddress {
            scheme: Scheme::HTTP,
            name: "localhost".to_owned(),
            port: 80,
        }),
    };
    let request = hyper::Request::get("/")
        .header("host", "localhost")
        .body(Empty::<Bytes>::new())?;
    let response = respond(program, request, context.next_request()).await;
    let status = response.status();
    let body = response.into_body().collect().await;
    let length = body.map_or(0, |body| body.to_bytes().len());
    ensure!(status == 200 && length > 0, "a program answered {status}");
    Ok(())
}
