//! A program in JavaScript as a component: the shared engine by its digest, and what memory holds of the program itself.
//!
//! The rule: nothing of the engine is in it. What the engine's own memory image has is left out, so that a program is as
//! large as what it added.

use crate::heap::Heap;
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use js_wasm_encoder::{
    BlockType, CodeSection, ComponentSection, CustomSection, DataCountSection, DataSection,
    EntityType, Function, FunctionSection, ImportSection, InstanceSection, MemArg, MemoryType,
    Module, ModuleArg, ModuleSection, StartSection, TypeSection, ValType,
};
use js_wasmparser::{ExternalKind, Operator, Parser, Payload, TypeRef, Validator};
use sha2::{Digest, Sha256};

const SHELL: &str = include_str!("program.wat");
/// The heap's core module, and the engine's core instance, as `program.wat` counts them.
const HEAP_MODULE: u32 = 3;
const ENGINE_INSTANCE: u32 = 1;
/// A row of the heap's table: an address, and how many bytes.
const ROW_BYTES: u32 = 8;
/// As much of the table as is in memory at once, if the stack has room for it: a page of the host.
const BLOCK_BYTES: u32 = 4096;
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
    ModuleSection(&heap_module(engine, heap)?).append_to_component(&mut component);
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

/// The module that puts the program's bytes into the engine's memory as it is instantiated: a table of where they go, the bytes,
/// and a loop. An active segment for each run would be compiled to some 150 bytes of code, more than most runs have.
fn heap_module(engine: &Engine, heap: &Heap) -> Result<Module> {
    let memory = MemoryType {
        minimum: u64::from(engine.pages),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    };
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("main", "memory", EntityType::Memory(memory));
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut code = CodeSection::new();
    code.function(&fill(engine, heap)?);
    let mut data = DataSection::new();
    let (mut rows, mut bytes) = (Vec::new(), Vec::new());
    for run in &heap.runs {
        rows.extend(run.offset.to_le_bytes());
        rows.extend(u32::try_from(run.bytes.len())?.to_le_bytes());
        bytes.extend(&run.bytes);
    }
    data.passive(rows).passive(bytes);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&StartSection { function_index: 0 })
        .section(&DataCountSection { count: 2 })
        .section(&code)
        .section(&data);
    Ok(module)
}

/// The function that does it. It has the table come block by block to the end of the engine's stack, which nobody has yet.
fn fill(engine: &Engine, heap: &Heap) -> Result<Function> {
    const TABLE: u32 = 0;
    const BYTES: u32 = 1;
    let [at, row, block, from, length] = [0, 1, 2, 3, 4];
    let number = |number: usize| -> Result<i32> { Ok(u32::try_from(number)?.cast_signed()) };
    let table = number(heap.runs.len() * ROW_BYTES as usize)?;
    let block_bytes = BLOCK_BYTES.min(engine.stack_end / ROW_BYTES * ROW_BYTES);
    ensure!(block_bytes > 0, "it has no stack");
    let scratch = engine.stack_end - block_bytes;
    let word = |offset| MemArg {
        offset,
        align: 2,
        memory_index: 0,
    };
    let mut function = Function::new([(5, ValType::I32)]);
    let mut code = function.instructions();
    // While at < table: a block of it, no longer than what is left.
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(at).i32_const(table).i32_ge_u().br_if(1);
    let block_bytes = block_bytes.cast_signed();
    code.i32_const(block_bytes);
    code.i32_const(table).local_get(at).i32_sub();
    code.i32_const(block_bytes);
    code.i32_const(table).local_get(at).i32_sub();
    code.i32_lt_u().select().local_set(block);
    let scratch = scratch.cast_signed();
    code.i32_const(scratch).local_get(at).local_get(block);
    code.memory_init(0, TABLE);
    code.local_get(at).local_get(block).i32_add().local_set(at);
    // For each of its rows.
    code.i32_const(scratch).local_tee(row).local_get(block);
    code.i32_add().local_set(block);
    code.loop_(BlockType::Empty);
    code.local_get(row).i32_load(word(0));
    code.local_get(from);
    code.local_get(row).i32_load(word(4)).local_tee(length);
    code.memory_init(0, BYTES);
    code.local_get(from).local_get(length).i32_add();
    code.local_set(from);
    code.local_get(row).i32_const(ROW_BYTES.cast_signed());
    code.i32_add().local_tee(row).local_get(block);
    code.i32_lt_u().br_if(0);
    code.end();
    code.br(0).end().end();
    // The stack is as it was.
    code.i32_const(scratch).i32_const(0).i32_const(block_bytes);
    code.memory_fill(0).end();
    Ok(function)
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
