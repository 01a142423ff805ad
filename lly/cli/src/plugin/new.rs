//! `lly plugin new`: a project that builds, passes its tests and does something small.
//!
//! To add a world or a language: its text in `templates/new/` and an arm in [`files`]. What cannot be made yet is refused
//! with the reason, never written half.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use registry_index::is_name;
use serde::Serialize;

use super::build::{bindings, js};
use super::worlds::{Contract, contract};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::output::{self, Existing};

/// What a plugin can be begun in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Built by cargo.
    Rust,
    /// Built by lly's own C frontend.
    C,
    /// Run by QuickJS, which travels in the plugin.
    Js,
}

#[derive(Debug, Args)]
pub struct NewArgs {
    /// `frontend`, `command`, `placement-policy`, `eviction-policy` or `site`.
    #[arg(long)]
    world: String,
    /// What it is written in.
    #[arg(long)]
    lang: Language,
    /// The plugin's name; the project's folder is called so.
    name: String,
}

const GITIGNORE: &str = "/bindings\n/target\n*.plugin\n";
/// Extensions are shorter than names may be.
const EXTENSION_MAX: usize = 16;

/// A file of a project, and its text.
type File = (String, String);

/// Runs `lly plugin new`.
pub fn run(args: &NewArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Report<'a> {
        folder: &'a str,
        world: &'a str,
        files: Vec<String>,
    }
    let contract = contract(&args.world)?;
    let name = args.name.as_str();
    if !is_name(name) {
        return Err(Failure::local(format!(
            "`{name}` is not a plugin's name: a lower case letter, then lower case letters, digits and `-`"
        )));
    }
    crate::verb::check_verb(name, contract.world)?;
    let files = files(contract, args.lang, name)?;
    let folder = PathBuf::from(name);
    if folder.symlink_metadata().is_ok() {
        return Err(Failure::local(format!("`{name}` exists already"))
            .hint("choose another name, or another folder to begin it in"));
    }
    for (path, text) in &files {
        write(&folder.join(path), text)?;
    }
    let language = match args.lang {
        Language::Rust => bindings::Language::Rust,
        Language::C => bindings::Language::C,
        Language::Js => bindings::Language::JavaScript,
    };
    bindings::write(&folder, contract, language)?;
    let report = Report {
        folder: name,
        world: contract.world,
        files: files.into_iter().map(|(path, _)| path).collect(),
    };
    context.data("lily.plugin.new/1", &report, || {
        let mut text = format!("{name}/\n");
        for path in &report.files {
            text.push_str(&format!("  {path}\n"));
        }
        text + &format!("next: lly plugin test {name}\n")
    })
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .or_fail(|| format!("cannot make the folder `{}`", folder.display()))?;
    }
    output::write(path, text.as_bytes(), Existing::Keep)
}

/// Every file of a new project.
fn files(contract: &Contract, language: Language, name: &str) -> Result<Vec<File>, Failure> {
    let code = code(contract, language)?;
    let extension: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(EXTENSION_MAX)
        .collect();
    let fill = |text: &str| text.replace("@NAME@", name).replace("@EXT@", &extension);
    let mut files = vec![
        (".gitignore".to_owned(), GITIGNORE.to_owned()),
        (
            "plugin.json".to_owned(),
            manifest(contract, name, &extension),
        ),
    ];
    match language {
        Language::Rust => {
            let cargo = include_str!("../../templates/new/Cargo.toml");
            files.push(("Cargo.toml".to_owned(), fill(cargo)));
            files.push(("src/lib.rs".to_owned(), fill(code)));
        }
        Language::Js => files.push((js::FILE.to_owned(), fill(code))),
        Language::C => {
            let identifier = contract.identifier();
            let settings = format!(
                "name = \"{name}\"\nsources = [\"plugin.c\", \"bindings/{identifier}.c\", \"bindings/{identifier}_world.c\"]\n"
            );
            files.push(("lly.toml".to_owned(), settings));
            files.push(("plugin.c".to_owned(), fill(code)));
        }
    }
    for (path, text) in tests(contract) {
        files.push((fill(path), fill(text)));
    }
    files.sort();
    Ok(files)
}

fn code(contract: &Contract, language: Language) -> Result<&'static str, Failure> {
    Ok(match (contract.name, language) {
        ("frontend", Language::Rust) => include_str!("../../templates/new/frontend.rs"),
        ("frontend", Language::C) => include_str!("../../templates/new/frontend.c"),
        ("frontend", Language::Js) => include_str!("../../templates/new/frontend.js"),
        ("command", Language::Rust) => include_str!("../../templates/new/command.rs"),
        ("command", Language::C) => include_str!("../../templates/new/command.c"),
        ("command", Language::Js) => include_str!("../../templates/new/command.js"),
        ("placement-policy", Language::Rust) => {
            include_str!("../../templates/new/placement-policy.rs")
        }
        ("placement-policy", Language::C) => include_str!("../../templates/new/placement-policy.c"),
        ("placement-policy", Language::Js) => {
            include_str!("../../templates/new/placement-policy.js")
        }
        ("eviction-policy", Language::Rust) => {
            include_str!("../../templates/new/eviction-policy.rs")
        }
        ("eviction-policy", Language::C) => include_str!("../../templates/new/eviction-policy.c"),
        ("eviction-policy", Language::Js) => include_str!("../../templates/new/eviction-policy.js"),
        ("site", Language::Rust) => include_str!("../../templates/new/site.rs"),
        ("site", Language::C) => include_str!("../../templates/new/site.c"),
        ("site", Language::Js) => include_str!("../../templates/new/site.js"),
        (other, _) => {
            return Err(Failure::local(format!(
                "there is no project to begin a `{other}` with"
            )));
        }
    })
}

fn manifest(contract: &Contract, name: &str, extension: &str) -> String {
    let (description, more) = match contract.name {
        "frontend" => (
            "sums that have names",
            format!("\n  \"extensions\": [\".{extension}\"],"),
        ),
        "command" => (
            "says how many lines files have",
            "\n  \"grants\": { \"read\": [\"**\"] },".to_owned(),
        ),
        "site" => (
            "sites of plain files",
            "\n  \"grants\": { \"read\": [\"pages/**\"] },".to_owned(),
        ),
        "eviction-policy" => ("those that wait longest sleep first", String::new()),
        _ => ("the host with the fewest placements", String::new()),
    };
    let (world, version) = (contract.world, env!("CARGO_PKG_VERSION"));
    format!(
        r#"{{
  "schema": 1,
  "name": "{name}",
  "version": "0.1.0",
  "world": "{world}",
  "description": "{description}",
  "component": "component.wasm",{more}
  "lly_min_version": "{version}"
}}
"#
    )
}

/// Cases of the project's own, for `lly plugin test`.
fn tests(contract: &Contract) -> Vec<(&'static str, &'static str)> {
    match contract.name {
        "frontend" => vec![
            (
                "tests/sums.@EXT@",
                include_str!("../../templates/new/sums.program"),
            ),
            (
                "tests/sums.out",
                include_str!("../../templates/new/sums.out"),
            ),
            (
                "tests/broken.@EXT@",
                include_str!("../../templates/new/broken.program"),
            ),
            (
                "tests/broken.err",
                include_str!("../../templates/new/broken.err"),
            ),
        ],
        "command" => vec![
            ("tests/two-files/arguments", "one.txt\ndeep/two.txt\n"),
            ("tests/two-files/out", "1 one.txt\n2 deep/two.txt\n"),
            ("tests/two-files/project/one.txt", "one\n"),
            ("tests/two-files/project/deep/two.txt", "one\ntwo\n"),
            ("tests/absent/arguments", "no-such-file\n"),
            ("tests/absent/code", "1\n"),
        ],
        "site" => vec![
            (
                "tests/two-pages/project/pages/index.html",
                "<h1>Home</h1>\n",
            ),
            (
                "tests/two-pages/project/pages/more/about.html",
                "<h1>About</h1>\n",
            ),
            (
                "tests/two-pages/site.json",
                include_str!("../../templates/new/site.json"),
            ),
            ("tests/other/project/readme.txt", "no page\n"),
            ("tests/other/site.json", "null\n"),
        ],
        _ => Vec::new(),
    }
}
