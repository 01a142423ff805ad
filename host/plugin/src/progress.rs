//! What is going on while a plugin is made ready, for whoever shows it.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often a stage tells how far it is.
const TICK: Duration = Duration::from_millis(100);

/// Something that takes long enough for people to wonder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// The plugin.
    pub plugin: String,
    /// What is done to it, as in "compiling `clang` for this machine (once)".
    pub what: String,
}

/// Is told about stages. Called from several threads, one call at a time for each stage.
pub trait Progress: Send + Sync {
    /// A stage begins.
    fn begin(&self, stage: &Stage);
    /// It goes on. `fraction` is between 0 and 1, an estimate by the time that has passed.
    fn advance(&self, stage: &Stage, fraction: f32);
    /// It is over, well or not.
    fn end(&self, stage: &Stage);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &Stage) {}
    fn advance(&self, _stage: &Stage, _fraction: f32) {}
    fn end(&self, _stage: &Stage) {}
}

/// Does the work and tells about it meanwhile, with fractions of the time it should take.
pub(crate) fn during<T>(
    progress: &dyn Progress,
    stage: &Stage,
    estimate: Duration,
    work: impl FnOnce() -> T,
) -> T {
    progress.begin(stage);
    let (done, waiting) = channel::<()>();
    let begun = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = waiting.recv_timeout(TICK) {
                let fraction = begun.elapsed().as_secs_f32() / estimate.as_secs_f32().max(0.1);
                progress.advance(stage, fraction.min(0.99));
            }
        });
        let result = work();
        drop(done);
        result
    });
    progress.end(stage);
    result
}
