//! What the actor of a program is told.

use host_web::{Hook, Value};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

/// By what a program names something under way: its own count from 1, the host's from 2^40.
pub type Id = u64;

/// Where tasks send what happened. Bounded in effect: a body gives its next chunk only after `pull`, and a socket waits
/// until the actor has dropped its earlier events.
pub type Events = mpsc::UnboundedSender<Event>;

/// One call of a hook. The actor drops it when the hook has run: that makes room for the next message of a socket.
#[derive(Debug)]
pub struct Event {
    /// Which hook.
    pub hook: Hook,
    /// What it is called with.
    pub arguments: Vec<Value<'static>>,
    room: Option<OwnedSemaphorePermit>,
}

impl Event {
    /// An event that takes no place from others.
    pub fn new(hook: Hook, arguments: Vec<Value<'static>>) -> Event {
        Event {
            hook,
            arguments,
            room: None,
        }
    }

    /// The same event, which gives its place back when it is dropped.
    pub(crate) fn holding(mut self, room: OwnedSemaphorePermit) -> Event {
        self.room = Some(room);
        self
    }

    /// An event whose first argument is `id`.
    pub(crate) fn of<const N: usize>(hook: Hook, id: Id, rest: [Value<'static>; N]) -> Event {
        let arguments = std::iter::once(number(id)).chain(rest).collect();
        Event::new(hook, arguments)
    }
}

/// An id or a count as JavaScript has it; both stay below 2^53.
pub(crate) fn number(value: u64) -> Value<'static> {
    Value::Number(value as f64)
}

/// The id that a function's arguments begin with; nothing if it is none.
pub(crate) fn id_of(arguments: &[Value<'_>]) -> Option<Id> {
    let number = arguments.first().and_then(Value::as_number)?;
    let is_id = number >= 1.0 && number.fract() == 0.0 && number < 2f64.powi(53);
    is_id.then_some(number as Id)
}
