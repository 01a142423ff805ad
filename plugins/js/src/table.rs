//! The units of all modules as one table: BIR.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use lly_bir::digest::{Hasher, Node, of_graph};
use lly_bir::{
    Call, Data, DataKind, Digest, Object, Program, SCHEMA, Span, Unit, UnitKind,
    shorten_crossing_spans,
};

use crate::contents::{Callee, Held, StateRow, UnitRow};
use crate::graph::{Graph, Reached, Resolved};
use crate::links::Imported;
use crate::place::Lines;
use crate::shake::Kept;

/// Joins the modules that are kept. `objects` are theirs, in the order of [`Kept::modules`]; `text` gives a module's.
pub fn program<'t>(
    graph: &Graph,
    kept: &Kept,
    name: &str,
    objects: Vec<Object>,
    text: impl Fn(usize) -> &'t str,
) -> Program {
    let mut join = Join::new(graph, kept);
    let mut units = Vec::new();
    for (object, module) in kept.modules.iter().enumerate() {
        let lines = Lines::new(text(*module));
        for (at, row) in graph.modules[*module].contents.units.iter().enumerate() {
            if join.units.contains_key(&(*module, at)) {
                units.push(join.unit(*module, at, row, object as u32, &lines));
            }
        }
    }
    let data = join.data(kept);
    let codes = join.units.keys().map(|(module, at)| {
        let row = &graph.modules[*module].contents.units[*at];
        row.code.as_str()
    });
    let nodes: Vec<Node> = units
        .iter()
        .zip(codes)
        .map(|(unit, code)| node(unit, code, &data))
        .collect();
    for (unit, digest) in units.iter_mut().zip(of_graph(&nodes)) {
        unit.digest = digest;
    }
    for at in &join.taken {
        units[*at as usize].address_taken = true;
    }
    shorten_crossing_spans(&mut units);
    Program {
        schema: SCHEMA,
        language: "javascript".to_owned(),
        name: name.to_owned(),
        units,
        data,
        objects,
    }
}

/// Indices of one module's rows in the table of all.
struct Join<'a> {
    graph: &'a Graph,
    /// Units that are kept, by module and index.
    units: BTreeMap<(usize, usize), u32>,
    /// State that is kept.
    state: BTreeMap<(usize, usize), u32>,
    /// Names that nothing declares; they come after all state.
    globals: BTreeMap<String, u32>,
    /// Units that somebody uses as a value from another module, or that the host calls.
    taken: BTreeSet<u32>,
}

impl<'a> Join<'a> {
    fn new(graph: &'a Graph, kept: &Kept) -> Self {
        let mut join = Self {
            graph,
            units: BTreeMap::new(),
            state: BTreeMap::new(),
            globals: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        for module in kept.modules.iter().copied() {
            let one = &graph.modules[module];
            let stays = |start: u32| {
                let part = one
                    .parts
                    .iter()
                    .position(|part| part.span.0 <= start && start < part.span.1);
                part.is_none_or(|at| kept.parts.contains(&(module, at)))
            };
            for (at, row) in one.contents.units.iter().enumerate() {
                if at == 0 || stays(row.start) {
                    let index = join.units.len() as u32;
                    join.units.insert((module, at), index);
                }
            }
            for (at, row) in one.contents.state.iter().enumerate() {
                if stays(row.start) {
                    let index = join.state.len() as u32;
                    join.state.insert((module, at), index);
                }
            }
        }
        join.find_globals();
        join.take_roots();
        join
    }

    fn find_globals(&mut self) {
        let mut names = BTreeSet::new();
        for (module, at) in self.units.keys() {
            let row = &self.graph.modules[*module].contents.units[*at];
            for held in row.reads.iter().chain(&row.writes).chain(&row.escapes) {
                if let Held::Global(name) = held {
                    names.insert(name.clone());
                }
            }
        }
        let first = self.state.len() as u32;
        self.globals = names.into_iter().zip(first..).collect();
    }

    /// What the sources offer is called by the host.
    fn take_roots(&mut self) {
        for root in 0..self.graph.roots {
            let contents = &self.graph.modules[root].contents;
            let names = contents.links.exports.keys().cloned().map(Imported::Name);
            let found: Vec<Resolved> = names.map(|name| self.graph.resolve(root, &name)).collect();
            for resolved in found {
                self.take(&resolved);
            }
            // `export default { fetch() {} }`: the object's functions.
            let contents = &self.graph.modules[root].contents;
            for (at, row) in contents.units.iter().enumerate() {
                if row.name.starts_with("default.") {
                    self.taken.extend(self.units.get(&(root, at)));
                }
            }
        }
    }

    fn take(&mut self, resolved: &Resolved) {
        if let Some(unit) = self.unit_of(resolved) {
            self.taken.extend(self.units.get(&unit));
        }
    }

    /// The unit that a name stands for.
    fn unit_of(&self, resolved: &Resolved) -> Option<(usize, usize)> {
        match resolved {
            Resolved::Symbol(module, symbol) => {
                let unit = self.graph.modules[*module].contents.unit_of.get(symbol)?;
                Some((*module, *unit))
            }
            Resolved::Default(module) => {
                let unit = self.graph.modules[*module].contents.default_unit?;
                Some((*module, unit))
            }
            _ => None,
        }
    }

    fn state_of(&self, resolved: &Resolved) -> Option<u32> {
        let Resolved::Symbol(module, symbol) = resolved else {
            return None;
        };
        let at = self.graph.modules[*module].contents.state_of.get(symbol)?;
        self.state.get(&(*module, *at)).copied()
    }

    fn unit(
        &mut self,
        module: usize,
        at: usize,
        row: &UnitRow,
        object: u32,
        lines: &Lines<'_>,
    ) -> Unit {
        let mut unit = Unit {
            name: row.name.clone(),
            symbol: if at == 0 {
                row.name.clone()
            } else {
                format!("{}#{}", self.graph.modules[module].path, row.name)
            },
            kind: row.kind,
            signature: row.signature.clone(),
            span: Some(self.span(module, row, lines)),
            size_bytes: row.code.len() as u32,
            calls: Vec::new(),
            calls_indirect: row.calls_indirect,
            address_taken: row.address_taken,
            reads: Vec::new(),
            writes: Vec::new(),
            escapes: Vec::new(),
            object,
            digest: Digest::from_bytes([0; 32]),
        };
        if at == 0 {
            self.loads(module, &mut unit);
        }
        for callee in &row.calls {
            self.call(module, callee, &mut unit);
        }
        let mut reads: BTreeSet<u32> = unit.reads.iter().copied().collect();
        let (mut writes, mut escapes) = Default::default();
        self.held(module, &row.reads, &mut reads);
        self.held(module, &row.writes, &mut writes);
        self.held(module, &row.escapes, &mut escapes);
        let list = |set: BTreeSet<u32>| set.into_iter().collect::<Vec<u32>>();
        (unit.reads, unit.writes, unit.escapes) = (list(reads), list(writes), list(escapes));
        unit
    }

    fn span(&self, module: usize, row: &UnitRow, lines: &Lines<'_>) -> Span {
        let (line, _) = lines.place(row.start);
        let (place, column) = lines.place(row.place);
        Span {
            file: self.graph.modules[module].path.clone(),
            line,
            // The column of the name, where the name stands on the first line.
            column: if place == line { column } else { 1 },
            end_line: lines.line(row.end.saturating_sub(1)).max(line),
        }
    }

    /// Loading a module loads those that it asks for.
    fn loads(&self, module: usize, unit: &mut Unit) {
        let one = &self.graph.modules[module];
        for reached in &one.reached {
            let target = match reached {
                Reached::Module(target) => self.units.get(&(*target, 0)),
                _ => None,
            };
            if let Some(target) = target {
                push(unit, Call::Unit(*target));
            }
        }
    }

    fn call(&mut self, module: usize, callee: &Callee, unit: &mut Unit) {
        match callee {
            Callee::Unit(at) => {
                if let Some(target) = self.units.get(&(module, *at)) {
                    push(unit, Call::Unit(*target));
                }
            }
            Callee::Platform(name) => push(unit, Call::External(name.clone())),
            Callee::Import(request, name) => {
                let one = &self.graph.modules[module];
                if let Reached::Platform(platform) = &one.reached[*request] {
                    return push(unit, Call::External(format!("{platform}.{name}")));
                }
                let resolved = self
                    .graph
                    .imported(module, *request, &Imported::Name(name.clone()));
                self.call_resolved(&resolved, unit);
            }
        }
    }

    fn call_resolved(&mut self, resolved: &Resolved, unit: &mut Unit) {
        let Some((module, at)) = self.unit_of(resolved) else {
            // A value: what it is, only the running program knows.
            unit.calls_indirect = true;
            if let Some(state) = self.state_of(resolved) {
                unit.reads.push(state);
            }
            return;
        };
        let contents = &self.graph.modules[module].contents;
        let constructor = contents
            .class_of
            .iter()
            .find(|(_, class)| **class == at)
            .map(|(constructor, _)| *constructor);
        for at in std::iter::once(at).chain(constructor) {
            if let Some(target) = self.units.get(&(module, at)) {
                push(unit, Call::Unit(*target));
            }
        }
    }

    fn held(&mut self, module: usize, all: &BTreeSet<Held>, into: &mut BTreeSet<u32>) {
        for held in all {
            match held {
                Held::Own(at) => into.extend(self.state.get(&(module, *at))),
                Held::Global(name) => into.extend(self.globals.get(name)),
                Held::Import(request, name) => {
                    let resolved = self.graph.imported(module, *request, name);
                    into.extend(self.state_of(&resolved));
                    self.take(&resolved);
                    if let Resolved::Whole(target) = resolved {
                        self.whole(target, into);
                    }
                }
            }
        }
    }

    /// A module used as an object: all that it offers.
    fn whole(&mut self, module: usize, into: &mut BTreeSet<u32>) {
        let graph = self.graph;
        let exports = graph.modules[module].contents.links.exports.keys();
        for name in exports {
            let resolved = graph.resolve(module, &Imported::Name(name.clone()));
            into.extend(self.state_of(&resolved));
            self.take(&resolved);
        }
    }

    fn data(&self, kept: &Kept) -> Vec<Data> {
        let object_of: HashMap<usize, u32> = kept.modules.iter().copied().zip(0_u32..).collect();
        let mut data: Vec<Data> = Vec::new();
        for (module, at) in self.state.keys() {
            let row = &self.graph.modules[*module].contents.state[*at];
            let symbol = format!("{}#{}", self.graph.modules[*module].path, row.name);
            data.push(self.row(row, *module, symbol, object_of.get(module).copied()));
        }
        for name in self.globals.keys() {
            data.push(Data {
                name: name.clone(),
                symbol: name.clone(),
                kind: DataKind::External,
                size_bytes: 0,
                object: None,
                data: Vec::new(),
                units: Vec::new(),
                digest: own("javascript.global", &[name]),
            });
        }
        data
    }

    fn row(&self, row: &StateRow, module: usize, symbol: String, object: Option<u32>) -> Data {
        let held = row.units.iter();
        let mut units: Vec<u32> = held
            .filter_map(|at| self.units.get(&(module, *at)).copied())
            .collect();
        units.sort_unstable();
        Data {
            name: row.name.clone(),
            digest: own("javascript.state", &[&symbol, row.kind.as_str()]),
            symbol,
            kind: row.kind,
            size_bytes: 0,
            object,
            data: Vec::new(),
            units,
        }
    }
}

fn push(unit: &mut Unit, call: Call) {
    if !unit.calls.contains(&call) {
        unit.calls.push(call);
    }
}

fn own(domain: &str, parts: &[&str]) -> Digest {
    let mut hasher = Hasher::new(domain);
    for part in parts {
        hasher.part(part.as_bytes());
    }
    hasher.finish()
}

/// A unit for its digest: its own code and state, and what it calls.
fn node(unit: &Unit, code: &str, data: &[Data]) -> Node {
    let mut hasher = Hasher::new("javascript.unit");
    for part in [unit.kind.as_str(), &unit.symbol, code] {
        hasher.part(part.as_bytes());
    }
    for held in [&unit.reads, &unit.writes, &unit.escapes] {
        hasher.number(held.len() as u64);
        for at in held {
            hasher.digest(&data[*at as usize].digest);
        }
    }
    let edges = unit.calls.iter().filter_map(|call| match call {
        Call::Unit(at) => Some(*at),
        Call::External(_) => None,
    });
    Node {
        own: hasher.finish(),
        edges: edges.collect(),
    }
}

/// Whether a program has a module at all: BIR of something else has none.
pub fn is_ours(program: &Program) -> bool {
    program.language == "javascript"
        && program
            .units
            .first()
            .is_some_and(|unit| unit.kind == UnitKind::Module)
}
