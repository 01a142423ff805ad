//! What a function's code does: whom it calls, which data it reads and writes, whose address it lets out.
//!
//! A small abstract interpretation. Each value on the operand stack and in the locals is the set of data symbols whose
//! address it may hold; loads and stores through it are reads and writes of those, and an address that is stored,
//! returned, thrown or passed on escapes. What is read from memory is taken to hold no address: an address in memory
//! got there by escaping, or lies in data that says so itself. Rule: when in doubt, it escapes.

mod machine;
mod operators;

use std::collections::BTreeSet;

use wasmparser::{RelocationEntry, RelocationType};

use super::object::{ObjectFile, Target};
use machine::{Machine, Round};
use operators::is_indirect_call;

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
        let target = object
            .symbols
            .get(symbol as usize)
            .map(|symbol| symbol.target);
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
    let Some(body) = object.bodies.get(body) else {
        return Ok(false);
    };
    let mut reader = body.get_operators_reader()?;
    while !reader.eof() {
        if is_indirect_call(&reader.read()?) {
            return Ok(true);
        }
    }
    Ok(false)
}
