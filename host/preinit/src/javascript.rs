//! A program in JavaScript meets its engine while it is built: the engine takes its modules, evaluates them if that is what
//! the program is for, and what memory holds then is what it begins with everywhere.
//!
//! The rule: nothing that differs between machines or instances gets in. A program that asks for it while it is evaluated
//! (its environment, random bytes, the network, a timer) is left unevaluated, and each of its instances does that itself.

mod host;

use crate::{Limits, deep};
use host::{Asked, Host};
use host_engine::{
    CacheError, CodeCache, Engine, EngineError, EpochTicker, GuestTrap, Profile, TrapKind,
    WasmDigest, ticks_for,
};
use host_web::{Maps, WireError};
use std::sync::Arc;
use wasmtime::{Instance, Linker, Memory, Module, Store, TypedFunc};

pub use host::Printed;

/// What a program may do before it is evaluated, and while: an endless loop is seen in seconds.
const FUEL: u64 = 5_000_000_000;
/// The text of an error is cut beyond this.
const ERROR_BYTES_MAX: usize = 64 * 1024;
/// `evaluate` answers this when the program serves requests; no text lies there.
const SERVES: i32 = 1;

impl Limits {
    /// What a program of a user's may take while it is built.
    pub const PROGRAM: Limits = Limits {
        fuel: FUEL,
        ..Limits::STANDARD
    };
}

/// The engine, and how far a program may go in it.
pub struct Javascript<'a> {
    /// The sha256 of the engine's core module.
    pub digest: WasmDigest,
    /// Reads it; asked only when it has to be compiled.
    pub read: &'a dyn Fn() -> std::io::Result<Vec<u8>>,
    /// Where it is kept compiled.
    pub cache: &'a CodeCache,
    /// How far a program may go.
    pub limits: Limits,
}

/// A program as its frontend wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// The message that `add` takes: its modules, the entry first.
    pub rows: &'a [u8],
    /// The message of its source maps: path, map, path, map …
    pub maps: &'a [u8],
    /// Whether it is likely to serve requests: then it is evaluated now.
    pub evaluate: bool,
}

/// A program in its engine.
#[derive(Debug)]
pub struct Prepared {
    /// The engine's memory before it knew the program.
    pub image: Vec<u8>,
    /// And after.
    pub memory: Vec<u8>,
    /// How far the program came.
    pub begun: Begun,
    /// What it printed meanwhile.
    pub printed: Vec<Printed>,
}

/// How far a program came while it was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is evaluated, and serves requests.
    Serving,
    /// Its instances evaluate it: it was not to be evaluated, or turned out not to serve requests.
    AtStart,
    /// Its instances evaluate it: it asked for what only they have, by the name of the host's function.
    Asked(&'static str),
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum JavascriptError {
    /// This machine cannot.
    #[error("JavaScript cannot be built on this machine")]
    Engine(#[from] EngineError),
    /// The clock that interrupts it cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The engine cannot be compiled.
    #[error("the engine for JavaScript does not compile")]
    Code(#[from] CacheError),
    /// The maps are none.
    #[error("the frontend's source maps cannot be read")]
    Maps(#[from] WireError),
    /// The core module is not an engine.
    #[error("the engine for JavaScript cannot be used: {0}")]
    Unfit(String),
    /// An exception that the program threw, or that the engine did over one of its modules: name, message and stack.
    #[error("{0}")]
    Thrown(String),
    /// It ran too long.
    #[error("the program did not come to an end while it was being built: {reason}")]
    Late {
        /// Which bound it met.
        reason: String,
    },
    /// It wanted more memory than it may have.
    #[error("the program wants more than {} MiB of memory while it is being built", bytes_max >> 20)]
    Memory {
        /// The bound.
        bytes_max: usize,
    },
    /// It trapped.
    #[error("the program trapped while it was being built: {}", .0.message)]
    Trap(GuestTrap),
}

impl std::fmt::Debug for Javascript<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Javascript")
            .field("digest", &self.digest)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Javascript<'_> {
    /// Puts a program into the engine, and evaluates it if it is to be and can be.
    ///
    /// # Errors
    /// What is wrong with the program, or with the engine.
    pub fn prepare(&self, program: Program<'_>) -> Result<Prepared, JavascriptError> {
        let engine = Engine::new(Profile::Build)?;
        let module = self.cache.module_of(&engine, self.digest, self.read)?;
        let maps = Arc::new(Maps::new(program.maps)?);
        let _ticker = EpochTicker::start(&engine).map_err(JavascriptError::Thread)?;
        let limits = &self.limits;
        deep::run(|| {
            let mut begun = Begun::AtStart;
            if program.evaluate {
                let mut run = Run::new(limits, &engine, &module, &maps)?;
                run.add(program.rows)?;
                match run.evaluate()? {
                    Begun::Serving => return Ok(run.prepared(Begun::Serving)),
                    other => begun = other,
                }
            }
            // Another instance: the first one's attempt is not to be seen.
            let mut run = Run::new(limits, &engine, &module, &maps)?;
            run.add(program.rows)?;
            Ok(run.prepared(begun))
        })
        .map_err(JavascriptError::Thread)?
    }
}

/// One instance of the engine, with one program.
struct Run<'a> {
    limits: &'a Limits,
    store: Store<Host>,
    instance: Instance,
    memory: Memory,
    image: Vec<u8>,
}

impl<'a> Run<'a> {
    fn new(
        limits: &'a Limits,
        engine: &Engine,
        module: &Module,
        maps: &Arc<Maps>,
    ) -> Result<Self, JavascriptError> {
        let host = Host::new(limits.memory_bytes_max, maps.clone());
        let mut store = Store::new(engine.wasmtime(), host);
        store.limiter(|host| &mut host.limiter);
        store.set_epoch_deadline(ticks_for(limits.deadline));
        store.set_fuel(limits.fuel).map_err(|error| unfit(&error))?;
        let mut linker = Linker::new(engine.wasmtime());
        host::define(&mut linker).map_err(|error| unfit(&error))?;
        let instance = linker
            .instantiate(&mut store, module)
            .map_err(|error| unfit(&error))?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| lacks("memory"))?;
        let image = memory.data(&store).to_vec();
        Ok(Self {
            limits,
            store,
            instance,
            memory,
            image,
        })
    }

    /// Gives the engine the program's modules.
    fn add(&mut self, rows: &[u8]) -> Result<(), JavascriptError> {
        let realloc: TypedFunc<(i32, i32, i32, i32), i32> = self.function("cabi_realloc")?;
        let add: TypedFunc<(i32, i32), i32> = self.function("add")?;
        let length = i32::try_from(rows.len()).map_err(|_| self.too_much())?;
        let at = realloc
            .call(&mut self.store, (0, 0, 1, length))
            .map_err(|error| self.why(&error))?;
        // An address of 32 bits, whatever its sign.
        let place = at.cast_unsigned() as usize;
        if at == 0 || self.memory.write(&mut self.store, place, rows).is_err() {
            return Err(self.too_much());
        }
        let wrong = add
            .call(&mut self.store, (at, length))
            .map_err(|error| self.why(&error))?;
        match wrong {
            0 => Ok(()),
            at => Err(JavascriptError::Thrown(self.text(at))),
        }
    }

    /// Evaluates the program, unless it asks for what is not there.
    fn evaluate(&mut self) -> Result<Begun, JavascriptError> {
        let evaluate: TypedFunc<(), i32> = self.function("evaluate")?;
        let answer = evaluate.call(&mut self.store, ());
        // What was asked comes before how it ended: a program may catch what it is told, and fail of it later.
        match (self.store.data().asked(), answer) {
            (Some(asked), _) => Ok(Begun::Asked(asked)),
            (None, Err(error)) => Err(self.why(&error)),
            (None, Ok(0)) => Ok(Begun::AtStart),
            (None, Ok(SERVES)) => Ok(Begun::Serving),
            (None, Ok(at)) => Err(JavascriptError::Thrown(self.text(at))),
        }
    }

    fn prepared(self, begun: Begun) -> Prepared {
        let memory = self.memory.data(&self.store).to_vec();
        Prepared {
            image: self.image,
            memory,
            begun,
            printed: self.store.into_data().printed,
        }
    }

    fn function<P, R>(&mut self, name: &str) -> Result<TypedFunc<P, R>, JavascriptError>
    where
        P: wasmtime::WasmParams,
        R: wasmtime::WasmResults,
    {
        self.instance
            .get_typed_func(&mut self.store, name)
            .map_err(|_| lacks(name))
    }

    /// The text of an error: `{ptr, len}` lies at `at`.
    fn text(&self, at: i32) -> String {
        let data = self.memory.data(&self.store);
        let word = |at: usize| {
            let bytes = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
            Some(u32::from_le_bytes(bytes) as usize)
        };
        let at = at.cast_unsigned() as usize;
        let text = || {
            let (start, length) = (word(at)?, word(at.checked_add(4)?)?.min(ERROR_BYTES_MAX));
            data.get(start..start.checked_add(length)?)
        };
        match text() {
            Some(text) => String::from_utf8_lossy(text).trim_end().to_owned(),
            None => "an exception without words".to_owned(),
        }
    }

    fn too_much(&self) -> JavascriptError {
        JavascriptError::Memory {
            bytes_max: self.limits.memory_bytes_max,
        }
    }

    fn why(&self, error: &wasmtime::Error) -> JavascriptError {
        if let Some(Asked::Nonsense(sentence)) = &self.store.data().asked {
            return JavascriptError::Unfit(sentence.clone());
        }
        let limits = self.limits;
        let trap = GuestTrap::with_memory(error, &self.store.data().limiter);
        match trap.kind {
            TrapKind::Deadline => JavascriptError::Late {
                reason: format!("it ran for {} s", limits.deadline.as_secs()),
            },
            TrapKind::Fuel => JavascriptError::Late {
                reason: format!("it took {} steps", limits.fuel),
            },
            TrapKind::Memory => self.too_much(),
            _ => JavascriptError::Trap(trap),
        }
    }
}

fn unfit(error: &wasmtime::Error) -> JavascriptError {
    JavascriptError::Unfit(format!("{error:#}"))
}

fn lacks(name: &str) -> JavascriptError {
    JavascriptError::Unfit(format!("it exports no `{name}`"))
}
