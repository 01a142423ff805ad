//! Programs of JavaScript under `lly run`: requests that go on at once in one instance, and scripts.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tests_kit::Home;
use tests_kit::http1::{read_answer, unchunked};
use tests_kit::wait::until;

/// How long a test waits for what is to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// `lly run --listen`, and what it says on stderr: the program's log.
struct Served {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
    _home: Home,
}

impl Served {
    /// Compiles and serves a program.
    fn start(program: &str) -> Served {
        Served::with(program, "", &[])
    }

    fn with(program: &str, settings: &str, flags: &[&str]) -> Served {
        let home = Home::new();
        home.write("app.ts", program);
        let config = format!("name = \"app\"\nsources = [\"app.ts\"]\n{settings}");
        home.write("lly.toml", config);
        Self::of(home, flags)
    }

    /// The project in the folder of this home.
    fn of(home: Home, flags: &[&str]) -> Self {
        let bundle = home.work().join("app.brick");
        home.lly(["compile", "-o", "app.brick"]).success();
        let mut command = home.command();
        command.arg("run").arg(&bundle);
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let address = line.split_once("http://").expect("it says where").1;
        let address = address.trim().trim_end_matches('/').to_owned();
        let said = Arc::<Mutex<String>>::default();
        let (stderr, into) = (child.stderr.take().unwrap(), Arc::clone(&said));
        // Ends with the process.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { return };
                let mut said = into.lock().unwrap();
                said.push_str(&line);
                said.push('\n');
            }
        });
        Served {
            child,
            address,
            said,
            _home: home,
        }
    }

    /// A connection on which a request has been sent.
    fn send(&self, head: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!("{head}\r\nHost: app.test\r\nConnection: close\r\n\r\n{body}");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// A whole answer: its head and its body, without the frames of chunks.
    fn ask(&self, head: &str) -> (String, String) {
        read_answer(&mut self.send(head, ""))
    }

    fn get(&self, path: &str) -> String {
        let (head, body) = self.ask(&format!("GET {path} HTTP/1.1"));
        assert!(
            head.starts_with("HTTP/1.1 200 "),
            "{head}\n{body}\n{}",
            self.said()
        );
        body
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn says(&self, words: &str) {
        until(PATIENCE, words, || {
            self.said().contains(words).then_some(())
        });
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until these words have come.
fn read_until(stream: &mut TcpStream, words: &str) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&read).contains(words) {
        assert_ne!(
            stream.read(&mut byte).unwrap(),
            0,
            "{}",
            String::from_utf8_lossy(&read)
        );
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

#[test]
fn handlers_answer_at_once_or_later_and_keep_their_module_state() {
    let served = Served::with(
        r#"
let count = 0;
export default {
  async fetch(request: Request, env: { COLOUR?: string }): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === "/count") return new Response(`${++count}`);
    if (url.pathname === "/later") await new Promise((resolve) => setTimeout(resolve, 20));
    if (url.pathname === "/echo") {
      return new Response(await request.text(), { status: 201, statusText: "Made", headers: { "x-a": "1" } });
    }
    return new Response(`${request.method} ${url.href} ${env.COLOUR}`);
  },
};
"#,
        "",
        &["--env", "COLOUR=red"],
    );
    assert_eq!(served.get("/a?b=c"), "GET http://app.test/a?b=c red");
    assert_eq!(served.get("/later"), "GET http://app.test/later red");
    assert_eq!([served.get("/count"), served.get("/count")], ["1", "2"]);
    let (head, body) =
        read_answer(&mut served.send("POST /echo HTTP/1.1\r\nContent-Length: 5", "hello"));
    assert!(
        head.starts_with("HTTP/1.1 201 Made\r\n") && head.contains("x-a: 1"),
        "{head}"
    );
    assert_eq!(body, "hello");
    let (head, body) = served.ask("HEAD / HTTP/1.1");
    let length = "GET http://app.test/ red".len() + 1;
    assert!(
        head.contains(&format!("content-length: {length}")) && body.is_empty(),
        "{head}"
    );
}

#[test]
fn bodies_stream_both_ways() {
    let served = Served::start(
        r#"
export default {
  fetch(request: Request): Response {
    const upper = new TransformStream<Uint8Array, string>({
      transform(chunk, controller) { controller.enqueue(new TextDecoder().decode(chunk).toUpperCase()); },
    });
    return new Response(request.body!.pipeThrough(upper).pipeThrough(new TextEncoderStream()));
  },
};
"#,
    );
    let mut stream = served.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked", "");
    // Each piece comes back before the next is sent.
    for word in ["one", "two", "three"] {
        write!(stream, "{:x}\r\n{word}\r\n", word.len()).unwrap();
        read_until(&mut stream, &word.to_uppercase());
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    read_until(&mut stream, "0\r\n\r\n");
}

#[test]
fn a_slow_reader_holds_the_writer_back_and_loses_nothing() {
    const CHUNKS: usize = 256;
    let served = Served::start(
        r#"
let written = 0;
export default {
  fetch(request: Request): Response {
    if (new URL(request.url).pathname === "/written") return new Response(`${written}`);
    const chunk = new Uint8Array(65536).fill(97);
    return new Response(new ReadableStream({
      pull(controller) {
        if (written === 256) return controller.close();
        written++;
        controller.enqueue(chunk);
      },
    }, { highWaterMark: 0 }));
  },
};
"#,
    );
    let mut stream = served.send("GET / HTTP/1.1", "");
    read_until(&mut stream, "\r\n\r\n");
    let settled = until(PATIENCE, "the writer waits", || {
        let before = served.get("/written");
        std::thread::sleep(Duration::from_millis(200));
        (served.get("/written") == before).then(|| before.parse::<usize>().unwrap())
    });
    assert!(settled < CHUNKS, "16 MiB are written to nobody");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert_eq!(unchunked(&rest).len(), CHUNKS * 65536);
}

#[test]
fn requests_under_way_at_once_do_not_mix() {
    let served = Served::start(
        r#"
import { AsyncLocalStorage } from "node:async_hooks";
const store = new AsyncLocalStorage<string>();
const waiting = new Map<string, () => void>();
async function deep(): Promise<string> {
  await null;
  await new Promise<void>((resolve) => waiting.set(store.getStore()!, resolve));
  return store.getStore()!;
}
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/waiting") return new Response(`${waiting.size}`);
    if (pathname === "/go") {
      for (const resolve of [...waiting.values()].reverse()) resolve();
      return new Response("gone");
    }
    return new Response(await store.run(pathname, deep));
  },
};
"#,
    );
    let names: Vec<String> = (0..20).map(|number| format!("/name{number}")).collect();
    let open: Vec<TcpStream> = names
        .iter()
        .map(|name| {
            let stream = served.send(&format!("GET {name} HTTP/1.1"), "");
            let count = names.iter().position(|other| other == name).unwrap() + 1;
            until(PATIENCE, "it waits", || {
                (served.get("/waiting") == count.to_string()).then_some(())
            });
            stream
        })
        .collect();
    assert_eq!(served.get("/go"), "gone");
    for (name, mut stream) in names.iter().zip(open) {
        assert_eq!(&read_answer(&mut stream).1, name);
    }
}

#[test]
fn work_goes_on_after_the_answer_and_a_client_that_leaves_is_told() {
    let served = Served::start(
        r#"
export default {
  async fetch(request: Request, env: unknown, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    if (new URL(request.url).pathname === "/after") {
      ctx.waitUntil(new Promise((resolve) => setTimeout(resolve, 50)).then(() => console.log("done after")));
      return new Response("first");
    }
    request.signal.addEventListener("abort", () => console.log("the client left:", request.signal.reason.name));
    console.log("begun");
    await new Promise(() => {});
    return new Response("never");
  },
};
"#,
    );
    assert_eq!(served.get("/after"), "first");
    served.says("stdout done after");
    let stream = served.send("GET /wait HTTP/1.1", "");
    served.says("stdout begun");
    drop(stream);
    served.says("stdout the client left: AbortError");
    assert_eq!(served.get("/after"), "first");
}

#[test]
fn what_a_handler_throws_is_told_with_its_line_and_the_instance_goes_on() {
    let served = Served::start(
        r#"interface Thing { name: string }
let count = 0;

function fail(thing: Thing | null): string {
  return thing!.name;
}

export default {
  async fetch(request: Request): Promise<Response> {
    count++;
    const { pathname } = new URL(request.url);
    if (pathname === "/now") return new Response(fail(null));
    if (pathname === "/later") { await null; throw new TypeError("later"); }
    return new Response(`${count}`);
  },
};
"#,
    );
    for (path, words) in [("/now", "app.ts:5"), ("/later", "TypeError: later")] {
        let (head, body) = served.ask(&format!("GET {path} HTTP/1.1"));
        assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        assert!(!body.contains("app.ts"), "{body}");
        let id = head
            .lines()
            .find_map(|line| line.strip_prefix("x-lily-request-id: "));
        served.says(words);
        let said = served.said();
        let line = said.lines().find(|line| line.contains(words)).unwrap();
        assert!(line.starts_with(id.expect("an id")), "{line}");
    }
    assert_eq!(served.get("/"), "3");
}

#[test]
fn an_instance_that_ends_is_replaced_and_others_are_told() {
    let served = Served::with(
        r#"
let count = 0;
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/wait") { console.log("waits"); await new Promise(() => {}); }
    if (pathname === "/spin") for (;;) {}
    if (pathname === "/exit") process.exit(3);
    return new Response(`${++count}`);
  },
};
"#,
        "[limits]\nwall_time_ms = 2000\n",
        &[],
    );
    assert_eq!([served.get("/"), served.get("/")], ["1", "2"]);
    let mut waiting = served.send("GET /wait HTTP/1.1", "");
    served.says("waits");
    let (head, _) = served.ask("GET /exit HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert!(read_answer(&mut waiting).0.starts_with("HTTP/1.1 500 "));
    served.says("exited with code 3");
    // A fresh instance begins anew.
    assert_eq!(served.get("/"), "1");
    let (head, _) = served.ask("GET /spin HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 50"), "{head}");
    assert_eq!(served.get("/"), "1");
    let (head, _) = served.ask("GET /wait HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 504 "), "{head}");
}

#[test]
fn a_script_has_arguments_environment_streams_and_an_exit_code() {
    let home = Home::new();
    home.write(
        "app.ts",
        r#"
import timers from "node:timers";
console.log(process.argv.slice(2).join("|"), process.env.COLOUR);
setTimeout(() => console.log("timer"), 10);
timers.setTimeout(() => console.log("never"), 3600_000).unref();
let text = "";
for await (const chunk of process.stdin) text += chunk;
console.error(`got ${text.trim()}`);
process.on("beforeExit", () => console.log("before"));
process.on("exit", (code) => console.log("exit", code));
process.exitCode = 42;
"#,
    );
    home.compile("app", ["app.ts"]);
    let output = home
        .lly_with(
            [
                "run",
                "app.brick",
                "--env",
                "COLOUR=red",
                "--",
                "one",
                "--two",
            ],
            b"first\nsecond\n",
            |_| {},
        )
        .exits(42);
    assert_eq!(output.stdout, "one|--two red\ntimer\nbefore\nexit 42\n");
    // The first time, `lly` says on stderr too that it compiles the engine.
    let said = &output.stderr;
    assert!(said.ends_with("got first\nsecond\n"), "{said}");
}

#[test]
fn a_script_ends_where_it_exits_and_at_what_nobody_catches() {
    let home = Home::new();
    home.write(
        "exit.js",
        "console.log(1); setTimeout(() => console.log(2), 5); process.exit(7); console.log(3);",
    );
    home.compile("exit", ["exit.js"]);
    assert_eq!(home.lly(["run", "exit.brick"]).exits(7).stdout, "1\n");
    home.write(
        "throw.ts",
        "type A = string;\n\nfunction deep(): A {\n  throw new RangeError(\"no\");\n}\ndeep();\n",
    );
    home.compile("throw", ["throw.ts"]);
    let output = home.lly(["run", "throw.brick"]).exits(1);
    assert!(
        output.stderr.contains("RangeError: no"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("throw.ts:4"), "{}", output.stderr);
    home.write(
        "reject.js",
        "Promise.reject(new Error(\"late\")); setTimeout(() => console.log(\"never\"), 1000);",
    );
    home.compile("reject", ["reject.js"]);
    let output = home.lly(["run", "reject.brick"]).exits(1);
    assert!(
        output.stdout.is_empty() && output.stderr.contains("Error: late"),
        "{output:?}"
    );
}

/// `samples/links`, the TypeScript program of the demo: a router, validation, state, static files, a response that goes on,
/// and a request to another server (its own address).
#[test]
fn the_sample_shortens_links() {
    let home = Home::new();
    let sample = tests_kit::repository().join("samples/links");
    for file in [
        "lly.toml",
        "src/app.ts",
        "src/links.ts",
        "src/router.ts",
        "src/validate.ts",
        "public/index.html",
        "public/links.css",
    ] {
        home.write(file, std::fs::read_to_string(sample.join(file)).unwrap());
    }
    let served = Served::of(home, &[]);
    assert!(served.get("/").contains("<title>links</title>"));
    assert_eq!(served.get("/api/links"), "[]");
    let post = |body: &str| {
        let head = format!("POST /api/links HTTP/1.1\r\nContent-Length: {}", body.len());
        read_answer(&mut served.send(&head, body))
    };
    let (head, body) = post("{\"to\":\"ftp://x\",\"name\":\"No!\"}");
    assert!(head.starts_with("HTTP/1.1 422 "), "{head}");
    assert!(
        body.contains("to: an absolute") && body.contains("name: 1 to 32"),
        "{body}"
    );
    let link = format!(
        "{{\"to\":\"http://{}/api/links\",\"name\":\"own\"}}",
        served.address
    );
    assert!(post(&link).0.starts_with("HTTP/1.1 201 "));
    assert!(post(&link).0.starts_with("HTTP/1.1 409 "));
    let (head, _) = served.ask("GET /own HTTP/1.1");
    let target = format!("location: http://{}/api/links", served.address);
    assert!(
        head.starts_with("HTTP/1.1 302 ") && head.contains(&target),
        "{head}"
    );
    assert_eq!(
        served.get("/api/links/own/check"),
        "{\"ok\":true,\"status\":200}"
    );
    assert!(
        served
            .ask("PUT /api/links HTTP/1.1")
            .0
            .starts_with("HTTP/1.1 405 ")
    );
    let mut feed = served.send("GET /api/feed HTTP/1.1", "");
    let mut told = String::new();
    let mut piece = [0; 4096];
    while !told.contains("\"name\":\"own\"") {
        let size = feed.read(&mut piece).unwrap();
        assert!(size > 0, "it ended: {told}");
        told.push_str(&String::from_utf8_lossy(&piece[..size]));
    }
}
