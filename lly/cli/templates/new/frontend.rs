//! The language @NAME@. A program is lines `name = value`; a value is numbers and names from above with `+`, `-` and `*`.
//! Each line is a unit, a function without parameters; running the program prints what each gives.
//!
//! `lower` compiles the text to a core module and writes BIR around it; `emit` takes the module out again and puts it
//! into a component that prints.

#[path = "../bindings/bir.rs"]
mod bir;
#[path = "../bindings/frontend.rs"]
mod bindings;

use bindings::lily::frontend::types::Severity;
use bindings::{BrickPlan, Diagnostic, Emitted, Guest, Lowered, Options, SourceFile};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn lower(
        sources: Vec<SourceFile>,
        _companions: Vec<SourceFile>,
        options: Options,
    ) -> Result<Lowered, Vec<Diagnostic>> {
        let [source] = sources.as_slice() else {
            return Err(vec![error("a program is one `.@EXT@` file")]);
        };
        let Ok(text) = str::from_utf8(&source.contents) else {
            return Err(vec![error(&format!("`{}` is not UTF-8", source.path))]);
        };
        let lines = parse(text).map_err(|mistake| vec![mistake.diagnostic(source, text)])?;
        let units: Vec<bir::Unit> = lines.iter().map(|line| line.unit(&source.path)).collect();
        let object = format!("{}.wasm", source.path);
        Ok(Lowered {
            bir: bir::program("@NAME@", &options.name, &units, &object, &module(&lines)),
            diagnostics: Vec::new(),
        })
    }

    fn emit(bir: Vec<u8>, plan: BrickPlan, _: Options) -> Result<Emitted, Vec<Diagnostic>> {
        let Some(module) = bir::module(&bir) else {
            let reason = format!("the BIR of `{}` is not of a @NAME@ program", plan.name);
            return Err(vec![error(&reason)]);
        };
        Ok(Emitted {
            component: bir::component(module),
            diagnostics: Vec::new(),
        })
    }
}

/// One line of a program, compiled.
struct Line {
    name: String,
    line: u32,
    column: u32,
    /// Instructions that leave the value on the stack.
    code: Vec<u8>,
    /// The lines that it uses, by index.
    calls: Vec<u32>,
    digest: [u8; 32],
}

/// What is wrong, and where.
struct Mistake {
    line: u32,
    column: u32,
    message: String,
}

fn parse(text: &str) -> Result<Vec<Line>, Mistake> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, text) in text.lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default();
        if !text.trim().is_empty() {
            let mut cursor = Cursor { text, at: 0, line: number as u32 + 1 };
            let line = cursor.line(&lines)?;
            lines.push(line);
        }
    }
    Ok(lines)
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl<'a> Cursor<'a> {
    fn line(&mut self, above: &[Line]) -> Result<Line, Mistake> {
        self.skip();
        let column = self.column();
        let name = self.name();
        if name.is_empty() {
            return Err(self.mistake("expected a name"));
        }
        if above.iter().any(|line| line.name == name) {
            let message = format!("there is a `{name}` already");
            return Err(Mistake { line: self.line, column, message });
        }
        if !self.takes('=') {
            return Err(self.mistake("expected `=`"));
        }
        let mut line = Line {
            name: name.to_owned(),
            line: self.line,
            column,
            code: Vec::new(),
            calls: Vec::new(),
            digest: [0; 32],
        };
        let begin = self.at;
        self.sum(above, &mut line)?;
        if self.at < self.text.len() {
            return Err(self.mistake("expected `+`, `-`, `*` or the line's end"));
        }
        // The words without spaces, and what they refer to.
        let words = self.text[begin..].split_whitespace().collect::<String>();
        let mut hashed = words.into_bytes();
        for call in &line.calls {
            hashed.extend(above[*call as usize].digest);
        }
        line.digest = bir::sha256(&hashed);
        Ok(line)
    }

    fn sum(&mut self, above: &[Line], line: &mut Line) -> Result<(), Mistake> {
        self.product(above, line)?;
        loop {
            let operator = match () {
                () if self.takes('+') => 0x7c,
                () if self.takes('-') => 0x7d,
                () => return Ok(()),
            };
            self.product(above, line)?;
            line.code.push(operator);
        }
    }

    fn product(&mut self, above: &[Line], line: &mut Line) -> Result<(), Mistake> {
        self.value(above, line)?;
        while self.takes('*') {
            self.value(above, line)?;
            line.code.push(0x7e);
        }
        Ok(())
    }

    fn value(&mut self, above: &[Line], line: &mut Line) -> Result<(), Mistake> {
        self.skip();
        let begin = self.at;
        let word = self.name();
        if word.is_empty() {
            return Err(self.mistake("expected a number or a name"));
        }
        let wrong = |cursor: &mut Self, message: String| {
            cursor.at = begin;
            cursor.mistake(&message)
        };
        if word.starts_with(|first: char| first.is_ascii_digit()) {
            let number: i64 = word
                .parse()
                .map_err(|_| wrong(self, format!("`{word}` is not a number of 64 bits")))?;
            line.code.push(0x42);
            bir::signed(&mut line.code, number);
        } else {
            let index = above.iter().position(|line| line.name == word);
            let index = index.ok_or_else(|| wrong(self, format!("there is no `{word}` above this line")))?;
            line.code.push(0x10);
            // Function 0 is the shell's.
            bir::unsigned(&mut line.code, index as u64 + 1);
            line.calls.push(index as u32);
        }
        Ok(())
    }

    /// Letters, digits and `_`; empty if there are none.
    fn name(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let size = rest
            .find(|next: char| !next.is_ascii_alphanumeric() && next != '_')
            .unwrap_or(rest.len());
        self.at += size;
        let name = &rest[..size];
        self.skip();
        name
    }

    fn takes(&mut self, wanted: char) -> bool {
        let taken = self.text[self.at..].starts_with(wanted);
        if taken {
            self.at += wanted.len_utf8();
            self.skip();
        }
        taken
    }

    fn skip(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn column(&self) -> u32 {
        self.text[..self.at].chars().count() as u32 + 1
    }

    fn mistake(&self, message: &str) -> Mistake {
        Mistake {
            line: self.line,
            column: self.column(),
            message: message.to_owned(),
        }
    }
}

impl Line {
    fn unit(&self, file: &str) -> bir::Unit {
        bir::Unit {
            name: self.name.clone(),
            signature: format!("{} -> number", self.name),
            file: file.to_owned(),
            line: self.line,
            column: self.column,
            end_line: self.line,
            size: self.code.len() as u32,
            calls: self.calls.clone(),
            digest: self.digest,
        }
    }
}

/// The module: each line a function, and `run`, which prints what each gives.
fn module(lines: &[Line]) -> Vec<u8> {
    let count = lines.len() as u64;
    let mut to = b"\0asm\x01\0\0\0".to_vec();
    // Types: a line, `number`, `run`.
    bir::section(&mut to, 1, b"\x03\x60\0\x01\x7e\x60\x01\x7e\0\x60\0\x01\x7f");
    bir::section(&mut to, 2, b"\x01\x05shell\x06number\0\x01");
    let mut functions = Vec::new();
    bir::unsigned(&mut functions, count + 1);
    functions.extend(lines.iter().map(|_| 0));
    functions.push(2);
    bir::section(&mut to, 3, &functions);
    let mut exports = b"\x01\x03run\0".to_vec();
    bir::unsigned(&mut exports, count + 1);
    bir::section(&mut to, 7, &exports);
    let mut code = Vec::new();
    bir::unsigned(&mut code, count + 1);
    let mut run = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        bir::sized(&mut code, &[b"\0", line.code.as_slice(), b"\x0b"].concat());
        run.push(0x10);
        bir::unsigned(&mut run, index as u64 + 1);
        run.extend(b"\x10\0");
    }
    bir::sized(&mut code, &[b"\0", run.as_slice(), b"\x41\0\x0b"].concat());
    bir::section(&mut to, 10, &code);
    to
}

impl Mistake {
    fn diagnostic(self, source: &SourceFile, text: &str) -> Diagnostic {
        Diagnostic {
            path: Some(source.path.clone()),
            line: self.line,
            column: self.column,
            source_line: text.lines().nth(self.line as usize - 1).map(str::to_owned),
            ..error(&self.message)
        }
    }
}

fn error(message: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        message: message.to_owned(),
        path: None,
        line: 0,
        column: 0,
        source_line: None,
    }
}
