//! What runs a test: the built `lly`, or another program that takes a file of JavaScript.

use crate::workspace::{lily, output, root};
use anyhow::{Context, Result};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Begins each line that a driver answers (`tests/xtask/conformance/input.mjs`).
const MARK: &str = "\u{1}lily:";

/// The drivers: programs that are compiled once and given tests on stdin.
const DRIVERS: [&str; 2] = ["test262", "wpt"];

/// What runs a test.
pub struct Program {
    program: PathBuf,
    /// Folder of compiled drivers; none: the program takes source files.
    bricks: Option<PathBuf>,
}

/// What a program said.
pub struct Said {
    /// Its answers, in order.
    pub answers: Vec<serde_json::Value>,
    /// How it ended, for a message.
    pub end: String,
    /// It was refused before it ran: the code of a local error, and no answer.
    pub is_refused: bool,
}

/// The folder of the drivers' sources.
pub fn drivers() -> PathBuf {
    root().join("tests/xtask/conformance")
}

impl Program {
    /// Another program, such as Node.
    pub fn other(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
            bricks: None,
        }
    }

    /// An `lly`, with the drivers compiled.
    pub fn lly(program: &Path) -> Result<Self> {
        let bricks = lily().join("conformance/bricks");
        std::fs::create_dir_all(&bricks)
            .with_context(|| format!("cannot make `{}`", bricks.display()))?;
        let lly = Self {
            program: program.to_owned(),
            bricks: Some(bricks.clone()),
        };
        for driver in DRIVERS {
            output(
                lly.command()
                    .arg("compile")
                    .arg(drivers().join(format!("{driver}.mjs")))
                    .args(["-f", "-o"])
                    .arg(bricks.join(format!("{driver}.brick"))),
            )?;
        }
        Ok(lly)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("LLY_HOME", lily().join("conformance/home"))
            .env("NO_COLOR", "1")
            .env("TZ", "UTC");
        command
    }

    /// Runs a driver with a job on its stdin.
    pub fn drive(&self, driver: &str, job: &str, timeout: Duration) -> Result<Said> {
        let mut command = self.command();
        match &self.bricks {
            Some(bricks) => command
                .arg("run")
                .arg(bricks.join(format!("{driver}.brick"))),
            None => command.arg(drivers().join(format!("{driver}.mjs"))),
        };
        said(command, job, timeout)
    }

    /// Runs a source file.
    pub fn run(&self, source: &Path, timeout: Duration) -> Result<Said> {
        let mut command = self.command();
        if self.bricks.is_some() {
            command.arg("run");
        }
        command.arg(source);
        said(command, "", timeout)
    }
}

/// Runs a command to its end, or until its time is over.
fn said(mut command: Command, stdin: &str, timeout: Duration) -> Result<Said> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {command:?}"))?;
    let (sender, receiver) = mpsc::channel();
    let (stdout, complaint) = std::thread::scope(|scope| {
        let pipe = child.stdin.take();
        scope.spawn(move || pipe.map(|mut pipe| pipe.write_all(stdin.as_bytes())));
        let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
        let complaint = scope.spawn(move || all(&mut err));
        scope.spawn(move || sender.send(all(&mut out)));
        let stdout = receiver.recv_timeout(timeout);
        let (stdout, is_late) = match stdout {
            Ok(stdout) => (stdout, false),
            Err(_) => {
                let _ = child.kill();
                (receiver.recv().unwrap_or_default(), true)
            }
        };
        let complaint = complaint.join().unwrap_or_default();
        (stdout, if is_late { None } else { Some(complaint) })
    });
    end(&mut child, &stdout, complaint, timeout)
}

fn all(pipe: &mut Option<impl std::io::Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `complaint` is none if its time was over.
fn end(
    child: &mut Child,
    stdout: &str,
    complaint: Option<String>,
    timeout: Duration,
) -> Result<Said> {
    let status = child.wait().context("a test has no end")?;
    // A line that a test has broken is no answer.
    let answers: Vec<serde_json::Value> = stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line.split_once(MARK)?.1).ok())
        .collect();
    let end = match &complaint {
        None => format!("not done after {} s", timeout.as_secs()),
        Some(complaint) => {
            let last: Vec<&str> = complaint.trim().lines().take(3).collect();
            format!("{status}: {}", last.join(" | "))
        }
    };
    Ok(Said {
        is_refused: answers.is_empty() && complaint.is_some() && status.code() == Some(1),
        answers,
        end,
    })
}
