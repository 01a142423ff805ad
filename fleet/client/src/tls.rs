//! The files that make a service who it is, and the TLS settings made of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What is spoken inside TLS, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A service's identity: `ca.pem`, `cert.pem` and `key.pem` of one folder.
pub struct TlsFiles {
    authority: RootCertStore,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or is not what it should be.
    #[error("cannot read `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The text of a CA is not one.
    #[error("the CA certificate cannot be read")]
    Authority(#[source] rustls::pki_types::pem::Error),
    /// The certificate and the key do not fit each other, or the library refuses them.
    #[error("these certificates cannot be used")]
    Unusable(#[from] rustls::Error),
    /// The CA cannot check clients.
    #[error("the CA cannot check clients")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

impl TlsFiles {
    /// Reads a folder.
    pub fn load(dir: &Path) -> Result<Self, TlsError> {
        let file = |name: &str| dir.join(name);
        let certificates = |path: PathBuf| {
            CertificateDer::pem_file_iter(&path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|source| TlsError::File { path, source })
        };
        let key_path = file("key.pem");
        let key = PrivateKeyDer::from_pem_file(&key_path).map_err(|source| TlsError::File {
            path: key_path,
            source,
        })?;
        Ok(Self {
            authority: roots(certificates(file("ca.pem"))?)?,
            chain: certificates(file("cert.pem"))?,
            key,
        })
    }

    /// For a server whose every client shows a certificate of the fleet.
    pub fn server_config(&self) -> Result<ServerConfig, TlsError> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.authority.clone().into(), provider())
                .build()?;
        self.server(verifier)
    }

    /// For a server that users reach too: a certificate is checked if one is shown.
    pub fn public_server_config(&self) -> Result<ServerConfig, TlsError> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.authority.clone().into(), provider())
                .allow_unauthenticated()
                .build()?;
        self.server(verifier)
    }

    /// For a client that shows this certificate and trusts the fleet's CA alone.
    pub fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(self.authority.clone());
        Ok(builder.with_client_auth_cert(self.chain.clone(), self.key.clone_key())?)
    }

    fn server(
        &self,
        verifier: Arc<dyn rustls::server::danger::ClientCertVerifier>,
    ) -> Result<ServerConfig, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?;
        let mut config = builder
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

/// For a user: trusts the CA of `pem`, or the public ones that the system knows if there is none.
pub fn user_config(pem: Option<&str>) -> Result<Option<ClientConfig>, TlsError> {
    let Some(pem) = pem else { return Ok(None) };
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::Authority)?;
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(Some(
        builder
            .with_root_certificates(roots(certificates)?)
            .with_no_client_auth(),
    ))
}

fn roots(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate)?;
    }
    Ok(roots)
}

/// Two providers are in the dependency graph; LILY uses this one everywhere.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
