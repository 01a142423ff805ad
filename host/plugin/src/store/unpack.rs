//! Unpacking a package into a folder that appears at once and complete, or not at all.

use super::{Entry, Installed, RECORD, Record, SYSROOT, StoreError, package_digest};
use lly_brick::Digest;
use lly_brick::container::Reader;
use registry_index::{MANIFEST_ENTRY, PluginManifest};
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Folders of an unpacking that did not end begin so.
pub(super) const UNFINISHED: &str = ".unpacking-";
/// No unpacking takes that long, so its folder was left behind by a process that died.
const UNFINISHED_AGE_MAX: Duration = Duration::from_secs(3600);

/// Unpacks everything the manifest names to `dir`, whose parent is `parent`.
pub(super) fn unpack(
    reader: &Reader<'_>,
    manifest: &PluginManifest,
    digest: Digest,
    parent: &Path,
    dir: &Path,
) -> Result<(), StoreError> {
    debug_assert_eq!(digest, package_digest(reader));
    std::fs::create_dir_all(parent).map_err(io("make the folder", parent))?;
    sweep(parent);
    let folder = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(parent)
        .map_err(io("make a folder in", parent))?;
    let at = folder.path();
    std::fs::set_permissions(at, Permissions::from_mode(0o755)).map_err(io("open", at))?;
    let mut record = Record {
        digest,
        entries: Default::default(),
    };
    write(&at.join(MANIFEST_ENTRY), &manifest.canonical())?;
    for name in manifest.entries() {
        let info = reader.info(name).ok_or_else(|| StoreError::Entry {
            plugin: manifest.name.clone(),
            entry: name.to_owned(),
        })?;
        let contents = reader.read(name)?;
        if manifest.sysroot.as_deref() == Some(name) {
            unpack_sysroot(&manifest.name, &contents, &at.join(SYSROOT))?;
        } else {
            write(&at.join(name), &contents)?;
        }
        if manifest.modules.iter().any(|module| module == name) {
            // As it is in the package: programs carry it, and nobody compresses it again.
            write(&packed(&at.join(name)), reader.packed(name)?.frame())?;
        }
        record.entries.insert(
            name.to_owned(),
            Entry {
                digest: info.digest,
                size: info.size,
            },
        );
    }
    let note =
        serde_json::to_vec(&record).map_err(|error| io("write", &at.join(RECORD))(error.into()))?;
    write(&at.join(RECORD), &note)?;
    publish(folder, digest, parent, dir)
}

/// Where the compressed form of a shared module lies.
pub(super) fn packed(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    PathBuf::from(name)
}

/// Gives the folder its name. If another process was faster, its folder is as good as ours; what is there and damaged
/// makes way.
fn publish(
    folder: tempfile::TempDir,
    digest: Digest,
    parent: &Path,
    dir: &Path,
) -> Result<(), StoreError> {
    if std::fs::rename(folder.path(), dir).is_err() {
        if matches!(Installed::open(dir), Ok(Some(other)) if other.digest == digest) {
            return Ok(());
        }
        let aside = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(parent)
            .map_err(io("make a folder in", parent))?;
        std::fs::rename(dir, aside.path().join("damaged")).map_err(io("replace", dir))?;
        std::fs::rename(folder.path(), dir).map_err(io("make the folder", dir))?;
    }
    // It is not temporary any more.
    let _ = folder.keep();
    Ok(())
}

fn write(path: &Path, contents: &[u8]) -> Result<(), StoreError> {
    let write = || {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = File::create_new(path)?;
        file.write_all(contents)?;
        file.set_permissions(Permissions::from_mode(0o444))?;
        // Compilers record the age of headers; it must not tell when a plugin was unpacked.
        file.set_modified(SystemTime::UNIX_EPOCH)
    };
    write().map_err(io("write", path))
}

fn unpack_sysroot(plugin: &str, tar: &[u8], to: &Path) -> Result<(), StoreError> {
    let refuse = |path: &str, reason| StoreError::Sysroot {
        plugin: plugin.to_owned(),
        path: path.to_owned(),
        reason,
    };
    std::fs::create_dir_all(to).map_err(io("make the folder", to))?;
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().map_err(io("unpack", to))?;
    for entry in entries {
        let mut entry = entry.map_err(io("unpack", to))?;
        let path = entry.path().map_err(io("unpack", to))?.into_owned();
        let shown = path.display().to_string();
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(plain) {
            return Err(refuse(&shown, "leaves its folder"));
        }
        let target = to.join(&path);
        match entry.header().entry_type() {
            tar::EntryType::Directory => {
                std::fs::create_dir_all(&target).map_err(io("make the folder", &target))?;
            }
            tar::EntryType::Regular => {
                let mut contents = Vec::new();
                std::io::Read::read_to_end(&mut entry, &mut contents)
                    .map_err(io("unpack", &target))?;
                write(&target, &contents)?;
            }
            tar::EntryType::XGlobalHeader => {}
            _ => return Err(refuse(&shown, "is neither a file nor a folder")),
        }
    }
    Ok(())
}

/// Removes what processes left behind that died while they unpacked.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let unfinished = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes());
        let age = entry.metadata().and_then(|metadata| metadata.modified());
        let old = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNFINISHED_AGE_MAX));
        if unfinished && old {
            // It is in nobody's way; the next one tries again.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}
