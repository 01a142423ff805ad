//! Initialisations that go well and that do not, of a component written as text.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use host_engine::{Engine, EpochTicker, Profile};
use host_preinit::{Answers, Limits, Preinit, PreinitError, Value};
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

/// `init(to)` asks `a:b/host.number`, and keeps the answer's sum with what it kept before; other functions go wrong. `get`
/// answers what is kept in memory and in a global.
const GUEST: &str = r#"(component
    (import "a:b/host" (instance $host (export "number" (func (param "of" bool) (result u8))) (export "secret" (func))))
    (core func $number (canon lower (func $host "number")))
    (core func $secret (canon lower (func $host "secret")))
    (core module $code
        (import "host" "number" (func $number (param i32) (result i32)))
        (import "host" "secret" (func $secret))
        (memory (export "memory") 1)
        (global $kept (mut i32) (i32.const 1))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "init") (param i32 i32) (result i32)
            (i32.store (i32.const 40000) (i32.add (call $number (i32.const 1)) (i32.load (i32.const 40000))))
            (global.set $kept (local.get 1))
            (i32.store8 (i32.const 0) (i32.const 0))
            (i32.const 0))
        (func (export "refuse") (param i32 i32) (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.store (i32.const 4) (local.get 0))
            (i32.store (i32.const 8) (local.get 1))
            (i32.const 0))
        (func (export "reach") (call $secret))
        (func (export "spin") (loop (br 0)))
        (func (export "abort") unreachable)
        (func (export "grow")
            (loop (br_if 0 (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))) unreachable)
        (func (export "get") (result i32)
            (i32.add (global.get $kept) (i32.load (i32.const 40000)))))
    (core instance $code (instantiate $code (with "host" (instance
        (export "number" (func $number)) (export "secret" (func $secret))))))
    (type $init (func (param "words" string) (result (result (error string)))))
    (func (export "init") (type $init)
        (canon lift (core func $code "init") (memory $code "memory") (realloc (func $code "realloc"))))
    (func (export "refuse") (type $init)
        (canon lift (core func $code "refuse") (memory $code "memory") (realloc (func $code "realloc"))))
    (func (export "reach") (canon lift (core func $code "reach")))
    (func (export "spin") (canon lift (core func $code "spin")))
    (func (export "abort") (canon lift (core func $code "abort")))
    (func (export "grow") (canon lift (core func $code "grow")))
    (func (export "get") (result u32) (canon lift (core func $code "get"))))"#;

/// Answers `number` with forty, once.
struct Forty {
    asked: Vec<Value>,
}

impl Answers for Forty {
    fn knows(&self, interface: &str, function: &str) -> bool {
        (interface, function) == ("a:b/host", "number")
    }

    fn answer(&mut self, _: &str, _: &str, arguments: &[Value]) -> Result<Option<Value>, String> {
        self.asked.extend_from_slice(arguments);
        match self.asked.len() {
            1 => Ok(Some(Value::U8(40))),
            _ => Err("it asks twice".to_owned()),
        }
    }
}

fn run(
    component: &[u8],
    function: &str,
    arguments: &[Value],
) -> (Result<Vec<u8>, PreinitError>, Forty) {
    let preinit = Preinit {
        component,
        function,
        arguments,
        cache: None,
        limits: Limits {
            memory_bytes_max: 16 << 20,
            fuel: 10_000_000,
            deadline: Duration::from_secs(10),
            output_bytes_max: 1 << 20,
        },
    };
    let (result, answers) = preinit.run(Forty { asked: Vec::new() });
    (result, answers.unwrap())
}

fn words() -> [Value; 1] {
    [Value::String("no".to_owned())]
}

/// What `get` of a component answers where nobody answers it.
fn get(component: &[u8]) -> u32 {
    let engine = Engine::new(Profile::OnDemand).unwrap();
    let _ticker = EpochTicker::start(&engine).unwrap();
    let component = Component::new(engine.wasmtime(), component).unwrap();
    let mut linker = Linker::<()>::new(engine.wasmtime());
    linker.define_unknown_imports_as_traps(&component).unwrap();
    let mut store = Store::new(engine.wasmtime(), ());
    store.set_epoch_deadline(1_000);
    let instance = linker.instantiate(&mut store, &component).unwrap();
    let get = instance
        .get_typed_func::<(), (u32,)>(&mut store, "get")
        .unwrap();
    get.call(&mut store, ()).unwrap().0
}

#[test]
fn what_memory_and_globals_hold_is_there_at_the_start() {
    let guest = wat::parse_str(GUEST).unwrap();
    assert_eq!(get(&guest), 1);
    let (initialised, answers) = run(&guest, "init", &words());
    let initialised = initialised.unwrap();
    assert_eq!(answers.asked, [Value::Bool(true)]);
    assert_eq!(get(&initialised), 42);
    // The same in, the same out; and what was initialised can be so again.
    assert!(run(&guest, "init", &words()).0.unwrap() == initialised);
    let twice = run(&initialised, "init", &words()).0.unwrap();
    assert_eq!(get(&twice), 82);
}

#[test]
fn every_end_has_its_sentence() {
    let guest = wat::parse_str(GUEST).unwrap();
    for (function, sentence) in [
        (
            "reach",
            "it reaches for `a:b/host.secret` while it is loaded, where nobody answers",
        ),
        ("spin", "it does not come to an end: it took 10000000 steps"),
        (
            "abort",
            "it trapped: the program aborted (`unreachable` was reached)",
        ),
        ("grow", "it wants more than 16 MiB of memory"),
    ] {
        let error = run(&guest, function, &[]).0.unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
    let refusal = run(&guest, "refuse", &words()).0.unwrap_err();
    assert!(matches!(&refusal, PreinitError::Refused(words) if words == "no"));
    for (function, arguments) in [
        ("absent", &[][..]),
        ("init", &[]),
        ("init", &[Value::U8(1)]),
    ] {
        let error = run(&guest, function, arguments).0.unwrap_err();
        assert!(matches!(error, PreinitError::Unfit(_)), "{error}");
    }
    let preinit = Preinit {
        component: b"no component",
        function: "init",
        arguments: &[],
        cache: None,
        limits: Limits::STANDARD,
    };
    let (result, _) = preinit.run(Forty { asked: Vec::new() });
    assert!(matches!(result, Err(PreinitError::Unfit(_))));
}
