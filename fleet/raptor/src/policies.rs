//! The policies of this raptor: those that the operator has chosen, loaded; and every decision, kept.
//!
//! The operator's choice is in the database and its package in the blob store, so a choice survives every raptor and reaches
//! every raptor: each looks once a second ([`Policies::follow`]).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fleet_api::{
    CapId, PackagedPolicy, PlaceVoid, PolicyAnswer, PolicyIdentity, PolicyList, PolicySlot,
    PolicyStatus, SetPolicy,
};
use fleet_client::blobs::{BlobError, BlobStore};
use fleet_db::{Database, DbError, NewDecision};
use fleet_place::Cap;
use fleet_policy::{
    Chooser, Compiler, Decision, Evictor, Loaded, LoadedEviction, PolicyError, Seat, manifest,
    packaged, record, resolve_packaged,
};
use lly_brick::Digest;
use registry_index::{EVICTION_WORLD, POLICY_WORLD};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// A package of a policy is some tens of kilobytes; one in a large language brings its runtime.
pub const PACKAGE_BYTES_MAX: u64 = 8 << 20;
/// Questions to the policy in the shadow at once. When it is slower than the fleet's decisions, some are not put to it.
const SHADOWS_MAX: usize = 2;
/// Before a choice that could not be loaded is tried again: the blob store may have been away.
const RETRY: Duration = Duration::from_secs(30);
/// Decisions in a list.
const LISTED: u32 = 20;

/// Why the operator does not get a policy.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It cannot be had or loaded.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Its package cannot be kept or had.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The choice cannot be kept.
    #[error(transparent)]
    Database(#[from] DbError),
    /// Its loading came to nothing.
    #[error("the policy's loading was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
}

/// The policies of a raptor.
#[derive(Debug)]
pub struct Policies {
    /// Decides who gets a void.
    chooser: Arc<Chooser>,
    /// Decides which programs sleep.
    pub(crate) evictor: Arc<Evictor>,
    /// When each CAP's programs were last looked at.
    pub(crate) evicted: Mutex<BTreeMap<CapId, Instant>>,
    /// When a question about each CAP's programs was last recorded.
    pub(crate) recorded: Mutex<BTreeMap<CapId, Instant>>,
    pub(crate) database: Database,
    blobs: BlobStore,
    cache: PathBuf,
    /// This executable, which compiles in a child of its own.
    exe: Option<PathBuf>,
    /// Why the choice for a slot does not decide.
    trouble: Mutex<BTreeMap<PolicySlot, Trouble>>,
    pub(crate) shadows: Arc<Semaphore>,
}

/// A choice that could not be loaded.
#[derive(Clone, Debug)]
struct Trouble {
    policy: PolicyIdentity,
    what: String,
    since: Instant,
}

/// A loaded policy of either kind.
enum Ready {
    Placement(Loaded),
    Eviction(LoadedEviction),
}

impl Ready {
    fn identity(&self) -> &PolicyIdentity {
        match self {
            Ready::Placement(policy) => policy.identity(),
            Ready::Eviction(policy) => policy.identity(),
        }
    }
}

/// One decision that is to be taken.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is wanted.
    pub place: PlaceVoid,
    /// The CAP that had the void before.
    pub previous: Option<Cap>,
    /// The CAPs that could take it, by name.
    pub candidates: Vec<Cap>,
}

impl Policies {
    /// No policy yet: [`Policies::follow`] loads them.
    pub fn new(database: Database, blobs: BlobStore, cache: PathBuf, exe: Option<PathBuf>) -> Self {
        Self {
            chooser: Arc::new(Chooser::new()),
            evictor: Arc::new(Evictor::new()),
            evicted: Mutex::default(),
            recorded: Mutex::default(),
            database,
            blobs,
            cache,
            exe,
            trouble: Mutex::default(),
            shadows: Arc::new(Semaphore::new(SHADOWS_MAX)),
        }
    }

    /// Loads what the operator has chosen meanwhile. What cannot be loaded is told once; the one before goes on.
    pub async fn follow(&self) -> Result<(), DbError> {
        let chosen = self.database.policy_slots().await?;
        for slot in PolicySlot::ALL {
            let loaded = self.loaded(slot);
            match (chosen.get(&slot), default_of(slot)) {
                (Some(wanted), _) if loaded.as_ref() == Some(wanted) => {}
                (Some(wanted), _) => self.take(slot, wanted).await,
                (None, None) if slot == PolicySlot::EvictionShadow => {
                    self.evictor.set(Seat::Shadow, None);
                }
                (None, None) => self.chooser.set(Seat::Shadow, None),
                (None, Some(default)) => self.take_default(slot, default, loaded.as_ref()).await,
            }
        }
        Ok(())
    }

    async fn take(&self, slot: PolicySlot, wanted: &PolicyIdentity) {
        let recent = |trouble: &Trouble| trouble.since.elapsed() < RETRY;
        if self.trouble(slot, wanted).as_ref().is_some_and(recent) {
            return;
        }
        let fetched = self.fetch(&wanted.digest).await;
        match fetched.and_then(|policy| self.put(slot, policy)) {
            Ok(()) => {
                tracing::info!(slot = slot.as_str(), policy = wanted.name, version = wanted.version, digest = %wanted.digest, "a policy is loaded");
                self.forget_trouble(slot);
            }
            Err(error) => {
                tracing::error!(slot = slot.as_str(), policy = wanted.name, digest = %wanted.digest, %error, "a policy cannot be loaded");
                if let Ok(mut trouble) = self.trouble.lock() {
                    let (policy, what) = (wanted.clone(), error.to_string());
                    let since = Instant::now();
                    trouble.insert(
                        slot,
                        Trouble {
                            policy,
                            what,
                            since,
                        },
                    );
                }
            }
        }
    }

    async fn take_default(&self, slot: PolicySlot, default: &str, loaded: Option<&PolicyIdentity>) {
        let package = match resolve_packaged(default, "*") {
            Ok(package) => Bytes::from_static(package.bytes),
            Err(error) => {
                tracing::error!(default, %error, "raptor does not carry its own policy");
                return;
            }
        };
        if loaded.is_some_and(|loaded| loaded.digest == Digest::of(&package)) {
            return;
        }
        let policy = self.load(package).await;
        if let Err(error) = policy.and_then(|policy| self.put(slot, policy)) {
            tracing::error!(default, %error, "raptor's own policy cannot be loaded; the built-in default decides");
        }
    }

    /// Swaps the policy in a slot, if it is of the slot's kind.
    fn put(&self, slot: PolicySlot, policy: Ready) -> Result<(), SetError> {
        check(slot, &policy)?;
        match policy {
            Ready::Placement(policy) if slot == PolicySlot::Shadow => {
                self.chooser.set(Seat::Shadow, Some(policy));
            }
            Ready::Placement(policy) => self.chooser.set(Seat::Current, Some(policy)),
            Ready::Eviction(policy) if slot == PolicySlot::EvictionShadow => {
                self.evictor.set(Seat::Shadow, Some(policy));
            }
            Ready::Eviction(policy) => self.evictor.set(Seat::Current, Some(policy)),
        }
        Ok(())
    }

    /// Who is in a slot now.
    fn loaded(&self, slot: PolicySlot) -> Option<PolicyIdentity> {
        let placement = |seat| Some(self.chooser.get(seat)?.identity().clone());
        let eviction = |seat| Some(self.evictor.get(seat)?.identity().clone());
        match slot {
            PolicySlot::Current => placement(Seat::Current),
            PolicySlot::Shadow => placement(Seat::Shadow),
            PolicySlot::Eviction => eviction(Seat::Current),
            PolicySlot::EvictionShadow => eviction(Seat::Shadow),
        }
    }

    /// Puts a policy into a slot: loads it first, then writes it down, then swaps.
    pub async fn set(
        &self,
        slot: PolicySlot,
        wish: &SetPolicy,
    ) -> Result<PolicyIdentity, SetError> {
        let policy = match wish {
            SetPolicy::Packaged { name, range } => {
                let package = Bytes::from_static(resolve_packaged(name, range)?.bytes);
                self.blobs
                    .put(&Digest::of(&package), package.clone())
                    .await?;
                self.load(package).await?
            }
            SetPolicy::Package { digest } => self.fetch(digest).await?,
        };
        let identity = policy.identity().clone();
        check(slot, &policy)?;
        self.database.set_policy_slot(slot, Some(&identity)).await?;
        self.put(slot, policy)?;
        self.forget_trouble(slot);
        tracing::info!(slot = slot.as_str(), policy = identity.name, version = identity.version, digest = %identity.digest, "an operator has chosen a policy");
        Ok(identity)
    }

    /// Takes the operator's choice for a slot back.
    pub async fn unset(&self, slot: PolicySlot) -> Result<(), DbError> {
        self.database.set_policy_slot(slot, None).await?;
        self.forget_trouble(slot);
        self.follow().await
    }

    async fn fetch(&self, digest: &Digest) -> Result<Ready, SetError> {
        let package = self.blobs.get(digest, PACKAGE_BYTES_MAX).await?;
        self.load(package).await
    }

    async fn load(&self, package: Bytes) -> Result<Ready, SetError> {
        let (cache, exe) = (self.cache.clone(), self.exe.clone());
        let loading = tokio::task::spawn_blocking(move || {
            let compiler = Compiler {
                cache_dir: &cache,
                child: exe.as_deref(),
            };
            match manifest(&package)?.world.as_str() {
                EVICTION_WORLD => {
                    LoadedEviction::from_package(&package, &compiler).map(Ready::Eviction)
                }
                _ => Loaded::from_package(&package, &compiler).map(Ready::Placement),
            }
        });
        Ok(loading.await??)
    }

    fn trouble(&self, slot: PolicySlot, policy: &PolicyIdentity) -> Option<Trouble> {
        let trouble = self.trouble.lock().ok()?;
        let known = trouble.get(&slot)?;
        (known.policy == *policy).then(|| known.clone())
    }

    fn forget_trouble(&self, slot: PolicySlot) {
        if let Ok(mut trouble) = self.trouble.lock() {
            trouble.remove(&slot);
        }
    }

    /// Takes a decision and keeps it. The policy in the shadow is asked afterwards, and nobody waits for it.
    pub async fn decide(&self, question: Question) -> Result<Decision, DbError> {
        let chooser = Arc::clone(&self.chooser);
        let question = Arc::new(question);
        let asked = Arc::clone(&question);
        let decided = tokio::task::spawn_blocking(move || {
            let candidates: Vec<&Cap> = asked.candidates.iter().collect();
            chooser.choose(&asked.place, asked.previous.as_ref(), &candidates)
        });
        let decision = decided.await.unwrap_or_else(lost);
        if let Some(fault) = &decision.answer.fault {
            tracing::error!(fault, "the policy failed; the built-in default decided");
        }
        let id = self.keep(&question, &decision).await?;
        self.ask_shadow(id, question, decision.answer.cap.clone());
        Ok(decision)
    }

    async fn keep(&self, question: &Question, decision: &Decision) -> Result<i64, DbError> {
        let place = &question.place;
        let candidates: Vec<&Cap> = question.candidates.iter().collect();
        let previous = question.previous.as_ref();
        let previous = previous.map(|cap| (&cap.id, Some(cap.region.as_str())));
        let told = record(place.region.as_deref(), previous, &candidates);
        self.database
            .record_decision(&NewDecision {
                slug: &place.slug,
                bundle: &place.bundle,
                purpose: place.purpose,
                candidates: candidates.len(),
                policy: decision.policy.as_ref(),
                answer: &decision.answer,
                question: told.as_ref(),
            })
            .await
    }

    fn ask_shadow(&self, id: i64, question: Arc<Question>, decided: Option<CapId>) {
        if self.chooser.get(Seat::Shadow).is_none() {
            return;
        }
        let Ok(turn) = Arc::clone(&self.shadows).try_acquire_owned() else {
            tracing::debug!(
                decision = id,
                "the policy in the shadow is not asked: it is busy"
            );
            return;
        };
        let (chooser, database) = (Arc::clone(&self.chooser), self.database.clone());
        tokio::spawn(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let candidates: Vec<&Cap> = question.candidates.iter().collect();
                let previous = question.previous.as_ref();
                chooser.shadow(&question.place, previous, &candidates, decided.as_ref())
            });
            let Ok(Some(answer)) = asked.await else {
                return;
            };
            if let Err(error) = database.record_shadow(id, &answer).await {
                tracing::warn!(%error, decision = id, "an answer from the shadow is lost");
            }
        });
    }

    /// Everything an operator may know.
    pub async fn list(&self) -> Result<PolicyList, SetError> {
        let mut slots = Vec::new();
        let chosen = self.database.policy_slots().await?;
        for slot in PolicySlot::ALL {
            let Some(policy) = chosen.get(&slot).cloned().or(self.loaded(slot)) else {
                continue;
            };
            slots.push(PolicyStatus {
                slot,
                trouble: self.trouble(slot, &policy).map(|trouble| trouble.what),
                tally: self.database.policy_tally(slot, &policy.digest).await?,
                policy,
            });
        }
        let packaged = packaged()?.into_iter().map(|package| PackagedPolicy {
            name: package.manifest.name,
            version: package.manifest.version.to_string(),
            world: package.manifest.world,
            description: package.manifest.description,
        });
        Ok(PolicyList {
            slots,
            packaged: packaged.collect(),
            decisions: self.database.policy_decisions(LISTED, false).await?,
            evictions: self.database.policy_evictions(LISTED).await?,
        })
    }
}

/// The policy that decides where nobody has chosen one.
fn default_of(slot: PolicySlot) -> Option<&'static str> {
    match slot {
        PolicySlot::Current => Some("policy-spread"),
        PolicySlot::Eviction => Some("policy-idle"),
        PolicySlot::Shadow | PolicySlot::EvictionShadow => None,
    }
}

/// Each slot has its world.
fn check(slot: PolicySlot, policy: &Ready) -> Result<(), PolicyError> {
    let (world, wanted) = match (slot, policy) {
        (PolicySlot::Current | PolicySlot::Shadow, Ready::Placement(_))
        | (PolicySlot::Eviction | PolicySlot::EvictionShadow, Ready::Eviction(_)) => return Ok(()),
        (PolicySlot::Current | PolicySlot::Shadow, Ready::Eviction(_)) => {
            (EVICTION_WORLD, POLICY_WORLD)
        }
        (PolicySlot::Eviction | PolicySlot::EvictionShadow, Ready::Placement(_)) => {
            (POLICY_WORLD, EVICTION_WORLD)
        }
    };
    Err(PolicyError::Elsewhere {
        name: policy.identity().name.clone(),
        world,
        wanted,
    })
}

fn lost(error: tokio::task::JoinError) -> Decision {
    Decision {
        policy: None,
        answer: PolicyAnswer {
            cap: None,
            reason: format!("the decision was lost: {error}"),
            micros: 0,
            fault: None,
        },
    }
}
