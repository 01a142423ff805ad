//! The cases of `lily:policy` and `lily:eviction`. What an answer has to be is checked by the host as it is in the fleet.

use host_plugin::{
    Caps, Choice, Eviction, EvictionPolicy, LoadError, Memory, PlacementPolicy, PolicyFault,
    Request, Voids,
};

use super::{Cases, Held, Stage};

/// A large fleet, and a full host.
const MANY: u32 = 10_000;
const REGIONS: u32 = 3;

/// Those of placement.
pub fn placement(stage: &Stage, cases: &mut Cases) {
    let cache = stage.home.path().join("cache").join("code");
    let loaded = PlacementPolicy::from_packaged(&stage.package, &cache);
    let Some(policy) = loaded_or_told(loaded, stage, cases) else {
        return;
    };
    let asked = |count: u32| policy.choose(&request(), &caps(count));
    cases.add(
        "of no hosts it chooses none",
        asked(0).map_err(told).and_then(|choice| match choice.cap {
            None => Ok(()),
            Some(cap) => Err(format!("it chose host {cap}")),
        }),
    );
    cases.add(
        "of one idle host it chooses that",
        asked(1).map_err(told).and_then(|choice| chosen(&choice)),
    );
    cases.add(
        "the same question has the same answer",
        twice(|| asked(50).map(|choice| (choice.cap, choice.reason))),
    );
    cases.add(
        "numbers and names at their ends do not trap it",
        policy
            .choose(&strange_request(), &strange_caps())
            .map(drop)
            .map_err(told),
    );
    cases.add(
        format!("it decides over {MANY} hosts in its bounds"),
        asked(MANY).map(drop).map_err(told),
    );
}

/// Those of eviction.
pub fn eviction(stage: &Stage, cases: &mut Cases) {
    let cache = stage.home.path().join("cache").join("code");
    let loaded = EvictionPolicy::from_packaged(&stage.package, &cache);
    let Some(policy) = loaded_or_told(loaded, stage, cases) else {
        return;
    };
    let asked = |count: u32| policy.evict(pressed(), &voids(count));
    let none = |evictions: Vec<Eviction>| match evictions.is_empty() {
        true => Ok(()),
        false => Err("it named a void that is not there".to_owned()),
    };
    cases.add(
        "of no voids it names none",
        asked(0).map_err(told).and_then(none),
    );
    cases.add(
        "each has a reason",
        asked(50).map_err(told).and_then(|evictions| {
            let silent = evictions.iter().find(|one| one.reason.trim().is_empty());
            match silent {
                None => Ok(()),
                Some(one) => Err(format!("it says no reason why void {} sleeps", one.void)),
            }
        }),
    );
    cases.add(
        "the same question has the same answer",
        twice(|| {
            let named = asked(50)?;
            Ok(named
                .into_iter()
                .map(|one| (one.void, one.reason))
                .collect::<Vec<_>>())
        }),
    );
    let strange = Voids {
        requests_per_minute: vec![u32::MAX, 0],
        cpu_permille: vec![u32::MAX, 0],
        age_seconds: vec![0, u32::MAX],
        idle_seconds: vec![u32::MAX, u32::MAX],
        code_bytes: vec![u64::MAX, 0],
    };
    let memory = Memory {
        bytes_total: 0,
        bytes_used: u64::MAX,
        bytes_wanted: u64::MAX,
    };
    cases.add(
        "numbers at their ends do not trap it",
        policy.evict(memory, &strange).map(drop).map_err(told),
    );
    cases.add(
        format!("it decides over {MANY} voids in its bounds"),
        asked(MANY).map(drop).map_err(told),
    );
}

fn loaded_or_told<T>(loaded: Result<T, LoadError>, stage: &Stage, cases: &mut Cases) -> Option<T> {
    match loaded {
        Ok(policy) => {
            cases.add("it can be loaded", Ok(()));
            cases.add("its package is canonical", stage.canonical());
            Some(policy)
        }
        Err(error) => {
            let reason = format!("{:#}", anyhow::Error::from(error));
            cases.add("it can be loaded", Err(reason));
            None
        }
    }
}

fn told(fault: PolicyFault) -> String {
    fault.to_string()
}

fn chosen(choice: &Choice) -> Held {
    match choice.cap {
        Some(0) if choice.reason.trim().is_empty() => {
            Err("it says no reason for the log".to_owned())
        }
        Some(0) => Ok(()),
        _ => Err(format!("it chose none: {}", choice.reason)),
    }
}

fn twice<T: PartialEq + std::fmt::Debug>(ask: impl Fn() -> Result<T, PolicyFault>) -> Held {
    let (first, second) = (ask().map_err(told)?, ask().map_err(told)?);
    match first == second {
        true => Ok(()),
        false => Err(format!("it answered {first:?}, then {second:?}")),
    }
}

fn request() -> Request {
    Request {
        slug: "lazy-fox".to_owned(),
        bundle: format!("sha256:{}", "0".repeat(64)),
        previous_cap: None,
        previous_region: None,
        region: None,
    }
}

/// Hosts that differ, the first of them idle.
fn caps(count: u32) -> Caps {
    let column = |value: fn(u32) -> u32| (0..count).map(value).collect::<Vec<u32>>();
    Caps {
        regions: (0..REGIONS.min(count))
            .map(|at| format!("region-{at}"))
            .collect(),
        region: column(|at| at % REGIONS),
        placements: column(|at| at * 7919 % 97),
        memory_bytes_total: vec![8 << 30; count as usize],
        memory_bytes_used: (0..count).map(|at| u64::from(at * 31 % 8) << 30).collect(),
        cpu_permille: column(|at| at * 31 % 1000),
    }
}

fn strange_request() -> Request {
    Request {
        slug: String::new(),
        bundle: "not a digest".to_owned(),
        previous_cap: Some(2),
        previous_region: Some("\u{1f33c}\n\u{0}".to_owned()),
        region: Some("nowhere".to_owned()),
    }
}

fn strange_caps() -> Caps {
    Caps {
        regions: vec![String::new(), "x".repeat(10_000)],
        region: vec![0, 1, 1],
        placements: vec![u32::MAX, 0, u32::MAX],
        memory_bytes_total: vec![0, u64::MAX, 1],
        memory_bytes_used: vec![u64::MAX, u64::MAX, 0],
        cpu_permille: vec![u32::MAX, 0, 1],
    }
}

/// A host that has to give something back.
fn pressed() -> Memory {
    Memory {
        bytes_total: 8 << 30,
        bytes_used: 8 << 30,
        bytes_wanted: 1 << 20,
    }
}

/// Voids that differ.
fn voids(count: u32) -> Voids {
    let column = |value: fn(u32) -> u32| (0..count).map(value).collect::<Vec<u32>>();
    Voids {
        requests_per_minute: column(|at| at % 61),
        cpu_permille: column(|at| at * 31 % 1000),
        age_seconds: column(|at| at * 97 % 86_400 + 3_600),
        idle_seconds: column(|at| at * 97 % 3_600),
        code_bytes: (0..count).map(|at| u64::from(at % 7 + 1) << 16).collect(),
    }
}
