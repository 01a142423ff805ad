//! The object store: every blob under its own digest, `sha256/ab/<hex>`. Written by the platform, read by CAPs.
//!
//! Rule: nothing goes in or comes out whose hash is not its name.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use lly_brick::Digest;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, WriteMultipart, path::Path as Key};
use sha2::{Digest as _, Sha256};

/// What is handed to the store at once.
const PART_BYTES: usize = 1 << 20;
/// Parts on their way to the disk while the next ones come in.
const PARTS_IN_FLIGHT: usize = 4;
/// A sender that sends nothing for this long has gone.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);

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
    /// The sender went away, or stopped sending.
    #[error("the bytes of the blob `{digest}` broke off after {bytes}")]
    BrokenOff {
        /// Which.
        digest: Digest,
        /// What had come.
        bytes: u64,
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
        let failed = |source| BlobError::Open {
            path: dir.to_owned(),
            source,
        };
        std::fs::create_dir_all(dir).map_err(|error| {
            failed(object_store::Error::Generic {
                store: "LocalFileSystem",
                source: Box::new(error),
            })
        })?;
        // What is said to be stored must survive a power cut.
        let store = LocalFileSystem::new_with_prefix(dir)
            .map_err(failed)?
            .with_fsync(true);
        Ok(Self {
            store: Arc::new(store),
        })
    }

    /// Keeps a blob; one that is there already is left as it is.
    pub async fn put(&self, digest: &Digest, bytes: Bytes) -> Result<(), BlobError> {
        if Digest::of(&bytes) != *digest {
            return Err(BlobError::Mismatch(*digest));
        }
        match self
            .store
            .put_opts(&key(digest), bytes.into(), PutMode::Create.into())
            .await
        {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Err(source) => Err(BlobError::Store {
                digest: *digest,
                source,
            }),
        }
    }

    /// Keeps a blob that comes in pieces; memory holds a few megabytes of it at most. Nothing of it is there before its
    /// last byte has been seen to fit its name.
    pub async fn put_stream<E>(
        &self,
        digest: &Digest,
        bytes_max: u64,
        mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<(), BlobError> {
        let failed = |source| BlobError::Store {
            digest: *digest,
            source,
        };
        let upload = self
            .store
            .put_multipart(&key(digest))
            .await
            .map_err(failed)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let (mut hash, mut bytes) = (Sha256::new(), 0_u64);
        let outcome = loop {
            let piece = match tokio::time::timeout(STALL_TIMEOUT, pieces.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(None) => break Ok(()),
                Ok(Some(Err(_))) | Err(_) => {
                    break Err(BlobError::BrokenOff {
                        digest: *digest,
                        bytes,
                    });
                }
            };
            bytes += piece.len() as u64;
            if bytes > bytes_max {
                break Err(BlobError::TooLarge {
                    digest: *digest,
                    bytes,
                    bytes_max,
                });
            }
            hash.update(&piece);
            upload.put(piece);
            if let Err(source) = upload.wait_for_capacity(PARTS_IN_FLIGHT).await {
                break Err(failed(source));
            }
        };
        let outcome =
            outcome.and_then(
                |()| match Digest::from_bytes(hash.finalize().into()) == *digest {
                    true => Ok(()),
                    false => Err(BlobError::Mismatch(*digest)),
                },
            );
        match outcome {
            Ok(()) => upload.finish().await.map(drop).map_err(failed),
            Err(error) => {
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%digest, %error, "a broken upload could not be cleared away");
                }
                Err(error)
            }
        }
    }

    /// A blob of at most `bytes_max` bytes, its hash checked.
    pub async fn get(&self, digest: &Digest, bytes_max: u64) -> Result<Bytes, BlobError> {
        let failed = |source| match source {
            object_store::Error::NotFound { .. } => BlobError::Missing(*digest),
            source => BlobError::Store {
                digest: *digest,
                source,
            },
        };
        let found = self.store.get(&key(digest)).await.map_err(failed)?;
        if found.meta.size > bytes_max {
            return Err(BlobError::TooLarge {
                digest: *digest,
                bytes: found.meta.size,
                bytes_max,
            });
        }
        let bytes = found.bytes().await.map_err(failed)?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(BlobError::Mismatch(*digest))
        }
    }

    /// A part of a blob, in pieces. It was checked when it was put; whoever receives the whole checks it again.
    pub async fn stream(
        &self,
        digest: &Digest,
        range: std::ops::Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes, object_store::Error>> + Send + use<>, BlobError>
    {
        let options = object_store::GetOptions {
            range: Some(object_store::GetRange::Bounded(range)),
            ..Default::default()
        };
        match self.store.get_opts(&key(digest), options).await {
            Ok(found) => Ok(found.into_stream()),
            Err(object_store::Error::NotFound { .. }) => Err(BlobError::Missing(*digest)),
            Err(source) => Err(BlobError::Store {
                digest: *digest,
                source,
            }),
        }
    }

    /// The size of a blob; none if it is not there.
    pub async fn size(&self, digest: &Digest) -> Result<Option<u64>, BlobError> {
        match self.store.head(&key(digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(BlobError::Store {
                digest: *digest,
                source,
            }),
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
        assert!(matches!(
            store.get(&digest, 100).await,
            Err(BlobError::Missing(_))
        ));
        assert!(matches!(
            store.put(&digest, Bytes::from_static(b"hullo")).await,
            Err(BlobError::Mismatch(_))
        ));
        store
            .put(&digest, Bytes::from_static(b"hello"))
            .await
            .unwrap();
        store
            .put(&digest, Bytes::from_static(b"hello"))
            .await
            .unwrap();
        assert_eq!(store.get(&digest, 5).await.unwrap(), "hello");
        assert_eq!(store.size(&digest).await.unwrap(), Some(5));
        assert!(matches!(
            store.get(&digest, 4).await,
            Err(BlobError::TooLarge { bytes: 5, .. })
        ));
        let hex = digest.hex();
        std::fs::write(
            dir.path().join("blobs/sha256").join(&hex[..2]).join(&hex),
            "hellO",
        )
        .unwrap();
        assert!(matches!(
            store.get(&digest, 5).await,
            Err(BlobError::Mismatch(_))
        ));
    }

    #[tokio::test]
    async fn a_stream_is_kept_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = BlobStore::open(dir.path()).unwrap();
        let bytes: Vec<u8> = (0..3_000_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let digest = Digest::of(&bytes);
        let pieces = |end: usize| {
            let pieces: Vec<_> = bytes[..end]
                .chunks(70_000)
                .map(|piece| Ok::<_, ()>(Bytes::copy_from_slice(piece)))
                .collect();
            futures_util::stream::iter(pieces)
        };
        let short = store.put_stream(&digest, u64::MAX, pieces(2_999_999)).await;
        assert!(matches!(short, Err(BlobError::Mismatch(_))));
        let long = store.put_stream(&digest, 1000, pieces(bytes.len())).await;
        assert!(matches!(long, Err(BlobError::TooLarge { .. })));
        let broken = pieces(70_000).chain(futures_util::stream::iter([Err(())]));
        let broken = store.put_stream(&digest, u64::MAX, broken).await;
        assert!(matches!(
            broken,
            Err(BlobError::BrokenOff { bytes: 70_000, .. })
        ));
        assert_eq!(store.size(&digest).await.unwrap(), None);
        for _ in 0..2 {
            store
                .put_stream(&digest, u64::MAX, pieces(bytes.len()))
                .await
                .unwrap();
        }
        assert_eq!(store.get(&digest, u64::MAX).await.unwrap(), bytes);
        let empty = futures_util::stream::iter(Vec::<Result<Bytes, ()>>::new());
        store.put_stream(&Digest::of(b""), 0, empty).await.unwrap();
        assert_eq!(store.size(&Digest::of(b"")).await.unwrap(), Some(0));
    }
}
