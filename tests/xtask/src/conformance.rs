//! `cargo xtask conformance`: suites that we did not write, run by the built `lly`, each test in an instance of its own. Pass
//! rates are printed and written to `docs/conformance.md`; what failed, with its messages, to
//! `target/lily/conformance/failures.txt`.
//!
//! Rules: nothing is skipped without a reason that the document names; what does not end, dies or cannot be read has failed.
//! What fails is counted by its cause too ([`causes`]). To add a suite: its source in [`suites`], its tests as [`Case`]s, and
//! what runs them in `tests/xtask/conformance`.

mod causes;
mod program;
mod report;
mod schedule;
mod suites;
mod test262;
mod wpt;

use crate::workspace::{lily, root};
use crate::{setup, workspace};
use anyhow::{Context, Result};
use clap::Args;
use program::Program;
use report::Tally;
use schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What is run, and with what.
#[derive(Args)]
pub struct Options {
    /// Only tests whose suite and path hold this, such as `wpt/url` or `test262/built-ins/Map`; the document stays as it is.
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// One in N of the tests of test262, chosen by their place in the list.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    sample: u32,
    /// Run the tests with this program instead of `lly`, such as Node: a check of the harness; the document stays as it is.
    #[arg(long, value_name = "PROGRAM")]
    with: Option<PathBuf>,
    /// Run the tests with this `lly` instead of building one.
    #[arg(long, value_name = "PROGRAM", conflicts_with = "with")]
    lly: Option<PathBuf>,
    /// Keep the outcomes of the run before: only what it has not come to is run.
    #[arg(long)]
    resume: bool,
    /// Begin no test after so many minutes; the document says how many were run. They are spread evenly over each suite.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// How many tests run at once; all cores unless given.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// One test file, in one of the ways it is to be run.
struct Case {
    /// `wpt` or `test262`.
    suite: &'static str,
    /// Its folder: what is counted together.
    group: String,
    /// Its path in the suite, and the way if there are several.
    name: String,
    plan: Plan,
}

enum Plan {
    Wpt(wpt::Test),
    Test262(test262::Test),
    /// Not run, and why.
    Skip(&'static str),
}

/// How a case ended: what was counted, one or many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Outcome {
    passed: u32,
    /// Name (empty for the whole file) and message.
    failed: Vec<(String, String)>,
}

impl Outcome {
    fn one(message: String) -> Self {
        if message.is_empty() {
            Self {
                passed: 1,
                failed: Vec::new(),
            }
        } else {
            Self::failure(message)
        }
    }

    fn failure(message: String) -> Self {
        Self {
            passed: 0,
            failed: vec![(String::new(), message)],
        }
    }
}

/// Runs the suites.
pub fn run(options: &Options) -> Result<ExitCode> {
    let wpt_folder = suites::WPT.prepare()?;
    let test262_folder = suites::TEST262.prepare()?;
    let program = match (&options.with, &options.lly) {
        (Some(program), _) => Program::other(program),
        (None, Some(lly)) => Program::lly(lly)?,
        (None, None) => {
            setup::run(false)?;
            println!("conformance: building");
            workspace::run(workspace::cargo().args(["build", "--workspace"]))?;
            Program::lly(&workspace::binaries()?.join("lly"))?
        }
    };
    let web = wpt::Suite::read(&wpt_folder)?;
    let language = test262::Suite::read(&test262_folder)?;
    let mut cases = web.cases();
    cases.extend(language.cases(options.sample)?);
    cases.retain(|case| format!("{}/{}", case.suite, case.name).contains(&options.only));
    let schedule = Schedule {
        jobs: options.jobs,
        time: options
            .minutes
            .map(|minutes| Duration::from_secs(minutes * 60)),
        file: lily().join("conformance/outcomes.jsonl"),
        is_resumed: options.resume,
    };
    let outcomes = schedule.run(&cases, |case| match &case.plan {
        Plan::Wpt(test) => web.run(test, &program),
        Plan::Test262(test) => language.run(test, &program),
        Plan::Skip(_) => Ok(Outcome::default()),
    })?;
    let tally = Tally::new(&cases, outcomes);
    println!("{}", tally.summary());
    let folder = lily().join("conformance");
    write(&folder.join("failures.txt"), &tally.failures())?;
    println!(
        "conformance: each failure with its message is in target/lily/conformance/failures.txt"
    );
    let document = tally.document(options.sample);
    write(&folder.join("conformance.md"), &document)?;
    if options.only.is_empty() && options.with.is_none() {
        write(&root().join("docs/conformance.md"), &document)?;
        println!("conformance: wrote docs/conformance.md");
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &std::path::Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}
