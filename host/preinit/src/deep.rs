//! A thread for what is called without a fiber: [`Profile::Build`](host_engine::Profile::Build) is deeper than a thread.

use host_engine::LASTING_STACK_BYTES;

/// What host functions need above the guest's own part.
const HOST_STACK_BYTES: usize = 2 << 20;

/// Runs `work` with room for everything that the profile lets a guest have, and waits for it.
///
/// # Errors
/// There is no thread to be had.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("build".to_owned())
            .stack_size(LASTING_STACK_BYTES + HOST_STACK_BYTES)
            .spawn_scoped(scope, work)?;
        match thread.join() {
            Ok(done) => Ok(done),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
