//! The abstract machine: operand stack, locals and open blocks, each value the set of data whose address it may hold.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    BlockType, Catch, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType,
    RelocationEntry, RelocationType, SubType,
};

use super::Effects;
use super::operators::{Access, Fate, access, fate, is_indirect_call};
use crate::analysis::object::{ObjectFile, Target};

/// Data symbols, ascending. Nearly always empty, which costs nothing.
type Addresses = Vec<u32>;
/// The locals that may hold an address.
pub type Locals = BTreeMap<u32, Addresses>;

/// How a round of the interpretation ended.
pub enum Round {
    /// Nothing new came round any loop.
    Settled,
    /// A loop's entry turned out to hold more than was assumed.
    Again,
    /// An operator that is not understood.
    Lost,
}

/// An open block.
struct Frame {
    block: BlockType,
    kind: FrameKind,
    height: usize,
    /// The addresses among its parameters.
    parameters: Addresses,
    /// The addresses among what it leaves.
    results: Addresses,
    /// The locals at its end, as far as jumps there are known; none while there is no jump.
    exit: Option<Locals>,
    /// The locals at its `else`.
    otherwise: Option<Locals>,
    /// For a loop: which one it is, in the order of the code.
    ordinal: usize,
    /// For a `try_table`: the depths, counted from the outermost frame, that its clauses jump to.
    catches: Vec<usize>,
}

/// The interpreter of one body.
pub struct Machine<'m, 'a> {
    object: &'m ObjectFile<'a>,
    body: usize,
    relocations: &'m [RelocationEntry],
    effects: &'m mut Effects,
    /// The locals at the entry of each loop, from this round and those before.
    loops: &'m mut Vec<Locals>,
    loops_seen: usize,
    grew: bool,
    stack: Vec<Addresses>,
    frames: Vec<Frame>,
    /// None where the code cannot be reached.
    locals: Option<Locals>,
}

impl<'m, 'a> Machine<'m, 'a> {
    /// At the beginning of the body. `loops` is carried from round to round.
    pub fn new(
        object: &'m ObjectFile<'a>,
        body: usize,
        relocations: &'m [RelocationEntry],
        effects: &'m mut Effects,
        loops: &'m mut Vec<Locals>,
    ) -> Self {
        let index = object.function_types.get(object.imported_functions + body);
        let outermost = Frame {
            block: index.map_or(BlockType::Empty, |index| BlockType::FuncType(*index)),
            kind: FrameKind::Block,
            height: 0,
            parameters: Vec::new(),
            results: Vec::new(),
            exit: None,
            otherwise: None,
            ordinal: 0,
            catches: Vec::new(),
        };
        Self {
            object,
            body,
            relocations,
            effects,
            loops,
            loops_seen: 0,
            grew: false,
            stack: Vec::new(),
            frames: vec![outermost],
            locals: Some(Locals::new()),
        }
    }

    /// Once through the code.
    pub fn run(&mut self) -> wasmparser::Result<Round> {
        let Some(body) = self.object.bodies.get(self.body) else {
            return Ok(Round::Settled);
        };
        let mut reader = body.get_operators_reader()?;
        let mut next = 0;
        while !reader.eof() {
            let operator = reader.read()?;
            let end = reader.original_position() - self.object.code_start;
            let first = next;
            while self
                .relocations
                .get(next)
                .is_some_and(|entry| (entry.offset as usize) < end)
            {
                next += 1;
            }
            let relocations = self.relocations;
            let address = relocations[first..next]
                .iter()
                .find_map(|entry| self.data(entry));
            if self.step(&operator, address).is_none() {
                return Ok(Round::Lost);
            }
        }
        Ok(if self.grew {
            Round::Again
        } else {
            Round::Settled
        })
    }

    /// The data symbol that a relocation is about.
    fn data(&self, relocation: &RelocationEntry) -> Option<u32> {
        let symbol = self.object.symbols.get(relocation.index as usize)?;
        let is_type = relocation.ty == RelocationType::TypeIndexLeb;
        let is_data = matches!(symbol.target, Target::Data { .. } | Target::UndefinedData);
        (is_data && !is_type).then_some(relocation.index)
    }

    /// One operator; none when it is beyond this interpreter.
    fn step(&mut self, operator: &Operator<'_>, address: Option<u32>) -> Option<()> {
        if let Some(access) = access(operator) {
            return self.access(operator, access, address);
        }
        match operator {
            Operator::LocalGet { local_index } => {
                let value = self
                    .locals
                    .as_ref()
                    .and_then(|locals| locals.get(local_index));
                let value = value.cloned().unwrap_or_default();
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.pop();
                self.set_local(*local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.pop();
                self.set_local(*local_index, value.clone());
                self.stack.push(value);
            }
            Operator::I32Const { .. } | Operator::I64Const { .. } | Operator::GlobalGet { .. } => {
                self.stack.push(address.into_iter().collect());
            }
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::Else
            | Operator::TryTable { .. }
            | Operator::End => self.structure(operator)?,
            Operator::Br { relative_depth } => {
                self.jump(*relative_depth as usize)?;
                self.locals = None;
            }
            Operator::BrIf { relative_depth } => {
                self.pop();
                self.jump(*relative_depth as usize)?;
            }
            Operator::BrTable { targets } => {
                self.pop();
                let mut depths: BTreeSet<u32> = targets.targets().collect::<Result<_, _>>().ok()?;
                depths.insert(targets.default());
                for depth in depths {
                    self.jump(depth as usize)?;
                }
                self.locals = None;
            }
            Operator::Select | Operator::TypedSelect { .. } => {
                self.pop();
                let mut value = self.pop();
                join(&mut value, &self.pop());
                self.stack.push(value);
            }
            // The old form of exceptions has edges of its own.
            Operator::Try { .. }
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. }
            | Operator::Rethrow { .. } => return None,
            _ => self.plain(operator, address)?,
        }
        Some(())
    }

    /// Operators without structure: calls, arithmetic and all that is left. One that names data in its immediate, but is
    /// not known to access memory, is taken to do anything with it.
    fn plain(&mut self, operator: &Operator<'_>, address: Option<u32>) -> Option<()> {
        self.escape(address.as_slice());
        let (takes, gives) = operator.operator_arity(&*self)?;
        let mut taken = Addresses::new();
        for _ in 0..takes {
            join(&mut taken, &self.pop());
        }
        self.effects.calls_indirect |= is_indirect_call(operator);
        let given = match fate(operator) {
            Fate::Arithmetic => taken,
            Fate::Forgotten => Addresses::new(),
            Fate::Escapes => {
                self.escape(&taken);
                Addresses::new()
            }
            Fate::Leaves => {
                self.escape(&taken);
                self.locals = None;
                Addresses::new()
            }
        };
        for _ in 0..gives {
            self.stack.push(given.clone());
        }
        Some(())
    }

    fn access(
        &mut self,
        operator: &Operator<'_>,
        access: Access,
        address: Option<u32>,
    ) -> Option<()> {
        let (takes, gives) = operator.operator_arity(&*self)?;
        let mut taken: Vec<Addresses> = (0..takes).map(|_| self.pop()).collect();
        taken.reverse();
        match access {
            Access::Copy => {
                self.write(taken.first()?);
                self.read(taken.get(1)?);
            }
            Access::Fill => self.write(taken.first()?),
            Access::Load | Access::Store | Access::Both => {
                let mut place = taken.first()?.clone();
                join(&mut place, &address.into_iter().collect::<Vec<_>>());
                if matches!(access, Access::Load | Access::Both) {
                    self.read(&place);
                }
                if matches!(access, Access::Store | Access::Both) {
                    self.write(&place);
                }
                for value in &taken[1..] {
                    self.escape(value);
                }
            }
        }
        for _ in 0..gives {
            self.stack.push(Addresses::new());
        }
        Some(())
    }

    fn structure(&mut self, operator: &Operator<'_>) -> Option<()> {
        match operator {
            Operator::Block { blockty } => self.open(*blockty, FrameKind::Block),
            Operator::Loop { blockty } => self.open(*blockty, FrameKind::Loop),
            Operator::If { blockty } => {
                self.pop();
                self.open(*blockty, FrameKind::If)?;
                let otherwise = self.locals.clone();
                self.frames.last_mut()?.otherwise = otherwise;
                Some(())
            }
            Operator::TryTable { try_table } => {
                let depth = self.frames.len();
                let labels = try_table.catches.iter().map(|catch| match catch {
                    Catch::One { label, .. }
                    | Catch::OneRef { label, .. }
                    | Catch::All { label }
                    | Catch::AllRef { label } => *label,
                });
                let catches: Vec<usize> = labels
                    .map(|label| depth.checked_sub(1 + label as usize))
                    .collect::<Option<_>>()?;
                for target in &catches {
                    self.flow(*target)?;
                }
                self.open(try_table.ty, FrameKind::TryTable)?;
                self.frames.last_mut()?.catches = catches;
                Some(())
            }
            Operator::Else => {
                self.leave_results()?;
                let frame = self.frames.last_mut()?;
                let locals = std::mem::replace(&mut self.locals, frame.otherwise.take());
                join_locals(&mut frame.exit, locals.as_ref());
                let (block, parameters) = (frame.block, frame.parameters.clone());
                for _ in 0..self.block_type_arity(block)?.0 {
                    self.stack.push(parameters.clone());
                }
                Some(())
            }
            _ => self.end(),
        }
    }

    fn open(&mut self, block: BlockType, kind: FrameKind) -> Option<()> {
        let count = self.block_type_arity(block)?.0 as usize;
        let height = self.stack.len().saturating_sub(count);
        let mut parameters = Addresses::new();
        self.stack[height..]
            .iter()
            .for_each(|value| join(&mut parameters, value));
        let mut ordinal = 0;
        if kind == FrameKind::Loop {
            ordinal = self.loops_seen;
            self.loops_seen += 1;
            match self.loops.get_mut(ordinal) {
                // What came round in an earlier round of the interpretation comes in here.
                Some(entry) => {
                    if let Some(locals) = &mut self.locals {
                        merge(entry, locals);
                        locals.clone_from(entry);
                    }
                }
                None => self.loops.push(self.locals.clone().unwrap_or_default()),
            }
        }
        self.frames.push(Frame {
            block,
            kind,
            height,
            parameters,
            results: Vec::new(),
            exit: None,
            otherwise: None,
            ordinal,
            catches: Vec::new(),
        });
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        self.leave_results()?;
        let mut frame = self.frames.pop()?;
        let locals = self.locals.take();
        join_locals(&mut frame.exit, locals.as_ref());
        // An `if` without `else` may be passed by, its parameters with it.
        join_locals(&mut frame.exit, frame.otherwise.as_ref());
        if frame.otherwise.is_some() {
            join(&mut frame.results, &frame.parameters);
        }
        self.locals = frame.exit;
        if self.frames.is_empty() {
            self.escape(&frame.results);
            return Some(());
        }
        for _ in 0..self.block_type_arity(frame.block)?.1 {
            self.stack.push(frame.results.clone());
        }
        Some(())
    }

    /// Takes what the innermost frame leaves off the stack and closes the stack down to where it began.
    fn leave_results(&mut self) -> Option<()> {
        let block = self.frames.last()?.block;
        let mut results = Addresses::new();
        for _ in 0..self.block_type_arity(block)?.1 {
            join(&mut results, &self.pop());
        }
        let frame = self.frames.last_mut()?;
        join(&mut frame.results, &results);
        self.stack.truncate(frame.height);
        Some(())
    }

    /// A jump `depth` frames out, which carries what is on top of the stack.
    fn jump(&mut self, depth: usize) -> Option<()> {
        let target = self.frames.len().checked_sub(1 + depth)?;
        let frame = &self.frames[target];
        let (parameters, results) = self.block_type_arity(frame.block)?;
        let is_loop = frame.kind == FrameKind::Loop;
        let carried = if is_loop { parameters } else { results } as usize;
        let floor = self.frames.last()?.height;
        let from = self.stack.len().saturating_sub(carried).max(floor);
        let mut values = Addresses::new();
        self.stack[from..]
            .iter()
            .for_each(|value| join(&mut values, value));
        if is_loop {
            // No compiler in use makes loops with parameters; should one, this is safe.
            self.escape(&values);
        } else {
            join(&mut self.frames[target].results, &values);
        }
        self.flow(target)
    }

    /// The locals as they are now arrive at the frame's label.
    fn flow(&mut self, target: usize) -> Option<()> {
        let frame = self.frames.get_mut(target)?;
        if frame.kind == FrameKind::Loop {
            if let Some(locals) = &self.locals {
                self.grew |= merge(self.loops.get_mut(frame.ordinal)?, locals);
            }
        } else {
            join_locals(&mut frame.exit, self.locals.as_ref());
        }
        Some(())
    }

    fn set_local(&mut self, local: u32, value: Addresses) {
        let Some(locals) = &mut self.locals else {
            return;
        };
        if value.is_empty() {
            locals.remove(&local);
            return;
        }
        // What is thrown from here on finds this value in the handler.
        let targets: BTreeSet<usize> = self
            .frames
            .iter()
            .flat_map(|frame| frame.catches.iter().copied())
            .collect();
        for target in targets {
            let change = Locals::from([(local, value.clone())]);
            match self.frames.get_mut(target) {
                Some(frame) if frame.kind == FrameKind::Loop => {
                    if let Some(entry) = self.loops.get_mut(frame.ordinal) {
                        self.grew |= merge(entry, &change);
                    }
                }
                Some(frame) => join_locals(&mut frame.exit, Some(&change)),
                None => {}
            }
        }
        locals.insert(local, value);
    }

    fn pop(&mut self) -> Addresses {
        let floor = self.frames.last().map_or(0, |frame| frame.height);
        if self.stack.len() > floor {
            self.stack.pop().unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    fn read(&mut self, place: &[u32]) {
        self.effects.reads.extend(place);
    }

    fn write(&mut self, place: &[u32]) {
        self.effects.writes.extend(place);
    }

    fn escape(&mut self, values: &[u32]) {
        self.effects.escapes.extend(values);
        self.effects.reads.extend(values);
        self.effects.writes.extend(values);
    }
}

impl ModuleArity for Machine<'_, '_> {
    fn sub_type_at(&self, index: u32) -> Option<&SubType> {
        self.object.types.get(index as usize)
    }

    fn tag_type_arity(&self, tag: u32) -> Option<(u32, u32)> {
        let index = self.object.tag_types.get(tag as usize)?;
        self.sub_type_arity(self.sub_type_at(*index)?)
    }

    fn type_index_of_function(&self, function: u32) -> Option<u32> {
        self.object.function_types.get(function as usize).copied()
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        self.frames.len() as u32
    }

    fn label_block(&self, depth: u32) -> Option<(BlockType, FrameKind)> {
        let frame = self
            .frames
            .get(self.frames.len().checked_sub(1 + depth as usize)?)?;
        Some((frame.block, frame.kind))
    }
}

/// Adds `more` to `set`, both ascending.
fn join(set: &mut Addresses, more: &[u32]) {
    for &symbol in more {
        if let Err(at) = set.binary_search(&symbol) {
            set.insert(at, symbol);
        }
    }
}

/// Adds `more` to `locals`; whether that changed them.
fn merge(locals: &mut Locals, more: &Locals) -> bool {
    let mut grew = false;
    for (local, values) in more {
        let known = locals.entry(*local).or_default();
        let before = known.len();
        join(known, values);
        grew |= known.len() > before;
    }
    grew
}

fn join_locals(exit: &mut Option<Locals>, locals: Option<&Locals>) {
    match (exit, locals) {
        (_, None) => {}
        (exit @ None, Some(locals)) => *exit = Some(locals.clone()),
        (Some(exit), Some(locals)) => {
            merge(exit, locals);
        }
    }
}
