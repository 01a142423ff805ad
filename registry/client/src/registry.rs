//! One registry: its signed indexes, the plugins in it, publishing to it.
//!
//! Order of [`Registry::obtain`]: index (signature, age), version, signature of the version, then the package's bytes. So
//! nothing is fetched that nobody trusted signed, and nothing is given out that was not.

use crate::cache::Cache;
use crate::http::{Http, HttpError, Token};
use crate::oci::{self, OciError};
use crate::sign::{self, SignError, Signing, Witnesses};
use crate::trust::{Scope, Trust};
use crate::verify::{self, VerifyError};
use lly_brick::Digest;
use registry_index::{
    Artifact, ArtifactError, ArtifactManifest, Envelope, EnvelopeError, INDEX_PAYLOAD, Index,
    IndexError, IndexVersion, Locked, Offer, PluginManifest, PluginSummary, REGISTRY_DOCUMENT,
    RegistryDocument, Requirement, ResolveError, SignatureManifest, Signer, Subject, repository_of,
    resolve,
};
use reqwest::{Method, StatusCode};
use semver::Version;
use serde::Deserialize;
use std::path::PathBuf;

const DOCUMENT_BYTES_MAX: usize = 64 << 10;
const SEARCH_BYTES_MAX: usize = 4 << 20;
/// The index's own bound, in base64 and with its frame.
const INDEX_BYTES_MAX: usize = 32 << 20;

/// Whether anything may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Ask the registry; what is by digest comes from the cache if it is there.
    Online,
    /// Use what was seen before, or fail.
    Offline,
}

/// How a registry is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Such as `https://localhost:7444`.
    pub url: String,
    /// The PEM of a private authority.
    pub ca: Option<String>,
    /// For publishing.
    pub token: Option<Token>,
    /// `$LLY_HOME`.
    pub home: PathBuf,
    /// Whether anything may be asked.
    pub network: Network,
}

/// A registry, as one user sees it.
#[derive(Clone, Debug)]
pub struct Registry {
    http: Http,
    cache: Cache,
    network: Network,
}

/// A package whose signature, digests and manifest were checked.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says about itself.
    pub plugin: PluginManifest,
    /// The `.plugin` file.
    pub package: Vec<u8>,
    /// What is locked: version, digest and signer.
    pub locked: Locked,
}

/// What was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The plugin.
    pub name: String,
    /// The version.
    pub version: Version,
    /// Of the OCI manifest.
    pub digest: Digest,
}

/// Why a registry gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The call failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The registry's OCI side failed.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// Its index key is not pinned.
    #[error(
        "the registry `{url}` is not in `trust.toml`: pin its key with `lly plugin trust registry {url}`"
    )]
    Unpinned {
        /// The registry.
        url: String,
    },
    /// It does not have the plugin.
    #[error("the registry `{url}` has no plugin `{name}`")]
    NoPlugin {
        /// The registry.
        url: String,
        /// The plugin.
        name: String,
    },
    /// The index has another form.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The index makes no sense.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The index is not signed by the pinned key.
    #[error("the index of `{name}` is not signed with the key that `trust.toml` pins for `{url}`")]
    IndexSignature {
        /// The registry.
        url: String,
        /// The plugin.
        name: String,
    },
    /// The index is older than one that was seen, or differs from one of the same age.
    #[error(
        "the registry shows an index of `{name}` with serial {found}, but showed {seen} before: it was rolled back"
    )]
    RolledBack {
        /// The plugin.
        name: String,
        /// What was shown now.
        found: u64,
        /// What was seen.
        seen: u64,
    },
    /// No version fits.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The artifact is not one, or contradicts itself.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The index and the package disagree.
    #[error("the package of `{name}` {version} says {found}: the registry's index lies about it")]
    Disagrees {
        /// The plugin.
        name: String,
        /// The version.
        version: Version,
        /// What it says.
        found: String,
    },
    /// Nobody signed it.
    #[error("`{name}` {version} is not signed: the registry has no signature of it")]
    Unsigned {
        /// The plugin.
        name: String,
        /// The version.
        version: Version,
    },
    /// No signature is believed.
    #[error("`{name}` {version} is not installed")]
    Signature {
        /// The plugin.
        name: String,
        /// The version.
        version: Version,
        /// Why the (first) signature is not believed.
        #[source]
        source: Box<VerifyError>,
    },
    /// It is not in the cache, and nothing may be asked.
    #[error("{what} is not in the cache")]
    NotCached {
        /// What is missing.
        what: String,
    },
    /// The cache cannot be written.
    #[error("the registry's cache cannot be written")]
    Cache(#[source] std::io::Error),
    /// The answer has another form.
    #[error("the registry's answer makes no sense: {0}")]
    Answer(String),
    /// It is not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Registry {
    /// A registry by its settings. Nothing is asked yet.
    pub fn new(settings: Settings) -> Result<Registry, RegistryError> {
        Ok(Registry {
            http: Http::new(&settings.url, settings.ca.as_deref(), settings.token)?,
            cache: Cache::new(&settings.home),
            network: settings.network,
        })
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.http.base()
    }

    /// Its keys, for whoever pins them for the first time. Believed as far as TLS is.
    pub async fn document(&self) -> Result<RegistryDocument, RegistryError> {
        self.online()?;
        let bytes = self.http.get(REGISTRY_DOCUMENT, DOCUMENT_BYTES_MAX).await?;
        serde_json::from_slice(&bytes).map_err(|error| RegistryError::Answer(error.to_string()))
    }

    /// Plugins whose name or description has the text.
    pub async fn search(&self, text: &str) -> Result<Vec<PluginSummary>, RegistryError> {
        #[derive(Deserialize)]
        struct Found {
            plugins: Vec<PluginSummary>,
        }
        self.online()?;
        let mut place = format!("{}/v1/plugins", self.url());
        if !text.is_empty() {
            let url = reqwest::Url::parse_with_params(&place, [("q", text)]);
            place = url
                .map_err(|error| RegistryError::Answer(error.to_string()))?
                .to_string();
        }
        let bytes = self.http.get(&place, SEARCH_BYTES_MAX).await?;
        let found: Found = serde_json::from_slice(&bytes)
            .map_err(|error| RegistryError::Answer(error.to_string()))?;
        Ok(found.plugins)
    }

    /// The index of a plugin, verified with the pinned key and not older than the newest that was seen.
    pub async fn index(&self, name: &str, trust: &Trust) -> Result<Index, RegistryError> {
        let seen = match self.cache.index(self.url(), name) {
            // An index that was seen and is no longer signed by the pinned key says nothing.
            Some(bytes) => self.check_index(&bytes, name, trust).ok(),
            None => None,
        };
        if self.network == Network::Offline {
            return seen.ok_or_else(|| RegistryError::NotCached {
                what: format!("the index of `{name}`"),
            });
        }
        let place = format!("/v1/plugins/{name}/index");
        let bytes = match self.http.get(&place, INDEX_BYTES_MAX).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                return Err(RegistryError::NoPlugin {
                    url: self.url().to_owned(),
                    name: name.to_owned(),
                });
            }
            answer => answer?,
        };
        let index = self.check_index(&bytes, name, trust)?;
        if let Some(seen) = seen
            && (index.serial < seen.serial || (index.serial == seen.serial && index != seen))
        {
            return Err(RegistryError::RolledBack {
                name: name.to_owned(),
                found: index.serial,
                seen: seen.serial,
            });
        }
        self.cache
            .keep_index(self.url(), name, &bytes)
            .map_err(RegistryError::Cache)?;
        Ok(index)
    }

    fn check_index(&self, bytes: &[u8], name: &str, trust: &Trust) -> Result<Index, RegistryError> {
        let key = trust
            .index_key(self.url())
            .ok_or_else(|| RegistryError::Unpinned {
                url: self.url().to_owned(),
            })?;
        let envelope = Envelope::parse(bytes)?;
        if !key.signed(&envelope, INDEX_PAYLOAD) {
            return Err(RegistryError::IndexSignature {
                url: self.url().to_owned(),
                name: name.to_owned(),
            });
        }
        let index = Index::parse(&envelope.payload)?;
        match index.name == name {
            true => Ok(index),
            false => Err(RegistryError::Answer(format!(
                "asked for the index of `{name}`, it sent that of `{}`",
                index.name
            ))),
        }
    }

    /// Chooses a version, verifies who signed it, fetches it and checks every byte.
    pub async fn obtain(
        &self,
        requirement: &Requirement,
        offer: &Offer<'_>,
        locked: Option<&Locked>,
        trust: &Trust,
    ) -> Result<Verified, RegistryError> {
        let index = self.index(requirement.name(), trust).await?;
        let version = resolve(&index, requirement, offer, locked)?;
        let signer = self.signer(requirement.name(), version, trust).await?;
        let (plugin, package) = self.package(requirement.name(), version).await?;
        Ok(Verified {
            locked: Locked {
                name: plugin.name.clone(),
                requirement: requirement.range(),
                version: version.version.clone(),
                digest: version.digest,
                signer,
            },
            plugin,
            package,
        })
    }

    /// Who signed a version, if it is somebody who may.
    pub async fn signer(
        &self,
        name: &str,
        version: &IndexVersion,
        trust: &Trust,
    ) -> Result<Signer, RegistryError> {
        let bundles = self.signatures(name, &version.digest).await?;
        let subject = Subject::plugin(name, &version.version, version.digest);
        let mut refused = None;
        for bundle in &bundles {
            match verify::verify(bundle, &subject, Scope::Plugin(name), trust) {
                Ok(signer) => return Ok(signer),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        let (name, version) = (name.to_owned(), version.version.clone());
        Err(match refused {
            Some(source) => RegistryError::Signature {
                name,
                version,
                source: Box::new(source),
            },
            None => RegistryError::Unsigned { name, version },
        })
    }

    async fn signatures(&self, name: &str, digest: &Digest) -> Result<Vec<Vec<u8>>, RegistryError> {
        if self.network == Network::Offline {
            return Ok(self.cache.signatures(digest));
        }
        let repository = repository_of(name);
        let mut bundles = Vec::new();
        for one in oci::signatures(&self.http, &repository, digest).await? {
            let manifest = oci::manifest(&self.http, &repository, &one).await?;
            // What hangs there and is no signature of this manifest is somebody else's business.
            let Ok(signature) = SignatureManifest::parse(&manifest) else {
                continue;
            };
            if signature.subject.digest == *digest {
                let bundle = &signature.bundle;
                bundles.push(self.blob(&repository, &bundle.digest, bundle.size).await?);
            }
        }
        self.cache
            .keep_signatures(digest, &bundles)
            .map_err(RegistryError::Cache)?;
        Ok(bundles)
    }

    async fn package(
        &self,
        name: &str,
        version: &IndexVersion,
    ) -> Result<(PluginManifest, Vec<u8>), RegistryError> {
        let repository = repository_of(name);
        let manifest = match self.cache.blob(&version.digest) {
            Some(manifest) => manifest,
            None => {
                self.online_for(&format!("`{name}` {}", version.version))?;
                let manifest = oci::manifest(&self.http, &repository, &version.digest).await?;
                self.cache
                    .keep_blob(&manifest)
                    .map_err(RegistryError::Cache)?;
                manifest
            }
        };
        let artifact = ArtifactManifest::parse(&manifest)?;
        let described = &artifact.package;
        let package = self
            .blob(&repository, &described.digest, described.size)
            .await?;
        let plugin = artifact.check_package(&package)?;
        if plugin.name != name || plugin.version != version.version || plugin.world != version.world
        {
            return Err(RegistryError::Disagrees {
                name: name.to_owned(),
                version: version.version.clone(),
                found: format!("`{}` {} for {}", plugin.name, plugin.version, plugin.world),
            });
        }
        Ok((plugin, package))
    }

    /// A blob from the cache, else from the registry.
    async fn blob(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        if let Some(bytes) = self.cache.blob(digest) {
            return Ok(bytes);
        }
        self.online_for(&format!("the blob {digest}"))?;
        let bytes = oci::blob(&self.http, repository, digest, size).await?;
        self.cache.keep_blob(&bytes).map_err(RegistryError::Cache)?;
        Ok(bytes)
    }

    /// Signs a package and pushes it with its signature. A version that is there with the same bytes gets one signature
    /// more; with other bytes the registry refuses.
    pub async fn publish(
        &self,
        package: Vec<u8>,
        signing: &Signing,
        witnesses: &Witnesses,
        trust: &Trust,
    ) -> Result<Published, RegistryError> {
        self.online()?;
        let artifact = Artifact::build(package)?;
        let (name, version) = (
            artifact.plugin.name.clone(),
            artifact.plugin.version.clone(),
        );
        let digest = artifact.digest();
        let subject = Subject::plugin(&name, &version, digest);
        // Signed first: a version that nobody signed is of no use to anybody.
        let bundle = sign::sign(&subject, signing, trust, witnesses).await?;
        let repository = repository_of(&name);
        for blob in artifact.blobs() {
            oci::push_blob(&self.http, &repository, &blob).await?;
        }
        let tag = version.to_string();
        oci::push_manifest(&self.http, &repository, &tag, &artifact.manifest).await?;
        let signature = SignatureManifest::new(&artifact.manifest, &bundle).render();
        for blob in [SignatureManifest::CONFIG, &bundle] {
            oci::push_blob(&self.http, &repository, blob).await?;
        }
        let reference = Digest::of(&signature).to_string();
        oci::push_manifest(&self.http, &repository, &reference, &signature).await?;
        Ok(Published {
            name,
            version,
            digest,
        })
    }

    /// Withdraws a version, or takes that back.
    pub async fn yank(
        &self,
        name: &str,
        version: &Version,
        reason: Option<&str>,
    ) -> Result<(), RegistryError> {
        self.online()?;
        let place = format!("/v1/plugins/{name}/{version}/yanked");
        let document = serde_json::json!({ "reason": reason });
        let request = self.http.request(Method::PUT, &place).json(&document);
        self.http.send(request).await?;
        Ok(())
    }

    fn online(&self) -> Result<(), RegistryError> {
        match self.network {
            Network::Online => Ok(()),
            Network::Offline => Err(RegistryError::Http(HttpError::Offline {
                url: self.url().to_owned(),
            })),
        }
    }

    fn online_for(&self, what: &str) -> Result<(), RegistryError> {
        match self.network {
            Network::Online => Ok(()),
            Network::Offline => Err(RegistryError::NotCached {
                what: what.to_owned(),
            }),
        }
    }
}
