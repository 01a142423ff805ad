use super::*;
use crate::testing::{frontend, frontend_manifest, package};
use crate::{Silent, Stage};
use std::sync::Mutex;

/// The core of a frontend. `lower` and `emit` do their bodies and answer with what is at 1024.
fn core(lower: &str, emit: &str, data: &str) -> String {
    format!(
        r#"(module
        (import "lily:frontend/tool@0.1.0" "run" (func $run (param i32 i32 i32 i32 i32)))
        (memory (export "memory") 1)
        (global $top (mut i32) (i32.const 8192))
        (data (i32.const 2048) "BIR")
        (data (i32.const 2080) "\00asm\0d\00\01\00")
        (data (i32.const 2112) "no such type")
        ;; A diagnostic: error, its message, no path, no place, no line.
        (data (i32.const 3072) "\02\00\00\00\40\08\00\00\0c\00\00\00")
        ;; A job of the tool `spin`, without arguments, files or outputs.
        (data (i32.const 3200) "spin")
        (data (i32.const 3216) "\80\0c\00\00\04\00\00\00")
        {data}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
            (global.set $top (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        ;; Answers Ok with a list of bytes.
        (func $ok (param $at i32) (param $length i32)
            (i32.store (i32.const 1028) (local.get $at))
            (i32.store (i32.const 1032) (local.get $length)))
        ;; Answers Err with the diagnostic, so many times.
        (func $err (param $count i32)
            (i32.store (i32.const 1024) (i32.const 1))
            (i32.store (i32.const 1028) (i32.const 3072))
            (i32.store (i32.const 1032) (local.get $count)))
        (func (export "lower") (param i32) (result i32) {lower} (i32.const 1024))
        (func (export "emit") (param i32) (result i32) {emit} (i32.const 1024)))"#
    )
}

const OK_LOWER: &str = "(call $ok (i32.const 2048) (i32.const 3))";
const OK_EMIT: &str = "(call $ok (i32.const 2080) (i32.const 8))";

fn load(core: &str, limits: FrontendLimits) -> Frontend {
    load_component(&frontend(core), limits).unwrap()
}

fn load_component(wasm: &[u8], limits: FrontendLimits) -> Result<Frontend, LoadError> {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let spin = wat::parse_str(
        r#"(module (memory (export "memory") 1) (func (export "_start") (local i32)
            (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if 0 (i32.lt_u (local.get 0) (i32.const 2000000000))))))"#,
    );
    let mut manifest = frontend_manifest();
    manifest
        .tools
        .insert("spin".to_owned(), "spin.wasm".to_owned());
    let package = package(
        &manifest,
        &[("component.wasm", wasm), ("spin.wasm", &spin.unwrap())],
    );
    let installed = store.install_packaged(&package).unwrap();
    Frontend::load_with(&store, &installed, &Silent, limits)
}

fn options() -> Options {
    Options {
        name: "hello".to_owned(),
        profile: None,
        optimization: 2,
        debug_info: false,
        defines: Vec::new(),
        include_dirs: Vec::new(),
        flags: Vec::new(),
    }
}

fn lower(frontend: &Frontend) -> Result<Lowered, FrontendError> {
    let source = SourceFile {
        path: "hello.c".to_owned(),
        contents: b"int main(){}".to_vec(),
    };
    frontend.lower(&[source], &[], &options(), 2)
}

fn emit(frontend: &Frontend) -> Result<Emitted, FrontendError> {
    let plan = BrickPlan {
        name: "hello".to_owned(),
        units: vec![],
    };
    frontend.emit(b"BIR", &plan, &options())
}

#[test]
fn bir_and_components_come_back() {
    let frontend = load(&core(OK_LOWER, OK_EMIT, ""), FrontendLimits::STANDARD);
    assert_eq!(lower(&frontend).unwrap().bir, b"BIR");
    assert_eq!(emit(&frontend).unwrap().component, b"\0asm\x0d\0\x01\0");
    assert_eq!(frontend.manifest().name, "c");
}

#[test]
fn errors_of_the_program_are_no_faults_of_the_plugin() {
    let frontend = load(
        &core("(call $err (i32.const 1))", OK_EMIT, ""),
        FrontendLimits::STANDARD,
    );
    match lower(&frontend) {
        Err(FrontendError::Diagnostics(diagnostics)) => {
            assert_eq!(diagnostics.len(), 1);
            assert_eq!(diagnostics[0].message, "no such type");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn hostile_frontends_get_one_sentence() {
    let limits = FrontendLimits {
        memory_bytes_max: 64 << 20,
        own_time_max: Duration::from_millis(200),
        output_bytes_max: 1 << 20,
        ..FrontendLimits::STANDARD
    };
    for (body, reason) in [
        (
            "unreachable",
            "the program aborted (`unreachable` was reached)",
        ),
        ("(loop (br 0))", "it ran longer than 0.2 s"),
        (
            "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            "out of memory: the limit is 64 MiB",
        ),
        (
            "(call $ok (i32.const 0) (i32.const 0))",
            "it returned an empty BIR",
        ),
        (
            "(call $err (i32.const 0))",
            "it refused the program without an error message",
        ),
    ] {
        let frontend = load(&core(body, OK_EMIT, ""), limits.clone());
        let error = lower(&frontend).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the plugin `c` 1.2.3 failed in `lower`: {reason}")
        );
        // The next call is as good as the first.
        assert!(emit(&frontend).is_ok());
    }
    let odd = load(&core(OK_LOWER, OK_LOWER, ""), limits.clone());
    let error = emit(&odd).unwrap_err().to_string();
    assert_eq!(
        error,
        "the plugin `c` 1.2.3 failed in `emit`: it returned bytes that are not a component"
    );
    let grown = "(drop (memory.grow (i32.const 64)))(call $ok (i32.const 0) (i32.const 2000000))";
    let much = load(&core(grown, OK_EMIT, ""), limits.clone());
    let error = lower(&much).unwrap_err().to_string();
    assert!(
        error.starts_with("the plugin `c` 1.2.3 failed in `lower`: "),
        "{error}"
    );
    let beyond = "(call $ok (i32.const 60000) (i32.const 60000))";
    let error = lower(&load(&core(beyond, OK_EMIT, ""), limits))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the plugin `c` 1.2.3 failed in `lower`: "),
        "{error}"
    );
    assert!(!error.contains('\n'), "{error}");
}

/// Runs the tool, whose time is longer than the frontend's own.
#[test]
fn time_of_the_tools_is_not_the_plugins_own() {
    let run = r#"
        (call $run (i32.const 0) (i32.const 0) (i32.const 3216) (i32.const 1) (i32.const 1200))
        (if (i32.load8_u (i32.const 1200)) (then unreachable))
        (call $ok (i32.const 2048) (i32.const 3))"#;
    let limits = FrontendLimits {
        own_time_max: Duration::from_millis(60),
        ..FrontendLimits::STANDARD
    };
    let frontend = load(&core(run, OK_EMIT, ""), limits);
    let begun = Instant::now();
    let lowered = lower(&frontend);
    assert!(
        begun.elapsed() > Duration::from_millis(120),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(lowered.unwrap().bir, b"BIR");
}

#[test]
fn a_frontend_that_asks_for_the_world_is_refused() {
    let wat = r#"(component (import "wasi:filesystem/preopens@0.2.0"
        (instance (export "all" (func (result u64))))))"#;
    let wasm = wat::parse_str(wat).unwrap();
    let error = load_component(&wasm, FrontendLimits::STANDARD)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the plugin `c` 1.2.3 imports `wasi:filesystem/preopens@0.2.0`, which no plugin of its kind is given"
    );
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn begin(&self, stage: &Stage) {
        self.0.lock().unwrap().push(stage.what.clone());
    }

    fn advance(&self, _stage: &Stage, fraction: f32) {
        assert!((0.0..1.0).contains(&fraction));
    }

    fn end(&self, _stage: &Stage) {
        self.0.lock().unwrap().push("end".to_owned());
    }
}

#[test]
fn long_compilations_are_told_of_once() {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let mut tool =
        wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#)
            .unwrap();
    // A custom section of three megabytes makes it look large.
    tool.extend([0, 0x83, 0x80, 0xc0, 0x01, 1, b'x']);
    tool.extend(vec![0; (3 << 20) + 1]);
    let mut manifest = frontend_manifest();
    manifest
        .tools
        .insert("big".to_owned(), "big.wasm".to_owned());
    let wasm = frontend(&core(OK_LOWER, OK_EMIT, ""));
    let package = package(&manifest, &[("component.wasm", &wasm), ("big.wasm", &tool)]);
    let installed = store.install_packaged(&package).unwrap();
    let told = Told::default();
    Frontend::load(&store, &installed, &told).unwrap();
    let expected = ["compiling `big` for this machine (once)", "end"];
    assert_eq!(*told.0.lock().unwrap(), expected);
    let told = Told::default();
    Frontend::load(&store, &installed, &told).unwrap();
    assert!(told.0.lock().unwrap().is_empty());
}
