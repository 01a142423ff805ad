//! Where a live placement's program is: in memory, or asleep, from where the next request fetches it. The request waits
//! for that and is not lost; its files are served without the program.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Instant,
};

use fleet_api::Activity;
use host_runtime::Program;
use lly_brick::Manifest;

pub mod diary;

use self::diary::Diary;
use crate::{placement::Failure, raise::Workshop};

/// A program that may be put to sleep.
#[derive(Debug)]
pub struct Residence {
    /// Makes the program anew.
    workshop: Arc<Workshop>,
    manifest: Manifest,
    /// In memory if it is here. Requests in flight hold it too, and finish with it.
    program: RwLock<Option<Arc<Program>>>,
    /// Whoever wakes the program; the others wait for it.
    waking: tokio::sync::Mutex<()>,
    diary: Mutex<Diary>,
}

impl Residence {
    /// A program that is in memory.
    pub fn new(workshop: Arc<Workshop>, manifest: Manifest, program: Program) -> Self {
        Self {
            workshop,
            manifest,
            program: RwLock::new(Some(Arc::new(program))),
            waking: tokio::sync::Mutex::new(()),
            diary: Mutex::new(Diary::new(Instant::now())),
        }
    }

    /// The program, for a request: woken if it sleeps.
    pub async fn program(&self) -> Result<Arc<Program>, Failure> {
        self.diary(|diary| diary.asked(Instant::now()));
        if let Some(program) = self.awake() {
            return Ok(program);
        }
        let _waking = self.waking.lock().await;
        if let Some(program) = self.awake() {
            return Ok(program);
        }
        let began = Instant::now();
        let brick = self.manifest.entry_brick().ok_or_else(|| Failure {
            reason: "it has no program".to_owned(),
            trap: None,
        })?;
        let program = self.workshop.program(&self.manifest, brick).await?;
        let program = Arc::new(program);
        *self.program.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&program));
        self.diary(|diary| diary.woken(Instant::now()));
        tracing::info!(name = program.name(), took = ?began.elapsed(), "a program woke up");
        Ok(program)
    }

    /// Takes the program out of memory; false if it slept already. What runs finishes.
    pub fn sleep(&self) -> bool {
        let program = self
            .program
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        program.is_some()
    }

    /// What it does and takes; none while it sleeps. Called with every heartbeat.
    pub fn activity(&self, now: Instant) -> Option<Activity> {
        let program = self.awake()?;
        Some(self.diary(|diary| diary.read(now, program.cpu_time(), program.code_bytes())))
    }

    fn awake(&self) -> Option<Arc<Program>> {
        self.program
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn diary<T>(&self, write: impl FnOnce(&mut Diary) -> T) -> T {
        write(&mut self.diary.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
