//! Programs of other people, run as their users run them, bounded in time.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::process::Command;

const TIMEOUT: Duration = Duration::from_secs(120);

/// A program that `cargo xtask setup` put into `target/lily/tools/bin`, else one on PATH.
pub fn tool(name: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lily/tools/bin");
    let own = own.join(name);
    if own.is_file() { own } else { find(name) }
}

/// A program on PATH.
pub fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("there is no `{name}`: `cargo xtask test` installs it"))
}

/// Runs a program to its end.
pub async fn run(mut command: Command) -> Output {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let output = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await;
    output
        .unwrap_or_else(|_| panic!("{command:?} does not end"))
        .unwrap()
}
