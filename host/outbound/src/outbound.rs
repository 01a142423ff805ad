//! What one instance of a program does outside: its requests, its sockets.

mod calls;

use bytes::Bytes;
use host_web::{Hook, Value};
use http::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Target;
use crate::bodies::Bodies;
use crate::event::{Event, Events, Id};
use crate::fetch::{self, Client};
use crate::limits::{
    CONNECT_TIMEOUT, CONNECTIONS_PER_INSTANCE_MAX, OUTGOING_BYTES, PLACE_TIMEOUT, SOCKETS_MAX,
};
use crate::network::{Connection, Network, Protocols};
use crate::socket::{self, Socket};

/// The outbound side of one instance. Dropped, it closes what it has open.
pub struct Outbound {
    way: Arc<Way>,
    client: Client,
    bodies: Bodies,
    events: Events,
    sockets: Sockets,
}

/// What `fetch` is asked for.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// In the program's own letters.
    pub method: String,
    /// Absolute, as the URL parser writes it.
    pub url: String,
    /// As [`crate::headers_of_flat`] gives them.
    pub headers: HeaderMap,
    /// The body when it is there as a whole.
    pub body: Option<Bytes>,
    /// The body follows by `write` and `finish`.
    pub more: bool,
    /// What to do with an answer that leads elsewhere.
    pub redirects: Redirects,
}

/// What to do with an answer that leads elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Go there.
    Follow,
    /// Fail.
    Error,
    /// It is the answer.
    Manual,
}

/// Sockets that are not closed yet.
pub(crate) type Sockets = Arc<Mutex<HashMap<Id, Socket>>>;

/// The way to other servers: this instance's share of the network.
#[derive(Debug)]
pub(crate) struct Way {
    network: Arc<Network>,
    own: Arc<Semaphore>,
}

/// Held while a connection is open.
#[derive(Debug)]
pub(crate) struct Place {
    _own: OwnedSemaphorePermit,
    _shared: OwnedSemaphorePermit,
}

impl Way {
    /// A connection and its place, or why there is none, as the end of a sentence that names the server.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        protocols: Protocols,
    ) -> Result<(Connection, Place), String> {
        let place = timeout(PLACE_TIMEOUT.min(self.patience()), self.place()).await;
        let place = place.map_err(|_| "too many connections are open".to_owned())??;
        let time = CONNECT_TIMEOUT.min(self.patience());
        match timeout(time, self.network.connect(target, protocols)).await {
            Ok(Ok(connection)) => Ok((connection, place)),
            Ok(Err(error)) => Err(sentence(&error)),
            Err(_) => Err(format!("it did not answer within {} ms", time.as_millis())),
        }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.network.patience()
    }

    async fn place(&self) -> Result<Place, String> {
        // Nobody closes these semaphores.
        let closed = |_| "the host shuts down".to_owned();
        let own = Arc::clone(&self.own)
            .acquire_owned()
            .await
            .map_err(closed)?;
        let shared = Arc::clone(self.network.places());
        let shared = shared.acquire_owned().await.map_err(closed)?;
        Ok(Place {
            _own: own,
            _shared: shared,
        })
    }
}

impl Outbound {
    /// Nothing open yet. `bodies` are the instance's own; `events` reach its actor.
    pub fn new(network: Arc<Network>, bodies: Bodies, events: Events) -> Outbound {
        let own = Arc::new(Semaphore::new(CONNECTIONS_PER_INSTANCE_MAX));
        let way = Arc::new(Way { network, own });
        Outbound {
            client: Client::new(Arc::clone(&way)),
            way,
            bodies,
            events,
            sockets: Sockets::default(),
        }
    }

    /// Sends a request: the hook `response` or `failed` follows; the answer's body is pulled from the [`Bodies`], by which
    /// the request's body is written too, and the whole aborted.
    pub fn fetch(&self, id: Id, request: FetchRequest) {
        let streamed = request
            .more
            .then(|| self.bodies.outgoing(id, OUTGOING_BYTES));
        let task = fetch::run(self.client.clone(), id, request, streamed);
        self.bodies.start(id, task);
    }

    /// The same for a request that the program has put wrongly: `failed` follows.
    pub fn refuse(&self, id: Id, message: String) {
        self.bodies.fail(id, message);
    }

    /// Opens a WebSocket: `opened`, or `closed` with 1006.
    pub fn connect(&self, id: Id, url: &str, protocols: Vec<String>) {
        let mut sockets = lock(&self.sockets);
        if sockets.len() >= SOCKETS_MAX {
            tracing::debug!("a program has {SOCKETS_MAX} sockets open and gets no more");
            let nothing = [Value::from(1006.0), Value::from(""), Value::from(false)];
            let _ = self.events.send(Event::of(Hook::Closed, id, nothing));
            return;
        }
        let socket = socket::open(
            socket::Opening {
                id,
                url: url.to_owned(),
                protocols,
                events: self.events.clone(),
                sockets: Arc::clone(&self.sockets),
            },
            Arc::clone(&self.way),
        );
        sockets.insert(id, socket);
    }

    /// Sends a text message; `sent` follows.
    pub fn send_text(&self, id: Id, text: String) {
        if let Some(socket) = lock(&self.sockets).get(&id) {
            socket.send_text(text);
        }
    }

    /// Sends a binary message; `sent` follows.
    pub fn send_bytes(&self, id: Id, bytes: Bytes) {
        if let Some(socket) = lock(&self.sockets).get(&id) {
            socket.send_bytes(bytes);
        }
    }

    /// Closes a socket, 1005 for no code; `closed` follows.
    pub fn close(&self, id: Id, code: u16, reason: String) {
        if let Some(socket) = lock(&self.sockets).get(&id) {
            socket.close(code, reason);
        }
    }

    /// Whether an event of a socket may follow: as long as one is not closed. Of fetches [`Bodies::is_waiting`] tells.
    pub fn is_waiting(&self) -> bool {
        !lock(&self.sockets).is_empty()
    }
}

impl Drop for Outbound {
    fn drop(&mut self) {
        for (_, socket) in lock(&self.sockets).drain() {
            socket.stop();
        }
    }
}

pub(crate) fn lock(sockets: &Sockets) -> MutexGuard<'_, HashMap<Id, Socket>> {
    // A panic under the lock leaves a map that is still one.
    sockets.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error with what caused it, without what says the same again.
pub(crate) fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
