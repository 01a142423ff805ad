//! One WebSocket: a task that opens it, carries messages both ways and closes it. Its last event is `closed`, always.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use host_web::{Hook, Value};
use http::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL};
use http::header::{SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Target;
use crate::event::{Event, Events, Id, number};
use crate::limits::{
    CLOSE_TIMEOUT, CONNECT_TIMEOUT, MESSAGE_BYTES_MAX, MESSAGE_COST_BYTES, UNREAD_BYTES,
    UNSENT_BYTES_MAX,
};
use crate::network::{Duplex, Protocols};
use crate::outbound::{Place, Sockets, Way, lock};

/// A close frame without a status.
const NO_STATUS: u16 = 1005;
/// The connection broke off.
const ABNORMAL: u16 = 1006;

/// A control frame has 125 bytes, two of them for the code.
const REASON_BYTES_MAX: usize = 123;

/// What the instance holds of a socket.
pub(crate) struct Socket {
    orders: UnboundedSender<Order>,
    unsent: Arc<AtomicUsize>,
    /// While it connects, closing it is giving up.
    given_up: Arc<Notify>,
    task: AbortHandle,
}

/// What the program wants of an open socket.
enum Order {
    Send(Message),
    Close(u16, String),
}

/// What a new socket needs.
pub(crate) struct Opening {
    pub(crate) id: Id,
    pub(crate) url: String,
    pub(crate) protocols: Vec<String>,
    pub(crate) events: Events,
    pub(crate) sockets: Sockets,
}

/// How a socket ended: code, reason, whether both sides had said so.
struct End {
    code: u16,
    reason: String,
    clean: bool,
}

type Stream = WebSocketStream<Box<dyn Duplex>>;

/// Starts the task of a socket.
pub(crate) fn open(opening: Opening, way: Arc<Way>) -> Socket {
    let (orders, received) = unbounded_channel();
    let unsent = Arc::new(AtomicUsize::new(0));
    let given_up = Arc::new(Notify::new());
    let task = tokio::spawn({
        let (unsent, given_up) = (Arc::clone(&unsent), Arc::clone(&given_up));
        async move {
            let end = live(&opening, &way, received, &unsent, &given_up).await;
            let Opening {
                id,
                events,
                sockets,
                ..
            } = opening;
            // Under the lock: who sees no socket finds all events in the channel.
            let mut sockets = lock(&sockets);
            if sockets.remove(&id).is_some() {
                let code = Value::from(f64::from(end.code));
                let rest = [code, Value::from(end.reason), Value::from(end.clean)];
                let _ = events.send(Event::of(Hook::Closed, id, rest));
            }
        }
    });
    Socket {
        orders,
        unsent,
        given_up,
        task: task.abort_handle(),
    }
}

impl Socket {
    pub(crate) fn send_text(&self, text: String) {
        self.send(text.len(), Message::text(text));
    }

    pub(crate) fn send_bytes(&self, bytes: Bytes) {
        self.send(bytes.len(), Message::binary(bytes));
    }

    fn send(&self, bytes: usize, message: Message) {
        let unsent = self.unsent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if unsent > UNSENT_BYTES_MAX || bytes > MESSAGE_BYTES_MAX {
            // The standard's way out when a message cannot be kept: the connection is given up.
            self.given_up.notify_one();
            return;
        }
        // A task that is gone has sent `closed`, or is about to.
        let _ = self.orders.send(Order::Send(message));
    }

    /// The hook `closed` follows.
    pub(crate) fn close(&self, code: u16, mut reason: String) {
        // The prelude has checked both; a program may have broken the prelude.
        let code = match code {
            NO_STATUS | 3000..=4999 => code,
            _ => 1000,
        };
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        let _ = self.orders.send(Order::Close(code, reason));
    }

    /// Ends it at once, without an event.
    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl End {
    fn abnormal() -> End {
        End {
            code: ABNORMAL,
            reason: String::new(),
            clean: false,
        }
    }

    fn of(frame: Option<CloseFrame>) -> End {
        match frame {
            Some(frame) => End {
                code: frame.code.into(),
                reason: frame.reason.to_string(),
                clean: true,
            },
            None => End {
                code: NO_STATUS,
                reason: String::new(),
                clean: true,
            },
        }
    }
}

/// The life of a socket until its end.
async fn live(
    opening: &Opening,
    way: &Way,
    mut orders: UnboundedReceiver<Order>,
    unsent: &AtomicUsize,
    given_up: &Notify,
) -> End {
    let opened = tokio::select! {
        opened = handshake(opening, way) => opened,
        // The only order before `opened`: the program closes.
        _ = orders.recv() => Err("the program closed it".to_owned()),
    };
    let (stream, protocol, _place) = match opened {
        Ok(opened) => opened,
        Err(reason) => {
            tracing::debug!("WebSocket {}: {reason}", opening.url);
            return End::abnormal();
        }
    };
    let opened = Event::of(Hook::Opened, opening.id, [Value::from(protocol)]);
    let _ = opening.events.send(opened);
    let (mut sink, mut source) = stream.split();
    let mut reading = std::pin::pin!(read(opening, &mut source));
    let writing = write(opening, &mut sink, &mut orders, unsent);
    tokio::select! {
        end = &mut reading => return end,
        () = given_up.notified() => return End::abnormal(),
        closed = writing => if closed.is_err() {
            // The other side may have said why before it left.
            return timeout(CLOSE_TIMEOUT, reading).await.unwrap_or_else(|_| End::abnormal());
        },
    }
    // The close frame has left; now the other side's.
    timeout(CLOSE_TIMEOUT, reading)
        .await
        .unwrap_or_else(|_| End::abnormal())
}

/// Connects and agrees on the protocol.
async fn handshake(opening: &Opening, way: &Way) -> Result<(Stream, String, Place), String> {
    let uri: Uri = opening
        .url
        .parse()
        .map_err(|_| "its URL is none".to_owned())?;
    if !matches!(uri.scheme_str(), Some("ws" | "wss")) {
        return Err("its scheme is not ws or wss".to_owned());
    }
    let target = Target::of(&uri).map_err(|error| error.to_string())?;
    let (connection, place) = way.connect(&target, Protocols::Http1).await?;
    let request = request(uri, &opening.protocols)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX))
        .read_buffer_size(16 << 10)
        // Each message leaves at once: `sent` is to be true.
        .write_buffer_size(0);
    let handshake = client_async_with_config(request, connection.io, Some(config));
    let time = CONNECT_TIMEOUT.min(way.patience());
    let (stream, response) = timeout(time, handshake)
        .await
        .map_err(|_| "the handshake took too long".to_owned())?
        .map_err(|error| error.to_string())?;
    let protocol = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
    let protocol = protocol.and_then(|protocol| protocol.to_str().ok());
    Ok((stream, protocol.unwrap_or("").to_owned(), place))
}

fn request(uri: Uri, protocols: &[String]) -> Result<Request<()>, String> {
    let authority = uri.authority().ok_or("its URL names no server")?.as_str();
    // Credentials are not the server's name.
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let mut request = Request::get(uri.clone())
        .header(HOST, host)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, generate_key())
        .header(USER_AGENT, concat!("lily/", env!("CARGO_PKG_VERSION")));
    if !protocols.is_empty() {
        let list = HeaderValue::from_str(&protocols.join(", "));
        let list = list.map_err(|_| "its protocols are not tokens".to_owned())?;
        request = request.header(SEC_WEBSOCKET_PROTOCOL, list);
    }
    request.body(()).map_err(|error| error.to_string())
}

/// Messages to the program, until the other side closes or the connection breaks. Reading answers pings as well.
async fn read(opening: &Opening, source: &mut futures_util::stream::SplitStream<Stream>) -> End {
    let room = Arc::new(Semaphore::new(UNREAD_BYTES));
    while let Some(Ok(message)) = source.next().await {
        let data = match message {
            Message::Text(text) => Value::from(text.as_str().to_owned()),
            Message::Binary(bytes) => Value::from(Vec::from(bytes)),
            Message::Close(frame) => {
                // The answer to it leaves with the next read, which ends when it has.
                let _ = timeout(CLOSE_TIMEOUT, source.next()).await;
                return End::of(frame);
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        let bytes = data
            .as_text()
            .map(str::len)
            .or(data.as_bytes().map(<[u8]>::len));
        let cost = (bytes.unwrap_or(0) + MESSAGE_COST_BYTES).min(UNREAD_BYTES);
        // It fits: it is at most 2^20. Nobody closes the semaphore.
        let Ok(place) = Arc::clone(&room).acquire_many_owned(cost as u32).await else {
            break;
        };
        let event = Event::of(Hook::Message, opening.id, [data]).holding(place);
        if opening.events.send(event).is_err() {
            break;
        }
    }
    End::abnormal()
}

/// Messages from the program, until it closes; an error when the connection breaks before.
async fn write(
    opening: &Opening,
    sink: &mut futures_util::stream::SplitSink<Stream, Message>,
    orders: &mut UnboundedReceiver<Order>,
    unsent: &AtomicUsize,
) -> Result<(), ()> {
    while let Some(order) = orders.recv().await {
        match order {
            Order::Send(message) => {
                let bytes = message.len();
                sink.send(message).await.map_err(|_| ())?;
                unsent.fetch_sub(bytes, Ordering::Relaxed);
                let sent = Event::of(Hook::Sent, opening.id, [number(bytes as u64)]);
                let _ = opening.events.send(sent);
            }
            Order::Close(code, reason) => {
                let frame = (code != NO_STATUS).then(|| CloseFrame {
                    code: CloseCode::from(code),
                    reason: reason.into(),
                });
                return sink.send(Message::Close(frame)).await.map_err(|_| ());
            }
        }
    }
    // The instance has let the socket go.
    Err(())
}
