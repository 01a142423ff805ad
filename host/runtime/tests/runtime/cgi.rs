//! Commands served the CGI way.

use crate::stage::{Log, ask, command, context, eventually, get, post, text};
use host_runtime::{BodyError, Fault, LogStream};
use http_body_util::BodyExt;
use std::sync::Arc;

#[tokio::test]
async fn a_program_that_just_prints_is_plain_text() {
    let program = command(
        "hello world\n",
        "(call $print (i32.const 1024) (i32.const 12)) (i32.const 0)",
    );
    let response = ask(&program, get("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(text(response).await, "hello world\n");
}

#[tokio::test]
async fn a_header_block_is_obeyed() {
    let output = "Status: 404 Not Found\r\nContent-Type: text/html\r\nX-Own: 1\r\n\r\n<p>no";
    let main = format!(
        "(call $print (i32.const 1024) (i32.const {})) (i32.const 0)",
        output.len()
    );
    let response = ask(&command(output, &main), get("/")).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.headers()["x-own"], "1");
    assert_eq!(text(response).await, "<p>no");
}

#[tokio::test]
async fn the_request_is_in_the_environment() {
    let program = command(
        "",
        "(call $get-environment (i32.const 512))
         (call $print-strings (i32.load (i32.const 512)) (i32.mul (i32.const 2) (i32.load (i32.const 516))))
         (call $get-arguments (i32.const 512))
         (call $print-strings (i32.load (i32.const 512)) (i32.load (i32.const 516)))
         (i32.const 0)",
    );
    let mut request = get("/a%20b/c?x=1&y");
    request
        .headers_mut()
        .insert("proxy", http::HeaderValue::from_static("http://evil.test"));
    let printed = text(ask(&program, request).await.unwrap()).await;
    let lines: Vec<&str> = printed.lines().collect();
    let value = |name: &str| {
        lines
            .chunks(2)
            .find(|pair| pair[0] == name)
            .and_then(|pair| pair.get(1))
            .copied()
    };
    assert_eq!(value("REQUEST_METHOD"), Some("GET"));
    assert_eq!(value("PATH_INFO"), Some("/a b/c"));
    assert_eq!(value("QUERY_STRING"), Some("x=1&y"));
    assert_eq!(value("SERVER_NAME"), Some("guest.test"));
    assert_eq!(value("REMOTE_ADDR"), Some("192.0.2.7"));
    assert_eq!(value("GREETING"), Some("hello"));
    assert_eq!(value("HTTP_PROXY"), None);
    assert_eq!(lines.last(), Some(&"guest"));
}

#[tokio::test]
async fn the_body_is_on_stdin_and_comes_back() {
    let program = command("", "(call $echo) (i32.const 0)");
    let body = "0123456789".repeat(100_000);
    assert_eq!(
        text(ask(&program, post(body.clone())).await.unwrap()).await,
        body
    );
}

#[tokio::test]
async fn output_streams_before_the_end() {
    let program = command(
        "onetwo",
        "(call $print (i32.const 1024) (i32.const 3)) (call $newline) (call $sleep (i64.const 100))
         (call $print (i32.const 1027) (i32.const 3)) (i32.const 1)",
    );
    let log = Arc::new(Log::default());
    let mut body = program
        .serve(get("/"), context(&log))
        .await
        .unwrap()
        .into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "one\n"
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "two"
    );
    assert!(body.frame().await.is_none());
    eventually("the exit is logged", || {
        log.of(LogStream::System) == ["the program exited with code 1"]
    })
    .await;
}

#[tokio::test]
async fn a_bad_exit_without_output_is_a_failure_and_stderr_is_logged() {
    let program = command(
        "oh no",
        "(call $log (i32.const 1024) (i32.const 5)) (call $exit (i32.const 7)) (i32.const 0)",
    );
    let log = Arc::new(Log::default());
    let fault = program.serve(get("/"), context(&log)).await.unwrap_err();
    assert!(matches!(fault, Fault::Exit { code: 7 }), "{fault}");
    assert_eq!(fault.status(), 500);
    assert_eq!(log.of(LogStream::Stderr), ["oh no"]);
}

#[tokio::test]
async fn a_trap_is_told_by_status_until_the_response_has_begun() {
    let at_once = command(
        "text\n",
        "(call $print (i32.const 1024) (i32.const 5)) (unreachable)",
    );
    let fault = ask(&at_once, get("/")).await.unwrap_err();
    assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
    let later = command(
        "text\n",
        "(call $print (i32.const 1024) (i32.const 5)) (call $sleep (i64.const 50)) (unreachable)",
    );
    let mut body = ask(&later, get("/")).await.unwrap().into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "text\n"
    );
    assert!(matches!(body.frame().await, Some(Err(BodyError::Aborted))));
}
