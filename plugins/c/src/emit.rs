//! `emit`: the objects in the BIR's payload, linked and wrapped as one component.

use lly_bir::Program;

use crate::diagnostics::error;
use crate::entry::{self, Object};
use crate::types::{BrickPlan, Diagnostic, Emitted, Options};
use crate::{Tools, encode, link};

/// Makes the component of the brick that `plan` describes.
///
/// # Errors
/// What keeps the program from being linked, or a plan that this frontend cannot follow.
pub fn emit(
    tools: &dyn Tools,
    bir: &[u8],
    plan: &BrickPlan,
    options: &Options,
) -> Result<Emitted, Vec<Diagnostic>> {
    let program = Program::decode(bir)
        .map_err(|problem| vec![error(format!("the BIR cannot be read: {problem}"))])?;
    check_plan(plan, &program).map_err(|problem| vec![problem])?;
    let objects: Vec<Object<'_>> = program
        .objects
        .iter()
        .map(|object| Object {
            name: &object.name,
            bytes: &object.bytes,
        })
        .collect();
    let kind = entry::kind(&objects).map_err(|problem| vec![problem])?;
    let (module, diagnostics) = link::link(tools, &objects, kind, &program)?;
    let module = if options.debug_info {
        module
    } else {
        encode::without_variables(&module).map_err(|problem| {
            vec![error(format!(
                "what the linker wrote cannot be read: {problem}"
            ))]
        })?
    };
    let component = encode::component(module, kind).map_err(|problem| {
        vec![error(format!(
            "the program does not fit a brick's world: {problem}"
        ))]
    })?;
    Ok(Emitted {
        component,
        diagnostics,
    })
}

/// A brick may be the whole program only: splitting C needs proof that no pointer crosses, which nothing here gives yet.
fn check_plan(plan: &BrickPlan, program: &Program) -> Result<(), Diagnostic> {
    if plan.units.is_empty() {
        return Ok(());
    }
    let mut units = plan.units.clone();
    units.sort_unstable();
    units.dedup();
    if units.len() == program.units.len()
        && units
            .iter()
            .enumerate()
            .all(|(at, unit)| usize::try_from(*unit) == Ok(at))
    {
        return Ok(());
    }
    Err(error(format!(
        "brick `{}` holds {} of {} units: the C frontend emits a program as one brick",
        plan.name,
        units.len(),
        program.units.len()
    )))
}
