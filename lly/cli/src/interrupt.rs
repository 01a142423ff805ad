//! Ctrl-C and SIGTERM: the process ends with exit code 130 and leaves nothing half-written.
//!
//! Only commands that have nothing to drain use this; the others listen for the signal themselves.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::failure::{ExitCode, Failure, OrFail};

/// The file or folder that is being written, to be removed when the user loses patience.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// From now on an interrupt ends the process with exit code 130.
pub fn exit_on_interrupt() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        if let Ok(unfinished) = UNFINISHED.lock()
            && let Some(path) = unfinished.as_deref()
        {
            let _ = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
        }
        std::process::exit(i32::from(ExitCode::Interrupted.number()));
    })
    .or_fail(|| "cannot listen for Ctrl-C")
}

/// Marks a file or folder as half-written until the mark is dropped.
pub struct Unfinished(());

impl Unfinished {
    /// An interrupt from now on removes `path`.
    pub fn mark(path: &Path) -> Self {
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = Some(path.to_path_buf());
        }
        Self(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            *unfinished = None;
        }
    }
}
