//! The object store: every blob under its own digest, `sha256/ab/<hex>`. Written by the platform, read by CAPs.
//!
//! Rule: nothing goes in or comes out whose hash is not its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lly_brick::Digest;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, path::Path as Key};

/// A store of blobs.
#[derive(Clone, Debug)]
pub struct BlobStore {
    store: Arc<dyn ObjectStore>,
}

/// Why a blob could not be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The store's folder cannot be used.
    #[error("cannot open the blob store `{path}`")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: object_store::Error,
    },
    /// Nobody has put it there.
    #[error("the blob `{0}` is not in the store")]
    Missing(Digest),
    /// The bytes are not those of the name.
    #[error("the bytes of the blob `{0}` are not those of its name")]
    Mismatch(Digest),
    /// It is larger than the caller takes.
    #[error("the blob `{digest}` has {bytes} bytes, more than the {bytes_max} expected")]
    TooLarge {
        /// Which.
        digest: Digest,
        /// Its size.
        bytes: u64,
        /// What the caller takes.
        bytes_max: u64,
    },
    /// The store failed.
    #[error("the blob store failed over `{digest}`")]
    Store {
        /// The blob in question.
        digest: Digest,
        /// How.
        #[source]
        source: object_store::Error,
    },
}

impl BlobStore {
    /// A store in a local folder, which is made if it is missing.
    pub fn open(dir: &Path) -> Result<Self, BlobError> {
        let failed = |source| BlobError::Open { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(|error| {
            failed(object_store::Error::Generic { store: "LocalFileSystem", source: Box::new(error) })
        })?;
        // What is said to be stored must survive a power cut.
        let store = LocalFileSystem::new_with_prefix(dir).map_err(failed)?.with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Keeps a blob; one that is there already is left as it is.
    pub async fn put(&self, digest: &Digest, bytes: Bytes) -> Result<(), BlobError> {
        if Digest::of(&bytes) != *digest {
            return Err(BlobError::Mismatch(*digest));
        }
        match self.store.put_opts(&key(digest), bytes.into(), PutMode::Create.into()).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(source) => Err(BlobError::Store { digest: *digest, source }),
        }
    }

    /// A blob of at most `bytes_max` bytes, its hash checked.
    pub async fn get(&self, digest: &Digest, bytes_max: u64) -> Result<Bytes, BlobError> {
        let failed = |source| match source {
            object_store::Error::NotFound { .. } => BlobError::Missing(*digest),
            source => BlobError::Store { digest: *digest, source },
        };
        let found = self.store.get(&key(digest)).await.map_err(failed)?;
        if found.meta.size > bytes_max {
            return Err(BlobError::TooLarge { digest: *digest, bytes: found.meta.size, bytes_max });
        }
        let bytes = found.bytes().await.map_err(failed)?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(BlobError::Mismatch(*digest)) }
    }

    /// The size of a blob; none if it is not there.
    pub async fn size(&self, digest: &Digest) -> Result<Option<u64>, BlobError> {
        match self.store.head(&key(digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(BlobError::Store { digest: *digest, source }),
        }
    }
}

fn key(digest: &Digest) -> Key {
    let hex = digest.hex();
    Key::from_iter(["sha256", &hex[..2], &hex])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_hashes_to_its_name_goes_in_and_out() {
        let dir = tempfile::tempdir().unwrap();
        let store = BlobStore::open(&dir.path().join("blobs")).unwrap();
        let digest = Digest::of(b"hello");
        assert!(matches!(store.get(&digest, 100).await, Err(BlobError::Missing(_))));
        assert!(matches!(store.put(&digest, Bytes::from_static(b"hullo")).await, Err(BlobError::Mismatch(_))));
        store.put(&digest, Bytes::from_static(b"hello")).await.unwrap();
        store.put(&digest, Bytes::from_static(b"hello")).await.unwrap();
        assert_eq!(store.get(&digest, 5).await.unwrap(), "hello");
        assert_eq!(store.size(&digest).await.unwrap(), Some(5));
        assert!(matches!(store.get(&digest, 4).await, Err(BlobError::TooLarge { bytes: 5, .. })));
        let hex = digest.hex();
        std::fs::write(dir.path().join("blobs/sha256").join(&hex[..2]).join(&hex), "hellO").unwrap();
        assert!(matches!(store.get(&digest, 5).await, Err(BlobError::Mismatch(_))));
    }
}
