//! Programs of JavaScript. An instance lives long and answers many requests at once; it is an actor: one task owns the
//! store, takes what happens from its mail, and calls the program's one function, `hook`, once for each: a turn.
//!
//! What the program asks for meanwhile comes through the one import, `call`, which never waits: what takes time is started
//! and ends with another turn. The words of both are in `plugins/js/prelude/host.d.ts`.
//!
//! Read first: `actor.rs` (a server's loop), `host.rs` (what `call` answers), `instance.rs` (one turn).

mod actor;
mod answer;
mod arguments;
mod exchange;
mod host;
mod instance;
mod output;
mod pool;
mod running;
mod script;
mod serve;
mod timers;

use std::sync::Arc;

use host_web::Maps;
use lly_brick::BrickKind;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use instance::State;
use pool::Pool;

use crate::carried::LoadedModule;

pub(crate) use script::run;
pub(crate) use serve::serve;

/// What such a component imports: one function, `call`.
const HOST: &str = "lily:javascript/host@0.1.0";
/// What it exports when it answers requests: one function, `hook`.
const SERVER: &str = "lily:javascript/server@0.1.0";
/// What it exports when it runs to its end: the same.
const SCRIPT: &str = "lily:javascript/script@0.1.0";
const HOOK: &str = "hook";

/// A program of JavaScript that is linked, and its instances.
pub(crate) struct JavaScript {
    code: Arc<Code>,
    kind: BrickKind,
    pool: Arc<Pool>,
}

/// What all instances of a program are made of.
struct Code {
    linked: InstancePre<State>,
    hook: ComponentExportIndex,
    maps: Option<Arc<Maps>>,
}

/// The export of a component of JavaScript of this kind, by name.
pub(crate) fn export_of(kind: BrickKind) -> &'static str {
    match kind {
        BrickKind::Http => SERVER,
        BrickKind::Command => SCRIPT,
    }
}

/// Whether a component is a program of JavaScript.
pub(crate) fn is_javascript(component: &Component) -> bool {
    [SERVER, SCRIPT]
        .iter()
        .any(|export| component.get_export_index(None, export).is_some())
}

impl JavaScript {
    /// Links a component with the core modules that it imports by content; `None` if it does not export what `kind` says.
    pub(crate) fn new(
        component: &Component,
        kind: BrickKind,
        modules: &[Arc<LoadedModule>],
        maps: Option<Arc<Maps>>,
    ) -> wasmtime::Result<Option<JavaScript>> {
        let exported = component.get_export_index(None, export_of(kind));
        let hook = exported.and_then(|instance| component.get_export_index(Some(&instance), HOOK));
        let Some(hook) = hook else {
            return Ok(None);
        };
        let mut linker = Linker::new(component.engine());
        for module in modules {
            linker.root().module(module.import(), module.module())?;
        }
        linker.instance(HOST)?.func_wrap("call", instance::call)?;
        let linked = linker.instantiate_pre(component)?;
        Ok(Some(JavaScript {
            code: Arc::new(Code { linked, hook, maps }),
            kind,
            pool: Arc::default(),
        }))
    }

    /// How it is entered.
    pub(crate) fn kind(&self) -> BrickKind {
        self.kind
    }

    /// The component.
    pub(crate) fn component(&self) -> &Component {
        self.code.linked.component()
    }
}
