//! What the web platform of a JavaScript program asks its host for and that is a function of its arguments alone.
//!
//! [`Value`] is what travels between the engine (`plugins/js/engine`) and the host, [`Function`] and [`Hook`] are the
//! numbers by which they call each other. Nothing here opens a file or a socket, waits, or knows an engine of WebAssembly.
//!
//! Read first: `plugins/js/prelude/host.d.ts`, which says what every function takes and gives.

mod arguments;
mod cipher;
mod coding;
mod crypto;
mod curves;
mod digest;
mod handles;
mod maps;
mod names;
mod rsa;
mod url;
mod web;
mod wire;
mod zip;
mod zones;

pub use maps::Maps;
pub use names::{Function, Hook};
pub use web::{Random, Web};
pub use wire::{Value, WireError, decode, decode_one, encode, encode_one};
