//! What a project is built with: `bindings/`, written anew by every build, so that it fits this `lly`.
//!
//! wit-bindgen writes the world's types and functions. In C the world itself travels as a custom section, which the C
//! frontend finds and encodes the component by; in Rust wit-bindgen does that by itself. A frontend gets more: code that
//! writes BIR, and the shell that its programs print through; a placement policy in Rust, what reads its columns as rows.

mod javascript;

use std::fmt::Write as _;
use std::path::Path;

use wit_bindgen_core::{Files, WorldGenerator};
use wit_component::StringEncoding;

use crate::failure::{Failure, OrFail};
use crate::output::{self, Existing};
use crate::plugin::worlds::Contract;

/// The component that small frontends put their code into, as text.
const SHELL: &str = include_str!("../../../templates/bindings/shell.wat");
const BIR_HEADER: &str = include_str!("../../../templates/bindings/lily_bir.h");
const BIR_MODULE: &str = include_str!("../../../templates/bindings/bir.rs");
/// The columns of a placement policy as rows: the SDK's own file.
const POLICY_ROWS: &str = include_str!("../../../../../plugins/sdk/src/policy/rows.rs");
const POLICY_ROWS_MODULE: &str =
    "\n#[allow(dead_code)]\nmod rows;\n#[allow(unused_imports)]\npub use rows::Cap;\n";
const BIR_JS: &str = include_str!("../../../templates/bindings/bir.js");
const BIR_JS_TYPES: &str = include_str!("../../../templates/bindings/bir.d.ts");
const RUNTIME: &str = include_str!("../../../templates/bindings/runtime.rs");
/// Its place in a project.
pub const FOLDER: &str = "bindings";

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Compiled by our own frontend.
    C,
    /// Compiled by cargo.
    Rust,
    /// Run by QuickJS.
    JavaScript,
}

/// Writes `bindings/` of the project in `folder`.
pub fn write(folder: &Path, contract: &Contract, language: Language) -> Result<(), Failure> {
    let folder = folder.join(FOLDER);
    std::fs::create_dir_all(&folder)
        .or_fail(|| format!("cannot make the folder `{}`", folder.display()))?;
    let files = match language {
        Language::C => of_c(contract)?,
        Language::Rust => of_rust(contract)?,
        Language::JavaScript => javascript::files(contract)?,
    };
    for (name, text) in files {
        let path = folder.join(name);
        // An unchanged file stays as it is, for tools that look at its age.
        if std::fs::read(&path).is_ok_and(|old| old == text) {
            continue;
        }
        output::write(&path, &text, Existing::Replace)?;
    }
    Ok(())
}

type Written = Vec<(String, Vec<u8>)>;

fn of_c(contract: &Contract) -> Result<Written, Failure> {
    let what = || format!("the bindings of `{}` cannot be made", contract.name);
    let (resolve, world) = contract.resolve()?;
    let metadata = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None)
        .or_fail(what)?;
    let options = wit_bindgen_c::Opts {
        no_object_file: true,
        ..Default::default()
    };
    let mut files = generate(&mut *options.build(), contract)?;
    files.push((
        format!("{}_world.c", contract.identifier()),
        world_section(&metadata, &contract.identifier()),
    ));
    if contract.name == "frontend" {
        files.push(("lily_bir.h".to_owned(), BIR_HEADER.as_bytes().to_vec()));
        files.push(("lily_shell.h".to_owned(), shell_header(&shell()?)));
    }
    Ok(files)
}

fn of_rust(contract: &Contract) -> Result<Written, Failure> {
    let options = wit_bindgen_rust::Opts {
        runtime_path: Some("crate::bindings::runtime".to_owned()),
        ..Default::default()
    };
    let mut files = generate(&mut options.build(), contract)?;
    for (_, text) in &mut files {
        text.extend(RUNTIME.as_bytes());
        if contract.name == "placement-policy" {
            text.extend(POLICY_ROWS_MODULE.as_bytes());
        }
    }
    if contract.name == "placement-policy" {
        // Its tests are the SDK's.
        let rows = POLICY_ROWS.split("\n#[cfg(test)]").next();
        let rows = rows.unwrap_or(POLICY_ROWS).as_bytes().to_vec();
        files.push(("rows.rs".to_owned(), rows));
    }
    if contract.name == "frontend" {
        files.push(("bir.rs".to_owned(), BIR_MODULE.as_bytes().to_vec()));
        files.push(("shell.wasm".to_owned(), shell()?));
    }
    Ok(files)
}

fn generate(generator: &mut dyn WorldGenerator, contract: &Contract) -> Result<Written, Failure> {
    let (mut resolve, world) = contract.resolve()?;
    let mut files = Files::default();
    generator
        .generate(&mut resolve, world, &mut files)
        .or_fail(|| format!("the bindings of `{}` cannot be made", contract.name))?;
    let files = files
        .iter()
        .map(|(name, text)| (name.to_owned(), text.to_vec()));
    Ok(files.collect())
}

fn shell() -> Result<Vec<u8>, Failure> {
    wat::parse_str(SHELL).or_fail(|| "the shell cannot be made")
}

/// A C file with the custom section `component-type…` and the function by which the bindings have it linked.
fn world_section(metadata: &[u8], identifier: &str) -> Vec<u8> {
    let mut text = String::from(
        "// Generated by `lly plugin build`: the type of the component's world, for the encoder.\n\
         __asm__(\".section \\\".custom_section.component-type:lily\\\",\\\"\\\",@\\n\"\n",
    );
    for line in metadata.chunks(24) {
        let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
        let _ = writeln!(text, "    \".byte {}\\n\"", bytes.join(","));
    }
    text.push_str("    \".text\\n\");\n");
    let _ = writeln!(
        text,
        "void __component_type_object_force_link_{identifier}(void) {{}}"
    );
    text.into_bytes()
}

fn shell_header(shell: &[u8]) -> Vec<u8> {
    let mut text = String::from(
        "// Generated by `lly plugin build`: a command without its program. Its first core module is replaced by yours;\n\
         // what that may import and must export is written in `lily_bir.h`.\n\
         static const unsigned char lily_shell[] = {\n",
    );
    for line in shell.chunks(24) {
        let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
        let _ = writeln!(text, "    {},", bytes.join(","));
    }
    text.push_str("};\n");
    text.into_bytes()
}
