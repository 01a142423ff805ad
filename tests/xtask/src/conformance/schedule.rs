//! Runs cases, some at once, and keeps each outcome as soon as it is known: a run that was stopped can go on.

use super::{Case, Outcome, Plan};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How often one is told how far it is.
const TOLD_EVERY: usize = 200;

/// How the cases are run.
pub struct Schedule {
    /// How many at once; none: as many as there are cores.
    pub jobs: Option<usize>,
    /// No case begins after it.
    pub time: Option<Duration>,
    /// Where outcomes are kept, a line for each.
    pub file: PathBuf,
    /// What is kept there counts.
    pub is_resumed: bool,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    suite: String,
    name: String,
    outcome: Outcome,
}

impl Schedule {
    /// Runs the cases; outcomes are in their order, none of a case that was not come to.
    pub fn run(
        &self,
        cases: &[Case],
        run: impl Fn(&Case) -> Result<Outcome> + Sync,
    ) -> Result<Vec<Option<Outcome>>> {
        let mut known = self.known()?;
        let outcomes: Vec<Option<Outcome>> = cases
            .iter()
            .map(|case| match case.plan {
                Plan::Skip(_) => Some(Outcome::default()),
                _ => known.remove(&(case.suite.to_owned(), case.name.clone())),
            })
            .collect();
        let open: Vec<usize> = order(cases)
            .into_iter()
            .filter(|at| outcomes[*at].is_none())
            .collect();
        println!(
            "conformance: {} of {} are to be run",
            open.len(),
            cases.len()
        );
        let file = File::options()
            .create(true)
            .append(true)
            .open(&self.file)
            .with_context(|| format!("cannot open `{}`", self.file.display()))?;
        let state = Mutex::new((outcomes, file));
        let error = Mutex::new(None);
        let next = AtomicUsize::new(0);
        let begun = Instant::now();
        let work = || {
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let is_late = self.time.is_some_and(|time| begun.elapsed() > time);
                let Some(at) = open.get(turn).filter(|_| !is_late) else {
                    return;
                };
                if turn.is_multiple_of(TOLD_EVERY) {
                    println!("conformance: {turn} of {}", open.len());
                }
                let case = &cases[*at];
                let ended = run(case).and_then(|outcome| keep(&state, *at, case, outcome));
                if let Err(failure) = ended {
                    next.store(open.len(), Ordering::Relaxed);
                    *lock(&error) = Some(failure.context(case.name.clone()));
                }
            }
        };
        let jobs = self
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        match lock(&error).take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut lock(&state).0)),
        }
    }

    /// The outcomes of the run before; a fresh file if they do not count.
    fn known(&self) -> Result<HashMap<(String, String), Outcome>> {
        if !self.is_resumed {
            let file = &self.file;
            std::fs::write(file, "")
                .with_context(|| format!("cannot write `{}`", file.display()))?;
            return Ok(HashMap::new());
        }
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        // A line that was being written when the run was stopped is none.
        let kept = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Kept>(line).ok());
        Ok(kept
            .map(|kept| ((kept.suite, kept.name), kept.outcome))
            .collect())
    }
}

fn keep(
    state: &Mutex<(Vec<Option<Outcome>>, File)>,
    at: usize,
    case: &Case,
    outcome: Outcome,
) -> Result<()> {
    let kept = Kept {
        suite: case.suite.to_owned(),
        name: case.name.clone(),
        outcome: outcome.clone(),
    };
    let mut line = serde_json::to_string(&kept)?;
    line.push('\n');
    let mut state = lock(state);
    state.0[at] = Some(outcome);
    state
        .1
        .write_all(line.as_bytes())
        .context("cannot keep an outcome")
}

/// The cases suite by suite, each spread so that any beginning is an even sample of it: places go up by the golden section.
fn order(cases: &[Case]) -> Vec<usize> {
    let mut suites: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        match suites.iter_mut().find(|(suite, _)| *suite == case.suite) {
            Some((_, places)) => places.push(at),
            None => suites.push((case.suite, vec![at])),
        }
    }
    suites
        .into_iter()
        .flat_map(|(_, places)| spread(&places))
        .collect()
}

fn spread(places: &[usize]) -> Vec<usize> {
    /// The fractional part of the golden section, as a fraction of 2^64.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut keyed: Vec<(u64, usize)> = (0_u64..)
        .zip(places)
        .map(|(index, place)| (index.wrapping_mul(STEP), *place))
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, place)| place).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::{Case, Outcome, Plan};
    use super::Schedule;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn cases(count: u32) -> Vec<Case> {
        (0..count)
            .map(|index| Case {
                suite: "test262",
                group: String::new(),
                name: index.to_string(),
                plan: Plan::Test262(super::super::test262::Test::sample()),
            })
            .collect()
    }

    #[test]
    fn a_run_goes_on_where_it_was_stopped() {
        let file = std::env::temp_dir().join(format!("lily-schedule-{}", std::process::id()));
        let mut schedule = Schedule {
            jobs: Some(2),
            time: None,
            file: file.clone(),
            is_resumed: false,
        };
        let ran = AtomicU32::new(0);
        let run = |case: &Case| {
            ran.fetch_add(1, Ordering::Relaxed);
            Ok(Outcome::one(if case.name == "3" {
                "no".to_owned()
            } else {
                String::new()
            }))
        };
        schedule.run(&cases(10), run).expect("a run");
        schedule.is_resumed = true;
        let outcomes = schedule.run(&cases(12), run).expect("a run");
        std::fs::remove_file(file).expect("a file");
        assert_eq!(ran.load(Ordering::Relaxed), 12);
        let failed: Vec<usize> = (0..12)
            .filter(|at| {
                outcomes[*at]
                    .as_ref()
                    .is_none_or(|outcome| outcome.passed == 0)
            })
            .collect();
        assert_eq!(failed, [3]);
    }

    #[test]
    fn any_beginning_is_an_even_sample() {
        let places: Vec<usize> = (0..1000).collect();
        let mut all = super::spread(&places);
        let first: Vec<usize> = all.drain(..100).collect();
        for tenth in 0..10 {
            let range = tenth * 100..(tenth + 1) * 100;
            let count = first.iter().filter(|place| range.contains(*place)).count();
            assert!((5..=15).contains(&count), "{count} in {range:?}");
        }
        all.extend(first);
        all.sort_unstable();
        assert_eq!(all, places);
    }
}
