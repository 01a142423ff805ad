//! Sealing: a core module becomes a component, and with its manifest, tools, sysroot and licences one file.

use anyhow::{Context, Result};
use lly_brick::container::Writer;
use registry_index::{MANIFEST_ENTRY, PluginManifest, SYSROOT_ENTRY};
use std::path::Path;
use wit_component::ComponentEncoder;

pub use lly_brick::container::Effort;

/// What goes into the C plugin.
pub struct Frontend<'a> {
    /// The workspace, for the manifest.
    pub workspace: &'a Path,
    /// The folder of core modules.
    pub modules: &'a Path,
    /// The unpacked npm package.
    pub clang: &'a Path,
    /// LLVM's libraries, for their licences.
    pub llvm: &'a Path,
    /// The tar for `/usr`.
    pub sysroot: Vec<u8>,
    /// The folder of packages.
    pub out: &'a Path,
    /// How hard to compress.
    pub effort: Effort,
}

/// Seals `c.plugin`.
pub fn frontend(parts: &Frontend<'_>) -> Result<()> {
    let path = parts.workspace.join("plugins/c/plugin.json");
    let manifest =
        PluginManifest::parse(&read(&path)?).with_context(|| format!("in `{}`", path.display()))?;
    let component = encoded(&parts.modules.join("plugins_c.wasm"))?;
    let mut writer = Writer::with_effort(parts.effort)
        .entry(MANIFEST_ENTRY, manifest.canonical())
        .entry(manifest.component.as_str(), component)
        .entry(
            manifest.sysroot.clone().unwrap_or(SYSROOT_ENTRY.to_owned()),
            parts.sysroot.clone(),
        )
        // The package's own words about its licence disagree with each other: both travel.
        .entry(
            "LICENSES/clang/package.json",
            read(&parts.clang.join("package.json"))?,
        )
        .entry(
            "LICENSES/clang/README.md",
            read(&parts.clang.join("README.md"))?,
        );
    for entry in manifest.tools.values() {
        writer = writer.entry(
            entry.as_str(),
            read(&parts.clang.join("gen/llvm.core.wasm"))?,
        );
    }
    for library in ["libcxx", "libcxxabi", "libunwind"] {
        // LLVM's licence, and with it that of clang itself.
        let licence = read(&parts.llvm.join(library).join("LICENSE.TXT"))?;
        writer = writer.entry(format!("LICENSES/{library}/LICENSE.TXT"), licence);
    }
    for (name, entry) in [
        ("LICENSE", "wasi-libc/LICENSE"),
        ("LICENSE-APACHE-LLVM", "wasi-libc/LICENSE-APACHE-LLVM"),
    ] {
        writer = writer.entry(
            format!("LICENSES/{entry}"),
            read(&parts.llvm.join("libc/wasi").join(name))?,
        );
    }
    let musl = parts.llvm.join("libc/wasi/libc-top-half/musl/COPYRIGHT");
    writer = writer.entry("LICENSES/wasi-libc/musl/COPYRIGHT", read(&musl)?);
    write(writer, &parts.out.join("c.plugin"))
}

/// A plugin that is a component and nothing else.
pub struct Component<'a> {
    /// Its folder in `plugins/`; its crate is `plugins-NAME`, its package `NAME.plugin`.
    pub name: &'a str,
    /// The workspace, for the manifest.
    pub workspace: &'a Path,
    /// The folder of core modules.
    pub modules: &'a Path,
    /// The folder of packages.
    pub out: &'a Path,
    /// How hard to compress.
    pub effort: Effort,
}

/// Seals `NAME.plugin`.
pub fn component(parts: &Component<'_>) -> Result<()> {
    let name = parts.name;
    let path = parts.workspace.join(format!("plugins/{name}/plugin.json"));
    let manifest =
        PluginManifest::parse(&read(&path)?).with_context(|| format!("in `{}`", path.display()))?;
    let module = format!("plugins_{}.wasm", name.replace('-', "_"));
    let mut writer = Writer::with_effort(parts.effort)
        .entry(MANIFEST_ENTRY, manifest.canonical())
        .entry(
            manifest.component.as_str(),
            encoded(&parts.modules.join(module))?,
        )
        .entry("LICENSES/LICENSE", read(&parts.workspace.join("LICENSE"))?);
    for entry in &manifest.modules {
        writer = writer.entry(entry.as_str(), read(&parts.modules.join(entry))?);
    }
    write(writer, &parts.out.join(format!("{name}.plugin")))
}

fn encoded(module: &Path) -> Result<Vec<u8>> {
    let encode = |bytes: &[u8]| {
        ComponentEncoder::default()
            .module(bytes)?
            .validate(true)
            .encode()
    };
    encode(&read(module)?).map_err(|error| {
        anyhow::anyhow!(
            "`{}` does not become a component: {error:#}",
            module.display()
        )
    })
}

fn write(writer: Writer, path: &Path) -> Result<()> {
    let sealed = writer
        .finish()
        .with_context(|| format!("cannot seal `{}`", path.display()))?;
    let partial = path.with_extension("partial");
    std::fs::write(&partial, &sealed)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    println!(
        "{}: {} KiB, {}",
        path.display(),
        sealed.len() >> 10,
        lly_brick::Digest::of(&sealed)
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
