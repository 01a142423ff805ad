//! The prelude's own tests (`plugins/js/prelude/tests`): they run it in Node, over a host that is written in JavaScript, and
//! compare what it does with what Node does, with its IDL, and with tables of Web Platform Tests.

use std::process::{Command, Stdio};

use tests_kit::{Home, repository};

/// How many tests of the prelude there are at least: fewer means that files were not found.
const TESTS: usize = 250;

#[test]
fn the_prelude_is_what_the_standards_and_node_say() {
    let node = repository().join("target/lily/npm/node/bin/node");
    assert!(
        node.exists(),
        "`{}` is not there: run `cargo xtask test`",
        node.display()
    );
    let folder = repository().join("plugins/js/prelude/tests");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".test.mjs"))
        .collect();
    files.sort();
    let home = Home::new();
    let mut command = Command::new(node);
    command
        .args([
            "--experimental-vm-modules",
            "--expose-internals",
            "--no-warnings",
        ])
        .args(["--test", "--test-reporter=tap"])
        .args(files)
        .current_dir(folder)
        .env("TMPDIR", home.work())
        .env(
            "LLY_PRELUDE_LIBRARIES",
            repository().join("target/lily/js/libraries"),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = tests_kit::run(command, b"");
    let count = |of: &str| -> Option<usize> {
        let line = output
            .stdout
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(of));
        line?.trim().parse().ok()
    };
    let ended = [count("# pass "), count("# fail "), count("# skipped ")];
    assert!(
        output.code == Some(0) && ended[0] >= Some(TESTS) && ended[1..] == [Some(0), Some(0)],
        "{ended:?}\n{}\n{}",
        failures(&output.stdout),
        output.stderr
    );
}

/// What is said of tests that failed: from `not ok` to the next test's line.
fn failures(tap: &str) -> String {
    let mut inside = false;
    let lines = tap.lines().filter(|line| {
        let line = line.trim_start();
        inside = line.starts_with("not ok ") || (inside && !line.starts_with("ok "));
        inside
    });
    lines.collect::<Vec<_>>().join("\n")
}
