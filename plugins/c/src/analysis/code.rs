//! What a function's code does: whom it calls, which data it reads and writes, whose address it lets out.
//!
//! A small abstract interpretation. Each value on the operand stack and in the locals is the set of data symbols whose
//! address it may hold; loads and stores through it are reads and writes of those, and an address that is stored,
//! returned, thrown or passed on escapes. What is read from memory is taken to hold no address: an address in memory
//! got there by escaping, or lies in data that says so itself. Rule: when in doubt, it escapes.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{
    BlockType, Catch, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType,
    RelocationEntry, RelocationType, SubType,
};

use super::object::{ObjectFile, Target};

/// What a body does, in symbols of its object.
#[derive(Default)]
pub struct Effects {
    /// Functions that it calls by name, in the order of the first call.
    pub calls: Vec<u32>,
    /// It calls through a pointer.
    pub calls_indirect: bool,
    /// Functions whose address it takes.
    pub addresses: BTreeSet<u32>,
    /// Data that it may read.
    pub reads: BTreeSet<u32>,
    /// Data that it may write.
    pub writes: BTreeSet<u32>,
    /// Data whose address leaves it.
    pub escapes: BTreeSet<u32>,
}

/// Data symbols, ascending. Nearly always empty, which costs nothing.
type Addresses = Vec<u32>;
/// The locals that may hold an address.
type Locals = BTreeMap<u32, Addresses>;

/// A loop whose locals still grow after so many rounds is given up: everything named in the body escapes then.
const ROUNDS_MAX: usize = 32;

/// Interprets the body.
pub fn effects(object: &ObjectFile<'_>, body: usize) -> wasmparser::Result<Effects> {
    let relocations = object.relocations_of_body(body);
    let mut effects = named(object, relocations);
    if effects.reads.is_empty() {
        // No address of data comes up, so there is nothing to follow.
        effects.calls_indirect = calls_indirect(object, body)?;
        return Ok(effects);
    }
    let mentioned = std::mem::take(&mut effects.reads);
    let mut loops = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let mut machine = Machine::new(object, body, relocations, &mut effects, &mut loops);
        match machine.run()? {
            Round::Settled => return Ok(effects),
            Round::Again => {}
            Round::Lost => break,
        }
    }
    effects.calls_indirect = calls_indirect(object, body)?;
    effects.reads.extend(&mentioned);
    effects.writes.extend(&mentioned);
    effects.escapes.extend(mentioned);
    Ok(effects)
}

/// What the relocations tell by themselves. `reads` holds every data symbol that comes up.
fn named(object: &ObjectFile<'_>, relocations: &[RelocationEntry]) -> Effects {
    let mut effects = Effects::default();
    let mut called = BTreeSet::new();
    for relocation in relocations {
        let symbol = relocation.index;
        let target = object.symbols.get(symbol as usize).map(|symbol| symbol.target);
        match (relocation.ty, target) {
            (RelocationType::TypeIndexLeb, _) => {}
            (RelocationType::FunctionIndexLeb, _) => {
                if called.insert(symbol) {
                    effects.calls.push(symbol);
                }
            }
            (_, Some(Target::Function(_) | Target::UndefinedFunction)) => {
                effects.addresses.insert(symbol);
            }
            (_, Some(Target::Data { .. } | Target::UndefinedData)) => {
                effects.reads.insert(symbol);
            }
            (_, Some(Target::Other) | None) => {}
        }
    }
    effects
}

fn calls_indirect(object: &ObjectFile<'_>, body: usize) -> wasmparser::Result<bool> {
    // Every indirect call names its type, and its type is relocated.
    let has_type = |entry: &RelocationEntry| entry.ty == RelocationType::TypeIndexLeb;
    if !object.relocations_of_body(body).iter().any(has_type) {
        return Ok(false);
    }
    let Some(body) = object.bodies.get(body) else { return Ok(false) };
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        if is_indirect_call(&reader.read()?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_indirect_call(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. }
    )
}

enum Round {
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

struct Machine<'m, 'a> {
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
    fn new(
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

    fn run(&mut self) -> wasmparser::Result<Round> {
        let Some(body) = self.object.bodies.get(self.body) else { return Ok(Round::Settled) };
        let mut reader = body.get_operators_reader()?;
        let mut next = 0;
        while !reader.eof() {
            let operator = reader.read()?;
            let end = reader.original_position() - self.object.code_start;
            let first = next;
            while self.relocations.get(next).is_some_and(|entry| (entry.offset as usize) < end) {
                next += 1;
            }
            let relocations = self.relocations;
            let address = relocations[first..next].iter().find_map(|entry| self.data(entry));
            if self.step(&operator, address).is_none() {
                return Ok(Round::Lost);
            }
        }
        Ok(if self.grew { Round::Again } else { Round::Settled })
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
                let value = self.locals.as_ref().and_then(|locals| locals.get(local_index));
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
        self.stack[height..].iter().for_each(|value| join(&mut parameters, value));
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
        self.stack[from..].iter().for_each(|value| join(&mut values, value));
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
        let Some(locals) = &mut self.locals else { return };
        if value.is_empty() {
            locals.remove(&local);
            return;
        }
        // What is thrown from here on finds this value in the handler.
        let targets: BTreeSet<usize> =
            self.frames.iter().flat_map(|frame| frame.catches.iter().copied()).collect();
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
        if self.stack.len() > floor { self.stack.pop().unwrap_or_default() } else { Vec::new() }
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
        let frame = self.frames.get(self.frames.len().checked_sub(1 + depth as usize)?)?;
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

/// What becomes of the addresses that an operator takes.
enum Fate {
    /// They, or something within what they point at, are in what it gives.
    Arithmetic,
    /// Nothing of them is left.
    Forgotten,
    /// Somebody else has them.
    Escapes,
    /// Somebody else has them, and the code after it is not reached.
    Leaves,
}

fn fate(operator: &Operator<'_>) -> Fate {
    use Operator as O;
    match operator {
        O::Drop
        | O::I32Eqz
        | O::I32Eq
        | O::I32Ne
        | O::I32LtS
        | O::I32LtU
        | O::I32GtS
        | O::I32GtU
        | O::I32LeS
        | O::I32LeU
        | O::I32GeS
        | O::I32GeU
        | O::Nop => Fate::Forgotten,
        O::Return
        | O::Unreachable
        | O::Throw { .. }
        | O::ThrowRef
        | O::ReturnCall { .. }
        | O::ReturnCallIndirect { .. }
        | O::ReturnCallRef { .. } => Fate::Leaves,
        O::I32Add
        | O::I32Sub
        | O::I32And
        | O::I32Or
        | O::I32Xor
        | O::I32Mul
        | O::I32Shl
        | O::I32ShrS
        | O::I32ShrU
        | O::I64ExtendI32S
        | O::I64ExtendI32U
        | O::I32WrapI64
        | O::I64Add
        | O::I64Sub
        | O::I64And
        | O::I64Or
        | O::I64Shl
        | O::I64ShrS
        | O::I64ShrU => Fate::Arithmetic,
        _ => Fate::Escapes,
    }
}

#[derive(Clone, Copy)]
enum Access {
    Load,
    Store,
    Both,
    Copy,
    Fill,
}

/// How an operator touches memory, when it does. Atomics and vectors that are not listed fall under [`Fate::Escapes`],
/// which covers both.
fn access(operator: &Operator<'_>) -> Option<Access> {
    use Operator as O;
    Some(match operator {
        O::I32Load { .. }
        | O::I64Load { .. }
        | O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. }
        | O::V128Load { .. }
        | O::V128Load8Splat { .. }
        | O::V128Load16Splat { .. }
        | O::V128Load32Splat { .. }
        | O::V128Load64Splat { .. }
        | O::V128Load32Zero { .. }
        | O::V128Load64Zero { .. }
        | O::V128Load8x8S { .. }
        | O::V128Load8x8U { .. }
        | O::V128Load16x4S { .. }
        | O::V128Load16x4U { .. }
        | O::V128Load32x2S { .. }
        | O::V128Load32x2U { .. }
        | O::V128Load8Lane { .. }
        | O::V128Load16Lane { .. }
        | O::V128Load32Lane { .. }
        | O::V128Load64Lane { .. }
        | O::I32AtomicLoad { .. }
        | O::I64AtomicLoad { .. } => Access::Load,
        O::I32Store { .. }
        | O::I64Store { .. }
        | O::F32Store { .. }
        | O::F64Store { .. }
        | O::I32Store8 { .. }
        | O::I32Store16 { .. }
        | O::I64Store8 { .. }
        | O::I64Store16 { .. }
        | O::I64Store32 { .. }
        | O::V128Store { .. }
        | O::V128Store8Lane { .. }
        | O::V128Store16Lane { .. }
        | O::V128Store32Lane { .. }
        | O::V128Store64Lane { .. }
        | O::I32AtomicStore { .. }
        | O::I64AtomicStore { .. } => Access::Store,
        O::I32AtomicRmwAdd { .. }
        | O::I32AtomicRmwSub { .. }
        | O::I32AtomicRmwAnd { .. }
        | O::I32AtomicRmwOr { .. }
        | O::I32AtomicRmwXor { .. }
        | O::I32AtomicRmwXchg { .. }
        | O::I32AtomicRmwCmpxchg { .. }
        | O::I64AtomicRmwAdd { .. }
        | O::I64AtomicRmwSub { .. }
        | O::I64AtomicRmwXchg { .. }
        | O::I64AtomicRmwCmpxchg { .. } => Access::Both,
        O::MemoryCopy { .. } => Access::Copy,
        O::MemoryFill { .. } => Access::Fill,
        _ => return None,
    })
}
