//! What goes out: chunks wait in a queue until the other side reads them.

use bytes::Bytes;
use futures_util::Stream;
use host_web::Hook;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::event::{Event, Events, Id};
use crate::limits::OVERRUN_BYTES_MAX;

/// The reading end of an outgoing body; an `Err` says why it breaks off. Dropped, it takes nothing more.
pub struct Outgoing {
    queue: Arc<Queue>,
}

pub(super) struct Queue {
    id: Id,
    capacity: usize,
    events: Events,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    /// No more chunks will come: the body is complete, or has broken off.
    end: Option<Result<(), String>>,
    /// The program waits for room.
    is_full: bool,
    /// Nobody reads it any more.
    is_abandoned: bool,
    reader: Option<Waker>,
}

impl Queue {
    pub(super) fn new(id: Id, capacity: usize, events: Events) -> Arc<Queue> {
        let state = Mutex::default();
        Arc::new(Queue {
            id,
            capacity,
            events,
            state,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under the lock leaves a queue that is still one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is room for more.
    pub(super) fn push(&self, chunk: Bytes) -> bool {
        let mut state = self.lock();
        if state.end.is_some() || state.is_abandoned || chunk.is_empty() {
            return true;
        }
        if state.bytes > self.capacity.saturating_add(OVERRUN_BYTES_MAX) {
            state.break_off("the program wrote on and on without waiting for room".to_owned());
            return true;
        }
        state.bytes += chunk.len();
        state.chunks.push_back(chunk);
        state.is_full = state.bytes >= self.capacity;
        state.wake();
        !state.is_full
    }

    pub(super) fn end(&self, end: Result<(), String>) {
        let mut state = self.lock();
        state.is_full = false;
        match end {
            Err(message) => state.break_off(message),
            Ok(()) => {
                state.end.get_or_insert(Ok(()));
                state.wake();
            }
        }
    }

    /// Whether the hook `room` is to come.
    pub(super) fn is_full(&self) -> bool {
        self.lock().is_full
    }

    fn make_room(&self, state: &mut State) {
        if std::mem::take(&mut state.is_full) {
            // An actor that is gone needs no events.
            let _ = self.events.send(Event::of(Hook::Room, self.id, []));
        }
    }
}

impl State {
    /// What was written before is of no use without the rest.
    fn break_off(&mut self, message: String) {
        self.chunks.clear();
        self.bytes = 0;
        self.end = Some(Err(message));
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl Outgoing {
    pub(super) fn new(queue: Arc<Queue>) -> Outgoing {
        Outgoing { queue }
    }
}

impl Stream for Outgoing {
    type Item = Result<Bytes, String>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.queue.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            state.bytes -= chunk.len();
            if state.bytes < self.queue.capacity {
                self.queue.make_room(&mut state);
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
        match state.end.take() {
            Some(Ok(())) => {
                state.end = Some(Ok(()));
                Poll::Ready(None)
            }
            Some(Err(message)) => {
                state.end = Some(Ok(()));
                Poll::Ready(Some(Err(message)))
            }
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.is_abandoned = true;
        state.chunks.clear();
        state.bytes = 0;
        // Who waits for room may write on, into nothing.
        self.queue.make_room(&mut state);
    }
}
