//! Bodies by id, both ways: what comes in is pulled, what goes out is written and finished.
//!
//! An entry lives as long as one of its directions does. Everything that changes an entry happens under one lock, and an
//! event is sent under it too: when [`Bodies::is_waiting`] says no, what there was to say is in the channel.

mod calls;
mod incoming;
mod outgoing;

pub use incoming::{Incoming, incoming_of_bytes, incoming_of_reader};
pub use outgoing::Outgoing;

use bytes::Bytes;
use futures_util::FutureExt;
use host_web::{Hook, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

use crate::event::{Event, Events, Id};
use incoming::Reader;
use outgoing::Queue;

/// All bodies of one instance. Clones share them.
#[derive(Clone)]
pub struct Bodies {
    shared: Arc<Shared>,
}

struct Shared {
    events: Events,
    entries: Mutex<HashMap<Id, Entry>>,
}

#[derive(Default)]
struct Entry {
    incoming: Side,
    outgoing: Option<Arc<Queue>>,
}

/// The incoming direction.
#[derive(Default)]
enum Side {
    /// There is none, or no more of it.
    #[default]
    Nothing,
    /// A task is to answer with one.
    Awaited(AbortHandle),
    /// The same, and nobody will read it.
    Unwanted(AbortHandle),
    /// Nobody asks for a chunk now.
    Resting(Reader),
    /// A task waits for a chunk.
    Pulled(AbortHandle),
}

impl Bodies {
    /// None yet; what happens to those that come is sent to `events`.
    pub fn new(events: Events) -> Bodies {
        let entries = Mutex::default();
        let shared = Arc::new(Shared { events, entries });
        Bodies { shared }
    }

    /// A body that the program pulls by `id`.
    pub fn insert(&self, id: Id, incoming: Incoming) {
        let mut entries = self.shared.lock();
        entries.entry(id).or_default().incoming = Side::Resting(Reader::new(incoming));
    }

    /// Asks for the next chunk: `body`, `end` or `failed` follows. Nothing does when there is no such body, or the chunk
    /// before has not come yet. Must be called in a runtime of tokio.
    pub fn pull(&self, id: Id) {
        let mut entries = self.shared.lock();
        let Some(entry) = entries.get_mut(&id) else {
            return;
        };
        if !matches!(entry.incoming, Side::Resting(_)) {
            return;
        }
        let Side::Resting(mut reader) = std::mem::take(&mut entry.incoming) else {
            return;
        };
        // Often the chunk is there: then no task is needed.
        if let Some(chunk) = reader.next().now_or_never() {
            self.shared.give(&mut entries, id, reader, chunk);
            return;
        }
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            let chunk = reader.next().await;
            let mut entries = shared.lock();
            let is_pulled = entries.get(&id).is_some_and(Entry::is_pulled);
            if is_pulled {
                shared.give(&mut entries, id, reader, chunk);
            }
        });
        entry.incoming = Side::Pulled(task.abort_handle());
    }

    /// Nobody reads the incoming body on; what goes out is not touched.
    pub fn drop(&self, id: Id) {
        let mut entries = self.shared.lock();
        let Some(entry) = entries.get_mut(&id) else {
            return;
        };
        entry.incoming = match std::mem::take(&mut entry.incoming) {
            Side::Awaited(task) | Side::Unwanted(task) => Side::Unwanted(task),
            Side::Pulled(task) => {
                task.abort();
                Side::Nothing
            }
            Side::Resting(_) | Side::Nothing => Side::Nothing,
        };
        settle(&mut entries, id);
    }

    /// The other way: a body that the program writes by `id`, of which about `capacity` bytes may wait to be read.
    pub fn outgoing(&self, id: Id, capacity: usize) -> Outgoing {
        let queue = Queue::new(id, capacity, self.shared.events.clone());
        let mut entries = self.shared.lock();
        entries.entry(id).or_default().outgoing = Some(Arc::clone(&queue));
        Outgoing::new(queue)
    }

    /// Takes a chunk. False: wait for the hook `room` before the next. True also when nobody reads it any more.
    pub fn write(&self, id: Id, chunk: Bytes) -> bool {
        let queue = self
            .shared
            .lock()
            .get(&id)
            .and_then(|entry| entry.outgoing.clone());
        queue.is_none_or(|queue| queue.push(chunk))
    }

    /// The outgoing body is complete.
    pub fn finish(&self, id: Id) {
        let mut entries = self.shared.lock();
        let queue = entries.get_mut(&id).and_then(|entry| entry.outgoing.take());
        if let Some(queue) = queue {
            queue.end(Ok(()));
        }
        settle(&mut entries, id);
    }

    /// Breaks off both directions, and the fetch that they belong to; no event with this id follows.
    pub fn abort(&self, id: Id, message: &str) {
        let entry = self.shared.lock().remove(&id);
        if let Some(entry) = entry {
            entry.abort(message);
        }
    }

    /// Whether an event will follow without the program doing more: an awaited answer, a chunk, room.
    pub fn is_waiting(&self) -> bool {
        self.shared.lock().values().any(Entry::is_waiting)
    }

    /// Breaks everything off: the instance ends.
    pub fn clear(&self, message: &str) {
        let entries = std::mem::take(&mut *self.shared.lock());
        for entry in entries.into_values() {
            entry.abort(message);
        }
    }

    /// Starts the task that answers with the event of a head and its body, or with why there is none.
    pub(crate) fn start<Task>(&self, id: Id, task: Task)
    where
        Task: Future<Output = Result<(Event, Incoming), String>> + Send + 'static,
    {
        let mut entries = self.shared.lock();
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            let answer = task.await;
            shared.answer(id, answer);
        });
        entries.entry(id).or_default().incoming = Side::Awaited(task.abort_handle());
    }

    /// The same for what failed before there was a task.
    pub(crate) fn fail(&self, id: Id, message: String) {
        let mut entries = self.shared.lock();
        self.shared.fail(&mut entries, id, message);
    }
}

type Entries<'a> = MutexGuard<'a, HashMap<Id, Entry>>;

impl Shared {
    fn lock(&self) -> Entries<'_> {
        // A panic under the lock leaves a map that is still one.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, event: Event) {
        // An actor that is gone needs no events.
        let _ = self.events.send(event);
    }

    /// What became of a pull. The entry is there, and nothing is in its place.
    fn give(
        &self,
        entries: &mut Entries<'_>,
        id: Id,
        reader: Reader,
        chunk: Option<Result<Bytes, String>>,
    ) {
        let Some(entry) = entries.get_mut(&id) else {
            return;
        };
        match chunk {
            Some(Ok(chunk)) => {
                entry.incoming = Side::Resting(reader);
                let chunk = Value::from(Vec::from(chunk));
                self.send(Event::of(Hook::Body, id, [chunk]));
            }
            None => {
                entry.incoming = Side::Nothing;
                self.send(Event::of(Hook::End, id, []));
                settle(entries, id);
            }
            Some(Err(message)) => self.fail(entries, id, message),
        }
    }

    fn answer(&self, id: Id, answer: Result<(Event, Incoming), String>) {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&id) else {
            return;
        };
        match answer {
            Ok((head, body)) => {
                entry.incoming = match entry.incoming {
                    Side::Unwanted(_) => Side::Nothing,
                    _ => Side::Resting(Reader::new(body)),
                };
                self.send(head);
                settle(&mut entries, id);
            }
            Err(message) => self.fail(&mut entries, id, message),
        }
    }

    fn fail(&self, entries: &mut Entries<'_>, id: Id, message: String) {
        if let Some(queue) = entries.remove(&id).and_then(|entry| entry.outgoing) {
            queue.end(Err(message.clone()));
        }
        self.send(Event::of(Hook::Failed, id, [Value::from(message)]));
    }
}

impl Entry {
    fn is_pulled(&self) -> bool {
        matches!(self.incoming, Side::Pulled(_))
    }

    fn is_waiting(&self) -> bool {
        let comes = matches!(
            self.incoming,
            Side::Awaited(_) | Side::Unwanted(_) | Side::Pulled(_)
        );
        comes || self.outgoing.as_ref().is_some_and(|queue| queue.is_full())
    }

    fn abort(self, message: &str) {
        match self.incoming {
            Side::Awaited(task) | Side::Unwanted(task) | Side::Pulled(task) => task.abort(),
            Side::Nothing | Side::Resting(_) => {}
        }
        if let Some(queue) = self.outgoing {
            queue.end(Err(message.to_owned()));
        }
    }
}

/// Forgets an entry of which nothing is left.
fn settle(entries: &mut Entries<'_>, id: Id) {
    let is_done =
        |entry: &Entry| matches!(entry.incoming, Side::Nothing) && entry.outgoing.is_none();
    if entries.get(&id).is_some_and(is_done) {
        entries.remove(&id);
    }
}
