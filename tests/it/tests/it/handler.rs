//! `lily.h`: a handler in C reads a request and writes a response; locally and as a void.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use tests_kit::{Fleet, Home, sample, wait};

const ECHO: &str = r#"#include <lily.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
void lily_handle(lily_request *req, lily_response *res) {
    if (strcmp(lily_request_path(req), "/trap") == 0) abort();
    char line[256];
    int n = snprintf(line, sizeof line, "%s %s", lily_request_method(req), lily_request_path(req));
    lily_response_status(res, 202);
    lily_response_header(res, "x-from", "c");
    lily_response_write(res, line, (size_t)n);
}
"#;

#[test]
fn a_handler_answers_as_a_void_and_a_trap_hurts_one_request() {
    let fleet = Fleet::start(1);
    fleet.home.write("echo.c", ECHO);
    let deployed = fleet.deploy(&fleet.home.compile("echo", ["echo.c"]));
    let url = deployed["url"].as_str().unwrap();
    let answer = fleet
        .send(fleet.client().put(format!("{url}a/b?c=d")).body("x"))
        .unwrap()
        .is(202);
    assert_eq!(answer.text(), "PUT /a/b");
    assert_eq!(answer.header("x-from"), Some("c"));
    let trapped = fleet.get(&format!("{url}trap")).is(500);
    let id = trapped
        .header("x-lily-request-id")
        .expect("an id")
        .to_owned();
    fleet.get(&format!("{url}fine")).is(202);
    let logs = fleet
        .lly([
            "void",
            "logs",
            deployed["slug"].as_str().unwrap(),
            "-n",
            "100",
        ])
        .success()
        .stdout;
    let trap: Vec<&str> = logs.lines().filter(|line| line.contains(&id)).collect();
    assert!(trap.iter().any(|line| line.contains("echo.c:6")), "{logs}");
}

#[test]
fn run_listen_serves_the_same_program() {
    let home = Home::new();
    let bundle = home.work().join("hello.brick");
    let output = home.lly_with(
        ["compile".as_ref(), "-o".as_ref(), bundle.as_os_str()],
        b"",
        |command| {
            command.current_dir(sample("hello-handler"));
        },
    );
    output.success();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut command = home.command();
    command.args([
        "run".as_ref(),
        bundle.as_os_str(),
        "--listen".as_ref(),
        format!("127.0.0.1:{port}").as_ref(),
    ]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let answer = wait::at_most(std::time::Duration::from_secs(30), || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
        std::io::Write::write_all(
            &mut stream,
            b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )
        .ok()?;
        BufReader::new(stream).lines().next()?.ok()
    });
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(answer.as_deref(), Some("HTTP/1.1 200 OK"));
}
