//! A stand-in for a program's actor: it calls functions by their wire arguments and waits for hooks.

use host_outbound::{Bodies, Egress, Event, Id, Network, Outbound};
use host_web::{Function, Hook, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// Nothing here takes this long; a test that hangs fails instead.
const HANGS: Duration = Duration::from_secs(60);
/// Longer than any test waits for a server that is well.
pub const PATIENT: Duration = Duration::from_secs(30);
/// For servers that never answer.
pub const IMPATIENT: Duration = Duration::from_millis(300);

pub struct Program {
    pub outbound: Outbound,
    pub bodies: Bodies,
    events: UnboundedReceiver<Event>,
    last_id: Id,
}

/// The arguments of the hook `response`.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub status_text: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub redirected: bool,
}

/// A request to be sent; what is not said is a GET without a body.
pub struct Ask<'a> {
    pub method: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: Option<&'a str>,
    pub more: bool,
    pub redirect: &'a str,
}

impl<'a> Ask<'a> {
    pub fn get(url: &'a str) -> Ask<'a> {
        Ask {
            method: "GET",
            url,
            headers: &[],
            body: None,
            more: false,
            redirect: "follow",
        }
    }
}

impl Program {
    pub fn new() -> Program {
        Program::with(Network::new(Egress::Anywhere, 64, PATIENT).unwrap())
    }

    pub fn impatient() -> Program {
        Program::with(Network::new(Egress::Anywhere, 64, IMPATIENT).unwrap())
    }

    pub fn with(network: Network) -> Program {
        let (sender, events) = unbounded_channel();
        let bodies = Bodies::new(sender.clone());
        Program {
            outbound: Outbound::new(Arc::new(network), bodies.clone(), sender),
            bodies,
            events,
            last_id: 0,
        }
    }

    pub fn id(&mut self) -> Id {
        self.last_id += 1;
        self.last_id
    }

    pub fn call(&self, function: Function, id: Id, rest: &[Value<'static>]) -> Value<'static> {
        let mut arguments = vec![Value::from(id as f64)];
        arguments.extend(rest.iter().cloned());
        match self.bodies.call(function, &arguments) {
            Some(answer) => answer,
            None => {
                assert!(self.outbound.call(function, &arguments), "{function:?}");
                Value::Undefined
            }
        }
    }

    pub fn fetch(&mut self, ask: &Ask<'_>) -> Id {
        let id = self.id();
        let flat = ask.headers.iter().flat_map(|(name, value)| [*name, *value]);
        let text = |text: &str| Value::from(text.to_owned());
        let arguments = [
            text(ask.method),
            text(ask.url),
            Value::List(flat.map(text).collect()),
            ask.body.map_or(Value::Null, text),
            Value::from(ask.more),
            text(ask.redirect),
        ];
        self.call(Function::Fetch, id, &arguments);
        id
    }

    /// The next hook, which must be for `id`.
    pub async fn event(&mut self, id: Id) -> (Hook, Vec<Value<'static>>) {
        let event = timeout(HANGS, self.events.recv()).await;
        let event = event.expect("a hook in time").expect("the channel is open");
        let mut arguments = event.arguments.clone();
        assert_eq!(arguments.remove(0), Value::from(id as f64), "{event:?}");
        (event.hook, arguments)
    }

    /// What is in the channel now.
    pub fn next_now(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    pub async fn head(&mut self, id: Id) -> Head {
        let (hook, arguments) = self.event(id).await;
        assert_eq!(hook, Hook::Response, "{arguments:?}");
        let [status, status_text, url, headers, redirected] = arguments.as_slice() else {
            panic!("{arguments:?}");
        };
        let Value::List(flat) = headers else {
            panic!("{headers:?}");
        };
        let text = |value: &Value<'_>| value.as_text().unwrap().to_owned();
        let pairs = flat.chunks(2).map(|pair| (text(&pair[0]), text(&pair[1])));
        Head {
            status: status.as_number().unwrap() as u16,
            status_text: text(status_text),
            url: text(url),
            headers: pairs.collect(),
            redirected: redirected.is_true(),
        }
    }

    pub async fn failure(&mut self, id: Id) -> String {
        let (hook, arguments) = self.event(id).await;
        assert_eq!(hook, Hook::Failed, "{arguments:?}");
        arguments[0].as_text().unwrap().to_owned()
    }

    /// The next chunk; nothing at the end.
    pub async fn pull(&mut self, id: Id) -> Result<Option<Vec<u8>>, String> {
        self.call(Function::Pull, id, &[]);
        let (hook, arguments) = self.event(id).await;
        match (hook, arguments.as_slice()) {
            (Hook::Body, [Value::Bytes(chunk)]) => Ok(Some(chunk.to_vec())),
            (Hook::End, []) => Ok(None),
            (Hook::Failed, [message]) => Err(message.as_text().unwrap().to_owned()),
            _ => panic!("{hook:?} {arguments:?}"),
        }
    }

    /// All of a body.
    pub async fn body(&mut self, id: Id) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.pull(id).await? {
            assert!(!chunk.is_empty());
            bytes.extend(chunk);
        }
        Ok(bytes)
    }

    /// Head and body, as text.
    pub async fn get(&mut self, ask: &Ask<'_>) -> (Head, String) {
        let id = self.fetch(ask);
        let head = self.head(id).await;
        let body = self.body(id).await.unwrap();
        (head, String::from_utf8(body).unwrap())
    }
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.as_str())
    }
}
