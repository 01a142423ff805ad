//! The host of a fleet: runs bricks and answers for them over HTTPS.
//!
//! It turns raptor's orders into placements that serve (fetch, compile in a bounded child, link, probe), and requests
//! for `<slug>.<app-domain>` into answers: from a bundle's files, from its program, or from the CAP that holds it. It
//! decides nothing about what runs where, keeps nothing durable, never sees BIR and has no database. Whatever a bundle
//! holds or a client sends, the other voids go on.
//!
//! Read [`edge::Edge`] for the life of a request and [`raise::Workshop`] for the life of a placement; [`supervisor`]
//! and [`heartbeat`] tie them to the fleet. Tests of decisions are beside them; `tests/` drives the built binary.

mod arguments;
mod blobs;
mod control;
mod edge;
mod heartbeat;
mod load;
mod logs;
mod placement;
mod raise;
mod residence;
mod service;
mod shelf;
mod start;
mod supervisor;

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;

/// After the drain, work that cannot be interrupted (a compilation that nobody waits for) is left behind.
const LEAVE_TIME_MAX: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    // First of all: this executable is also its own compiling child.
    if let Some(code) = host_engine::child::main_if_asked() {
        return code;
    }
    let arguments = arguments::Arguments::parse();
    // Only one provider is compiled in; a second call would be the error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "cannot start the scheduler");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(start::run(arguments));
    runtime.shutdown_timeout(LEAVE_TIME_MAX);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
