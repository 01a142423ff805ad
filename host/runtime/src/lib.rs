//! Turns compiled components into programs that run and answer requests, and decides what answers one ([`Site`]).
//!
//! A [`Runtime`] holds the one linker (WASI 0.2 and outbound `wasi:http`, nothing else) and makes a [`Program`] of a
//! component; a program runs as a command ([`Program::run_command`]) or answers HTTP requests ([`Program::serve`]),
//! each in a fresh instance that dies with its request. An HTTP program is called through `wasi:http`; a command is
//! served the CGI way; an instance of a program of JavaScript answers many requests (`js.rs`). Everything a guest can use
//! up is bounded by [`RuntimeLimits`], and everything that can go wrong is a [`Fault`].
//!
//! This crate opens no listening socket, knows no slug, lease or bundle, and sees no BIR. A guest gets no sockets
//! and no files but those of folders that are granted to a command; its only way out is outbound HTTP ([`Egress`]).
//!
//! Read first: [`Program`] and [`Fault`]. Tests: `tests/`, with guests written as WebAssembly text.

mod assets;
mod body;
mod carried;
mod cgi;
mod command;
mod context;
mod egress;
mod fault;
mod gate;
mod guest;
mod js;
mod limits;
mod meter;
mod output;
mod program;
mod proxy;
mod runtime;
mod service;
mod site;
mod stdin;

pub use body::{Body, BodyError};
pub use carried::{Carried, LoadedModule, maps_of, serving_profile};
pub use command::{CommandRequest, ExitCode, Folder, FolderAccess, Input, Output, OutputBuffer};
pub use context::{LogSink, LogStream, RequestContext, RequestId, ServerAddress};
pub use fault::Fault;
pub use host_outbound::Egress;
pub use limits::RuntimeLimits;
pub use program::Program;
pub use runtime::{PrepareError, Runtime};
pub use service::{REQUEST_ID_HEADER, ServiceContext, respond, service};
pub use site::{Answer, Dress, Site};
