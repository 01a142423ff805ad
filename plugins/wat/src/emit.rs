//! `emit`: the module or component in the BIR's payload becomes a component.

use lly_bir::Program;
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
};
use wasmparser::Parser;
use wit_component::ComponentEncoder;

use crate::error;
use crate::types::{BrickPlan, Diagnostic, Emitted};

/// Makes the component of the brick that `plan` describes: it has to hold the whole program.
///
/// # Errors
/// BIR of another frontend, a plan for a part of the program, a module that does not fit WASI preview 1.
pub fn emit(bir: &[u8], plan: &BrickPlan) -> Result<Emitted, Vec<Diagnostic>> {
    component(bir, plan)
        .map(|component| Emitted {
            component,
            diagnostics: Vec::new(),
        })
        .map_err(|sentence| vec![error(sentence)])
}

fn component(bir: &[u8], plan: &BrickPlan) -> Result<Vec<u8>, String> {
    let program =
        Program::decode(bir).map_err(|problem| format!("the BIR cannot be read: {problem}"))?;
    let [object] = program.objects.as_slice() else {
        return Err("the BIR is not of a `.wat` program: it has not one object".to_owned());
    };
    if !plan.units.is_empty() && plan.units.len() != program.units.len() {
        return Err(format!(
            "brick `{}` holds {} of {} units: the wat frontend emits a program as one brick",
            plan.name,
            plan.units.len(),
            program.units.len()
        ));
    }
    if Parser::is_component(&object.bytes) {
        return Ok(object.bytes.clone());
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&object.bytes)
        .and_then(|encoder| {
            encoder.adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .map_err(|problem| format!("the module does not become a command: {problem:#}"))
}
