//! Policies and decisions as text.

use std::fmt::Write as _;

use fleet_api::{
    EvictionDecision, PolicyAnswer, PolicyDecision, PolicyEviction, PolicyIdentity, PolicyList,
    PolicySlot, PolicyStatus, Sleeper,
};

/// `lly fleet policy list`.
pub fn list(list: &PolicyList) -> String {
    let mut text = format!(
        "{:<15} {:<26} {:<10} {:>9} {:>7} {:>11}\n",
        "SLOT", "POLICY", "VERSION", "DECISIONS", "FAULTS", "DIFFERENCES"
    );
    if !list.slots.iter().any(|one| one.slot == PolicySlot::Current) {
        let _ = writeln!(text, "{:<15} built-in", PolicySlot::Current.as_str());
    }
    for status in &list.slots {
        slot(&mut text, status);
    }
    text.push_str("\nraptor carries\n");
    for one in &list.packaged {
        let _ = writeln!(
            text,
            "  {:<26} {:<10} {}",
            one.name, one.version, one.description
        );
    }
    if list.decisions.is_empty() {
        text.push_str("\nnothing was placed yet\n");
    } else {
        decisions(&mut text, &list.decisions);
    }
    if !list.evictions.is_empty() {
        evictions(&mut text, &list.evictions);
    }
    text
}

fn evictions(text: &mut String, evictions: &[PolicyEviction]) {
    let _ = writeln!(
        text,
        "\n{:<9} {:<20} {:<10} {:<28} WHY IT SLEEPS",
        "AGO", "VOID", "CAP", "BY"
    );
    for one in evictions {
        let _ = writeln!(
            text,
            "{:<9} {:<20} {:<10} {:<28} {}",
            ago(one.age_seconds),
            one.slug.as_str(),
            one.cap.as_str(),
            who(one.policy.as_ref(), one.fault.as_ref()),
            one.reason
        );
    }
}

fn decisions(text: &mut String, decisions: &[PolicyDecision]) {
    let _ = writeln!(
        text,
        "\n{:<9} {:<20} {:<9} {:<10} {:<28} WHY",
        "AGO", "VOID", "FOR", "CAP", "BY"
    );
    for decision in decisions {
        let _ = writeln!(
            text,
            "{:<9} {:<20} {:<9} {:<10} {:<28} {}",
            ago(decision.age_seconds),
            decision.slug.as_str(),
            decision.purpose.as_str(),
            cap(&decision.answer),
            decider(decision),
            decision.answer.reason
        );
        if let Some(fault) = &decision.answer.fault {
            let _ = writeln!(text, "{:<9} ! {fault}", "");
        }
    }
}

fn slot(text: &mut String, status: &PolicyStatus) {
    let tally = &status.tally;
    let differences = match status.slot {
        PolicySlot::Current | PolicySlot::Eviction => String::new(),
        PolicySlot::Shadow | PolicySlot::EvictionShadow => tally.differences.to_string(),
    };
    let line = format!(
        "{:<15} {:<26} {:<10} {:>9} {:>7} {:>11}",
        status.slot.as_str(),
        status.policy.name,
        status.policy.version,
        tally.decisions,
        tally.faults,
        differences
    );
    let _ = writeln!(text, "{}", line.trim_end());
    if let Some(trouble) = &status.trouble {
        let _ = writeln!(text, "{:<15} ! it is not loaded: {trouble}", "");
    }
    if let Some(fault) = &tally.last_fault {
        let _ = writeln!(text, "{:<15} ! last fault: {fault}", "");
    }
}

/// `lly fleet policy shadow`, without a policy: about placement.
pub fn comparison(status: &PolicyStatus, differences: &[&PolicyDecision]) -> String {
    let mut text = asked(status);
    for decision in differences {
        let Some(shadow) = &decision.shadow else {
            continue;
        };
        let _ = writeln!(
            text,
            "\n{} ago, {} of {} CAPs\n  {:<28} {:<10} {}\n  {:<28} {:<10} {}",
            ago(decision.age_seconds),
            decision.slug,
            decision.candidates,
            decider(decision),
            cap(&decision.answer),
            decision.answer.reason,
            format!("{} {}", shadow.policy.name, shadow.policy.version),
            cap(&shadow.answer),
            shadow
                .answer
                .fault
                .as_ref()
                .unwrap_or(&shadow.answer.reason)
        );
    }
    text
}

/// `lly fleet policy shadow`, without a policy: about programs.
pub fn eviction_comparison(status: &PolicyStatus, differences: &[&EvictionDecision]) -> String {
    let mut text = asked(status);
    for decision in differences {
        let Some(shadow) = &decision.shadow else {
            continue;
        };
        let _ = writeln!(
            text,
            "\n{} ago, the programs of {}",
            ago(decision.age_seconds),
            decision.cap
        );
        let decider = who(decision.policy.as_ref(), decision.answer.fault.as_ref());
        text.push_str(&sleepers(&decider, &decision.answer.sleepers, None));
        let other = format!("{} {}", shadow.policy.name, shadow.policy.version);
        let fault = shadow.answer.fault.as_deref();
        text.push_str(&sleepers(&other, &shadow.answer.sleepers, fault));
    }
    text
}

/// Who sleeps by whose word, a line each.
pub fn sleepers(by: &str, sleepers: &[Sleeper], fault: Option<&str>) -> String {
    let mut text = String::new();
    match fault {
        Some(fault) => {
            let _ = writeln!(text, "  {by:<28} ! {fault}");
        }
        None if sleepers.is_empty() => {
            let _ = writeln!(text, "  {by:<28} nobody");
        }
        None => {}
    }
    for one in sleepers {
        let _ = writeln!(text, "  {by:<28} {:<20} {}", one.slug.as_str(), one.reason);
    }
    text
}

/// How the policy in a shadow has done.
fn asked(status: &PolicyStatus) -> String {
    let tally = &status.tally;
    let mut text = format!(
        "{} {} was asked {} times, would have done something else {} times and failed {} times\n",
        status.policy.name, status.policy.version, tally.decisions, tally.differences, tally.faults
    );
    if let Some(fault) = &tally.last_fault {
        let _ = writeln!(text, "! last fault: {fault}");
    }
    text
}

fn ago(seconds: u64) -> String {
    match seconds {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

fn cap(answer: &PolicyAnswer) -> &str {
    answer.cap.as_ref().map_or("none", |cap| cap.as_str())
}

/// Who has decided in the end.
fn decider(decision: &PolicyDecision) -> String {
    who(decision.policy.as_ref(), decision.answer.fault.as_ref())
}

fn who(policy: Option<&PolicyIdentity>, fault: Option<&String>) -> String {
    match policy {
        Some(policy) if fault.is_none() => {
            format!("{} {}", policy.name, policy.version)
        }
        Some(policy) => format!("built-in, not {} {}", policy.name, policy.version),
        None => "built-in".to_owned(),
    }
}
