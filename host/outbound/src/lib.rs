//! The I/O of a JavaScript program: `fetch`, WebSockets, bodies that come and go in pieces, files that were granted.
//!
//! Functions never wait: [`Outbound`] and [`Bodies`] start tasks of tokio, which tell the program's actor what came of
//! them as [`Event`]s, each one hook of `plugins/js/prelude/host.d.ts`, the only specification. [`Files`] answer at once.
//! What may be reached, and how many connections there are, [`Network`] decides for everybody on this machine.
//!
//! Must not know an engine of WebAssembly, nor what a brick is. Read first: [`Bodies`], [`Network`]. Tests: `tests/outbound`.

mod address;
mod bodies;
mod event;
mod fetch;
mod files;
mod headers;
mod limits;
mod network;
mod outbound;
mod socket;

pub use address::{Egress, Target, TargetError};
pub use bodies::{Bodies, Incoming, Outgoing, incoming_of_bytes, incoming_of_reader};
pub use event::{Event, Events, Id};
pub use files::{Access, FileError, FileKind, FileState, Files, Grant, GrantError};
pub use headers::{HeaderError, flat_of_headers, headers_of_flat, is_of_connection, latin1};
pub use network::{ConnectError, Connection, Duplex, Network, Protocols};
pub use outbound::{FetchRequest, Outbound, Redirects};
