//! The cases of `lily:policy`. What an answer has to be is checked by the host as it is in the fleet.

use host_plugin::{Cap, PlacementPolicy, Request};

use super::{Cases, Held, Stage};
use crate::failure::Failure;

/// A large fleet.
const CAPS_MANY: u64 = 10_000;

/// Runs them.
pub fn run(stage: &Stage, cases: &mut Cases) -> Result<(), Failure> {
    let cache = stage.home.path().join("cache").join("code");
    let policy = match PlacementPolicy::from_packaged(&stage.package, &cache) {
        Ok(policy) => policy,
        Err(error) => {
            let reason = format!("{:#}", anyhow::Error::from(error));
            cases.add("it can be loaded", Err(reason));
            return Ok(());
        }
    };
    cases.add("it can be loaded", Ok(()));
    cases.add("its package is canonical", stage.canonical());
    cases.add("of no hosts it chooses none", none(&policy));
    cases.add("of one idle host it chooses that", one(&policy));
    cases.add("the same question has the same answer", same(&policy));
    cases.add(
        "numbers and names at their ends do not trap it",
        extremes(&policy),
    );
    cases.add(
        format!("it decides over {CAPS_MANY} hosts in its bounds"),
        many(&policy),
    );
    Ok(())
}

fn none(policy: &PlacementPolicy) -> Held {
    let choice = policy
        .choose(&request(), &[])
        .map_err(|fault| fault.to_string())?;
    match choice.cap {
        None => Ok(()),
        Some(cap) => Err(format!("it chose host {cap}")),
    }
}

fn one(policy: &PlacementPolicy) -> Held {
    let choice = policy
        .choose(&request(), &[cap(0)])
        .map_err(|fault| fault.to_string())?;
    match choice.cap {
        Some(0) if choice.reason.trim().is_empty() => {
            Err("it says no reason for the log".to_owned())
        }
        Some(0) => Ok(()),
        _ => Err(format!("it chose none: {}", choice.reason)),
    }
}

fn same(policy: &PlacementPolicy) -> Held {
    let caps: Vec<Cap> = (0..50).map(cap).collect();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let choice = policy
            .choose(&request(), &caps)
            .map_err(|fault| fault.to_string())?;
        answers.push((choice.cap, choice.reason));
    }
    match answers[0] == answers[1] {
        true => Ok(()),
        false => Err(format!(
            "it answered {:?}, then {:?}",
            answers[0], answers[1]
        )),
    }
}

fn extremes(policy: &PlacementPolicy) -> Held {
    let strange = |at: u64| Cap {
        id: match at {
            0 => String::new(),
            1 => "\u{1f33c}\n\u{0}".to_owned(),
            _ => "x".repeat(10_000),
        },
        region: String::new(),
        placements: if at == 0 { u32::MAX } else { 0 },
        memory_bytes_total: if at == 1 { u64::MAX } else { 0 },
        memory_bytes_used: u64::MAX,
        cpu_permille: u32::MAX,
    };
    let caps: Vec<Cap> = (0..3).map(strange).collect();
    let request = Request {
        slug: String::new(),
        bundle: "not a digest".to_owned(),
        previous_cap: Some("gone".to_owned()),
        region: Some("nowhere".to_owned()),
    };
    policy
        .choose(&request, &caps)
        .map(drop)
        .map_err(|fault| fault.to_string())
}

fn many(policy: &PlacementPolicy) -> Held {
    let caps: Vec<Cap> = (0..CAPS_MANY).map(cap).collect();
    policy
        .choose(&request(), &caps)
        .map(drop)
        .map_err(|fault| fault.to_string())
}

fn request() -> Request {
    Request {
        slug: "lazy-fox".to_owned(),
        bundle: format!("sha256:{}", "0".repeat(64)),
        previous_cap: None,
        region: None,
    }
}

/// Hosts that differ, the first of them idle.
fn cap(at: u64) -> Cap {
    Cap {
        id: format!("cap-{at}"),
        region: format!("region-{}", at % 3),
        placements: (at * 7919 % 97) as u32,
        memory_bytes_total: 8 << 30,
        memory_bytes_used: (at * 104_729 % 8) << 30,
        cpu_permille: (at * 31 % 1000) as u32,
    }
}
