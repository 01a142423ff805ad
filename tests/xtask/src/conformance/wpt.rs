//! Web Platform Tests: files that need no document, each in a program of its own, in the harness's environment for shells.

use super::program::Program;
use super::{Case, Outcome, Plan};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a file may take, and one that says of itself that it is long (RSA keys are made by the hundred).
const WAIT: Duration = Duration::from_secs(30);
const LONG_WAIT: Duration = Duration::from_secs(300);
/// What a program may take beyond that to start and to end.
const GRACE: Duration = Duration::from_secs(20);

/// Files that are not run: a part of the path, and why. The first that fits counts.
const PATHS: [(&str, &str); 24] = [
    (
        "shadowrealm",
        "ShadowRealm: a proposal that the engine does not have",
    ),
    ("wasm/", NO_WEBASSEMBLY),
    ("non-transferable-buffers", NO_WEBASSEMBLY),
    (
        "resource-timing/",
        "needs documents that load other files from a server",
    ),
    ("-manual.", "needs somebody who looks at it"),
    (".worker.js", "needs a worker: an instance has one thread"),
    ("service", "needs a worker: an instance has one thread"),
    (
        "448",
        "Ed448 and X448 are not offered: the curves of the minimum common API are Ed25519 and X25519",
    ),
    (
        "broadcastchannel/",
        "BroadcastChannel is not part of the minimum common API",
    ),
    ("FileReader", NO_FILE_READER),
    ("filereader", NO_FILE_READER),
    ("fileReader", NO_FILE_READER),
    ("Determining-Encoding", NO_FILE_READER),
    ("performance-timeline/po-", NO_OBSERVER),
    ("performance-timeline/buffered-", NO_OBSERVER),
    ("performance-timeline/multiple-", NO_OBSERVER),
    ("performance-timeline/observer-", NO_OBSERVER),
    ("supportedEntryTypes", NO_OBSERVER),
    ("supported-usertiming-types", NO_OBSERVER),
    (
        "video-frame",
        "VideoFrame is not part of the minimum common API",
    ),
    (
        "with-xhr",
        "XMLHttpRequest is not part of the minimum common API",
    ),
    ("send-file-form", "needs the suite's own server"),
    (
        "WebCryptoAPI/historical",
        "asks how a page is that is not secure; programs always are",
    ),
    (
        "url-setters-a-area",
        "needs a document; the same tables are in url-setters.any.js",
    ),
];
const NO_FILE_READER: &str = "FileReader is not part of the minimum common API";
const NO_OBSERVER: &str = "PerformanceObserver is not part of the minimum common API";
const NO_WEBASSEMBLY: &str =
    "WebAssembly is what programs are compiled to; JavaScript is given no `WebAssembly` object";

/// Words of files with `.window.js` that need a document.
const OF_DOCUMENTS: [&str; 6] = [
    "document",
    "iframe",
    "frames",
    "window.",
    "contentWindow",
    " postMessage(",
];
const DOCUMENT: &str = "needs a document";

/// The suite on disk.
pub struct Suite {
    folder: PathBuf,
    paths: Vec<String>,
    /// Tables that tests fetch, by file name.
    tables: BTreeMap<String, Vec<String>>,
}

/// A test file, in one of its variants.
pub struct Test {
    path: String,
    variant: String,
}

impl Suite {
    /// Lists the files.
    pub fn read(folder: &Path) -> Result<Self> {
        let paths = files(folder)?;
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in &paths {
            let name = path.rsplit('/').next().unwrap_or_default();
            if name.ends_with(".json") && path.contains('/') {
                tables
                    .entry(name.to_owned())
                    .or_default()
                    .push(path.clone());
            }
        }
        Ok(Self {
            folder: folder.to_owned(),
            paths,
            tables,
        })
    }

    /// Every test file in each of its variants.
    pub fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for path in &self.paths {
            let is_script = path.ends_with(".any.js") || path.ends_with(".window.js");
            let is_page = [".html", ".htm", ".xhtml", ".svg"]
                .iter()
                .any(|end| path.ends_with(end));
            let is_worker = path.ends_with(".worker.js");
            let is_support = [
                "/resources/",
                "/support/",
                "common/",
                "resources/",
                "/crashtests/",
            ]
            .iter()
            .any(|part| path.contains(part));
            if is_support || !(is_script || is_page || is_worker) {
                continue;
            }
            let group = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut case = |name: String, plan: Plan| {
                cases.push(Case {
                    suite: "wpt",
                    group: group.to_owned(),
                    name,
                    plan,
                });
            };
            let text = self.text(path).unwrap_or_default();
            if let Some(reason) = skip(path, is_page, &text) {
                case(path.clone(), Plan::Skip(reason));
                continue;
            }
            let mut variants: Vec<&str> = meta(&text, "variant").collect();
            if variants.is_empty() {
                variants.push("");
            }
            for variant in variants {
                let test = Test {
                    path: path.clone(),
                    variant: variant.to_owned(),
                };
                case(format!("{path}{variant}"), Plan::Wpt(test));
            }
        }
        cases
    }

    /// Runs a file.
    pub fn run(&self, test: &Test, program: &Program) -> Result<Outcome> {
        let text = self.text(&test.path)?;
        let is_long = meta(&text, "timeout").any(|value| value == "long");
        let wait = if is_long { LONG_WAIT } else { WAIT };
        let mut scripts = vec![json!([
            "testharness.js",
            self.text("resources/testharness.js")?
        ])];
        let mut all = text.clone();
        for script in meta(&text, "script") {
            let path = beside(&test.path, script);
            let script = self
                .text(&path)
                .unwrap_or_else(|_| format!("throw new Error('the suite has no {path}')"));
            all.push_str(&script);
            scripts.push(json!([path, script]));
        }
        scripts.push(json!([test.path, text]));
        let job = json!({
            "path": test.path,
            "variant": test.variant,
            "scripts": scripts,
            "files": self.files_of(&all)?,
            "wait": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        let said = program.drive("wpt", &job.to_string(), wait + GRACE)?;
        Ok(outcome(&said.answers, &said.end))
    }

    /// The files that a test may fetch: tables that it names, and the interfaces' definitions if it looks at interfaces.
    fn files_of(&self, text: &str) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for (name, paths) in &self.tables {
            if text.contains(name) {
                for path in paths {
                    found.insert(path.clone(), self.text(path)?);
                }
            }
        }
        if text.contains("idl_test(") {
            let definitions = self
                .paths
                .iter()
                .filter(|path| path.starts_with("interfaces/") && path.ends_with(".idl"));
            for path in definitions {
                found.insert(path.clone(), self.text(path)?);
            }
        }
        Ok(found)
    }

    fn text(&self, path: &str) -> Result<String> {
        // The suite's server knows it under the old name.
        let path = match path {
            "resources/WebIDLParser.js" => "resources/webidl2/lib/webidl2.js",
            path => path,
        };
        let path = self.folder.join(path);
        let bytes =
            std::fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Every file below a folder, as paths relative to it, sorted.
pub fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let entries = std::fs::read_dir(&next)
            .with_context(|| format!("cannot read `{}`", next.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else if let Ok(path) = entry.path().strip_prefix(folder) {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn skip(path: &str, is_page: bool, text: &str) -> Option<&'static str> {
    let known = PATHS.iter().find(|(part, _)| path.contains(part));
    let is_in_window = path.ends_with(".window.js");
    let needs_document =
        is_page || is_in_window && OF_DOCUMENTS.iter().any(|word| text.contains(word));
    match known {
        Some((_, reason)) => Some(reason),
        None => needs_document.then_some(DOCUMENT),
    }
}

/// The values of `// META: key=…` at the begin of a file.
fn meta<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines()
        .take_while(|line| line.starts_with("//") || line.trim().is_empty())
        .filter_map(move |line| {
            let rest = line.strip_prefix("// META:")?.trim();
            Some(rest.strip_prefix(key)?.strip_prefix('=')?.trim())
        })
}

/// A script's path: from the root, or from the folder of the test.
fn beside(test: &str, script: &str) -> String {
    let mut parts: Vec<&str> = match script.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => test.split('/').collect(),
    };
    parts.pop();
    for part in script.trim_start_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Subtests by name; how the file ended is one more if it did not end well.
fn outcome(answers: &[Value], end: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let mut summary = None;
    for answer in answers {
        match answer.as_array().map(Vec::as_slice) {
            // 3 is a precondition that does not hold: the test does not apply.
            Some([_, status, _]) if status == 3 => {}
            Some([_, status, _]) if status == 0 => outcome.passed += 1,
            Some([name, _, message]) => outcome.failed.push((told(name), told(message))),
            _ => summary = Some(answer),
        }
    }
    match summary {
        None => outcome.failed.push((String::new(), end.to_owned())),
        Some(summary) if summary["status"] != 0 => {
            let message = format!("{}: {}", summary["status"], told(&summary["message"]));
            outcome.failed.push((String::new(), message));
        }
        Some(_) => {}
    }
    outcome
}

fn told(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{beside, meta, outcome};
    use serde_json::json;

    #[test]
    fn what_a_file_says_of_itself_is_read() {
        let text = "// META: script=/a.js\n// META: script=../b.js\n// META: timeout=long\n\nx // META: script=c";
        assert_eq!(
            meta(text, "script").collect::<Vec<_>>(),
            ["/a.js", "../b.js"]
        );
        assert_eq!(beside("url/deep/x.any.js", "../b.js"), "url/b.js");
        assert_eq!(beside("url/deep/x.any.js", "/a.js"), "a.js");
        assert_eq!(beside("url/x.any.js", "./c.js"), "url/c.js");
    }

    #[test]
    fn a_file_that_does_not_end_has_failed() {
        let passed = json!(["a", 0, ""]);
        let late = outcome(std::slice::from_ref(&passed), "killed");
        assert_eq!((late.passed, late.failed.len()), (1, 1));
        let well = outcome(&[passed, json!({ "status": 0, "message": "" })], "exit 0");
        assert_eq!((well.passed, well.failed.len()), (1, 0));
    }
}
