//! `lly plugin build`: a project's code becomes a component of its world, and a package.
//!
//! The rule: what is packed depends on the project's files and the compilers alone, so that two builds give the same
//! bytes, and what a host would refuse is refused here, with what to do about it.

pub mod bindings;
mod cargo;
mod code;
pub mod js;

use std::path::{Path, PathBuf};

use clap::Args;
use lly_brick::container::Writer;
use registry_index::{MANIFEST_ENTRY, PluginManifest};
use serde::Serialize;
use wasmparser::{Encoding, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::worlds::{Contract, contract};
use crate::amounts::size;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::output::{self, Existing};

/// Packed beside the component where the project has it.
const LICENCE: &str = "LICENSE";

#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The project's folder, with a `plugin.json`.
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Use this core module, component or text of either, instead of building the sources.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// The package to write [default: NAME.plugin in the project's folder].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A package that was built.
pub struct Built {
    /// What it says about itself.
    pub manifest: PluginManifest,
    /// Its bytes.
    pub package: Vec<u8>,
}

/// Runs `lly plugin build`.
pub fn run(args: &BuildArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Report {
        output: String,
        name: String,
        version: String,
        world: String,
        size: u64,
        digest: String,
    }
    let built = build(&args.folder, args.module.as_deref(), context)?;
    let output = match &args.output {
        Some(output) => output.clone(),
        None => args.folder.join(format!("{}.plugin", built.manifest.name)),
    };
    output::write(&output, &built.package, Existing::Replace)?;
    let report = Report {
        output: output.display().to_string(),
        name: built.manifest.name.clone(),
        version: built.manifest.version.to_string(),
        world: built.manifest.world.clone(),
        size: built.package.len() as u64,
        digest: lly_brick::Digest::of(&built.package).to_string(),
    };
    context.data("lily.plugin.build/1", &report, || {
        format!(
            "{}\n  plugin    {} {}\n  world     {}\n  size      {}\n",
            report.output,
            report.name,
            report.version,
            report.world,
            size(report.size)
        )
    })
}

/// Builds the project in `folder`, or packs `module` for it.
pub fn build(folder: &Path, module: Option<&Path>, context: &Context) -> Result<Built, Failure> {
    let manifest = manifest(folder)?;
    crate::verb::check_name(&manifest)?;
    let contract = contract(&manifest.world)?;
    let code = match module {
        Some(file) => code::file(file)?,
        None => code::of_project(folder, &manifest, contract, context)?,
    };
    let component = componentise(code.wasm, contract)?;
    check_edges(&component, contract)?;
    let package = pack(folder, &manifest, component, code.licences)?;
    Ok(Built { manifest, package })
}

fn manifest(folder: &Path) -> Result<PluginManifest, Failure> {
    let path = folder.join(MANIFEST_ENTRY);
    let json = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::local(format!(
                "`{}` has no `{MANIFEST_ENTRY}`, so it is no plugin's project",
                folder.display()
            ))
            .hint("begin one: lly plugin new --world command --lang c NAME"));
        }
        read => read.or_fail(|| format!("cannot read `{}`", path.display()))?,
    };
    PluginManifest::parse(&json).or_fail(|| path.display().to_string())
}

/// A core module becomes a component of the world; a component stays as it is.
fn componentise(code: Vec<u8>, contract: &Contract) -> Result<Vec<u8>, Failure> {
    let what = || format!("the code does not implement `{}`", contract.world);
    match encoding(&code) {
        Some(Encoding::Component) => return Ok(code),
        Some(Encoding::Module) => {}
        None => {
            return Err(Failure::local(
                "the code is neither a core module nor a component",
            ));
        }
    }
    let mut module = code;
    if !knows_its_world(&module) {
        let (resolve, world) = contract.resolve()?;
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
            .or_fail(what)?;
    }
    let encoder = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .or_fail(what)?;
    let mut encoder = encoder;
    encoder.encode().map_err(|error| {
        let failure = Failure::local(format!("{}: {error:#}", what()));
        match format!("{error:#}").contains("wasi_snapshot_preview1") {
            true => failure.hint(
                "a plugin has no WASI: build for wasm32-unknown-unknown, and use the world's own imports",
            ),
            false => failure.hint(format!("what it must export: lly plugin wit {}", contract.name)),
        }
    })
}

fn encoding(code: &[u8]) -> Option<Encoding> {
    match Parser::new(0).parse_all(code).next() {
        Some(Ok(Payload::Version { encoding, .. })) => Some(encoding),
        _ => None,
    }
}

fn knows_its_world(module: &[u8]) -> bool {
    Parser::new(0).parse_all(module).any(|payload| {
        matches!(payload, Ok(Payload::CustomSection(section)) if section.name().starts_with("component-type"))
    })
}

/// A component that asks for more than its world has, or has less than its world wants, would be refused by every host.
fn check_edges(component: &[u8], contract: &Contract) -> Result<(), Failure> {
    let allowed = contract.imports()?;
    let mut wanted = contract.exports()?;
    let what = || "the component cannot be read";
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.or_fail(what)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.or_fail(what)?.name.name;
                    if !allowed.iter().any(|one| one == name) {
                        return Err(Failure::local(format!(
                            "the component imports `{name}`, which no plugin of `{}` is given",
                            contract.world
                        ))
                        .hint(hint(name, contract)));
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let name = export.or_fail(what)?.name.name;
                    wanted.retain(|one| one != name);
                }
            }
            _ => {}
        }
    }
    match wanted.first() {
        None => Ok(()),
        Some(name) => Err(Failure::local(format!(
            "the component does not implement `{}`: it exports no `{name}`",
            contract.world
        ))
        .hint(format!(
            "what it must export: lly plugin wit {}",
            contract.name
        ))),
    }
}

fn hint(import: &str, contract: &Contract) -> String {
    if import.starts_with("wasi:") {
        return "it comes from the language's library: build without WASI, in Rust for wasm32-unknown-unknown"
            .to_owned();
    }
    format!("what it may import: lly plugin wit {}", contract.name)
}

fn pack(
    folder: &Path,
    manifest: &PluginManifest,
    component: Vec<u8>,
    licences: &[(&str, &str)],
) -> Result<Vec<u8>, Failure> {
    let mut writer = Writer::new()
        .entry(MANIFEST_ENTRY, manifest.canonical())
        .entry(manifest.component.as_str(), component);
    for entry in manifest
        .entries()
        .filter(|entry| *entry != manifest.component)
    {
        let path = folder.join(entry);
        let bytes = std::fs::read(&path)
            .or_fail(|| format!("cannot read `{}`, which plugin.json names", path.display()))?;
        writer = writer.entry(entry, bytes);
    }
    if let Ok(licence) = std::fs::read(folder.join(LICENCE)) {
        writer = writer.entry(format!("LICENSES/{LICENCE}"), licence);
    }
    for (name, text) in licences {
        writer = writer.entry(format!("LICENSES/{name}"), text.as_bytes());
    }
    writer.finish().or_fail(|| "the package cannot be made")
}
