//! The one linker, and programs made ready to run.

use std::borrow::Cow;
use std::sync::Arc;

use host_engine::{Engine, EpochTicker};
use lly_brick::BrickKind;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::RuntimeLimits;
use crate::carried::{Carried, LoadedModule};
use crate::egress::Gateway;
use crate::guest::Guest;
use crate::program::{Entry, Program};

/// Makes programs of components. One per engine; programs keep what they need of it alive.
pub struct Runtime {
    shared: Arc<Shared>,
    linker: Linker<Guest>,
}

/// What all programs of a runtime have in common.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) limits: RuntimeLimits,
    pub(crate) gateway: Arc<Gateway>,
    _ticker: EpochTicker,
}

/// Why a component cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The runtime itself cannot be set up.
    #[error("cannot set up the runtime: {0}")]
    Setup(String),
    /// The component asks for something that the host does not offer.
    #[error("the program imports `{import}`, which this host does not offer")]
    UnknownImport {
        /// The import's name.
        import: String,
        /// What exactly does not match, in the engine's words.
        detail: String,
    },
    /// The component imports a core module by content that its bundle does not have.
    #[error("the program imports the core module `{import}`, which its bundle does not carry")]
    MissingModule {
        /// The import's name.
        import: String,
    },
    /// The core module of that content is not what the component takes it for.
    #[error("the program imports the core module `{import}` as something that it is not: {detail}")]
    OtherModule {
        /// The import's name.
        import: String,
        /// The engine's words.
        detail: String,
    },
    /// The component does not export what its kind promises.
    #[error("the program does not export `{export}`: {detail}")]
    MissingExport {
        /// The export's name.
        export: &'static str,
        /// The engine's words.
        detail: String,
    },
}

impl Runtime {
    /// Links WASI 0.2 and outbound `wasi:http` once, for all programs, and starts the clock that interrupts them.
    pub fn new(engine: &Engine, limits: RuntimeLimits) -> Result<Runtime, PrepareError> {
        let gateway = Gateway::new(
            limits.egress,
            limits.outbound_connections_max,
            limits.wall_time,
        )
        .map_err(|error| PrepareError::Setup(error.to_string()))?;
        Self::of(engine, limits, Arc::new(gateway))
    }

    fn of(
        engine: &Engine,
        limits: RuntimeLimits,
        gateway: Arc<Gateway>,
    ) -> Result<Runtime, PrepareError> {
        let setup = |error: String| PrepareError::Setup(error);
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)
            .map_err(|error| setup(format!("{error:#}")))?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)
            .map_err(|error| setup(format!("{error:#}")))?;
        let ticker = EpochTicker::start(engine).map_err(|error| setup(error.to_string()))?;
        let shared = Shared {
            engine: engine.clone(),
            limits,
            gateway,
            _ticker: ticker,
        };
        Ok(Runtime {
            shared: Arc::new(shared),
            linker,
        })
    }

    /// A runtime for another engine, with the same limits and the same way out: their outbound connections count together.
    pub fn beside(&self, engine: &Engine) -> Result<Runtime, PrepareError> {
        let gateway = Arc::clone(&self.shared.gateway);
        Self::of(engine, self.shared.limits.clone(), gateway)
    }

    /// Links a component with what its bundle carries for it, so that each request only has to instantiate it.
    pub fn prepare(
        &self,
        component: Component,
        kind: BrickKind,
        carried: Carried,
    ) -> Result<Program, PrepareError> {
        let missing_module = |import| PrepareError::MissingModule { import };
        let modules = carried.imported(&component).map_err(missing_module)?;
        let linker = self.linker_with(&modules)?;
        let linked = linker
            .instantiate_pre(&component)
            .map_err(|error| self.refusal(&component, &error))?;
        let entry = match kind {
            BrickKind::Http => ProxyPre::new(linked)
                .map(Entry::Http)
                .map_err(missing("wasi:http/incoming-handler")),
            BrickKind::Command => CommandPre::new(linked)
                .map(Entry::Command)
                .map_err(missing("wasi:cli/run")),
        }?;
        Ok(Program::new(Arc::clone(&self.shared), entry, modules))
    }

    /// The one linker, or a copy of it that has these modules too.
    fn linker_with(
        &self,
        modules: &[Arc<LoadedModule>],
    ) -> Result<Cow<'_, Linker<Guest>>, PrepareError> {
        if modules.is_empty() {
            return Ok(Cow::Borrowed(&self.linker));
        }
        let mut linker = self.linker.clone();
        for module in modules {
            let linked = linker.root().module(module.import(), module.module());
            linked.map_err(|error| PrepareError::Setup(format!("{error:#}")))?;
        }
        Ok(Cow::Owned(linker))
    }

    /// The engine names the import in its message; this finds which of the component's own it is.
    fn refusal(&self, component: &Component, error: &wasmtime::Error) -> PrepareError {
        let detail = format!("{error:#}");
        let (ty, engine) = (component.component_type(), component.engine());
        let named = ty.imports(engine).map(|(name, _)| name.to_owned());
        let import = named
            .filter(|name| detail.contains(&format!("`{name}`")))
            .max_by_key(String::len);
        let import = import.unwrap_or_else(|| detail.clone());
        if ty
            .get_import(engine, &import)
            .is_some_and(|item| matches!(item.ty, ComponentItem::Module(_)))
        {
            return PrepareError::OtherModule { import, detail };
        }
        PrepareError::UnknownImport { import, detail }
    }
}

fn missing(export: &'static str) -> impl FnOnce(wasmtime::Error) -> PrepareError {
    move |error| PrepareError::MissingExport {
        export,
        detail: format!("{error:#}"),
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}
