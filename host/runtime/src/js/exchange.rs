//! The requests that an instance has under way, from their arrival to the last byte of their answers and what
//! `waitUntil` keeps them for.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::Stream;
use host_outbound::{Bodies, Id, Incoming, Outgoing};
use host_web::{Value, encode};
use http::Response;
use tokio::sync::oneshot;

use super::pool::{Leave, LoadShare, Mailbox};
use crate::body::Chunks;
use crate::gate::Pass;
use crate::limits::JS_OUTGOING_BYTES;
use crate::output::RequestLog;
use crate::{Body, Fault, LogSink, LogStream, RequestId};

/// What whoever asked waits for.
pub(super) type Answer = Result<Response<Body>, Refusal>;

/// Why an instance gives no answer.
pub(super) enum Refusal {
    Fault(Fault),
    /// It ended before it looked at the request, which another may take.
    Unread(Box<Arrival>),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Fault(fault)
    }
}

/// A request as it reaches an instance.
pub(super) struct Arrival {
    pub(super) id: Id,
    /// The arguments of the hook `request`.
    pub(super) message: Vec<u8>,
    pub(super) body: Option<Incoming>,
    pub(super) answer: oneshot::Sender<Answer>,
    pub(super) log: ExchangeLog,
    pub(super) deadline: Instant,
    pub(super) wall_time: Duration,
    pub(super) response_bytes_max: u64,
    pub(super) mailbox: Mailbox,
    pub(super) pass: Pass,
    pub(super) share: LoadShare,
}

impl Arrival {
    /// The arguments of the hook `request`.
    pub(super) fn message(
        id: Id,
        method: &str,
        url: &str,
        headers: Value<'_>,
        has_body: bool,
    ) -> Vec<u8> {
        encode(&[
            Value::Number(id as f64),
            Value::from(method),
            Value::from(url),
            headers,
            Value::Bool(has_body),
        ])
    }

    /// The same request for another instance, under the id that it has there.
    pub(super) fn moved(mut self, id: Id, mailbox: Mailbox, share: LoadShare) -> Arrival {
        // The id is the first value of the message: after the count of values and its tag.
        self.message[5..13].copy_from_slice(&(id as f64).to_le_bytes());
        Arrival {
            id,
            mailbox,
            share,
            ..self
        }
    }

    /// Gives the request back to whoever asked.
    pub(super) fn hand_back(mut self) {
        let (nobody, _) = oneshot::channel();
        let answer = std::mem::replace(&mut self.answer, nobody);
        // Who has left needs no other instance.
        let _ = answer.send(Err(Refusal::Unread(Box::new(self))));
    }
}

/// The log of a request; most write nothing, and cost nothing.
pub(super) struct ExchangeLog {
    sink: Arc<dyn LogSink>,
    id: RequestId,
    bytes_max: usize,
    begun: Option<Arc<RequestLog>>,
}

impl ExchangeLog {
    pub(super) fn new(sink: Arc<dyn LogSink>, id: RequestId, bytes_max: usize) -> ExchangeLog {
        ExchangeLog {
            sink,
            id,
            bytes_max,
            begun: None,
        }
    }

    pub(super) fn write(&mut self, stream: LogStream, bytes: &[u8]) {
        self.begun().write(stream, bytes);
    }

    fn begun(&mut self) -> &RequestLog {
        let begin = || RequestLog::new(Arc::clone(&self.sink), self.id, self.bytes_max);
        self.begun.get_or_insert_with(begin)
    }
}

/// All requests of one instance that are not over.
pub(super) struct Exchanges {
    /// By id, which counts up: the first has waited longest.
    open: BTreeMap<Id, Exchange>,
    /// The one that the present turn is about.
    current: Option<Id>,
    bodies: Bodies,
}

struct Exchange {
    progress: Progress,
    is_held: bool,
    has_body: bool,
    log: ExchangeLog,
    deadline: Instant,
    wall_time: Duration,
    response_bytes_max: u64,
    mailbox: Mailbox,
    _pass: Pass,
    _share: LoadShare,
}

enum Progress {
    Waiting(oneshot::Sender<Answer>),
    Streaming,
    Complete,
}

impl Exchanges {
    pub(super) fn new(bodies: Bodies) -> Exchanges {
        Exchanges {
            open: BTreeMap::new(),
            current: None,
            bodies,
        }
    }

    /// Takes a request in; the message of its hook. `None` if whoever asked has left already.
    pub(super) fn begin(&mut self, arrival: Arrival) -> Option<Vec<u8>> {
        if arrival.answer.is_closed() {
            return None;
        }
        let has_body = arrival.body.is_some();
        if let Some(body) = arrival.body {
            self.bodies.insert(arrival.id, body);
        }
        let exchange = Exchange {
            progress: Progress::Waiting(arrival.answer),
            is_held: false,
            has_body,
            log: arrival.log,
            deadline: arrival.deadline,
            wall_time: arrival.wall_time,
            response_bytes_max: arrival.response_bytes_max,
            mailbox: arrival.mailbox,
            _pass: arrival.pass,
            _share: arrival.share,
        };
        self.open.insert(arrival.id, exchange);
        Some(arrival.message)
    }

    /// The next turn is about this id, which may be no request's.
    pub(super) fn begin_turn(&mut self, id: Option<Id>) {
        self.current = id;
    }

    pub(super) fn end_turn(&mut self) {
        if let Some(id) = self.current.take() {
            self.forget_if_over(id);
        }
    }

    /// When the first of them is out of time.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open
            .first_key_value()
            .map(|(_, exchange)| exchange.deadline)
    }

    /// One that is out of time by then.
    pub(super) fn late(&self, by: Instant) -> Option<Id> {
        let (id, exchange) = self.open.first_key_value()?;
        (exchange.deadline <= by).then_some(*id)
    }

    /// Where what the program prints goes: the log of the request that the turn is about, or of the only one there is.
    pub(super) fn log(&mut self) -> Option<&mut ExchangeLog> {
        let own = self.current.filter(|id| self.open.contains_key(id));
        let only = || {
            (self.open.len() == 1)
                .then(|| self.open.keys().next().copied())
                .flatten()
        };
        let id = own.or_else(only)?;
        self.open.get_mut(&id).map(|exchange| &mut exchange.log)
    }

    /// `respond`: the whole answer, or with `more` its head.
    pub(super) fn respond(
        &mut self,
        id: Id,
        head: Result<Response<()>, Fault>,
        body: Option<Bytes>,
        more: bool,
    ) {
        let Some(exchange) = self.open.get_mut(&id) else {
            return;
        };
        if !matches!(exchange.progress, Progress::Waiting(_)) {
            return;
        }
        let limit_bytes = exchange.response_bytes_max;
        let is_long = body
            .as_ref()
            .is_some_and(|body| body.len() as u64 > limit_bytes);
        let head = head.and_then(|head| match is_long {
            true => Err(Fault::OutputTooLarge { limit_bytes }),
            false => Ok(head),
        });
        let next = match (&head, more) {
            (Ok(_), true) => Progress::Streaming,
            (Ok(_), false) | (Err(_), _) => Progress::Complete,
        };
        let bodies = &self.bodies;
        let mailbox = &exchange.mailbox;
        let answer = head.map(|head| {
            let body = match more {
                true => Body::of_chunks(streamed(bodies, id, body, mailbox), limit_bytes),
                false => Body::whole(body.unwrap_or_default()),
            };
            head.map(|()| body)
        });
        if let Progress::Waiting(sender) = std::mem::replace(&mut exchange.progress, next) {
            // Whoever asked may have left; then a streamed body is dropped here, and tells.
            let _ = sender.send(answer.map_err(Refusal::from));
        }
        self.forget_if_over(id);
    }

    /// `finish`: the program has written all of its answer.
    pub(super) fn finish(&mut self, id: Id) {
        self.bodies.finish(id);
        if let Some(exchange) = self.open.get_mut(&id)
            && matches!(exchange.progress, Progress::Streaming)
        {
            exchange.progress = Progress::Complete;
            self.forget_if_over(id);
        }
    }

    /// `abort`: the program breaks the exchange off.
    pub(super) fn abort(&mut self, id: Id, message: &str) {
        self.bodies.abort(id, message);
        self.end(id, || Fault::BadResponse {
            reason: format!("it broke the exchange off: {message}"),
        });
        self.release(id);
    }

    /// `hold`: the request stays until `release`, its answer complete or not.
    pub(super) fn hold(&mut self, id: Id) {
        if let Some(exchange) = self.open.get_mut(&id) {
            exchange.is_held = true;
        }
    }

    pub(super) fn release(&mut self, id: Id) {
        if let Some(exchange) = self.open.get_mut(&id) {
            exchange.is_held = false;
            self.forget_if_over(id);
        }
    }

    /// The client has left. True: before its answer was complete, so that the program is to know.
    pub(super) fn leave(&mut self, id: Id) -> bool {
        self.bodies.abort(id, "the client has left");
        let Some(exchange) = self.open.get_mut(&id) else {
            return false;
        };
        let was_open = !matches!(exchange.progress, Progress::Complete);
        exchange.progress = Progress::Complete;
        self.forget_if_over(id);
        was_open
    }

    /// The request is out of time: nothing is sent any more, and `waitUntil` keeps nothing. True: the program is to know.
    pub(super) fn expire(&mut self, id: Id) -> bool {
        let Some(exchange) = self.open.get_mut(&id) else {
            return false;
        };
        let limit = exchange.wall_time;
        if matches!(exchange.progress, Progress::Streaming) {
            let text = format!("the response is broken off after {} ms", limit.as_millis());
            exchange.log.begun().system(&text);
        } else if exchange.is_held && matches!(exchange.progress, Progress::Complete) {
            let text = format!(
                "waitUntil keeps the program no longer than {} ms",
                limit.as_millis()
            );
            exchange.log.begun().system(&text);
        }
        self.bodies.abort(id, "the program took too long");
        let was_open = self.end(id, || Fault::Deadline { limit });
        self.release(id);
        was_open
    }

    /// The instance is over: whoever's turn it was learns of the culprit, the rest of `other`. False: it was nobody's turn.
    pub(super) fn fail(&mut self, culprit: &Fault, other: &Fault) -> bool {
        // Streams first: whoever reads one learns that it broke before its sender is gone.
        self.bodies.clear("the program ended before its answer did");
        let current = self.current.take();
        let mut is_told = false;
        for (id, mut exchange) in std::mem::take(&mut self.open) {
            let is_own = current == Some(id);
            let fault = if is_own { culprit } else { other };
            match exchange.progress {
                Progress::Waiting(sender) => {
                    let is_heard = sender.send(Err(fault.clone().into())).is_ok();
                    is_told |= is_own && is_heard;
                }
                Progress::Streaming => {
                    is_told |= is_own;
                    exchange.log.begun().fault_after_response(fault);
                }
                Progress::Complete => {}
            }
        }
        is_told
    }

    /// Completes what is not complete. True: it was not.
    fn end(&mut self, id: Id, fault: impl FnOnce() -> Fault) -> bool {
        let Some(exchange) = self.open.get_mut(&id) else {
            return false;
        };
        match std::mem::replace(&mut exchange.progress, Progress::Complete) {
            Progress::Waiting(sender) => {
                let _ = sender.send(Err(fault().into()));
                true
            }
            Progress::Streaming => true,
            Progress::Complete => false,
        }
    }

    fn forget_if_over(&mut self, id: Id) {
        let is_over = |exchange: &Exchange| {
            matches!(exchange.progress, Progress::Complete) && !exchange.is_held
        };
        // The turn that completes it may still print.
        if self.current == Some(id) || !self.open.get(&id).is_some_and(is_over) {
            return;
        }
        if let Some(exchange) = self.open.remove(&id)
            && exchange.has_body
        {
            self.bodies.drop(id);
        }
    }
}

/// The body of an answer that is written piece by piece.
fn streamed(bodies: &Bodies, id: Id, first: Option<Bytes>, mailbox: &Mailbox) -> Chunks {
    let outgoing = bodies.outgoing(id, JS_OUTGOING_BYTES);
    if let Some(first) = first {
        bodies.write(id, first);
    }
    Box::pin(Watched {
        outgoing,
        leave: Leave::new(mailbox.clone(), id),
    })
}

/// Dropped before its end, it tells the instance that the client has left.
struct Watched {
    outgoing: Outgoing,
    leave: Leave,
}

impl Stream for Watched {
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let chunk = std::task::ready!(Pin::new(&mut self.outgoing).poll_next(cx));
        if chunk.is_none() {
            self.leave.is_over();
        }
        Poll::Ready(chunk)
    }
}
