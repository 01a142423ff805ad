//! A tree to WebAssembly text, types checked on the way. Instructions stand on the line of the source that they come from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Mistake;
use crate::parser::{Doing, Expression, Function, Part, Place, Statement, Type, Value};

/// Below it lies what the runtime scribbles on.
const LITERALS_BEGIN: usize = 1024;
const IMPORTS: &str = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $wasi.fd_write (param i32 i32 i32 i32) (result i32))) (import "wasi_snapshot_preview1" "fd_read" (func $wasi.fd_read (param i32 i32 i32 i32) (result i32))) (import "wasi_snapshot_preview1" "environ_get" (func $wasi.environ_get (param i32 i32) (result i32))) (import "wasi_snapshot_preview1" "environ_sizes_get" (func $wasi.environ_sizes_get (param i32 i32) (result i32)))"#;
const RUNTIME: &str = include_str!("runtime.wat");

/// The code of a program.
pub struct Generated {
    /// A module in text form.
    pub text: String,
    /// One for each function, in their order.
    pub functions: Vec<Code>,
    /// The texts of the program, without those of the runtime.
    pub literals: Vec<String>,
}

/// What a function came to.
pub struct Code {
    /// Its instructions with what they refer to by name.
    pub digested: String,
    /// Functions it calls, in the order of the first call.
    pub calls: Vec<String>,
    /// Whether it prints.
    pub prints: bool,
    /// Indices of its literals.
    pub literals: Vec<usize>,
}

/// Makes the code of a program.
///
/// # Errors
/// The first place that does not fit: types, names, a path without `return`.
pub fn generate(functions: &[Function]) -> Result<Generated, Mistake> {
    let mut known: BTreeMap<&str, &Function> = BTreeMap::new();
    for function in functions {
        if known.insert(&function.name, function).is_some() {
            return Err(Mistake::at(
                function.name_place,
                format!("there are two functions `{}`", function.name),
            ));
        }
    }
    let entry = entry(functions)?;
    let mut text = String::from(IMPORTS);
    let mut line = 1;
    let mut literals = Vec::new();
    let mut codes = Vec::new();
    for function in functions {
        let mut body = Body::new(function, &known, &mut literals);
        body.block(&function.body)?;
        if function.gives != Type::Nothing {
            if !always_returns(&function.body) {
                return Err(Mistake::at(
                    (function.end_line, 1),
                    format!(
                        "`{}` gives {} but can come to its end without `return`",
                        function.name,
                        function.gives.word()
                    ),
                ));
            }
            body.push(function.end_line, "unreachable");
        }
        body.write(&mut text, &mut line);
        codes.push(body.code);
    }
    let count = literals.len();
    let start = match entry {
        true => {
            let mut place = |text: &str| address(&mut literals, text).1;
            let header = place("Content-Type: text/plain; charset=utf-8\n\n");
            let names = ["REQUEST_METHOD=", "PATH_INFO="].map(place);
            format!(
                "(call $rt.write (i32.const {header})) (call $rt.write (call $request \
                (call $rt.env (i32.const {})) (call $rt.env (i32.const {})) (call $rt.stdin)))",
                names[0], names[1]
            )
        }
        false => "(call $main)".to_owned(),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\n(func $rt.start (export \"_start\") {start})\n{RUNTIME}"
    );
    let mut at = LITERALS_BEGIN;
    for literal in &literals {
        let bytes = (literal.len() as u32)
            .to_le_bytes()
            .into_iter()
            .chain(literal.bytes());
        let escaped: String = bytes.map(|byte| format!("\\{byte:02x}")).collect();
        let _ = writeln!(text, "(data (i32.const {at}) \"{escaped}\")");
        at += size_of(literal);
    }
    let pages = at / 65536 + 1;
    let _ = writeln!(
        text,
        "(memory (export \"memory\") {pages})\n(global $rt.heap (mut i32) (i32.const {at})))"
    );
    literals.truncate(count);
    Ok(Generated {
        text,
        functions: codes,
        literals,
    })
}

/// Whether the program is a handler.
fn entry(functions: &[Function]) -> Result<bool, Mistake> {
    let handler = functions.iter().find(|function| function.is_handler);
    let main = functions.iter().find(|function| function.name == "main");
    match (main, handler) {
        (Some(main), _) if !main.parameters.is_empty() || main.gives != Type::Nothing => {
            Err(Mistake::at(
                main.name_place,
                "`main` takes nothing and gives nothing: write `fn main()`",
            ))
        }
        (Some(_), Some(handler)) => Err(Mistake::at(
            handler.name_place,
            "a program has `main` or `on request`, not both",
        )),
        (Some(_), None) => Ok(false),
        (None, Some(_)) => Ok(true),
        (None, None) => Err(Mistake::at(
            (0, 0),
            "the program has neither `fn main()` nor `on request(method, path, body)`",
        )),
    }
}

fn always_returns(block: &[Statement]) -> bool {
    block.iter().any(|statement| match &statement.kind {
        Doing::Return(_) => true,
        Doing::If(_, then, otherwise) => always_returns(then) && always_returns(otherwise),
        _ => false,
    })
}

fn size_of(literal: &str) -> usize {
    (literal.len() + 4).next_multiple_of(4)
}

/// Index and address of a literal, which is added when it is new.
fn address(literals: &mut Vec<String>, text: &str) -> (usize, usize) {
    let index = literals
        .iter()
        .position(|one| one == text)
        .unwrap_or_else(|| {
            literals.push(text.to_owned());
            literals.len() - 1
        });
    let before: usize = literals[..index].iter().map(|one| size_of(one)).sum();
    (index, LITERALS_BEGIN + before)
}

fn wasm(ty: Type) -> &'static str {
    if ty == Type::Int { "i64" } else { "i32" }
}

struct Body<'a> {
    function: &'a Function,
    known: &'a BTreeMap<&'a str, &'a Function>,
    literals: &'a mut Vec<String>,
    /// Variables in view, innermost last: name, local, type.
    scope: Vec<(String, String, Type)>,
    locals: Vec<(String, Type)>,
    instructions: Vec<(u32, String)>,
    labels: u32,
    code: Code,
}

impl<'a> Body<'a> {
    fn new(
        function: &'a Function,
        known: &'a BTreeMap<&'a str, &'a Function>,
        literals: &'a mut Vec<String>,
    ) -> Self {
        let parameters = function.parameters.iter();
        Body {
            function,
            known,
            literals,
            scope: parameters
                .map(|(name, ty)| (name.clone(), name.clone(), *ty))
                .collect(),
            locals: Vec::new(),
            instructions: Vec::new(),
            labels: 0,
            code: Code {
                digested: String::new(),
                calls: Vec::new(),
                prints: false,
                literals: Vec::new(),
            },
        }
    }

    fn write(&mut self, text: &mut String, line: &mut u32) {
        advance(text, line, self.function.place.0);
        let _ = write!(text, " (func ${}", self.function.name);
        for (name, ty) in &self.function.parameters {
            let _ = write!(text, " (param ${name} {})", wasm(*ty));
        }
        if self.function.gives != Type::Nothing {
            let _ = write!(text, " (result {})", wasm(self.function.gives));
        }
        for (name, ty) in &self.locals {
            let _ = write!(text, " (local ${name} {})", wasm(*ty));
        }
        for (at, instruction) in &self.instructions {
            advance(text, line, *at);
            let _ = write!(text, " {instruction}");
        }
        text.push(')');
    }

    fn push(&mut self, line: u32, instruction: &str) {
        self.code.digested.push_str(instruction);
        self.code.digested.push('\n');
        self.instructions.push((line, instruction.to_owned()));
    }

    fn literal(&mut self, line: u32, text: &str) {
        let (index, at) = address(self.literals, text);
        let _ = writeln!(self.code.digested, "text {text:?}");
        self.instructions.push((line, format!("i32.const {at}")));
        if !self.code.literals.contains(&index) {
            self.code.literals.push(index);
        }
    }

    fn block(&mut self, statements: &[Statement]) -> Result<(), Mistake> {
        let depth = self.scope.len();
        statements
            .iter()
            .try_for_each(|statement| self.statement(statement))?;
        self.scope.truncate(depth);
        Ok(())
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), Mistake> {
        let line = statement.place.0;
        match &statement.kind {
            Doing::Let(name, value) => {
                let ty = self.expression(value)?;
                if ty == Type::Nothing {
                    return Err(Mistake::at(value.place, "this gives nothing to keep"));
                }
                let local = format!("{name}.{}", self.locals.len());
                self.push(line, &format!("local.set ${local}"));
                self.locals.push((local.clone(), ty));
                self.scope.push((name.clone(), local, ty));
            }
            Doing::Set(name, value) => {
                let (local, ty) = self.variable(name, statement.place)?;
                self.wants(value, ty)?;
                self.push(line, &format!("local.set ${local}"));
            }
            Doing::If(condition, then, otherwise) => {
                self.wants(condition, Type::Bool)?;
                self.push(line, "if");
                self.block(then)?;
                if !otherwise.is_empty() {
                    self.push(otherwise[0].place.0, "else");
                    self.block(otherwise)?;
                }
                self.push(line, "end");
            }
            Doing::While(condition, body) => {
                let label = self.labels;
                self.labels += 1;
                self.push(line, &format!("block $done.{label} loop $more.{label}"));
                self.wants(condition, Type::Bool)?;
                self.push(line, &format!("i32.eqz br_if $done.{label}"));
                self.block(body)?;
                self.push(line, &format!("br $more.{label} end end"));
            }
            Doing::Return(value) => {
                match value {
                    Some(value) => self.wants(value, self.function.gives)?,
                    None if self.function.gives != Type::Nothing => {
                        let gives = self.function.gives.word();
                        return Err(Mistake::at(
                            statement.place,
                            format!("`return` needs a value of type {gives} here"),
                        ));
                    }
                    None => {}
                }
                self.push(line, "return");
            }
            Doing::Print(value) => {
                self.shown(value)?;
                self.code.prints = true;
                self.push(line, "call $rt.write");
                self.literal(line, "\n");
                self.push(line, "call $rt.write");
            }
            Doing::Call(call) => {
                if self.expression(call)? != Type::Nothing {
                    self.push(line, "drop");
                }
            }
        }
        Ok(())
    }

    fn variable(&self, name: &str, place: Place) -> Result<(String, Type), Mistake> {
        let found = self.scope.iter().rev().find(|(known, ..)| known == name);
        found
            .map(|(_, local, ty)| (local.clone(), *ty))
            .ok_or_else(|| {
                Mistake::at(
                    place,
                    format!("there is no variable `{name}` here: `let {name} = …` makes one"),
                )
            })
    }

    fn wants(&mut self, value: &Expression, wanted: Type) -> Result<(), Mistake> {
        let found = self.expression(value)?;
        if found == wanted {
            return Ok(());
        }
        Err(Mistake::at(
            value.place,
            format!("expected {}, found {}", wanted.word(), found.word()),
        ))
    }

    /// A value as a string.
    fn shown(&mut self, value: &Expression) -> Result<(), Mistake> {
        let line = value.place.0;
        match self.expression(value)? {
            Type::Str => {}
            Type::Int => self.push(line, "call $rt.int"),
            Type::Bool => {
                self.push(line, "if (result i32)");
                self.literal(line, "true");
                self.push(line, "else");
                self.literal(line, "false");
                self.push(line, "end");
            }
            Type::Nothing => return Err(Mistake::at(value.place, "this gives nothing to show")),
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression) -> Result<Type, Mistake> {
        let (line, place) = (expression.place.0, expression.place);
        Ok(match &expression.kind {
            Value::Integer(number) => {
                self.push(line, &format!("i64.const {number}"));
                Type::Int
            }
            Value::Truth(is) => {
                self.push(line, &format!("i32.const {}", u32::from(*is)));
                Type::Bool
            }
            Value::Text(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    match part {
                        Part::Plain(text) => self.literal(line, text),
                        Part::Shown(value) => self.shown(value)?,
                    }
                    if at > 0 {
                        self.push(line, "call $rt.concat");
                    }
                }
                Type::Str
            }
            Value::Name(name) => {
                let (local, ty) = self.variable(name, place)?;
                self.push(line, &format!("local.get ${local}"));
                ty
            }
            Value::Call(name, arguments) => self.call(name, arguments, place)?,
            Value::Prefix("-", value) => {
                self.push(line, "i64.const 0");
                self.wants(value, Type::Int)?;
                self.push(line, "i64.sub");
                Type::Int
            }
            Value::Prefix(_, value) => {
                self.wants(value, Type::Bool)?;
                self.push(line, "i32.eqz");
                Type::Bool
            }
            Value::Infix(sign, left, right) => self.infix(sign, left, right, place)?,
        })
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        place: Place,
    ) -> Result<Type, Mistake> {
        let Some(callee) = self.known.get(name).copied() else {
            return Err(Mistake::at(place, format!("there is no function `{name}`")));
        };
        let (wanted, found) = (callee.parameters.len(), arguments.len());
        if wanted != found {
            return Err(Mistake::at(
                place,
                format!("`{name}` takes {wanted} values, not {found}"),
            ));
        }
        for (argument, (_, ty)) in arguments.iter().zip(&callee.parameters) {
            self.wants(argument, *ty)?;
        }
        self.push(place.0, &format!("call ${name}"));
        if !self.code.calls.iter().any(|one| one == name) {
            self.code.calls.push(name.to_owned());
        }
        Ok(callee.gives)
    }

    fn infix(
        &mut self,
        sign: &str,
        left: &Expression,
        right: &Expression,
        place: Place,
    ) -> Result<Type, Mistake> {
        let line = place.0;
        let ty = self.expression(left)?;
        if sign == "and" || sign == "or" {
            if ty != Type::Bool {
                return Err(Mistake::at(
                    left.place,
                    format!("expected bool, found {}", ty.word()),
                ));
            }
            self.push(
                line,
                if sign == "and" {
                    "if (result i32)"
                } else {
                    "if (result i32) i32.const 1 else"
                },
            );
            self.wants(right, Type::Bool)?;
            self.push(
                line,
                if sign == "and" {
                    "else i32.const 0 end"
                } else {
                    "end"
                },
            );
            return Ok(Type::Bool);
        }
        self.wants(right, ty)?;
        let (instruction, gives) = match (sign, ty) {
            ("+", Type::Str) => ("call $rt.concat", Type::Str),
            ("==", Type::Str) => ("call $rt.equal", Type::Bool),
            ("!=", Type::Str) => ("call $rt.equal i32.eqz", Type::Bool),
            ("==", Type::Bool) => ("i32.eq", Type::Bool),
            ("!=", Type::Bool) => ("i32.ne", Type::Bool),
            ("+", Type::Int) => ("i64.add", Type::Int),
            ("-", Type::Int) => ("i64.sub", Type::Int),
            ("*", Type::Int) => ("i64.mul", Type::Int),
            ("/", Type::Int) => ("i64.div_s", Type::Int),
            ("%", Type::Int) => ("i64.rem_s", Type::Int),
            ("==", Type::Int) => ("i64.eq", Type::Bool),
            ("!=", Type::Int) => ("i64.ne", Type::Bool),
            ("<", Type::Int) => ("i64.lt_s", Type::Bool),
            ("<=", Type::Int) => ("i64.le_s", Type::Bool),
            (">", Type::Int) => ("i64.gt_s", Type::Bool),
            (">=", Type::Int) => ("i64.ge_s", Type::Bool),
            _ => {
                return Err(Mistake::at(
                    place,
                    format!("`{sign}` does not work on {}", ty.word()),
                ));
            }
        };
        self.push(line, instruction);
        Ok(gives)
    }
}

fn advance(text: &mut String, line: &mut u32, to: u32) {
    while *line < to {
        text.push('\n');
        *line += 1;
    }
}
