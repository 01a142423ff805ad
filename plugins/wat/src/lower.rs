//! `lower`: the text is parsed, encoded with line tables, validated and read back for the unit table.

use lly_bir::{Object, Program, SCHEMA};
use wasmparser::{Encoding, ExternalKind, Operator, Parser, Payload, Validator};
use wast::Wat;
use wast::parser::ParseBuffer;

use crate::error;
use crate::module::Module;
use crate::places::{self, Place, error_at};
use crate::table::table;
use crate::types::{Diagnostic, Lowered, Options, SourceFile};

/// The only module that a command may import from.
const WASI: &str = "wasi_snapshot_preview1";
/// What a component may be started by, without its version.
const ENTRIES: [&str; 2] = ["wasi:cli/run", "wasi:http/incoming-handler"];

/// Compiles one `.wat` file to BIR.
///
/// # Errors
/// What is wrong with the text, at its line and column.
pub fn lower(sources: &[SourceFile], options: &Options) -> Result<Lowered, Vec<Diagnostic>> {
    let source = match sources {
        [source] => source,
        [] => return Err(vec![error("there is no source file")]),
        [first, second, ..] => {
            return Err(vec![error(format!(
                "`{}` and `{}` are two modules, and a program is one: compile one `.wat` file",
                first.path, second.path
            ))]);
        }
    };
    let Ok(text) = std::str::from_utf8(&source.contents) else {
        return Err(vec![error(format!("`{}` is not UTF-8", source.path))]);
    };
    let program = program(source, text, options).map_err(|problem| vec![problem])?;
    Ok(Lowered {
        bir: program.encode(),
        diagnostics: Vec::new(),
    })
}

fn program(source: &SourceFile, text: &str, options: &Options) -> Result<Program, Diagnostic> {
    let path = source.path.as_str();
    let at_text =
        |problem: wast::Error| error_at(path, text, problem.span().offset(), problem.message());
    let mut buffer = ParseBuffer::new(text).map_err(at_text)?;
    buffer.track_instr_spans(true);
    let mut wat: Wat<'_> = wast::parser::parse(&buffer).map_err(at_text)?;
    let places = places::functions(&wat, text);
    let bytes = encode(&mut wat, path, text).map_err(at_text)?;
    if let Err(problem) = Validator::new().validate_all(&bytes) {
        let offset = text_offset(&bytes, &places, problem.offset());
        return Err(match offset {
            Some(offset) => error_at(path, text, offset, problem.message().to_owned()),
            None => error_at(
                path,
                text,
                wat.span().offset(),
                problem.message().to_owned(),
            ),
        });
    }
    let unreadable = |problem| error(format!("`{path}` cannot be read back: {problem}"));
    let binary = read(&bytes).map_err(unreadable)?;
    check(&binary).map_err(|message| error_at(path, text, wat.span().offset(), message))?;
    let table = table(&binary.modules, &places, path).map_err(unreadable)?;
    Ok(Program {
        schema: SCHEMA,
        language: "wat".to_owned(),
        name: options.name.clone(),
        units: table.units,
        data: table.data,
        objects: vec![Object::new(format!("{path}.wasm"), bytes)],
    })
}

/// The binary form, with line tables in the guest; the host's tests do without.
#[cfg(target_arch = "wasm32")]
fn encode(wat: &mut Wat<'_>, path: &str, text: &str) -> Result<Vec<u8>, wast::Error> {
    wast::core::EncodeOptions::new()
        .dwarf(
            std::path::Path::new(path),
            text,
            wast::core::GenerateDwarf::Lines,
        )
        .encode_wat(wat)
}

/// The binary form, with line tables in the guest; the host's tests do without.
#[cfg(not(target_arch = "wasm32"))]
fn encode(wat: &mut Wat<'_>, _path: &str, _text: &str) -> Result<Vec<u8>, wast::Error> {
    wat.encode()
}

/// What came out of the encoder.
struct Binary<'a> {
    is_component: bool,
    /// Exports of the outer component, without their versions.
    exports: Vec<String>,
    modules: Vec<Module<'a>>,
}

fn read(bytes: &[u8]) -> wasmparser::Result<Binary<'_>> {
    let mut binary = Binary {
        is_component: Parser::is_component(bytes),
        exports: Vec::new(),
        modules: Vec::new(),
    };
    // For each open module or component, the index of the module; none for a component.
    let mut open: Vec<Option<usize>> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding, .. } => {
                open.push((encoding == Encoding::Module).then_some(binary.modules.len()));
                if encoding == Encoding::Module {
                    binary.modules.push(Module::default());
                }
            }
            Payload::End(_) => drop(open.pop()),
            Payload::ComponentExportSection(exports) if open.len() == 1 => {
                for export in exports {
                    let name = export?.name.name;
                    let interface = name.split('@').next().unwrap_or(name);
                    binary.exports.push(interface.to_owned());
                }
            }
            payload => {
                if let Some(Some(module)) = open.last() {
                    binary.modules[*module].take(payload)?;
                }
            }
        }
    }
    Ok(binary)
}

/// Whether the program can be started: why not, and what to do.
fn check(binary: &Binary<'_>) -> Result<(), String> {
    if binary.is_component {
        if binary
            .exports
            .iter()
            .any(|name| ENTRIES.contains(&name.as_str()))
        {
            return Ok(());
        }
        return Err(format!(
            "the component exports neither `{}` nor `{}`: export the one that starts it",
            ENTRIES[0], ENTRIES[1]
        ));
    }
    let Some(module) = binary.modules.first() else {
        return Err("the file holds no module".to_owned());
    };
    let start = match module.exports.get("_start") {
        Some((ExternalKind::Func, function)) => *function,
        Some(_) | None => {
            return Err(
                "the module does not export a function `_start`, with which a program begins: \
                 add (export \"_start\") to it"
                    .to_owned(),
            );
        }
    };
    let ty = module.functions.get(start as usize);
    let signature = ty.and_then(|ty| module.types.get(*ty as usize));
    if signature.is_some_and(|signature| !signature.is_empty()) {
        return Err("`_start` takes or gives values: a program's has none of either".to_owned());
    }
    let items = module
        .memories
        .iter()
        .chain(&module.tables)
        .chain(&module.globals);
    let imports = items.filter_map(|item| item.import.as_ref());
    let foreign = |name: &&String| {
        name.strip_prefix(WASI)
            .is_none_or(|rest| !rest.starts_with('.'))
    };
    if let Some(import) = imports.chain(&module.imported).find(foreign) {
        return Err(format!(
            "the module imports `{import}`, and a program may import from `{WASI}` only"
        ));
    }
    let exported = matches!(
        module.exports.get("memory"),
        Some((ExternalKind::Memory, _))
    );
    if !exported && !module.imported.is_empty() {
        return Err(format!(
            "the module does not export its memory as `memory`, where `{WASI}` reads and writes: \
             add (export \"memory\") to it"
        ));
    }
    Ok(())
}

/// The place in the text of the instruction at an offset of the binary.
fn text_offset(bytes: &[u8], places: &[Vec<Place>], offset: usize) -> Option<usize> {
    let mut module = 0;
    let mut function = 0;
    let mut has_seen_module = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.ok()? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } => {
                module += usize::from(has_seen_module);
                has_seen_module = true;
                function = 0;
            }
            Payload::CodeSectionEntry(body) => {
                if body.range().contains(&offset) {
                    let place = places.get(module)?.get(function)?;
                    let operators = body.get_operators_reader().ok()?;
                    let before = |one: &wasmparser::Result<(Operator<'_>, usize)>| {
                        one.as_ref().is_ok_and(|(_, at)| *at < offset)
                    };
                    let count = operators
                        .into_iter_with_offsets()
                        .take_while(before)
                        .count();
                    let instructions = &place.instructions;
                    return instructions.get(count).or(instructions.last()).copied();
                }
                function += 1;
            }
            _ => {}
        }
    }
    None
}
