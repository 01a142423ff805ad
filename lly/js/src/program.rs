//! A program in JavaScript as a component: the shared engine by its digest, and what memory holds of the program itself.
//!
//! The rule: nothing of the engine is in it. What the engine's own memory image has is left out, so that a program is as
//! large as what it added.

use crate::heap::Heap;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use js_wasm_encoder::{
    ComponentSection, ConstExpr, CustomSection, DataSection, EntityType, ImportSection,
    InstanceSection, MemoryType, Module, ModuleArg, ModuleSection,
};
use js_wasmparser::{ExternalKind, Operator, Parser, Payload, TypeRef, Validator};
use sha2::{Digest, Sha256};

const SHELL: &str = include_str!("program.wat");
/// The heap's core module, and the engine's core instance, as `program.wat` counts them.
const HEAP_MODULE: u32 = 3;
const ENGINE_INSTANCE: u32 = 1;
/// The custom section with the maps back to the user's text.
pub const MAPS: &str = "lily:maps";
/// What a program calls in its engine.
const EXPORTS: [(&str, ExternalKind); 3] = [
    ("memory", ExternalKind::Memory),
    ("cabi_realloc", ExternalKind::Func),
    ("hook", ExternalKind::Func),
];

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The core module is not an engine.
    #[error("this is no engine for JavaScript: {0}")]
    Engine(String),
    /// What was written is no component.
    #[error("the program cannot be made a component: {0}")]
    Component(String),
}

/// The engine that programs share, as far as a program has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// The sha256 of its bytes.
    pub digest: [u8; 32],
    /// What its memory has at the start, in pages of 64 KiB.
    pub pages: u32,
    /// Its stack lies below this address, and is nobody's between calls.
    pub stack_end: u32,
}

/// What a program is to its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It answers requests.
    Server,
    /// It runs to its end.
    Script,
}

impl Engine {
    /// Reads a core module.
    ///
    /// # Errors
    /// It cannot be read, or lacks what a program calls.
    pub fn read(module: &[u8]) -> Result<Self, ProgramError> {
        let digest = Sha256::digest(module).into();
        Self::with_digest(module, digest)
    }

    /// As [`Engine::read`], for a core module whose digest is known.
    pub fn with_digest(module: &[u8], digest: [u8; 32]) -> Result<Self, ProgramError> {
        let wrong = |error: anyhow::Error| ProgramError::Engine(format!("{error:#}"));
        let (pages, stack_end) = edges(module).map_err(wrong)?;
        Ok(Self {
            digest,
            pages,
            stack_end,
        })
    }

    /// The name under which a program imports it.
    pub fn import(&self) -> String {
        format!("integrity=<sha256-{}>", STANDARD.encode(self.digest))
    }
}

impl Kind {
    /// The interface that the program exports, without its package.
    pub fn interface(self) -> &'static str {
        match self {
            Kind::Server => "server",
            Kind::Script => "script",
        }
    }
}

/// The component of a program whose memory differs from the engine's by `heap`; `maps` is the content of [`MAPS`].
///
/// # Errors
/// What was written is no component; there is no reason for it.
pub fn assemble(
    engine: &Engine,
    kind: Kind,
    heap: &Heap,
    maps: &[u8],
) -> Result<Vec<u8>, ProgramError> {
    try_assemble(engine, kind, heap, maps)
        .map_err(|error| ProgramError::Component(format!("{error:#}")))
}

fn try_assemble(engine: &Engine, kind: Kind, heap: &Heap, maps: &[u8]) -> Result<Vec<u8>> {
    let more = heap.pages.saturating_sub(engine.pages);
    let shell = SHELL
        .replace("PAGES", &engine.pages.to_string())
        .replace("MORE", &more.to_string())
        .replace("IMPORT", &engine.import())
        .replace("KIND", kind.interface());
    let mut component = wat::parse_str(shell)?;
    ModuleSection(&heap_module(engine, heap)).append_to_component(&mut component);
    let mut instance = InstanceSection::new();
    instance.instantiate(
        HEAP_MODULE,
        [("main", ModuleArg::Instance(ENGINE_INSTANCE))],
    );
    instance.append_to_component(&mut component);
    let maps = CustomSection {
        name: MAPS.into(),
        data: maps.into(),
    };
    maps.append_to_component(&mut component);
    Validator::new().validate_all(&component)?;
    Ok(component)
}

/// The module that puts the program's bytes into the engine's memory as it is instantiated.
fn heap_module(engine: &Engine, heap: &Heap) -> Module {
    let memory = MemoryType {
        minimum: u64::from(engine.pages),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let mut imports = ImportSection::new();
    imports.import("main", "memory", EntityType::Memory(memory));
    let mut data = DataSection::new();
    for run in &heap.runs {
        // An address of 32 bits: the sign is no more than how it is written.
        let offset = ConstExpr::i32_const(run.offset.cast_signed());
        data.active(0, &offset, run.bytes.iter().copied());
    }
    let mut module = Module::new();
    module.section(&imports).section(&data);
    module
}

/// The pages of an engine's memory and the end of its stack; an error for what is no engine.
fn edges(module: &[u8]) -> Result<(u32, u32)> {
    let mut memories = Vec::new();
    let mut variables = Vec::new();
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    ensure!(
                        matches!(import.ty, TypeRef::Func(_)) && import.name == "call",
                        "it imports `{}` of `{}`",
                        import.name,
                        import.module
                    );
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    memories.push(memory?.initial);
                }
            }
            Payload::GlobalSection(section) => {
                for global in section {
                    let global = global?;
                    if global.ty.mutable {
                        variables.push(global.init_expr.get_operators_reader().read()?);
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    exports.push((export.name.to_owned(), export.kind));
                }
            }
            // Code comes after all that is asked for here.
            Payload::CodeSectionStart { .. } => break,
            _ => {}
        }
    }
    for (name, kind) in EXPORTS {
        let has = exports
            .iter()
            .any(|export| *export == (name.to_owned(), kind));
        ensure!(has, "it does not export `{name}`");
    }
    let pages = memories.first().context("it has no memory")?;
    let pages = u32::try_from(*pages).context("its memory is too large")?;
    // What else changes would be lost between the build and the start.
    let [Operator::I32Const { value }] = variables.as_slice() else {
        bail!("its stack's pointer is not its only variable");
    };
    Ok((pages, value.cast_unsigned()))
}
