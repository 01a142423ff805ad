//! Where a plugin's code comes from: a file, our own frontends, or cargo.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lly_build::PROJECT_FILE;
use registry_index::PluginManifest;

use super::bindings;
use crate::compile::SourceArgs;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::worlds::Contract;

/// No WASI comes with it, so that a plugin imports only what its world names.
const TARGET: &str = "wasm32-unknown-unknown";
const CARGO_FILE: &str = "Cargo.toml";

/// A core module or component, or the text of one.
pub fn file(path: &Path) -> Result<Vec<u8>, Failure> {
    let what = || format!("cannot use `{}`", path.display());
    let bytes = std::fs::read(path).or_fail(what)?;
    let binary = wat::parse_bytes(&bytes).or_fail(what)?;
    Ok(binary.into_owned())
}

/// Builds a project, each in its language's way.
pub fn of_project(
    folder: &Path,
    manifest: &PluginManifest,
    contract: &Contract,
    context: &Context,
) -> Result<Vec<u8>, Failure> {
    if folder.join(PROJECT_FILE).is_file() {
        bindings::write(folder, contract)?;
        let sources = SourceArgs::of_folder(folder.to_owned());
        let project = sources.project()?;
        return sources.prepare(project, context)?.component(context);
    }
    if folder.join(CARGO_FILE).is_file() {
        return file(&cargo(folder)?);
    }
    let component = folder.join(&manifest.component);
    if component.is_file() {
        return file(&component);
    }
    Err(Failure::local(format!(
        "`{}` has no {PROJECT_FILE}, no {CARGO_FILE} and no `{}`: there is nothing to build",
        folder.display(),
        manifest.component
    ))
    .hint("name the code: lly plugin build --module FILE.wasm"))
}

/// Runs cargo and gives the module that it made.
fn cargo(folder: &Path) -> Result<PathBuf, Failure> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(&program)
        .args(["build", "--release", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Failure::local(format!("cannot run `{}`: {error}", program.display()))
                .hint("a Rust plugin is built by cargo: install Rust")
        })?;
    let mut module = None;
    if let Some(stdout) = child.stdout.take() {
        for line in std::io::BufReader::new(stdout).lines() {
            let line = line.or_fail(|| "cargo's words cannot be read")?;
            module = module_in(&line).or(module);
        }
    }
    let status = child.wait().or_fail(|| "cargo did not end")?;
    if !status.success() {
        return Err(
            Failure::local("cargo did not build the plugin").hint(format!(
                "if it lacks the target: rustup target add {TARGET}"
            )),
        );
    }
    module.ok_or_else(|| {
        Failure::local("cargo built no module")
            .hint("Cargo.toml needs: [lib] crate-type = [\"cdylib\"]")
    })
}

/// The wasm file that a line of cargo's JSON speaks of.
fn module_in(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let files = message.get("filenames")?.as_array()?;
    let wasm = |file: &&str| file.ends_with(".wasm");
    files
        .iter()
        .filter_map(|file| file.as_str())
        .find(wasm)
        .map(PathBuf::from)
}
