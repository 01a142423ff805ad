//! Where a plugin's code comes from: a file, our own frontends, cargo ([`super::cargo`]) or QuickJS ([`super::js`]).

use std::path::Path;

use lly_build::PROJECT_FILE;
use registry_index::PluginManifest;

use super::bindings::{self, Language};
use super::{cargo, js};
use crate::compile::SourceArgs;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::worlds::Contract;

/// A core module or component, and the licences of what is in it besides the project's own.
pub struct Code {
    /// Its bytes.
    pub wasm: Vec<u8>,
    /// Name and text each.
    pub licences: &'static [(&'static str, &'static str)],
}

impl Code {
    fn own(wasm: Vec<u8>) -> Code {
        Code {
            wasm,
            licences: &[],
        }
    }
}

/// A core module or component, or the text of one.
pub fn file(path: &Path) -> Result<Code, Failure> {
    let what = || format!("cannot use `{}`", path.display());
    let bytes = std::fs::read(path).or_fail(what)?;
    let binary = wat::parse_bytes(&bytes).or_fail(what)?;
    Ok(Code::own(binary.into_owned()))
}

/// Builds a project, each in its language's way.
pub fn of_project(
    folder: &Path,
    manifest: &PluginManifest,
    contract: &Contract,
    context: &Context,
) -> Result<Code, Failure> {
    if folder.join(PROJECT_FILE).is_file() {
        bindings::write(folder, contract, Language::C)?;
        let sources = SourceArgs::of_folder(folder.to_owned());
        let project = sources.project()?;
        let component = sources.prepare(project, context)?.component(context)?;
        return Ok(Code::own(component));
    }
    if folder.join(cargo::FILE).is_file() {
        bindings::write(folder, contract, Language::Rust)?;
        return file(&cargo::build(folder, context)?);
    }
    if folder.join(js::FILE).is_file() {
        bindings::write(folder, contract, Language::JavaScript)?;
        return Ok(Code {
            wasm: js::build(folder, contract, context)?,
            licences: &lly_js::NOTICES,
        });
    }
    let component = folder.join(&manifest.component);
    if component.is_file() {
        return file(&component);
    }
    Err(Failure::local(format!(
        "`{}` has no {PROJECT_FILE}, no {}, no {} and no `{}`: there is nothing to build",
        folder.display(),
        cargo::FILE,
        js::FILE,
        manifest.component
    ))
    .hint("name the code: lly plugin build --module FILE.wasm"))
}
