//! test262: what its frontmatter asks of who runs it (`INTERPRETING.md` of the suite). A test without flags runs twice, as
//! sloppy and as strict code; both count.

use super::program::{Program, Said, drivers};
use super::{Case, Outcome, Plan};
use anyhow::{Context, Result};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A test that takes longer has failed. Tables of Unicode's properties take seconds in an interpreter.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Parts of the suite that are not run: the begin of a path, and why.
const PARTS: [(&str, &str); 4] = [
    (
        "harness/",
        "tests of the suite's own harness, not of a language",
    ),
    ("staging/", "not yet part of the suite"),
    ("prs/", "not yet part of the suite"),
    (
        "intl402/",
        "ECMA-402 as a whole is not offered: Intl is there for the English basics",
    ),
];

/// Features that are not offered, and why.
const FEATURES: [(&str, &str); 12] = [
    (
        "Temporal",
        "Temporal: was not yet part of the standard when the engine was made",
    ),
    (
        "ShadowRealm",
        "ShadowRealm: a proposal that the engine does not have",
    ),
    (
        "decorators",
        "decorators: a proposal that the engine does not have",
    ),
    (
        "tail-call-optimization",
        "proper tail calls: no engine but one has them",
    ),
    ("IsHTMLDDA", "document.all: there is no document"),
    (
        "legacy-regexp",
        "RegExp.$1 and its kin: a proposal that the engine does not have",
    ),
    (
        "FinalizationRegistry.prototype.cleanupSome",
        "cleanupSome: a proposal that the engine does not have",
    ),
    (
        "import-assertions",
        "import assertions: replaced by import attributes",
    ),
    ("cross-realm", "other realms: an instance has one"),
    (
        "Atomics",
        "Atomics: an instance has one thread and no `Atomics`",
    ),
    (
        "Atomics.waitAsync",
        "Atomics: an instance has one thread and no `Atomics`",
    ),
    (
        "host-gc-required",
        "garbage collection on demand: not offered to programs",
    ),
];

const RUN_TIME_IMPORT: &str = "import() of another file in code that is made at run time: modules are known when a program is compiled";

/// The suite on disk.
pub struct Suite {
    folder: PathBuf,
    /// The harness's files by name.
    includes: BTreeMap<String, String>,
}

/// One way to run a test.
pub struct Test {
    path: String,
    is_strict: bool,
    matter: Matter,
}

#[cfg(test)]
impl Test {
    /// One for tests of what runs tests.
    pub fn sample() -> Self {
        Self {
            path: String::new(),
            is_strict: false,
            matter: Matter::default(),
        }
    }
}

/// What a test says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
struct Matter {
    flags: Vec<String>,
    includes: Vec<String>,
    features: Vec<String>,
    /// The error's name.
    negative: Option<String>,
    /// It is an error before anything runs.
    is_early: bool,
}

impl Suite {
    /// Reads the harness and lists nothing yet.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut includes = BTreeMap::new();
        for path in super::wpt::files(folder)? {
            if !path.ends_with("shell.js") {
                continue;
            }
            // Mozilla keeps the harness's files joined, beside the tests that include them.
            let text = read(&folder.join(&path))?;
            for part in text.split("// file: ").skip(1) {
                if let Some((name, text)) = part.split_once('\n') {
                    includes
                        .entry(name.trim().to_owned())
                        .or_insert_with(|| text.to_owned());
                }
            }
        }
        // Modules find the drivers below the folder that their entry is in.
        let copies = folder.join("lily");
        std::fs::create_dir_all(&copies)
            .with_context(|| format!("cannot make `{}`", copies.display()))?;
        for name in ["input.mjs", "host262.mjs", "run262.mjs"] {
            std::fs::copy(drivers().join(name), copies.join(name))
                .with_context(|| format!("cannot write `{}`", copies.join(name).display()))?;
        }
        let manifest = folder.join("package.json");
        std::fs::write(&manifest, "{ \"type\": \"module\" }\n")
            .with_context(|| format!("cannot write `{}`", manifest.display()))?;
        Ok(Self {
            folder: folder.to_owned(),
            includes,
        })
    }

    /// Every test, or one in `sample`.
    pub fn cases(&self, sample: u32) -> Result<Vec<Case>> {
        let mut cases = Vec::new();
        let tests = super::wpt::files(&self.folder)?;
        let tests = tests.into_iter().filter(|path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            path.ends_with(".js")
                && path.contains('/')
                && !path.contains("_FIXTURE")
                && !path.starts_with("lily/")
                && !["shell.js", "browser.js"].contains(&name)
        });
        for path in tests.step_by(sample as usize) {
            let text = read(&self.folder.join(&path))?;
            self.add(path, &text, &mut cases);
        }
        Ok(cases)
    }

    fn add(&self, path: String, text: &str, cases: &mut Vec<Case>) {
        let matter = Matter::read(text);
        let mut parts = path.split('/');
        let group: Vec<&str> = parts.by_ref().take(2).collect();
        let group = group.join("/");
        let case = |name: String, plan: Plan| Case {
            suite: "test262",
            group: group.clone(),
            name,
            plan,
        };
        if let Some(reason) = skip(&path, text, &matter) {
            cases.push(case(path, Plan::Skip(reason)));
            return;
        }
        let is_one_way = ["module", "raw", "noStrict", "onlyStrict"]
            .iter()
            .any(|flag| matter.has(flag));
        if is_one_way {
            let is_strict = matter.has("onlyStrict");
            let test = Test {
                path: path.clone(),
                is_strict,
                matter,
            };
            cases.push(case(path, Plan::Test262(test)));
            return;
        }
        for (is_strict, way) in [(false, ""), (true, " (strict)")] {
            let test = Test {
                path: path.clone(),
                is_strict,
                matter: Matter::read(text),
            };
            cases.push(case(format!("{path}{way}"), Plan::Test262(test)));
        }
    }

    /// Runs one test in one way.
    pub fn run(&self, test: &Test, program: &Program) -> Result<Outcome> {
        let text = read(&self.folder.join(&test.path))?;
        let scripts = match self.scripts(&test.matter) {
            Ok(scripts) => scripts,
            Err(missing) => return Ok(Outcome::failure(missing)),
        };
        let is_async = test.matter.has("async");
        if test.matter.has("module") {
            return self.run_module(test, &scripts, program);
        }
        let text = if test.is_strict {
            format!("\"use strict\";\n{text}")
        } else {
            text
        };
        let job = json!({
            "scripts": scripts,
            "test": [test.path, text],
            "negative": test.matter.negative,
            "isAsync": is_async,
        });
        let said = program.drive("test262", &job.to_string(), TIMEOUT)?;
        Ok(outcome(&said))
    }

    fn run_module(
        &self,
        test: &Test,
        scripts: &[[String; 2]],
        program: &Program,
    ) -> Result<Outcome> {
        let entry = self
            .folder
            .join(format!("{}.entry.mjs", test.path.replace('/', "_")));
        let text = format!(
            "import {{ runTest }} from \"./lily/run262.mjs\";\nconst scripts = {};\n\
             await runTest({{ scripts, negative: {}, isAsync: {}, test: () => import({}) }});\n",
            json!(scripts),
            json!(test.matter.negative),
            test.matter.has("async"),
            json!(format!("./{}", test.path)),
        );
        std::fs::write(&entry, text)
            .with_context(|| format!("cannot write `{}`", entry.display()))?;
        let said = program.run(&entry, TIMEOUT);
        let _ = std::fs::remove_file(&entry);
        let said = said?;
        // An early error is found when the program is compiled.
        if said.is_refused && test.matter.is_early {
            return Ok(Outcome::one(String::new()));
        }
        Ok(outcome(&said))
    }

    fn scripts(&self, matter: &Matter) -> Result<Vec<[String; 2]>, String> {
        let is_raw = matter.has("raw");
        // Code that is run as it is may be expected to throw the harness's own error.
        let throws = matter.negative.as_deref() == Some("Test262Error");
        let base: &[&str] = match (is_raw, throws) {
            (true, false) => &[],
            (true, true) => &["sta.js"],
            (false, _) => &["assert.js", "sta.js"],
        };
        let base: Vec<String> = base.iter().map(|name| (*name).to_owned()).collect();
        base.iter()
            .chain(&matter.includes)
            .filter(|name| *name != "doneprintHandle.js")
            .map(|name| match self.includes.get(name) {
                Some(text) => Ok([name.clone(), text.clone()]),
                None => Err(format!("the suite has no harness/{name}")),
            })
            .collect()
    }
}

fn outcome(said: &Said) -> Outcome {
    match said.answers.first().and_then(|answer| answer.as_str()) {
        Some(message) => Outcome::one(message.to_owned()),
        None => Outcome::failure(said.end.clone()),
    }
}

fn skip(path: &str, text: &str, matter: &Matter) -> Option<&'static str> {
    let part = PARTS.iter().find(|(begin, _)| path.starts_with(begin));
    let feature = FEATURES
        .iter()
        .find(|(name, _)| matter.features.iter().any(|feature| feature == name));
    let is_threaded = matter.flags.iter().any(|flag| flag.starts_with("CanBlock"));
    let imports = text.contains("import(") || text.contains("import (");
    let runs_imports = !matter.has("module") && imports && !matter.is_early;
    if let Some((_, reason)) = part.or(feature) {
        Some(reason)
    } else if is_threaded {
        Some("Atomics: an instance has one thread and no `Atomics`")
    } else if text.contains("createRealm") {
        Some("other realms: an instance has one")
    } else if runs_imports && (text.contains("_FIXTURE") || text.contains("import('./")) {
        Some(RUN_TIME_IMPORT)
    } else {
        None
    }
}

impl Matter {
    /// The few lines of YAML that the suite keeps to.
    fn read(text: &str) -> Self {
        let mut matter = Self::default();
        let body = text.split_once("/*---").map_or("", |(_, rest)| rest);
        let body = body.split_once("---*/").map_or("", |(body, _)| body);
        // A few files end their lines the old way, or have all of it set in.
        let body = body.replace("\r\n", "\n").replace('\r', "\n");
        let full = || body.lines().filter(|line| !line.trim().is_empty());
        let indent = full()
            .map(|line| line.len() - line.trim_start().len())
            .min()
            .unwrap_or_default();
        let mut key = "";
        for line in body
            .lines()
            .map(|line| line.get(indent..).unwrap_or_default())
        {
            let is_top = !line.starts_with([' ', '\t', '-']);
            let (name, value) = match line.split_once(':') {
                Some((name, value)) if is_top => (name.trim(), value),
                _ if is_top && !line.trim().is_empty() => ("", line),
                _ => (key, line.trim().trim_start_matches("- ")),
            };
            if is_top && !line.trim().is_empty() {
                key = name;
            }
            let words = || {
                value
                    .split(['[', ']', ','])
                    .map(|word| word.trim().to_owned())
                    .filter(|word| !word.is_empty())
            };
            match key {
                "flags" => matter.flags.extend(words()),
                "includes" => matter.includes.extend(words()),
                "features" => matter.features.extend(words()),
                "negative" => match value.split_once(':') {
                    Some(("type", name)) => matter.negative = Some(name.trim().to_owned()),
                    Some(("phase", phase)) => matter.is_early = phase.trim() != "runtime",
                    _ => {}
                },
                _ => {}
            }
        }
        matter
    }

    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|one| one == flag)
    }
}

/// A few tests are not UTF-8 on purpose or by accident; nothing of a test's text is worth failing for.
fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::Matter;

    #[test]
    fn frontmatter_is_read_in_both_of_its_forms() {
        let text = "// x\n/*---\ndescription: >\n  includes: none\nflags: [async, module]\nincludes:\n  - a.js\n  - b.js\n\
                    features: [X, Y]\nnegative:\n  phase: resolution\n  type: SyntaxError\n---*/\n";
        let matter = Matter::read(text);
        assert_eq!(matter.flags, ["async", "module"]);
        assert_eq!(matter.includes, ["a.js", "b.js"]);
        assert_eq!(matter.features, ["X", "Y"]);
        assert_eq!(matter.negative.as_deref(), Some("SyntaxError"));
        assert!(matter.is_early);
        assert_eq!(Matter::read("no matter"), Matter::default());
        let inner = Matter::read(
            "/*---\r  description: >\r      a\r  negative:\r    type: SyntaxError\r---*/",
        );
        assert_eq!(inner.negative.as_deref(), Some("SyntaxError"));
    }
}
