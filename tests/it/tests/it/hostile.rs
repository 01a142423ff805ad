//! Programs and clients that mean harm: after each of them the same CAP serves the other void.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use lly_brick::{BrickKind, Bundle, Parts};
use tests_kit::{Answer, Fleet};

/// One program, many harms: the query says which.
const HOSTILE: &str = r#"#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static volatile unsigned sink;
static char *volatile kept;
static int fall(volatile int *n) { int pad[64]; pad[0] = *n + 1; sink += pad[0]; return fall(&pad[0]) + pad[1]; }
int main(void) {
    const char *harm = getenv("QUERY_STRING");
    if (!strcmp(harm, "loop")) for (;;) sink++;
    if (!strcmp(harm, "memory")) for (;;) { char *p = malloc(1 << 20); kept = p; if (!p) abort(); memset(p, 1, 1 << 20); sink += p[7]; }
    if (!strcmp(harm, "deep")) { int n = 0; return fall(&n); }
    if (!strcmp(harm, "abort")) abort();
    if (!strcmp(harm, "exit")) return 3;
    if (!strcmp(harm, "null")) { int *volatile p = (int *)0xfffffff0u; return *p; }
    if (!strcmp(harm, "shout")) for (int i = 0; i < 200000; i++) fprintf(stderr, "line %d of a program that never stops talking\n", i);
    if (!strcmp(harm, "headers")) { printf("Content-Type: text/plain\n"); for (int i = 0; i < 100000; i++) printf("X-Flood-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", i); printf("\nbody"); return 0; }
    if (!strcmp(harm, "flood")) { static char block[65536]; memset(block, 'a', sizeof block); for (;;) if (fwrite(block, 1, sizeof block, stdout) == 0) return 1; }
    printf("fine");
    return 0;
}
"#;

struct Scene {
    fleet: Fleet,
    hostile: String,
    slug: String,
    good: String,
    cap: u32,
}

impl Scene {
    fn new() -> Self {
        let fleet = Fleet::start(1);
        fleet.home.write(
            "good.c",
            "#include <stdio.h>\nint main(void) { printf(\"good\"); return 0; }\n",
        );
        fleet.home.write("hostile.c", HOSTILE);
        let good = fleet.deploy_url(&fleet.home.compile("good", ["good.c"]));
        let deployed = fleet.deploy(&fleet.home.compile("hostile", ["hostile.c"]));
        let cap = fleet.pid("cap-1").expect("the CAP runs");
        let text = |key: &str| deployed[key].as_str().unwrap().to_owned();
        Self {
            good,
            hostile: text("url"),
            slug: text("slug"),
            cap,
            fleet,
        }
    }

    fn harm(&self, which: &str) -> anyhow::Result<Answer> {
        self.fleet
            .send(self.fleet.client().get(format!("{}?{which}", self.hostile)))
    }

    /// The other void answers, the hostile one too when asked nicely, and the CAP is the same process.
    #[track_caller]
    fn unharmed(&self) {
        assert_eq!(self.fleet.get(&self.good).is(200).text(), "good");
        assert_eq!(self.fleet.get(&self.hostile).is(200).text(), "fine");
        assert_eq!(self.fleet.pid("cap-1"), Some(self.cap), "the CAP died");
    }
}

#[test]
fn programs_that_mean_harm_hurt_only_their_own_request() {
    let scene = Scene::new();
    for (harm, statuses) in [
        ("shout", &[200, 500][..]),
        ("abort", &[500]),
        ("exit", &[500]),
        ("null", &[500]),
        ("deep", &[500]),
        ("memory", &[500, 503]),
        // A header block without end is no header block: all of it is body.
        ("headers", &[200]),
        ("loop", &[504]),
    ] {
        let answer = scene
            .harm(harm)
            .unwrap_or_else(|error| panic!("{harm}: {error:#}"));
        assert!(
            statuses.contains(&answer.status),
            "{harm}: {} {}",
            answer.status,
            answer.text().chars().take(400).collect::<String>()
        );
        assert!(
            answer.headers.len() < 32,
            "{harm}: {} headers",
            answer.headers.len()
        );
        if answer.status == 500 {
            let id = answer
                .header("x-lily-request-id")
                .unwrap_or_else(|| panic!("{harm}: no id"))
                .to_owned();
            assert!(answer.text().contains(&id), "{harm}: {}", answer.text());
        }
        scene.unharmed();
    }
    // An endless body is cut, not buffered.
    let flood = scene.harm("flood");
    assert!(flood.is_err() || flood.is_ok_and(|answer| answer.body.len() < 512 << 20));
    scene.unharmed();

    let logs = scene
        .fleet
        .lly(["void", "logs", &scene.slug, "-n", "2000"])
        .success()
        .stdout;
    assert!(
        logs.contains("hostile.c:14"),
        "the source line of the bad read is in the logs:\n{logs}"
    );
    assert!(logs.lines().count() <= 2000);
}

#[test]
fn clients_that_mean_harm_hurt_nobody_else() {
    let scene = Scene::new();
    let (host, port) = authority(&scene.good);

    // Slow clients: a hundred connections that never finish their request.
    let slow: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(&[0x16, 0x03]).unwrap();
            stream
        })
        .collect();
    scene.unharmed();
    drop(slow);

    let mut tls = Tls::connect(&scene.fleet, &host, port);
    tls.say(&format!("GET / HTTP/1.1\r\nHost: {host}\r\nX-Slow: "));
    scene.unharmed();

    // Header floods, and headers that no one should send.
    for request in [
        format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\n{}\r\n",
            "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(20_000)
        ),
        format!(
            "GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n",
            "a".repeat(2_000_000)
        ),
        "GET / HTTP/1.1\r\nHost: nobody.app.localhost\r\nConnection: close\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: ../../etc\r\nConnection: close\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
    ] {
        let mut tls = Tls::connect(&scene.fleet, &host, port);
        tls.say(&request);
        let head = tls.first_line();
        assert!(!head.contains(" 200 "), "{head}");
        scene.unharmed();
    }

    // More at once than the void can take: each is answered, in turn or with 503 and a time to come back.
    let statuses = scene.fleet.block_on(async {
        let client = scene.fleet.client();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..400 {
            let request = client.get(&scene.good).timeout(Duration::from_secs(40));
            tasks.spawn(async move {
                request
                    .send()
                    .await
                    .map(|r| (r.status().as_u16(), r.headers().contains_key("retry-after")))
            });
        }
        tasks.join_all().await
    });
    for status in statuses {
        let (status, retry_after) = status.expect("an answer");
        assert!(status == 200 || (status == 503 && retry_after), "{status}");
    }
    scene.unharmed();

    // A body over the limit.
    let huge = reqwest::Body::from(vec![b'x'; 65 << 20]);
    let answer = scene
        .fleet
        .send(scene.fleet.client().post(&scene.good).body(huge));
    assert!(
        answer
            .as_ref()
            .map_or(true, |answer| [200, 413].contains(&answer.status)),
        "{answer:?}"
    );
    scene.unharmed();
}

#[test]
fn malformed_bundles_are_refused_and_named() {
    let scene = Scene::new();
    let good = std::fs::read(scene.fleet.home.work().join("good.brick")).unwrap();
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("short", good[..good.len() / 2].to_vec()),
        ("long", [good.as_slice(), b"tail"].concat()),
        ("magic", [b"NOTABRCK", &good[8..]].concat()),
    ];
    for at in [good.len() / 4, good.len() / 2, good.len() - 9] {
        let mut flipped = good.clone();
        flipped[at] ^= 0x40;
        cases.push(("flipped", flipped));
    }
    for (name, bytes) in cases {
        let path = scene.fleet.home.write(&format!("{name}.brick"), bytes);
        let path = path.to_str().unwrap();
        for command in [
            &["void", "deploy", path][..],
            &["run", path],
            &["bundle", "inspect", path],
            &["bundle", "verify", path],
        ] {
            let output = scene.fleet.lly(command.iter().copied()).exits(1);
            assert!(
                output.stderr.contains("error:"),
                "{name}: {}",
                output.stderr
            );
        }
        scene.unharmed();
    }
    // None of them became a void.
    let before = scene.fleet.home.json(["void", "list"])["voids"]
        .as_array()
        .map(Vec::len);
    assert_eq!(before, Some(2));
}

/// The manifest is right about a module that is no WebAssembly: only who compiles it can tell, and that is a child of
/// the CAP.
#[test]
fn a_module_that_is_no_webassembly_is_refused_by_the_cap() {
    let scene = Scene::new();
    let good = std::fs::read(scene.fleet.home.work().join("good.brick")).unwrap();
    let manifest = Bundle::open(&good).unwrap().manifest;
    let modules: [&[u8]; 3] = [
        b"not a module at all",
        b"\0asm\x0d\0\x01\0 a component that goes wrong",
        b"\0asm\x01\0\0\0",
    ];
    for module in modules {
        let packed = Bundle::pack(Parts {
            name: "garbage".to_owned(),
            frontend: manifest.frontend.clone(),
            bricks: vec![("garbage".to_owned(), BrickKind::Command, module.to_vec())],
            modules: Vec::new(),
            bir: None,
            adapter: None,
            assets: Vec::new(),
            routes: Vec::new(),
            env: Vec::new(),
            limits: manifest.limits.clone(),
        })
        .unwrap();
        let path = scene.fleet.home.write("garbage.brick", packed.bytes);
        let path = path.to_str().unwrap();
        let refused = scene.fleet.lly(["void", "deploy", path]);
        let refused = refused
            .exits(5)
            .says("the brick `garbage` cannot be compiled: invalid WebAssembly: ");
        assert_eq!(
            refused.stderr.matches("invalid").count(),
            1,
            "{}",
            refused.stderr
        );
        scene.fleet.lly(["run", path]).exits(1);
        scene.unharmed();
    }
}

fn authority(url: &str) -> (String, u16) {
    let rest = url.strip_prefix("https://").unwrap().trim_end_matches('/');
    let (host, port) = rest.split_once(':').unwrap();
    (host.to_owned(), port.parse().unwrap())
}

/// A TLS connection on which a test may say anything.
struct Tls {
    stream: rustls::StreamOwned<rustls::ClientConnection, TcpStream>,
}

impl Tls {
    fn connect(fleet: &Fleet, host: &str, port: u16) -> Self {
        use rustls::pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        roots
            .add(rustls::pki_types::CertificateDer::from_pem_file(fleet.ca()).unwrap())
            .unwrap();
        let config = rustls::ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = host.to_owned().try_into().unwrap();
        let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(40)))
            .unwrap();
        Self {
            stream: rustls::StreamOwned::new(connection, socket),
        }
    }

    /// Sends what it can: the server may hang up in the middle.
    fn say(&mut self, text: &str) {
        let _ = self
            .stream
            .write_all(text.as_bytes())
            .and_then(|()| self.stream.flush());
    }

    fn first_line(&mut self) -> String {
        let mut bytes = [0_u8; 512];
        let read = self.stream.read(&mut bytes).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read])
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    }
}
