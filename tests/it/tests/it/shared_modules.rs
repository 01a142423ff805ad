//! Bundles that carry a core module which their programs import by content: made by hand, as no frontend is needed to see
//! that the module is sent once, compiled once and found by everybody who names it.

use lly_brick::container::{Effort, PackedEntry};
use lly_brick::{BrickKind, Bundle, Digest, FrontendRef, Limits, Parts, SharedModule};
use std::path::PathBuf;
use tests_kit::{Fleet, Home};

const HEAD: &str = "Content-Type: text/plain\\n\\nThe engine runs ";
const HEAD_BYTES: usize = 42;

/// What two programs share: a memory with a text in it.
fn engine() -> Vec<u8> {
    let text = format!(
        r#"(module
             (memory (export "memory") 1)
             (data (i32.const 0) "{HEAD}")
             (func (export "length") (result i32) (i32.const {HEAD_BYTES})))"#
    );
    wat::parse_str(text).unwrap()
}

/// A command that says what its engine says and then a word.
fn program(engine: &Digest, word: &str) -> Vec<u8> {
    let import = SharedModule::import_of(engine);
    let length = word.len();
    let text = format!(
        r#"(component
  (import "{import}" (core module $engine
    (export "memory" (memory 1))
    (export "length" (func (result i32)))))
  (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "output-stream" (type $stream (sub resource)))
    (type $failures (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $failure (eq $failures)))
    (export "[method]output-stream.blocking-write-and-flush" (func
      (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $stream (type $outer))
    (export "output-stream" (type $stream (eq $outer)))
    (export "get-stdout" (func (result (own $stream))))))
  (core instance $engine (instantiate $engine))
  (alias core export $engine "memory" (core memory $memory))
  (core func $stdout (canon lower (func $stdout "get-stdout")))
  (core func $write (canon lower
    (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
  (core module $program
    (import "engine" "memory" (memory 1))
    (import "engine" "length" (func $length (result i32)))
    (import "host" "stdout" (func $stdout (result i32)))
    (import "host" "write" (func $write (param i32 i32 i32 i32)))
    (data (i32.const 4096) "{word}")
    (func (export "run") (result i32) (local $out i32)
      (local.set $out (call $stdout))
      (call $write (local.get $out) (i32.const 0) (call $length) (i32.const 512))
      (call $write (local.get $out) (i32.const 4096) (i32.const {length}) (i32.const 512))
      (i32.load8_u (i32.const 512))))
  (core instance $host (export "stdout" (func $stdout)) (export "write" (func $write)))
  (core instance $program (instantiate $program
    (with "engine" (instance $engine)) (with "host" (instance $host))))
  (func $run (result (result)) (canon lift (core func $program "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $run)))"#
    );
    wat::parse_str(text).unwrap()
}

fn bundle(home: &Home, name: &str, component: Vec<u8>, modules: &[&[u8]]) -> PathBuf {
    let pack = |module: &&[u8]| PackedEntry::pack(module, Effort::Smallest).unwrap();
    let packed = Bundle::pack(Parts {
        name: name.to_owned(),
        frontend: FrontendRef {
            name: "hand".to_owned(),
            version: "0.1.0".to_owned(),
            digest: Digest::of(b"no frontend"),
        },
        adapter: None,
        bricks: vec![(name.to_owned(), BrickKind::Command, component)],
        modules: modules.iter().map(pack).collect(),
        bir: None,
        assets: Vec::new(),
        routes: Vec::new(),
        env: Vec::new(),
        limits: Limits::default(),
    })
    .unwrap();
    home.write(&format!("{name}.brick"), packed.bytes)
}

fn good(home: &Home, name: &str) -> PathBuf {
    let engine = engine();
    bundle(home, name, program(&Digest::of(&engine), name), &[&engine])
}

/// Lines of the CAP's log that say this of the module.
fn said(fleet: &Fleet, module: &Digest, words: &str) -> usize {
    let log = fleet.home.path().join("fleet/log/cap-1.log");
    let log = std::fs::read_to_string(log).unwrap();
    let about = |line: &&str| line.contains(words) && line.contains(&module.to_string());
    log.lines().filter(about).count()
}

#[test]
fn two_voids_share_one_module() {
    let fleet = Fleet::start(1);
    let (one, two) = (good(&fleet.home, "one"), good(&fleet.home, "two"));
    let module = Digest::of(&engine());
    let first = fleet.deploy(&one);
    assert_eq!(first["blobs_sent"], 2, "{first}");
    let second = fleet.deploy(&two);
    // The component travels; the module is there.
    assert_eq!(second["blobs_sent"], 1, "{second}");
    assert_eq!(second["bytes_sent"], program(&module, "two").len());
    let url = |deployed: &serde_json::Value| deployed["url"].as_str().unwrap().to_owned();
    let (first, second) = (url(&first), url(&second));
    for (url, word) in [(&first, "one"), (&second, "two"), (&first, "one")] {
        let answer = fleet.get(url).is(200);
        assert_eq!(answer.text(), format!("The engine runs {word}"));
    }
    assert_eq!(
        said(&fleet, &module, "compiled for this machine"),
        1,
        "{}",
        fleet.logs()
    );
    assert_eq!(
        said(&fleet, &module, "a shared module was loaded"),
        1,
        "{}",
        fleet.logs()
    );
    // The CAP's next life finds the code.
    fleet.kill_service("cap-1");
    for url in [&first, &second] {
        fleet.get_until(url, 200);
    }
    assert!(said(&fleet, &module, "a shared module was loaded") > 0);
    assert!(
        said(&fleet, &module, "compiled for this machine") <= 1,
        "{}",
        fleet.logs()
    );
    let refusals = Refusal::all(&fleet.home);
    for refusal in &refusals {
        let path = refusal.bundle.to_str().unwrap();
        fleet
            .lly(["void", "deploy", path])
            .exits(5)
            .says(&refusal.words);
    }
    fleet.get(&first).is(200);
}

/// A bundle that cannot run, and what is said about it.
struct Refusal {
    bundle: PathBuf,
    words: String,
}

impl Refusal {
    fn all(home: &Home) -> Vec<Refusal> {
        let engine = engine();
        let digest = Digest::of(&engine);
        let garbage = b"no module at all".as_slice();
        let other = wat::parse_str("(module (memory (export \"memory\") 1))").unwrap();
        let bare = |module: &[u8]| program(&Digest::of(module), "bare");
        let import = SharedModule::import_of(&digest);
        vec![
            Refusal {
                bundle: bundle(home, "without", program(&digest, "without"), &[]),
                words: format!(
                    "imports the core module `{import}`, which its bundle does not carry"
                ),
            },
            Refusal {
                bundle: bundle(home, "wrong", program(&digest, "wrong"), &[&other]),
                words: format!(
                    "imports the core module `{import}`, which its bundle does not carry"
                ),
            },
            Refusal {
                bundle: bundle(home, "shapeless", bare(&other), &[&other]),
                words: "as something that it is not".to_owned(),
            },
            Refusal {
                bundle: bundle(home, "garbage", bare(garbage), &[garbage]),
                words: format!(
                    "the shared module `{}` cannot be compiled",
                    Digest::of(garbage)
                ),
            },
        ]
    }
}

#[test]
fn a_bundle_with_a_module_runs_and_shows_it() {
    let home = Home::new();
    let one = good(&home, "one");
    let ran = home.lly(["run".as_ref(), one.as_os_str()]).success();
    assert!(
        ran.stdout.ends_with("The engine runs one"),
        "{}",
        ran.stdout
    );
    let (engine, hex) = (engine(), Digest::of(&engine()).hex());
    let shown = home
        .lly(["bundle", "inspect", "one.brick"])
        .success()
        .stdout;
    let line = format!(
        "  module    sha256:{}… (shared, {} B)\n",
        &hex[..12],
        engine.len()
    );
    assert!(shown.contains(&line), "{shown}");
    let document = home.json(["bundle", "inspect", "one.brick"]);
    assert_eq!(document["modules"][0]["digest"], format!("sha256:{hex}"));
    home.lly(["bundle", "unpack", "one.brick", "-o", "one"])
        .success();
    let unpacked = home.work().join(format!("one/shared/{hex}.wasm"));
    assert_eq!(std::fs::read(unpacked).unwrap(), engine);
    home.lly(["bundle", "verify", "one.brick", "--unsigned"])
        .success();
    // With another engine, it is the engine that is named.
    let other = wat::parse_str("(module (func))").unwrap();
    bundle(
        &home,
        "other",
        program(&Digest::of(&engine), "one"),
        &[&other],
    );
    let difference = home
        .lly(["bundle", "diff", "one.brick", "other.brick"])
        .success()
        .stdout;
    assert!(
        difference.contains(&format!("removed  module   sha256:{hex}")),
        "{difference}"
    );
    assert!(
        difference.contains("added    module   sha256:"),
        "{difference}"
    );
    for refusal in Refusal::all(&home) {
        let ran = home.lly(["run".as_ref(), refusal.bundle.as_os_str()]);
        ran.exits(1).says(&refusal.words);
    }
}
