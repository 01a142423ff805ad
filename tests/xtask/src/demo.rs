//! `cargo xtask demo`: from a fresh clone to programs in C, C++ and TypeScript answering at HTTPS URLs on a local fleet.
//!
//! It uses `lly` as a user would: `fleet up`, `compile`, `void deploy`, and the `curl` line that `deploy` prints.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use crate::workspace::{self, binaries, cargo, lily, root};
use crate::{machine, setup};

/// The samples that are deployed, and the slugs they get: the same at every run, so that their URLs stay.
const SAMPLES: &[(&str, &str)] = &[
    ("hello-main", "hello-main"),
    ("hello-handler", "hello-handler"),
    ("cpp20", "modern-cpp"),
    ("static-site", "static-site"),
    ("links", "links"),
];
/// How much of an answer is shown.
const SHOWN_LINES: usize = 6;
/// How long the fleet may take to drain.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Sets up, builds and shows the whole path; stays until Ctrl-C unless `once`.
pub fn run(once: bool) -> anyhow::Result<ExitCode> {
    setup::run(false)?;
    machine::prepare()?;
    step("building");
    workspace::run(cargo().args(["build", "--workspace"]))?;
    show(&root(), &binaries()?, once)?;
    Ok(ExitCode::SUCCESS)
}

fn show(workspace: &Path, bin: &Path, once: bool) -> anyhow::Result<()> {
    let began = Instant::now();
    let demo = Demo {
        lly: bin.join("lly"),
        home: workspace.join("target/lily/demo"),
        samples: workspace.join("samples"),
    };
    demo.prepare()?;
    step("starting a fleet: platform, raptor, two CAPs, Postgres");
    let fleet = demo.start_fleet()?;
    for (sample, slug) in SAMPLES {
        demo.show(sample, slug)?;
    }
    println!();
    println!("{}", demo.lly_text(&["void", "list"])?);
    println!(
        "up in {:.1} s. This `lly` and its home:",
        began.elapsed().as_secs_f64()
    );
    println!(
        "  export LLY_HOME={} PATH={}:$PATH",
        demo.home.display(),
        bin.display()
    );
    if once {
        return fleet.stop();
    }
    println!("Ctrl-C stops the fleet; the next `cargo xtask demo` brings the same URLs back.");
    fleet.wait()
}

struct Demo {
    lly: PathBuf,
    home: PathBuf,
    samples: PathBuf,
}

impl Demo {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.lly);
        command
            .env("LLY_HOME", &self.home)
            .env_remove("LLY_PLATFORM_URL")
            .env_remove("LLY_CREDENTIALS");
        command.stdin(Stdio::null());
        command
    }

    /// Makes the demo's home. Setup has compiled clang for this machine already: its code is shared, not made again.
    fn prepare(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.home)?;
        let (shared, cache) = (lily().join("test-home/cache"), self.home.join("cache"));
        std::fs::create_dir_all(&shared)?;
        if !cache.exists() {
            std::os::unix::fs::symlink(&shared, &cache)
                .with_context(|| format!("cannot link `{}`", cache.display()))?;
        }
        Ok(())
    }

    fn start_fleet(&self) -> anyhow::Result<Fleet> {
        let mut child = self
            .command()
            .args(["fleet", "up", "--json", "--caps", "2"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.lly.display()))?;
        let stdout = child
            .stdout
            .take()
            .context("the fleet's stdout is not piped")?;
        let fleet = Fleet(child);
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(
            !line.is_empty(),
            "the fleet did not come up; its words are above"
        );
        Ok(fleet)
    }

    /// Compiles one sample, deploys it, and asks it through the `curl` line that `deploy` printed.
    fn show(&self, sample: &str, slug: &str) -> anyhow::Result<()> {
        let (folder, bundle) = (
            self.samples.join(sample),
            self.home.join(format!("{slug}.brick")),
        );
        println!();
        step(&format!("lly compile samples/{sample}"));
        let status = self
            .command()
            .args(["compile", "-f", "-o"])
            .arg(&bundle)
            .current_dir(folder)
            .status()?;
        ensure!(status.success(), "samples/{sample} does not compile");
        step(&format!("lly void deploy {slug}.brick"));
        let deploy = self
            .command()
            .args(["void", "deploy", "--json", "--slug", slug])
            .arg(&bundle)
            .output()?;
        if !deploy.status.success() {
            bail!(
                "{slug} was not deployed:\n{}",
                String::from_utf8_lossy(&deploy.stderr)
            );
        }
        let deployed: Value = serde_json::from_slice(&deploy.stdout)
            .context("`lly void deploy --json` prints a document")?;
        let curl = deployed["curl"]
            .as_str()
            .context("a deployed void has a curl line")?;
        println!("  {}", deployed["url"].as_str().unwrap_or_default());
        println!("  $ {curl}");
        let answer = Command::new("sh").args(["-c", curl]).output()?;
        ensure!(
            answer.status.success(),
            "`{curl}` failed: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
        let text = String::from_utf8_lossy(&answer.stdout);
        for line in text.lines().take(SHOWN_LINES) {
            println!("  | {line}");
        }
        Ok(())
    }

    fn lly_text(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command().args(arguments).output()?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }
}

/// The running `lly fleet up`; stopped when dropped.
struct Fleet(Child);

impl Fleet {
    /// Waits until the fleet ends: Ctrl-C reaches it as well as us.
    fn wait(mut self) -> anyhow::Result<()> {
        self.0.wait()?;
        Ok(())
    }

    fn stop(mut self) -> anyhow::Result<()> {
        self.terminate();
        Ok(())
    }

    fn terminate(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let began = Instant::now();
        while began.elapsed() < STOP_TIMEOUT {
            if matches!(self.0.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.terminate();
        }
    }
}

fn step(text: &str) {
    println!("==> {text}");
}
