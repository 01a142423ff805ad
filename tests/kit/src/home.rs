//! A home of its own for `lly`, and a way to run it.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::wait;

/// No single run of `lly` in a test takes longer, even one that waits for clang to be compiled ahead of time.
const RUN_TIMEOUT: Duration = Duration::from_secs(600);

/// A temporary `$LLY_HOME` and a folder to work in.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// A fresh home. Its plugin and code caches are the ones that all tests share.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("lly-")
            // Postgres runs as another user when a test is run by root: it has to pass.
            .permissions(std::fs::Permissions::from_mode(0o755))
            .tempdir()
            .expect("a temporary folder");
        let home = Self { folder };
        std::fs::create_dir_all(home.path()).expect("the home can be made");
        std::fs::create_dir_all(home.work()).expect("the work folder can be made");
        let shared = target_folder().join("lily/test-home");
        for cache in ["plugins", "cache"] {
            std::fs::create_dir_all(shared.join(cache)).expect("the shared cache can be made");
            std::os::unix::fs::symlink(shared.join(cache), home.path().join(cache))
                .expect("a link can be made");
        }
        warm_up(&home);
        home
    }

    /// A fresh home whose plugins are its own; only compiled code is shared. For tests that install versions.
    pub fn with_own_plugins() -> Self {
        let home = Self::new();
        let plugins = home.path().join("plugins");
        std::fs::remove_file(&plugins).expect("the link can be removed");
        std::fs::create_dir(&plugins).expect("a folder can be made");
        home
    }

    /// `$LLY_HOME`.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A folder for sources and bundles; commands run here.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file under [`Home::work`], with its folders.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a name")).expect("a folder can be made");
        std::fs::write(&path, contents).expect("a file can be written");
        path
    }

    /// `lly` with this home, ready for arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary("lly"));
        command
            .env("LLY_HOME", self.path())
            .env("NO_COLOR", "1")
            .env_remove("LLY_PLATFORM_URL")
            .env_remove("LLY_CREDENTIALS")
            .env_remove("LLY_RC_URL")
            .env_remove("LLY_RC_TOKEN")
            .env("LLY_KEY_PASSPHRASE", "a passphrase of the tests")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs `lly` to its end.
    pub fn lly<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.lly_with(arguments, b"", |_| {})
    }

    /// Runs `lly` with bytes on stdin, after `adjust` has changed the command.
    pub fn lly_with<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        stdin: &[u8],
        adjust: impl FnOnce(&mut Command),
    ) -> Output {
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        adjust(&mut command);
        run(command, stdin)
    }

    /// Runs `lly`, insists that it succeeds, and hands back the JSON document on its stdout.
    pub fn json<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Value {
        let arguments: Vec<_> = arguments
            .into_iter()
            .map(|a| a.as_ref().to_owned())
            .collect();
        let output = self
            .lly(
                arguments
                    .iter()
                    .map(|a| a.as_os_str())
                    .chain([OsStr::new("--json")]),
            )
            .success();
        serde_json::from_str(output.stdout.trim()).unwrap_or_else(|error| {
            panic!("stdout is not one document: {error}\n{}", output.stdout)
        })
    }

    /// Compiles `sources` (with any further flags) to `NAME.brick` in the work folder.
    pub fn compile<S: AsRef<OsStr>>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> PathBuf {
        let out = self.work().join(format!("{name}.brick"));
        let mut all: Vec<std::ffi::OsString> = vec!["compile".into()];
        all.extend(arguments.into_iter().map(|a| a.as_ref().to_owned()));
        all.extend(["-f".into(), "-o".into(), out.clone().into_os_string()]);
        self.lly(all).success();
        out
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

/// How a run of `lly` ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote as data.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

impl Output {
    /// Insists on exit code 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.exits(0)
    }

    /// Insists on this exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Insists that stderr says this.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "expected `{text}` on stderr:\n{}",
            self.stderr
        );
        self
    }
}

/// The built program `name`, beside the test's own binary.
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let folder = own.ancestors().find(|folder| folder.join(name).is_file());
    folder.map(|folder| folder.join(name)).unwrap_or_else(|| {
        panic!("`{name}` is not built: run `cargo xtask test`, or `cargo build --workspace` first")
    })
}

/// `target/` of the workspace.
fn target_folder() -> PathBuf {
    crate::repository().join("target")
}

/// Compiles clang ahead of time once for all tests; later homes find it done.
fn warm_up(home: &Home) {
    static WARM: OnceLock<()> = OnceLock::new();
    WARM.get_or_init(|| {
        let source = home.write("warm.c", "int main(void) { return 0; }\n");
        let mut command = home.command();
        command.args([
            "compile".as_ref(),
            source.as_os_str(),
            "-o".as_ref(),
            "warm.brick".as_ref(),
        ]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        run(command, b"").success();
    });
}

/// Runs a prepared command with bytes on stdin, bounded in time.
pub fn run(mut command: Command, stdin: &[u8]) -> Output {
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let mut pipe = child.stdin.take();
    let stdin = stdin.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that does not read its stdin is no error.
        let _ = pipe.as_mut().map(|pipe| pipe.write_all(&stdin));
    });
    let out = drain(child.stdout.take());
    let err = drain(child.stderr.take());
    let status = wait::until(RUN_TIMEOUT, "a command to end", || {
        child.try_wait().expect("a child")
    });
    writer.join().expect("the writer ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output {
        code: status.code(),
        stdout: text(out.join().expect("the reader ends")),
        stderr: text(err.join().expect("the reader ends")),
    }
}

fn drain(pipe: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid.cast_signed()) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Ends a child with SIGTERM and, if it does not go, SIGKILL.
pub(crate) fn stop(child: &mut Child, patience: Duration) {
    signal(child.id(), rustix::process::Signal::TERM);
    if wait::at_most(patience, || child.try_wait().ok().flatten()).is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
}
