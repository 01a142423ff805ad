//! Brings a placement up: fetch what is missing, compile, link, probe. One owned task per placement; what it does
//! costs bounded memory, time and processes, and whatever the bundle holds, the worst end is a `Failed` placement.

use std::{
    net::Ipv4Addr,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use fleet_client::blobs::BlobStore;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use host_engine::{CacheError, CodeCache, Engine, Form, WasmDigest, child::CompileLimits};
use host_runtime::{
    Carried, Fault, LoadedModule, LogSink, Program, RequestContext, RequestId, Runtime,
    ServerAddress, Site, maps_of, serving_profile,
};
use http::{HeaderValue, Request, header};
use http_body_util::BodyExt as _;
use lly_brick::{Brick, Digest, Manifest, SharedModule};
use tokio::{
    sync::{Notify, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::{
    blobs::BlobCache,
    edge::{answers::empty, headers::PROBE},
    placement::{Failure, Placement, State},
    residence::Residence,
    service::{Service, is_crash},
    shelf::Shelf,
};

/// The largest manifest that is fetched: the size `lly-brick` itself allows.
const MANIFEST_BYTES_MAX: u64 = 16 << 20;

/// Blobs of one placement fetched at once; also bounds what is in memory.
const FETCHES_PER_PLACEMENT_MAX: usize = 4;

/// Tries to fetch a blob before the placement fails: the store may be restarting.
const FETCH_TRIES: u32 = 4;

/// Time before the second try; it doubles.
const FETCH_RETRY: Duration = Duration::from_millis(200);

/// A program that has not answered its probe after this long is not crashed, only slow.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);

/// How much of the answer to a probe is read: enough for a trap halfway to be seen.
const PROBE_BYTES_MAX: usize = 1 << 20;

/// What is needed to bring placements up.
#[derive(Debug)]
pub struct Workshop {
    /// Where blobs come from.
    pub store: BlobStore,
    /// Where they are kept.
    pub blobs: Arc<BlobCache>,
    /// For programs of which each request has an instance.
    pub pooled: Bench,
    /// For programs whose instances last.
    pub lasting: Bench,
    /// What they share.
    pub modules: Shelf<LoadedModule>,
    /// Compiled code.
    pub code: CodeCache,
    /// This executable, which compiles in a child of its own.
    pub exe: PathBuf,
    /// Compilations at once.
    pub compiling: Arc<Semaphore>,
    /// `*.domain`, and the port of the edge.
    pub app_domain: String,
    /// The port of the edge.
    pub edge_port: u16,
    /// Told when a placement changes its state.
    pub changed: Arc<Notify>,
}

/// An engine and what links programs for it.
#[derive(Debug)]
pub struct Bench {
    /// Runs programs.
    pub engine: Engine,
    /// Links them.
    pub runtime: Runtime,
}

/// How a blob becomes code.
struct Job<T> {
    form: Form,
    limits: &'static CompileLimits,
    load: Load<T>,
}

type Load<T> =
    fn(&CodeCache, &Engine, &Path, WasmDigest, ReadBlob, &CompileLimits) -> Result<T, CacheError>;

/// Reads a blob, if it must be compiled.
type ReadBlob = Box<dyn FnOnce() -> std::io::Result<Vec<u8>>>;

impl Workshop {
    /// Takes `placement` from an order to live or failed.
    pub async fn raise(self: &Arc<Self>, placement: &Arc<Placement>) {
        let raised = AssertUnwindSafe(self.try_raise(placement))
            .catch_unwind()
            .await;
        let state = match raised
            .unwrap_or_else(|_| Err(failure("the CAP failed; its own log tells more".to_owned())))
        {
            Ok(service) => State::Live(Arc::new(service)),
            Err(failure) => {
                tracing::warn!(placement = %placement.id, slug = %placement.slug, reason = %failure.reason, "placement failed");
                placement
                    .logs
                    .push(fleet_api::LogStream::System, &failure.reason, None);
                State::Failed(failure)
            }
        };
        placement.enter(state, &self.changed);
    }

    async fn try_raise(self: &Arc<Self>, placement: &Arc<Placement>) -> Result<Service, Failure> {
        let manifest = self.blob(placement.bundle, None).await?;
        let manifest = Manifest::parse(&manifest)
            .map_err(|error| failure(format!("the bundle's manifest is malformed: {error}")))?;
        let brick = only_brick(&manifest)?;
        let mut wanted: Vec<(Digest, u64)> = brick
            .iter()
            .map(|brick| (brick.digest, brick.size))
            .collect();
        let modules = manifest.modules.iter();
        wanted.extend(modules.map(|module| (module.digest, module.size)));
        wanted.extend(
            manifest
                .assets
                .iter()
                .map(|asset| (asset.digest, asset.size)),
        );
        wanted.sort_unstable();
        wanted.dedup();
        // Held before they are fetched, so that none goes while the next comes.
        let mut held: Vec<Digest> = wanted.iter().map(|(digest, _)| *digest).collect();
        held.push(placement.bundle);
        let pins = self.blobs.pin(held);
        // What others have loaded was whole when they did; reading it again for each would be most of the work.
        wanted.retain(|(digest, _)| !(self.modules.has(digest) && self.blobs.has(digest)));
        stream::iter(wanted)
            .map(|(digest, size)| async move { self.blob(digest, Some(size)).await.map(drop) })
            .buffer_unordered(FETCHES_PER_PLACEMENT_MAX)
            .try_collect::<()>()
            .await?;
        placement.enter(State::Compiling, &self.changed);
        let residence = match brick {
            Some(brick) => {
                let program = self.program(&manifest, brick).await?;
                Some(Residence::new(Arc::clone(self), manifest.clone(), program))
            }
            None => None,
        };
        let service = Service {
            site: Site::new(&manifest.assets, &manifest.routes, residence.is_some()),
            residence,
            env: Arc::new([]),
            address: Arc::new(ServerAddress {
                scheme: http::uri::Scheme::HTTPS,
                name: format!("{}.{}", placement.slug, self.app_domain),
                port: self.edge_port,
            }),
            blobs: Arc::clone(&self.blobs),
            _pins: pins,
        };
        placement.enter(State::Probing, &self.changed);
        probe(placement, &service).await?;
        Ok(service)
    }

    /// The bytes of a blob, from here or from the store, hash-checked either way.
    async fn blob(&self, digest: Digest, size: Option<u64>) -> Result<Vec<u8>, Failure> {
        let blobs = Arc::clone(&self.blobs);
        let kept = blocking(move || blobs.read(&digest))
            .await
            .map_err(|error| disk(&digest, &error))?;
        if let Some(bytes) = kept {
            return Ok(bytes);
        }
        let bytes = self
            .fetch(digest, size.unwrap_or(MANIFEST_BYTES_MAX))
            .await?;
        if let Some(size) = size.filter(|size| *size != bytes.len() as u64) {
            return Err(failure(format!(
                "the blob `{digest}` has {} bytes, the manifest says {size}",
                bytes.len()
            )));
        }
        let blobs = Arc::clone(&self.blobs);
        blocking(move || blobs.keep(&digest, &bytes).map(|()| bytes))
            .await
            .map_err(|error| disk(&digest, &error))
    }

    async fn fetch(&self, digest: Digest, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let mut pause = FETCH_RETRY;
        for _ in 1..FETCH_TRIES {
            match self.store.get(&digest, bytes_max).await {
                Ok(bytes) => return Ok(bytes.into()),
                Err(error) => {
                    tracing::warn!(%digest, %error, "could not fetch a blob; trying again")
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        let fetched = self.store.get(&digest, bytes_max).await;
        fetched
            .map(Into::into)
            .map_err(|error| failure(format!("the blob `{digest}` cannot be fetched: {error}")))
    }

    /// Compiles and links the program of a bundle; code that was compiled before is only loaded.
    pub async fn program(&self, manifest: &Manifest, brick: &Brick) -> Result<Program, Failure> {
        let bench = self.bench(manifest);
        let mut carried = Carried::default();
        for module in &manifest.modules {
            carried.modules.push(self.module(bench, module).await?);
        }
        if !manifest.modules.is_empty() {
            carried.maps = self.maps(brick).await?;
        }
        let refused = |verb: &str, error: String| {
            failure(format!(
                "the brick `{}` cannot be {verb}: {error}",
                brick.name
            ))
        };
        let job = Job {
            form: Form::Component,
            limits: &CompileLimits::BRICK,
            load: CodeCache::component_in_child,
        };
        let component = self.code(&bench.engine, brick.digest, job).await;
        let component = component.map_err(|error| refused("compiled", error))?;
        let program = bench
            .runtime
            .prepare(component, brick.kind, carried)
            .map_err(|error| refused("linked", chain(&error)))?;
        Ok(program.named(&manifest.name).limited(&manifest.limits))
    }

    /// What runs the program of a bundle.
    fn bench(&self, manifest: &Manifest) -> &Bench {
        let profile = serving_profile(&manifest.modules);
        if profile == self.lasting.engine.profile() {
            &self.lasting
        } else {
            &self.pooled
        }
    }

    /// A core module that programs share: compiled once, and loaded once however many have it.
    async fn module(
        &self,
        bench: &Bench,
        module: &SharedModule,
    ) -> Result<Arc<LoadedModule>, Failure> {
        let digest = module.digest;
        let load = async {
            let began = Instant::now();
            let job = Job {
                form: Form::Module,
                limits: &CompileLimits::SHARED_MODULE,
                load: CodeCache::module_in_child,
            };
            let loaded = self.code(&bench.engine, digest, job).await;
            let loaded = loaded.map_err(|error| {
                failure(format!(
                    "the shared module `{digest}` cannot be compiled: {error}"
                ))
            })?;
            tracing::info!(%digest, took = ?began.elapsed(), "a shared module was loaded");
            Ok(LoadedModule::new(&digest, loaded))
        };
        self.modules.get(digest, load).await
    }

    /// The source maps in a brick.
    async fn maps(&self, brick: &Brick) -> Result<Vec<u8>, Failure> {
        let wasm = self.blob(brick.digest, Some(brick.size)).await?;
        Ok(maps_of(&wasm).unwrap_or_default().to_vec())
    }

    /// Code for this machine, compiled if it was not yet.
    async fn code<T: Send + 'static>(
        &self,
        engine: &Engine,
        digest: Digest,
        job: Job<T>,
    ) -> Result<T, String> {
        let wasm = WasmDigest::from_bytes(*digest.as_bytes());
        // Only who compiles waits for a turn. The semaphore is never closed. The turn goes along to the child: a placement
        // that is stopped meanwhile leaves its compilation to end by itself, and that still counts.
        let turn = if self.code.is_cached(engine, wasm, job.form) {
            None
        } else {
            let turn = Arc::clone(&self.compiling).acquire_owned().await;
            Some(turn.map_err(|error| error.to_string())?)
        };
        let (code, engine, exe) = (self.code.clone(), engine.clone(), self.exe.clone());
        let blobs = Arc::clone(&self.blobs);
        let compiled = spawn_blocking(move || {
            let is_new = turn.is_some();
            let read: ReadBlob = Box::new(move || {
                blobs
                    .read(&digest)?
                    .ok_or_else(|| std::io::ErrorKind::NotFound.into())
            });
            let loaded = (job.load)(&code, &engine, &exe, wasm, read, job.limits);
            if is_new && loaded.is_ok() {
                tracing::info!(%digest, form = ?job.form, "compiled for this machine");
            }
            // Until here, so that no more are compiled at once than there are turns.
            drop(turn);
            loaded
        });
        compiled
            .await
            .map_err(|error| format!("the compilation was lost: {error}"))?
            .map_err(|error| chain(&error))
    }
}

/// The first request, from the CAP itself. Any answer is a good one; only a crash is not.
async fn probe(placement: &Arc<Placement>, service: &Service) -> Result<(), Failure> {
    let Some(residence) = &service.residence else {
        // Files and routes do not crash.
        return Ok(());
    };
    let mut request = Request::new(empty());
    let headers = request.headers_mut();
    headers.insert(PROBE, HeaderValue::from_static("1"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("lily-cap"));
    if let Ok(host) = HeaderValue::try_from(service.address.name.as_str()) {
        headers.insert(header::HOST, host);
    }
    let context = RequestContext {
        id: RequestId::fresh(),
        env: Arc::clone(&service.env),
        log: Arc::clone(&placement.logs) as Arc<dyn LogSink>,
        remote: Some((Ipv4Addr::LOCALHOST, 0).into()),
        server: Arc::clone(&service.address),
    };
    let answer = async {
        let program = residence.program().await;
        let program = program.map_err(|failure| Fault::Host {
            reason: failure.reason,
        })?;
        let mut body = program.serve(request, context).await?.into_body();
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => read += frame.data_ref().map_or(0, bytes::Bytes::len),
                Err(host_runtime::BodyError::Aborted) => return Ok(false),
                Err(_) => break,
            }
            if read > PROBE_BYTES_MAX {
                break;
            }
        }
        Ok::<_, Fault>(true)
    };
    match timeout(PROBE_TIME_MAX, answer).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => {
            let said = placement
                .logs
                .tail(20)
                .iter()
                .filter(|line| line.stream == fleet_api::LogStream::System)
                .map(|line| line.text.clone())
                .collect::<Vec<_>>()
                .join("\n");
            Err(Failure {
                reason: "the program crashed halfway through its first answer".to_owned(),
                trap: Some(said),
            })
        }
        Ok(Err(fault)) if is_crash(&fault) => Err(Failure {
            reason: fault.to_string(),
            trap: Some(fault.log_lines().join("\n")),
        }),
        Ok(Err(fault)) => {
            placement.logs.push(
                fleet_api::LogStream::System,
                &format!("the first answer was not a good one: {fault}"),
                None,
            );
            Ok(())
        }
        Err(_) => {
            let seconds = PROBE_TIME_MAX.as_secs();
            placement.logs.push(
                fleet_api::LogStream::System,
                &format!("the program had not answered its first request after {seconds} s"),
                None,
            );
            Ok(())
        }
    }
}

/// One brick per program, for now; none in a site without a program.
fn only_brick(manifest: &Manifest) -> Result<Option<&Brick>, Failure> {
    match manifest.bricks.len() {
        0 | 1 => Ok(manifest.entry_brick()),
        count => Err(failure(format!(
            "the bundle has {count} bricks; this CAP runs programs of one brick"
        ))),
    }
}

fn failure(reason: String) -> Failure {
    Failure { reason, trap: None }
}

fn disk(digest: &Digest, error: &std::io::Error) -> Failure {
    failure(format!(
        "the CAP could not keep the blob `{digest}`: {error}"
    ))
}

/// An error and what caused it, in one line. An error that already says its cause does not say it twice.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    spawn_blocking(work).await.map_err(std::io::Error::other)?
}
