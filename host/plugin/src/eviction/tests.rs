use super::*;
use crate::testing::{eviction, eviction_manifest, package, policy_manifest};

/// A policy whose answer is at 1024 and whose `evict` does `body`.
fn load(body: &str, data: &str) -> EvictionPolicy {
    let core = format!(
        r#"(module
        (memory (export "memory") 1)
        (global $top (mut i32) (i32.const 8192))
        {data}
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
            (global.set $top (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        (func (export "evict")
            (param i64 i64 i64 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
            {body} (i32.const 1024)))"#
    );
    let dir = tempfile::tempdir().unwrap();
    let package = package(
        &eviction_manifest(),
        &[("component.wasm", &eviction(&core))],
    );
    EvictionPolicy::from_packaged(&package, dir.path()).unwrap()
}

/// Names these voids, each because of `quiet`.
fn answer(voids: &[u8]) -> String {
    let rows: String = voids
        .iter()
        .map(|number| format!("\\{number:02x}\\00\\00\\00\\00\\08\\00\\00\\05\\00\\00\\00"))
        .collect();
    format!(
        r#"(data (i32.const 1024) "\10\04\00\00\{:02x}\00\00\00") (data (i32.const 1040) "{rows}")
        (data (i32.const 2048) "qu\nit")"#,
        voids.len()
    )
}

fn evict(policy: &EvictionPolicy) -> Result<Vec<Eviction>, PolicyFault> {
    let memory = Memory {
        bytes_total: 1 << 30,
        bytes_used: 1 << 29,
        bytes_wanted: 0,
    };
    let voids = Voids {
        requests_per_minute: vec![0, 1, 2],
        cpu_permille: vec![0; 3],
        age_seconds: vec![9; 3],
        idle_seconds: vec![9; 3],
        code_bytes: vec![1; 3],
    };
    policy.evict(memory, &voids)
}

#[test]
fn evictions_come_back_with_reasons_of_one_line() {
    let named = evict(&load("", &answer(&[2, 0]))).unwrap();
    let plain: Vec<_> = named
        .iter()
        .map(|eviction| (eviction.void, eviction.reason.as_str()))
        .collect();
    assert_eq!(plain, [(2, "quit"), (0, "quit")]);
    assert!(evict(&load("", &answer(&[]))).unwrap().is_empty());
}

#[test]
fn impossible_answers_are_faults() {
    for (voids, reason) in [
        (&[3][..], "it named number 3 of 3 voids"),
        (&[1, 0, 1], "it named void number 1 twice"),
    ] {
        let fault = evict(&load("", &answer(voids))).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("the policy `idle` answered nonsense: {reason}")
        );
    }
    for (body, kind) in [("unreachable", "trap"), ("(loop (br 0))", "late")] {
        assert_eq!(evict(&load(body, "")).unwrap_err().kind(), kind);
    }
}

#[test]
fn a_placement_policy_is_no_eviction_policy() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = package(&policy_manifest(), &[("component.wasm", b"")]);
    assert_eq!(
        EvictionPolicy::from_packaged(&wrong, dir.path())
            .unwrap_err()
            .to_string(),
        "the plugin `spread` is of the world `lily:policy@0.1.0`, not of `lily:eviction@0.1.0`"
    );
}
