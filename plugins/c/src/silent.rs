//! WASI preview 1 for components whose world has none of it: what the C library imports, answered without a host.
//!
//! So that `snprintf`, `assert` and containers can be used where nothing can be reached: what is written goes nowhere, there
//! are no arguments, variables and files, nobody knows the time, and leaving is a trap.

use wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    ImportSection, Instruction, MemArg, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{Parser, Payload, TypeRef};

/// No such descriptor: also what ends the search for folders that were opened for the program.
const EBADF: i32 = 8;
/// There is no such function.
const ENOSYS: i32 = 52;
/// A 32-bit value in memory.
const WORD: MemArg = MemArg {
    offset: 0,
    align: 2,
    memory_index: 0,
};

/// The adapter for exactly those functions of preview 1 that `module` imports; `None` if it imports none.
pub fn adapter(module: &[u8]) -> wasmparser::Result<Option<Vec<u8>>> {
    let functions = imported(module)?;
    if functions.is_empty() {
        return Ok(None);
    }
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    let (mut declared, mut exports, mut code) = (
        FunctionSection::new(),
        ExportSection::new(),
        CodeSection::new(),
    );
    imports.import(
        "env",
        "memory",
        EntityType::Memory(MemoryType {
            minimum: 0,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        }),
    );
    for ((name, parameters, results), index) in functions.iter().zip(0..) {
        types
            .ty()
            .function(parameters.iter().copied(), results.iter().copied());
        declared.function(index);
        exports.export(name, ExportKind::Func, index);
        code.function(&body(name, parameters.len(), results));
    }
    let mut adapter = Module::new();
    adapter
        .section(&types)
        .section(&imports)
        .section(&declared)
        .section(&exports)
        .section(&code);
    Ok(Some(adapter.finish()))
}

type Signature = (String, Vec<ValType>, Vec<ValType>);

fn imported(module: &[u8]) -> wasmparser::Result<Vec<Signature>> {
    let mut types = Vec::new();
    let mut functions: Vec<Signature> = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    types.push(ty?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    let TypeRef::Func(at) = import.ty else {
                        continue;
                    };
                    if import.module != WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME {
                        continue;
                    }
                    let values = |list: &[wasmparser::ValType]| list.iter().map(value).collect();
                    if let Some(ty) = types.get(at as usize) {
                        let (parameters, results) = (values(ty.params()), values(ty.results()));
                        functions.push((import.name.to_owned(), parameters, results));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(functions)
}

/// Preview 1 knows numbers of 32 and 64 bits and nothing else.
fn value(ty: &wasmparser::ValType) -> ValType {
    match ty {
        wasmparser::ValType::I64 => ValType::I64,
        _ => ValType::I32,
    }
}

fn body(name: &str, parameters: usize, results: &[ValType]) -> Function {
    if name == "fd_write" && parameters == 4 {
        return written();
    }
    let mut body = Function::new([]);
    let answer = match name {
        "args_sizes_get" | "environ_sizes_get" => {
            for at in 0..2 {
                body.instruction(&Instruction::LocalGet(at))
                    .instruction(&Instruction::I32Const(0))
                    .instruction(&Instruction::I32Store(WORD));
            }
            0
        }
        "args_get" | "environ_get" | "sched_yield" => 0,
        _ if name.starts_with("fd_") => EBADF,
        _ => ENOSYS,
    };
    match results {
        [ValType::I32] => body.instruction(&Instruction::I32Const(answer)),
        // `proc_exit`: there is nothing to leave.
        _ => body.instruction(&Instruction::Unreachable),
    };
    body.instruction(&Instruction::End);
    body
}

/// `fd_write` (descriptor, buffers, how many, where to say how much): all of it is written, to nowhere.
fn written() -> Function {
    let (buffers, left, said, sum) = (1, 2, 3, 4);
    let mut body = Function::new([(1, ValType::I32)]);
    for instruction in [
        Instruction::Block(BlockType::Empty),
        Instruction::Loop(BlockType::Empty),
        Instruction::LocalGet(left),
        Instruction::I32Eqz,
        Instruction::BrIf(1),
        Instruction::LocalGet(sum),
        Instruction::LocalGet(buffers),
        // A buffer is its address, then its length.
        Instruction::I32Load(MemArg { offset: 4, ..WORD }),
        Instruction::I32Add,
        Instruction::LocalSet(sum),
        Instruction::LocalGet(buffers),
        Instruction::I32Const(8),
        Instruction::I32Add,
        Instruction::LocalSet(buffers),
        Instruction::LocalGet(left),
        Instruction::I32Const(1),
        Instruction::I32Sub,
        Instruction::LocalSet(left),
        Instruction::Br(0),
        Instruction::End,
        Instruction::End,
        Instruction::LocalGet(said),
        Instruction::LocalGet(sum),
        Instruction::I32Store(WORD),
        Instruction::I32Const(0),
        Instruction::End,
    ] {
        body.instruction(&instruction);
    }
    body
}
