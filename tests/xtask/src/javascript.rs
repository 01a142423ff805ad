//! The engine of programs in JavaScript: its sources and the prelude's libraries are fetched, the packer makes one file of them.

use crate::plugins::{self, fresh};
use crate::workspace::{lily, root, run};
use crate::{fetch, stage};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// QuickJS-ng 0.16.2, as C: crate, version, sha256.
const QUICKJS: (&str, &str, &str) = (
    "rquickjs-sys",
    "0.14.0",
    "cee271d0eeba64f0915b846cb7ae02e16faf3dfdffdca91731101d9d30fe3423",
);
/// What is taken of it: the sources of the engine and the headers that they include, and its licence.
const SOURCES: [&str; 18] = [
    "LICENSE",
    "builtin-array-fromasync.h",
    "builtin-iterator-zip-keyed.h",
    "builtin-iterator-zip.h",
    "cutils.h",
    "dtoa.c",
    "dtoa.h",
    "libregexp-opcode.h",
    "libregexp.c",
    "libregexp.h",
    "libunicode-table.h",
    "libunicode.c",
    "libunicode.h",
    "list.h",
    "quickjs-atom.h",
    "quickjs-opcode.h",
    "quickjs.c",
    "quickjs.h",
];
/// What is changed in it, in this order; from the root.
const PATCHES: [&str; 2] = [
    "plugins/js/prelude/async_context.patch",
    "plugins/js/engine/quickjs.patch",
];

/// Where the engine is.
pub fn engine_path() -> PathBuf {
    lily().join("js/engine.wasm")
}

/// Where the prelude's libraries are, each as `NAME-VERSION`; tests of the prelude can be told of it.
fn libraries() -> PathBuf {
    lily().join("js/libraries")
}

/// Makes the engine, unless nothing that goes into it has changed. clang is there.
pub fn engine() -> Result<()> {
    let quickjs = quickjs()?;
    fetch_libraries()?;
    let mut inputs = prelude()?;
    inputs.extend(
        [
            "plugins/js/engine",
            "tests/pack/src/archive.rs",
            "tests/pack/src/engine.rs",
            "tests/pack/src/prelude.rs",
            "host/preinit/src/image.rs",
            "host/web/src/names.rs",
            "host/web/src/wire.rs",
        ]
        .map(|path| root().join(path)),
    );
    let key = format!(
        "{} {} {}",
        stage::fingerprint(&inputs)?,
        QUICKJS.2,
        plugins::clang_digest()
    );
    stage::once("javascript-engine", &key, &[engine_path()], || {
        let mut pack = Command::new(plugins::packer()?);
        pack.arg("engine")
            .arg("--workspace")
            .arg(root())
            .arg("--clang")
            .arg(lily().join("clang/package"))
            .arg("--quickjs")
            .arg(&quickjs)
            .arg("--libraries")
            .arg(libraries())
            .arg("--code-cache")
            .arg(lily().join("test-home/cache/code"))
            .arg("--work")
            .arg(lily().join("sysroot"))
            .arg("--out")
            .arg(engine_path())
            .args(["--jobs", &plugins::jobs().to_string()]);
        run(&mut pack)
    })
}

/// QuickJS's sources, patched.
fn quickjs() -> Result<PathBuf> {
    let (name, version, sha256) = QUICKJS;
    let folder = lily().join("js/quickjs");
    let patches = PATCHES.map(|path| root().join(path));
    let key = format!("{sha256} {}", stage::fingerprint(&patches)?);
    stage::once("quickjs", &key, &[folder.join("quickjs.c")], || {
        let archive = fetch::crate_archive(name, version, sha256)?;
        fresh(&folder)?;
        let members = SOURCES.map(|file| format!("{name}-{version}/quickjs/{file}"));
        run(Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .args(["--strip-components", "2", "-C"])
            .arg(&folder)
            .args(members))?;
        patches.iter().try_for_each(|patch| apply(&folder, patch))
    })?;
    Ok(folder)
}

/// git patches files that are in no repository of its own too, when it finds none above them.
fn apply(folder: &Path, patch: &Path) -> Result<()> {
    run(Command::new("git")
        .args(["apply", "-p1"])
        .arg(patch)
        .current_dir(folder)
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder)))
    .with_context(|| {
        format!(
            "`{}` does not fit QuickJS's sources: `git` is needed, and the version that is pinned",
            patch.display()
        )
    })
}

/// Where the licences lie of what is in the engine, as the packer takes them: `js/NAME=FOLDER`.
pub fn licences() -> Result<Vec<String>> {
    let libc = lily().join("llvm/ziglang/lib/libc/wasi");
    let mut folders = vec![
        ("quickjs-ng".to_owned(), lily().join("js/quickjs")),
        ("wasi-libc".to_owned(), libc.clone()),
        ("wasi-libc/musl".to_owned(), libc.join("libc-top-half/musl")),
    ];
    for [name, version, _] in pinned_libraries()? {
        let folder = libraries().join(format!("{name}-{version}"));
        folders.push((name, folder));
    }
    let said = folders
        .iter()
        .map(|(name, folder)| format!("js/{name}={}", folder.display()));
    Ok(said.collect())
}

/// Name, version and digest of the libraries that the prelude names in `libraries.json`.
fn pinned_libraries() -> Result<Vec<[String; 3]>> {
    let list = root().join("plugins/js/prelude/libraries.json");
    let what = || format!("cannot use `{}`", list.display());
    let text = std::fs::read(&list).with_context(what)?;
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&text).with_context(what)?;
    let mut pinned = Vec::new();
    for row in &rows {
        let text = |key: &str| row[key].as_str().map(str::to_owned).with_context(what);
        pinned.push([text("name")?, text("version")?, text("sha256")?]);
    }
    Ok(pinned)
}

/// Fetches those libraries.
fn fetch_libraries() -> Result<()> {
    for [name, version, sha256] in &pinned_libraries()? {
        let folder = libraries().join(format!("{name}-{version}"));
        let marker = folder.join("package.json");
        stage::once(&format!("library-{name}"), sha256, &[marker], || {
            let archive = fetch::npm(name, version, sha256)?;
            fresh(&folder)?;
            run(Command::new("tar")
                .arg("-xzf")
                .arg(archive)
                .args(["--strip-components", "1", "-C"])
                .arg(&folder))
        })?;
    }
    Ok(())
}

/// What the prelude consists of: everything in its folder but its tests.
fn prelude() -> Result<Vec<PathBuf>> {
    let folder = root().join("plugins/js/prelude");
    let what = || format!("cannot read the folder `{}`", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(what)? {
        let entry = entry.with_context(what)?;
        if entry.file_name() != "tests" {
            found.push(entry.path());
        }
    }
    Ok(found)
}
