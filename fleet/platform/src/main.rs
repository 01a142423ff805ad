//! `platform`: who owns what. Accounts, slugs, bundles and voids; the API that `lly` speaks.
//!
//! It never picks a CAP (raptor does), never runs wasm, and holds a bundle no longer than the upload: blobs go to the
//! object store. Restarting it touches no running void. Read [`api`] first. It is tested end to end in `tests/it`.

mod api;
mod bundles;
mod policies;
mod refusal;
mod signatures;
mod voids;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use fleet_client::blobs::BlobStore;
use fleet_client::cap::CapClient;
use fleet_client::raptor::RaptorClient;
use fleet_client::tls::TlsFiles;
use fleet_db::Database;
use tokio::signal::unix::{SignalKind, signal};

/// Owns users, slugs and voids; the API of a fleet.
#[derive(Debug, Parser)]
#[command(name = "platform", version)]
struct Arguments {
    /// Where users and services reach it (HTTPS); port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Folder with ca.pem, cert.pem and key.pem.
    #[arg(long, value_name = "DIR")]
    tls_dir: PathBuf,
    /// The fleet's Postgres.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The object store.
    #[arg(long, value_name = "DIR")]
    blobs: PathBuf,
    /// The placer.
    #[arg(long, value_name = "URL")]
    raptor_url: String,
    /// Voids answer at `https://SLUG.APP_DOMAIN/`; a port belongs to it.
    #[arg(long, value_name = "NAME")]
    app_domain: String,
    /// Deploy only bundles that somebody signed whom --trust lets sign bundles.
    #[arg(long, requires = "trust")]
    deny_unsigned: bool,
    /// Whom the fleet trusts, in the form of lly's trust.toml; read at every deploy.
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
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
    let platform = Arc::new(api::Platform {
        database: Database::open(&arguments.database_url).await?,
        blobs: BlobStore::open(&arguments.blobs)?,
        raptor: RaptorClient::new(&arguments.raptor_url, &tls)?,
        caps: CapClient::new(&tls)?,
        app_domain: arguments.app_domain,
        signers: arguments.trust.filter(|_| arguments.deny_unsigned),
    });
    announce(listener.local_addr()?)?;
    fleet_client::server::serve(
        listener,
        tls.public_server_config()?,
        api::router(platform),
        ended(),
    )
    .await;
    Ok(())
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
