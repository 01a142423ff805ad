//! What a program does outside, over real sockets of this machine and real folders.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bodies;
mod codings;
mod fetch;
mod files;
mod hostile;
mod program;
mod redirects;
mod servers;
mod sockets;
