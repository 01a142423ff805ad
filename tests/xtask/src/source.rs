//! Files of Debian's source packages, pinned by sha256. Their addresses come from the machine's own configuration of apt: a
//! list with `deb-src` in place of `deb`, beside the system's, asked with lists of its own. The system is not touched.

use crate::fetch::pinned;
use crate::workspace::{has, lily, output, run};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of a source package.
pub struct Source {
    /// The source package.
    pub package: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The release that has it; asked of the mirrors that the machine is configured with, whatever release it runs.
    pub suite: &'static str,
    /// The file's name.
    pub file: &'static str,
    /// The pin.
    pub sha256: &'static str,
}

const MEND: &str = "the suites come from Debian's source packages: run this on Debian, or put the file into \
    `target/lily/download` yourself";

/// The file, fetched when it is not there, refused when it is another one.
pub fn fetch(source: &Source) -> Result<PathBuf> {
    pinned(source.file, source.sha256, |folder| {
        ensure!(has("apt-get") && has("apt-config"), "{MEND}");
        let apt = Apt::new(source.suite)?;
        let uri = match apt.uri(source)? {
            Some(uri) => uri,
            None => {
                println!(
                    "setup: apt-get update of {}, in lists of their own",
                    source.suite
                );
                run(apt.command("apt-get").args(["update", "-qq"]))?;
                apt.uri(source)?.with_context(|| {
                    format!(
                        "Debian's mirror no longer has the source `{}` {}; {MEND}",
                        source.package, source.version
                    )
                })?
            }
        };
        run(Command::new("/usr/lib/apt/apt-helper")
            .args(["-qq", "download-file", &uri])
            .arg(folder.join(source.file))
            .arg(format!("SHA256:{}", source.sha256)))
    })
}

/// apt with a list of sources of its own.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(suite: &str) -> Result<Self> {
        let folder = lily().join("apt").join(suite);
        std::fs::create_dir_all(folder.join("lists/partial"))
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
        let list = list(suite, &configured()?)?;
        let path = folder.join("sources.list");
        std::fs::write(&path, list)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(Self { folder })
    }

    /// Where the file is; none: the lists do not know it.
    fn uri(&self, source: &Source) -> Result<Option<String>> {
        let said = self
            .command("apt-get")
            .args(["source", "--print-uris", "--download-only"])
            .arg(format!("{}={}", source.package, source.version))
            .output()
            .context("cannot start `apt-get`")?;
        let said = String::from_utf8_lossy(&said.stdout);
        let words = said
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let line = words
            .into_iter()
            .find(|words| words.get(1) == Some(&source.file));
        Ok(line.and_then(|words| Some(words.first()?.trim_matches('\'').to_owned())))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        command
            .args(["-o", "Dir::Etc::sourceparts=-"])
            .args(["-o", "Dir::Cache::pkgcache="])
            .args(["-o", "Dir::Cache::srcpkgcache="])
            .arg("-o")
            .arg(option(
                "Dir::Etc::sourcelist",
                &self.folder.join("sources.list"),
            ))
            .arg("-o")
            .arg(option("Dir::State::lists", &self.folder.join("lists")));
        command
    }
}

/// The text of every list of sources that the machine is configured with.
fn configured() -> Result<Vec<String>> {
    let paths = output(Command::new("apt-config").args([
        "shell",
        "LIST",
        "Dir::Etc::sourcelist/f",
        "PARTS",
        "Dir::Etc::sourceparts/d",
    ]))?;
    let mut texts = Vec::new();
    for line in paths.lines() {
        let Some((_, path)) = line.split_once('=') else {
            continue;
        };
        let path = PathBuf::from(path.trim_matches('\''));
        let mut files = vec![path.clone()];
        if let Ok(entries) = std::fs::read_dir(&path) {
            files = entries.flatten().map(|entry| entry.path()).collect();
            files.sort();
        }
        files.retain(|file| {
            let extension = file.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("list" | "sources")) && file.is_file()
        });
        for file in files {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            texts.push(text);
        }
    }
    Ok(texts)
}

/// A list of one line: the sources of `suite` at the first mirror of Debian's archive that the lists name.
fn list(suite: &str, texts: &[String]) -> Result<String> {
    let mirror = texts
        .iter()
        .flat_map(|text| text.split_whitespace())
        .find(|word| word.contains("://") && word.trim_end_matches('/').ends_with("/debian"))
        .with_context(|| format!("apt is configured with no mirror of Debian; {MEND}"))?;
    let mut list = String::new();
    let _ = writeln!(list, "deb-src {mirror} {suite} main");
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn the_mirror_is_the_machines_own() {
        let deb822 = "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: x\n\n\
                      Types: deb\nURIs: http://mirror.example/debian/\nSuites: bookworm bookworm-updates\n";
        assert_eq!(
            list("trixie", &[deb822.to_owned()]).expect("a list"),
            "deb-src http://mirror.example/debian/ trixie main\n"
        );
        let line = "deb [arch=amd64] https://other.example/debian bookworm main\n";
        assert_eq!(
            list("trixie", &[line.to_owned()]).expect("a list"),
            "deb-src https://other.example/debian trixie main\n"
        );
        assert!(
            list(
                "trixie",
                &["deb http://mirror.example/ubuntu x main".to_owned()]
            )
            .is_err()
        );
    }
}
