//! Sealing: a core module becomes a component, and with its manifest, tools, sysroot and licences one file.

use anyhow::{Context, Result, bail};
use lly_brick::container::Writer;
use registry_index::{MANIFEST_ENTRY, PluginManifest, SYSROOT_ENTRY};
use std::path::{Path, PathBuf};
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
    /// Licences of what is in it, by their names in the package.
    pub licences: &'a [(String, PathBuf)],
    /// The folder of packages.
    pub out: &'a Path,
    /// How hard to compress.
    pub effort: Effort,
}

/// The licences that `PLUGIN/NAME=FOLDER` says of one plugin: `LICENSES/NAME/FILE` and the file, in the order of the names.
///
/// # Errors
/// One says nothing, or a folder has no licence.
pub fn licences(plugin: &str, said: &[String]) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for one in said {
        let parts = one
            .split_once('=')
            .map(|(name, folder)| (name.split_once('/'), folder));
        let Some((Some((whose, name)), folder)) = parts else {
            bail!("`{one}` is not PLUGIN/NAME=FOLDER");
        };
        if whose != plugin {
            continue;
        }
        let before = found.len();
        let entries =
            std::fs::read_dir(folder).with_context(|| format!("cannot read `{folder}`"))?;
        for entry in entries {
            let file = entry
                .with_context(|| format!("cannot read `{folder}`"))?
                .file_name();
            let file = file.to_string_lossy();
            let upper = file.to_uppercase();
            if ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"]
                .iter()
                .any(|begin| upper.starts_with(begin))
            {
                let path = Path::new(folder).join(&*file);
                found.push((format!("LICENSES/{name}/{file}"), path));
            }
        }
        if found.len() == before {
            bail!("there is no licence in `{folder}`");
        }
    }
    found.sort();
    Ok(found)
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
    for (entry, path) in parts.licences {
        writer = writer.entry(entry.as_str(), read(path)?);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_taken_from_the_folders_that_are_said() {
        let folder = tempfile::tempdir().expect("a package that can be read");
        for (library, file) in [
            ("one", "LICENSE-MIT.txt"),
            ("one", "index.js"),
            ("two", "COPYING"),
            ("three", "x"),
        ] {
            std::fs::create_dir_all(folder.path().join(library))
                .expect("a package that can be read");
            std::fs::write(folder.path().join(library).join(file), "words")
                .expect("a package that can be read");
        }
        let said = |plugin: &str, name: &str| {
            format!("{plugin}/{name}={}", folder.path().join(name).display())
        };
        let all = [said("js", "two"), said("js", "one"), said("other", "three")];
        let names: Vec<String> = licences("js", &all)
            .expect("a package that can be read")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(
            names,
            ["LICENSES/one/LICENSE-MIT.txt", "LICENSES/two/COPYING"]
        );
        assert!(
            licences("other", &all).is_err(),
            "nothing there is a licence"
        );
        assert!(licences("js", &["js".to_owned()]).is_err());
    }
}
