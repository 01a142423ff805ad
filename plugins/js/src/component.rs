//! The component: the WIT world's exports, each one call into the library.

use plugins_sdk::frontend::{Guest, export_frontend};

use crate::{emit, lower, types};

struct Frontend;

impl Guest for Frontend {
    fn lower(
        sources: Vec<types::SourceFile>,
        companions: Vec<types::SourceFile>,
        options: types::Options,
    ) -> Result<types::Lowered, Vec<types::Diagnostic>> {
        lower::lower(&sources, &companions, &options)
    }

    fn emit(
        bir: Vec<u8>,
        plan: types::BrickPlan,
        _options: types::Options,
    ) -> Result<types::Emitted, Vec<types::Diagnostic>> {
        emit::emit(&bir, &plan)
    }
}

export_frontend!(Frontend with_types_in plugins_sdk::frontend);
