//! Writes relocatable objects by hand.

use lly_bir::Object;

pub const GLOBAL: u8 = 0;
pub const WEAK: u8 = 1;
pub const LOCAL: u8 = 2;
pub const UNDEFINED: u8 = 0x10;

/// A piece of code: bytes as they stand, or an immediate that the linker fills in.
#[derive(Clone)]
pub enum Piece {
    Raw(Vec<u8>),
    /// `call SYMBOL`
    Call(&'static str),
    /// `i32.const SYMBOL`
    Address(&'static str),
    /// `i32.const` of the table slot of a function.
    Slot(&'static str),
    /// `i32.load offset=SYMBOL`
    Load(&'static str),
    /// `i32.store offset=SYMBOL`
    Store(&'static str),
}

use Piece::{Address, Load, Slot, Store};

pub fn raw(bytes: &[u8]) -> Piece {
    Piece::Raw(bytes.to_vec())
}

/// Operators by their code.
pub const BLOCK: &[u8] = &[0x02, 0x40];
pub const LOOP: &[u8] = &[0x03, 0x40];
pub const IF: &[u8] = &[0x04, 0x40];
pub const END: &[u8] = &[0x0b];
pub const DROP: &[u8] = &[0x1a];
pub const LOAD: &[u8] = &[0x28, 2, 0];
pub const STORE: &[u8] = &[0x36, 2, 0];
pub const ADD: &[u8] = &[0x6a];

pub fn get(local: u8) -> Piece {
    raw(&[0x20, local])
}

pub fn set(local: u8) -> Piece {
    raw(&[0x21, local])
}

pub fn constant(value: u8) -> Piece {
    raw(&[0x41, value])
}

/// Name, flags, segment, bytes, and symbols whose addresses stand at their beginning, four bytes each.
type Data = (&'static str, u8, &'static str, Vec<u8>, Vec<&'static str>);

/// An object in the making. Every function takes one i32, returns none and has two more locals.
#[derive(Default)]
pub struct Builder {
    pub functions: Vec<(&'static str, u8, Vec<Piece>)>,
    pub imports: Vec<&'static str>,
    pub data: Vec<Data>,
    pub outside: Vec<&'static str>,
    pub initializers: Vec<&'static str>,
}

impl Builder {
    pub fn function(mut self, name: &'static str, flags: u8, code: &[Piece]) -> Self {
        self.functions.push((name, flags, code.to_vec()));
        self
    }

    pub fn import(mut self, name: &'static str) -> Self {
        self.imports.push(name);
        self
    }

    pub fn variable(self, name: &'static str, flags: u8) -> Self {
        self.data(name, flags, ".data", &[1, 0, 0, 0], &[])
    }

    pub fn data(
        mut self,
        name: &'static str,
        flags: u8,
        segment: &'static str,
        bytes: &[u8],
        holds: &[&'static str],
    ) -> Self {
        self.data
            .push((name, flags, segment, bytes.to_vec(), holds.to_vec()));
        self
    }

    /// Symbols: functions, imports, data, data of others.
    fn symbol(&self, name: &str) -> (u8, bool) {
        let functions = self
            .functions
            .iter()
            .map(|function| function.0)
            .chain(self.imports.clone());
        let data = self
            .data
            .iter()
            .map(|data| data.0)
            .chain(self.outside.clone());
        let place = functions
            .chain(data)
            .position(|known| known == name)
            .expect("a symbol");
        (
            place as u8,
            place < self.functions.len() + self.imports.len(),
        )
    }

    pub fn build(&self, name: &str) -> Object {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        section(&mut module, 1, &[1, 0x60, 1, 0x7f, 0]);
        let mut imports = vec![1 + self.imports.len() as u8];
        for name in &self.imports {
            text(&mut imports, "env");
            text(&mut imports, name);
            imports.extend([0, 0]);
        }
        text(&mut imports, "env");
        text(&mut imports, "__linear_memory");
        imports.extend([2, 0, 1]);
        section(&mut module, 2, &imports);
        let mut types = vec![self.functions.len() as u8];
        types.resize(1 + self.functions.len(), 0);
        section(&mut module, 3, &types);
        let mut relocations = Vec::new();
        let code = self.code(&mut relocations);
        section(&mut module, 10, &code);
        let mut data_relocations = Vec::new();
        let mut data = vec![self.data.len() as u8];
        for (.., bytes, holds) in &self.data {
            data.extend([0, 0x41, 0, 0x0b, bytes.len() as u8]);
            for (at, symbol) in holds.iter().enumerate() {
                let (index, is_function) = self.symbol(symbol);
                let kind = if is_function { 2 } else { 5 };
                data_relocations.push((kind, data.len() + at * 4, index));
            }
            data.extend(bytes);
        }
        section(&mut module, 11, &data);
        self.linking(&mut module);
        // The code is the fourth section, the data the fifth.
        for (section_index, name, entries) in [
            (3, "reloc.CODE", relocations),
            (4, "reloc.DATA", data_relocations),
        ] {
            let mut bytes = Vec::new();
            text(&mut bytes, name);
            bytes.push(section_index);
            leb(&mut bytes, entries.len());
            for (kind, at, symbol) in entries {
                bytes.push(kind);
                leb(&mut bytes, at);
                bytes.push(symbol);
                if matches!(kind, 3..=5) {
                    bytes.push(0);
                }
            }
            section(&mut module, 0, &bytes);
        }
        Object::new(name, module)
    }

    fn code(&self, relocations: &mut Vec<(u8, usize, u8)>) -> Vec<u8> {
        const BLANK: [u8; 5] = [0x80, 0x80, 0x80, 0x80, 0];
        let mut code = vec![self.functions.len() as u8];
        for (.., pieces) in &self.functions {
            let mut body = vec![1, 2, 0x7f];
            let mut places = Vec::new();
            for piece in pieces {
                let (operator, kind, symbol): (&[u8], u8, &str) = match piece {
                    Piece::Raw(bytes) => {
                        body.extend(bytes);
                        continue;
                    }
                    Piece::Call(symbol) => (&[0x10], 0, symbol),
                    Slot(symbol) => (&[0x41], 1, symbol),
                    Address(symbol) => (&[0x41], 4, symbol),
                    Load(symbol) => (&[0x28, 2], 3, symbol),
                    Store(symbol) => (&[0x36, 2], 3, symbol),
                };
                body.extend(operator);
                places.push((kind, body.len(), self.symbol(symbol).0));
                body.extend(BLANK);
            }
            body.push(0x0b);
            leb(&mut code, body.len());
            let start = code.len();
            relocations.extend(
                places
                    .into_iter()
                    .map(|(kind, at, symbol)| (kind, start + at, symbol)),
            );
            code.extend(body);
        }
        code
    }

    fn linking(&self, module: &mut Vec<u8>) {
        let mut symbols = Vec::new();
        let count =
            self.functions.len() + self.imports.len() + self.data.len() + self.outside.len();
        leb(&mut symbols, count);
        for (at, (name, flags, _)) in self.functions.iter().enumerate() {
            symbols.extend([0, *flags, (self.imports.len() + at) as u8]);
            text(&mut symbols, name);
        }
        for at in 0..self.imports.len() {
            symbols.extend([0, UNDEFINED, at as u8]);
        }
        for (at, (name, flags, _, bytes, _)) in self.data.iter().enumerate() {
            symbols.extend([1, *flags]);
            text(&mut symbols, name);
            symbols.extend([at as u8, 0, bytes.len() as u8]);
        }
        for name in &self.outside {
            symbols.extend([1, UNDEFINED]);
            text(&mut symbols, name);
        }
        let mut segments = vec![self.data.len() as u8];
        for (name, _, segment, ..) in &self.data {
            text(&mut segments, &format!("{segment}.{name}"));
            segments.extend([2, 0]);
        }
        let mut early = vec![self.initializers.len() as u8];
        for name in &self.initializers {
            early.extend([0x7f, self.symbol(name).0]);
        }
        let mut bytes = Vec::new();
        text(&mut bytes, "linking");
        bytes.push(2);
        for (kind, part) in [(5, segments), (6, early), (8, symbols)] {
            bytes.push(kind);
            leb(&mut bytes, part.len());
            bytes.extend(part);
        }
        section(module, 0, &bytes);
    }
}

pub fn section(module: &mut Vec<u8>, id: u8, contents: &[u8]) {
    module.push(id);
    leb(module, contents.len());
    module.extend(contents);
}

pub fn text(bytes: &mut Vec<u8>, text: &str) {
    leb(bytes, text.len());
    bytes.extend(text.as_bytes());
}

pub fn leb(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
