//! Building a plugin in Rust: with the target of rustup where it is installed, else with the standard library's sources.
//!
//! The rule: the target is one without WASI, so that a plugin imports only what its world names; and no path of this
//! machine gets into what is built.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// What makes a folder a project of cargo's.
pub const FILE: &str = "Cargo.toml";
const TARGET: &str = "wasm32-unknown-unknown";
/// Where rustc keeps the sources of its standard library, if they are installed, below its sysroot.
const SOURCES: &str = "lib/rustlib/src/rust/library";

/// How this machine's rustc gets a standard library for the target.
enum Library {
    /// It is installed.
    Installed,
    /// Its sources are: it is built along, which stable compilers do only when told to pass for others.
    Sources,
}

/// Runs cargo and gives the module that it made.
pub fn build(folder: &Path, context: &Context) -> Result<PathBuf, Failure> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&program);
    command
        .args(["build", "--release", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    match library()? {
        Library::Installed => {}
        Library::Sources => {
            context.say(format!(
                "rustc has no library for {TARGET}: building it from its sources"
            ));
            command
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC_BOOTSTRAP", "1");
        }
    }
    if let Some(flags) = flags() {
        command.env("CARGO_ENCODED_RUSTFLAGS", flags);
    }
    let mut child = command.spawn().map_err(|error| {
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
        return Err(Failure::local("cargo did not build the plugin"));
    }
    module.ok_or_else(|| {
        Failure::local("cargo built no module")
            .hint("Cargo.toml needs: [lib] crate-type = [\"cdylib\"]")
    })
}

fn library() -> Result<Library, Failure> {
    let libraries = ask_rustc(&["--print", "target-libdir", "--target", TARGET])?;
    if holds_libraries(Path::new(&libraries)) {
        return Ok(Library::Installed);
    }
    let sysroot = ask_rustc(&["--print", "sysroot"])?;
    if Path::new(&sysroot).join(SOURCES).is_dir() {
        return Ok(Library::Sources);
    }
    Err(Failure::local(format!(
        "this machine's rustc cannot build for {TARGET}: it has neither the library nor its sources"
    ))
    .hint(format!(
        "rustup target add {TARGET}, or rustup component add rust-src, or name a rustc that has either in RUSTC; a module \
         that was built elsewhere is packed with lly plugin build --module FILE.wasm"
    )))
}

/// An empty folder stands for a target that was removed.
fn holds_libraries(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}

fn ask_rustc(arguments: &[&str]) -> Result<String, Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let missing = |why: String| {
        Failure::local(format!("cannot ask `{}`: {why}", rustc.display()))
            .hint("a Rust plugin is built by cargo: install Rust, or name a rustc in RUSTC")
    };
    let output = Command::new(&rustc)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| missing(error.to_string()))?;
    if !output.status.success() {
        return Err(missing(output.status.to_string()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Flags that keep this machine's folders out of the module; none where the user has flags of their own.
fn flags() -> Option<String> {
    let own = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];
    if own.iter().any(|name| std::env::var_os(name).is_some()) {
        return None;
    }
    let cargo_home = match std::env::var_os("CARGO_HOME") {
        Some(home) => Some(PathBuf::from(home)),
        None => std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")),
    };
    let sysroot = ask_rustc(&["--print", "sysroot"]).ok().map(PathBuf::from);
    // The project's own files are called by their names in it. Its folder is not named here, because another one would
    // have everything built anew.
    let places = [(cargo_home, "/cargo"), (sysroot, "/rust")];
    let flags = places.into_iter().filter_map(|(place, name)| {
        Some(format!("--remap-path-prefix={}={name}", place?.display()))
    });
    Some(flags.collect::<Vec<_>>().join("\u{1f}"))
}

/// The wasm file that a line of cargo's JSON speaks of.
fn module_in(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    let files = message.get("filenames")?.as_array()?;
    files
        .iter()
        .filter_map(|file| file.as_str())
        .find(|file| file.ends_with(".wasm"))
        .map(PathBuf::from)
}
