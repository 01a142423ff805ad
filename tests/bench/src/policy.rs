//! Placement decisions over a large fleet: the component in raptor's sandbox against the same policy as native Rust.
//!
//! Both begin with the fleet as raptor sees it and end with a CAP and a reason. The sandbox is [`Chooser`], which is what
//! raptor calls: columns, a fresh instance, the copy into it, the decision, the check of the answer.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::ensure;
use fleet_api::{PlaceVoid, Purpose};
use fleet_place::Cap;
use fleet_policy::{Ask, Chooser, Compiler, Loaded, Seat, resolve_packaged};
use lly_brick::Digest;
use plugins_sdk::policy::{Caps, Choice, Request};
use rustix::time::{ClockId, clock_gettime};

use crate::report::{Row, Section};

/// CAPs of the fleet.
const CAPS: usize = 10_000;
/// Decisions measured, after some that warm up.
const DECISIONS: usize = 2000;
const WARM_UP: usize = 100;
/// Regions, in turn.
const REGIONS: [&str; 8] = ["ams", "fra", "gru", "iad", "nrt", "sfo", "sin", "syd"];

type Native = fn(&Request, &Caps) -> Choice;

/// What one kind of deciding took, in microseconds, sorted.
struct Taken {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

/// Every placement policy that LILY ships.
pub fn measure() -> anyhow::Result<Section> {
    let natives: [(&str, Native); 3] = [
        ("spread", plugins_policy_spread::choose),
        ("binpack", plugins_policy_binpack::choose),
        ("region-affinity", plugins_policy_region_affinity::choose),
    ];
    let mut section = Section::new(
        "A placement decision over 10 000 CAPs",
        "Microseconds from the fleet as raptor sees it to a CAP and a reason; 2000 decisions each, in turn. The sandbox is what \
         raptor calls: a fresh instance for each decision, with fuel, deadline and memory bound, its answer checked. Native is \
         the same policy compiled into this program, over the same columns. CPU is that of the deciding thread: what else \
         the machine does is not in it; wall is with it. Aim: p99 at most 1000, ratio at most 2.",
        &[
            "policy",
            "sandbox, median CPU",
            "p99 CPU",
            "p99 wall",
            "native, median CPU",
            "p99 CPU",
            "p99 wall",
            "ratio of medians",
        ],
    );
    let fleet = fleet()?;
    let candidates: Vec<&Cap> = fleet.iter().collect();
    let places = places()?;
    for (name, native) in natives {
        let (sandbox, native) = compare(name, native, &candidates, &places)?;
        section.row(
            Row::new(format!("`{name}`"))
                .figure(share(&sandbox.cpu, 50), 0)
                .figure(share(&sandbox.cpu, 99), 0)
                .figure(share(&sandbox.wall, 99), 0)
                .figure(share(&native.cpu, 50), 0)
                .figure(share(&native.cpu, 99), 0)
                .figure(share(&native.wall, 99), 0)
                .figure(share(&sandbox.cpu, 50) / share(&native.cpu, 50), 2),
        );
    }
    Ok(section)
}

/// The same questions to both, in turn, so that both have the same weather; and both must answer the same.
fn compare(
    name: &str,
    native: Native,
    candidates: &[&Cap],
    places: &[PlaceVoid],
) -> anyhow::Result<(Taken, Taken)> {
    let cache = tempfile::tempdir()?;
    let compiler = Compiler {
        cache_dir: cache.path(),
        child: None,
    };
    let chooser = Chooser::new();
    let policy = Loaded::from_package(resolve_packaged(name, "*")?.bytes, &compiler)?;
    chooser.set(Seat::Current, Some(policy));
    let columns = columns(&Ask::of(&places[0], None, candidates));
    let (mut there, mut here) = (Taken::new(), Taken::new());
    for at in 0..WARM_UP + DECISIONS {
        let place = &places[at % places.len()];
        let decision = there.time(|| chooser.choose(place, None, candidates));
        let choice = here.time(|| {
            let ask = black_box(Ask::of(place, None, candidates));
            let request = Request {
                slug: ask.request.slug,
                bundle: ask.request.bundle,
                previous_cap: ask.request.previous_cap,
                previous_region: ask.request.previous_region,
                region: ask.request.region,
            };
            // The types that a guest sees are others than the host's; the columns are the same.
            native(&request, &columns)
        });
        let cap = choice.cap.and_then(|index| candidates.get(index as usize));
        ensure!(
            decision.answer.fault.is_none() && decision.answer.cap.as_ref() == cap.map(|c| &c.id),
            "`{name}` decides otherwise in the sandbox: {:?} {:?}",
            decision.answer,
            choice
        );
        if at < WARM_UP {
            there.clear();
            here.clear();
        }
    }
    Ok((there.sorted(), here.sorted()))
}

impl Taken {
    fn new() -> Self {
        Self {
            cpu: Vec::with_capacity(DECISIONS),
            wall: Vec::with_capacity(DECISIONS),
        }
    }

    fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (began, cpu) = (Instant::now(), cpu());
        let done = black_box(work());
        self.cpu.push(micros(self::cpu().saturating_sub(cpu)));
        self.wall.push(micros(began.elapsed()));
        done
    }

    fn clear(&mut self) {
        self.cpu.clear();
        self.wall.clear();
    }

    fn sorted(mut self) -> Self {
        self.cpu.sort_by(f64::total_cmp);
        self.wall.sort_by(f64::total_cmp);
        self
    }
}

/// The figure that this many hundredths do not exceed.
fn share(sorted: &[f64], hundredths: usize) -> f64 {
    let at = (sorted.len() * hundredths / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// A fleet without order: every CAP differs, and the same ones on every machine.
fn fleet() -> anyhow::Result<Vec<Cap>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    (0..CAPS)
        .map(|at| {
            Ok(Cap {
                id: format!("cap-{at:05}").parse()?,
                control_url: String::new(),
                edge_url: String::new(),
                region: REGIONS[at % REGIONS.len()].to_owned(),
                placements: u32::try_from(next(4000))?,
                memory_used_bytes: next(64 << 30),
                memory_total_bytes: 64 << 30,
                cpu_permille: u32::try_from(next(1000))?,
                draining: false,
                silent: Duration::ZERO,
            })
        })
        .collect()
}

/// With and without a wish for a region.
fn places() -> anyhow::Result<Vec<PlaceVoid>> {
    let regions = REGIONS.iter().map(|region| Some((*region).to_owned()));
    regions
        .chain([None])
        .map(|region| {
            Ok(PlaceVoid {
                slug: "lazy-fox".parse()?,
                bundle: Digest::of(b"lazy-fox"),
                region,
                purpose: Purpose::Deploy,
            })
        })
        .collect()
}

fn columns(ask: &Ask) -> Caps {
    let caps = &ask.caps;
    Caps {
        regions: caps.regions.clone(),
        region: caps.region.clone(),
        placements: caps.placements.clone(),
        memory_bytes_total: caps.memory_bytes_total.clone(),
        memory_bytes_used: caps.memory_bytes_used.clone(),
        cpu_permille: caps.cpu_permille.clone(),
    }
}
