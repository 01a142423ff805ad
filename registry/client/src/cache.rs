//! What was fetched once: blobs by digest, and for each registry the newest index of each plugin that was seen.
//!
//! Rule: nothing in here is believed. Blobs are hashed when they are read, indexes are verified again; so whoever can write
//! here can make things disappear and no more.

use lly_brick::Digest;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A cache below `$LLY_HOME`.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    blobs: PathBuf,
    registries: PathBuf,
}

impl Cache {
    pub(crate) fn new(home: &Path) -> Cache {
        Cache {
            blobs: home.join("cache").join("registry").join("sha256"),
            // What was seen is no cache: it tells a rolled-back index from a new one.
            registries: home.join("registry"),
        }
    }

    /// A blob, if it is there and whole.
    pub(crate) fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.blobs.join(digest.hex())).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    pub(crate) fn keep_blob(&self, bytes: &[u8]) -> io::Result<()> {
        replace(&self.blobs.join(Digest::of(bytes).hex()), bytes)
    }

    /// The bundles that sign a manifest, as they were found last.
    pub(crate) fn signatures(&self, manifest: &Digest) -> Vec<Vec<u8>> {
        let list = std::fs::read_to_string(self.signatures_file(manifest)).unwrap_or_default();
        let digests = list.lines().filter_map(|line| Digest::from_hex(line).ok());
        digests.filter_map(|digest| self.blob(&digest)).collect()
    }

    pub(crate) fn keep_signatures(&self, manifest: &Digest, bundles: &[Vec<u8>]) -> io::Result<()> {
        let mut list = String::new();
        for bundle in bundles {
            self.keep_blob(bundle)?;
            list.push_str(&format!("{}\n", Digest::of(bundle).hex()));
        }
        replace(&self.signatures_file(manifest), list.as_bytes())
    }

    /// The signed index of a plugin that was seen last.
    pub(crate) fn index(&self, registry: &str, plugin: &str) -> Option<Vec<u8>> {
        std::fs::read(self.index_file(registry, plugin)).ok()
    }

    pub(crate) fn keep_index(
        &self,
        registry: &str,
        plugin: &str,
        envelope: &[u8],
    ) -> io::Result<()> {
        replace(&self.index_file(registry, plugin), envelope)
    }

    fn signatures_file(&self, manifest: &Digest) -> PathBuf {
        self.blobs.join(format!("{}.signatures", manifest.hex()))
    }

    fn index_file(&self, registry: &str, plugin: &str) -> PathBuf {
        let registry = Digest::of(registry.as_bytes()).short();
        self.registries
            .join(registry)
            .join(format!("{plugin}.json"))
    }
}

/// Puts a whole file in place of what was there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_blob_is_not_there() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::new(home.path());
        let digest = Digest::of(b"good");
        assert!(cache.blob(&digest).is_none());
        cache.keep_blob(b"good").unwrap();
        assert_eq!(cache.blob(&digest).unwrap(), b"good");
        std::fs::write(cache.blobs.join(digest.hex()), b"evil").unwrap();
        assert!(cache.blob(&digest).is_none());
    }

    #[test]
    fn signatures_come_back_without_the_damaged_ones() {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::new(home.path());
        let manifest = Digest::of(b"manifest");
        cache
            .keep_signatures(&manifest, &[b"one".to_vec(), b"two".to_vec()])
            .unwrap();
        assert_eq!(cache.signatures(&manifest).len(), 2);
        std::fs::write(cache.blobs.join(Digest::of(b"one").hex()), b"").unwrap();
        assert_eq!(cache.signatures(&manifest), [b"two".to_vec()]);
    }
}
