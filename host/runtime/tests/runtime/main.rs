//! The runtime against real guests: each is a core module in text, made a component against LILY's own WIT.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cgi;
mod command;
mod faults;
mod guests;
mod http;
mod limits;
mod modules;
mod outbound;
mod stage;
