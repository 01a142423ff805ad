use super::*;
use crate::Silent;
use crate::testing::{command, package};
use std::sync::{Arc, Mutex};

/// The core of a command. `run` does its body; a file's name is at 2048, an answer at 1024.
fn core(run: &str) -> String {
    format!(
        r#"(module
        (import "lily:command/terminal@0.1.0" "out" (func $out (param i32 i32)))
        (import "lily:command/project@0.1.0" "read" (func $read (param i32 i32 i32)))
        (import "lily:command/web@0.1.0" "fetch" (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
        (import "lily:command/environment@0.1.0" "get" (func $get (param i32 i32 i32)))
        (memory (export "memory") 1)
        (global $top (mut i32) (i32.const 8192))
        (data (i32.const 2048) "src/a.c")
        (data (i32.const 2100) "https://example:8443/x")
        (data (i32.const 2200) "secret")
        (data (i32.const 3072) "\00\08\00\00\07\00\00\00\00\08\00\00\07\00\00\00")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
            (global.set $top (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        (func (export "usage") (result i32) (i32.const 3072))
        (func (export "run") (param i32 i32) (result i32) {run}))"#
    )
}

/// Calls `read` on the text at `at`, prints what it answers and gives the kind of answer.
fn read(at: u32, length: u32) -> String {
    format!(
        "(call $read (i32.const {at}) (i32.const {length}) (i32.const 1024))
         (if (i32.eqz (i32.load8_u (i32.const 1024)))
            (then (call $out (i32.load (i32.const 1028)) (i32.load (i32.const 1032))) (return (i32.const 0))))
         (call $out (i32.load (i32.const 1032)) (i32.load (i32.const 1036)))
         (i32.add (i32.const 1) (i32.load8_u (i32.const 1028)))"
    )
}

#[derive(Clone, Default)]
struct Around {
    out: Arc<Mutex<Vec<u8>>>,
}

impl Surroundings for Around {
    fn out(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.out.lock().unwrap().extend(text);
        Ok(())
    }
    fn err(&mut self, text: &[u8]) -> std::io::Result<()> {
        self.out(text)
    }
    fn fetch(&mut self, request: WebRequest) -> Result<WebResponse, String> {
        self.out(request.url.as_bytes()).unwrap();
        Ok(WebResponse {
            status: 200,
            headers: Vec::new(),
            body: Vec::new(),
        })
    }
    fn variable(&self, name: &str) -> Option<String> {
        (name == "secret").then(|| "value".to_owned())
    }
}

fn manifest(asked: Grants) -> PluginManifest {
    let mut manifest = PluginManifest::new(
        "count",
        semver::Version::new(1, 2, 3),
        COMMAND_WORLD,
        "counts",
    );
    manifest.grants = asked;
    manifest
}

fn grants() -> Grants {
    Grants {
        read: ["src/**".to_owned()].into(),
        hosts: ["example:8443".to_owned()].into(),
        environment: ["secret".to_owned()].into(),
        ..Grants::default()
    }
}

fn load(wasm: &[u8], limits: CommandLimits) -> Result<Verb, LoadError> {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let package = package(&manifest(grants()), &[("component.wasm", wasm)]);
    let installed = store.install_packaged(&package).unwrap();
    Verb::load(&store, &installed, &Silent, limits)
}

fn run_with(
    body: &str,
    granted: &Grants,
    limits: CommandLimits,
) -> (Result<Ran, PluginFault>, String) {
    let verb = load(&command(&core(body)), limits).unwrap();
    let project = tempfile::tempdir().unwrap();
    std::fs::create_dir(project.path().join("src")).unwrap();
    std::fs::write(project.path().join("src/a.c"), "int a;").unwrap();
    std::fs::write(project.path().join("secret"), "key").unwrap();
    let around = Around::default();
    let answer = verb.run(&[], granted, project.path(), Box::new(around.clone()));
    let out = String::from_utf8(around.out.lock().unwrap().clone()).unwrap();
    (answer, out)
}

fn run(body: &str, granted: &Grants) -> (Ran, String) {
    let (answer, out) = run_with(body, granted, CommandLimits::STANDARD);
    (answer.unwrap(), out)
}

fn fault(body: &str, limits: CommandLimits) -> String {
    let (answer, _) = run_with(body, &grants(), limits);
    answer.unwrap_err().to_string()
}

#[test]
fn what_was_granted_is_read_and_what_was_not_is_named() {
    let (ran, out) = run(&read(2048, 7), &grants());
    assert_eq!(
        (ran, out.as_str()),
        (
            Ran {
                exit_code: 0,
                denied: Vec::new()
            },
            "int a;"
        )
    );
    let (ran, out) = run(&read(2200, 6), &grants());
    let sentence =
        "reading the file `secret` was not granted: the grant `read` for `secret` is missing";
    assert_eq!(
        ran,
        Ran {
            exit_code: 1,
            denied: vec![sentence.to_owned()]
        }
    );
    assert_eq!(out, sentence);
}

#[test]
fn what_was_asked_for_and_not_granted_is_not_given() {
    let (ran, _) = run(&read(2048, 7), &Grants::default());
    assert_eq!(ran.exit_code, 1);
    // Nor what an older version was granted and this one does not ask for.
    let mut more = grants();
    more.read.insert("secret".to_owned());
    assert_eq!(run(&read(2200, 6), &more).0.exit_code, 1);
}

#[test]
fn hosts_and_variables_are_reached_when_granted() {
    let fetch =
        "(call $fetch (i32.const 2048) (i32.const 3) (i32.const 2100) (i32.const 22) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)) (i32.load8_u (i32.const 1024))";
    let (ran, out) = run(fetch, &grants());
    assert_eq!((ran.exit_code, out.as_str()), (0, "https://example:8443/x"));
    let (ran, _) = run(fetch, &Grants::default());
    assert_eq!(ran.exit_code, 1);
    assert!(
        ran.denied[0].contains("the grant `hosts` for `example:8443`"),
        "{ran:?}"
    );
    let get = "(call $get (i32.const 2200) (i32.const 6) (i32.const 1024)) (i32.load8_u (i32.const 1024))";
    assert_eq!(run(get, &grants()).0.exit_code, 0);
    assert_eq!(run(get, &Grants::default()).0.exit_code, 1);
}

#[test]
fn urls_of_other_schemes_and_with_users_are_refused() {
    assert_eq!(host_of("https://example/x"), Ok("example".to_owned()));
    assert_eq!(host_of("https://example:443/x"), Ok("example".to_owned()));
    assert_eq!(
        host_of("https://example:8443"),
        Ok("example:8443".to_owned())
    );
    for url in [
        "http://example",
        "https://granted@evil/",
        "file:///etc/passwd",
        "example",
        "",
        "https://",
    ] {
        assert!(host_of(url).is_err(), "{url}");
    }
}

#[test]
fn loops_traps_and_floods_are_one_sentence() {
    let limits = CommandLimits {
        own_time_max: Duration::from_millis(50),
        memory_bytes_max: 1 << 20,
        terminal_bytes_max: 1000,
        ..CommandLimits::STANDARD
    };
    let begin = "the plugin `count` 1.2.3 failed in `run`: ";
    for (body, words) in [
        ("(loop (br 0)) (i32.const 0)", "it ran longer than 0.05 s"),
        ("(unreachable)", "unreachable"),
        (
            "(loop (call $out (i32.const 0) (i32.const 100)) (br 0)) (i32.const 0)",
            "it wrote more than 1000 bytes",
        ),
        ("(call $out (i32.const 0) (i32.const -1)) (i32.const 0)", ""),
        ("(drop (memory.grow (i32.const 100))) (unreachable)", ""),
    ] {
        let sentence = fault(body, limits.clone());
        assert!(
            sentence.starts_with(begin) && sentence.contains(words),
            "{body}: {sentence}"
        );
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}

#[test]
fn usage_needs_nothing() {
    let verb = load(&command(&core("(i32.const 0)")), CommandLimits::STANDARD).unwrap();
    assert_eq!(verb.usage().unwrap().summary, "src/a.c");
}

#[test]
fn other_imports_are_refused() {
    let wasm = wat::parse_str(
        r#"(component (import "wasi:cli/environment@0.2.0" (instance (export "get" (func)))))"#,
    );
    let refused = load(&wasm.unwrap(), CommandLimits::STANDARD)
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("imports `wasi:cli/environment@0.2.0`"),
        "{refused}"
    );
}
