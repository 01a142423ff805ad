//! The unit table of core modules: functions as units; globals, memories and tables as data.

use std::collections::BTreeSet;

use lly_bir::digest::{Hasher, Node, of_graph};
use lly_bir::{Call, Data, DataKind, Digest, Span, Unit, UnitKind};
use wasmparser::{BlockType, ExternalKind, FunctionBody, Operator, Result};

use crate::module::{Item, Module};
use crate::operators::{memory_access, table_access};
use crate::places::Place;

/// Units and data of a program, in the form that BIR wants.
#[derive(Default)]
pub struct Table {
    /// Functions.
    pub units: Vec<Unit>,
    /// Globals, memories, tables.
    pub data: Vec<Data>,
    nodes: Vec<Node>,
}

/// Where a module's things are in the program's tables.
struct Base {
    units: u32,
    globals: u32,
    memories: u32,
    tables: u32,
}

impl Base {
    fn data(&self, kind: ExternalKind, index: u32) -> u32 {
        match kind {
            ExternalKind::Memory => self.memories + index,
            ExternalKind::Table => self.tables + index,
            _ => self.globals + index,
        }
    }
}

/// The table of `modules`; `places` has the functions of each one's text, as far as they are known.
///
/// # Errors
/// When a module is not valid.
pub fn table(modules: &[Module<'_>], places: &[Vec<Place>], path: &str) -> Result<Table> {
    let mut table = Table::default();
    let count: usize = modules.iter().map(|module| module.bodies.len()).sum();
    for (at, module) in modules.iter().enumerate() {
        let first = table.data.len() as u32;
        let base = Base {
            units: table.units.len() as u32,
            globals: first,
            memories: first + module.globals.len() as u32,
            tables: first + (module.globals.len() + module.memories.len()) as u32,
        };
        let places = places
            .get(at)
            .filter(|places| places.len() == module.bodies.len());
        table.add_data(module, &base);
        for (at, body) in module.bodies.iter().enumerate() {
            let place = places.and_then(|places| places.get(at));
            table.add_unit(module, &base, at as u32, body, count as u32)?;
            if let (Some(unit), Some(place)) = (table.units.last_mut(), place) {
                unit.span = Some(Span {
                    file: path.to_owned(),
                    line: place.line,
                    column: place.column,
                    end_line: place.end_line,
                });
            }
        }
    }
    table.seal();
    Ok(table)
}

impl Table {
    fn add_data(&mut self, module: &Module<'_>, base: &Base) {
        let spaces: [(&[Item], ExternalKind, &str, usize); 3] = [
            (&module.globals, ExternalKind::Global, "global", 1),
            (&module.memories, ExternalKind::Memory, "memory", 2),
            (&module.tables, ExternalKind::Table, "table", 3),
        ];
        for (items, kind, word, space) in spaces {
            for (index, item) in items.iter().enumerate() {
                let index = index as u32;
                let name = module.names[space].get(&index).cloned();
                let exported = module.exported_as(kind, index).map(str::to_owned);
                let symbol = item.import.clone().or(exported.clone()).or(name.clone());
                let name = name.or(exported).or(item.import.clone());
                let fallback = format!("{word}[{index}]");
                let units: BTreeSet<u32> = item
                    .functions
                    .iter()
                    .filter_map(|function| unit_of(module, base, *function))
                    .collect();
                let mut digest = Hasher::new("lily.wat.data");
                digest.part(word.as_bytes());
                digest.part(&item.contents);
                self.data.push(Data {
                    symbol: symbol.unwrap_or_else(|| fallback.clone()),
                    name: name.unwrap_or(fallback),
                    kind: match (&item.import, item.is_mutable) {
                        (Some(_), _) => DataKind::External,
                        (None, true) => DataKind::Variable,
                        (None, false) => DataKind::Constant,
                    },
                    size_bytes: item.size_bytes,
                    object: item.import.is_none().then_some(0),
                    data: Vec::new(),
                    units: units.into_iter().collect(),
                    digest: digest.finish(),
                });
            }
        }
    }

    fn add_unit(
        &mut self,
        module: &Module<'_>,
        base: &Base,
        at: u32,
        body: &FunctionBody<'_>,
        units: u32,
    ) -> Result<()> {
        let index = module.imported.len() as u32 + at;
        let exported = module.exported_as(ExternalKind::Func, index);
        let name = module.names[0].get(&index).map(String::as_str);
        let fallback = format!("func[{index}]");
        let signature = type_text(module, module.functions.get(index as usize).copied());
        let name = name.or(exported).unwrap_or(&fallback);
        let mut facts = Facts::new(module, base, units);
        facts.own.part(signature.as_bytes());
        for local in body.get_locals_reader()? {
            let (count, ty) = local?;
            facts.own.number(u64::from(count));
            facts.own.part(ty.to_string().as_bytes());
        }
        for operator in body.get_operators_reader()? {
            facts.operator(&operator?);
        }
        self.units.push(Unit {
            symbol: exported.unwrap_or(name).to_owned(),
            kind: match module.start == Some(index) {
                true => UnitKind::Initializer,
                false => UnitKind::Function,
            },
            signature: format!("(func ${name}{signature})"),
            name: name.to_owned(),
            span: None,
            size_bytes: u32::try_from(body.range().len()).unwrap_or(u32::MAX),
            calls: facts.calls,
            calls_indirect: facts.calls_indirect,
            address_taken: module.address_taken.contains(&index),
            reads: facts.reads.into_iter().collect(),
            writes: facts.writes.into_iter().collect(),
            escapes: Vec::new(),
            object: 0,
            digest: Digest::from_bytes([0; 32]),
        });
        self.nodes.push(Node {
            own: facts.own.finish(),
            edges: facts.edges,
        });
        for taken in facts.taken {
            self.units[base.units as usize..]
                .iter_mut()
                .enumerate()
                .filter(|(unit, _)| base.units + *unit as u32 == taken)
                .for_each(|(_, unit)| unit.address_taken = true);
        }
        Ok(())
    }

    fn seal(&mut self) {
        let data = self.data.iter().map(|item| Node {
            own: item.digest,
            edges: item.units.clone(),
        });
        self.nodes.extend(data);
        let digests = of_graph(&self.nodes);
        let holders = self.units.iter_mut().map(|unit| &mut unit.digest);
        let holders = holders.chain(self.data.iter_mut().map(|item| &mut item.digest));
        holders
            .zip(digests)
            .for_each(|(holder, digest)| *holder = digest);
    }
}

fn unit_of(module: &Module<'_>, base: &Base, function: u32) -> Option<u32> {
    let at = function.checked_sub(module.imported.len() as u32)?;
    Some(base.units + at)
}

fn type_text(module: &Module<'_>, ty: Option<u32>) -> String {
    ty.and_then(|ty| module.types.get(ty as usize))
        .cloned()
        .unwrap_or_default()
}

/// What one body tells.
struct Facts<'a, 'b> {
    module: &'a Module<'b>,
    base: &'a Base,
    /// How many units the program has: data come after them among the nodes.
    units: u32,
    own: Hasher,
    edges: Vec<u32>,
    calls: Vec<Call>,
    calls_indirect: bool,
    taken: Vec<u32>,
    reads: BTreeSet<u32>,
    writes: BTreeSet<u32>,
}

impl<'a, 'b> Facts<'a, 'b> {
    fn new(module: &'a Module<'b>, base: &'a Base, units: u32) -> Self {
        Self {
            module,
            base,
            units,
            own: Hasher::new("lily.wat.unit"),
            edges: Vec::new(),
            calls: Vec::new(),
            calls_indirect: false,
            taken: Vec::new(),
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
        }
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let call = self.reference(operator, *function_index);
                if !self.calls.contains(&call) {
                    self.calls.push(call);
                }
            }
            Operator::RefFunc { function_index } => {
                if let Call::Unit(unit) = self.reference(operator, *function_index) {
                    self.taken.push(unit);
                }
            }
            Operator::GlobalGet { global_index } => {
                self.touch(operator, ExternalKind::Global, *global_index, true, false);
            }
            Operator::GlobalSet { global_index } => {
                self.touch(operator, ExternalKind::Global, *global_index, false, true);
            }
            Operator::CallIndirect { type_index, .. }
            | Operator::ReturnCallIndirect { type_index, .. }
            | Operator::CallRef { type_index }
            | Operator::ReturnCallRef { type_index } => {
                self.calls_indirect = true;
                self.own
                    .part(type_text(self.module, Some(*type_index)).as_bytes());
                self.tables(operator);
            }
            Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
                let text = match blockty {
                    BlockType::FuncType(ty) => type_text(self.module, Some(*ty)),
                    BlockType::Empty | BlockType::Type(_) => format!("{blockty:?}"),
                };
                self.own
                    .part(crate::operators::mnemonic(operator).as_bytes());
                self.own.part(text.as_bytes());
            }
            _ => self.plain(operator),
        }
    }

    fn plain(&mut self, operator: &Operator<'_>) {
        self.own.part(format!("{operator:?}").as_bytes());
        let (reads, writes) = memory_access(operator);
        if reads || writes {
            // With several memories, any of them: BIR says what a unit may touch.
            for memory in 0..self.module.memories.len() as u32 {
                self.touch(operator, ExternalKind::Memory, memory, reads, writes);
            }
        }
        self.tables(operator);
    }

    fn tables(&mut self, operator: &Operator<'_>) {
        let (read, written) = table_access(operator);
        if let Some(table) = read {
            self.touch(operator, ExternalKind::Table, table, true, false);
        }
        if let Some(table) = written {
            self.touch(operator, ExternalKind::Table, table, false, true);
        }
    }

    /// A reference to a function, digested by what it is and not by its index.
    fn reference(&mut self, operator: &Operator<'_>, function: u32) -> Call {
        self.own
            .part(crate::operators::mnemonic(operator).as_bytes());
        match unit_of(self.module, self.base, function) {
            Some(unit) => {
                self.edges.push(unit);
                Call::Unit(unit)
            }
            None => {
                let imported = self.module.imported.get(function as usize);
                let name = imported.cloned().unwrap_or_default();
                self.own.part(name.as_bytes());
                Call::External(name)
            }
        }
    }

    fn touch(
        &mut self,
        operator: &Operator<'_>,
        kind: ExternalKind,
        index: u32,
        reads: bool,
        writes: bool,
    ) {
        self.own
            .part(crate::operators::mnemonic(operator).as_bytes());
        let data = self.base.data(kind, index);
        self.edges.push(self.units + data);
        if reads {
            self.reads.insert(data);
        }
        if writes {
            self.writes.insert(data);
        }
    }
}
