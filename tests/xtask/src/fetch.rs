//! Files from package registries, through the clients that this machine is configured with, pinned by sha256. Rule: no
//! host name of a registry is written here; mirrors and proxies are the machine's business.

use crate::stage::sha256_of;
use crate::workspace::{has, lily, output, run};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of Debian.
pub struct Debian {
    /// Its name.
    pub name: &'static str,
    /// Its version, without what apt escapes.
    pub version: &'static str,
    /// `amd64` or `all`.
    pub architecture: &'static str,
    /// The pin.
    pub sha256: &'static str,
}

/// The tarball of an npm package.
pub fn npm(name: &str, version: &str, sha256: &str) -> Result<PathBuf> {
    let file = format!(
        "{}-{version}.tgz",
        name.trim_start_matches('@').replace('/', "-")
    );
    pinned(&file, sha256, |folder| {
        ensure!(
            has("npm"),
            "there is no `npm`: install Node.js with npm (Debian: `apt-get install npm`)"
        );
        output(
            Command::new("npm")
                .args(["pack", "--silent", &format!("{name}@{version}")])
                .current_dir(folder),
        )
        .with_context(|| format!("npm cannot fetch `{name}` {version}"))?;
        Ok(())
    })
}

/// A wheel of PyPI, of this exact file name.
pub fn wheel(name: &str, version: &str, file: &str, sha256: &str) -> Result<PathBuf> {
    pinned(file, sha256, |folder| {
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ])
        .args([
            "--only-binary",
            ":all:",
            "--platform",
            "manylinux2010_x86_64",
            "--dest",
        ])
        .arg(folder)
        .arg(format!("{name}=={version}"));
        output(&mut pip).with_context(|| {
            format!("pip cannot fetch `{name}` {version} (on Debian pip is `apt-get install python3-pip`)")
        })?;
        Ok(())
    })
}

/// A file of a crate, which need not be one that this workspace builds.
pub fn crate_file(name: &str, version: &str, path: &str, sha256: &str) -> Result<PathBuf> {
    let file = Path::new(path).file_name().unwrap_or_default();
    pinned(&file.to_string_lossy(), sha256, |folder| {
        let found = crate_part("registry/src", name, version, folder, |source| {
            Some(source.join(format!("{name}-{version}")).join(path)).filter(|path| path.is_file())
        })
        .with_context(|| format!("there is no `{path}` in it"))?;
        std::fs::copy(&found, folder.join(file))
            .with_context(|| format!("cannot copy `{}`", found.display()))?;
        Ok(())
    })
}

/// What `find` finds in a folder of cargo's for one of its registries, once cargo has fetched the crate. `folder` is in the
/// workspace.
fn crate_part(
    kind: &str,
    name: &str,
    version: &str,
    folder: &Path,
    find: impl Fn(&Path) -> Option<PathBuf>,
) -> Result<PathBuf> {
    let home = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .context("there is no home folder that cargo could keep crates in")?
            .join(".cargo"),
    };
    let look = || -> Result<Option<PathBuf>> {
        let Ok(sources) = std::fs::read_dir(home.join(kind)) else {
            return Ok(None);
        };
        for source in sources {
            let found = find(&source?.path());
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    };
    if look()?.is_none() {
        // Asking about a crate has cargo fetch and unpack it. Outside of the workspace, whose lock file would decide.
        output(
            Command::new("cargo")
                .args(["info", "--quiet", &format!("{name}@{version}")])
                .current_dir(folder.ancestors().last().unwrap_or(folder)),
        )
        .with_context(|| format!("cargo cannot fetch `{name}` {version}"))?;
    }
    look()?.with_context(|| format!("cargo did not fetch what is needed of `{name}` {version}"))
}

/// The archive of a crate, which need not be one that this workspace builds.
pub fn crate_archive(name: &str, version: &str, sha256: &str) -> Result<PathBuf> {
    let file = format!("{name}-{version}.crate");
    pinned(&file, sha256, |folder| {
        let from = crate_part("registry/cache", name, version, folder, |source| {
            Some(source.join(&file)).filter(|path| path.is_file())
        })?;
        std::fs::copy(&from, folder.join(&file))
            .with_context(|| format!("cannot copy `{}`", from.display()))?;
        Ok(())
    })
}

/// A Debian package's file. `mend` says what to do on a machine that cannot fetch it.
pub fn debian(package: &Debian, mend: &str) -> Result<PathBuf> {
    let Debian {
        name,
        version,
        architecture,
        sha256,
    } = package;
    let file = format!("{name}_{}_{architecture}.deb", version.replace(':', "%3a"));
    pinned(&file, sha256, |folder| {
        ensure!(has("apt-get") && has("dpkg"), "{mend}");
        let download = || {
            output(
                Command::new("apt-get")
                    .args(["download", &format!("{name}={version}")])
                    .current_dir(folder),
            )
        };
        if download().is_ok() {
            return Ok(());
        }
        // The lists of packages may be absent (containers ship without) or old.
        println!("setup: apt-get update");
        let updated = run(Command::new("apt-get").args(["update", "-qq"]));
        match download() {
            Ok(_) => Ok(()),
            Err(error) => {
                let update = updated
                    .err()
                    .map(|error| format!("; {error:#}"))
                    .unwrap_or_default();
                bail!("Debian's mirror no longer has `{name}` {version}: {error:#}{update}\n{mend}")
            }
        }
    })
}

/// The file from the download folder, fetched when it is not there, refused when it is another one.
pub fn pinned(
    file: &str,
    sha256: &str,
    fetch: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = lily().join("download");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make `{}`", folder.display()))?;
    let path = folder.join(file);
    if path.exists() && sha256_of(&path)? == sha256 {
        return Ok(path);
    }
    println!("setup: fetching {file}");
    fetch(&folder)?;
    ensure!(
        path.exists(),
        "the client fetched something else than `{file}`"
    );
    let found = sha256_of(&path)?;
    if found != sha256 {
        let _ = std::fs::remove_file(&path);
        bail!(
            "`{file}` is not the file that is pinned: its sha256 is {found}, the pin is {sha256}"
        );
    }
    Ok(path)
}
