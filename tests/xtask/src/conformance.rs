//! `cargo xtask conformance`: suites that we did not write, run by the built `lly`, each test in an instance of its own. Pass
//! rates are printed and written to `docs/conformance.md`; what failed, with its messages, to
//! `target/lily/conformance/failures.txt`.
//!
//! Rules: nothing is skipped without a reason that the document names; what does not end, dies or cannot be read has failed.
//! To add a suite: its source in [`suites`], its tests as [`Case`]s, and what runs them in `tests/xtask/conformance`.

mod program;
mod report;
mod suites;
mod test262;
mod wpt;

use crate::workspace::{lily, root};
use crate::{setup, workspace};
use anyhow::{Context, Result};
use clap::Args;
use program::Program;
use report::Tally;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
#[derive(Debug, Default, PartialEq, Eq)]
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
    let outcomes = run_all(&cases, options.jobs, |case| match &case.plan {
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

/// Runs every case, some at once; outcomes are in the order of the cases.
fn run_all(
    cases: &[Case],
    jobs: Option<usize>,
    run: impl Fn(&Case) -> Result<Outcome> + Sync,
) -> Result<Vec<Outcome>> {
    /// How often one is told how far it is.
    const TOLD_EVERY: usize = 200;
    let jobs = jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(cases.len()));
    let error = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    if at.is_multiple_of(TOLD_EVERY) {
                        println!("conformance: {at} of {}", cases.len());
                    }
                    match run(case) {
                        Ok(outcome) => lock(&outcomes).push((at, outcome)),
                        Err(failure) => {
                            next.store(cases.len(), Ordering::Relaxed);
                            *lock(&error) = Some(failure.context(case.name.clone()));
                        }
                    }
                }
            });
        }
    });
    if let Some(error) = lock(&error).take() {
        return Err(error);
    }
    let mut outcomes = std::mem::take(&mut *lock(&outcomes));
    outcomes.sort_by_key(|(at, _)| *at);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
