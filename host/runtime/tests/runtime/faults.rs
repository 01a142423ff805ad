//! Everything a hostile guest does ends in its own fault, and the program serves the next request.

use crate::stage::{Log, ask, compile, context, eventually, get, http, limits, runtime};
use host_engine::{Engine, Profile};
use host_runtime::{
    BodyError, Carried, Fault, LogStream, PrepareError, Program, Runtime, RuntimeLimits,
};
use http_body_util::BodyExt;
use lly_brick::BrickKind;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Component;

fn limited(asked: lly_brick::Limits, handler: &str) -> Arc<Program> {
    let component = compile(&crate::guests::http("ok", handler));
    let program = runtime(limits())
        .prepare(component, BrickKind::Http, Carried::default())
        .unwrap();
    Arc::new(program.limited(&asked))
}

fn in_a_hurry(handler: &str) -> Arc<Program> {
    limited(
        lly_brick::Limits {
            wall_time_ms: Some(200),
            ..Default::default()
        },
        handler,
    )
}

#[tokio::test]
async fn a_trap_names_the_function_and_leaves_no_trace() {
    // Traps for POST only: the next request is served by the same program.
    let program = http(
        "ok",
        "(call $read (call $input (local.get $request)) (i64.const 100) (i32.const 512))
         (if (i32.eqz (i32.load8_u (i32.const 512))) (then (drop (call $recurse (i32.const 0)))))
         (call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))",
    );
    let fault = ask(&program, crate::stage::post("x")).await.unwrap_err();
    let Fault::Trap { trap } = &fault else {
        panic!("{fault}")
    };
    assert!(fault.to_string().contains("stack overflow"), "{fault}");
    assert!(
        trap.frames.iter().any(|frame| frame.function == "recurse"),
        "{trap}"
    );
    assert_eq!(ask(&program, get("/")).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_loop_and_a_wait_both_meet_the_deadline() {
    for handler in ["(call $spin)", "(call $sleep (i64.const 60000))"] {
        let program = in_a_hurry(handler);
        let fault = ask(&program, get("/")).await.unwrap_err();
        assert!(matches!(fault, Fault::Deadline { .. }), "{fault}");
        assert_eq!(fault.status(), 504);
    }
}

#[tokio::test]
async fn spinning_guests_do_not_starve_the_host() {
    let program = in_a_hurry("(call $spin)");
    let spinning = tokio::spawn(async move { ask(&program, get("/")).await });
    let mut naps = 0;
    while !spinning.is_finished() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        naps += 1;
    }
    // One thread runs guest and naps: had the guest not yielded, there would have been one nap.
    assert!(naps > 1, "{naps}");
}

#[tokio::test]
async fn a_fault_after_the_beginning_breaks_the_body_off() {
    for (ending, told) in [
        ("(unreachable)", "trapped"),
        ("(call $spin)", "not done after 200 ms"),
    ] {
        let program = in_a_hurry(&format!(
            "(local $body i32) (local $stream i32)
             (local.set $body (call $respond (i32.const 200) (local.get $out)))
             (local.set $stream (call $open (local.get $body)))
             (call $put (local.get $stream) (i32.const 1024) (i32.const 2))
             (call $sleep (i64.const 20)) {ending}"
        ));
        let log = Arc::new(Log::default());
        let response = program.serve(get("/"), context(&log)).await.unwrap();
        let mut body = response.into_body();
        assert_eq!(
            body.frame().await.unwrap().unwrap().into_data().unwrap(),
            "ok"
        );
        assert!(matches!(body.frame().await, Some(Err(BodyError::Aborted))));
        eventually("the fault is logged", || {
            !log.of(LogStream::System).is_empty()
        })
        .await;
        let lines = log.of(LogStream::System);
        assert!(
            lines[0].contains("broken off") && lines[0].contains(told),
            "{lines:?}"
        );
    }
}

#[tokio::test]
async fn a_memory_bomb_meets_its_limit() {
    let program = limited(
        lly_brick::Limits {
            memory_bytes_max: Some(4 << 20),
            ..Default::default()
        },
        "(call $bomb)",
    );
    let fault = ask(&program, get("/")).await.unwrap_err();
    assert!(
        matches!(
            fault,
            Fault::Memory {
                limit_bytes: 4_194_304,
                ..
            }
        ),
        "{fault}"
    );
    assert!(fault.to_string().contains("4 MiB"), "{fault}");
    // A program that does not even fit at its start.
    let program = limited(
        lly_brick::Limits {
            memory_bytes_max: Some(65536),
            ..Default::default()
        },
        "(nop)",
    );
    let fault = ask(&program, get("/")).await.unwrap_err();
    assert!(matches!(fault, Fault::Memory { .. }), "{fault:?}");
}

#[tokio::test]
async fn an_exit_in_a_handler_is_told() {
    let program = http("", "(call $exit (i32.const 3))");
    let fault = ask(&program, get("/")).await.unwrap_err();
    assert!(matches!(fault, Fault::Exit { code: 3 }), "{fault}");
}

#[tokio::test]
async fn an_unknown_import_is_named() {
    let wasm = wat::parse_str(
        r#"(component
             (import "lily:secret/door@1.0.0" (instance (export "open" (func))))
             (import "wasi:cli/environment@0.2.0" (instance)))"#,
    )
    .unwrap();
    let refused = runtime(limits())
        .prepare(compile(&wasm), BrickKind::Http, Carried::default())
        .unwrap_err();
    let PrepareError::UnknownImport { import, .. } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(import, "lily:secret/door@1.0.0");
    let wasm = wat::parse_str("(component)").unwrap();
    let refused = runtime(limits())
        .prepare(compile(&wasm), BrickKind::Command, Carried::default())
        .unwrap_err();
    assert!(refused.to_string().contains("wasi:cli/run"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exhausted_pool_is_busy_and_not_a_failure() {
    let beyond_the_pool = 20;
    let requests_max = host_engine::POOL_INSTANCES_MAX as usize + beyond_the_pool;
    // A pool of its own: the other tests run in this process at the same time.
    let engine = Engine::new(Profile::Stateless).unwrap();
    let wasm = crate::guests::http("", "(call $sleep (i64.const 600000))");
    let limits = RuntimeLimits {
        running_max: requests_max,
        wall_time: Duration::from_secs(600),
        ..limits()
    };
    let component = Component::new(engine.wasmtime(), &wasm).unwrap();
    let program = Arc::new(
        Runtime::new(&engine, limits)
            .unwrap()
            .prepare(component, BrickKind::Http, Carried::default())
            .unwrap(),
    );
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..requests_max {
        let program = Arc::clone(&program);
        requests.spawn(async move { ask(&program, get("/")).await });
    }
    // The pool holds its thousand sleepers; everyone else is sent away at once.
    for _ in 0..beyond_the_pool {
        let answer = requests.join_next().await.unwrap().unwrap();
        assert!(matches!(answer, Err(Fault::Busy)), "{answer:?}");
    }
    requests.shutdown().await;
}
