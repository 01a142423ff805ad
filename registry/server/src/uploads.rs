//! Uploads on their way: one file each in `DATA/uploads`, whose length is what has come. That survives any crash.
//!
//! A session belongs to its repository: its file's name begins with the hash of the repository's name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use fleet_client::blobs::BlobStore;
use futures_util::StreamExt as _;
use lly_brick::Digest;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt as _;
use tokio_util::io::ReaderStream;

use crate::names::Repository;
use crate::refusal::Refusal;

/// The largest blob: clang as a wasm tool has 100 MB.
pub const BLOB_BYTES_MAX: u64 = 1 << 30;
/// Uploads at once, finished or not: each may hold a blob's worth of disk.
const SESSIONS_MAX: usize = 256;
/// A sender that sends nothing for this long has gone. What came is kept; it may resume.
const STALL_TIMEOUT: Duration = Duration::from_secs(60);
/// An upload that nobody has touched for this long is removed.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// The uploads of one registry.
#[derive(Clone, Debug)]
pub struct Uploads {
    dir: PathBuf,
    busy: Arc<Mutex<HashSet<String>>>,
}

/// One upload, held by one request.
#[derive(Debug)]
pub struct Session {
    id: String,
    path: PathBuf,
    busy: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.id);
    }
}

impl Uploads {
    /// The uploads in `dir`, which is made if it is missing. Forgotten ones are removed.
    pub async fn open(dir: &Path) -> std::io::Result<Self> {
        fs::create_dir_all(dir).await?;
        let uploads = Self {
            dir: dir.to_owned(),
            busy: Arc::default(),
        };
        uploads.sweep().await?;
        Ok(uploads)
    }

    /// Removes what nobody has touched for a day. Returns how many are left.
    pub async fn sweep(&self) -> std::io::Result<usize> {
        let (mut left, mut entries) = (0, fs::read_dir(&self.dir).await?);
        while let Some(entry) = entries.next_entry().await? {
            // One may be finished, and so gone, between the two calls.
            let Ok(touched) = entry.metadata().await.and_then(|meta| meta.modified()) else {
                continue;
            };
            if touched.elapsed().is_ok_and(|age| age > FORGOTTEN_AFTER) {
                let _ = fs::remove_file(entry.path()).await;
            } else {
                left += 1;
            }
        }
        Ok(left)
    }

    /// Begins an upload to a repository.
    pub async fn begin(&self, repository: &Repository) -> Result<Session, Refusal> {
        if self.sweep().await? >= SESSIONS_MAX {
            let message = format!(
                "{SESSIONS_MAX} uploads are unfinished; finish or cancel one, or try again later"
            );
            return Err(Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TOOMANYREQUESTS",
                message,
            ));
        }
        let random: [u8; 16] = rand::random();
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let session = self.hold(repository, &id)?;
        File::create_new(&session.path).await?;
        Ok(session)
    }

    /// Takes an upload of this repository for one request. Two requests never write to one.
    pub async fn resume(&self, repository: &Repository, id: &str) -> Result<Session, Refusal> {
        let missing = || Refusal::missing("BLOB_UPLOAD_UNKNOWN", "such upload in this repository");
        if id.len() != 32
            || !id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(missing());
        }
        let session = self.hold(repository, id)?;
        match fs::try_exists(&session.path).await? {
            true => Ok(session),
            false => Err(missing()),
        }
    }

    fn hold(&self, repository: &Repository, id: &str) -> Result<Session, Refusal> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(id.to_owned()) {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                "BLOB_UPLOAD_INVALID",
                "another request is writing to this upload",
            ));
        }
        let owner = Digest::of(repository.as_str().as_bytes()).short();
        Ok(Session {
            id: id.to_owned(),
            path: self.dir.join(format!("{owner}-{id}")),
            busy: Arc::clone(&self.busy),
        })
    }
}

impl Session {
    /// Its name in URLs.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How many bytes have come.
    pub async fn bytes(&self) -> Result<u64, Refusal> {
        Ok(fs::metadata(&self.path).await?.len())
    }

    /// Appends what comes, up to the largest blob; what came before a sender broke off is kept.
    pub async fn append(&self, body: Body) -> Result<u64, Refusal> {
        let mut bytes = self.bytes().await?;
        let mut file = OpenOptions::new().append(true).open(&self.path).await?;
        let mut pieces = body.into_data_stream();
        let outcome = loop {
            let piece = match tokio::time::timeout(STALL_TIMEOUT, pieces.next()).await {
                Ok(Some(Ok(piece))) => piece,
                Ok(None) => break Ok(()),
                Ok(Some(Err(_))) | Err(_) => {
                    let message = format!(
                        "the upload broke off after {bytes} bytes; it can be resumed there"
                    );
                    break Err(Refusal::bad("BLOB_UPLOAD_INVALID", message));
                }
            };
            bytes += piece.len() as u64;
            if bytes > BLOB_BYTES_MAX {
                let message = format!("a blob has {BLOB_BYTES_MAX} bytes at most");
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                break Err(Refusal::new(status, "SIZE_INVALID", message));
            }
            file.write_all(&piece).await?;
        };
        file.flush().await?;
        outcome.map(|()| bytes)
    }

    /// Puts what has come into the store, if it hashes to `digest`, and ends the upload. Returns its size in bytes.
    pub async fn finish(self, digest: &Digest, store: &BlobStore) -> Result<u64, Refusal> {
        let bytes = self.bytes().await?;
        let file = File::open(&self.path).await?;
        let kept = store
            .put_stream(
                digest,
                BLOB_BYTES_MAX,
                ReaderStream::with_capacity(file, 1 << 18),
            )
            .await;
        // Bytes that are not what they were said to be are of no use to anybody.
        fs::remove_file(&self.path).await?;
        kept?;
        Ok(bytes)
    }

    /// Ends the upload and forgets what came.
    pub async fn cancel(self) -> Result<(), Refusal> {
        Ok(fs::remove_file(&self.path).await?)
    }
}
