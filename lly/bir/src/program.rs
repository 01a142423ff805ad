//! The program as a graph: units, data and objects, each named by its index in its table.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The version of the binary form. Raise it with any change to the types of this file.
pub const SCHEMA: u32 = 1;

/// A whole program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The frontend's languages, such as `c` or `c, c++`.
    pub language: String,
    /// The program's name, as the user gave it.
    pub name: String,
    /// The units, object by object, within one in the order of its code.
    pub units: Vec<Unit>,
    /// The data that units share, object by object; last, what no object defines.
    pub data: Vec<Data>,
    /// The payload: one entry for each translation unit, in the order they were given.
    pub objects: Vec<Object>,
}

/// One function, method, class or module as the programmer wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its qualified name, as in the source.
    pub name: String,
    /// Its name to the linker. Two units may have the same one when they are private to different objects.
    pub symbol: String,
    /// What it is in the source.
    pub kind: UnitKind,
    /// Its declaration, as far as it is known.
    pub signature: String,
    /// Where it is written. What the compiler made up has no place.
    pub span: Option<Span>,
    /// The size of its code.
    pub size_bytes: u32,
    /// What it calls by name, in the order of the first call.
    pub calls: Vec<Call>,
    /// It calls through a pointer, so what it calls is not all known.
    pub calls_indirect: bool,
    /// Its address is in data or in other code, so whoever calls indirectly may call it.
    pub address_taken: bool,
    /// Data that it may read: ascending indices into [`Program::data`].
    pub reads: Vec<u32>,
    /// Data that it may write: ascending indices into [`Program::data`].
    pub writes: Vec<u32>,
    /// Data whose address it stores, returns or passes on, so that others may touch it: ascending indices. They count
    /// as read, and when not constant as written, too.
    pub escapes: Vec<u32>,
    /// The object that defines it: an index into [`Program::objects`].
    pub object: u32,
    /// Covers its code, the data it refers to and the digests of what it calls, not where anything lies.
    pub digest: Digest,
}

/// What a unit is in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnitKind {
    /// A free function.
    Function,
    /// A function of a class, static or not.
    Method,
    /// It makes an object of a class.
    Constructor,
    /// It ends an object of a class.
    Destructor,
    /// It runs before `main`.
    Initializer,
    /// Code of the compiler's that adjusts arguments and goes on to another unit.
    Thunk,
    /// What runs when a class is made: its static part and the first values of its fields.
    Class,
    /// What runs when a module is loaded.
    Module,
}

impl UnitKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Destructor => "destructor",
            Self::Initializer => "initializer",
            Self::Thunk => "thunk",
            Self::Class => "class",
            Self::Module => "module",
        }
    }
}

/// A place in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Relative to the project's root, with `/` between its parts; absolute for a file of the frontend's own.
    pub file: String,
    /// The line it begins on, from 1.
    pub line: u32,
    /// The column of its name, from 1; 0 when unknown.
    pub column: u32,
    /// The last line that it has code for in that file, at least `line`. Units of a file nest or lie apart; they may share
    /// the line where one ends and the next begins.
    pub end_line: u32,
}

/// The target of a direct call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// An index into [`Program::units`].
    Unit(u32),
    /// A symbol that no object defines: a function of a library or of the system.
    External(String),
}

/// A variable that lives as long as the program, or a constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data {
    /// Its qualified name, as in the source.
    pub name: String,
    /// Its name to the linker.
    pub symbol: String,
    /// Whether it can change, and who has it.
    pub kind: DataKind,
    /// Its size; 0 when no object defines it.
    pub size_bytes: u32,
    /// The object that defines it: an index into [`Program::objects`].
    pub object: Option<u32>,
    /// Data whose address it holds from the start: ascending indices into [`Program::data`].
    pub data: Vec<u32>,
    /// Units whose address it holds from the start, as a table of functions does: ascending indices.
    pub units: Vec<u32>,
    /// Covers its bytes and the data that it points to, not where anything lies.
    pub digest: Digest,
}

/// What data is to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// It may change: state.
    Variable,
    /// Each thread has its own, and it may change.
    ThreadLocal,
    /// It never changes.
    Constant,
    /// A constant without a name, such as the text of a string literal.
    Literal,
    /// No object of the program defines it.
    External,
}

impl DataKind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::ThreadLocal => "thread-local",
            Self::Constant => "constant",
            Self::Literal => "literal",
            Self::External => "external",
        }
    }

    /// Whether it can change while the program runs.
    pub fn is_mutable(self) -> bool {
        match self {
            Self::Variable | Self::ThreadLocal | Self::External => true,
            Self::Constant | Self::Literal => false,
        }
    }
}

/// A piece of the payload, which only its frontend understands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// A path relative to the project's root, such as `src/main.c.o`.
    pub name: String,
    /// The sha256 of `bytes`.
    pub digest: Digest,
    /// The contents.
    #[serde(with = "crate::binary::bytes")]
    pub bytes: Vec<u8>,
}

impl Object {
    /// An object of these bytes.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            digest: Digest::of(&bytes),
            bytes,
        }
    }
}
