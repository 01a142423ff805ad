//! The component of each plugin by itself, for tools that know components and no plugins: `wkg get components:NAME`. Such
//! tools take manifests of one layer alone, and a plugin has three, so RC makes these itself, in `components/NAME`.
//!
//! A version that is yanked is not there until that is taken back: those tools know no other sign.

use bytes::Bytes;
use fleet_db::{ManifestRow, TagRule};
use lly_brick::Digest;
use registry_index::{
    ArtifactManifest, CONFIG_MEDIA_TYPE, Descriptor, OCI_MANIFEST, repository_of,
};
use semver::Version;
use serde_json::json;

use crate::api::Registry;
use crate::names::Repository;
use crate::refusal::Refusal;

const PREFIX: &str = "components/";
/// Clients demand a time. This one says nothing, so that equal components have equal manifests.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Whether RC alone writes into this repository.
pub fn is_own(repository: &Repository) -> bool {
    repository.as_str().starts_with(PREFIX)
}

/// Offers the component of a version that is there.
pub async fn offer(registry: &Registry, name: &str, version: &Version) -> Result<(), Refusal> {
    let (database, tag) = (&registry.database, version.to_string());
    let plugin = database.tagged_manifest(&repository_of(name), &tag).await?;
    let artifact = plugin.map(|row| ArtifactManifest::parse(&row.body));
    let Some(artifact) = artifact
        .transpose()
        .map_err(|error| Refusal::internal(&error))?
    else {
        return Ok(());
    };
    let layer = artifact.component;
    let config = json!({
        "created": CREATED,
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer.digest],
    });
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": Descriptor::of(CONFIG_MEDIA_TYPE, &config),
        "layers": [layer],
    });
    let body = manifest.to_string().into_bytes();
    let row = ManifestRow {
        digest: Digest::of(&body),
        media_type: OCI_MANIFEST.to_owned(),
        artifact_type: Some(CONFIG_MEDIA_TYPE.to_owned()),
        subject: None,
        annotations: None,
        body,
    };
    let (digest, size) = (Digest::of(&config), config.len() as u64);
    registry.blobs.put(&digest, Bytes::from(config)).await?;
    let repository = repository(name);
    for (digest, size) in [(digest, size), (layer.digest, layer.size)] {
        database.link_blob(&repository, &digest, size).await?;
    }
    let tag = Some((tag.as_str(), TagRule::Moves));
    database.put_manifest(&repository, &row, tag).await?;
    Ok(())
}

/// Takes the component of a yanked version away.
pub async fn withdraw(registry: &Registry, name: &str, version: &Version) -> Result<(), Refusal> {
    let tag = version.to_string();
    registry
        .database
        .delete_tag(&repository(name), &tag)
        .await?;
    Ok(())
}

fn repository(plugin: &str) -> String {
    format!("{PREFIX}{plugin}")
}
