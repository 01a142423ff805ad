//! The cases of `lily:command`.
//!
//! A project's own are folders of `tests/`: `arguments` (a line each), `out` (what is written to standard output), `code`
//! (the exit code; 0 without), `project/` (a copy of it is what the verb runs in) and `after/` (files that have to be there
//! afterwards). The verb has the grants that its `plugin.json` asks for, no network and no environment.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use host_plugin::{CommandLimits, Ran, Surroundings, Verb, WebRequest, WebResponse};
use registry_index::Grants;

use super::{Cases, Held, Stage, differ, names, traced};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::frontends::Bars;

/// Nobody waits longer for a verb that was called wrongly.
const TIME_MAX: Duration = Duration::from_secs(20);
/// A list of verbs has it on one line.
const SUMMARY_CHARS_MAX: usize = 100;

/// Runs them.
pub fn run(stage: &Stage, cases: &mut Cases, context: &Context) -> Result<(), Failure> {
    let limits = CommandLimits {
        own_time_max: TIME_MAX,
        ..CommandLimits::STANDARD
    };
    let loaded = Verb::load(&stage.store, &stage.installed, &Bars::new(context), limits);
    let verb = match loaded {
        Ok(verb) => verb,
        Err(error) => {
            cases.add(
                "it can be loaded",
                Err(format!("{:#}", anyhow::Error::from(error))),
            );
            return Ok(());
        }
    };
    cases.add("it can be loaded", Ok(()));
    cases.add("its package is canonical", stage.canonical());
    cases.add("it says what it does", usage(&verb));
    cases.add(
        "without a grant it fails, and does not trap",
        ungranted(&verb, stage)?,
    );
    cases.add("strange arguments do not trap it", strange(&verb, stage)?);
    if let Some(tests) = &stage.tests {
        for name in names(tests)? {
            let held = own(&verb, stage, &tests.join(&name), &name)?;
            cases.add(format!("tests/{name}"), held);
        }
    }
    Ok(())
}

/// What a verb wrote.
#[derive(Clone, Default)]
struct Recorder {
    out: Arc<Mutex<Vec<u8>>>,
    err: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    fn out(&self) -> Vec<u8> {
        self.out
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn err(&self) -> String {
        let err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&err).trim().to_owned()
    }
}

impl Surroundings for Recorder {
    fn out(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.extend(text);
        Ok(())
    }

    fn err(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        err.extend(text);
        Ok(())
    }

    fn fetch(&mut self, _: WebRequest) -> Result<WebResponse, String> {
        Err("there is no network in tests".to_owned())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn usage(verb: &Verb) -> Held {
    let usage = verb.usage().map_err(|fault| traced(&fault))?;
    let summary = usage.summary.trim();
    let chars = summary.chars().count();
    if chars == 0 || chars > SUMMARY_CHARS_MAX || summary.contains('\n') {
        return Err(format!(
            "its summary is not one line of 1 to {SUMMARY_CHARS_MAX} characters: {summary:?}"
        ));
    }
    if usage.help.trim().is_empty() {
        return Err("its help is empty".to_owned());
    }
    let again = verb.usage().map_err(|fault| traced(&fault))?;
    match (again.summary, again.help) == (usage.summary, usage.help) {
        true => Ok(()),
        false => Err("asked twice, it says two things".to_owned()),
    }
}

fn ungranted(verb: &Verb, stage: &Stage) -> Result<Held, Failure> {
    let folder = stage.folder("ungranted")?;
    let called = call(verb, &[], &Grants::default(), &folder);
    Ok(called.and_then(|(ran, _)| match ran.denied.first() {
        Some(sentence) if ran.exit_code == 0 => Err(format!("it exits with 0 although {sentence}")),
        _ => Ok(()),
    }))
}

fn strange(verb: &Verb, stage: &Stage) -> Result<Held, Failure> {
    let folder = stage.folder("strange")?;
    let long = "x".repeat(100_000);
    let calls: [&[&str]; 6] = [
        &["--no-such-flag"],
        &["", ""],
        &["../../etc/passwd", "/etc/passwd"],
        &["\u{0}", "\u{1b}[31m", "\u{1f33c}"],
        &["--", "-"],
        &[&long],
    ];
    let grants = &verb.manifest().grants;
    for arguments in calls {
        if let Err(reason) = call(verb, arguments, grants, &folder) {
            let shown: Vec<String> = arguments
                .iter()
                .map(|one| format!("{:?}", one.chars().take(20).collect::<String>()))
                .collect();
            return Ok(Err(format!("with {}: {reason}", shown.join(" "))));
        }
    }
    Ok(Ok(()))
}

fn call(
    verb: &Verb,
    arguments: &[&str],
    grants: &Grants,
    folder: &Path,
) -> Result<(Ran, Recorder), String> {
    let arguments: Vec<String> = arguments.iter().map(|one| (*one).to_owned()).collect();
    let recorder = Recorder::default();
    verb.run(&arguments, grants, folder, Box::new(recorder.clone()))
        .map(|ran| (ran, recorder))
        .map_err(|fault| traced(&fault))
}

fn own(verb: &Verb, stage: &Stage, case: &Path, name: &str) -> Result<Held, Failure> {
    let text = |file: &str| match std::fs::read_to_string(case.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).or_fail(|| format!("cannot read `{}`", case.join(file).display())),
    };
    let arguments = text("arguments")?.unwrap_or_default();
    let arguments: Vec<&str> = arguments.lines().collect();
    let code = text("code")?.unwrap_or_else(|| "0".to_owned());
    let folder = stage.folder(name)?;
    let project = case.join("project");
    if project.is_dir() {
        copy(&project, &folder)?;
    }
    let grants = &verb.manifest().grants;
    let (ran, recorder) = match call(verb, &arguments, grants, &folder) {
        Ok(called) => called,
        Err(reason) => return Ok(Err(reason)),
    };
    if ran.exit_code.to_string() != code.trim() {
        let (found, wanted) = (ran.exit_code, code.trim());
        let err = recorder.err();
        return Ok(Err(format!("it exits with {found}, not {wanted}: {err}")));
    }
    if let Some(out) = text("out")?
        && let Err(reason) = differ("standard output", out.as_bytes(), &recorder.out())
    {
        return Ok(Err(reason));
    }
    let after = case.join("after");
    if !after.is_dir() {
        return Ok(Ok(()));
    }
    same_files(&after, &folder)
}

/// Copies a tree of folders and files.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let what = || format!("cannot copy `{}`", from.display());
    std::fs::create_dir_all(to).or_fail(what)?;
    for name in names(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            std::fs::copy(&from, &to).or_fail(what)?;
        }
    }
    Ok(())
}

/// Every file of one tree is in the other, with the same bytes.
fn same_files(wanted: &Path, found: &Path) -> Result<Held, Failure> {
    for name in names(wanted)? {
        let (wanted, found) = (wanted.join(&name), found.join(&name));
        let held = if wanted.is_dir() {
            same_files(&wanted, &found)?
        } else {
            let wanted =
                std::fs::read(&wanted).or_fail(|| format!("cannot read `{}`", wanted.display()))?;
            match std::fs::read(&found) {
                Ok(found) => differ(&format!("`{name}`"), &wanted, &found),
                Err(error) => Err(format!("`{name}` is not there afterwards: {error}")),
            }
        };
        if held.is_err() {
            return Ok(held);
        }
    }
    Ok(Ok(()))
}
