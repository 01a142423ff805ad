//! `cargo xtask test`: everything is set up, built, tested; the last line is the sum.

use crate::workspace::{self, cargo};
use crate::{clients, machine, setup};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader, Write};
use std::process::{ExitCode, Stdio};

/// Runs every test of the workspace, or those that `arguments` choose.
pub fn run(arguments: &[String]) -> Result<ExitCode> {
    setup::run(false)?;
    setup::for_tests()?;
    machine::prepare()?;
    machine::for_tests()?;
    machine::browser()?;
    clients::skopeo()?;
    clients::wkg()?;
    println!("test: building");
    workspace::run(cargo().args(["build", "--workspace"]))?;
    let mut tests = cargo();
    tests.args(["test", "--workspace", "--no-fail-fast"]);
    tests.args(arguments);
    let mut child = tests
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the tests")?;
    let output = child.stdout.take().context("the tests have no output")?;
    let mut sum = Sum::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read the tests' output")?;
        let text = String::from_utf8_lossy(&line);
        println!("{text}");
        std::io::stdout().flush().context("cannot write")?;
        sum.read(&text);
    }
    let status = child.wait().context("the tests have no end")?;
    // Also a test program that dies before its own sum, or does not build, is a failure.
    if !status.success() && sum.failed == 0 {
        sum.failed = 1;
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(if sum.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: u64,
    failed: u64,
}

impl Sum {
    /// Adds a line such as `test result: ok. 3 passed; 0 failed; …`.
    fn read(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return;
        };
        let count = |what: &str| {
            let before = counts
                .split(';')
                .find(|part| part.trim_end().ends_with(what))?;
            before.split_whitespace().rev().nth(1)?.parse::<u64>().ok()
        };
        self.passed += count("passed").unwrap_or(0);
        self.failed += count("failed").unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn the_sum_is_over_every_test_program() {
        let mut sum = Sum::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a_test ... ok",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            sum.read(line);
        }
        assert_eq!(
            sum,
            Sum {
                passed: 13,
                failed: 2
            }
        );
    }
}
