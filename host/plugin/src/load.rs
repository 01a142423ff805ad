//! From an installed package to linked code. Rule: a component is given what its world names, and nothing else.

use crate::{Installed, LoadError, PluginStore, Progress, Stage, progress};
use host_engine::{CacheError, CodeCache, Engine, EpochTicker, Form, Profile, WasmDigest};
use registry_index::PluginManifest;
use std::path::PathBuf;
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// Cranelift compiles about a megabyte of wasm in a second of one core.
const COMPILED_BYTES_PER_CPU_SECOND: u64 = 1 << 20;
/// Compilations shorter than this are not worth a bar.
const SHOWN_FROM: Duration = Duration::from_millis(500);

/// Refuses a plugin of another world.
pub(crate) fn check_world(
    manifest: &PluginManifest,
    wanted: &'static str,
) -> Result<(), LoadError> {
    if manifest.world == wanted {
        return Ok(());
    }
    Err(LoadError::World {
        plugin: manifest.name.clone(),
        found: manifest.world.clone(),
        wanted,
    })
}

/// Refuses a component that imports something else than `allowed`. Interfaces that only name types are no authority, and
/// come along with a world's bindings, so they may be there.
pub(crate) fn check_imports(
    manifest: &PluginManifest,
    engine: &Engine,
    component: &Component,
    allowed: &[&str],
) -> Result<(), LoadError> {
    let kind = component.component_type();
    for (import, item) in kind.imports(engine.wasmtime()) {
        if !allowed.contains(&import) && !only_names_types(engine, &item.ty) {
            return Err(LoadError::Import {
                plugin: manifest.name.clone(),
                version: manifest.version.to_string(),
                import: import.to_owned(),
            });
        }
    }
    Ok(())
}

fn only_names_types(engine: &Engine, item: &ComponentItem) -> bool {
    let ComponentItem::ComponentInstance(interface) = item else {
        return false;
    };
    let mut exports = interface.exports(engine.wasmtime());
    exports.all(|(_, export)| matches!(export.ty, ComponentItem::Type(_)))
}

/// Hands an entry of an installed package to `load`.
pub(crate) fn entry<T>(
    installed: &Installed,
    name: &str,
    load: impl FnOnce(PathBuf, WasmDigest, u64) -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let Some((path, digest, size)) = installed.entry(name) else {
        return Err(LoadError::Package(crate::StoreError::Entry {
            plugin: installed.manifest.name.clone(),
            entry: name.to_owned(),
        }));
    };
    load(path, digest, size)
}

/// A plugin's component, compiled, and the engine that runs it, whose clock ticks.
pub(crate) struct Loaded {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    pub(crate) ticker: EpochTicker,
}

impl Loaded {
    /// Compiles what was not compiled on this machine before; refuses a plugin of another world than `world`, and one that
    /// imports more than `imports`.
    pub(crate) fn of(
        store: &PluginStore,
        installed: &Installed,
        world: &'static str,
        imports: &[&str],
        progress: &dyn Progress,
    ) -> Result<Loaded, LoadError> {
        let manifest = &installed.manifest;
        let engine = Engine::new(Profile::Plugin)?;
        check_world(manifest, world)?;
        let component = entry(installed, &manifest.component, |path, digest, size| {
            let code = Code {
                manifest,
                cache: store.code_cache(),
                engine: &engine,
                digest,
                size,
                name: &manifest.name,
            };
            code.get(Form::Component, progress, |cache: &CodeCache| {
                cache.component_of(&engine, digest, || std::fs::read(path))
            })
        })?;
        check_imports(manifest, &engine, &component, imports)?;
        let ticker = EpochTicker::start(&engine).map_err(LoadError::Thread)?;
        Ok(Loaded {
            engine,
            component,
            ticker,
        })
    }
}

/// What is to be had from the cache, or compiled with a bar.
pub(crate) struct Code<'a> {
    pub(crate) manifest: &'a PluginManifest,
    pub(crate) cache: &'a CodeCache,
    pub(crate) engine: &'a Engine,
    pub(crate) digest: WasmDigest,
    pub(crate) size: u64,
    /// As people call it.
    pub(crate) name: &'a str,
}

impl Code<'_> {
    /// Loads by `load`, and shows how far it is if that means compiling.
    pub(crate) fn get<T: Send>(
        &self,
        form: Form,
        progress: &dyn Progress,
        load: impl FnOnce(&CodeCache) -> Result<T, CacheError> + Send,
    ) -> Result<T, LoadError> {
        let estimate = self.estimate();
        let result =
            if estimate < SHOWN_FROM || self.cache.is_cached(self.engine, self.digest, form) {
                load(self.cache)
            } else {
                let stage = Stage {
                    plugin: self.manifest.name.clone(),
                    what: format!("compiling `{}` for this machine (once)", self.name),
                };
                progress::during(progress, &stage, estimate, || load(self.cache))
            };
        result.map_err(|source| LoadError::Code {
            plugin: self.manifest.name.clone(),
            version: self.manifest.version.to_string(),
            source: Box::new(source),
        })
    }

    fn estimate(&self) -> Duration {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let millis = self.size * 1000 / COMPILED_BYTES_PER_CPU_SECOND / cores;
        Duration::from_millis(millis)
    }
}
