//! `lly run` prints what Node prints, and ends as it ends: programs of the corpus (`fixtures/node`), and programs that a
//! generator makes (`fixtures/generate.mjs`). No output is stored: both run. `LLY_SEED` runs one generated program alone.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests_kit::{Home, Output, repository};

/// How many programs the generator makes, from seed 1 on.
const SEEDS: u32 = 20;
/// How many statements each has.
const STATEMENTS: u32 = 40;

fn fixtures() -> PathBuf {
    repository().join("tests/it/fixtures")
}

fn node<const N: usize>(folder: &Path, arguments: [&str; N]) -> Output {
    let program = repository().join("target/lily/npm/node/bin/node");
    assert!(
        program.exists(),
        "`{}` is not there: run `cargo xtask test`",
        program.display()
    );
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs([("TZ", "UTC"), ("NO_COLOR", "1"), ("PATH", "/usr/bin")])
        .arg("--no-warnings")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    tests_kit::run(command, b"")
}

/// What a program prints and how it ends, in Node and here.
fn both(home: &Home, folder: &Path, program: &str) -> [Output; 2] {
    let nodes = node(folder, [program]);
    let ours = home.lly_with(["run", program], b"", |command| {
        command
            .current_dir(folder)
            .env("TZ", "UTC")
            .stdin(Stdio::null());
    });
    [nodes, ours]
}

/// The first line in which two outputs differ, or how they end; none if they are the same.
fn difference([nodes, ours]: &[Output; 2]) -> Option<String> {
    if nodes.stdout == ours.stdout && nodes.code == ours.code {
        return None;
    }
    let lines = |output: &Output| -> Vec<String> {
        let end = format!("(exit code {:?})", output.code);
        output
            .stdout
            .split('\n')
            .map(str::to_owned)
            .chain([end])
            .collect()
    };
    let (theirs, here) = (lines(nodes), lines(ours));
    let at = theirs.iter().zip(&here).position(|(a, b)| a != b);
    let at = at.unwrap_or(theirs.len().min(here.len()) - 1);
    Some(format!(
        "line {}\nNode: {}\nhere: {}\nstderr here:\n{}",
        at + 1,
        theirs[at],
        here[at],
        ours.stderr
    ))
}

#[track_caller]
fn same(program: &str) {
    let found = difference(&both(&Home::new(), &fixtures().join("node"), program));
    assert!(found.is_none(), "{program}: {}", found.unwrap_or_default());
}

macro_rules! corpus {
    ($($test:ident $($program:literal)*),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                $(same($program);)*
            }
        )*

        /// A program that nobody runs would show nothing.
        #[test]
        fn every_program_is_run() {
            let mut listed = vec![$($($program),*),*];
            listed.sort_unstable();
            let mut found: Vec<String> = std::fs::read_dir(fixtures().join("node"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            found.sort();
            assert_eq!(found, listed);
        }
    };
}

corpus! {
    async_context "async_context.mjs",
    bigint "bigint.mjs",
    buffers "buffers.cjs",
    classes "classes.mjs",
    collections "collections.mjs",
    commonjs "commonjs.cjs",
    crypto "crypto.mjs",
    dates "dates.mjs",
    destructuring "destructuring.mjs",
    ends "exit_code.mjs" "uncaught.mjs",
    errors "errors.mjs",
    events "events.mjs",
    fetch_classes "fetch_classes.mjs",
    generators "generators.mjs",
    inspect "inspect.mjs",
    intl "intl.mjs",
    json "json.mjs",
    numbers "numbers.mjs",
    order "order.mjs",
    promises "promises.mjs",
    proxies "proxies.mjs",
    regular_expressions "regex.mjs",
    shared_buffers "shared_buffers.mjs",
    sorting "sorting.mjs",
    stack_sites "stack_sites.cjs",
    streams "streams.mjs",
    strings "strings.mjs",
    timers "timers.mjs",
    typed_arrays "typed_arrays.mjs",
    typescript "typescript.ts",
    unicode "unicode.mjs",
    urls "urls.mjs",
    util "util.mjs",
    vm "vm.mjs",
    zlib "zlib.mjs",
}

/// The difference of a generated program, if there is one.
fn generated(home: &Home, seed: u32, statements: u32) -> Option<String> {
    let name = format!("{seed}-{statements}.mjs");
    let made = node(
        &fixtures(),
        ["generate.mjs", &seed.to_string(), &statements.to_string()],
    );
    home.write(&name, made.success().stdout);
    difference(&both(home, &home.work(), &name))
}

/// The smallest count of statements with which a seed differs, found by halves: a shorter program is the beginning of a
/// longer one.
fn smallest(home: &Home, seed: u32) -> (u32, String) {
    let (mut same, mut differs) = (0, STATEMENTS);
    let mut message = String::new();
    while same + 1 < differs {
        let middle = same.midpoint(differs);
        match generated(home, seed, middle) {
            Some(found) => (differs, message) = (middle, found),
            None => same = middle,
        }
    }
    (differs, message)
}

#[test]
fn generated_programs() {
    let home = Home::new();
    let asked = std::env::var("LLY_SEED").ok();
    let seeds = match asked.as_deref().map(str::parse) {
        Some(seed) => {
            let seed = seed.expect("LLY_SEED is a number");
            seed..=seed
        }
        None => 1..=SEEDS,
    };
    for seed in seeds {
        if let Some(first) = generated(&home, seed, STATEMENTS) {
            let (statements, message) = smallest(&home, seed);
            let message = if message.is_empty() { first } else { message };
            panic!(
                "`node tests/it/fixtures/generate.mjs {seed} {statements}` is the smallest program of seed {seed} that \
                 differs (LLY_SEED={seed} runs it): {message}"
            );
        }
    }
}
