//! The page `docs/plugins.md`, followed to the letter: its files are written, its commands run, its output compared.
//!
//! A block ` ```LANGUAGE title="PATH" ` is a file. A block ` ```console ` has commands behind `$ ` and what they print below;
//! `…` stands for anything, on a line by itself for any lines. In ` ```console fails ` each command fails. Blocks of other kinds
//! are for the reader.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests_kit::{Fleet, Home, binary, repository, run, with_rust_for_plugins};

/// A block of the page.
#[derive(Debug, PartialEq)]
enum Block {
    File { path: String, text: String },
    Commands { fail: bool, list: Vec<Step> },
}

/// A command, and the lines that it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    printed: Vec<String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some((_, title)) = info.split_once(" title=\"") {
            blocks.push(Block::File {
                path: title.trim_end_matches('"').to_owned(),
                text: body.join("\n") + "\n",
            });
        } else if info.starts_with("console") {
            let mut list: Vec<Step> = Vec::new();
            for line in body {
                match line.strip_prefix("$ ") {
                    Some(command) => list.push(Step {
                        command: command.to_owned(),
                        printed: Vec::new(),
                    }),
                    None => list.last_mut().unwrap().printed.push(line.to_owned()),
                }
            }
            blocks.push(Block::Commands {
                fail: info == "console fails",
                list,
            });
        }
    }
    blocks
}

/// Whether `found` is what the page says, line by line; a line `…` stands for any lines.
fn fits(wanted: &[String], found: &[&str]) -> bool {
    match wanted.split_first() {
        None => found.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=found.len()).any(|at| fits(rest, &found[at..]))
        }
        Some((first, rest)) => found
            .split_first()
            .is_some_and(|(line, left)| line_fits(first, line) && fits(rest, left)),
    }
}

/// Whether a line is what the page says; `…` within it stands for anything.
fn line_fits(wanted: &str, found: &str) -> bool {
    let mut parts = wanted.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A shell that remembers where it is.
struct Shell<'a> {
    home: &'a Home,
    folder: PathBuf,
}

impl Shell<'_> {
    fn run(&mut self, step: &Step, fail: bool) {
        let mark = self.home.path().join("tutorial.folder");
        let script = format!(
            "{}\ncode=$?; pwd > \"$TUTORIAL_FOLDER\"; exit $code",
            step.command
        );
        let mut command = Command::new("sh");
        let path = std::env::var_os("PATH").unwrap();
        let own = binary("lly").parent().unwrap().to_owned();
        let path = std::env::join_paths([own].into_iter().chain(std::env::split_paths(&path)));
        // As `Home::command` has it, but through a shell.
        for (name, value) in self.home.command().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .args(["-c", &script])
            .env("PATH", path.unwrap())
            .env("TUTORIAL_FOLDER", &mark)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        with_rust_for_plugins(&mut command);
        let output = run(command, b"");
        let (said, code) = (format!("{}{}", output.stderr, output.stdout), output.code);
        let shown = format!("$ {}\n{said}", step.command);
        assert_eq!(code == Some(0), !fail, "{shown}");
        // A failure is told on stderr, everything else that the page shows is data.
        let compared = if fail { output.stderr } else { output.stdout };
        let lines: Vec<&str> = compared.lines().collect();
        assert!(
            fits(&step.printed, &lines),
            "the page says:\n{}\n\n{shown}",
            step.printed.join("\n")
        );
        self.folder = Path::new(std::fs::read_to_string(mark).unwrap().trim()).to_owned();
    }
}

#[test]
fn pages_are_read_as_they_are_written() {
    let page = "text\n```console\n$ a\nb\n…\n$ c\n```\n```sh\nno\n```\n```c title=\"x/y.c\"\nint z;\n```\n";
    let step = |command: &str, printed: &[&str]| Step {
        command: command.to_owned(),
        printed: printed.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(
        blocks(page),
        [
            Block::Commands {
                fail: false,
                list: vec![step("a", &["b", "…"]), step("c", &[])]
            },
            Block::File {
                path: "x/y.c".to_owned(),
                text: "int z;\n".to_owned()
            }
        ]
    );
    let page = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(fits(&page(&["a", "…", "d"]), &["a", "b", "c", "d"]));
    assert!(fits(&page(&["…a…c…"]), &["xabcd"]));
    assert!(!fits(&page(&["a"]), &["a", "b"]));
    assert!(!fits(&page(&["…", "z"]), &["a", "b"]));
    assert!(!fits(&page(&["a…c"]), &["abcd"]));
}

#[test]
fn the_tutorial_of_plugins_is_true() {
    let page = std::fs::read_to_string(repository().join("docs/plugins.md")).unwrap();
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let home = &fleet.home;
    let mut shell = Shell {
        home,
        folder: home.work(),
    };
    let blocks = blocks(&page);
    assert!(blocks.len() > 10, "{blocks:?}");
    for block in &blocks {
        match block {
            Block::File { path, text } => drop(home.write(path, text)),
            Block::Commands { fail, list } => list.iter().for_each(|step| shell.run(step, *fail)),
        }
    }
}
