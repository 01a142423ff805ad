//! `lower`: from the text to BIR.

use lly_bir::digest::{Hasher, Node, of_graph};
use lly_bir::{Call, Data, DataKind, Digest, Object, Program, SCHEMA, Span, Unit, UnitKind};
use wasmparser::{Parser, Payload};

use crate::generate::{Generated, generate};
use crate::parser::{Function, Type, program};
use crate::types::{Diagnostic, Lowered, Options, Severity, SourceFile};
use crate::{Mistake, error, lexer};

/// Compiles one `.petal` file to BIR.
///
/// # Errors
/// What is wrong with the program, at its line and column.
pub fn lower(sources: &[SourceFile], options: &Options) -> Result<Lowered, Vec<Diagnostic>> {
    let [source] = sources else {
        return Err(vec![error("a Petal program is one `.petal` file")]);
    };
    let Ok(text) = std::str::from_utf8(&source.contents) else {
        return Err(vec![error(format!("`{}` is not UTF-8", source.path))]);
    };
    let (functions, generated) =
        compile(text).map_err(|mistake| vec![diagnostic(&source.path, text, mistake)])?;
    let module = encode(&generated.text, &source.path).map_err(|problem| {
        vec![error(format!(
            "Petal made code that is no module: {problem}"
        ))]
    })?;
    let program = bir(&source.path, &functions, generated, module, options);
    Ok(Lowered {
        bir: program.encode(),
        diagnostics: Vec::new(),
    })
}

/// Text to tree and code.
///
/// # Errors
/// The first mistake.
pub fn compile(text: &str) -> Result<(Vec<Function>, Generated), Mistake> {
    let functions = program(lexer::tokens(text)?)?;
    let generated = generate(&functions)?;
    Ok((functions, generated))
}

fn encode(text: &str, path: &str) -> Result<Vec<u8>, wast::Error> {
    let buffer = wast::parser::ParseBuffer::new(text)?;
    #[cfg(target_arch = "wasm32")]
    let buffer = {
        let mut buffer = buffer;
        buffer.track_instr_spans(true);
        buffer
    };
    let mut wat: wast::Wat<'_> = wast::parser::parse(&buffer)?;
    #[cfg(target_arch = "wasm32")]
    return wast::core::EncodeOptions::new()
        .dwarf(
            std::path::Path::new(path),
            text,
            wast::core::GenerateDwarf::Lines,
        )
        .encode_wat(&mut wat);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let _ = path;
        wat.encode()
    }
}

fn diagnostic(path: &str, text: &str, mistake: Mistake) -> Diagnostic {
    let index = (mistake.line as usize).checked_sub(1);
    Diagnostic {
        severity: Severity::Error,
        message: mistake.message,
        path: Some(path.to_owned()),
        line: mistake.line,
        column: mistake.column,
        source_line: index.and_then(|index| text.lines().nth(index).map(str::to_owned)),
    }
}

fn bir(
    path: &str,
    functions: &[Function],
    generated: Generated,
    module: Vec<u8>,
    options: &Options,
) -> Program {
    let bodies = Parser::new(0)
        .parse_all(&module)
        .filter_map(|payload| match payload {
            Ok(Payload::CodeSectionEntry(body)) => Some(body.range().len() as u32),
            _ => None,
        });
    let mut nodes = Vec::new();
    let mut units = Vec::new();
    for ((function, code), size_bytes) in functions.iter().zip(&generated.functions).zip(bodies) {
        let index = |name: &String| functions.iter().position(|one| one.name == *name);
        let callees: Vec<u32> = code
            .calls
            .iter()
            .filter_map(index)
            .map(|at| at as u32)
            .collect();
        let mut own = Hasher::new("petal.unit");
        own.part(signature(function).as_bytes());
        own.part(code.digested.as_bytes());
        nodes.push(Node {
            own: own.finish(),
            edges: callees.clone(),
        });
        let mut reads: Vec<u32> = code.literals.iter().map(|at| *at as u32).collect();
        reads.sort_unstable();
        let mut calls: Vec<Call> = callees.into_iter().map(Call::Unit).collect();
        if code.prints {
            calls.push(Call::External("wasi_snapshot_preview1.fd_write".to_owned()));
        }
        units.push(Unit {
            name: function.name.clone(),
            symbol: function.name.clone(),
            kind: UnitKind::Function,
            signature: signature(function),
            span: Some(Span {
                file: path.to_owned(),
                line: function.place.0,
                column: function.name_place.1,
                end_line: function.end_line,
            }),
            size_bytes,
            calls,
            calls_indirect: false,
            address_taken: false,
            reads,
            writes: Vec::new(),
            escapes: Vec::new(),
            object: 0,
            digest: Digest::from_bytes([0; 32]),
        });
    }
    for (unit, digest) in units.iter_mut().zip(of_graph(&nodes)) {
        unit.digest = digest;
    }
    let data = generated.literals.iter().map(|text| Data {
        name: String::new(),
        symbol: String::new(),
        kind: DataKind::Literal,
        size_bytes: text.len() as u32,
        object: Some(0),
        data: Vec::new(),
        units: Vec::new(),
        digest: Digest::of(text.as_bytes()),
    });
    Program {
        schema: SCHEMA,
        language: "petal".to_owned(),
        name: options.name.clone(),
        units,
        data: data.collect(),
        objects: vec![Object::new(format!("{path}.wasm"), module)],
    }
}

fn signature(function: &Function) -> String {
    let word = if function.is_handler { "on" } else { "fn" };
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|(name, ty)| format!("{name}: {}", ty.word()))
        .collect();
    let gives = match function.gives {
        Type::Nothing => String::new(),
        ty => format!(" -> {}", ty.word()),
    };
    format!("{word} {}({}){gives}", function.name, parameters.join(", "))
}
