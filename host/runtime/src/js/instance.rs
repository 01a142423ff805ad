//! One instance: its store, and one call of `hook`.

use std::time::Duration;

use host_engine::{EPOCH_TICK, MemoryLimiter};
use host_web::{Function, Hook};
use wasmtime::component::{TypedFunc, WasmList};
use wasmtime::{Store, StoreContextMut, UpdateDeadline};

use super::Code;
use super::host::{Host, Refusal};
use crate::Fault;
use crate::limits::JS_MESSAGE_BYTES_KEPT;

/// What the store holds.
pub(super) struct State {
    memory: MemoryLimiter,
    /// Ticks of the epoch's clock that the turn has computed through.
    ticks: u128,
    ticks_max: Option<u128>,
    host: Box<Host>,
    /// Where the arguments of a call lie while it is answered.
    message: Vec<u8>,
}

/// A program that runs. After an `Err` of [`Instance::turn`] it is of no use any more.
pub(super) struct Instance {
    store: Store<State>,
    hook: TypedFunc<(u32, Vec<u8>), ()>,
    turn_time: Option<Duration>,
}

/// Why an instance is over.
#[derive(Debug)]
pub(super) enum End {
    /// It asked for it (`process.exit`).
    Exit(i32),
    /// It did not.
    Fault(Fault),
}

/// Raised where the program calls `exit`: nothing of it runs on.
#[derive(Debug, thiserror::Error)]
#[error("the program exits with code {0}")]
struct Exited(i32);

/// Raised by the epoch's callback when a turn has computed for too long.
#[derive(Debug, thiserror::Error)]
#[error("the turn is over its time")]
struct TurnOver;

/// How much an instance may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) memory_bytes_max: u64,
    /// What one turn may compute; without it, as long as it likes.
    pub(super) turn_time: Option<Duration>,
}

impl Instance {
    /// Makes one, up to where its first turn can begin.
    pub(super) async fn new(code: &Code, host: Host, bounds: Bounds) -> Result<Instance, End> {
        let memory_bytes_max = usize::try_from(bounds.memory_bytes_max).unwrap_or(usize::MAX);
        let ticks_max = bounds
            .turn_time
            .map(|time| time.as_nanos().div_ceil(EPOCH_TICK.as_nanos()));
        let state = State {
            memory: MemoryLimiter::new(memory_bytes_max),
            ticks: 0,
            ticks_max,
            host: Box::new(host),
            message: Vec::new(),
        };
        let mut store = Store::new(code.linked.component().engine(), state);
        store.limiter(|state| &mut state.memory);
        // Its lists are read where they lie; no copy is larger than the memory it may have.
        store.set_hostcall_fuel(memory_bytes_max);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(tick);
        let made = code.linked.instantiate_async(&mut store).await;
        let hook = made.and_then(|made| made.get_typed_func(&mut store, code.hook));
        match hook {
            Ok(hook) => Ok(Instance {
                store,
                hook,
                turn_time: bounds.turn_time,
            }),
            Err(error) => Err(end_of(error, &store.data().memory, bounds.turn_time)),
        }
    }

    /// Tells the program that something happened, and runs it until it has nothing to do. Must be awaited to its end.
    pub(super) async fn turn(&mut self, hook: Hook, message: Vec<u8>) -> Result<(), End> {
        self.store.set_epoch_deadline(1);
        self.store.data_mut().ticks = 0;
        let done = self
            .hook
            .call_async(&mut self.store, (hook.number(), message))
            .await;
        done.map_err(|error| end_of(error, &self.store.data().memory, self.turn_time))
    }

    /// The host's side of it.
    pub(super) fn host(&mut self) -> &mut Host {
        &mut self.store.data_mut().host
    }
}

/// The epoch has gone on while the program computed: others have their turn before it goes on, if it may.
fn tick(mut store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    let state = store.data_mut();
    state.ticks += 1;
    if state
        .ticks_max
        .is_some_and(|ticks_max| state.ticks > ticks_max)
    {
        return Err(TurnOver.into());
    }
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(tokio::task::yield_now()),
    ))
}

/// The import `call`.
pub(super) fn call(
    mut store: StoreContextMut<'_, State>,
    (function, arguments): (u32, WasmList<u8>),
) -> wasmtime::Result<(Result<Vec<u8>, String>,)> {
    let Some(function) = Function::of(function) else {
        return Ok((Err(format!("this host has no function {function}")),));
    };
    let mut message = std::mem::take(&mut store.data_mut().message);
    message.clear();
    message.extend_from_slice(arguments.as_le_slice(&store));
    let answer = store.data_mut().host.call(function, &message);
    if message.capacity() <= JS_MESSAGE_BYTES_KEPT {
        store.data_mut().message = message;
    }
    match answer {
        Ok(answer) => Ok((Ok(answer),)),
        Err(Refusal::Thrown(message)) => Ok((Err(message),)),
        Err(Refusal::Exit(code)) => Err(Exited(code).into()),
    }
}

/// What an error of the engine means.
fn end_of(error: wasmtime::Error, memory: &MemoryLimiter, turn_time: Option<Duration>) -> End {
    if let Some(Exited(code)) = error.downcast_ref() {
        return End::Exit(*code);
    }
    if error.is::<TurnOver>() {
        let limit = turn_time.unwrap_or_default();
        return End::Fault(Fault::TurnTooLong { limit });
    }
    let mut fault = Fault::of_engine(error, memory, turn_time.unwrap_or_default());
    if let Fault::Trap { trap } | Fault::Memory { trap, .. } = &mut fault {
        // They are the interpreter's, of which the program's author knows nothing.
        trap.frames.clear();
    }
    End::Fault(fault)
}
