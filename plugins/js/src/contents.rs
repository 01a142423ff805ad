//! What one module consists of, on its own: its units, its state, and what they do to each other and to other modules.

use std::collections::{BTreeSet, HashMap};

use lly_bir::{DataKind, UnitKind};
use oxc::syntax::symbol::SymbolId;

use crate::links::{Imported, Links};

/// What a unit calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Callee {
    /// A unit of the same module: an index of [`Contents::units`].
    Unit(usize),
    /// What a request gives under this name.
    Import(usize, String),
    /// A function of the language or of the platform, such as `JSON.stringify`.
    Platform(String),
}

/// State that a unit reads or writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Held {
    /// Of the same module: an index of [`Contents::state`].
    Own(usize),
    /// What a request gives.
    Import(usize, Imported),
    /// A name that nothing declares: a property of `globalThis`.
    Global(String),
}

/// A unit, before its module is joined with the others.
#[derive(Clone, Debug)]
pub struct UnitRow {
    /// With the names of the units that it is written in: `Router.get`.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// As it is written, up to its body.
    pub signature: String,
    /// Byte offsets of its first and its last character in the user's text, and of its name.
    pub start: u32,
    /// One after its last character.
    pub end: u32,
    /// Where its name begins.
    pub place: u32,
    /// Its code without that of the units within it, in one form whatever the user's spaces and comments are.
    pub code: String,
    /// In the order of the first call.
    pub calls: Vec<Callee>,
    /// It calls what only the running program knows.
    pub calls_indirect: bool,
    /// It is used as a value, so whoever calls indirectly may call it.
    pub address_taken: bool,
    /// State whose value it uses.
    pub reads: BTreeSet<Held>,
    /// State that it sets, or whose object it may change.
    pub writes: BTreeSet<Held>,
    /// State whose object it hands on.
    pub escapes: BTreeSet<Held>,
}

/// A variable that more than one call can see.
#[derive(Clone, Debug)]
pub struct StateRow {
    /// With the name of the unit that it is written in.
    pub name: String,
    /// Whether it can change.
    pub kind: DataKind,
    /// Where it is declared: a byte offset.
    pub start: u32,
    /// Units that it holds from the start.
    pub units: BTreeSet<usize>,
}

/// A module.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The first is the module itself: what runs when it is loaded.
    pub units: Vec<UnitRow>,
    /// In the order in which it is written.
    pub state: Vec<StateRow>,
    /// What it asks for, and what it offers.
    pub links: Links,
    /// The units that names stand for.
    pub unit_of: HashMap<SymbolId, usize>,
    /// The state that names stand for.
    pub state_of: HashMap<SymbolId, usize>,
    /// The unit that `export default` gives, when it has no name at the module's top.
    pub default_unit: Option<usize>,
    /// The class that a constructor belongs to, by the constructor's index.
    pub class_of: HashMap<usize, usize>,
}
