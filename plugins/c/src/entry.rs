//! What a program is, read off the symbols it defines: `main` makes a command, `lily_handle` an HTTP brick. One that has
//! neither and carries the type of a WIT world, as bindings do that wit-bindgen-c writes, is a component of that world.

use wasmparser::{KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo};

use crate::diagnostics::error;
use crate::types::Diagnostic;

/// What the component exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `wasi:cli/run`: a program with `main`.
    Command,
    /// `wasi:http/incoming-handler`: a program with `lily_handle`.
    Http,
    /// What its bindings say: a plugin, for example.
    World,
}

/// Custom sections that begin so carry the type of a world; wit-component reads them off the linked module.
const WORLD_SECTION: &str = "component-type";

/// The names that clang gives to `main`, by its parameters.
const MAIN: [&str; 4] = ["main", "__main_argc_argv", "__main_void", "__original_main"];
const HANDLER: &str = "lily_handle";
/// The same function as a C++ compiler names it when its declaration is not `extern "C"`.
const HANDLER_MANGLED: &str = "_Z11lily_handle";

/// An object file of the program, named by its source: `src/main.c.o`.
pub struct Object<'a> {
    /// The name.
    pub name: &'a str,
    /// The relocatable module.
    pub bytes: &'a [u8],
}

impl Object<'_> {
    /// The source file that this object was compiled from.
    pub fn source(&self) -> &str {
        self.name.strip_suffix(".o").unwrap_or(self.name)
    }
}

/// Decides what the program is.
///
/// # Errors
/// When it defines neither entry or both: which, where, and what to do.
pub fn kind(objects: &[Object<'_>]) -> Result<Kind, Diagnostic> {
    let mut main = None;
    let mut handler = None;
    let mut mangled = None;
    for object in objects {
        let functions = defined_functions(object.bytes).map_err(|problem| {
            error(format!(
                "object `{}` cannot be read: {problem}",
                object.name
            ))
        })?;
        for function in functions {
            if MAIN.contains(&function) {
                main = main.or(Some(object));
            } else if function == HANDLER {
                handler = handler.or(Some(object));
            } else if function.starts_with(HANDLER_MANGLED) {
                mangled = mangled.or(Some(object));
            }
        }
    }
    match (main, handler, mangled) {
        (Some(_), None, None) => Ok(Kind::Command),
        (None, Some(_), _) => Ok(Kind::Http),
        (Some(main), Some(handler), _) => Err(error(format!(
            "the program defines both `main` (in {}) and `lily_handle` (in {}): keep `main` for a command-line program \
             or `lily_handle` for an HTTP handler",
            main.source(),
            handler.source()
        ))),
        (_, None, Some(object)) => Err(Diagnostic {
            path: Some(object.source().to_owned()),
            ..error(
                "`lily_handle` is defined with C++ linkage: include <lily.h>, which declares it `extern \"C\"`, and \
                 keep its signature `void lily_handle(lily_request *, lily_response *)`",
            )
        }),
        (None, None, None) if objects.iter().any(|object| has_world(object.bytes)) => {
            Ok(Kind::World)
        }
        (None, None, None) => Err(error(
            "the program defines neither `main` nor `lily_handle`: add the source file that does, or write `int main` \
             for a command-line program or `void lily_handle(lily_request *, lily_response *)` from <lily.h> for an \
             HTTP handler",
        )),
    }
}

fn has_world(object: &[u8]) -> bool {
    Parser::new(0).parse_all(object).any(|payload| {
        matches!(payload, Ok(Payload::CustomSection(section)) if section.name().starts_with(WORLD_SECTION))
    })
}

/// The functions that a relocatable module defines for others to see.
fn defined_functions(object: &[u8]) -> wasmparser::Result<Vec<&str>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(object) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        let KnownCustom::Linking(linking) = section.as_known() else {
            continue;
        };
        for subsection in linking.subsections() {
            let Linking::SymbolTable(symbols) = subsection? else {
                continue;
            };
            for symbol in symbols {
                if let SymbolInfo::Func {
                    flags,
                    name: Some(name),
                    ..
                } = symbol?
                    && !flags.intersects(SymbolFlags::UNDEFINED | SymbolFlags::BINDING_LOCAL)
                {
                    names.push(name);
                }
            }
        }
    }
    Ok(names)
}
