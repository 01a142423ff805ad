//! Which programs sleep, in a real fleet: by request rate, CPU time and age; and a second policy beside the one that says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tests_kit::{Fleet, Home, wait};

use crate::policy::{SLEEP, eviction, first, hello, list, set, slot};

/// A program sleeps half a minute after it was loaded at the earliest, and one that computed a minute after that.
const PATIENCE: Duration = Duration::from_secs(240);

/// What `idle` says about itself: loaded for so long, quiet for so long, no more than so much of a core.
const AGE_MIN: u64 = 30;
const QUIET_MIN: u64 = 5;
const CPU_MAX: u64 = 10;

const BURNS: &str = r#"
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    const char *query = getenv("QUERY_STRING");
    unsigned long rounds = query && *query ? strtoul(query, 0, 10) * 1000000ul : 0;
    volatile unsigned long sum = 0;
    for (unsigned long i = 0; i < rounds; i++) sum += i;
    printf("burnt");
    return 0;
}
"#;

/// Everything that was asked about programs, oldest first.
fn recorded(fleet: &Fleet) -> Vec<Value> {
    fleet
        .lly(["fleet", "policy", "export", "--force", "asked.json"])
        .success();
    let text = std::fs::read(fleet.home.work().join("asked.json")).unwrap();
    let record: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(record["$type"], "lily.policy.record/1");
    record["evictions"].as_array().unwrap().clone()
}

fn sleeps(decision: &Value, slug: &Value) -> bool {
    let sleepers = decision["sleepers"].as_array().unwrap();
    sleepers.iter().any(|one| one["slug"] == *slug)
}

#[test]
fn programs_sleep_by_requests_cpu_and_age() {
    // The CAP takes more than it says it has, so it always wants memory back; a policy that looks at none places voids.
    let fleet = Fleet::start_with(Home::new(), 1, &["--cap-memory-mib", "16"]);
    set(&fleet, &first(&fleet.home));
    // One that always differs is asked beside `idle`, so that every question is recorded.
    let sleepy = eviction(&fleet.home, "sleepy", "", SLEEP);
    let sleepy = sleepy.to_str().unwrap();
    fleet.lly(["fleet", "policy", "shadow", sleepy]).success();
    let still = hello(&fleet);
    fleet.home.write("burns.c", BURNS);
    let burns = fleet.home.compile("burns", ["burns.c"]);
    let quiet = fleet.deploy(&still)["slug"].clone();
    let asked = fleet.deploy(&still);
    let asked_url = asked["url"].as_str().unwrap();
    let busy = fleet.deploy(&burns);
    let url = busy["url"].as_str().unwrap();
    assert_eq!(fleet.get(&format!("{url}?1500")).is(200).text(), "burnt");
    let asked_slug = asked["slug"].clone();
    let stop = AtomicBool::new(false);
    let decisions = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(fleet.get(asked_url).is(200).text(), "hello");
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let sleeping = |slug: &Value| {
            wait::until(PATIENCE, "a program to be put to sleep", || {
                let told = list(&fleet);
                let told = told["evictions"].as_array()?.clone();
                told.iter().any(|one| one["slug"] == *slug).then_some(())
            });
        };
        sleeping(&quiet);
        let young = fleet.deploy(&still)["slug"].clone();
        sleeping(&young);
        sleeping(&busy["slug"]);
        stop.store(true, Ordering::Relaxed);
        recorded(&fleet)
    });
    let (mut by_age, mut by_requests, mut by_cpu) = (0, 0, 0);
    for decision in &decisions {
        assert_eq!(decision["policy"]["name"], "policy-idle", "{decision}");
        assert!(decision["fault"].is_null(), "{decision}");
        let load = &decision["question"]["load"];
        assert_eq!(load["memory_total_bytes"], 16 << 20, "{decision}");
        for program in decision["question"]["programs"].as_array().unwrap() {
            let fact = |name: &str| program[name].as_u64().unwrap();
            let is_old = fact("age_seconds") >= AGE_MIN;
            let is_quiet = fact("idle_seconds") >= QUIET_MIN;
            let is_calm = fact("cpu_permille") <= CPU_MAX;
            let may = is_old && is_quiet && is_calm;
            assert_eq!(
                sleeps(decision, &program["slug"]),
                may,
                "{program} in {decision}"
            );
            by_age += usize::from(!is_old && is_quiet && is_calm);
            by_requests += usize::from(is_old && !is_quiet);
            by_cpu += usize::from(is_old && is_quiet && !is_calm);
        }
        assert!(!sleeps(decision, &asked_slug), "{decision}");
    }
    // Each of the three kept somebody awake.
    assert!(
        by_age > 0 && by_requests > 0 && by_cpu > 0,
        "{by_age} {by_requests} {by_cpu}: {decisions:?}"
    );
    let text = fleet.lly(["fleet", "policy", "list"]).success().stdout;
    assert!(text.contains("the CAP wants"), "{text}");
}

/// Says which of its instances answers, and remembers what it was told.
const REMEMBERS: &str = r#"
let told = "nothing";
let born: number | undefined;
export default {
  async fetch(request: Request, _env: unknown, ctx: { waitUntil(work: Promise<unknown>): void }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/later") {
      const later = (async () => {
        await new Promise((resolve) => setTimeout(resolve, 20_000));
        console.log("what was promised is done");
      })();
      ctx.waitUntil(later);
    }
    born ??= Math.random();
    told = searchParams.get("tell") ?? told;
    return new Response(`${born} ${told}`);
  },
};
"#;

#[test]
fn a_program_of_javascript_that_sleeps_begins_anew_and_finishes_what_it_promised() {
    let fleet = Fleet::start(1);
    fleet.home.write("remembers.ts", REMEMBERS);
    let deployed = fleet.deploy(&fleet.home.compile("remembers", ["remembers.ts"]));
    let url = deployed["url"].as_str().unwrap();
    let ask = |path: &str| fleet.get(&format!("{url}{path}")).is(200).text();
    let first_told = ask("?tell=lily");
    assert!(first_told.ends_with(" lily"), "{first_told}");
    assert_eq!(ask("later"), first_told);
    set(&fleet, &eviction(&fleet.home, "sleepy", "", SLEEP));
    wait::until(PATIENCE, "the program to be put to sleep", || {
        let told = list(&fleet);
        (!told["evictions"].as_array()?.is_empty()).then_some(())
    });
    let log = fleet.home.path().join("fleet/log/cap-1.log");
    wait::until(PATIENCE, "the CAP to have been told", || {
        let log = std::fs::read_to_string(&log).ok()?;
        log.contains("its program sleeps").then_some(())
    });
    let anew = ask("");
    assert!(anew.ends_with(" nothing"), "{anew}");
    assert_ne!(anew.split(' ').next(), first_told.split(' ').next());
    let slug = deployed["slug"].as_str().unwrap();
    wait::until(PATIENCE, "the promise to be kept", || {
        let logs = fleet.lly(["void", "logs", slug, "-n", "100"]).success();
        let done = "what was promised is done";
        logs.stdout.contains(done).then_some(())
    });
}

#[test]
fn a_shadow_of_the_eviction_policy_puts_nobody_to_sleep() {
    let fleet = Fleet::start(1);
    let slug = fleet.deploy(&hello(&fleet))["slug"].clone();
    let sleepy = eviction(&fleet.home, "sleepy", "", SLEEP);
    let sleepy = sleepy.to_str().unwrap();
    let chosen = fleet.home.json(["fleet", "policy", "shadow", sleepy]);
    assert_eq!(chosen["slot"], "eviction-shadow", "{chosen}");
    let told = wait::until(PATIENCE, "the shadow to have answered twice", || {
        let told = list(&fleet);
        let shadow = slot(&told, "eviction-shadow");
        (shadow["decisions"].as_u64()? >= 2).then_some(told)
    });
    let shadow = slot(&told, "eviction-shadow");
    assert_eq!(shadow["differences"], shadow["decisions"], "{told}");
    assert_eq!(shadow["faults"], 0, "{told}");
    assert_eq!(slot(&told, "eviction")["name"], "policy-idle");
    assert_eq!(told["evictions"], json!([]), "{told}");
    let compared = wait::until(PATIENCE, "two differences to be recorded", || {
        let compared = fleet.home.json(["fleet", "policy", "shadow"]);
        (compared["differences"].as_array()?.len() >= 2).then_some(compared)
    });
    assert_eq!(compared["kind"], "eviction", "{compared}");
    assert_eq!(compared["shadow"]["name"], "sleepy");
    for one in compared["differences"].as_array().unwrap() {
        assert_eq!(
            (&one["cap"], &one["sleepers"]),
            (&json!("cap-1"), &json!([]))
        );
        let would = json!([{ "slug": slug, "reason": "mine" }]);
        assert_eq!(one["shadow"]["sleepers"], would, "{one}");
        assert_eq!(one["policy"]["name"], "policy-idle");
    }
    let text = fleet.lly(["fleet", "policy", "shadow"]).success().stdout;
    assert!(
        text.contains("the programs of cap-1") && text.contains("nobody"),
        "{text}"
    );

    // Each kind has a shadow of its own.
    fleet
        .lly(["fleet", "policy", "shadow", "binpack"])
        .success();
    let both = fleet.lly(["fleet", "policy", "shadow", "--json"]).success();
    let kinds: Vec<Value> = serde_json::Deserializer::from_str(&both.stdout)
        .into_iter::<Value>()
        .map(|document| document.unwrap()["kind"].clone())
        .collect();
    assert_eq!(kinds, ["placement", "eviction"]);
    let off = ["fleet", "policy", "shadow", "--off", "--kind", "placement"];
    fleet.lly(off).success();
    let told = list(&fleet);
    assert_eq!(slot(&told, "shadow"), &Value::Null, "{told}");
    assert_eq!(slot(&told, "eviction-shadow")["name"], "sleepy", "{told}");

    // One that fails is told, and harms nobody.
    let bad = eviction(&fleet.home, "trapping", "unreachable", "");
    let bad = bad.to_str().unwrap();
    fleet.lly(["fleet", "policy", "shadow", bad]).success();
    let told = wait::until(PATIENCE, "the fault to be told", || {
        let told = list(&fleet);
        (slot(&told, "eviction-shadow")["faults"].as_u64()? > 0).then_some(told)
    });
    let fault = slot(&told, "eviction-shadow")["last_fault"]
        .as_str()
        .unwrap();
    assert!(fault.contains("trapped"), "{fault}");
    assert_eq!(slot(&told, "eviction")["faults"], 0, "{told}");
    fleet.lly(["fleet", "policy", "shadow", "--off"]).success();
    assert_eq!(slot(&list(&fleet), "eviction-shadow"), &Value::Null);

    simulations(&fleet, &slug, sleepy, bad);
}

/// The same questions, asked again here.
fn simulations(fleet: &Fleet, slug: &Value, sleepy: &str, bad: &str) {
    let count = recorded(fleet).len();
    assert!(count >= 2);
    let simulate = |policy: &str| {
        let verb = ["fleet", "policy", "simulate", policy];
        let told = fleet
            .home
            .json(verb.into_iter().chain(["--record", "asked.json"]));
        assert_eq!(told["kind"], "eviction", "{told}");
        assert_eq!(told["decisions"], count, "{told}");
        told
    };
    let same = simulate("idle");
    assert_eq!(
        (&same["differences"], &same["faults"]),
        (&json!([]), &json!(0))
    );
    let other = simulate(sleepy);
    assert_eq!(
        other["differences"].as_array().unwrap().len(),
        count,
        "{other}"
    );
    let slept = json!({ "recorded": 0, "simulated": count });
    assert_eq!(other["voids"][slug.as_str().unwrap()], slept, "{other}");
    assert_eq!(simulate(bad)["faults"], count);
    let verb = ["fleet", "policy", "simulate", sleepy];
    let text = fleet.lly(verb).success().stdout;
    assert!(text.contains("recorded questions about programs"), "{text}");
    // The same file is about placements too.
    let verb = [
        "fleet",
        "policy",
        "simulate",
        "binpack",
        "--record",
        "asked.json",
    ];
    let placed = fleet.home.json(verb);
    assert_eq!(
        (&placed["kind"], &placed["decisions"]),
        (&json!("placement"), &json!(1))
    );
}
