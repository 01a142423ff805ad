//! `rc`: the registry. Serves, and makes the tokens that pushing needs.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, Parser, Subcommand};
use fleet_api::Token;
use fleet_client::blobs::BlobStore;
use fleet_client::tls::TlsFiles;
use fleet_db::Database;
use registry_client::keys;
use registry_server::access;
use registry_server::api::{Registry, router};
use registry_server::keys::ServiceKeys;
use registry_server::releases::{self, Releases};
use registry_server::releasing::{self, PLATFORMS, Release, Released};
use registry_server::uploads::Uploads;
use semver::Version;
use tokio::signal::unix::{SignalKind, signal};

/// What opens a key file. The second is cosign's.
const PASSPHRASE_VARIABLES: [&str; 2] = ["LLY_KEY_PASSPHRASE", "COSIGN_PASSWORD"];

/// Keeps plugins: an OCI registry.
#[derive(Debug, Parser)]
#[command(
    name = "rc",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    /// Where everybody reaches it; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", required = true)]
    listen: Option<SocketAddr>,
    /// The fleet's Postgres.
    #[arg(long, value_name = "URL", required = true)]
    database_url: Option<String>,
    /// Where blobs and unfinished uploads are kept.
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// Folder with ca.pem, cert.pem and key.pem.
    #[arg(long, value_name = "DIR", required_unless_present = "http")]
    tls_dir: Option<PathBuf>,
    /// Plain HTTP; on a loopback address only.
    #[arg(long, conflicts_with = "tls_dir")]
    http: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Where to serve what.
struct Serve {
    listen: SocketAddr,
    database_url: String,
    data: PathBuf,
    tls_dir: Option<PathBuf>,
    http: bool,
}

#[derive(Debug, Args)]
struct DatabaseUrl {
    /// The fleet's Postgres.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tokens that pushing needs.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Offer a version of `lly` with `install.sh`. The first release pins the key; LLY_KEY_PASSPHRASE opens it.
    #[command(
        after_help = "Example:\n  lly plugin key generate release.key\n  rc release 0.4.0 --key release.key --data ./rc --database-url postgres://… x86_64-linux=./lly"
    )]
    Release(ReleaseArguments),
}

#[derive(Debug, Args)]
struct ReleaseArguments {
    /// The version of `lly`.
    version: Version,
    /// The program for each platform: x86_64-linux, aarch64-linux, x86_64-macos, aarch64-macos.
    #[arg(required = true, value_name = "PLATFORM=FILE")]
    programs: Vec<String>,
    /// The publisher's key file, as `lly plugin key generate` or cosign makes it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The registry's own data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    database: DatabaseUrl,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it; it is not kept and cannot be shown again.
    #[command(
        after_help = "Example:\n  rc token add alice --scope plugins/wat --database-url postgres://…"
    )]
    Add {
        /// Whose, or what for.
        name: String,
        /// The repository it may push to, or the beginning of several and `*`.
        #[arg(long, value_name = "PATTERN")]
        scope: String,
        #[command(flatten)]
        database: DatabaseUrl,
    },
    /// Make a token useless.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        database: DatabaseUrl,
    },
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
    match arguments.command {
        Some(Command::Token(command)) => return token(command).await,
        Some(Command::Release(arguments)) => return release(&arguments).await,
        None => {}
    }
    let (Some(listen), Some(database_url), Some(data)) =
        (arguments.listen, arguments.database_url, arguments.data)
    else {
        anyhow::bail!("nothing to do: `rc --help` says what there is");
    };
    serve(Serve {
        listen,
        database_url,
        data,
        tls_dir: arguments.tls_dir,
        http: arguments.http,
    })
    .await
}

async fn token(command: TokenCommand) -> anyhow::Result<()> {
    match command {
        TokenCommand::Add {
            name,
            scope,
            database,
        } => {
            ensure!(
                access::is_scope(&scope),
                "`{scope}` is not a repository such as `plugins/wat`, nor the beginning of one and `*`"
            );
            let token = Token::from_random(rand::random());
            let database = Database::open(&database.database_url).await?;
            ensure!(
                database
                    .add_registry_token(&name, token.hash(), &scope)
                    .await?,
                "there is a token `{name}` already: `rc token remove {name}` makes it useless"
            );
            writeln!(std::io::stdout(), "{}", token.secret())?;
        }
        TokenCommand::Remove { name, database } => {
            let database = Database::open(&database.database_url).await?;
            ensure!(
                database.remove_registry_token(&name).await?,
                "there is no token `{name}`"
            );
        }
    }
    Ok(())
}

async fn release(arguments: &ReleaseArguments) -> anyhow::Result<()> {
    let passphrase = PASSPHRASE_VARIABLES
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .with_context(|| format!("no passphrase for the key: set {}", PASSPHRASE_VARIABLES[0]))?;
    let key = keys::load(&arguments.key, &passphrase)
        .with_context(|| format!("cannot use the key `{}` (--key)", arguments.key.display()))?;
    let mut programs = BTreeMap::new();
    for program in &arguments.programs {
        let (platform, file) = program
            .split_once('=')
            .with_context(|| format!("`{program}` is not PLATFORM=FILE"))?;
        let known = PLATFORMS.into_iter().find(|known| *known == platform);
        let platform = known.with_context(|| {
            let known = PLATFORMS.join(", ");
            format!("`{platform}` is no platform that install.sh knows: {known}")
        })?;
        let bytes = std::fs::read(file).with_context(|| format!("cannot read `{file}`"))?;
        ensure!(
            programs.insert(platform, bytes.into()).is_none(),
            "there are two programs for `{platform}`"
        );
    }
    let database = Database::open(&arguments.database.database_url).await?;
    let version = arguments.version.clone();
    let release = Release { version, programs };
    let released = releasing::release(&arguments.data, &database, &release, &key).await?;
    let (what, digest) = match released {
        Released::New(digest) => ("released", digest),
        Released::Before(digest) => ("was released before", digest),
    };
    writeln!(
        std::io::stdout(),
        "lly {} {what}: {digest}, key {}",
        release.version,
        key.public().fingerprint()
    )?;
    Ok(())
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    ensure!(
        !arguments.http || arguments.listen.ip().is_loopback(),
        "`{}` is not a loopback address: plain HTTP would show tokens to the network; use --tls-dir",
        arguments.listen
    );
    let listener = tokio::net::TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("cannot listen on `{}` (--listen)", arguments.listen))?;
    let data = &arguments.data;
    releases::pinned(data).with_context(|| format!("cannot use `{}` (--data)", data.display()))?;
    let uploads = Uploads::open(&data.join("uploads"))
        .await
        .with_context(|| format!("cannot use `{}` (--data)", data.display()))?;
    let registry = Registry {
        database: Database::open(&arguments.database_url).await?,
        blobs: BlobStore::open(&data.join("blobs"))?,
        uploads,
        keys: ServiceKeys::open(&data.join("keys"))?,
        releases: Releases {
            data: data.clone(),
            secure: !arguments.http,
        },
    };
    let tls = arguments
        .tls_dir
        .as_deref()
        .map(TlsFiles::load)
        .transpose()?;
    announce(listener.local_addr()?, tls.is_some())?;
    match tls {
        Some(tls) => {
            let config = tls.public_server_config()?;
            fleet_client::server::serve(listener, config, router(registry), ended()).await;
        }
        None => {
            axum::serve(listener, router(registry))
                .with_graceful_shutdown(ended())
                .await?
        }
    }
    Ok(())
}

/// One line on stdout: whoever started this service waits for it.
fn announce(address: SocketAddr, tls: bool) -> anyhow::Result<()> {
    let scheme = if tls { "https" } else { "http" };
    let url = format!("{scheme}://localhost:{}", address.port());
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
