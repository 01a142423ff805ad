//! A core module whose one-time work is done when it is built: what its memory holds after a function of its own has run is
//! what its memory holds at the start.
//!
//! The module keeps all its state in its memory: a mutable global other than the stack pointer, or a table that changes, would
//! not be in the image, so modules with more are refused.

use crate::run::{stopped, unfit};
use crate::{Limits, PreinitError, deep};
use host_engine::{Engine, EpochTicker, GuestTrap, MemoryLimiter, Profile, ticks_for};
use std::borrow::Cow;
use wasm_encoder::{
    ConstExpr, CustomSection, DataSection, ExportSection, MemorySection, MemoryType, Module,
    RawSection,
};
use wasmparser::{ExternalKind, Parser, Payload};
use wasmtime::{Caller, Instance, Linker, Memory, Store};

/// Shorter runs of zeros stay in the segment around them: a segment of its own takes about as many bytes.
const GAP: usize = 24;
/// The page of WebAssembly.
const PAGE_BYTES: usize = 64 << 10;

/// Answers the module's one import: the number of the function, its arguments; an error is a sentence for the module.
pub type Answer = Box<dyn FnMut(u32, &[u8]) -> Result<Vec<u8>, String> + Send>;

/// A module to be made.
#[derive(Debug)]
pub struct Image<'a> {
    /// The module as it was linked: exports `memory` and `cabi_realloc`, stack first.
    pub module: &'a [u8],
    /// Its one import, a function of number, arguments' place, their length, and the place of a `result<list<u8>, string>`.
    pub import: (&'a str, &'a str),
    /// The exported function that does the work, and is no longer exported then. It takes a list of bytes and answers with null,
    /// or the place of a text that says what went wrong: where it begins, and its length.
    pub function: &'a str,
    /// The bytes that it takes.
    pub argument: &'a [u8],
    /// How far it may go.
    pub limits: Limits,
}

struct Inside {
    limiter: MemoryLimiter,
    answer: Answer,
}

impl Image<'_> {
    /// Runs the function and gives the module as it is afterwards. The same module and answers give the same bytes.
    ///
    /// # Errors
    /// The module does not fit, goes beyond its limits, traps, or answers that something is wrong.
    pub fn make(&self, answer: Answer) -> Result<Vec<u8>, PreinitError> {
        deep::run(|| self.make_here(answer)).map_err(PreinitError::Thread)?
    }

    fn make_here(&self, answer: Answer) -> Result<Vec<u8>, PreinitError> {
        let stack_bytes = stack_bytes(self.module)?;
        let engine = Engine::new(Profile::Build)?;
        let module =
            wasmtime::Module::new(engine.wasmtime(), self.module).map_err(|error| unfit(&error))?;
        let _ticker = EpochTicker::start(&engine).map_err(PreinitError::Thread)?;
        let inside = Inside {
            limiter: MemoryLimiter::new(self.limits.memory_bytes_max),
            answer,
        };
        let mut store = Store::new(engine.wasmtime(), inside);
        store.limiter(|inside| &mut inside.limiter);
        store.set_epoch_deadline(ticks_for(self.limits.deadline));
        store
            .set_fuel(self.limits.fuel)
            .map_err(|error| unfit(&error))?;
        let mut linker = Linker::new(engine.wasmtime());
        let (interface, name) = self.import;
        linker
            .func_wrap(interface, name, call)
            .map_err(|error| unfit(&error))?;
        let done = linker
            .instantiate(&mut store, &module)
            .and_then(|instance| Ok((instance, self.run(&mut store, &instance)?)));
        match done {
            Err(error) => Err(self.why(&error, store.data())),
            Ok((_, Some(refusal))) => Err(PreinitError::Refused(refusal)),
            Ok((instance, None)) => {
                let mut bytes = memory_of(&mut store, &instance)
                    .map_err(|error| unfit(&error))?
                    .data(&store)
                    .to_vec();
                // What lies below the stack pointer at rest is nobody's.
                bytes[..stack_bytes].fill(0);
                rewritten(self.module, &bytes, self.function)
            }
        }
    }

    /// Calls the function; the words of its refusal, if it refuses.
    fn run(
        &self,
        store: &mut Store<Inside>,
        instance: &Instance,
    ) -> wasmtime::Result<Option<String>> {
        let memory = memory_of(store, instance)?;
        let realloc =
            instance.get_typed_func::<(u32, u32, u32, u32), u32>(&mut *store, "cabi_realloc")?;
        let function = instance.get_typed_func::<(u32, u32), u32>(&mut *store, self.function)?;
        let length = u32::try_from(self.argument.len())?;
        let place = realloc.call(&mut *store, (0, 0, 1, length))?;
        memory.write(&mut *store, place as usize, self.argument)?;
        let answer = function.call(&mut *store, (place, length))?;
        if answer == 0 {
            return Ok(None);
        }
        let data = memory.data(&*store);
        let place = number(data, answer).unwrap_or_default();
        let length = number(data, answer + 4).unwrap_or_default();
        let text = range(data, place, length).unwrap_or_default();
        Ok(Some(String::from_utf8_lossy(text).into_owned()))
    }

    fn why(&self, error: &wasmtime::Error, inside: &Inside) -> PreinitError {
        stopped(GuestTrap::with_memory(error, &inside.limiter), &self.limits)
    }
}

fn memory_of(store: &mut Store<Inside>, instance: &Instance) -> wasmtime::Result<Memory> {
    instance
        .get_memory(store, "memory")
        .ok_or_else(|| wasmtime::Error::msg("it exports no `memory`"))
}

fn number(data: &[u8], place: u32) -> Option<u32> {
    let bytes = range(data, place, 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn range(data: &[u8], place: u32, length: u32) -> Option<&[u8]> {
    data.get(place as usize..(place as usize).checked_add(length as usize)?)
}

/// The import: reads the arguments, writes the answer where the canonical ABI would.
fn call(
    mut caller: Caller<'_, Inside>,
    function: u32,
    place: u32,
    length: u32,
    result: u32,
) -> wasmtime::Result<()> {
    let outside = || wasmtime::Error::msg("it calls with what lies outside of its memory");
    let memory = caller
        .get_export("memory")
        .and_then(wasmtime::Extern::into_memory);
    let memory = memory.ok_or_else(outside)?;
    let arguments = range(memory.data(&caller), place, length)
        .ok_or_else(outside)?
        .to_vec();
    let answer = (caller.data_mut().answer)(function, &arguments);
    let (failed, bytes) = match answer {
        Ok(bytes) => (0u32, bytes),
        Err(sentence) => (1, sentence.into_bytes()),
    };
    let realloc = caller
        .get_export("cabi_realloc")
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(outside)?
        .typed::<(u32, u32, u32, u32), u32>(&caller)?;
    let length = u32::try_from(bytes.len())?;
    let place = realloc.call(&mut caller, (0, 0, 1, length))?;
    memory.write(&mut caller, place as usize, &bytes)?;
    let mut written = Vec::with_capacity(12);
    for one in [failed, place, length] {
        written.extend(one.to_le_bytes());
    }
    memory.write(&mut caller, result as usize, &written)?;
    Ok(())
}

/// The stack's size: where the one mutable global begins, which is the stack's pointer.
fn stack_bytes(module: &[u8]) -> Result<usize, PreinitError> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::GlobalSection(globals) = payload.map_err(broken)? {
            for global in globals {
                let global = global.map_err(broken)?;
                if global.ty.mutable {
                    let mut reader = global.init_expr.get_operators_reader();
                    found.push(reader.read().map_err(broken)?);
                }
            }
        }
    }
    match found[..] {
        [wasmparser::Operator::I32Const { value }] => Ok(usize::try_from(value).unwrap_or(0)),
        _ => Err(PreinitError::Unfit(format!(
            "it has {} mutable globals, and only the stack's pointer may be one",
            found.len()
        ))),
    }
}

fn broken(error: wasmparser::BinaryReaderError) -> PreinitError {
    PreinitError::Unfit(error.to_string())
}

/// The module with `memory` as its data, without the export `hidden` and without what only its linker and debuggers read.
fn rewritten(module: &[u8], memory: &[u8], hidden: &str) -> Result<Vec<u8>, PreinitError> {
    let mut out = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(broken)?;
        match &payload {
            Payload::MemorySection(_) => {
                let mut memories = MemorySection::new();
                memories.memory(MemoryType {
                    minimum: (memory.len() / PAGE_BYTES) as u64,
                    maximum: None,
                    memory64: false,
                    shared: false,
                    page_size_log2: None,
                });
                out.section(&memories);
            }
            Payload::ExportSection(exports) => {
                let mut kept = ExportSection::new();
                for export in exports.clone() {
                    let export = export.map_err(broken)?;
                    let kind = match export.kind {
                        ExternalKind::Func => wasm_encoder::ExportKind::Func,
                        ExternalKind::Memory => wasm_encoder::ExportKind::Memory,
                        ExternalKind::Global => wasm_encoder::ExportKind::Global,
                        ExternalKind::Table => wasm_encoder::ExportKind::Table,
                        _ => return Err(PreinitError::Unfit("it exports a tag".to_owned())),
                    };
                    if export.name != hidden {
                        kept.export(export.name, kind, export.index);
                    }
                }
                out.section(&kept);
            }
            Payload::DataCountSection { .. } => {}
            Payload::DataSection(_) => {
                out.section(&segments(memory));
            }
            // Names of functions are what a backtrace says.
            Payload::CustomSection(section) if section.name() == "name" => {
                out.section(&CustomSection {
                    name: Cow::Borrowed("name"),
                    data: Cow::Borrowed(section.data()),
                });
            }
            Payload::CustomSection(_) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    out.section(&RawSection {
                        id,
                        data: &module[range],
                    });
                }
            }
        }
    }
    Ok(out.finish())
}

fn segments(memory: &[u8]) -> DataSection {
    let mut data = DataSection::new();
    let mut at = 0;
    while let Some(skipped) = memory[at..].iter().position(|byte| *byte != 0) {
        let start = at + skipped;
        let mut end = start + 1;
        // The next byte that is not zero, if it is near.
        while let Some(next) = memory[end..].iter().take(GAP).position(|byte| *byte != 0) {
            end += next + 1;
        }
        // A memory of 32 bits has no place beyond that.
        let place = u32::try_from(start).unwrap_or(u32::MAX).cast_signed();
        data.active(
            0,
            &ConstExpr::i32_const(place),
            memory[start..end].iter().copied(),
        );
        at = end;
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module
        (import "host" "call" (func $call (param i32 i32 i32 i32)))
        (memory (export "memory") 2)
        (global $stack (mut i32) (i32.const 1024))
        (data (i32.const 70000) "before")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (i32.store (i32.const 2000) (i32.add (i32.load (i32.const 2000)) (i32.const 4096)))
            (i32.add (i32.load (i32.const 2000)) (i32.const 4096)))
        (func (export "look") (param i32) (result i32) (i32.load8_u (local.get 0)))
        (func (export "prepare") (param $at i32) (param $length i32) (result i32)
            (i32.store (i32.const 8) (i32.const -1))
            (call $call (i32.const 7) (local.get $at) (local.get $length) (i32.const 1500))
            (drop (memory.grow (i32.const 1)))
            (i32.store8 (i32.const 190000) (i32.load8_u (i32.load (i32.const 1504))))
            (if (result i32) (i32.load (i32.const 1500))
                (then (i32.const 1504)) (else (i32.const 0)))))"#;

    fn made(answer: Answer) -> Result<Vec<u8>, PreinitError> {
        Image {
            module: &wat::parse_str(MODULE).expect("a module"),
            import: ("host", "call"),
            function: "prepare",
            argument: b"abc",
            limits: Limits::STANDARD,
        }
        .make(answer)
    }

    #[test]
    fn the_image_holds_what_the_work_left_and_no_stack() {
        let answer = |function: u32, arguments: &[u8]| {
            assert_eq!((function, arguments), (7, &b"abc"[..]));
            Ok(vec![42])
        };
        let module = made(Box::new(answer)).expect("an image");
        assert_eq!(made(Box::new(answer)).expect("again"), module);
        let engine = Engine::new(Profile::Build).expect("an engine");
        let compiled = wasmtime::Module::new(engine.wasmtime(), &module).expect("a module");
        assert!(compiled.get_export("prepare").is_none());
        let mut store = Store::new(engine.wasmtime(), ());
        store.set_fuel(10_000).expect("fuel");
        store.set_epoch_deadline(1);
        let mut linker = Linker::new(engine.wasmtime());
        linker
            .func_wrap("host", "call", |_: u32, _: u32, _: u32, _: u32| {})
            .expect("an import");
        let instance = linker.instantiate(&mut store, &compiled).expect("starts");
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        assert_eq!(memory.data_size(&store), 3 * PAGE_BYTES);
        let data = memory.data(&store);
        assert_eq!(&data[70000..70006], b"before");
        assert_eq!(data[190000], 42);
        assert_eq!(&data[..1024], [0; 1024]);
    }

    #[test]
    fn what_goes_wrong_is_said() {
        let refused = made(Box::new(|_, _| Err("not today".to_owned())));
        let said = refused.expect_err("refused").to_string();
        assert_eq!(said, "not today");
        let two = MODULE.replace("(data ", "(global (mut i32) (i32.const 0)) (data ");
        let image = Image {
            module: &wat::parse_str(two).expect("a module"),
            import: ("host", "call"),
            function: "prepare",
            argument: b"",
            limits: Limits::STANDARD,
        };
        let said = image.make(Box::new(|_, _| Ok(Vec::new())));
        let said = said.expect_err("unfit").to_string();
        assert!(said.contains("2 mutable globals"), "{said}");
    }
}
