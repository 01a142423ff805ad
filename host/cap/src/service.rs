//! What a live placement answers with: its files, its routes and its program, as `host-runtime` decides.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use host_runtime::{Answer, Fault, LogSink, RequestContext, RequestId, ServerAddress, Site};
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use lly_brick::Digest;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use crate::{
    blobs::{BlobCache, Pins},
    edge::{
        answers::{empty, full, problem, retry_later},
        listener::Body,
    },
    placement::Placement,
    residence::Residence,
};

/// Files up to this size are read in one go; larger ones are streamed.
const READ_WHOLE_BYTES_MAX: u64 = 64 << 10;

/// How much of a large file is in memory at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A program with its files, ready to answer.
#[derive(Debug)]
pub struct Service {
    /// What answers a request.
    pub site: Site,
    /// Its program; a site may have none.
    pub residence: Option<Residence>,
    /// What the program finds in its environment.
    pub env: Arc<[(String, String)]>,
    /// The name under which it is reached.
    pub address: Arc<ServerAddress>,
    /// Where the files lie.
    pub blobs: Arc<BlobCache>,
    /// Keeps them there.
    pub _pins: Pins,
}

impl Service {
    /// Answers one request.
    pub async fn answer(
        &self,
        placement: &Arc<Placement>,
        id: RequestId,
        client: IpAddr,
        request: Request<Body>,
    ) -> Response<Body> {
        placement.counts.requests.fetch_add(1, Ordering::Relaxed);
        let head = (request.method(), request.uri(), request.headers());
        let dress = match self.site.answer(head.0, head.1, head.2) {
            Answer::File {
                head,
                digest,
                bytes,
            } => return self.file(head, digest, bytes, id).await,
            Answer::Words(response) => {
                return response.map(|words| {
                    if words.is_empty() {
                        empty()
                    } else {
                        full(words)
                    }
                });
            }
            Answer::Program(dress) => dress,
        };
        let context = RequestContext {
            id,
            env: Arc::clone(&self.env),
            log: Arc::clone(&placement.logs) as Arc<dyn LogSink>,
            remote: Some(SocketAddr::new(client, 0)),
            server: Arc::clone(&self.address),
        };
        let Some(residence) = &self.residence else {
            return not_awake(id, "it has none");
        };
        let program = match residence.program().await {
            // Waking may have taken longer than the lease holds.
            Ok(program) if placement.hold.holds(Instant::now()) => program,
            Ok(_) => return not_awake(id, "this server may no longer serve it"),
            Err(failure) => {
                tracing::error!(%id, slug = %placement.slug, reason = failure.reason, "a program does not wake up");
                return not_awake(id, &failure.reason);
            }
        };
        match program.serve(request, context).await {
            Ok(mut response) => {
                dress.put_on(response.headers_mut());
                let placement = Arc::clone(placement);
                response.map(|body| {
                    let counted = body.map_err(move |error| {
                        if matches!(error, host_runtime::BodyError::Aborted) {
                            placement.counts.traps.fetch_add(1, Ordering::Relaxed);
                        }
                        error.into()
                    });
                    counted.boxed_unsync()
                })
            }
            Err(fault) => failed(placement, id, &fault),
        }
    }

    /// Answers with a file.
    async fn file(
        &self,
        head: Response<()>,
        digest: Digest,
        bytes: Option<(u64, u64)>,
        id: RequestId,
    ) -> Response<Body> {
        let body = match bytes {
            Some((first, count)) => match read(self.blobs.path(&digest), first, count).await {
                Ok(body) => body,
                Err(error) => {
                    tracing::error!(%id, %digest, %error, "a file of a live placement cannot be read");
                    return problem(
                        StatusCode::INTERNAL_SERVER_ERROR,
                        id,
                        "The host failed while it answered this request.",
                    );
                }
            },
            None => empty(),
        };
        head.map(|()| body)
    }
}

/// The answer to a request whose program did not come back from its sleep.
fn not_awake(id: RequestId, why: &str) -> Response<Body> {
    let sentence = format!("The program could not be loaded: {why}.");
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, id, &sentence);
    retry_later(&mut response);
    response
}

/// The answer to a request whose program failed, and the words for its owner.
fn failed(placement: &Placement, id: RequestId, fault: &Fault) -> Response<Body> {
    if is_crash(fault) {
        placement.counts.traps.fetch_add(1, Ordering::Relaxed);
    }
    match fault {
        // The client's and the crowd's faults would only fill the owner's log.
        Fault::Busy
        | Fault::BadRequest { .. }
        | Fault::BodyTooLarge { .. }
        | Fault::HeadersTooLarge { .. } => {
            tracing::debug!(%id, slug = %placement.slug, %fault, "request refused");
        }
        Fault::Host { .. } => {
            tracing::error!(%id, slug = %placement.slug, %fault, "the host failed");
            placement
                .logs
                .line(host_runtime::LogStream::System, id, fault.public_sentence());
        }
        Fault::Trap { .. }
        | Fault::Memory { .. }
        | Fault::Deadline { .. }
        | Fault::TurnTooLong { .. }
        | Fault::InstanceLost { .. }
        | Fault::OutputTooLarge { .. }
        | Fault::NoResponse
        | Fault::BadResponse { .. }
        | Fault::Exit { .. } => {
            for line in fault.log_lines() {
                placement
                    .logs
                    .line(host_runtime::LogStream::System, id, &line);
            }
        }
    }
    let mut response = problem(fault.status(), id, fault.public_sentence());
    if fault.status() == StatusCode::SERVICE_UNAVAILABLE {
        retry_later(&mut response);
    }
    response
}

/// Did the program crash, as opposed to being slow, wordy or asked too much?
pub fn is_crash(fault: &Fault) -> bool {
    match fault {
        Fault::Trap { .. }
        | Fault::Memory { .. }
        | Fault::TurnTooLong { .. }
        | Fault::Exit { .. } => true,
        // What ended the instance was counted where it happened.
        Fault::InstanceLost { .. }
        | Fault::Deadline { .. }
        | Fault::BodyTooLarge { .. }
        | Fault::HeadersTooLarge { .. }
        | Fault::BadRequest { .. }
        | Fault::OutputTooLarge { .. }
        | Fault::NoResponse
        | Fault::BadResponse { .. }
        | Fault::Busy
        | Fault::Host { .. } => false,
    }
}

/// `count` bytes of a file from `first` on.
async fn read(path: PathBuf, first: u64, count: u64) -> std::io::Result<Body> {
    if count <= READ_WHOLE_BYTES_MAX {
        let bytes = tokio::task::spawn_blocking(move || read_whole(&path, first, count)).await;
        return Ok(full(bytes.map_err(std::io::Error::other)??));
    }
    let mut file = tokio::fs::File::open(path).await?;
    file.seek(std::io::SeekFrom::Start(first)).await?;
    let chunks = ReaderStream::with_capacity(file.take(count), CHUNK_BYTES);
    Ok(BodyExt::boxed_unsync(StreamBody::new(
        chunks.map_ok(Frame::data).map_err(Into::into),
    )))
}

fn read_whole(path: &std::path::Path, first: u64, count: u64) -> std::io::Result<Bytes> {
    use std::os::unix::fs::FileExt as _;
    let mut bytes = vec![0; usize::try_from(count).map_err(std::io::Error::other)?];
    std::fs::File::open(path)?.read_exact_at(&mut bytes, first)?;
    Ok(bytes.into())
}
