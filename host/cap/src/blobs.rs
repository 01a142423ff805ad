//! Blobs kept on this machine, each under its own digest: the only thing a CAP keeps between two lives. Nothing here is
//! trusted: a file is hashed before a placement uses it. What no placement uses goes when room is needed, the
//! longest unused first.

use std::{
    collections::HashMap,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lly_brick::Digest;

/// The blobs on disk.
#[derive(Debug)]
pub struct BlobCache {
    dir: PathBuf,
    bytes_max: u64,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    entries: HashMap<Digest, Entry>,
    bytes: u64,
    clock: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    size: u64,
    used: u64,
    pins: u32,
}

/// Keeps blobs from being thrown away for as long as it lives.
#[derive(Debug)]
pub struct Pins {
    cache: Arc<BlobCache>,
    digests: Vec<Digest>,
}

impl BlobCache {
    /// Opens the folder, which is made when absent, and counts what is there.
    pub fn open(dir: PathBuf, bytes_max: u64) -> io::Result<Self> {
        fs::create_dir_all(dir.join("tmp"))?;
        // What a killed CAP was writing.
        for file in fs::read_dir(dir.join("tmp"))? {
            fs::remove_file(file?.path())?;
        }
        let mut found = Vec::new();
        for folder in fs::read_dir(&dir)? {
            let folder = folder?;
            if folder.file_name().len() == 2 && folder.file_type()?.is_dir() {
                for file in fs::read_dir(folder.path())? {
                    let file = file?;
                    let name = format!("sha256:{}", file.file_name().to_string_lossy());
                    if let (Ok(digest), Ok(about)) = (name.parse::<Digest>(), file.metadata()) {
                        found.push((about.modified()?, digest, about.len()));
                    }
                }
            }
        }
        found.sort();
        let mut index = Index::default();
        for (_, digest, size) in found {
            index.add(digest, size);
        }
        Ok(Self {
            dir,
            bytes_max,
            index: Mutex::new(index),
        })
    }

    /// Where the blob lies, if it is here.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.dir.join(&hex[..2]).join(&hex)
    }

    /// Holds `digests` (here already or about to come) until the answer is dropped.
    pub fn pin(self: &Arc<Self>, digests: Vec<Digest>) -> Pins {
        let mut index = self.index();
        for digest in &digests {
            index.entries.entry(*digest).or_default().pins += 1;
        }
        drop(index);
        Pins {
            cache: Arc::clone(self),
            digests,
        }
    }

    /// The bytes of a blob, if it is here and whole. A damaged file is removed. Blocks on the disk.
    pub fn read(&self, digest: &Digest) -> io::Result<Option<Vec<u8>>> {
        let bytes = match fs::read(self.path(digest)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if Digest::of(&bytes) != *digest {
            fs::remove_file(self.path(digest))?;
            return Ok(None);
        }
        let mut index = self.index();
        index.add(*digest, bytes.len() as u64);
        Ok(Some(bytes))
    }

    /// Whether it is here; nobody looks into it.
    pub fn has(&self, digest: &Digest) -> bool {
        self.path(digest).is_file()
    }

    /// Keeps a blob whose hash the caller has checked, and makes room for it. Blocks on the disk.
    pub fn keep(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(self.dir.join("tmp"))?;
        file.write_all(bytes)?;
        file.persist(&path).map_err(|error| error.error)?;
        let victims = {
            let mut index = self.index();
            index.add(*digest, bytes.len() as u64);
            index.make_room(self.bytes_max)
        };
        for victim in victims {
            fs::remove_file(self.path(&victim))?;
        }
        Ok(())
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn add(&mut self, digest: Digest, size: u64) {
        self.clock += 1;
        let entry = self.entries.entry(digest).or_default();
        self.bytes = self.bytes - entry.size + size;
        *entry = Entry {
            size,
            used: self.clock,
            ..*entry
        };
    }

    fn make_room(&mut self, bytes_max: u64) -> Vec<Digest> {
        let mut victims = Vec::new();
        while self.bytes > bytes_max {
            let idle = self
                .entries
                .iter()
                .filter(|(_, entry)| entry.pins == 0 && entry.size > 0);
            let Some((digest, _)) = idle.min_by_key(|(_, entry)| entry.used) else {
                break;
            };
            let digest = *digest;
            if let Some(entry) = self.entries.remove(&digest) {
                self.bytes -= entry.size;
            }
            victims.push(digest);
        }
        victims
    }
}

impl Drop for Pins {
    fn drop(&mut self) {
        let mut index = self.cache.index();
        for digest in &self.digests {
            if let Some(entry) = index.entries.get_mut(digest) {
                entry.pins = entry.pins.saturating_sub(1);
                if entry.pins == 0 && entry.size == 0 {
                    index.entries.remove(digest);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(dir: &Path, bytes_max: u64) -> Arc<BlobCache> {
        Arc::new(BlobCache::open(dir.to_owned(), bytes_max).expect("cache"))
    }

    #[test]
    fn damage_is_noticed() {
        let dir = tempfile::tempdir().expect("dir");
        let cache = cache(dir.path(), 1000);
        let digest = Digest::of(b"hello");
        assert_eq!(cache.read(&digest).expect("read"), None);
        cache.keep(&digest, b"hello").expect("keep");
        assert_eq!(
            cache.read(&digest).expect("read").as_deref(),
            Some(&b"hello"[..])
        );
        fs::write(cache.path(&digest), b"hellO").expect("damage");
        assert_eq!(cache.read(&digest).expect("read"), None);
        assert!(!cache.path(&digest).exists());
    }

    #[test]
    fn the_longest_unused_goes_and_the_pinned_stays() {
        let dir = tempfile::tempdir().expect("dir");
        let cache = cache(dir.path(), 25);
        let blobs: Vec<_> = (0..4u8).map(|number| vec![number; 10]).collect();
        let digests: Vec<_> = blobs.iter().map(|bytes| Digest::of(bytes)).collect();
        let pins = cache.pin(vec![digests[0]]);
        for (digest, bytes) in digests.iter().zip(&blobs) {
            cache.keep(digest, bytes).expect("keep");
        }
        let here = |cache: &BlobCache| {
            digests
                .iter()
                .map(|digest| cache.path(digest).exists())
                .collect::<Vec<_>>()
        };
        assert_eq!(here(&cache), [true, false, false, true]);
        drop(pins);
        cache.keep(&digests[2], &blobs[2]).expect("keep");
        assert_eq!(here(&cache), [false, false, true, true]);
    }

    #[test]
    fn a_new_life_knows_what_is_there() {
        let dir = tempfile::tempdir().expect("dir");
        let digest = Digest::of(b"hello");
        cache(dir.path(), 1000)
            .keep(&digest, b"hello")
            .expect("keep");
        let cache = cache(dir.path(), 6);
        cache.keep(&Digest::of(b"world"), b"world").expect("keep");
        assert!(!cache.path(&digest).exists());
    }
}
