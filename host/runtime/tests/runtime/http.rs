//! Requests through `wasi:http`: whole and streamed responses, bodies in, and the service around them.

use crate::stage::{Log, ask, context, eventually, get, http, post, text};
use bytes::Bytes;
use host_runtime::{Fault, LogStream, REQUEST_ID_HEADER};
use http_body::Body as _;
use http_body_util::BodyExt;
use std::sync::Arc;

#[tokio::test]
async fn a_finished_guest_gives_a_whole_response_and_its_log() {
    let program = http(
        "hello worldfirst\nsecond",
        "(call $log (i32.const 1035) (i32.const 12)) (call $answer (i32.const 201) (local.get $out) (i32.const 1024) (i32.const 11))",
    );
    let log = Arc::new(Log::default());
    let response = program.serve(get("/"), context(&log)).await.unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(response.body().size_hint().exact(), Some(11));
    assert_eq!(text(response).await, "hello world");
    assert_eq!(log.of(LogStream::Stderr), ["first", "second"]);
    assert!(log.of(LogStream::System).is_empty());
}

#[tokio::test]
async fn a_guest_that_goes_on_streams() {
    let program = http(
        "onetwo",
        "(local $body i32) (local $stream i32)
         (local.set $body (call $respond (i32.const 200) (local.get $out)))
         (local.set $stream (call $open (local.get $body)))
         (call $put (local.get $stream) (i32.const 1024) (i32.const 3))
         (call $sleep (i64.const 100))
         (call $put (local.get $stream) (i32.const 1027) (i32.const 3))
         (call $close (local.get $body) (local.get $stream))",
    );
    let mut body = ask(&program, get("/")).await.unwrap().into_body();
    assert_eq!(body.size_hint().exact(), None);
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "one"
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "two"
    );
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn the_request_body_reaches_the_guest() {
    let program = http(
        "",
        "(call $read (call $input (local.get $request)) (i64.const 100) (i32.const 512))
         (call $answer (i32.const 200) (local.get $out) (i32.load (i32.const 516)) (i32.load (i32.const 520)))",
    );
    assert_eq!(
        text(ask(&program, post("a body")).await.unwrap()).await,
        "a body"
    );
}

#[tokio::test]
async fn a_request_without_host_is_given_the_servers_name() {
    let program = http(
        "ok",
        "(call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))",
    );
    let request = http::Request::get("/")
        .body(http_body_util::Full::<Bytes>::default())
        .unwrap();
    assert_eq!(ask(&program, request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_guest_that_sets_no_response_or_an_error_is_a_bad_gateway() {
    let silent = http("", "");
    let fault = ask(&silent, get("/")).await.unwrap_err();
    assert!(matches!(fault, Fault::NoResponse), "{fault}");
    assert_eq!(fault.status(), 502);
    let failing = http(
        "",
        "(call $outparam-set (local.get $out) (i32.const 1) (i32.const 2) (i32.const 0) (i64.const 0)
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    );
    let fault = ask(&failing, get("/")).await.unwrap_err();
    assert!(matches!(fault, Fault::BadResponse { .. }), "{fault}");
}

#[tokio::test]
async fn the_service_answers_faults_with_id_and_sentence() {
    let program = http("", "(unreachable)");
    let log = Arc::new(Log::default());
    let context = context(&log);
    let id = context.id.to_string();
    let response = host_runtime::respond(&program, get("/"), context).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()[REQUEST_ID_HEADER], id.as_str());
    assert_eq!(
        text(response).await,
        "The program failed while it answered this request.\n"
    );
    let told = log.of(LogStream::System);
    assert!(
        told[0].starts_with("the program trapped: the program aborted"),
        "{told:?}"
    );
    assert!(told.len() > 1 && told[1].starts_with("    at "), "{told:?}");
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_guest() {
    let program = http("", "(call $sleep (i64.const 100000))");
    let held = Arc::downgrade(&program);
    let request = tokio::time::timeout(
        std::time::Duration::from_millis(50),
        ask(&program, get("/")),
    )
    .await;
    assert!(request.is_err());
    drop(program);
    eventually("the program is free", || held.strong_count() == 0).await;
}

#[tokio::test]
async fn many_requests_in_one_breath_of_a_task_are_all_answered() {
    let program = http(
        "ok",
        "(call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))",
    );
    // More host calls than tokio lets one task make before it is told to wait.
    for _ in 0..300 {
        assert_eq!(ask(&program, get("/")).await.unwrap().status(), 200);
    }
}
