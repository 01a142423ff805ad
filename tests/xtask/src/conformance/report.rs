//! What the suites said, counted by group, as lines and as `docs/conformance.md`.

use super::causes;
use super::suites::{self, Suite};
use super::{Case, Outcome, Plan};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Names of tests that failed are listed up to so many of a group; the rest is a number.
const NAMES_MAX: usize = 40;

/// Counts by suite and group.
pub struct Tally {
    groups: BTreeMap<(&'static str, String), Group>,
    /// By suite and reason: files, and the groups they are in.
    skipped: BTreeMap<(&'static str, &'static str), BTreeMap<String, u32>>,
    /// By suite: how many cases were run, and how many were to be.
    ran: BTreeMap<&'static str, (usize, usize)>,
}

#[derive(Default)]
struct Group {
    passed: u32,
    failed: u32,
    files: Vec<Failed>,
}

struct Failed {
    name: String,
    of: u32,
    failed: Vec<(String, String)>,
}

impl Tally {
    /// Counts.
    pub fn new(cases: &[Case], outcomes: Vec<Option<Outcome>>) -> Self {
        let mut tally = Self {
            groups: BTreeMap::new(),
            skipped: BTreeMap::new(),
            ran: BTreeMap::new(),
        };
        for (case, outcome) in cases.iter().zip(outcomes) {
            if let Plan::Skip(reason) = case.plan {
                let groups = tally.skipped.entry((case.suite, reason)).or_default();
                *groups.entry(case.group.clone()).or_default() += 1;
                continue;
            }
            let ran = tally.ran.entry(case.suite).or_default();
            ran.1 += 1;
            let Some(outcome) = outcome else { continue };
            ran.0 += 1;
            let key = (case.suite, case.group.clone());
            let group = tally.groups.entry(key).or_default();
            let failed = u32::try_from(outcome.failed.len()).unwrap_or(u32::MAX);
            group.passed += outcome.passed;
            group.failed += failed;
            if failed > 0 {
                group.files.push(Failed {
                    name: case.name.clone(),
                    of: outcome.passed + failed,
                    failed: outcome.failed,
                });
            }
        }
        tally
    }

    fn of(&self, suite: &str) -> impl Iterator<Item = (&String, &Group)> {
        self.groups
            .iter()
            .filter(move |((name, _), _)| *name == suite)
            .map(|((_, group), counts)| (group, counts))
    }

    /// A line for each group, and one for each suite.
    pub fn summary(&self) -> String {
        let mut text = String::new();
        for suite in ["wpt", "test262"] {
            let mut sum = Group::default();
            for (name, group) in self.of(suite) {
                let _ = writeln!(text, "{suite}/{name}: {}", rate(group));
                sum.passed += group.passed;
                sum.failed += group.failed;
            }
            let skipped: u32 = self
                .skipped
                .iter()
                .filter(|((name, _), _)| *name == suite)
                .flat_map(|(_, groups)| groups.values())
                .sum();
            let _ = writeln!(
                text,
                "{suite}: {}, {} skipped",
                rate(&sum),
                counted(skipped)
            );
        }
        text
    }

    /// Every failure with its message.
    pub fn failures(&self) -> String {
        let mut text = String::new();
        for ((suite, _), group) in &self.groups {
            for file in &group.files {
                for (name, message) in &file.failed {
                    let _ = writeln!(text, "{suite}/{} | {name} | {message}", file.name);
                }
            }
        }
        text
    }

    /// `docs/conformance.md`.
    pub fn document(&self, sample: u32) -> String {
        let mut text = String::from(
            "# Conformance\n\nWritten by `cargo xtask conformance`; do not edit. Suites that we did not write, run by `lly run`, \
             each test in an instance of its own. What did not end, or could not be run, counts as failed; what is not run is \
             listed with its reason.\n",
        );
        for suite in [suites::WPT, suites::TEST262] {
            self.section(&suite, sample, &mut text);
        }
        text
    }

    /// What failed by cause: how often, and one file.
    fn causes(&self, suite: &str) -> BTreeMap<&'static str, (u32, &str)> {
        let mut causes: BTreeMap<&'static str, (u32, &str)> = BTreeMap::new();
        for file in self.of(suite).flat_map(|(_, group)| &group.files) {
            for (name, message) in &file.failed {
                let cause = causes::of(&format!("{suite}/{}", file.name), name, message);
                causes.entry(cause).or_insert((0, &file.name)).0 += 1;
            }
        }
        causes
    }

    fn section(&self, suite: &Suite, sample: u32, text: &mut String) {
        let source = &suite.source;
        let _ = writeln!(
            text,
            "\n## {}\n\nFrom `{}` of Debian's source package `{}` {} (sha256 `{}`).{}",
            suite.title,
            source.file,
            source.package,
            source.version,
            source.sha256,
            match suite.name {
                "wpt" =>
                    " A file has many tests. That copy has no tests of fetch but for `data:` URLs, none of compression streams, \
                     URLPattern and WebSocket: the prelude's own tests cover those.",
                _ => " A test without flags runs as sloppy and as strict code; both count.",
            }
        );
        let (ran, of) = self.ran.get(suite.name).copied().unwrap_or_default();
        let how = match (suite.name, sample) {
            ("test262", 2..) => format!(" in one of {sample} of the files"),
            _ => String::new(),
        };
        let _ = if ran == of {
            writeln!(text, "\nThis run took all {of} cases{how}.")
        } else {
            writeln!(
                text,
                "\nThis run took {ran} of the {of} cases{how}, spread evenly over the list; the others were not come to."
            )
        };
        let _ = writeln!(
            text,
            "\n| group | passed | of | rate |\n|---|---:|---:|---:|"
        );
        let mut sum = Group::default();
        for (name, group) in self.of(suite.name) {
            let _ = writeln!(text, "| {name} | {} |", cells(group));
            sum.passed += group.passed;
            sum.failed += group.failed;
        }
        let _ = writeln!(text, "| **all** | {} |", cells(&sum));
        let _ = writeln!(text, "\n### {}: why it failed\n", suite.title);
        for (cause, (count, name)) in self.causes(suite.name) {
            let _ = writeln!(text, "- {cause}: {count} (such as `{name}`)");
        }
        let _ = writeln!(text, "\n### {}: what failed\n", suite.title);
        for (name, group) in self.of(suite.name).filter(|(_, group)| group.failed > 0) {
            let _ = writeln!(
                text,
                "- **{name}**: {} of {}",
                group.failed,
                group.passed + group.failed
            );
            for file in group.files.iter().take(NAMES_MAX) {
                let _ = writeln!(text, "  - `{}`{}", file.name, several(file));
            }
            if let Some(more) = group
                .files
                .len()
                .checked_sub(NAMES_MAX)
                .filter(|more| *more > 0)
            {
                let _ = writeln!(text, "  - and {more} more files");
            }
        }
        let _ = writeln!(text, "\n### {}: what is not run\n", suite.title);
        for ((_, reason), groups) in self
            .skipped
            .iter()
            .filter(|((name, _), _)| *name == suite.name)
        {
            let files: u32 = groups.values().sum();
            let names: Vec<String> = groups
                .iter()
                .map(|(group, count)| format!("{group} {count}"))
                .collect();
            let files = counted(files);
            let _ = writeln!(text, "- {reason}: {files} ({})", names.join(", "));
        }
    }
}

fn counted(files: u32) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}

fn several(file: &Failed) -> String {
    if file.of > 1 {
        format!(": {} of {}", file.failed.len(), file.of)
    } else {
        String::new()
    }
}

fn percent(group: &Group) -> f64 {
    f64::from(group.passed) * 100.0 / f64::from((group.passed + group.failed).max(1))
}

fn rate(group: &Group) -> String {
    let of = group.passed + group.failed;
    format!("{} of {of} ({:.1} %)", group.passed, percent(group))
}

fn cells(group: &Group) -> String {
    let of = group.passed + group.failed;
    format!("{} | {of} | {:.1} %", group.passed, percent(group))
}

#[cfg(test)]
mod tests {
    use super::super::{Case, Outcome, Plan};
    use super::Tally;

    #[test]
    fn every_failure_and_every_reason_is_named() {
        let case = |name: &str, plan| Case {
            suite: "wpt",
            group: "url".to_owned(),
            name: format!("url/{name}"),
            plan,
        };
        let cases = [
            case("a.any.js", Plan::Skip("no document")),
            case("b.any.js", Plan::Skip("no document")),
        ];
        let tally = Tally::new(&cases, vec![None, Some(Outcome::failure("x".to_owned()))]);
        let document = tally.document(1);
        assert!(
            document.contains("- no document: 2 files (url 2)"),
            "{document}"
        );
        assert!(
            document.contains("This run took all 0 cases."),
            "{document}"
        );
        assert!(tally.document(7).contains("in one of 7 of the files."));
    }

    #[test]
    fn what_was_not_come_to_is_said() {
        let case = |name: &str| Case {
            suite: "test262",
            group: "language".to_owned(),
            name: name.to_owned(),
            plan: Plan::Test262(super::super::test262::Test::sample()),
        };
        let outcomes = vec![Some(Outcome::failure("x".to_owned())), None];
        let document = Tally::new(&[case("a"), case("b")], outcomes).document(1);
        assert!(
            document.contains("This run took 1 of the 2 cases, spread"),
            "{document}"
        );
        assert!(
            document.contains("- **language**: 1 of 1\n  - `a`\n"),
            "{document}"
        );
    }
}
