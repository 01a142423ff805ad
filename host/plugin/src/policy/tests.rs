use super::*;
use crate::testing::{package, policy, policy_manifest};
use std::time::Instant;

/// A policy whose answer is at 1024 and whose `choose` does `body`.
fn load(body: &str, data: &str) -> PlacementPolicy {
    let core = format!(
        r#"(module
        (memory (export "memory") 1)
        (global $top (mut i32) (i32.const 4096))
        {data}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
            (global.set $top (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        (func (export "choose") (param i32) (result i32)
            {body} (i32.const 1024)))"#
    );
    load_component(&policy(&core)).unwrap()
}

fn load_component(wasm: &[u8]) -> Result<PlacementPolicy, LoadError> {
    let dir = tempfile::tempdir().unwrap();
    let package = package(&policy_manifest(), &[("component.wasm", wasm)]);
    PlacementPolicy::from_packaged(&package, dir.path())
}

/// Chooses this cap, because of these bytes.
fn answer(cap: u32, reason: &str) -> String {
    let cap: String = cap
        .to_le_bytes()
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let length = reason.len();
    format!(
        r#"(data (i32.const 1024) "\01\00\00\00{cap}\00\08\00\00\{:02x}\{:02x}\00\00") (data (i32.const 2048) "{}")"#,
        length & 255,
        length >> 8,
        reason
            .bytes()
            .map(|byte| format!("\\{byte:02x}"))
            .collect::<String>()
    )
}

fn choose(policy: &PlacementPolicy) -> Result<Choice, PolicyFault> {
    let caps = Caps {
        regions: vec!["home".to_owned()],
        region: vec![0, 0],
        placements: vec![1, 1],
        memory_bytes_total: vec![1 << 30, 1 << 30],
        memory_bytes_used: vec![1 << 20, 1 << 20],
        cpu_permille: vec![10, 10],
    };
    let request = Request {
        slug: "lazy-fox".to_owned(),
        bundle: "sha256:00".to_owned(),
        previous_cap: None,
        previous_region: None,
        region: Some("home".to_owned()),
    };
    policy.choose(&request, &caps)
}

#[test]
fn a_choice_comes_back() {
    let policy = load("", &answer(1, "it is the emptiest"));
    for _ in 0..100 {
        let choice = choose(&policy).unwrap();
        assert_eq!(
            (choice.cap, choice.reason.as_str()),
            (Some(1), "it is the emptiest")
        );
    }
    let none = load("", r#"(data (i32.const 1032) "\00\08\00\00")"#);
    assert_eq!(choose(&none).unwrap().cap, None);
}

#[test]
fn answers_are_checked() {
    let fault = choose(&load("", &answer(2, "why not"))).unwrap_err();
    assert_eq!(fault.kind(), "invalid");
    assert_eq!(
        fault.to_string(),
        "the policy `spread` answered nonsense: it chose number 2 of 2 CAPs"
    );
    let long = choose(&load("", &answer(0, &"a\n".repeat(500)))).unwrap();
    assert_eq!(long.reason, "a".repeat(300));
    let fault = choose(&load("", &answer(0, "\u{e9}").replace("\\a9", "\\28"))).unwrap_err();
    assert_eq!(fault.kind(), "invalid", "{fault}");
    let beyond = answer(0, "x").replace("\\01\\00\\00\\00\")", "\\01\\00\\00\\7f\")");
    let fault = choose(&load("", &beyond)).unwrap_err();
    assert_eq!(fault.kind(), "invalid", "{fault}");
}

#[test]
fn hostile_policies_get_one_sentence_and_soon() {
    for (body, kind, sentence) in [
        (
            "unreachable",
            "trap",
            "the policy `spread` trapped: the program aborted (`unreachable` was reached)",
        ),
        (
            "(loop (br 0))",
            "late",
            "the policy `spread` did not decide in time: it took more than 100000000 steps",
        ),
        (
            "(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            "memory",
            "the policy `spread` wants more than 64 MiB of memory",
        ),
    ] {
        let policy = load(body, "");
        let begun = Instant::now();
        let fault = choose(&policy).unwrap_err();
        assert_eq!((fault.kind(), fault.to_string().as_str()), (kind, sentence));
        assert!(begun.elapsed() < Duration::from_secs(10));
        // It is as ready for the next decision as before.
        assert!(choose(&policy).is_err());
    }
}

#[test]
fn many_decisions_at_once_all_get_an_answer() {
    // Enough work that they overlap.
    let work = "(local $n i32) (loop $again (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $n) (i32.const 100000))))";
    let policy = load(work, &answer(1, "mine"));
    std::thread::scope(|scope| {
        for _ in 0..4 * host_engine::POLICY_INSTANCES_MAX {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(choose(&policy).unwrap().cap, Some(1));
                }
            });
        }
    });
}

#[test]
fn every_decision_begins_clean() {
    // Answers with what the decision before has written, far beyond what it began with, if that is still there.
    let body = "(drop (memory.grow (i32.const 4)))
        (i32.store (i32.const 1028) (i32.load (i32.const 200000))) (i32.store (i32.const 200000) (i32.const 1))";
    let policy = load(body, &answer(0, "mine"));
    for _ in 0..50 {
        assert_eq!(choose(&policy).unwrap().cap, Some(0));
    }
}

#[test]
fn a_policy_that_no_pool_takes_decides_as_well() {
    let core = format!(
        r#"(module (memory (export "memory") 1) (memory 1) (memory 1) {}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))
        (func (export "choose") (param i32) (result i32) (i32.const 1024)))"#,
        answer(1, "mine")
    );
    let policy = load_component(&policy(&core)).unwrap();
    for _ in 0..3 {
        assert_eq!(choose(&policy).unwrap().cap, Some(1));
    }
}

#[test]
fn a_policy_is_given_nothing() {
    let wat = r#"(component (import "wasi:clocks/monotonic-clock@0.2.0"
        (instance (export "now" (func (result u64))))))"#;
    let error = load_component(&wat::parse_str(wat).unwrap())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the plugin `spread` 1.2.3 imports `wasi:clocks/monotonic-clock@0.2.0`, which no plugin of its kind is given"
    );
    // A resource is a handle on something; a record is a name for a shape.
    let wat = r#"(component (import "wasi:io/poll@0.2.0"
        (instance (export "pollable" (type (sub resource))))))"#;
    let error = load_component(&wat::parse_str(wat).unwrap()).unwrap_err();
    assert!(matches!(error, LoadError::Import { .. }), "{error}");
    let wat = r#"(component (import "lily:other/types@0.1.0"
        (instance (type $t (record (field "a" u32))) (export "t" (type (eq $t))))))"#;
    let error = load_component(&wat::parse_str(wat).unwrap()).unwrap_err();
    assert!(matches!(error, LoadError::Unfit { .. }), "{error}");
    let error = load_component(&wat::parse_str("(component)").unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("the plugin `spread` 1.2.3 does not implement `lily:policy@0.1.0`"),
        "{error}"
    );
}

#[test]
fn packages_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let load = |package: &[u8]| PlacementPolicy::from_packaged(package, dir.path());
    assert!(matches!(load(b"junk"), Err(LoadError::Package(_))));
    let frontend = crate::testing::frontend_manifest();
    let wrong = package(&frontend, &[("component.wasm", b"")]);
    let error = load(&wrong).unwrap_err().to_string();
    assert_eq!(
        error,
        "the plugin `c` is of the world `lily:frontend@0.1.0`, not of `lily:policy@0.1.0`"
    );
    let empty = package(&policy_manifest(), &[]);
    assert!(matches!(load(&empty), Err(LoadError::Package(_))));
    let broken = package(&policy_manifest(), &[("component.wasm", b"\0asm")]);
    assert!(matches!(load(&broken), Err(LoadError::Code { .. })));
}
