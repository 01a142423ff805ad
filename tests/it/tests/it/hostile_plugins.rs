//! Frontends that a stranger published, signed and all, and that mean harm: each gets one sentence that names it, and `lly`
//! goes on.

use lly_bir::{Digest, Object, Program, SCHEMA, Span, Unit, UnitKind};
use lly_brick::container::Writer;
use serde_json::json;
use tests_kit::{Fleet, Home, repository};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What a frontend that this test makes answers.
struct Evil<'a> {
    /// The body of `lower`, in WebAssembly text.
    lower: &'a str,
    /// The bytes of the BIR, for `$bir`.
    bir: &'a [u8],
    /// The bytes of the component, for `$emit`.
    component: &'a [u8],
}

/// Answers with the BIR.
const ANSWER: &str = "(call $ok (i32.const 65536) (i32.load (i32.const 2048)))";
/// Takes all memory that it gets.
const GREED: &str =
    "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1024)) (i32.const -1)))) unreachable";
const COMPONENT_AT: usize = 2 * 65536;

impl Evil<'_> {
    fn component(&self) -> Vec<u8> {
        let text = format!(
            r#"(module
            (memory (export "memory") 4)
            (global $top (mut i32) (i32.const 8192))
            (data (i32.const 2048) "{bir_length}") (data (i32.const 2052) "{component_length}")
            (data (i32.const 65536) "{bir}") (data (i32.const {COMPONENT_AT}) "{component}")
            ;; An error: its message turns the terminal red; it is at `no.c`, line 4294967295.
            (data (i32.const 3000) "\1b[31mred\07") (data (i32.const 3020) "no.evil")
            (data (i32.const 3072) "\02\00\00\00\b8\0b\00\00\09\00\00\00\01\00\00\00\cc\0b\00\00\07\00\00\00")
            (data (i32.const 3096) "\ff\ff\ff\ff\ff\ff\ff\ff")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.set $top (i32.add (local.get $at) (local.get 3)))
                (local.get $at))
            (func $ok (param $at i32) (param $length i32)
                (i32.store (i32.const 1028) (local.get $at))
                (i32.store (i32.const 1032) (local.get $length)))
            (func $err
                (i32.store (i32.const 1024) (i32.const 1))
                (i32.store (i32.const 1028) (i32.const 3072))
                (i32.store (i32.const 1032) (i32.const 1)))
            (func (export "lower") (param i32) (result i32) {lower} (i32.const 1024))
            (func (export "emit") (param i32) (result i32)
                (call $ok (i32.const {COMPONENT_AT}) (i32.load (i32.const 2052))) (i32.const 1024)))"#,
            bir_length = escaped(&length(self.bir)),
            component_length = escaped(&length(self.component)),
            bir = escaped(self.bir),
            component = escaped(self.component),
            lower = self.lower,
        );
        let mut resolve = wit_parser::Resolve::default();
        let wit = repository().join("wit/frontend");
        let (package, _) = resolve.push_dir(&wit).unwrap();
        let world = resolve.select_world(&[package], Some("frontend")).unwrap();
        let mut module = wat::parse_str(text).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let mut encoder = ComponentEncoder::default().module(&module).unwrap();
        encoder.encode().unwrap()
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap().to_le_bytes()
}

/// Bytes in a string of WebAssembly text.
fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A program of two functions with these lines, as BIR.
fn bir(lines: [(u32, u32); 2], change: impl FnOnce(&mut Program)) -> Vec<u8> {
    let unit = |(line, end_line)| Unit {
        name: "f".into(),
        symbol: "f".into(),
        kind: UnitKind::Function,
        signature: String::new(),
        span: Some(Span {
            file: "x.evil".into(),
            line,
            column: 1,
            end_line,
        }),
        size_bytes: 1,
        calls: vec![],
        calls_indirect: false,
        address_taken: false,
        reads: vec![],
        writes: vec![],
        escapes: vec![],
        object: 0,
        digest: Digest::of(b"f"),
    };
    let mut program = Program {
        schema: SCHEMA,
        language: "evil".into(),
        name: "x".into(),
        units: lines.map(unit).into(),
        data: vec![],
        objects: vec![Object::new("x.o", b"code".to_vec())],
    };
    change(&mut program);
    program.encode()
}

/// Publishes the frontend under a version of its own, and installs it as anybody would.
fn install(fleet: &Fleet, version: &str, component: &[u8]) -> tests_kit::Output {
    let manifest = json!({
        "schema": 1, "name": "evil", "version": version, "world": "lily:frontend@0.1.0",
        "component": "component.wasm", "description": "means harm", "extensions": [".evil"],
        "lly_min_version": "0.1.0",
    });
    let package = Writer::new()
        .entry("plugin.json", manifest.to_string())
        .entry("component.wasm", component.to_vec())
        .finish()
        .unwrap();
    let file = fleet.home.write(&format!("evil-{version}.plugin"), package);
    let publish = [
        "plugin",
        "publish",
        file.to_str().unwrap(),
        "--key",
        "evil.key",
    ];
    fleet.home.lly(publish).success();
    let wanted = format!("evil@={version}");
    fleet.home.lly(["plugin", "install", &wanted])
}

/// A fleet whose developer trusts the wrong people, and a file for their frontend.
fn stage() -> Fleet {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let home = &fleet.home;
    home.lly(["plugin", "key", "generate", "evil.key"])
        .success();
    let publisher = [
        "plugin",
        "trust",
        "publisher",
        "--plugins",
        "evil",
        "--key",
        "evil.pub",
    ];
    home.lly(publisher).success();
    home.write("x.evil", "whatever\n");
    fleet
}

#[test]
fn frontends_that_mean_harm_get_one_sentence() {
    let fleet = stage();
    let home = &fleet.home;

    let good = bir([(1, 2), (3, 4)], |_| {});
    let apart = good.as_slice();
    let crossing = bir([(1, 5), (3, 9)], |_| {});
    let backwards = bir([(9, 5), (10, 11)], |_| {});
    let digest = bir([(1, 2), (3, 4)], |program| {
        program.objects[0].digest = Digest::of(b"other")
    });
    let beyond = bir([(1, 2), (3, 4)], |program| program.units[1].object = 7);
    let spy = wat::parse_str("(component (import \"acme:spy/ears\" (instance)))").unwrap();
    let invalid = wat::parse_str("(component (core module (func (result i32))))").unwrap();
    let idle = wat::parse_str("(component)").unwrap();
    let cases: [(&str, &[u8], &[u8], &str); 13] = [
        (
            "unreachable",
            apart,
            &idle,
            "failed in `lower`: the program aborted",
        ),
        (
            GREED,
            apart,
            &idle,
            "failed in `lower`: out of memory: the limit is",
        ),
        (
            "(call $ok (i32.const -9) (i32.const 99))",
            apart,
            &idle,
            "failed in `lower`: ",
        ),
        (
            ANSWER,
            b"",
            &idle,
            "failed in `lower`: it returned an empty BIR",
        ),
        (
            ANSWER,
            b"nonsense",
            &idle,
            "failed in `lower`: it returned broken BIR: these bytes are not BIR",
        ),
        (
            ANSWER,
            &crossing,
            &idle,
            "broken BIR: the BIR contradicts itself: units 0 and 1 overlap in `x.evil`",
        ),
        (
            ANSWER,
            &backwards,
            &idle,
            "the place of unit 0 is impossible: lines 9 to 5",
        ),
        (
            ANSWER,
            &digest,
            &idle,
            "object `x.o` does not have the bytes that its digest stands for",
        ),
        (ANSWER, &beyond, &idle, "unit 1 names object 7, of 1"),
        (
            ANSWER,
            apart,
            b"\0asm",
            "failed in `emit`: it returned bytes that are not a component",
        ),
        (
            ANSWER,
            apart,
            &invalid,
            "failed in `emit`: it returned a component that is not valid WebAssembly",
        ),
        (
            ANSWER,
            apart,
            &spy,
            "failed in `emit`: it returned a component that imports `acme:spy/ears`",
        ),
        (
            ANSWER,
            apart,
            &idle,
            "the program has neither a `main` nor a request handler",
        ),
    ];
    for (at, (lower, bir, component, expected)) in cases.into_iter().enumerate() {
        let version = format!("0.0.{at}");
        install(
            &fleet,
            &version,
            &Evil {
                lower,
                bir,
                component,
            }
            .component(),
        )
        .success();
        let refused = home.lly(["compile", "x.evil"]).exits(1).says(expected);
        if !expected.starts_with("the program has") {
            let named = format!("the plugin `evil` {version} failed in ");
            assert!(refused.stderr.contains(&named), "{}", refused.stderr);
            assert_eq!(
                refused.stderr.trim_end().lines().count(),
                1,
                "{}",
                refused.stderr
            );
        }
        assert!(!home.work().join("x.brick").exists(), "{expected}");
    }
    let rude = Evil {
        lower: "(call $err)",
        bir: apart,
        component: &idle,
    };
    install(&fleet, "0.1.0", &rude.component()).success();
    let refused = home.lly(["compile", "x.evil"]).exits(1);
    let expected =
        "no.evil:4294967295:4294967295: error: <U+001B>[31mred<U+0007>\n1 error generated.\n";
    assert_eq!(refused.stderr, expected);
}

#[test]
fn a_frontend_that_asks_for_more_than_its_world_has_is_never_started() {
    let fleet = stage();
    let home = &fleet.home;
    let nosy = "(component (import \"wasi:filesystem/preopens@0.2.0\" (instance (export \"all\" (func (result u64))))))";
    install(&fleet, "0.0.1", &wat::parse_str(nosy).unwrap());
    home.lly(["compile", "x.evil"]).exits(1).says(
        "the plugin `evil` 0.0.1 imports `wasi:filesystem/preopens@0.2.0`, which no plugin of its kind is given",
    );
}
