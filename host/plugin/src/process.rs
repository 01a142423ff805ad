//! A program of the user's machine that a plugin was granted to run: bounded in time and in what it says.

use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::reach::Refusal;

/// Builds and test runs take minutes; what takes longer is not waited for.
const TIME_MAX: Duration = Duration::from_secs(1800);
/// Of each stream. A plugin wants to read it, in its memory.
const STREAM_BYTES_MAX: u64 = 64 << 20;
/// How often we look whether it ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Programs find each other and their settings by these.
pub(crate) const VARIABLES_ALWAYS: [&str; 2] = ["HOME", "PATH"];

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; 128 and more for a signal.
    pub exit_code: i32,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

/// Runs `program` in `folder` with these variables and no others.
pub(crate) fn run(
    program: &str,
    arguments: &[String],
    stdin: Vec<u8>,
    folder: &Path,
    variables: &[(String, String)],
) -> Result<Outcome, Refusal> {
    let failed = |reason: &dyn std::fmt::Display| Refusal::Failed(format!("`{program}`: {reason}"));
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Refusal::Absent(format!("there is no program `{program}` on PATH"))
            }
            _ => failed(&error),
        })?;
    let mut pipe = child.stdin.take();
    // A program that does not read its stdin is no error, and nobody waits for it.
    std::thread::spawn(move || pipe.as_mut().map(|pipe| pipe.write_all(&stdin)));
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let until = Instant::now() + TIME_MAX;
    let ended = wait(&mut child, until).and_then(|status| {
        let streams = (collect(&stdout, until)?, collect(&stderr, until)?);
        Ok((status, streams))
    });
    match ended {
        Ok((status, (stdout, stderr))) => Ok(Outcome {
            exit_code: code(status),
            stdout,
            stderr,
        }),
        Err(reason) => {
            // It may have ended in between; either way it is gone.
            let _ = child.kill();
            let _ = child.wait();
            Err(failed(&reason))
        }
    }
}

fn wait(child: &mut Child, until: Instant) -> Result<ExitStatus, String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < until => std::thread::sleep(LOOK_EVERY),
            Ok(None) => return Err(format!("it ran longer than {} s", TIME_MAX.as_secs())),
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // A program that writes on after this gets a broken pipe.
            let _ = pipe.take(STREAM_BYTES_MAX + 1).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn collect(stream: &Receiver<Vec<u8>>, until: Instant) -> Result<Vec<u8>, String> {
    let left = until.saturating_duration_since(Instant::now());
    let bytes = stream
        .recv_timeout(left)
        .map_err(|_| "its output did not end".to_owned())?;
    if bytes.len() as u64 > STREAM_BYTES_MAX {
        return Err(format!("it wrote more than {} MiB", STREAM_BYTES_MAX >> 20));
    }
    Ok(bytes)
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    let signal = || status.signal().map_or(255, |signal| 128 + signal);
    status.code().unwrap_or_else(signal)
}
