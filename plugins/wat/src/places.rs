//! Where things are in the text: each function's lines, each instruction's offset.

use wast::Wat;
use wast::component::{ComponentField, ComponentKind, CoreModuleKind, NestedComponentKind};
use wast::core::{FuncKind, ModuleField, ModuleKind};
use wast::lexer::{Lexer, TokenKind};
use wast::token::Span;

use crate::types::{Diagnostic, Severity};

/// A function in the text.
#[derive(Debug, Clone)]
pub struct Place {
    /// The line of its `func`, from 1.
    pub line: u32,
    /// The column of its name or `func`, from 1, in characters.
    pub column: u32,
    /// The line of its closing parenthesis.
    pub end_line: u32,
    /// Offsets of its instructions in the text, in the order of the binary.
    pub instructions: Vec<usize>,
}

/// The functions with a body of each core module, in the order of the text. A module in binary form has none.
pub fn functions(wat: &Wat<'_>, text: &str) -> Vec<Vec<Place>> {
    let mut modules = Vec::new();
    match wat {
        Wat::Module(module) => modules.push(match &module.kind {
            ModuleKind::Text(fields) => of_fields(fields, text),
            ModuleKind::Binary(_) => Vec::new(),
        }),
        Wat::Component(component) => {
            if let ComponentKind::Text(fields) = &component.kind {
                of_component(fields, text, &mut modules);
            }
        }
    }
    modules
}

fn of_component(fields: &[ComponentField<'_>], text: &str, modules: &mut Vec<Vec<Place>>) {
    for field in fields {
        match field {
            ComponentField::CoreModule(module) => {
                if let CoreModuleKind::Inline { fields } = &module.kind {
                    modules.push(of_fields(fields, text));
                }
            }
            ComponentField::Component(inner) => {
                if let NestedComponentKind::Inline(fields) = &inner.kind {
                    of_component(fields, text, modules);
                }
            }
            _ => {}
        }
    }
}

fn of_fields(fields: &[ModuleField<'_>], text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for field in fields {
        let ModuleField::Func(function) = field else {
            continue;
        };
        let FuncKind::Inline { expression, .. } = &function.kind else {
            continue;
        };
        let name = function.id.map_or(function.span, |id| id.span());
        let spans = expression.instr_spans.iter().flat_map(|spans| spans.iter());
        places.push(Place {
            line: line_and_column(text, function.span.offset()).0,
            column: line_and_column(text, name.offset()).1,
            end_line: line_and_column(text, end_of(text, function.span)).0,
            instructions: spans.map(Span::offset).collect(),
        });
    }
    places
}

/// The offset of the parenthesis that closes the form whose first word is at `span`.
fn end_of(text: &str, span: Span) -> usize {
    let lexer = Lexer::new(text);
    let mut depth = 1_u32;
    for token in lexer.iter(span.offset()) {
        let Ok(token) = token else { break };
        match token.kind {
            TokenKind::LParen => depth += 1,
            TokenKind::RParen => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return token.offset;
        }
    }
    span.offset()
}

/// Line and column of an offset, both from 1; columns in characters.
pub fn line_and_column(text: &str, offset: usize) -> (u32, u32) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before[begin..].chars().count() + 1;
    (clamped(line), clamped(column))
}

/// An error at an offset of the text.
pub fn error_at(path: &str, text: &str, offset: usize, message: String) -> Diagnostic {
    let (line, column) = line_and_column(text, offset);
    let source_line = text.lines().nth(line as usize - 1).map(str::to_owned);
    Diagnostic {
        severity: Severity::Error,
        message,
        path: Some(path.to_owned()),
        line,
        column,
        source_line,
    }
}

fn clamped(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
