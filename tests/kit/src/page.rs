//! A page of the documentation, followed to the letter: its files are written, its commands run, its output compared.
//!
//! How to write one. In what comes after the three backticks of a block:
//!
//! | | |
//! |---|---|
//! | `LANGUAGE title="PATH"` | a file, under the folder of the page |
//! | `console` | commands behind `$ ` (a `\` at the end goes on), and what each prints on stdout below it |
//! | `console fails` | each command fails, and says that on stderr |
//! | `console background` | one command that goes on until the page ends; each line below it is among what it says |
//! | `sh` | a script that succeeds |
//! | `varies="lazy-fox 8443"` | words of the output that stand for others: what they are is seen once and holds from then on |
//! | `port="8080"` | the same, for a port that the command names: any free one is taken |
//! | `unrun="REASON"` | for the reader alone |
//!
//! `…` stands for anything within a line, on a line by itself for any lines. Blocks in other languages are for the reader.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::home::{self, Home, binary, run};
use crate::{repository, wait, with_rust_for_plugins};

/// How long a background command may take to say what the page shows, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page, and what a test adds to it.
#[derive(Clone, Copy)]
pub struct Page<'a> {
    /// Where it is in the repository.
    pub path: &'a str,
    /// Files of the repository, or folders, that lie in the folder of the page as what.
    pub given: &'a [(&'a str, &'a str)],
    /// What the page says, and what a test says instead.
    pub instead: &'a [(&'a str, &'a str)],
}

impl Page<'_> {
    /// Whether a page's text has commands to run.
    pub fn has_commands(text: &str) -> bool {
        let is_command = |block: &Block| matches!(block, Block::Commands { .. });
        blocks(text).iter().any(is_command)
    }

    /// Follows the page in a home, from top to bottom.
    ///
    /// # Panics
    /// Something is not as the page says.
    pub fn follow(&self, home: &Home) {
        for (from, to) in self.given {
            copy(&repository().join(from), &home.work().join(to));
        }
        let text = std::fs::read_to_string(repository().join(self.path)).expect("the page");
        let blocks = blocks(&text);
        assert!(!blocks.is_empty(), "{} has nothing to run", self.path);
        let mut shell = Shell {
            page: self,
            home,
            folder: home.work(),
            words: Words::new(),
            background: Vec::new(),
        };
        for block in &blocks {
            match block {
                Block::File { path, text } => drop(home.write(path, shell.said(text))),
                Block::Commands { how, list } => {
                    list.iter().for_each(|step| shell.step(step, how));
                }
            }
        }
        // The last comes first: what is served ends before the fleet that serves it.
        while let Some(mut child) = shell.background.pop() {
            home::stop(&mut child, PATIENCE);
        }
    }
}

/// A block of the page.
#[derive(Debug, PartialEq)]
enum Block {
    File { path: String, text: String },
    Commands { how: How, list: Vec<Step> },
}

/// What comes after the backticks.
#[derive(Debug, PartialEq, Default)]
struct How {
    fails: bool,
    background: bool,
    varies: Vec<String>,
    ports: Vec<String>,
}

/// A command, and the lines that it prints; none if nobody looks at them.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    printed: Option<Vec<String>>,
}

/// Words of the page, and what they are in this run.
type Words = BTreeMap<String, String>;

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let (language, attributes) = info.split_once(' ').unwrap_or((info, ""));
        let (how, title, unrun) = attributes_of(attributes);
        let list = match (title, unrun, language) {
            (_, true, _) => continue,
            (Some(path), ..) => {
                let text = body.join("\n") + "\n";
                blocks.push(Block::File { path, text });
                continue;
            }
            (None, _, "console") => steps(&body),
            (None, _, "sh") => vec![Step {
                command: body.join("\n"),
                printed: None,
            }],
            _ => continue,
        };
        blocks.push(Block::Commands { how, list });
    }
    blocks
}

/// What a block's first line says: how to run it, whether it is a file, whether it is for the reader alone.
fn attributes_of(mut text: &str) -> (How, Option<String>, bool) {
    let (mut how, mut title, mut unrun) = (How::default(), None, false);
    let words = |value: &str| value.split(' ').map(str::to_owned).collect();
    while !text.is_empty() {
        let (name, value, rest) = match text.split_once("=\"") {
            Some((name, rest)) if !name.contains(' ') => {
                let (value, rest) = rest.split_once('"').expect("a value ends");
                (name, value, rest)
            }
            _ => {
                let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
                (name, "", rest)
            }
        };
        match name {
            "title" => title = Some(value.to_owned()),
            "fails" => how.fails = true,
            "background" => how.background = true,
            "varies" => how.varies = words(value),
            "port" => how.ports = words(value),
            "unrun" => {
                assert!(value.len() > 10, "a reader is told why: `{text}`");
                unrun = true;
            }
            other => panic!("a block is `{other}`, which is nothing that pages know"),
        }
        text = rest.trim_start();
    }
    (how, title, unrun)
}

fn steps(body: &[&str]) -> Vec<Step> {
    let mut list: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for line in body {
        match (line.strip_prefix("$ "), list.last_mut()) {
            (_, Some(step)) if goes_on => step.command.push_str(&format!("\n{line}")),
            (Some(command), _) => list.push(Step {
                command: command.to_owned(),
                printed: Some(Vec::new()),
            }),
            (None, Some(step)) => {
                let printed = step.printed.get_or_insert_default();
                printed.push((*line).to_owned());
                continue;
            }
            (None, None) => panic!("`{line}` is printed by no command"),
        }
        goes_on = line.ends_with('\\');
    }
    list
}

/// Whether `found` is what the page says, line by line; a line `…` stands for any lines. The answer has what the words
/// that vary are.
fn fits(wanted: &[String], found: &[&str], varies: &[String], known: &Words) -> Option<Words> {
    match wanted.split_first() {
        None => found.is_empty().then(|| known.clone()),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=found.len()).find_map(|at| fits(rest, &found[at..], varies, known))
        }
        Some((first, rest)) => {
            let (line, left) = found.split_first()?;
            let known = line_fits(first, line, varies, known)?;
            fits(rest, left, varies, &known)
        }
    }
}

/// Whether a line is what the page says; `…` within it stands for anything.
fn line_fits(wanted: &str, found: &str, varies: &[String], known: &Words) -> Option<Words> {
    // What comes next in the page: the text up to a `…` or a word that varies.
    let next = varies
        .iter()
        .map(String::as_str)
        .chain(["…"])
        .filter_map(|word| wanted.find(word).map(|at| (at, word)))
        .min_by_key(|(at, word)| (*at, usize::MAX - word.len()));
    let Some((at, word)) = next else {
        return (wanted == found).then(|| known.clone());
    };
    let found = found.strip_prefix(&wanted[..at])?;
    let wanted = &wanted[at + word.len()..];
    if let Some(value) = known.get(word) {
        return line_fits(wanted, found.strip_prefix(value.as_str())?, varies, known);
    }
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let ends = (0..=found.len()).filter(|end| found.is_char_boundary(*end));
    if word == "…" {
        let mut ends = ends;
        return ends.find_map(|end| line_fits(wanted, &found[end..], varies, known));
    }
    ends.rev()
        .filter(|end| *end > 0 && found[..*end].chars().all(of_word))
        .find_map(|end| {
            let mut known = known.clone();
            known.insert(word.to_owned(), found[..end].to_owned());
            line_fits(wanted, &found[end..], varies, &known)
        })
}

/// A shell that remembers where it is and what was exported.
struct Shell<'a> {
    page: &'a Page<'a>,
    home: &'a Home,
    folder: PathBuf,
    words: Words,
    background: Vec<Child>,
}

impl Shell<'_> {
    /// What the page says, in the words of this run.
    fn said(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, value) in self.page.instead {
            text = text.replace(word, value);
        }
        // A value that is itself a word of the page must not be replaced again.
        let mut words: Vec<_> = self.words.iter().collect();
        words.sort_by_key(|(word, _)| usize::MAX - word.len());
        for (at, (word, _)) in words.iter().enumerate() {
            text = text.replace(word.as_str(), &format!("\u{1}{at}\u{1}"));
        }
        for (at, (_, value)) in words.iter().enumerate() {
            text = text.replace(&format!("\u{1}{at}\u{1}"), value);
        }
        text
    }

    fn step(&mut self, step: &Step, how: &How) {
        let mut command = self.said(&step.command);
        for port in &how.ports {
            command = command.replace(port, "0");
        }
        let unknown = |word: &&String| !self.words.contains_key(*word);
        let varies = how.varies.iter().chain(&how.ports).filter(unknown);
        let varies: Vec<String> = varies.cloned().collect();
        let printed = step.printed.as_ref();
        let said = |lines: &Vec<String>| lines.iter().map(|line| self.said(line)).collect();
        let wanted: Option<Vec<String>> = printed.map(said);
        if how.background {
            return self.start(&command, &wanted.unwrap_or_default(), &varies);
        }
        let mark = self.home.path().join("page.folder");
        let script = format!(
            "test ! -f \"$PAGE_EXPORTED\" || . \"$PAGE_EXPORTED\"\n{command}\n\
             code=$?; pwd > \"$PAGE_FOLDER\"; export -p > \"$PAGE_EXPORTED\"; exit $code"
        );
        let mut prepared = self.prepare(&script);
        prepared.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = run(prepared, b"");
        let shown = format!(
            "{}:\n$ {command}\n{}{}",
            self.page.path, output.stderr, output.stdout
        );
        // For whoever writes a page and runs its test with `--nocapture`.
        eprintln!("{shown}");
        assert_eq!(output.code == Some(0), !how.fails, "{shown}");
        // A failure is told on stderr, everything else that the page shows is data.
        let compared = if how.fails {
            output.stderr
        } else {
            output.stdout
        };
        if let Some(wanted) = wanted {
            let lines: Vec<&str> = compared.lines().collect();
            let words = fits(&wanted, &lines, &varies, &self.words);
            let says = wanted.join("\n");
            self.words = words.unwrap_or_else(|| panic!("{shown}\n\nthe page says:\n{says}"));
        }
        self.folder = Path::new(std::fs::read_to_string(mark).expect("a folder").trim()).to_owned();
    }

    /// A command that goes on while the page does.
    fn start(&mut self, command: &str, wanted: &[String], varies: &[String]) {
        let number = self.background.len();
        let said = self.home.path().join(format!("page.{number}.said"));
        let file = std::fs::File::create(&said).expect("a file");
        let script =
            format!("test ! -f \"$PAGE_EXPORTED\" || . \"$PAGE_EXPORTED\"\nexec {command}");
        let mut prepared = self.prepare(&script);
        prepared
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .stdin(Stdio::null());
        let child = prepared.spawn().expect("a shell starts");
        self.background.push(child);
        let mut left: Vec<&String> = wanted.iter().filter(|line| *line != "…").collect();
        let done = wait::at_most(PATIENCE, || {
            let mut text = String::new();
            let file = std::fs::File::open(&said);
            file.and_then(|mut file| file.read_to_string(&mut text))
                .expect("a file");
            left.retain(|line| {
                let found = text
                    .lines()
                    .find_map(|one| line_fits(line, one, varies, &self.words));
                match found {
                    Some(words) => self.words = words,
                    None => return true,
                }
                false
            });
            let ended = self.background.last_mut()?.try_wait().expect("a child");
            assert!(
                ended.is_none() || left.is_empty(),
                "{}:\n$ {command}\nended:\n{text}\n\nthe page says:\n{left:?}",
                self.page.path
            );
            left.is_empty().then_some(())
        });
        assert!(
            done.is_some(),
            "{}:\n$ {command}\n{}\n\nthe page says:\n{left:?}",
            self.page.path,
            std::fs::read_to_string(&said).unwrap_or_default()
        );
    }

    /// A shell with a script, as `Home::command` has it for `lly`.
    fn prepare(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let own = [
            binary("lly").parent().expect("a folder").to_owned(),
            repository().join("target/lily/tools/bin"),
        ];
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)));
        for (name, value) in self.home.command().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
            .args(["-c", script])
            .env("PATH", path.expect("plain paths"))
            .env("HOME", self.home.work())
            .env("PAGE_FOLDER", self.home.path().join("page.folder"))
            .env("PAGE_EXPORTED", self.home.path().join("page.exported"))
            .current_dir(&self.folder)
            .stdin(Stdio::piped());
        with_rust_for_plugins(&mut command);
        command
    }
}

impl Drop for Shell<'_> {
    fn drop(&mut self) {
        for child in self.background.iter_mut().rev() {
            home::stop(child, PATIENCE);
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        let parent = to.parent().expect("a file has a folder");
        std::fs::create_dir_all(parent).expect("a folder can be made");
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        return;
    }
    for entry in std::fs::read_dir(from).expect("a readable folder") {
        let name = entry.expect("a readable folder").file_name();
        copy(&from.join(&name), &to.join(&name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn pages_are_read_as_they_are_written() {
        let page = "text\n```console\n$ a\nb\n…\n$ c \\\n  d\n```\n```js\nno\n```\n```c title=\"x/y.c\"\nint z;\n```\n\
                    ```sh unrun=\"no such machine\"\nno\n```\n```sh\none\ntwo\n```\n\
                    ```console fails varies=\"x y\" port=\"80\"\n$ e\n```\n";
        let step = |command: &str, printed: &[&str]| Step {
            command: command.to_owned(),
            printed: Some(lines(printed)),
        };
        let wanted = [
            Block::Commands {
                how: How::default(),
                list: vec![step("a", &["b", "…"]), step("c \\\n  d", &[])],
            },
            Block::File {
                path: "x/y.c".to_owned(),
                text: "int z;\n".to_owned(),
            },
            Block::Commands {
                how: How::default(),
                list: vec![Step {
                    command: "one\ntwo".to_owned(),
                    printed: None,
                }],
            },
            Block::Commands {
                how: How {
                    fails: true,
                    varies: lines(&["x", "y"]),
                    ports: lines(&["80"]),
                    ..How::default()
                },
                list: vec![step("e", &[])],
            },
        ];
        assert_eq!(blocks(page), wanted);
    }

    #[test]
    fn output_is_compared_where_the_page_says_so() {
        let fit = |wanted: &[&str], found: &[&str], varies: &[&str]| {
            fits(&lines(wanted), found, &lines(varies), &Words::new())
        };
        assert!(fit(&["a", "…", "d"], &["a", "b", "c", "d"], &[]).is_some());
        assert!(fit(&["…a…c…"], &["xabcd"], &[]).is_some());
        assert!(fit(&["a"], &["a", "b"], &[]).is_none());
        assert!(fit(&["…", "z"], &["a", "b"], &[]).is_none());
        assert!(fit(&["a…c"], &["abcd"], &[]).is_none());
        let page = ["http://fox.here:80/", "fox is up"];
        let words = fit(
            &page,
            &["http://red-owl.here:4711/", "red-owl is up"],
            &["fox", "80"],
        );
        let words = words.expect("the page is right");
        assert_eq!((&*words["fox"], &*words["80"]), ("red-owl", "4711"));
        assert!(fit(&page, &["http://owl.here:80/", "cat is up"], &["fox"]).is_none());
        assert!(fit(&["…: fox"], &["a: b: c.d"], &["fox"]).is_none());
    }
}
