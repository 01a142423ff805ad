//! `raptor`: who serves what. Takes heartbeats, hands out leases, picks a CAP for each void, moves voids off CAPs that
//! are gone.
//!
//! It is stateless apart from the database: any number may run. It knows no users and no tokens, and it never runs a
//! void. The choice of a CAP is the policy's, a component that can touch nothing. Read [`place`] first. It is tested end
//! to end in `tests/it`.

mod api;
mod evictions;
mod place;
mod policies;
mod sweep;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use fleet_api::LeaseKey;
use fleet_client::blobs::BlobStore;
use fleet_client::cap::CapClient;
use fleet_client::tls::TlsFiles;
use fleet_db::Database;
use fleet_place::Terms;
use tokio::signal::unix::{SignalKind, signal};

use crate::place::Raptor;
use crate::policies::Policies;

/// How long a CAP may serve on the strength of one heartbeat. Long enough that a restart of raptor or Postgres is not
/// noticed, short enough that a void leaves a dead CAP within half a minute.
const LEASE_TTL_MS: u64 = 15_000;
/// A first compilation of a large program takes tens of seconds.
const PENDING_MAX: Duration = Duration::from_secs(90);

/// Places voids on CAPs.
#[derive(Debug, Parser)]
#[command(name = "raptor", version)]
struct Arguments {
    /// Where services reach it (mutual TLS); port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Folder with ca.pem, cert.pem and key.pem.
    #[arg(long, value_name = "DIR")]
    tls_dir: PathBuf,
    /// The fleet's Postgres.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// File with the master key of the leases.
    #[arg(long, value_name = "FILE")]
    lease_key: PathBuf,
    /// The object store, where the packages of policies are.
    #[arg(long, value_name = "DIR")]
    blobs: PathBuf,
    /// Where compiled policies are kept between restarts.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// How long a CAP may serve on the strength of one heartbeat.
    #[arg(long, value_name = "MS", default_value_t = LEASE_TTL_MS, value_parser = clap::value_parser!(u64).range(500..=600_000))]
    lease_ttl_ms: u64,
}

fn main() -> ExitCode {
    // First of all: this executable is also its own compiling child.
    if let Some(code) = host_engine::child::main_if_asked() {
        return code;
    }
    let served = tokio::runtime::Runtime::new()
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(serve()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where the log goes, and before it there is one.
            let _ = writeln!(std::io::stderr(), "Error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "info,sqlx=warn".into()),
        )
        .init();
    // Another provider may have been installed by nobody but us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on `{}` (--listen)", arguments.listen))?;
    let tls = TlsFiles::load(&arguments.tls_dir)?;
    let cache = arguments
        .cache
        .unwrap_or_else(|| std::env::temp_dir().join("lly-raptor"));
    let database = Database::open(&arguments.database_url).await?;
    let exe = std::env::current_exe()
        .context("cannot find this executable, which must compile in a child")?;
    let blobs = BlobStore::open(&arguments.blobs)?;
    let policies = Policies::new(database.clone(), blobs, cache, Some(exe));
    policies.follow().await?;
    let raptor = Arc::new(Raptor {
        database,
        caps: CapClient::new(&tls)?,
        key: read_key(&arguments.lease_key)?,
        terms: Terms {
            lease_ttl: Duration::from_millis(arguments.lease_ttl_ms),
            pending_max: PENDING_MAX,
        },
        policies,
        changed: tokio::sync::Notify::new(),
    });
    announce(listener.local_addr()?)?;
    let sweeper = tokio::spawn(sweep::run(Arc::clone(&raptor)));
    fleet_client::server::serve(listener, tls.server_config()?, api::router(raptor), ended()).await;
    sweeper.abort();
    Ok(())
}

fn read_key(path: &Path) -> anyhow::Result<LeaseKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}` (--lease-key)", path.display()))?;
    text.trim()
        .parse()
        .with_context(|| format!("`{}` holds no lease key", path.display()))
}

/// One line on stdout: whoever started this service waits for it.
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let url = format!("https://localhost:{}", address.port());
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::json!({ "listening": url }))?;
    stdout.flush()?;
    tracing::info!(url, "serving");
    Ok(())
}

/// Until somebody says that it is over.
async fn ended() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("leaving: open requests are finished first");
}
