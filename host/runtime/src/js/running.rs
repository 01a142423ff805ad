//! An instance and what happens to it: the part that servers and scripts have in common.

use std::time::Instant;

use host_outbound::{Event, Id};
use host_web::{Hook, Value, encode};
use tokio::sync::mpsc;

use super::Code;
use super::host::Host;
use super::instance::{Bounds, End, Instance};
use super::pool::OWN_IDS;

/// An instance between two turns.
pub(super) struct Running {
    instance: Instance,
    pub(super) events: mpsc::UnboundedReceiver<Event>,
}

impl Running {
    /// Makes an instance. Its first turn is the hook `start`.
    pub(super) async fn new(
        code: &Code,
        (host, events): (Host, mpsc::UnboundedReceiver<Event>),
        bounds: Bounds,
    ) -> Result<Running, End> {
        let instance = Instance::new(code, host, bounds).await?;
        Ok(Running { instance, events })
    }

    /// The host's side.
    pub(super) fn host(&mut self) -> &mut Host {
        self.instance.host()
    }

    /// One turn, about the request of this id if about any.
    pub(super) async fn turn(
        &mut self,
        hook: Hook,
        about: Option<Id>,
        message: Vec<u8>,
    ) -> Result<(), End> {
        self.host().exchanges.begin_turn(about);
        self.instance.turn(hook, message).await?;
        self.host().exchanges.end_turn();
        Ok(())
    }

    /// A turn without arguments.
    pub(super) async fn tell(&mut self, hook: Hook) -> Result<(), End> {
        self.turn(hook, None, encode(&[])).await
    }

    /// A turn whose one argument is an id.
    pub(super) async fn tell_of(&mut self, hook: Hook, id: Id) -> Result<(), End> {
        let about = (id >= OWN_IDS).then_some(id);
        self.turn(hook, about, encode(&[Value::Number(id as f64)]))
            .await
    }

    /// What a task of the instance has to tell.
    pub(super) async fn event(&mut self, event: Event) -> Result<(), End> {
        let first = event.arguments.first().and_then(Value::as_number);
        let about = first.map(|id| id as Id).filter(|id| *id >= OWN_IDS);
        let message = encode(&event.arguments);
        // The event itself goes when the turn is over: then there is room for the next.
        self.turn(event.hook, about, message).await
    }

    /// Takes a timer that is due.
    pub(super) fn due_timer(&mut self, now: Instant) -> Option<Id> {
        self.host().timers.take(now)
    }
}
