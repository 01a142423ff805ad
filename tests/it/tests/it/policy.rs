//! Placement policies of a real fleet: swapped while it serves, recorded, shadowed, simulated; and hostile ones, which
//! cannot hurt it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lly_brick::container::{Reader, Writer};
use serde_json::{Value, json};
use tests_kit::{Fleet, Home, repository, wait};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

const PATIENCE: Duration = Duration::from_secs(60);

/// A placement policy around the body of `choose`, which leaves the address of its answer on the stack.
pub(crate) fn policy(home: &Home, name: &str, body: &str, data: &str) -> PathBuf {
    let choose =
        format!("(func (export \"choose\") (param i32) (result i32) {body} (i32.const 1024))");
    component(home, name, "policy", &choose, data)
}

/// An eviction policy around the body of `evict`.
pub(crate) fn eviction(home: &Home, name: &str, body: &str, data: &str) -> PathBuf {
    let (memory, voids) = ("i64 i64 i64", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32");
    let evict = format!(
        "(func (export \"evict\") (param {memory} {voids}) (result i32) {body} (i32.const 1024))"
    );
    component(home, name, "eviction", &evict, data)
}

fn component(home: &Home, name: &str, wit: &str, function: &str, data: &str) -> PathBuf {
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
        {function})"#
    );
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve
        .push_dir(repository().join("wit").join(wit))
        .unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let mut module = wat::parse_str(core).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default()
        .module(&module)
        .unwrap()
        .encode()
        .unwrap();
    let manifest = json!({
        "schema": 1, "name": name, "version": "0.1.0", "world": format!("lily:{wit}@0.1.0"),
        "component": "component.wasm", "description": "means no good", "extensions": [], "lly_min_version": "0.1.0",
    });
    let package = Writer::new()
        .entry("plugin.json", manifest.to_string())
        .entry("component.wasm", component);
    home.write(&format!("{name}.plugin"), package.finish().unwrap())
}

/// A policy that chooses the first CAP.
pub(crate) fn first(home: &Home) -> PathBuf {
    policy(home, "first", "", &answer(0))
}

/// Data of an answer: a CAP, and the reason `mine`.
fn answer(cap: u8) -> String {
    format!(
        r#"(data (i32.const 1024) "\01\00\00\00\{cap:02x}\00\00\00\00\08\00\00\04\00\00\00") (data (i32.const 2048) "mine")"#
    )
}

/// `binpack` under a name of its own: what a stranger would publish.
fn stranger(home: &Home, name: &str, version: &str) -> PathBuf {
    let bytes =
        std::fs::read(repository().join("target/lily/plugins/policy-binpack.plugin")).unwrap();
    let reader = Reader::open(&bytes).unwrap();
    let mut manifest: Value = serde_json::from_slice(&reader.read("plugin.json").unwrap()).unwrap();
    manifest["name"] = name.into();
    manifest["version"] = version.into();
    let component = manifest["component"].as_str().unwrap().to_owned();
    let package = Writer::new()
        .entry("plugin.json", manifest.to_string())
        .entry(&component, reader.read(&component).unwrap());
    home.write(
        &format!("{name}-{version}.plugin"),
        package.finish().unwrap(),
    )
}

pub(crate) fn hello(fleet: &Fleet) -> PathBuf {
    fleet.home.write(
        "hello.c",
        "#include <stdio.h>\nint main(void) { printf(\"hello\"); return 0; }\n",
    );
    fleet.home.compile("hello", ["hello.c"])
}

fn cap_of(deployed: &Value) -> &str {
    deployed["cap"].as_str().expect("a CAP")
}

pub(crate) fn list(fleet: &Fleet) -> Value {
    fleet.home.json(["fleet", "policy", "list"])
}

/// What stands in a slot.
pub(crate) fn slot<'a>(list: &'a Value, name: &str) -> &'a Value {
    let slots = list["slots"].as_array().unwrap();
    let found = slots.iter().find(|one| one["slot"] == name);
    found.unwrap_or(&Value::Null)
}

pub(crate) fn set(fleet: &Fleet, policy: &Path) -> Value {
    let (verb, policy) = (["fleet", "policy", "set"], policy.to_str().unwrap());
    fleet.home.json(verb.into_iter().chain([policy]))
}

#[test]
fn a_policy_is_swapped_while_the_fleet_serves_and_no_request_is_lost() {
    let fleet = Fleet::start(2);
    let bundle = hello(&fleet);
    let url = fleet.deploy_url(&bundle);
    let before = list(&fleet);
    assert_eq!(slot(&before, "current")["name"], "policy-spread");
    let (stop, served) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(fleet.get(&url).is(200).text(), "hello");
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Placements that are under way while the policy is swapped, again and again.
        let deploying = scope.spawn(|| {
            (0..6)
                .map(|_| fleet.deploy_url(&bundle))
                .collect::<Vec<_>>()
        });
        for name in ["binpack", "spread", "region-affinity", "binpack"] {
            fleet.lly(["fleet", "policy", "set", name]).success();
        }
        let urls = deploying.join().unwrap();
        stop.store(true, Ordering::Relaxed);
        for url in urls {
            assert_eq!(fleet.get(&url).is(200).text(), "hello");
        }
    });
    assert!(served.load(Ordering::Relaxed) > 0);
    // A policy of the operator's own; a new raptor decides as the old one did.
    let chosen = set(&fleet, &first(&fleet.home));
    assert_eq!(
        (&chosen["name"], &chosen["from"]),
        (&json!("first"), &json!("file"))
    );
    assert_eq!(cap_of(&fleet.deploy(&bundle)), "cap-1");
    fleet.kill_service("raptor");
    let after = wait::until(PATIENCE, "raptor to be back", || {
        let output = fleet.lly(["fleet", "policy", "list", "--json"]);
        (output.code == Some(0)).then(|| serde_json::from_str::<Value>(&output.stdout).unwrap())
    });
    assert_eq!(slot(&after, "current")["name"], "first", "{after}");
    for _ in 0..2 {
        assert_eq!(cap_of(&fleet.deploy(&bundle)), "cap-1");
    }
    let told = list(&fleet);
    assert_eq!(slot(&told, "current")["faults"], 0, "{told}");
    let newest = &told["decisions"][0];
    assert_eq!(newest["policy"]["name"], "first");
    assert_eq!(newest["policy"]["version"], "0.1.0");
    assert_eq!(
        (&newest["cap"], &newest["reason"]),
        (&json!("cap-1"), &json!("mine"))
    );
    let text = fleet.lly(["fleet", "policy", "list"]).success().stdout;
    assert!(text.contains("first 0.1.0"), "{text}");
    let oldest = told["decisions"].as_array().unwrap().last().unwrap();
    assert_eq!(oldest["policy"]["name"], "policy-spread", "{told}");
    // Back to what raptor does by itself.
    fleet.lly(["fleet", "policy", "set", "--default"]).success();
    assert_eq!(slot(&list(&fleet), "current")["name"], "policy-spread");
}

#[test]
fn a_shadow_tells_where_it_differs_and_a_simulation_asks_again() {
    let fleet = Fleet::start(2);
    let bundle = hello(&fleet);
    let none = fleet.lly(["fleet", "policy", "shadow"]).exits(1);
    assert!(
        none.stderr.contains("no policy is in the shadow"),
        "{}",
        none.stderr
    );
    let first = first(&fleet.home);
    let first = first.to_str().unwrap();
    fleet.lly(["fleet", "policy", "shadow", first]).success();
    let caps: Vec<String> = (0..4)
        .map(|_| cap_of(&fleet.deploy(&bundle)).to_owned())
        .collect();
    // `spread` decides; the other would have taken the first CAP, always.
    let elsewhere = caps.iter().filter(|cap| *cap != "cap-1").count();
    assert!(elsewhere > 0, "{caps:?}");
    let asked = wait::until(PATIENCE, "the shadow to have answered", || {
        let told = list(&fleet);
        (slot(&told, "shadow")["decisions"] == 4).then_some(told)
    });
    let shadow = slot(&asked, "shadow");
    assert_eq!(
        (&shadow["name"], &shadow["faults"]),
        (&json!("first"), &json!(0))
    );
    assert_eq!(slot(&asked, "current")["name"], "policy-spread");
    let compared = fleet.home.json(["fleet", "policy", "shadow"]);
    let differences = compared["differences"].as_array().unwrap();
    assert_eq!(differences.len(), elsewhere, "{compared}");
    assert_eq!(shadow["differences"], elsewhere, "{asked}");
    for one in differences {
        assert_eq!(
            (&one["cap"], &one["shadow"]["cap"]),
            (&json!("cap-2"), &json!("cap-1")),
            "{one}"
        );
        assert_eq!(one["policy"]["name"], "policy-spread");
    }
    let text = fleet.lly(["fleet", "policy", "shadow"]).success().stdout;
    assert!(text.contains("would have done something else"), "{text}");

    // The same question, asked again here, has the same answers: the policy in a sandbox of lly.
    fleet
        .lly(["fleet", "policy", "export", "fleet.json"])
        .success();
    let same = fleet.home.json([
        "fleet",
        "policy",
        "simulate",
        "spread",
        "--record",
        "fleet.json",
    ]);
    assert_eq!(
        (&same["decisions"], &same["faults"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(same["differences"], json!([]), "{same}");
    let other = fleet.home.json(["fleet", "policy", "simulate", first]);
    assert_eq!(
        other["differences"].as_array().unwrap().len(),
        elsewhere,
        "{other}"
    );
    let chosen = json!({ "recorded": 4 - elsewhere, "simulated": 4 });
    assert_eq!(other["caps"]["cap-1"], chosen, "{other}");
    let bad = policy(&fleet.home, "trapping", "unreachable", "");
    let failing = fleet
        .home
        .json(["fleet", "policy", "simulate", bad.to_str().unwrap()]);
    assert_eq!(failing["faults"], 4, "{failing}");
    fleet.home.write("other.json", "{}");
    let refused = fleet
        .lly([
            "fleet",
            "policy",
            "simulate",
            "spread",
            "--record",
            "other.json",
        ])
        .exits(1);
    assert!(
        refused.stderr.contains("no record of decisions"),
        "{}",
        refused.stderr
    );

    fleet.lly(["fleet", "policy", "shadow", "--off"]).success();
    assert_eq!(slot(&list(&fleet), "shadow"), &Value::Null);
}

#[test]
fn a_hostile_policy_cannot_hurt() {
    let fleet = Fleet::start(2);
    let bundle = hello(&fleet);
    let far = answer(99);
    let kinds = [
        ("looping", "(loop $again (br $again))", "", "in time"),
        ("trapping", "unreachable", "", "trapped"),
        ("choosing-far", "", far.as_str(), "99"),
        (
            "greedy",
            "(if (i32.eq (memory.grow (i32.const 2000)) (i32.const -1)) (then unreachable))",
            "",
            "memory",
        ),
    ];
    for (name, body, data, told) in kinds {
        let package = policy(&fleet.home, name, body, data);
        let chosen = set(&fleet, &package);
        assert_eq!(
            (&chosen["name"], &chosen["from"]),
            (&json!(name), &json!("file"))
        );
        let url = fleet.deploy_url(&bundle);
        assert_eq!(fleet.get(&url).is(200).text(), "hello");
        let after = list(&fleet);
        let current = slot(&after, "current");
        assert_eq!(current["name"], name);
        assert_eq!(
            (&current["decisions"], &current["faults"]),
            (&json!(1), &json!(1)),
            "{after}"
        );
        let fault = current["last_fault"].as_str().unwrap();
        assert!(fault.contains(told), "{name}: {fault}");
        let decision = &after["decisions"][0];
        assert_eq!(decision["policy"]["name"], name);
        assert_eq!(decision["fault"], fault);
        let text = fleet.lly(["fleet", "policy", "list"]).success().stdout;
        assert!(
            text.contains(&format!("built-in, not {name} 0.1.0")),
            "{text}"
        );
        assert!(text.contains(fault), "{text}");
    }
    // What is no policy is refused, and the one before goes on.
    let wat = repository().join("target/lily/plugins/wat.plugin");
    let refused = fleet
        .lly(["fleet", "policy", "set", wat.to_str().unwrap()])
        .exits(1);
    assert!(
        refused.stderr.contains("is no policy"),
        "{}",
        refused.stderr
    );
    fleet.home.write("noise.plugin", "noise");
    fleet
        .lly(["fleet", "policy", "set", "noise.plugin"])
        .exits(1);
    assert_eq!(slot(&list(&fleet), "current")["name"], "greedy");
}

#[test]
fn a_policy_from_the_registry_is_verified_before_it_decides() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let home = &fleet.home;
    home.lly(["plugin", "key", "generate", "acme.key"])
        .success();
    for version in ["0.1.0", "0.2.0"] {
        let package = stranger(home, "acme-pack", version);
        home.lly([
            "plugin".as_ref(),
            "publish".as_ref(),
            package.as_os_str(),
            "--key".as_ref(),
            "acme.key".as_ref(),
        ])
        .success();
    }
    let untrusted = home.lly(["fleet", "policy", "set", "acme-pack"]).exits(1);
    assert!(
        untrusted.stderr.contains("acme-pack"),
        "{}",
        untrusted.stderr
    );
    assert_eq!(slot(&list(&fleet), "current")["name"], "policy-spread");
    home.lly([
        "plugin",
        "trust",
        "publisher",
        "--key",
        "acme.pub",
        "--plugins",
        "acme-*",
    ])
    .success();
    for (wanted, version) in [("acme-pack@~0.1", "0.1.0"), ("acme-pack", "0.2.0")] {
        let chosen = home.json(["fleet", "policy", "set", wanted]);
        assert_eq!(chosen["version"], version, "{chosen}");
        assert_eq!(chosen["from"], "registry");
        assert!(chosen["signer"].is_string(), "{chosen}");
        fleet.deploy(&hello(&fleet));
        let told = list(&fleet);
        assert_eq!(told["decisions"][0]["policy"]["version"], version, "{told}");
        assert_eq!(told["decisions"][0].get("fault"), None, "{told}");
        std::fs::remove_file(home.work().join("hello.brick")).unwrap();
    }
    for (wanted, says) in [
        ("binpack@^7", "no plugin `binpack`"),
        ("acme-none", "no plugin `acme-none`"),
        ("acme-pack@^9", "acme-pack"),
    ] {
        let refused = home.lly(["fleet", "policy", "set", wanted]).exits(1);
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
    }
}

/// Data of an answer that puts the first program to sleep, whatever it does.
pub(crate) const SLEEP: &str = r#"(data (i32.const 1024) "\08\04\00\00\01\00\00\00\00\00\00\00\00\08\00\00\04\00\00\00") (data (i32.const 2048) "mine")"#;

#[test]
fn a_program_that_sleeps_comes_back_with_the_next_request() {
    let fleet = Fleet::start(1);
    let deployed = fleet.deploy(&hello(&fleet));
    let url = deployed["url"].as_str().unwrap().to_owned();
    assert_eq!(slot(&list(&fleet), "eviction")["name"], "policy-idle");
    let chosen = set(&fleet, &eviction(&fleet.home, "sleepy", "", SLEEP));
    assert_eq!(chosen["slot"], "eviction");
    // Requests all the while: some of them wake the program, and none is lost.
    let mut answered = 0;
    let told = wait::until(PATIENCE, "the program to be put to sleep twice", || {
        assert_eq!(fleet.get(&url).is(200).text(), "hello");
        answered += 1;
        let told = list(&fleet);
        (told["evictions"].as_array()?.len() >= 2).then_some(told)
    });
    assert_eq!(fleet.get(&url).is(200).text(), "hello");
    assert!(answered > 1);
    let newest = &told["evictions"][0];
    assert_eq!(
        (&newest["slug"], &newest["cap"], &newest["reason"]),
        (&deployed["slug"], &json!("cap-1"), &json!("mine"))
    );
    assert_eq!(newest["policy"]["name"], "sleepy");
    assert_eq!(slot(&told, "eviction")["faults"], 0, "{told}");
    let log = std::fs::read_to_string(fleet.home.path().join("fleet/log/cap-1.log")).unwrap();
    assert!(
        log.contains("its program sleeps until it is asked for"),
        "{log}"
    );
    assert!(log.contains("a program woke up"), "{log}");
    let voids = fleet.home.json(["void", "list"]);
    assert_eq!(voids["voids"][0]["status"], "live", "{voids}");
    let text = fleet.lly(["fleet", "policy", "list"]).success().stdout;
    assert!(
        text.contains("sleepy 0.1.0") && text.contains("WHY IT SLEEPS"),
        "{text}"
    );

    // One that traps, and one that names a program that is not there, put nobody to sleep.
    let far = SLEEP.replace(
        "\\01\\00\\00\\00\\00\\00\\00\\00",
        "\\01\\00\\00\\00\\07\\00\\00\\00",
    );
    for (name, body, data, says) in [
        ("trapping", "unreachable", "", "trapped"),
        ("naming-far", "", far.as_str(), "number 7 of 1 voids"),
    ] {
        set(&fleet, &eviction(&fleet.home, name, body, data));
        let told = wait::until(PATIENCE, "the fault to be told", || {
            assert_eq!(fleet.get(&url).is(200).text(), "hello");
            let told = list(&fleet);
            (slot(&told, "eviction")["faults"].as_u64()? > 0).then_some(told)
        });
        let fault = slot(&told, "eviction")["last_fault"].as_str().unwrap();
        assert!(fault.contains(says), "{fault}");
        assert!(
            told["evictions"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| one["policy"]["name"] != name),
            "{told}"
        );
    }
    fleet.lly(["fleet", "policy", "set", "--default"]).success();
    assert_eq!(slot(&list(&fleet), "eviction")["name"], "policy-idle");
}
