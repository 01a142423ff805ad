//! From a frontend's modules of JavaScript to a component: put into the engine that the frontend's plugin carries, and what
//! the engine's memory then has of its own wrapped up.
//!
//! The rule: the frontend says what the program is, the engine what it does; nothing is decided here but how to say so.

use crate::compile::CompileError;
use crate::discover::Inputs;
use host_engine::WasmDigest;
use host_plugin::{Diagnostic, Frontend, PluginModule, Severity};
use host_preinit::Limits;
use host_preinit::javascript::{Begun, Javascript, JavascriptError, Prepared, Printed, Program};
use host_web::{Value, decode, encode};
use lly_brick::container::PackedEntry;
use lly_js::{Engine, Heap, Kind, assemble};
use wasmparser::{Parser, Payload};

/// The custom section of a component that is nothing but modules.
const SECTION: &str = "lily:javascript";
/// Lines of a stack that are shown.
const FRAMES_MAX: usize = 8;

/// A program around its engine.
pub(crate) struct Built {
    pub(crate) component: Vec<u8>,
    pub(crate) module: PackedEntry,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// The modules in a component of the JavaScript frontend; none: it is a component like any other.
pub(crate) fn modules_of(component: &[u8]) -> Option<&[u8]> {
    Parser::new(0)
        .parse_all(component)
        .find_map(|payload| match payload {
            Ok(Payload::CustomSection(section)) if section.name() == SECTION => {
                Some(section.data())
            }
            _ => None,
        })
}

/// Makes the component of a program.
pub(crate) fn build(
    section: &[u8],
    inputs: &Inputs,
    frontend: &Frontend,
) -> Result<Built, CompileError> {
    let fault = |reason: &str| CompileError::Frontend(frontend.fault("emit", reason).into());
    let values = decode(section).map_err(|error| fault(&error.to_string()))?;
    let [serves, rows @ Value::List(_), Value::List(maps)] = values.as_slice() else {
        return Err(fault("it returned modules in another form than is agreed"));
    };
    let Some(carried) = frontend.modules().first() else {
        return Err(fault("its plugin carries no engine for JavaScript"));
    };
    let module = read(carried)?;
    let engine = Engine::with_digest(&module, *carried.digest.as_bytes())?;
    let javascript = Javascript {
        digest: WasmDigest::from_bytes(engine.digest),
        read: &|| std::fs::read(&carried.path),
        cache: frontend.code_cache(),
        limits: Limits::PROGRAM,
    };
    let maps = encode(maps);
    let prepared = javascript
        .prepare(Program {
            rows: &encode(std::slice::from_ref(rows)),
            maps: &maps,
            evaluate: serves.is_true(),
        })
        .map_err(|error| match error {
            JavascriptError::Thrown(text) => CompileError::Diagnostics(vec![thrown(&text, inputs)]),
            other => CompileError::Javascript(other),
        })?;
    let heap = Heap::difference(&engine, &prepared.image, &prepared.memory);
    let component = assemble(&engine, kind(&prepared.begun), &heap, &maps)?;
    Ok(Built {
        component,
        module: packed(carried)?,
        diagnostics: notes(&prepared),
    })
}

fn kind(begun: &Begun) -> Kind {
    match begun {
        // It was evaluated because it looks like a server: its instances find out.
        Begun::Serving | Begun::Asked(_) => Kind::Server,
        Begun::AtStart => Kind::Script,
    }
}

fn read(module: &PluginModule) -> Result<Vec<u8>, CompileError> {
    std::fs::read(&module.path).map_err(|source| unreadable(module, source))
}

/// The engine as the bundle carries it: compressed when the plugin was packed, and never again.
fn packed(module: &PluginModule) -> Result<PackedEntry, CompileError> {
    let frame = std::fs::read(&module.packed).map_err(|source| unreadable(module, source))?;
    let name = module.path.display().to_string();
    PackedEntry::open(&name, frame, module.digest, module.size)
        .map_err(|error| unreadable(module, std::io::Error::other(error)))
}

fn unreadable(module: &PluginModule, source: std::io::Error) -> CompileError {
    CompileError::Module {
        path: module.path.clone(),
        source,
    }
}

fn note(message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Note,
        message,
        path: None,
        line: 0,
        column: 0,
        source_line: None,
    }
}

fn notes(prepared: &Prepared) -> Vec<Diagnostic> {
    let asked = match &prepared.begun {
        Begun::Asked(function) => Some(note(format!(
            "the program asks for `{function}` as it is loaded, which only a running instance has: each instance loads it anew"
        ))),
        Begun::Serving | Begun::AtStart => None,
    };
    let printed: String = prepared
        .printed
        .iter()
        .map(|Printed { text, .. }| text.as_str())
        .collect();
    let printed = printed
        .lines()
        .map(|line| note(format!("printed while it was built: {line}")));
    asked.into_iter().chain(printed).collect()
}

/// An exception at the top of a module, at the first place of its stack that is in the user's files.
fn thrown(text: &str, inputs: &Inputs) -> Diagnostic {
    let mut lines = text.lines();
    let message: Vec<&str> = lines
        .by_ref()
        .take_while(|line| !line.trim_start().starts_with("at "))
        .collect();
    let frames: Vec<&str> = text
        .lines()
        .filter(|line| line.trim_start().starts_with("at "))
        .take(FRAMES_MAX)
        .collect();
    let place = frames.iter().find_map(|frame| place(frame, inputs));
    let mut message = format!(
        "the program throws as it is loaded: {}",
        message.join(" ").trim()
    );
    // The place of the diagnostic is the first frame; the others say how it got there.
    for frame in frames.iter().skip(1) {
        message.push_str("\n  ");
        message.push_str(frame.trim_start());
    }
    let (path, line, column) = match place {
        Some((path, line, column)) => (Some(path), line, column),
        None => (None, 0, 0),
    };
    let source_line = path.as_deref().and_then(|path| {
        let text = contents(inputs, path)?;
        let text = str::from_utf8(text).ok()?;
        let line = text
            .lines()
            .nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
        Some(line.to_owned())
    });
    Diagnostic {
        severity: Severity::Error,
        message,
        path,
        line,
        column,
        source_line,
    }
}

/// The place in a line of a stack, `at name (path:line:column)` or `at path:line:column`, if it is in a file of the user's.
fn place(frame: &str, inputs: &Inputs) -> Option<(String, u32, u32)> {
    let frame = frame.trim().strip_prefix("at ")?;
    let place = match frame.rsplit_once(" (") {
        Some((_, place)) => place.strip_suffix(')')?,
        None => frame,
    };
    let place = place.strip_prefix("file:///").unwrap_or(place);
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let path = parts.next()?;
    contents(inputs, path).map(|_| (path.to_owned(), line, column))
}

fn contents<'a>(inputs: &'a Inputs, path: &str) -> Option<&'a [u8]> {
    let mut files = inputs.sources.iter().chain(&inputs.companions);
    files
        .find(|file| file.path == path)
        .map(|file| file.contents.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_plugin::SourceFile;
    use std::collections::BTreeMap;

    #[test]
    fn an_exception_is_told_at_its_place() {
        let inputs = Inputs {
            sources: vec![SourceFile {
                path: "src/app.ts".to_owned(),
                contents: b"const a = 1;\n  throw new Error('no');\n".to_vec(),
            }],
            companions: Vec::new(),
            include_folders: Vec::new(),
            origins: BTreeMap::new(),
        };
        let text =
            "Error: no\n    at fail (lily:url.js:1:2)\n    at <anonymous> (src/app.ts:2:9)\n";
        let told = thrown(text, &inputs);
        assert_eq!(
            (told.path.as_deref(), told.line, told.column),
            (Some("src/app.ts"), 2, 9)
        );
        assert_eq!(
            told.source_line.as_deref(),
            Some("  throw new Error('no');")
        );
        assert!(
            told.message
                .starts_with("the program throws as it is loaded: Error: no")
        );
        let told = thrown("no stack", &inputs);
        assert_eq!((told.path, told.line), (None, 0));
    }
}
