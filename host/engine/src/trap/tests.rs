use super::*;
use crate::{Engine, EpochTicker, Profile, ticks_for};
use std::time::Duration;
use wasmtime::{Instance, Module, Store};

const GUEST: &str = r#"(module
    (type $f (func (result i32)))
    (table 2 funcref)
    (elem (i32.const 0) $other)
    (memory 1)
    (tag $t)
    (tag $words (param i64 i64))
    (tag $other (param i64 f64))
    (func $other)
    (func $_ZN4shop6ordersEi (unreachable))
    (func (export "abort") (call $_ZN4shop6ordersEi))
    (func $deeper (export "deep") (call $deeper))
    (func (export "load") (drop (i32.load (i32.const 65536))))
    (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
    (func (export "null") (drop (call_indirect (type $f) (i32.const 1))))
    (func (export "type") (drop (call_indirect (type $f) (i32.const 0))))
    (func (export "throw") (throw $t))
    (func (export "tell") (throw $words (i64.const 0x0a726f727245206e) (i64.const 0x00000021)))
    (func (export "mumble") (throw $other (i64.const 0x41) (f64.const 1)))
    (func (export "spin") (loop (br 0)))
    (func (export "grow")
        (loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        unreachable))"#;

fn trap(profile: Profile, function: &str) -> GuestTrap {
    let engine = Engine::new(profile).unwrap();
    let _ticker = EpochTicker::start(&engine).unwrap();
    let module = Module::new(engine.wasmtime(), wat::parse_str(GUEST).unwrap()).unwrap();
    let mut store = Store::new(engine.wasmtime(), MemoryLimiter::new(8 << 20));
    store.limiter(|limiter| limiter);
    store.set_epoch_deadline(ticks_for(Duration::from_millis(50)));
    if profile == Profile::Policy {
        store.set_fuel(1_000_000).unwrap();
    }
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let function = instance.get_typed_func::<(), ()>(&mut store, function);
    let error = function.unwrap().call(&mut store, ()).unwrap_err();
    let error = told(&mut store, error);
    GuestTrap::with_memory(&error, store.data())
}

#[test]
fn every_way_to_end_has_its_kind() {
    for (function, kind) in [
        ("abort", TrapKind::Unreachable),
        ("deep", TrapKind::StackOverflow),
        ("load", TrapKind::OutOfBounds),
        ("divide", TrapKind::Arithmetic),
        ("null", TrapKind::BadCall),
        ("type", TrapKind::BadCall),
        ("throw", TrapKind::Exception),
        ("tell", TrapKind::Exception),
        ("mumble", TrapKind::Exception),
        ("spin", TrapKind::Deadline),
        ("grow", TrapKind::Memory),
    ] {
        for profile in [Profile::OnDemand, Profile::Stateless] {
            assert_eq!(trap(profile, function).kind, kind, "{function}");
        }
    }
    assert_eq!(
        trap(Profile::OnDemand, "grow").message,
        "out of memory: the limit is 8 MiB"
    );
}

#[test]
fn an_exception_of_words_is_told_in_them() {
    let message = |function: &str| trap(Profile::Policy, function).message;
    assert_eq!(message("tell"), "it threw n Error!");
    for wordless in ["throw", "mumble"] {
        assert_eq!(
            message(wordless),
            "an exception was thrown and nobody caught it"
        );
    }
}

#[test]
fn frames_have_the_names_their_author_gave() {
    let trap = trap(Profile::OnDemand, "abort");
    assert_eq!(trap.frames[0].function, "shop::orders(int)");
    let text = trap.to_string();
    assert!(
        text.starts_with(
            "the program aborted (`unreachable` was reached)\n    at shop::orders(int)\n"
        ),
        "{text}"
    );
}

#[test]
fn frames_show_where_they_are() {
    let frame = Frame {
        function: "main".to_owned(),
        file: Some("hello.c".to_owned()),
        line: Some(3),
        column: Some(7),
    };
    assert_eq!(frame.to_string(), "main (hello.c:3:7)");
    assert_eq!(GuestTrap::exit(3).kind, TrapKind::Exit(3));
}
