//! A plugin as an OCI artifact: a manifest, a config and three layers. The component comes first and by itself, so that
//! any WebAssembly tool can pull it; `lly` takes the second layer, the package.
//!
//! Rule: the same package gives the same bytes and thus the same digest. Nothing says when or by whom it was made.

use crate::manifest::{MANIFEST_ENTRY, ManifestError, PluginManifest};
use lly_brick::container::{ContainerError, Reader};
use lly_brick::{Digest, canonical};
use serde::{Deserialize, Serialize};

/// The type of an OCI manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The artifact type of a plugin.
pub const PLUGIN_ARTIFACT: &str = "application/vnd.lily.plugin.v1";
/// The artifact type of a signature: a Sigstore bundle.
pub const SIGNATURE_ARTIFACT: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// The type of the config (CNCF).
pub const CONFIG_MEDIA_TYPE: &str = "application/vnd.wasm.config.v0+json";
/// The type of the first layer: the component as it is.
pub const COMPONENT_LAYER: &str = "application/wasm";
/// The type of the second layer: the `.plugin` file.
pub const PACKAGE_LAYER: &str = "application/vnd.lily.plugin.v1";
/// The type of the third layer: the canonical `plugin.json`.
pub const MANIFEST_LAYER: &str = "application/vnd.lily.plugin.manifest.v1+json";

const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
/// A manifest of ours has three layers.
const BYTES_MAX: usize = 64 << 10;
/// A package is at most what a sealed file may hold.
const LAYER_BYTES_MAX: u64 = 1 << 30;

/// The OCI repository of a plugin.
pub fn repository_of(plugin: &str) -> String {
    format!("plugins/{plugin}")
}

/// What OCI says about a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Of its bytes.
    pub digest: Digest,
    /// Of its bytes.
    pub size: u64,
}

impl Descriptor {
    /// The descriptor of these bytes.
    pub fn of(media_type: &str, bytes: &[u8]) -> Descriptor {
        Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
        }
    }
}

/// Everything that is pushed for one version of a plugin.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The OCI manifest.
    pub manifest: Vec<u8>,
    /// The config.
    pub config: Vec<u8>,
    /// The first layer.
    pub component: Vec<u8>,
    /// The second layer.
    pub package: Vec<u8>,
    /// The third layer, parsed.
    pub plugin: PluginManifest,
}

/// Why a package is no artifact, or a manifest not that of a plugin.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The package cannot be read.
    #[error("cannot read the plugin's package")]
    Container(#[from] ContainerError),
    /// Its `plugin.json` cannot.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The OCI manifest has another form.
    #[error("the OCI manifest is not that of a plugin: {0}")]
    Form(String),
    /// Two parts of it disagree.
    #[error("the plugin's artifact contradicts itself: {0}")]
    Contradiction(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    architecture: String,
    os: String,
    layer_digests: Vec<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireManifest {
    schema_version: u32,
    media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Descriptor>,
}

/// The OCI manifest of a plugin, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactManifest {
    /// The config.
    pub config: Descriptor,
    /// The component.
    pub component: Descriptor,
    /// The package.
    pub package: Descriptor,
    /// The canonical `plugin.json`.
    pub plugin: Descriptor,
}

impl Artifact {
    /// The artifact of a `.plugin` file. The version must be one that a tag can carry.
    pub fn build(package: Vec<u8>) -> Result<Artifact, ArtifactError> {
        let (plugin, component) = {
            let reader = Reader::open(&package)?;
            let plugin = PluginManifest::parse(&reader.read(MANIFEST_ENTRY)?)?;
            let component = reader.read(&plugin.component)?;
            (plugin, component)
        };
        if !plugin.version.build.is_empty() {
            let reason = format!(
                "the version {} has build metadata, which no tag can carry",
                plugin.version
            );
            return Err(ArtifactError::Form(reason));
        }
        let layers = [
            Descriptor::of(COMPONENT_LAYER, &component),
            Descriptor::of(PACKAGE_LAYER, &package),
            Descriptor::of(MANIFEST_LAYER, &plugin.canonical()),
        ];
        let config = config_of(&layers);
        let manifest = render(&WireManifest {
            schema_version: 2,
            media_type: OCI_MANIFEST.to_owned(),
            artifact_type: Some(PLUGIN_ARTIFACT.to_owned()),
            config: Descriptor::of(CONFIG_MEDIA_TYPE, &config),
            layers: layers.to_vec(),
            subject: None,
        });
        Ok(Artifact {
            manifest,
            config,
            component,
            package,
            plugin,
        })
    }

    /// The digest of the OCI manifest: what the index names and signatures speak of.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.manifest)
    }

    /// The blobs that the manifest names, in the order in which they are pushed.
    pub fn blobs(&self) -> [Vec<u8>; 4] {
        [
            self.config.clone(),
            self.component.clone(),
            self.package.clone(),
            self.plugin.canonical(),
        ]
    }
}

impl ArtifactManifest {
    /// Reads an OCI manifest and refuses what is not that of a plugin.
    pub fn parse(json: &[u8]) -> Result<ArtifactManifest, ArtifactError> {
        let wire = parse(json, PLUGIN_ARTIFACT)?;
        if wire.config.media_type != CONFIG_MEDIA_TYPE {
            return Err(form("its config has another type"));
        }
        let Ok([component, package, plugin]) = <[Descriptor; 3]>::try_from(wire.layers) else {
            return Err(form("it has not three layers"));
        };
        for (layer, media_type) in [
            (&component, COMPONENT_LAYER),
            (&package, PACKAGE_LAYER),
            (&plugin, MANIFEST_LAYER),
        ] {
            if layer.media_type != media_type {
                return Err(form("its layers have other types"));
            }
            if layer.size > LAYER_BYTES_MAX {
                return Err(form("a layer is too large"));
            }
        }
        Ok(ArtifactManifest {
            config: wire.config,
            component,
            package,
            plugin,
        })
    }

    /// Whether a config's bytes are those of this artifact.
    pub fn check_config(&self, config: &[u8]) -> Result<(), ArtifactError> {
        let layers = [&self.component, &self.package, &self.plugin].map(Clone::clone);
        if Digest::of(config) != self.config.digest || config != config_of(&layers) {
            let reason = "the config does not list its layers".to_owned();
            return Err(ArtifactError::Contradiction(reason));
        }
        Ok(())
    }

    /// Whether a package is the one that this artifact is about: its bytes, its component and its `plugin.json` must be
    /// those of the three layers. The plugin's manifest from inside the package.
    pub fn check_package(&self, package: &[u8]) -> Result<PluginManifest, ArtifactError> {
        let contradiction = |reason: &str| ArtifactError::Contradiction(reason.to_owned());
        if Digest::of(package) != self.package.digest {
            return Err(contradiction(
                "the package is not the one that the manifest names",
            ));
        }
        let reader = Reader::open(package)?;
        let json = reader.read(MANIFEST_ENTRY)?;
        let plugin = PluginManifest::parse(&json)?;
        if Digest::of(&plugin.canonical()) != self.plugin.digest {
            return Err(contradiction(
                "its `plugin.json` is not the one in the package",
            ));
        }
        match reader.info(&plugin.component) {
            Some(info) if info.digest == self.component.digest => Ok(plugin),
            _ => Err(contradiction("its component is not the one in the package")),
        }
    }
}

/// The OCI manifest that hangs a Sigstore bundle on the manifest that it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureManifest {
    /// What is signed.
    pub subject: Descriptor,
    /// The Sigstore bundle.
    pub bundle: Descriptor,
}

impl SignatureManifest {
    /// The empty config that every signature has.
    pub const CONFIG: &'static [u8] = b"{}";

    /// For a bundle over a manifest.
    pub fn new(signed_manifest: &[u8], bundle: &[u8]) -> SignatureManifest {
        SignatureManifest {
            subject: Descriptor::of(OCI_MANIFEST, signed_manifest),
            bundle: Descriptor::of(SIGNATURE_ARTIFACT, bundle),
        }
    }

    /// The manifest's bytes.
    pub fn render(&self) -> Vec<u8> {
        render(&WireManifest {
            schema_version: 2,
            media_type: OCI_MANIFEST.to_owned(),
            artifact_type: Some(SIGNATURE_ARTIFACT.to_owned()),
            config: Descriptor::of(EMPTY_CONFIG, SignatureManifest::CONFIG),
            layers: vec![self.bundle.clone()],
            subject: Some(self.subject.clone()),
        })
    }

    /// Reads the manifest of a signature.
    pub fn parse(json: &[u8]) -> Result<SignatureManifest, ArtifactError> {
        let wire = parse(json, SIGNATURE_ARTIFACT)?;
        let subject = wire.subject.ok_or_else(|| form("it signs nothing"))?;
        let Ok([bundle]) = <[Descriptor; 1]>::try_from(wire.layers) else {
            return Err(form("it has not one layer"));
        };
        if bundle.media_type != SIGNATURE_ARTIFACT {
            return Err(form("its layer has another type"));
        }
        Ok(SignatureManifest { subject, bundle })
    }
}

fn form(reason: &str) -> ArtifactError {
    ArtifactError::Form(reason.to_owned())
}

fn parse(json: &[u8], artifact_type: &str) -> Result<WireManifest, ArtifactError> {
    if json.len() > BYTES_MAX {
        return Err(form("it is too long"));
    }
    let wire: WireManifest =
        serde_json::from_slice(json).map_err(|error| ArtifactError::Form(error.to_string()))?;
    if wire.schema_version != 2 || wire.media_type != OCI_MANIFEST {
        return Err(form("it is not an OCI image manifest"));
    }
    if wire.artifact_type.as_deref() != Some(artifact_type) {
        return Err(ArtifactError::Form(format!(
            "its artifact type is not `{artifact_type}`"
        )));
    }
    Ok(wire)
}

fn config_of(layers: &[Descriptor]) -> Vec<u8> {
    let config = Config {
        architecture: "wasm".to_owned(),
        os: "wasip2".to_owned(),
        layer_digests: layers.iter().map(|layer| layer.digest).collect(),
    };
    // Strings have no way to fail.
    canonical::to_vec(&config).unwrap_or_default()
}

fn render(manifest: &WireManifest) -> Vec<u8> {
    // Strings and integers have no way to fail.
    canonical::to_vec(manifest).unwrap_or_default()
}

#[cfg(test)]
mod tests;
