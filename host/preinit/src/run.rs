//! One initialisation: instrument, run within bounds, snapshot.

use crate::imports::{Inside, linker};
use crate::state::State;
use crate::{Answers, Value};
use host_engine::{
    CacheError, CodeCache, Engine, EngineError, EpochTicker, GuestTrap, MemoryLimiter, Profile,
    TrapKind, ticks_for,
};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::Store;
use wasmtime::component::{Instance, Val};
use wasmtime_wizer::Wizer;

/// While a snapshot is read the guest's own code does not run.
const UNBOUNDED: u64 = u64::MAX / 2;

/// How far an initialisation may go.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Its memory.
    pub memory_bytes_max: usize,
    /// Its steps: where it stops does not depend on the machine.
    pub fuel: u64,
    /// Its time, for what steps do not bound.
    pub deadline: Duration,
    /// The component that comes out.
    pub output_bytes_max: usize,
}

impl Limits {
    /// Enough for a program that reads in tables of some ten megabytes; an endless loop is seen in seconds.
    pub const STANDARD: Limits = Limits {
        memory_bytes_max: 256 << 20,
        fuel: 20_000_000_000,
        deadline: Duration::from_secs(60),
        output_bytes_max: 128 << 20,
    };
}

/// Why there is no initialised component.
#[derive(Debug, thiserror::Error)]
pub enum PreinitError {
    /// This machine cannot.
    #[error("components cannot be initialised on this machine")]
    Engine(#[from] EngineError),
    /// The clock that interrupts it cannot be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The component cannot be compiled.
    #[error("the component to initialise does not compile")]
    Code(#[from] CacheError),
    /// It is not a component that can be initialised.
    #[error("the component cannot be initialised: {0}")]
    Unfit(String),
    /// It answered that it failed.
    #[error("{0}")]
    Refused(String),
    /// It reached for what nobody answers.
    #[error("{0}")]
    Reached(String),
    /// It ran too long.
    #[error("it does not come to an end: {reason}")]
    Late {
        /// Which bound it met.
        reason: String,
    },
    /// It wanted more memory than it may have.
    #[error("it wants more than {} MiB of memory", bytes_max >> 20)]
    Memory {
        /// The bound.
        bytes_max: usize,
    },
    /// It trapped.
    #[error("it trapped: {}", .0.message)]
    Trap(GuestTrap),
    /// What came out is too large.
    #[error("what was loaded takes {} MiB, and {} MiB are the most", bytes >> 20, bytes_max >> 20)]
    Large {
        /// Its size.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
}

/// A component to initialise.
#[derive(Debug)]
pub struct Preinit<'a> {
    /// The component.
    pub component: &'a [u8],
    /// The exported function that initialises it. If it answers with a `result` that is an error, that is the end.
    pub function: &'a str,
    /// Its arguments.
    pub arguments: &'a [Value],
    /// Where the compiled component is kept; without, it is compiled each time.
    pub cache: Option<&'a CodeCache>,
    /// How far it may go.
    pub limits: Limits,
}

impl Preinit<'_> {
    /// Runs the initialisation and gives the component as it is afterwards, and `answers` back, in every case.
    pub fn run<A: Answers + 'static>(
        &self,
        answers: A,
    ) -> (Result<Vec<u8>, PreinitError>, Option<A>) {
        let mut kept = None;
        let result = self.try_run(answers, &mut kept);
        (result, kept)
    }

    fn try_run<A: Answers + 'static>(
        &self,
        answers: A,
        kept: &mut Option<A>,
    ) -> Result<Vec<u8>, PreinitError> {
        let engine = Engine::new(Profile::Preinit)?;
        let wizer = Wizer::new();
        let (context, instrumented) = wizer
            .instrument_component(self.component)
            .map_err(|error| unfit(&error))?;
        let component = match self.cache {
            Some(cache) => cache.component(&engine, &instrumented)?,
            None => wasmtime::component::Component::new(engine.wasmtime(), &instrumented)
                .map_err(|error| unfit(&error))?,
        };
        let linker = linker(&engine, &component, &answers).map_err(|error| unfit(&error))?;
        let _ticker = EpochTicker::start(&engine).map_err(PreinitError::Thread)?;
        let mut store = self.store(&engine, answers)?;
        let done = linker
            .instantiate(&mut store, &component)
            .and_then(|instance| Ok((instance, self.call(&mut store, &instance)?)));
        let result = match done {
            Err(error) => Err(self.why(&error, store.data())),
            Ok((_, Some(refusal))) => Err(PreinitError::Refused(refusal)),
            Ok((instance, None)) => self.snapshot(&wizer, &context, &mut store, instance),
        };
        *kept = Some(store.into_data().answers);
        result
    }

    fn store<A>(&self, engine: &Engine, answers: A) -> Result<Store<Inside<A>>, PreinitError> {
        let inside = Inside {
            limiter: MemoryLimiter::new(self.limits.memory_bytes_max),
            answers,
            ended: None,
        };
        let mut store = Store::new(engine.wasmtime(), inside);
        store.limiter(|inside| &mut inside.limiter);
        store.set_epoch_deadline(ticks_for(self.limits.deadline));
        store
            .set_fuel(self.limits.fuel)
            .map_err(|error| unfit(&error))?;
        Ok(store)
    }

    /// Calls the function; the words of its refusal, if it refuses.
    fn call<A>(
        &self,
        store: &mut Store<Inside<A>>,
        instance: &Instance,
    ) -> wasmtime::Result<Option<String>> {
        let function = instance
            .get_func(&mut *store, self.function)
            .ok_or_else(|| wasmtime::Error::msg(format!("it exports no `{}`", self.function)))?;
        let arguments: Vec<Val> = self.arguments.iter().map(Value::to_val).collect();
        let mut results = vec![Val::Bool(false); function.ty(&*store).results().len()];
        function.call(&mut *store, &arguments, &mut results)?;
        Ok(match results.first() {
            Some(Val::Result(Err(Some(why)))) => Some(match &**why {
                Val::String(why) => why.clone(),
                _ => "it failed and did not say why".to_owned(),
            }),
            Some(Val::Result(Err(None))) => Some("it failed and did not say why".to_owned()),
            _ => None,
        })
    }

    fn snapshot<A: Send>(
        &self,
        wizer: &Wizer,
        context: &wasmtime_wizer::ComponentContext<'_>,
        store: &mut Store<Inside<A>>,
        instance: Instance,
    ) -> Result<Vec<u8>, PreinitError> {
        store.set_epoch_deadline(UNBOUNDED);
        store.set_fuel(UNBOUNDED).map_err(|error| unfit(&error))?;
        let mut state = State {
            store,
            instance,
            failed: None,
        };
        // Nothing in it waits: every call of the store is one that blocks.
        let result = {
            let snapshot = pin!(wizer.snapshot_component(context, &mut state));
            match snapshot.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result.map_err(|error| unfit(&error)),
                Poll::Pending => Err(PreinitError::Unfit("its memory cannot be read".to_owned())),
            }
        };
        if let Some(error) = state.failed {
            return Err(unfit(&error));
        }
        let component = result?;
        let bytes_max = self.limits.output_bytes_max;
        match component.len() {
            bytes if bytes > bytes_max => Err(PreinitError::Large { bytes, bytes_max }),
            _ => Ok(component),
        }
    }

    fn why<A>(&self, error: &wasmtime::Error, inside: &Inside<A>) -> PreinitError {
        if let Some(sentence) = &inside.ended {
            return PreinitError::Reached(sentence.clone());
        }
        stopped(GuestTrap::with_memory(error, &inside.limiter), &self.limits)
    }
}

/// What a trap means for whoever set these limits.
pub(crate) fn stopped(trap: GuestTrap, limits: &Limits) -> PreinitError {
    match trap.kind {
        TrapKind::Deadline => PreinitError::Late {
            reason: format!("it ran for {} s", limits.deadline.as_secs()),
        },
        TrapKind::Fuel => PreinitError::Late {
            reason: format!("it took {} steps", limits.fuel),
        },
        TrapKind::Memory => PreinitError::Memory {
            bytes_max: limits.memory_bytes_max,
        },
        TrapKind::Other => PreinitError::Unfit(trap.message),
        _ => PreinitError::Trap(trap),
    }
}

pub(crate) fn unfit(error: &wasmtime::Error) -> PreinitError {
    PreinitError::Unfit(format!("{error:#}"))
}
