//! From the text of a module to plain JavaScript: parsed, checked, its types and JSX taken out.
//!
//! What comes after, the units, what is left out, the text that the engine gets, is read from the plain tree, so that it
//! is about what runs and not about what was written around it. Spans stay those of the user's text.

use std::path::Path;
use std::rc::Rc;

use oxc::allocator::Allocator;
use oxc::ast::ast::Program;
use oxc::diagnostics::{Diagnostics, OxcDiagnostic, Severity as Weight};
use oxc::minifier::{CompressOptions, Compressor};
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::{Scoping, SemanticBuilder};
use oxc::span::SourceType;
use oxc::syntax::module_record::ModuleRecord;
use oxc::transformer::Transformer;
use oxc::transformer_plugins::{ReplaceGlobalDefines, ReplaceGlobalDefinesConfig};

use crate::decorators;
use crate::language::Language;
use crate::place::{Lines, error};
use crate::types::{Diagnostic, Severity};

/// What a module is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `import` and `export`.
    Module,
    /// `require` and `module.exports`.
    CommonJs,
    /// A value.
    Json,
    /// A string.
    Text,
}

/// How a file is read, by its extension and what its `package.json` and `tsconfig.json` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    source: SourceType,
    /// Nothing: the text decides.
    kind: Option<Kind>,
    language: Rc<Language>,
}

/// A plain JavaScript module, in the arena that it was parsed into.
#[derive(Debug)]
pub struct Plain<'a> {
    /// The tree.
    pub program: Program<'a>,
    /// [`Kind::Module`] or [`Kind::CommonJs`].
    pub kind: Kind,
    /// It has `import`, `export`, `import.meta` or `await` at its top.
    pub has_module_syntax: bool,
}

impl Reading {
    /// Neither its extension nor a `package.json` says what it is to others: the text decides.
    pub fn is_undeclared(&self) -> bool {
        self.kind.is_none()
    }

    /// How the file `path` is read; `is_module` is what its package says of `.js`. Nothing: it is no JavaScript.
    pub fn of(path: &str, is_module: Option<bool>, language: Rc<Language>) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let (_, extension) = name.rsplit_once('.')?;
        let base = match extension {
            "js" | "mjs" | "cjs" => SourceType::unambiguous(),
            // JSX in `.js` is so common that everybody reads it.
            "jsx" => SourceType::unambiguous().with_jsx(true),
            "ts" | "mts" | "cts" => SourceType::ts(),
            "tsx" => SourceType::tsx(),
            _ => return None,
        };
        let kind = match extension {
            "mjs" | "mts" => Some(Kind::Module),
            "cjs" | "cts" => Some(Kind::CommonJs),
            _ => is_module.map(|yes| if yes { Kind::Module } else { Kind::CommonJs }),
        };
        let source = match kind {
            Some(Kind::Module) => base.with_module(true),
            Some(_) if base.is_typescript() => base.with_unambiguous(true),
            Some(_) => base.with_commonjs(true),
            None => base.with_unambiguous(true),
        };
        let is_plain = matches!(extension, "js" | "mjs" | "cjs");
        Some(Self {
            source: if is_plain {
                source.with_jsx(true)
            } else {
                source
            },
            kind,
            language,
        })
    }
}

/// What is set before a program is built: `process.env.NODE_ENV` is known then, and what it decides is left out.
const DEFINES: [(&str, &str); 1] = [("process.env.NODE_ENV", "\"production\"")];

/// Reads a module. Warnings go to `told`.
///
/// # Errors
/// What is wrong with the text, each at its place.
pub fn read<'a>(
    arena: &'a Allocator,
    path: &str,
    text: &'a str,
    reading: &Reading,
    told: &mut Vec<Diagnostic>,
) -> Result<Plain<'a>, Vec<Diagnostic>> {
    let parsed = Parser::new(arena, text, reading.source)
        .with_options(ParseOptions {
            parse_regular_expression: true,
            allow_return_outside_function: matches!(reading.kind, Some(Kind::CommonJs) | None),
            preserve_parens: false,
            ..ParseOptions::default()
        })
        .parse();
    report(path, text, parsed.diagnostics, told)?;
    let mut program = parsed.program;
    let has_module_syntax = parsed.module_record.has_module_syntax;
    let kind = kind(reading, &program, &parsed.module_record);
    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .with_enum_eval(true)
        .build(&program);
    report(path, text, built.diagnostics, told)?;
    let mut scoping = built.semantic.into_scoping();
    if program.source_type.is_typescript() || program.source_type.is_jsx() {
        let options = reading.language.options();
        let transformed = Transformer::new(arena, Path::new(path), &options)
            .build_with_scoping(scoping, &mut program);
        report(path, text, transformed.diagnostics, told)?;
        scoping = transformed.scoping;
    }
    if text.contains('@')
        && let Some(offset) = decorators::first(&program)
    {
        let message = "the engine has no decorators: those of TypeScript are compiled with \"experimentalDecorators\": true in tsconfig.json";
        let lines = Lines::new(text);
        return Err(vec![lines.diagnostic(
            Severity::Error,
            path,
            offset,
            message,
        )]);
    }
    if text.contains("NODE_ENV") {
        scoping = decide(arena, &mut program, scoping)?;
    }
    drop(scoping);
    Ok(Plain {
        program,
        kind,
        has_module_syntax,
    })
}

fn kind(reading: &Reading, program: &Program<'_>, record: &ModuleRecord<'_>) -> Kind {
    match reading.kind {
        // As Node does: a package that says nothing, or TypeScript that is compiled to either, is what its text is.
        Some(Kind::CommonJs) if record.has_module_syntax => Kind::Module,
        Some(kind) => kind,
        None if record.has_module_syntax || program.source_type.is_module() => Kind::Module,
        None => Kind::CommonJs,
    }
}

/// Puts in what is known beforehand, and takes out the branches that can then never run.
fn decide<'a>(
    arena: &'a Allocator,
    program: &mut Program<'a>,
    scoping: Scoping,
) -> Result<Scoping, Vec<Diagnostic>> {
    let config = ReplaceGlobalDefinesConfig::new(&DEFINES).map_err(|_| {
        vec![error(
            "the names that are known beforehand cannot be put in",
        )]
    })?;
    let replaced = ReplaceGlobalDefines::new(arena, config).build(scoping, program);
    let _ = replaced;
    Compressor::new(arena).dead_code_elimination(program, CompressOptions::dce());
    Ok(SemanticBuilder::new()
        .build(program)
        .semantic
        .into_scoping())
}

/// Tells what is no error, and fails with what is.
fn report(
    path: &str,
    text: &str,
    found: Diagnostics,
    told: &mut Vec<Diagnostic>,
) -> Result<(), Vec<Diagnostic>> {
    let found = found.into_vec();
    if found.is_empty() {
        return Ok(());
    }
    let lines = Lines::new(text);
    let fails = found
        .iter()
        .any(|diagnostic| diagnostic.severity == Weight::Error);
    let messages = found
        .iter()
        .flat_map(|diagnostic| messages(path, &lines, diagnostic));
    if fails {
        Err(messages.collect())
    } else {
        told.extend(messages);
        Ok(())
    }
}

/// A message, and the notes that belong to it.
fn messages(path: &str, lines: &Lines<'_>, found: &OxcDiagnostic) -> Vec<Diagnostic> {
    let severity = match found.severity {
        Weight::Error => Severity::Error,
        Weight::Warning => Severity::Warning,
        Weight::Advice => Severity::Note,
    };
    let mut labels = found.labels.iter();
    let message = sentence(&found.message);
    let mut messages = match labels.next() {
        Some(first) => vec![lines.diagnostic(severity, path, first.offset(), message)],
        None => vec![Diagnostic {
            severity,
            path: Some(path.to_owned()),
            ..error(message)
        }],
    };
    for label in labels {
        let text = label.label().unwrap_or("here");
        messages.push(lines.diagnostic(Severity::Note, path, label.offset(), text));
    }
    for help in [&found.help, &found.note].into_iter().flatten() {
        messages.push(Diagnostic {
            severity: Severity::Note,
            path: Some(path.to_owned()),
            ..error(sentence(help))
        });
    }
    messages
}

/// Our messages begin small and end without a full stop.
fn sentence(message: &str) -> String {
    let message = message.trim().trim_end_matches('.');
    let mut letters = message.chars();
    let first = letters.next();
    match (first, letters.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => message.to_owned(),
    }
}
