//! The component: the WIT world's exports, each one call into the library.

use plugins_sdk::frontend::{Guest, export_frontend};

use crate::{Tools, emit, lower, tool, types};

struct HostTools;

impl Tools for HostTools {
    fn run(&self, shared: &[tool::File], jobs: &[tool::Job]) -> Result<Vec<tool::Outcome>, String> {
        tool::run(shared, jobs)
    }
}

struct Frontend;

impl Guest for Frontend {
    fn lower(
        sources: Vec<types::SourceFile>,
        companions: Vec<types::SourceFile>,
        options: types::Options,
    ) -> Result<types::Lowered, Vec<types::Diagnostic>> {
        lower::lower(&HostTools, &sources, &companions, &options)
    }

    fn emit(
        bir: Vec<u8>,
        plan: types::BrickPlan,
        options: types::Options,
    ) -> Result<types::Emitted, Vec<types::Diagnostic>> {
        emit::emit(&HostTools, &bir, &plan, &options)
    }
}

export_frontend!(Frontend with_types_in plugins_sdk::frontend);
