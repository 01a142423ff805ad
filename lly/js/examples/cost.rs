use host_plugin::*;
use std::time::*;
fn caps(n: u32) -> Caps {
    Caps {
        regions: vec!["a".into(), "b".into(), "c".into()],
        region: (0..n).map(|i| i % 3).collect(),
        placements: (0..n).map(|i| (i * 7919) % 100).collect(),
        memory_bytes_total: vec![1 << 34; n as usize],
        memory_bytes_used: vec![1 << 33; n as usize],
        cpu_permille: vec![500; n as usize],
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let package = std::fs::read(&a[1]).unwrap();
    let ev = a[2] == "evict";
    let dir = std::path::Path::new("/tmp/exp/jscache");
    let c = policy_compiler(dir);
    for n in [10u32, 100, 1000, 10000] {
        let (mut lo, mut hi) = (0u64, 4_000_000_000u64);
        let t0 = Instant::now();
        let mut time = Duration::ZERO;
        while hi - lo > hi / 200 + 1 {
            let fuel = (lo + hi) / 2;
            let limits = PolicyLimits {
                fuel,
                deadline: Duration::from_secs(10),
                ..PolicyLimits::STANDARD
            };
            let ok;
            if ev {
                let p = EvictionPolicy::from_packaged_with(&package, &c, limits).unwrap();
                let v = Voids {
                    requests_per_minute: vec![0; n as usize],
                    cpu_permille: vec![0; n as usize],
                    age_seconds: vec![9; n as usize],
                    idle_seconds: (0..n).map(|i| (i * 7919) % 1000).collect(),
                    code_bytes: vec![1 << 20; n as usize],
                };
                let m = || Memory {
                    bytes_total: 1 << 40,
                    bytes_used: 1 << 40,
                    bytes_wanted: 100 << 20,
                };
                let t = Instant::now();
                let r = p.evict(m(), &v);
                if r.is_ok() {
                    time = t.elapsed();
                } else if hi == 4_000_000_000 && lo > 3_000_000_000 {
                    println!("{r:?}");
                    break;
                }
                ok = r.is_ok();
            } else {
                let p = PlacementPolicy::from_packaged_with(&package, &c, limits).unwrap();
                let r0 = Request {
                    slug: "lazy-fox".into(),
                    bundle: "sha256:00".into(),
                    previous_cap: None,
                    previous_region: None,
                    region: Some("b".into()),
                };
                let cs = caps(n);
                let t = Instant::now();
                let r = p.choose(&r0, &cs);
                if r.is_ok() {
                    time = t.elapsed();
                }
                ok = r.is_ok();
            }
            if ok { hi = fuel } else { lo = fuel }
        }
        println!("{n}: fuel {hi} time {time:?} ({:?})", t0.elapsed());
    }
}
fn policy_compiler(dir: &std::path::Path) -> host_plugin::Compiler<'_> {
    Compiler {
        cache_dir: dir,
        child: None,
    }
}
