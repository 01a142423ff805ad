//! Makes a release of `lly`: the programs, their sums and the publisher's signature over the sums become an artifact that
//! [`crate::releases`] serves. It works on the registry's own data, so whoever runs RC needs no token, and is the one who
//! says whose key counts: the first release pins it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fleet_client::blobs::{BlobError, BlobStore};
use fleet_db::{Database, DbError, ManifestRow, Put, TagRule};
use lly_brick::Digest;
use registry_client::keys::KeyError;
use registry_client::{PublicKey, SigningKey};
use registry_index::OCI_MANIFEST;
use semver::Version;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::releases::{KEY_FILE, REPOSITORY, ReleaseKeyError, SIGNATURE, SUMS, TITLE, pinned};

/// What a release is, as OCI tools see it.
pub const RELEASE_ARTIFACT: &str = "application/vnd.lily.release.v1";
/// The machines that `install.sh` knows.
pub const PLATFORMS: [&str; 4] = [
    "x86_64-linux",
    "aarch64-linux",
    "x86_64-macos",
    "aarch64-macos",
];

const EMPTY: &str = "application/vnd.oci.empty.v1+json";
const FILE: &str = "application/octet-stream";

/// What is released.
#[derive(Debug)]
pub struct Release {
    /// The version of `lly`.
    pub version: Version,
    /// The program for each platform.
    pub programs: BTreeMap<&'static str, Bytes>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Released {
    /// It is there now; the digest is the manifest's.
    New(Digest),
    /// The same programs were there already.
    Before(Digest),
}

/// Why there is no release.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Installers trust another key.
    #[error(
        "`{KEY_FILE}` in the data folder holds another public key than that of the signing key"
    )]
    OtherKey,
    /// A version is for good.
    #[error(
        "there is a release {0} already, with other programs: a released version never changes"
    )]
    Taken(Version),
    /// The pinned key cannot be read.
    #[error(transparent)]
    Pinned(#[from] ReleaseKeyError),
    /// The pinned key cannot be written.
    #[error("cannot write `{KEY_FILE}`")]
    Pin(#[source] io::Error),
    /// It cannot be signed.
    #[error("cannot sign the sums")]
    Key(#[from] KeyError),
    /// The store failed.
    #[error("cannot keep a file")]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error("cannot keep the release")]
    Database(#[from] DbError),
}

/// Puts a release into the registry whose data is in `data`, and pins the key if none is.
pub async fn release(
    data: &Path,
    database: &Database,
    release: &Release,
    key: &SigningKey,
) -> Result<Released, ReleaseError> {
    match pinned(data)? {
        Some(pinned) if pinned == *key.public() => {}
        Some(_) => return Err(ReleaseError::OtherKey),
        None => pin(data, key.public()).map_err(ReleaseError::Pin)?,
    }
    let tag = release.version.to_string();
    let sums = release.sums();
    // A signature is another one each time, so equal sums are what makes a release the same.
    if let Some(row) = database.tagged_manifest(REPOSITORY, &tag).await? {
        let same = layer(&row.body, SUMS) == Some(Digest::of(sums.as_bytes()).to_string());
        return match same {
            true => Ok(Released::Before(row.digest)),
            false => Err(ReleaseError::Taken(release.version.clone())),
        };
    }
    let signature = STANDARD.encode(key.sign(sums.as_bytes())?);
    let blobs = BlobStore::open(&data.join("blobs"))?;
    let keep = async |bytes: Bytes| {
        let digest = Digest::of(&bytes);
        let size = bytes.len() as u64;
        blobs.put(&digest, bytes).await?;
        database.link_blob(REPOSITORY, &digest, size).await?;
        Ok::<Value, ReleaseError>(json!({ "mediaType": FILE, "digest": digest, "size": size }))
    };
    let mut config = keep(Bytes::from_static(b"{}")).await?;
    config["mediaType"] = json!(EMPTY);
    let mut layers = Vec::new();
    let files = release.programs.iter();
    let files = files.map(|(platform, bytes)| (release.file(platform), bytes.clone()));
    let signed = [(SUMS, sums), (SIGNATURE, signature)];
    let signed = signed.map(|(name, text)| (name.to_owned(), Bytes::from(text)));
    for (name, bytes) in files.chain(signed) {
        let mut layer = keep(bytes).await?;
        layer["annotations"] = json!({ TITLE: name });
        layers.push(layer);
    }
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": RELEASE_ARTIFACT,
        "config": config,
        "layers": layers,
    });
    let body = manifest.to_string().into_bytes();
    let row = ManifestRow {
        digest: Digest::of(&body),
        media_type: OCI_MANIFEST.to_owned(),
        artifact_type: Some(RELEASE_ARTIFACT.to_owned()),
        subject: None,
        annotations: None,
        body,
    };
    let put = database.put_manifest(REPOSITORY, &row, Some((&tag, TagRule::Stays)));
    match put.await? {
        Put::Kept => Ok(Released::New(row.digest)),
        Put::TagTaken => Err(ReleaseError::Taken(release.version.clone())),
    }
}

/// The digest of the file of this name.
fn layer(manifest: &[u8], title: &str) -> Option<String> {
    let manifest: Value = serde_json::from_slice(manifest).ok()?;
    let mut layers = manifest["layers"].as_array()?.iter();
    let layer = layers.find(|layer| layer["annotations"][TITLE] == title)?;
    Some(layer["digest"].as_str()?.to_owned())
}

/// Never over another key.
fn pin(data: &Path, key: &PublicKey) -> io::Result<()> {
    use io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(data)?;
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(data)?;
    file.write_all(key.pem().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(data.join(KEY_FILE))?;
    Ok(())
}

impl Release {
    /// The name of a program, with the version in it: so the sums of one release are not those of another.
    pub fn file(&self, platform: &str) -> String {
        format!("lly-{}-{platform}", self.version)
    }

    /// As `sha256sum` writes it.
    fn sums(&self) -> String {
        let mut sums = String::new();
        for (platform, bytes) in &self.programs {
            let _ = writeln!(sums, "{}  {}", Digest::of(bytes).hex(), self.file(platform));
        }
        sums
    }
}
