//! Programs in an engine that is written as text and behaves as the real one: prepared, wrapped up, and instantiated.

use host_engine::{CodeCache, WasmDigest};
use host_preinit::Limits;
use host_preinit::javascript::{Begun, Javascript, JavascriptError, Prepared, Program};
use host_web::{Function, Value, encode};
use lly_js::{Engine, Heap, Kind, assemble};
use std::time::Duration;
use wasmtime::component::{Component, Linker};
use wasmtime::{Module, Store};

/// `evaluate` does what the program's one letter says: `s`erve, `t`hrow, `l`oop, `g`row, ask for the `e`nvironment, be a script.
/// What it leaves, 40, is what `hook` adds its number to; it calls the host's function of that number.
const ENGINE: &str = r#"(module
  (import "lily:javascript/host@0.1.0" "call" (func $call (param i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (global $stack (mut i32) (i32.const 1024))
  (data (i32.const 2000) "\00\20\00\00")
  (data (i32.const 3000) "\c0\0b\00\00\08\00\00\00Error: x")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.load (i32.const 2000))
    (i32.store (i32.const 2000) (i32.add (i32.load (i32.const 2000)) (local.get 3))))
  (func (export "add") (param $at i32) (param $length i32) (result i32)
    (i32.store (i32.const 2004) (local.get $at))
    (i32.store (i32.const 500) (i32.const 7))
    (i32.const 0))
  (func (export "evaluate") (result i32) (local $what i32)
    (local.set $what (i32.load8_u offset=9 (i32.load (i32.const 2004))))
    (i32.store (i32.const 2012) (i32.const 2008))
    (i32.store (i32.const 2008) (i32.const 40))
    (if (i32.eq (local.get $what) (i32.const 115)) (then (return (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then (return (i32.const 3000))))
    (if (i32.eq (local.get $what) (i32.const 108)) (then (loop $again (br $again))))
    (if (i32.eq (local.get $what) (i32.const 103)) (then
      (drop (memory.grow (i32.const 3)))
      (i32.store (i32.const 2012) (i32.const 300000))
      (i32.store (i32.const 300000) (i32.const 40))
      (return (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 101)) (then
      (call $call (i32.const 16) (i32.const 3100) (i32.const 4) (i32.const 3200))
      (return (i32.const 1))))
    (i32.const 0))
  (func (export "hook") (param $hook i32) (param i32 i32)
    (call $call (i32.add (i32.load (i32.load (i32.const 2012))) (local.get $hook))
      (i32.const 3100) (i32.const 4) (i32.const 3200))))"#;

fn prepare(letter: &str) -> (Engine, Result<Prepared, JavascriptError>) {
    let module = wat::parse_str(ENGINE).expect("a good text");
    let engine = Engine::read(&module).expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let javascript = Javascript {
        digest: WasmDigest::from_bytes(engine.digest),
        read: &|| Ok(module.clone()),
        cache: &CodeCache::new(folder.path().to_owned()),
        limits: Limits {
            fuel: 1_000_000,
            deadline: Duration::from_secs(600),
            ..Limits::PROGRAM
        },
    };
    let program = Program {
        rows: &encode(&[Value::from(letter)]),
        maps: &encode(&[]),
        evaluate: true,
    };
    let prepared = javascript.prepare(program);
    (engine, prepared)
}

/// Instantiates a program as a host does; the numbers of the functions that it calls when its hook 2 is called.
fn calls(component: &[u8], engine: &Engine, interface: &str) -> Vec<u32> {
    let host = wasmtime::Engine::default();
    let component = Component::new(&host, component).expect("a component");
    let module = wat::parse_str(ENGINE).expect("a good text");
    let module = Module::new(&host, module).expect("a module");
    let mut linker: Linker<Vec<u32>> = Linker::new(&host);
    linker
        .root()
        .module(&engine.import(), &module)
        .expect("a name");
    let mut instance = linker
        .instance("lily:javascript/host@0.1.0")
        .expect("a name");
    let answer = |mut store: wasmtime::StoreContextMut<'_, Vec<u32>>,
                  (function, _): (u32, Vec<u8>)| {
        store.data_mut().push(function);
        Ok((Ok::<Vec<u8>, String>(vec![0]),))
    };
    instance.func_wrap("call", answer).expect("a name");
    let mut store = Store::new(&host, Vec::new());
    let instance = linker
        .instantiate(&mut store, &component)
        .expect("an instance");
    let (_, program) = instance
        .get_export(&mut store, None, interface)
        .expect("an export");
    let (_, hook) = instance
        .get_export(&mut store, Some(&program), "hook")
        .expect("an export");
    let hook = instance
        .get_typed_func::<(u32, &[u8]), ()>(&mut store, hook)
        .expect("a function");
    hook.call(&mut store, (2, b"")).expect("a turn");
    store.into_data()
}

#[test]
fn what_memory_holds_at_the_end_is_what_an_instance_begins_with() {
    for letter in ["s", "g"] {
        let (engine, prepared) = prepare(letter);
        let prepared = prepared.expect("a program");
        assert_eq!(prepared.begun, Begun::Serving);
        let heap = Heap::difference(&engine, &prepared.image, &prepared.memory);
        // The stack below 1024 is nobody's.
        assert!(heap.runs.iter().all(|run| run.offset >= 1024), "{heap:?}");
        assert!(heap.bytes() < 200, "{heap:?}");
        let component = assemble(&engine, Kind::Server, &heap, &encode(&[])).expect("a component");
        assert_eq!(
            calls(&component, &engine, "lily:javascript/server@0.1.0"),
            [42]
        );
    }
}

#[test]
fn what_needs_the_machine_and_what_is_a_script_is_left_unevaluated() {
    let (engine, prepared) = prepare("e");
    let prepared = prepared.expect("a program");
    assert_eq!(prepared.begun, Begun::Asked(Function::Environment.name()));
    // Nothing of the attempt is left: the address that `evaluate` writes is still 0.
    let heap = Heap::difference(&engine, &prepared.image, &prepared.memory);
    let component = assemble(&engine, Kind::Script, &heap, &encode(&[])).expect("a component");
    let first = prepared.memory.get(..4).map(|word| word[0]);
    assert_eq!(first, Some(0));
    assert_eq!(
        calls(&component, &engine, "lily:javascript/script@0.1.0"),
        [2]
    );
    let (_, prepared) = prepare("x");
    assert_eq!(prepared.expect("a program").begun, Begun::AtStart);
}

#[test]
fn how_it_went_wrong_is_told() {
    let (_, thrown) = prepare("t");
    assert_eq!(thrown.expect_err("an error").to_string(), "Error: x");
    let (_, late) = prepare("l");
    let late = late.expect_err("an error").to_string();
    assert_eq!(
        late,
        "the program did not come to an end while it was being built: it took 1000000 steps"
    );
}

#[test]
fn what_is_no_engine_is_refused() {
    let refused = |text: &str| {
        let module = wat::parse_str(text).expect("a good text");
        Engine::read(&module).expect_err("no engine").to_string()
    };
    assert!(refused("(module)").contains("does not export `memory`"));
    let imports = refused("(module (import \"wasi\" \"fd_write\" (func)))");
    assert!(
        imports.contains("it imports `fd_write` of `wasi`"),
        "{imports}"
    );
    let other = ENGINE.replace(
        "(global $stack",
        "(global (mut i32) (i32.const 0)) (global $stack",
    );
    assert!(refused(&other).contains("not its only variable"));
}
