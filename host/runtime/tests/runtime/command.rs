//! Commands run to their end, as `lly run` does.

use crate::stage::command;
use bytes::Bytes;
use host_runtime::{CommandRequest, Fault, Input, Output, OutputBuffer};
use std::time::Duration;

fn request(stdout: &OutputBuffer) -> CommandRequest {
    CommandRequest {
        args: vec!["--flag".to_owned()],
        env: vec![("A".to_owned(), "B".to_owned())],
        stdin: Input::Bytes(Bytes::from_static(b"typed")),
        stdout: Output::Buffer(stdout.clone()),
        stderr: Output::Discard,
        timeout: None,
        folders: Vec::new(),
    }
}

#[tokio::test]
async fn arguments_environment_and_streams_are_wired_through() {
    let program = command(
        "",
        "(call $get-arguments (i32.const 512))
         (call $print-strings (i32.load (i32.const 512)) (i32.load (i32.const 516)))
         (call $get-environment (i32.const 512))
         (call $print-strings (i32.load (i32.const 512)) (i32.mul (i32.const 2) (i32.load (i32.const 516))))
         (call $echo) (i32.const 0)",
    );
    let stdout = OutputBuffer::new(1000);
    let code = program.run_command(request(&stdout)).await.unwrap();
    assert!(code.is_success());
    assert_eq!(
        String::from_utf8(stdout.contents()).unwrap(),
        "guest\n--flag\nA\nB\ntyped"
    );
}

#[tokio::test]
async fn exit_codes_come_through() {
    for (main, code) in [
        ("(i32.const 1)", 1),
        ("(call $exit (i32.const 42)) (i32.const 0)", 42),
    ] {
        let ended = command("", main)
            .run_command(request(&OutputBuffer::new(10)))
            .await
            .unwrap();
        assert_eq!(ended.code(), code);
    }
}

#[tokio::test]
async fn a_trap_and_a_timeout_are_faults() {
    let fault = command("", "(unreachable)")
        .run_command(request(&OutputBuffer::new(10)))
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::Trap { .. }), "{fault}");
    assert!(
        fault.log_lines().iter().any(|line| line.contains("main")),
        "{:?}",
        fault.log_lines()
    );
    for main in [
        "(call $spin) (i32.const 0)",
        "(call $sleep (i64.const 60000)) (i32.const 0)",
    ] {
        let hurried = CommandRequest {
            timeout: Some(Duration::from_millis(100)),
            ..request(&OutputBuffer::new(10))
        };
        let fault = command("", main).run_command(hurried).await.unwrap_err();
        assert!(matches!(fault, Fault::Deadline { .. }), "{fault}");
    }
}

#[tokio::test]
async fn an_http_program_has_no_main() {
    let program = crate::stage::http("", "");
    let fault = program
        .run_command(request(&OutputBuffer::new(10)))
        .await
        .unwrap_err();
    assert!(fault.to_string().contains("has no `main`"), "{fault}");
}
