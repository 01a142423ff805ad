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
use registry_client::release::{self, SUMS, SUMS_SIGNATURE};
use registry_client::{PublicKey, SigningKey};
use registry_index::{NewestRelease, OCI_MANIFEST};
use semver::Version;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::releases::{
    KEY_FILE, NEWEST_FILE, REPOSITORY, ReleaseKeyError, TITLE, pinned, signed_newest,
};

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
    /// What is the newest release cannot be written down.
    #[error("cannot write `{NEWEST_FILE}`")]
    Newest(#[source] io::Error),
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

/// Puts a release into the registry whose data is in `data`, pins the key if none is, and signs which release is the newest.
pub async fn release(
    data: &Path,
    database: &Database,
    release: &Release,
    key: &SigningKey,
) -> Result<Released, ReleaseError> {
    let released = put(data, database, release, key).await?;
    // Again, too: an earlier one may have been interrupted before it came to this.
    announce(data, &release.version, key)?;
    Ok(released)
}

/// Signs that there is this version, unless what was signed before says so. Two at once take turns.
fn announce(data: &Path, version: &Version, key: &SigningKey) -> Result<(), ReleaseError> {
    let lock = std::fs::File::open(data.join(KEY_FILE)).map_err(ReleaseError::Newest)?;
    lock.lock().map_err(ReleaseError::Newest)?;
    let before = signed_newest(data, key.public())?.map(|(newest, _)| newest);
    let newest = NewestRelease::after(before.as_ref(), version);
    if before.is_some_and(|before| before.version == newest.version) {
        return Ok(());
    }
    let signed = release::signed_newest(&newest, key)?;
    write(data, &signed)
        .and_then(|file| Ok(file.persist(data.join(NEWEST_FILE))?))
        .map_err(ReleaseError::Newest)?;
    Ok(())
}

async fn put(
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
    let signed = [(SUMS, sums), (SUMS_SIGNATURE, signature)];
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
    std::fs::create_dir_all(data)?;
    write(data, key.pem().as_bytes())?.persist_noclobber(data.join(KEY_FILE))?;
    Ok(())
}

/// A file that everybody may read and that has no name yet.
fn write(folder: &Path, contents: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    use io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    Ok(file)
}

impl Release {
    /// The name of a program, with the version in it: so the sums of one release are not those of another.
    pub fn file(&self, platform: &str) -> String {
        release::file(&self.version, platform)
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
