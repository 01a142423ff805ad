//! What a fleet costs: from `lly void deploy` to the first answer, and its memory when nothing happens.

use std::time::{Duration, Instant};

use tests_kit::{Fleet, wait};

use crate::process::resident_bytes;
use crate::report::{Row, Section, median};

/// Deploys measured, each of a program that no CAP has compiled before.
const DEPLOYS: usize = 7;

/// Deploy time and idle memory of a local fleet with one CAP.
pub fn measure() -> anyhow::Result<Section> {
    let fleet = Fleet::start(1);
    let mut walls = Vec::new();
    for at in 0..DEPLOYS {
        fleet.home.write(
            "hello.c",
            format!("#include <stdio.h>\nint main(void) {{ puts(\"hello {at}\"); return 0; }}\n"),
        );
        let bundle = fleet.home.compile(&format!("hello-{at}"), ["hello.c"]);
        let began = Instant::now();
        let url = fleet.deploy_url(&bundle);
        fleet.get_until(&url, 200);
        walls.push(began.elapsed().as_secs_f64());
    }
    let mut section = Section::new(
        "A local fleet",
        "Deploy: from the start of `lly void deploy` of a program that the CAP has never compiled to its first 200; median of \
         seven; aim ≤ 1 s. Memory: proportional set size of each process, fleet idle, after those deploys.",
        &["", "figure"],
    );
    section.row(
        Row::new("`lly void deploy` to the first 200, s").figure(median(walls.into_iter()), 2),
    );
    let mut total = 0.0;
    for service in ["platform", "raptor", "cap-1", "postgres"] {
        let pid = wait::until(Duration::from_secs(10), service, || fleet.pid(service));
        let mib = family_bytes(pid)? as f64 / f64::from(1 << 20);
        total += mib;
        section.row(Row::new(format!("`{service}`, MiB")).figure(mib, 1));
    }
    section.row(Row::new("together, MiB").figure(total, 1));
    Ok(section)
}

/// Memory of a process and its children (Postgres is a family).
fn family_bytes(pid: u32) -> anyhow::Result<u64> {
    let mut sum = resident_bytes(pid)?;
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
    {
        sum += family_bytes(child)?;
    }
    Ok(sum)
}
