//! A step of setup that is done once: it is remembered by a stamp whose content is everything the step depends on.

use crate::workspace::lily;
use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs `work` unless it was done for the same `key` and what it `makes` is still there. Shows one line at its begin
/// and one at its end.
pub fn once(
    name: &str,
    key: &str,
    makes: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let stamp = lily().join("stamps").join(name);
    let done = std::fs::read_to_string(&stamp).is_ok_and(|found| found == key);
    if done && makes.iter().all(|path| path.exists()) {
        println!("setup: {name}: there");
        return Ok(());
    }
    println!("setup: {name}: …");
    let started = Instant::now();
    work().with_context(|| format!("setup stopped at `{name}`"))?;
    write(&stamp, key)?;
    println!(
        "setup: {name}: done in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn write(stamp: &Path, key: &str) -> Result<()> {
    let folder = lily().join("stamps");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(stamp, key))
        .with_context(|| format!("cannot write `{}`", stamp.display()))
}

/// The sha256 of a file, in hex.
pub fn sha256_of(path: &Path) -> Result<String> {
    let mut file =
        std::fs::File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut HashWriter(&mut hasher))
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(hex(&hasher.finalize()))
}

/// One digest over the names and content of every file below `paths`, in a fixed order.
pub fn fingerprint(paths: &[PathBuf]) -> Result<String> {
    let mut files = Vec::new();
    for path in paths {
        list(path, &mut files)?;
    }
    files.sort();
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(format!("{} {}\n", file.display(), sha256_of(&file)?));
    }
    Ok(hex(&hasher.finalize()))
}

fn list(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_dir() {
        let entries =
            std::fs::read_dir(path).with_context(|| format!("cannot read `{}`", path.display()))?;
        for entry in entries {
            list(&entry?.path(), files)?;
        }
    } else if path.exists() {
        files.push(path.to_owned());
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
