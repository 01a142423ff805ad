//! Puts the parts of a CAP together, announces it, and takes it down again: stop accepting, drain, leave.

use std::{io::Write as _, path::Path, sync::Arc};

use anyhow::Context as _;
use fleet_api::LeaseKey;
use fleet_client::{blobs::BlobStore, raptor::RaptorClient, tls::TlsFiles};
use host_engine::{CodeCache, Engine, Profile};
use host_runtime::{Runtime, RuntimeLimits};
use http::HeaderValue;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, Semaphore},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::Arguments,
    blobs::BlobCache,
    control::{self, Control},
    edge::{self, Edge, Sender, listener, peers::Peers, routes::RouteCache},
    heartbeat::Heart,
    raise::{Bench, Workshop},
    shelf::Shelf,
    supervisor::Supervisor,
};

/// What the blob cache may take of the disk.
const BLOB_CACHE_BYTES_MAX: u64 = 8 << 30;

/// Compilations at once: each uses all processors it gets, and memory by the hundred megabytes.
const COMPILATIONS_MAX: usize = 2;

/// Runs a CAP until it is told to end.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    raise_descriptor_limit();
    let control_listener = bind("--listen", arguments.listen).await?;
    let edge_listener = bind("--edge", arguments.edge).await?;
    let http_listener = match arguments.edge_http {
        Some(address) => Some(bind("--edge-http", address).await?),
        None => None,
    };
    let edge_port = edge_listener.local_addr()?.port();
    let control_url = format!(
        "https://localhost:{}",
        control_listener.local_addr()?.port()
    );
    let edge_url = format!("https://{}:{edge_port}", arguments.app_domain);

    let tls = TlsFiles::load(&arguments.tls_dir)?;
    let raptor = RaptorClient::new(&arguments.raptor_url, &tls)?;
    let beat_now = Arc::new(Notify::new());
    let workshop = workshop(&arguments, edge_port, Arc::clone(&beat_now))?;
    let supervisor = Supervisor::new(Arc::new(workshop));
    let edge = Arc::new(Edge {
        app_domain: arguments.app_domain.to_ascii_lowercase(),
        own_id: arguments.id.clone(),
        table: supervisor.table(),
        routes: RouteCache::default(),
        raptor: raptor.clone(),
        peers: Peers::new(
            tls.client_config()?,
            HeaderValue::from_str(&arguments.id).context("`--id` is not a name")?,
        ),
    });
    let control = Arc::new(Control {
        edge: Arc::clone(&edge),
        nudged: Arc::clone(&beat_now),
    });

    let stop = CancellationToken::new();
    let mut listeners = JoinSet::new();
    let edge_tls = TlsAcceptor::from(Arc::new(edge_tls(&arguments.tls_dir)?));
    let serve_edge = |listener, tls| {
        listener::serve(
            listener,
            tls,
            edge::LIMITS,
            from_client(&edge),
            stop.clone(),
        )
    };
    listeners.spawn(serve_edge(edge_listener, Some(edge_tls)));
    if let Some(listener) = http_listener {
        listeners.spawn(serve_edge(listener, None));
    }
    let control_tls = TlsAcceptor::from(Arc::new(tls.server_config()?));
    let answer = move |request, peer: Arc<listener::Peer>| {
        let control = Arc::clone(&control);
        async move { control.answer(request, &peer).await }
    };
    listeners.spawn(listener::serve(
        control_listener,
        Some(control_tls),
        control::LIMITS,
        answer,
        stop.clone(),
    ));
    let heart = Heart {
        cap: arguments.id.parse().context("`--id` is not a CAP's name")?,
        control_url: control_url.clone(),
        edge_url: edge_url.clone(),
        region: arguments.region.clone(),
        memory_bytes_max: arguments.memory_mib.map(|mib| mib.saturating_mul(1 << 20)),
        key: read_key(&arguments.lease_key)?,
        raptor,
        beat_now,
    };
    let heart = tokio::spawn(heart.beat(supervisor, stop.clone()));
    announce(&control_url, &edge_url)?;

    wait_for_signal().await?;
    tracing::info!("leaving: open requests are finished first");
    stop.cancel();
    while listeners.join_next().await.is_some() {}
    heart.await.context("the heart stopped")?.shut_down().await;
    Ok(())
}

fn workshop(
    arguments: &Arguments,
    edge_port: u16,
    changed: Arc<Notify>,
) -> anyhow::Result<Workshop> {
    let cache = &arguments.cache;
    let blobs = BlobCache::open(cache.join("blobs"), BLOB_CACHE_BYTES_MAX)
        .with_context(|| format!("cannot use `{}`", cache.display()))?;
    let engine = Engine::new(Profile::Stateless)?;
    let runtime = Runtime::new(&engine, RuntimeLimits::standard())?;
    let lasting = Engine::new(Profile::Lasting)?;
    let lasting = Bench {
        runtime: runtime.beside(&lasting)?,
        engine: lasting,
    };
    Ok(Workshop {
        store: BlobStore::open(&arguments.blobs)?,
        blobs: Arc::new(blobs),
        pooled: Bench { engine, runtime },
        lasting,
        modules: Shelf::default(),
        code: CodeCache::new(cache.join("code")),
        exe: std::env::current_exe()
            .context("cannot find this executable, which must compile in a child")?,
        compiling: Arc::new(Semaphore::new(COMPILATIONS_MAX)),
        app_domain: arguments.app_domain.clone(),
        edge_port,
        changed,
    })
}

fn from_client(
    edge: &Arc<Edge>,
) -> impl Fn(
    http::Request<hyper::body::Incoming>,
    Arc<listener::Peer>,
) -> futures_util::future::BoxFuture<'static, http::Response<listener::Body>>
+ Clone
+ Send
+ Sync
+ 'static {
    let edge = Arc::clone(edge);
    move |request, peer| {
        let edge = Arc::clone(&edge);
        Box::pin(async move { edge.answer(request, &peer, Sender::Client).await })
    }
}

async fn bind(option: &str, address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on `{address}` ({option})"))
}

/// The certificate for the world; clients need none.
fn edge_tls(dir: &Path) -> anyhow::Result<ServerConfig> {
    let (certificate, key) = (dir.join("edge-cert.pem"), dir.join("edge-key.pem"));
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read `{}`", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(&key)
        .with_context(|| format!("cannot read `{}`", key.display()))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    Ok(config)
}

fn read_key(path: &Path) -> anyhow::Result<LeaseKey> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the lease key `{}`", path.display()))?;
    text.trim()
        .parse()
        .with_context(|| format!("`{}` holds no lease key", path.display()))
}

/// One line on stdout: whoever started this CAP waits for it.
fn announce(control_url: &str, edge_url: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "{}",
        serde_json::json!({ "listening": control_url, "edge": edge_url })
    )?;
    stdout.flush()?;
    tracing::info!(control = control_url, edge = edge_url, "serving");
    Ok(())
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Connections, files and compiled programs all take descriptors: as many as this process may have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    ) {
        tracing::warn!(%error, "could not raise the limit of open files");
    }
}
