//! A registry of its own over a real Postgres, and how to speak HTTP to it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use fleet_api::Token;
use fleet_client::blobs::BlobStore;
use fleet_db::{Database, cluster};
use lly_brick::Digest;
use registry_server::api::{Registry, router};
use registry_server::keys::ServiceKeys;
use registry_server::releases::Releases;
use registry_server::uploads::Uploads;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub struct Rc {
    pub dir: tempfile::TempDir,
    cluster: cluster::Cluster,
    pub database: Database,
    pub address: String,
    server: tokio::task::JoinHandle<()>,
    client: reqwest::Client,
    pub token: String,
}

async fn serve(database: &Database, data: &Path) -> (String, tokio::task::JoinHandle<()>) {
    let registry = Registry {
        database: database.clone(),
        blobs: BlobStore::open(&data.join("blobs")).unwrap(),
        uploads: Uploads::open(&data.join("uploads")).await.unwrap(),
        keys: ServiceKeys::open(&data.join("keys")).unwrap(),
        releases: Releases {
            data: data.to_owned(),
            secure: false,
        },
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server =
        tokio::spawn(async move { axum::serve(listener, router(registry)).await.unwrap() });
    (address, server)
}

impl Rc {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let cluster_dir = dir.path().join("postgres");
        let cluster = cluster::start(&cluster_dir).await.unwrap();
        let database = Database::open(&cluster::url(&cluster_dir)).await.unwrap();
        let (address, server) = serve(&database, dir.path()).await;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(30));
        let mut rc = Self {
            client: client.build().unwrap(),
            token: String::new(),
            dir,
            cluster,
            database,
            address,
            server,
        };
        rc.token = rc.token("all", "*").await;
        rc
    }

    /// The server dies and another one comes up over the same data.
    pub async fn restart(&mut self) {
        self.server.abort();
        (self.address, self.server) = serve(&self.database, self.dir.path()).await;
    }

    pub async fn token(&self, name: &str, scope: &str) -> String {
        let token = Token::from_random([name.len() as u8; 32]);
        let added = self.database.add_registry_token(name, token.hash(), scope);
        assert!(added.await.unwrap());
        token.secret().to_owned()
    }

    /// The token of an account of the fleet.
    pub async fn account(&self, name: &str) -> String {
        let token = Token::from_random([name.len() as u8 | 0x80; 32]);
        let (account, day) = (name.parse().unwrap(), Duration::from_secs(86_400));
        let added = self.database.add_token(&account, token.hash(), day);
        added.await.unwrap();
        token.secret().to_owned()
    }

    /// The URL of the database.
    pub fn database_url(&self) -> String {
        cluster::url(&self.dir.path().join("postgres"))
    }

    pub async fn stop(self) {
        self.server.abort();
        self.cluster.stop().await.unwrap();
    }

    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        let url = match path.starts_with('/') {
            true => format!("http://{}{path}", self.address),
            false => path.to_owned(),
        };
        self.client.request(method, url)
    }

    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.anonymous(Method::GET, path).send().await.unwrap()
    }

    pub async fn push(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let pushed = self.call(Method::POST, &path).body(bytes.to_vec());
        assert_eq!(pushed.send().await.unwrap().status(), StatusCode::CREATED);
        digest
    }

    pub async fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        manifest: &Value,
    ) -> Response {
        let path = format!("/v2/{repository}/manifests/{reference}");
        let put = self
            .call(Method::PUT, &path)
            .header("content-type", MANIFEST);
        put.body(manifest.to_string()).send().await.unwrap()
    }

    pub async fn image(&self, repository: &str, tag: &str, bytes: &[u8]) -> Digest {
        let manifest = self.manifest(repository, bytes).await;
        let put = self.put_manifest(repository, tag, &manifest).await;
        assert_eq!(
            put.status(),
            StatusCode::CREATED,
            "{}",
            put.text().await.unwrap()
        );
        Digest::of(manifest.to_string().as_bytes())
    }

    pub async fn manifest(&self, repository: &str, bytes: &[u8]) -> Value {
        let config = self.push(repository, b"{}").await;
        let layer = self.push(repository, bytes).await;
        json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
            "layers": [{ "mediaType": "application/wasm", "digest": layer, "size": bytes.len() }],
        })
    }
}

pub async fn refused(response: Response, status: StatusCode, code: &str) {
    let found = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["errors"][0]["code"], code, "{body}");
}

pub fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name);
    value
        .unwrap_or_else(|| panic!("no {name}"))
        .to_str()
        .unwrap()
        .to_owned()
}
