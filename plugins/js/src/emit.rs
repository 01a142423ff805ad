//! `emit`: the modules of the BIR's payload as the engine takes them, in a component that is nothing but the custom section
//! [`SECTION`].
//!
//! The section is a message (`engine/wire.h`): whether the program looks like one that serves requests, the rows of its
//! modules with the entry first (`engine/modules.h`), and a flat list of paths and source maps. Whoever asked for it puts
//! them into the engine, which needs to run code: a component cannot.

use lly_bir::Program;

use crate::lower::Payload;
use crate::place::error;
use crate::types::{BrickPlan, Diagnostic, Emitted};
use crate::wire::{Value, message};

/// The custom section's name.
pub const SECTION: &str = "lily:javascript";
/// What every component begins with.
const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Makes the component of the brick that `plan` describes.
///
/// # Errors
/// BIR that this frontend did not write, or a plan that it cannot follow.
pub fn emit(bir: &[u8], plan: &BrickPlan) -> Result<Emitted, Vec<Diagnostic>> {
    let program = Program::decode(bir)
        .map_err(|problem| vec![error(format!("the BIR cannot be read: {problem}"))])?;
    check_plan(plan, &program).map_err(|problem| vec![problem])?;
    let modules: Result<Vec<Payload>, _> = program
        .objects
        .iter()
        .map(|object| serde_json::from_slice(&object.bytes))
        .collect();
    let modules = modules.map_err(|problem| {
        vec![error(format!(
            "the BIR's payload cannot be read: {problem}"
        ))]
    })?;
    let serves = modules.iter().any(|module| module.serves);
    let rows = modules.iter().map(row).collect();
    let maps = modules.iter().filter_map(|module| {
        let map = module.map.as_deref()?;
        Some([Value::Text(&module.path), Value::Text(map)])
    });
    let content = message(&[
        Value::Bool(serves),
        Value::List(rows),
        Value::List(maps.flatten().collect()),
    ]);
    Ok(Emitted {
        component: component(&content),
        diagnostics: Vec::new(),
    })
}

fn row(module: &Payload) -> Value<'_> {
    let links = module.links.iter().flat_map(|link| {
        [
            Value::Text(&link.specifier),
            Value::Bool(link.is_required),
            link.target.as_deref().map_or(Value::Null, Value::Text),
        ]
    });
    let names = module.names.iter().map(|name| Value::Text(name));
    Value::List(vec![
        Value::Text(&module.path),
        Value::Text(&module.kind),
        Value::Text(&module.code),
        Value::List(links.collect()),
        Value::List(names.collect()),
    ])
}

fn component(content: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    leb128(&mut name, SECTION.len());
    name.extend(SECTION.as_bytes());
    let mut component = COMPONENT.to_vec();
    // A custom section is section 0.
    component.push(0);
    leb128(&mut component, name.len() + content.len());
    component.extend(name);
    component.extend(content);
    component
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A brick may be the whole program only.
fn check_plan(plan: &BrickPlan, program: &Program) -> Result<(), Diagnostic> {
    let mut units = plan.units.clone();
    units.sort_unstable();
    units.dedup();
    if units.is_empty() || units.len() == program.units.len() {
        return Ok(());
    }
    Err(error(format!(
        "brick `{}` holds {} of {} units: the JavaScript frontend emits a program as one brick",
        plan.name,
        units.len(),
        program.units.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_pieces_of_seven_bits() {
        let component = component(&[9; 200]);
        let size = 1 + SECTION.len() + 200;
        assert_eq!(component[..8], COMPONENT);
        assert_eq!(
            component[8..11],
            [0, (size as u8 & 0x7f) | 0x80, (size >> 7) as u8]
        );
        assert_eq!(component.len(), 11 + size);
    }
}
