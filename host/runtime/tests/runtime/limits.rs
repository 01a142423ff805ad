//! Bounds on bodies, responses, queues, headers and logs.

use crate::stage::{Log, ask, context, get, http, limits, post, program};
use bytes::Bytes;
use host_runtime::{BodyError, Fault, LogStream, RequestContext, RuntimeLimits};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use lly_brick::BrickKind;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

const READ_ALL: &str = "(local $input i32)
    (local.set $input (call $input (local.get $request)))
    (loop $next
      (call $read (local.get $input) (i64.const 4096) (i32.const 512))
      (br_if $next (i32.eqz (i32.load8_u (i32.const 512)))))
    (call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))";

fn small() -> RuntimeLimits {
    RuntimeLimits {
        request_body_bytes_max: 1000,
        response_body_bytes_max: 1000,
        log_bytes_max: 1000,
        ..limits()
    }
}

#[tokio::test]
async fn a_large_body_is_refused_whether_or_not_it_says_so() {
    let program = program(
        &crate::guests::http("ok", READ_ALL),
        BrickKind::Http,
        small(),
    );
    assert_eq!(
        ask(&program, post(vec![b'x'; 1000]))
            .await
            .unwrap()
            .status(),
        200
    );
    let fault = ask(&program, post(vec![b'x'; 1001])).await.unwrap_err();
    assert!(
        matches!(fault, Fault::BodyTooLarge { limit_bytes: 1000 }),
        "{fault}"
    );
    let pieces = (0..20).map(|_| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; 100]))));
    let body = StreamBody::new(futures_util::stream::iter(pieces));
    let request = http::Request::post("/")
        .header("host", "guest.test")
        .body(body)
        .unwrap();
    let fault = program
        .serve(request, context(&Arc::default()))
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::BodyTooLarge { .. }), "{fault}");
    assert_eq!(fault.status(), 413);
}

#[tokio::test]
async fn a_large_response_is_refused_or_broken_off() {
    let whole = "(call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 1001))";
    let program = program(&crate::guests::http("ok", whole), BrickKind::Http, small());
    let fault = ask(&program, get("/")).await.unwrap_err();
    assert!(
        matches!(fault, Fault::OutputTooLarge { limit_bytes: 1000 }),
        "{fault}"
    );
    let endless = "(local $stream i32)
        (local.set $stream (call $open (call $respond (i32.const 200) (local.get $out))))
        (loop $next
          (call $put (local.get $stream) (i32.const 1024) (i32.const 100))
          (call $sleep (i64.const 1))
          (br_if $next (i32.eqz (i32.load8_u (i32.const 256)))))";
    let program = crate::stage::program(
        &crate::guests::http("ok", endless),
        BrickKind::Http,
        small(),
    );
    let mut body = ask(&program, get("/")).await.unwrap().into_body();
    let mut bytes = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => bytes += frame.into_data().unwrap().len(),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, BodyError::TooLarge), "{error}");
    assert_eq!(bytes, 1000);
}

#[tokio::test]
async fn beyond_the_queue_clients_are_told_to_come_back() {
    let wasm = crate::guests::http(
        "ok",
        "(call $sleep (i64.const 400))
        (call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))",
    );
    let limits = RuntimeLimits {
        running_max: 1,
        waiting_max: 1,
        ..limits()
    };
    let program = program(&wasm, BrickKind::Http, limits);
    let ask = || {
        let program = Arc::clone(&program);
        let context: RequestContext = context(&Arc::default());
        tokio::spawn(async move { host_runtime::respond(&program, get("/"), context).await })
    };
    let runs = ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let waits = ask();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let refused = ask().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(runs.await.unwrap().status(), 200);
    assert_eq!(waits.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_wait_in_the_queue_ends() {
    let wasm = crate::guests::http("", "(call $sleep (i64.const 60000))");
    let limits = RuntimeLimits {
        running_max: 1,
        waiting_time: Duration::from_millis(50),
        ..limits()
    };
    let program = program(&wasm, BrickKind::Http, limits);
    let other = Arc::clone(&program);
    let runs = tokio::spawn(async move { ask(&other, get("/")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(
        ask(&program, get("/")).await.unwrap_err(),
        Fault::Busy
    ));
    runs.abort();
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let program = http("", "");
    let mut request = get("/");
    for number in 0..200 {
        request.headers_mut().insert(
            http::HeaderName::try_from(format!("x-{number}")).unwrap(),
            http::HeaderValue::from_static("x"),
        );
    }
    let fault = ask(&program, request).await.unwrap_err();
    assert_eq!(fault.status(), 431, "{fault}");
}

#[tokio::test]
async fn the_log_of_a_request_is_cut_and_says_so() {
    let chatter = "(local $left i32)
        (local.set $left (i32.const 500))
        (loop $next
          (call $log (i32.const 1024) (i32.const 10))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br_if $next (local.get $left)))
        (call $answer (i32.const 200) (local.get $out) (i32.const 1024) (i32.const 2))";
    let program = program(
        &crate::guests::http("nine char\n", chatter),
        BrickKind::Http,
        small(),
    );
    let log = Arc::new(Log::default());
    assert_eq!(
        program
            .serve(get("/"), context(&log))
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(log.of(LogStream::Stderr).len(), 100);
    assert_eq!(
        log.of(LogStream::System),
        ["the output of this request is cut after 1000 bytes"]
    );
}
