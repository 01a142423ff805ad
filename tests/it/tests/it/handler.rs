//! `lily.h`: a handler in C reads a request and writes a response; locally and as a void.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use tests_kit::http1::read_answer;
use tests_kit::{Fleet, Home, sample};

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

/// `lly run --listen` and what it says of its address; it ends with the value.
pub struct Listening {
    child: Child,
    address: String,
}

impl Listening {
    pub fn start(home: &Home, bundle: &Path) -> Self {
        let mut command = home.command();
        command.arg("run").arg(bundle);
        command.args(["--listen", "127.0.0.1:0"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        let address = said.split_once("http://").expect("it says where").1;
        let address = address.trim().trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// The whole answer, its body without the frames of chunks.
    pub fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let head = format!("{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let (head, body) = read_answer(&mut stream);
        format!("{head}\r\n\r\n{body}")
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    let listening = Listening::start(&home, &bundle);
    let answer = listening.ask("GET / HTTP/1.1");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn run_listen_serves_the_files_of_the_bundle_first() {
    let home = Home::new();
    home.write(
        "main.c",
        "#include <stdio.h>\nint main(void) { puts(\"from wasm\"); }\n",
    );
    home.write(
        "lly.toml",
        "name = \"site\"\nsources = [\"main.c\"]\nassets = \"assets\"\n",
    );
    home.write("assets/docs/index.html", "<h1>lily</h1>");
    home.lly(["compile", "-o", "site.brick"]).success();
    let listening = Listening::start(&home, &home.work().join("site.brick"));
    let page = listening.ask("GET /docs/ HTTP/1.1");
    assert!(page.ends_with("\r\n\r\n<h1>lily</h1>"), "{page}");
    assert!(
        page.contains("text/html") && page.contains("etag"),
        "{page}"
    );
    let part = listening.ask("GET /docs/ HTTP/1.1\r\nRange: bytes=4-7");
    assert!(
        part.starts_with("HTTP/1.1 206 ") && part.ends_with("\r\n\r\nlily"),
        "{part}"
    );
    let moved = listening.ask("GET /docs?a=b HTTP/1.1");
    assert!(moved.contains("location: /docs/?a=b"), "{moved}");
    let program = listening.ask("GET /other HTTP/1.1");
    assert!(program.contains("from wasm"), "{program}");
}
