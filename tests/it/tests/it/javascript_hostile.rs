//! JavaScript that means harm (`fixtures/javascript-hostile`): all of it at once on one CAP, beside a void that answers all
//! the while. Each program says in its first lines how its request may end and what its log must then say.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests_kit::{Fleet, Home, repository, wait};

/// How long a log may take to be on disk and read.
const LOG_PATIENCE: Duration = Duration::from_secs(20);
/// No answer that is cut is longer (`samples` of the documentation promise a bound, not this one).
const BODY_MAX: usize = 1 << 30;

/// One program and what it says of itself.
struct Harm {
    name: String,
    source: String,
    statuses: Vec<u16>,
    /// One of these is in its log; none: nothing needs to be.
    log: Vec<String>,
    /// Its body has no end of its own.
    is_cut: bool,
}

fn harms() -> Vec<Harm> {
    let folder = repository().join("tests/it/fixtures/javascript-hostile");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    let read = |path: &std::path::PathBuf| {
        let source = std::fs::read_to_string(path).unwrap();
        let says = |key: &str| {
            let begin = format!("// {key}:");
            let line = source.lines().find_map(|line| line.strip_prefix(&begin));
            line.map(|line| line.trim().to_owned())
        };
        let list = says("log").unwrap();
        Harm {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            statuses: says("status")
                .unwrap()
                .split_whitespace()
                .map(|status| status.parse().unwrap())
                .collect(),
            log: list
                .split('|')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            is_cut: says("body").is_some(),
            source,
        }
    };
    found.iter().map(read).collect()
}

/// What is asked for at `/`, where a CAP looks whether a program is well, does no harm; the rest is the program's.
const AWAKE: &str = "import harm from \"./harm.js\";
export default {
  ...harm,
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === \"/\") return new Response(\"up\");
    return harm.fetch(request, env, ctx);
  },
};
";

fn deployed(fleet: &Fleet, name: &str, source: &str) -> (String, String) {
    fleet.home.write(&format!("{name}/harm.js"), source);
    fleet.home.write(&format!("{name}/{name}.js"), AWAKE);
    let bundle = fleet.home.compile(name, [format!("{name}/{name}.js")]);
    let document = fleet.deploy(&bundle);
    let text = |key: &str| document[key].as_str().unwrap().to_owned();
    (format!("{}harm", text("url")), text("slug"))
}

#[test]
fn programs_that_mean_harm_leave_the_others_alone() {
    let fleet = Fleet::start(1);
    let good = "export default { fetch: () => new Response(\"good\") };\n";
    let (good, _) = deployed(&fleet, "good", good);
    let harms = harms();
    let bad: Vec<_> = harms
        .iter()
        .map(|harm| deployed(&fleet, &harm.name, &harm.source))
        .collect();
    let cap = fleet.pid("cap-1").expect("the CAP runs");
    let is_over = AtomicBool::new(false);
    let mut problems = Vec::new();
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut answers = 0_u32;
            while !is_over.load(Ordering::Relaxed) {
                assert_eq!(fleet.get(&good).is(200).text(), "good");
                answers += 1;
                std::thread::park_timeout(Duration::from_millis(50));
            }
            answers
        });
        let requests: Vec<_> = bad
            .iter()
            .map(|(url, _)| {
                let fleet = &fleet;
                scope.spawn(move || fleet.send(fleet.client().get(url)))
            })
            .collect();
        for (harm, request) in harms.iter().zip(requests) {
            match request.join().unwrap() {
                Ok(answer) if !harm.statuses.contains(&answer.status) => {
                    let text: String = answer.text().chars().take(200).collect();
                    problems.push(format!("{}: {} {text}", harm.name, answer.status));
                }
                Ok(answer) if answer.body.len() > BODY_MAX => {
                    problems.push(format!("{}: {} bytes", harm.name, answer.body.len()));
                }
                // The end of a body that has none is a broken connection.
                Err(error) if !harm.is_cut => problems.push(format!("{}: {error:#}", harm.name)),
                _ => {}
            }
        }
        is_over.store(true, Ordering::Relaxed);
        let answers = watch.join().expect("the good void answered all the while");
        assert!(answers > 0);
    });
    assert_eq!(fleet.get(&good).is(200).text(), "good");
    assert_eq!(fleet.pid("cap-1"), Some(cap), "the CAP died");
    problems.extend(unsaid(&fleet, &harms, &bad));
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Programs whose log does not say what it should.
fn unsaid(fleet: &Fleet, harms: &[Harm], bad: &[(String, String)]) -> Vec<String> {
    let logs = |slug: &str| {
        let output = fleet.lly(["void", "logs", slug, "-n", "500"]);
        output.success().stdout
    };
    let mut unsaid = BTreeMap::new();
    for (harm, (_, slug)) in harms
        .iter()
        .zip(bad)
        .filter(|(harm, _)| !harm.log.is_empty())
    {
        let said = wait::at_most(LOG_PATIENCE, || {
            let log = logs(slug);
            harm.log.iter().any(|part| log.contains(part)).then_some(())
        });
        if said.is_none() {
            unsaid.insert(&harm.name, logs(slug));
        }
    }
    unsaid
        .into_iter()
        .map(|(name, log)| format!("{name} has no clear line in its log:\n{log}"))
        .collect()
}

/// A program that does harm while it is built hurts the one who builds it, within bounds.
#[test]
fn a_program_that_never_ends_is_not_built_forever() {
    let home = Home::new();
    for (name, source) in [
        ("loop", "for (;;);\nexport default { fetch() {} };\n"),
        (
            "microtasks",
            "const again = () => Promise.resolve().then(again);\nawait again();\nexport default { fetch() {} };\n",
        ),
        (
            "memory",
            "const kept = [];\nfor (;;) kept.push(new Array(10000).fill(1));\nexport default { fetch() {} };\n",
        ),
    ] {
        let file = format!("{name}.js");
        home.write(&file, source);
        let output = home.lly(["compile", &file, "-o", "out.brick"]).exits(1);
        assert_eq!(
            output.stderr.matches("error: ").count(),
            1,
            "{}",
            output.stderr
        );
        assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        assert!(!home.work().join("out.brick").exists());
    }
}
