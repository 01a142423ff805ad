//! The one linker, and programs made ready to run.

use std::sync::Arc;

use host_engine::{Engine, EpochTicker};
use lly_brick::BrickKind;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::RuntimeLimits;
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
        let setup = |error: String| PrepareError::Setup(error);
        let mut linker = Linker::new(engine.wasmtime());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)
            .map_err(|error| setup(format!("{error:#}")))?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)
            .map_err(|error| setup(format!("{error:#}")))?;
        let gateway = Gateway::new(
            limits.egress,
            limits.outbound_connections_max,
            limits.wall_time,
        )
        .map_err(|error| setup(error.to_string()))?;
        let ticker = EpochTicker::start(engine).map_err(|error| setup(error.to_string()))?;
        let shared = Shared {
            engine: engine.clone(),
            limits,
            gateway: Arc::new(gateway),
            _ticker: ticker,
        };
        Ok(Runtime {
            shared: Arc::new(shared),
            linker,
        })
    }

    /// Links a component, so that each request only has to instantiate it.
    pub fn prepare(&self, component: Component, kind: BrickKind) -> Result<Program, PrepareError> {
        let linked = self
            .linker
            .instantiate_pre(&component)
            .map_err(|error| self.unknown_import(&component, &error))?;
        let entry = match kind {
            BrickKind::Http => ProxyPre::new(linked)
                .map(Entry::Http)
                .map_err(missing("wasi:http/incoming-handler")),
            BrickKind::Command => CommandPre::new(linked)
                .map(Entry::Command)
                .map_err(missing("wasi:cli/run")),
        }?;
        Ok(Program::new(Arc::clone(&self.shared), entry))
    }

    /// The engine names the import in its message; this finds which of the component's own it is.
    fn unknown_import(&self, component: &Component, error: &wasmtime::Error) -> PrepareError {
        let detail = format!("{error:#}");
        let ty = component.component_type();
        let named = ty
            .imports(self.shared.engine.wasmtime())
            .map(|(name, _)| name.to_owned());
        let import = named
            .filter(|name| detail.contains(&format!("`{name}`")))
            .max_by_key(String::len);
        PrepareError::UnknownImport {
            import: import.unwrap_or_else(|| detail.clone()),
            detail,
        }
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
