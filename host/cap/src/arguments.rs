//! The command line.

use std::{net::SocketAddr, path::PathBuf};

/// Runs bricks and answers for them over HTTPS.
#[derive(Debug, clap::Parser)]
#[command(
    name = "cap",
    version,
    after_help = "Example:\n  cap --id cap-1 --listen 127.0.0.1:0 --edge 127.0.0.1:8443 --tls-dir tls/cap-1 \\\n      --raptor-url https://localhost:7444 --blobs blobs --cache cap-1/cache --app-domain app.localhost \\\n      --lease-key tls/cap-1/lease.key"
)]
pub struct Arguments {
    /// The name of this CAP in the fleet; its certificate says the same
    #[arg(long)]
    pub id: String,
    /// Where the fleet's services reach it (mutual TLS); port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Where the world reaches it (HTTPS)
    #[arg(long, value_name = "ADDR")]
    pub edge: SocketAddr,
    /// Serve the world without TLS as well; for benchmarks
    #[arg(long, value_name = "ADDR")]
    pub edge_http: Option<SocketAddr>,
    /// Folder with ca.pem, cert.pem, key.pem, edge-cert.pem and edge-key.pem
    #[arg(long, value_name = "DIR")]
    pub tls_dir: PathBuf,
    /// The placer
    #[arg(long, value_name = "URL")]
    pub raptor_url: String,
    /// The object store
    #[arg(long, value_name = "DIR")]
    pub blobs: PathBuf,
    /// Kept between restarts: blobs and compiled code, each named by its digest
    #[arg(long, value_name = "DIR")]
    pub cache: PathBuf,
    /// Slugs are names directly under this one
    #[arg(long, value_name = "NAME", default_value = "app.localhost")]
    pub app_domain: String,
    /// File with this CAP's own lease key
    #[arg(long, value_name = "FILE")]
    pub lease_key: PathBuf,
    /// Where it stands
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub region: String,
    /// Memory that it says it has, MiB, where several share a machine [default: all of the machine's]
    #[arg(long, value_name = "MIB")]
    pub memory_mib: Option<u64>,
}
