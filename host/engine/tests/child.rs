//! The compiling child. This test has its own `main`, because the child is this very executable.

#![expect(clippy::unwrap_used, reason = "a test")]

use host_engine::child::{self, CompileError, CompileLimits, CompileRequest};
use host_engine::{CodeCache, Engine, Form, Profile, WasmDigest};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const HELLO: &str = r#"(component
    (core module $m (func (export "answer") (result i32) i32.const 42))
    (core instance $i (instantiate $m))
    (func (export "answer") (result u32) (canon lift (core func $i "answer"))))"#;

fn main() -> ExitCode {
    if let Some(code) = child::main_if_asked() {
        return code;
    }
    a_component_is_compiled_and_cached();
    bad_wasm_is_told_from_a_bad_compiler();
    the_bounds_hold();
    ExitCode::SUCCESS
}

fn compile(wasm: &[u8], limits: &CompileLimits) -> Result<Vec<u8>, CompileError> {
    let exe = std::env::current_exe().unwrap();
    child::compile(
        &exe,
        &CompileRequest {
            profile: Profile::Stateless,
            form: Form::Component,
            wasm,
            limits,
        },
    )
}

fn a_component_is_compiled_and_cached() {
    let dir = tempfile::tempdir().unwrap();
    let cache = CodeCache::new(dir.path().to_owned());
    let engine = Engine::new(Profile::Stateless).unwrap();
    let wasm = wat::parse_str(HELLO).unwrap();
    let exe = std::env::current_exe().unwrap();
    let begun = Instant::now();
    let component = cache
        .component_in_child(
            &engine,
            &exe,
            WasmDigest::of(&wasm),
            || Ok(wasm.clone()),
            &CompileLimits::BRICK,
        )
        .unwrap();
    eprintln!("compiled in a child in {:?}", begun.elapsed());
    assert!(cache.is_cached(&engine, WasmDigest::of(&wasm), Form::Component));
    let mut store = wasmtime::Store::new(engine.wasmtime(), ());
    store.set_epoch_deadline(1_000_000);
    let linker = wasmtime::component::Linker::new(engine.wasmtime());
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let answer = instance
        .get_typed_func::<(), (u32,)>(&mut store, "answer")
        .unwrap();
    assert_eq!(answer.call(&mut store, ()).unwrap().0, 42);
}

fn bad_wasm_is_told_from_a_bad_compiler() {
    let error = compile(b"nothing of the kind", &CompileLimits::BRICK).unwrap_err();
    assert!(matches!(error, CompileError::Wasm { .. }), "{error}");
    let exe = std::path::Path::new("/nowhere/lly");
    let limits = &CompileLimits::BRICK;
    let request = CompileRequest {
        profile: Profile::Stateless,
        form: Form::Component,
        wasm: b"",
        limits,
    };
    assert!(matches!(
        child::compile(exe, &request),
        Err(CompileError::Start(_))
    ));
    let request = CompileRequest {
        wasm: b"x",
        ..request
    };
    let error = child::compile(std::path::Path::new("/bin/false"), &request).unwrap_err();
    assert!(matches!(error, CompileError::Crashed { .. }), "{error}");
}

/// A component whose one function takes long to compile.
fn large() -> Vec<u8> {
    let mut body = String::new();
    for index in 0..60_000 {
        body.push_str(&format!("(local.set 0 (i32.mul (i32.add (local.get 0) (i32.const {index})) (call $f (local.get 0))))"));
    }
    wat::parse_str(format!(
        r#"(component (core module $m (func $f (export "f") (param i32) (result i32) {body} (local.get 0))))"#
    ))
    .unwrap()
}

fn the_bounds_hold() {
    let wasm = large();
    let tight = CompileLimits {
        deadline: Duration::from_millis(50),
        ..CompileLimits::BRICK
    };
    let begun = Instant::now();
    let error = compile(&wasm, &tight).unwrap_err();
    assert!(matches!(error, CompileError::Deadline { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let tight = CompileLimits {
        memory_bytes_max: 200 << 20,
        ..CompileLimits::BRICK
    };
    let error = compile(&wasm, &tight).unwrap_err();
    assert!(matches!(error, CompileError::Memory { .. }), "{error}");
    let tight = CompileLimits {
        cpu_seconds_max: 0,
        ..CompileLimits::BRICK
    };
    let error = compile(&wasm, &tight).unwrap_err();
    assert!(matches!(error, CompileError::Cpu { .. }), "{error}");
}
