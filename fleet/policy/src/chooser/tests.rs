use super::*;
use crate::{Compiler, resolve_packaged};
use fleet_api::Purpose;
use host_plugin::{Choice, PolicyFault};
use lly_brick::Digest;
use std::time::Duration;

pub(crate) fn cap(id: &str, used: u64) -> Cap {
    Cap {
        id: id.parse().unwrap(),
        control_url: String::new(),
        edge_url: String::new(),
        region: "here".to_owned(),
        placements: 0,
        memory_used_bytes: used,
        memory_total_bytes: 100,
        cpu_permille: 0,
        draining: false,
        silent: Duration::ZERO,
    }
}

pub(crate) fn wish() -> PlaceVoid {
    PlaceVoid {
        slug: "lazy-fox".parse().unwrap(),
        bundle: Digest::of(b"1"),
        region: None,
        purpose: Purpose::Deploy,
    }
}

fn load(name: &str) -> Loaded {
    let cache = tempfile::tempdir().unwrap();
    let compiler = Compiler {
        cache_dir: cache.path(),
        child: None,
    };
    Loaded::from_package(resolve_packaged(name, "*").unwrap().bytes, &compiler).unwrap()
}

fn own(
    name: &str,
    answer: impl Fn() -> Result<Choice, PolicyFault> + Send + Sync + 'static,
) -> Loaded {
    let identity = PolicyIdentity {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        digest: Digest::of(name.as_bytes()),
    };
    Loaded::new(identity, move |_, _| answer())
}

fn late() -> Loaded {
    own("bad", || {
        Err(PolicyFault::Late {
            policy: "bad".to_owned(),
            reason: "it slept".to_owned(),
        })
    })
}

#[test]
fn every_packaged_placement_policy_decides_in_its_own_way() {
    let chooser = Chooser::new();
    let (full, empty) = (cap("a", 70), cap("b", 10));
    let mut far = cap("c", 0);
    far.region = "there".to_owned();
    let candidates = [&full, &empty, &far];
    let wanted = PlaceVoid {
        region: Some("here".to_owned()),
        ..wish()
    };
    for (name, place, expected) in [
        ("spread", &wish(), "c"),
        ("spread", &wanted, "b"),
        ("binpack", &wish(), "a"),
        ("region-affinity", &wanted, "b"),
    ] {
        chooser.set(Seat::Current, Some(load(name)));
        let decision = chooser.choose(place, None, &candidates);
        assert_eq!(decision.decider(), format!("policy-{name} 0.1.0"));
        assert_eq!(
            decision.answer.cap.as_ref().map(CapId::as_str),
            Some(expected),
            "{name}"
        );
        assert!(decision.answer.fault.is_none() && !decision.answer.reason.is_empty());
        assert_eq!(chooser.choose(place, None, &[]).answer.cap, None);
    }
    // A void that has to leave its CAP stays in its region.
    let moved = chooser.choose(&wish(), Some(&cap("z", 0)), &candidates);
    assert_eq!(moved.answer.cap.as_ref().map(CapId::as_str), Some("b"));
}

#[test]
fn a_policy_that_fails_is_replaced_for_that_decision_and_told_of() {
    let chooser = Chooser::new();
    let (full, empty) = (cap("a", 90), cap("b", 10));
    let beyond = own("far", || {
        Ok(Choice {
            cap: Some(2),
            reason: "why not".to_owned(),
        })
    });
    for (policy, told) in [(late(), "it slept"), (beyond, "number 2 of 2")] {
        chooser.set(Seat::Current, Some(policy.clone()));
        let decision = chooser.choose(&wish(), None, &[&full, &empty]);
        assert_eq!(decision.decider(), "built-in");
        assert_eq!(decision.policy.as_ref(), Some(policy.identity()));
        assert_eq!(decision.answer.cap, Some(empty.id.clone()));
        assert!(decision.answer.fault.unwrap().contains(told));
    }
    chooser.set(Seat::Current, None);
    let decision = chooser.choose(&wish(), None, &[&full, &empty]);
    assert_eq!((decision.policy, decision.answer.fault), (None, None));
}

#[test]
fn a_shadow_is_compared_and_decides_nothing() {
    let chooser = Chooser::new();
    let (full, empty) = (cap("a", 70), cap("b", 10));
    let candidates = [&full, &empty];
    chooser.set(Seat::Current, Some(load("spread")));
    assert!(chooser.shadow(&wish(), None, &candidates, None).is_none());
    for (policy, differs, fault) in [
        (load("spread"), false, false),
        (load("binpack"), true, false),
        (late(), true, true),
    ] {
        chooser.set(Seat::Shadow, Some(policy));
        let decided = chooser.choose(&wish(), None, &candidates).answer.cap;
        assert_eq!(decided, Some(empty.id.clone()));
        let shadow = chooser
            .shadow(&wish(), None, &candidates, decided.as_ref())
            .unwrap();
        assert_eq!(
            (shadow.differs, shadow.answer.fault.is_some()),
            (differs, fault)
        );
    }
}

#[test]
fn policies_are_swapped_while_others_decide() {
    let chooser = Chooser::new();
    let (full, empty) = (cap("a", 70), cap("b", 10));
    let (spread, binpack) = (load("spread"), load("binpack"));
    chooser.set(Seat::Current, Some(spread.clone()));
    std::thread::scope(|scope| {
        let deciding: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    (0..200).all(|_| {
                        let decision = chooser.choose(&wish(), None, &[&full, &empty]);
                        let expected = match decision.decider().as_str() {
                            "policy-spread 0.1.0" => "b",
                            "policy-binpack 0.1.0" => "a",
                            _ => return false,
                        };
                        decision
                            .answer
                            .cap
                            .is_some_and(|cap| cap.as_str() == expected)
                    })
                })
            })
            .collect();
        for round in 0..200 {
            let next = if round % 2 == 0 { &binpack } else { &spread };
            chooser.set(Seat::Current, Some(next.clone()));
        }
        for one in deciding {
            assert!(one.join().unwrap());
        }
    });
}
