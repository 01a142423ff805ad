//! Which files a program of JavaScript needs: its entry, what that imports, and of `node_modules` what is reached, by a scan
//! for specifiers that knows no syntax.
//!
//! The rule: over-approximate files, never folders. A file that turns out not to be needed costs a copy; a `node_modules` is
//! looked into by name and never listed.

mod package;
mod scan;
mod tsconfig;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use host_plugin::SourceFile;

use crate::discover::{BYTES_MAX, DiscoverError, FILES_MAX, Inputs};
use crate::layout::{Layout, normalize};
use crate::project::Project;
use package::Package;
use tsconfig::Tsconfig;

pub(crate) use package::entry;

/// What is code, in the order in which a specifier without an extension is tried.
const CODE: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
/// What else may be meant without an extension.
const DATA: &str = "json";
/// What TypeScript calls `./a.js` may be `./a.ts`.
const ALIASES: [(&str, &[&str]); 4] = [
    ("js", &["ts", "tsx", "jsx"]),
    ("jsx", &["tsx"]),
    ("mjs", &["mts"]),
    ("cjs", &["cts"]),
];
const MODULES: &str = "node_modules";
const PACKAGE: &str = "package.json";

/// Whether a project is one of JavaScript: its first source says.
pub(crate) fn is_module(project: &Project) -> bool {
    let first = project.sources.first();
    first.is_some_and(|source| is_code(source))
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

fn is_code(path: &Path) -> bool {
    CODE.contains(&extension(path))
}

/// Reads the sources and all that they reach.
pub(crate) fn collect(project: &Project) -> Result<Inputs, DiscoverError> {
    let mut walk = Walk::default();
    for folder in project.folder.iter() {
        walk.layout.add(folder);
    }
    for source in &project.sources {
        walk.read(source, true)?;
    }
    while let Some(path) = walk.pending.pop_front() {
        walk.follow(&path)?;
    }
    walk.finish(project)
}

/// Paths here are those by which the program's modules know each other. What a link of a package manager leads to has the
/// place of the link.
#[derive(Default)]
struct Walk {
    layout: Layout,
    files: BTreeMap<PathBuf, Vec<u8>>,
    absent: BTreeSet<PathBuf>,
    /// Folders of packages that lie elsewhere.
    mounts: BTreeMap<PathBuf, PathBuf>,
    /// By the path of the file.
    tsconfigs: BTreeMap<PathBuf, Rc<Tsconfig>>,
    pending: VecDeque<PathBuf>,
    bytes: u64,
}

impl Walk {
    /// Where a file lies on this machine.
    fn real(&self, path: &Path) -> PathBuf {
        let mount = path
            .ancestors()
            .find_map(|folder| Some((folder, self.mounts.get(folder)?)));
        match mount {
            Some((folder, real)) => match path.strip_prefix(folder) {
                Ok(rest) if rest.as_os_str().is_empty() => real.clone(),
                Ok(rest) => real.join(rest),
                Err(_) => path.to_path_buf(),
            },
            None => path.to_path_buf(),
        }
    }

    /// Takes in a file. Whether there is one; a source has to be there.
    fn read(&mut self, path: &Path, is_source: bool) -> Result<bool, DiscoverError> {
        if self.files.contains_key(path) {
            return Ok(true);
        }
        if self.absent.contains(path) {
            return Ok(false);
        }
        let real = self.real(path);
        let unreadable = |source| DiscoverError::Unreadable {
            path: real.clone(),
            source,
        };
        let metadata = match std::fs::metadata(&real) {
            Ok(metadata) if metadata.is_file() => metadata,
            Err(error) if is_source => return Err(unreadable(error)),
            _ => {
                self.absent.insert(path.to_path_buf());
                return Ok(false);
            }
        };
        self.bytes += metadata.len();
        let what = match (self.bytes > BYTES_MAX, self.files.len() >= FILES_MAX) {
            (true, _) => Some(format!("{BYTES_MAX} bytes")),
            (_, true) => Some(format!("{FILES_MAX} files")),
            _ => None,
        };
        if let Some(what) = what {
            return Err(DiscoverError::TooMuch { what });
        }
        if let Some(folder) = path.parent() {
            self.layout.add(folder);
        }
        let contents = std::fs::read(&real).map_err(unreadable)?;
        self.files.insert(path.to_path_buf(), contents);
        if is_code(path) {
            self.pending.push_back(path.to_path_buf());
        }
        Ok(true)
    }

    /// Takes in what a module refers to.
    fn follow(&mut self, path: &Path) -> Result<(), DiscoverError> {
        let folder = path.parent().unwrap_or(path).to_path_buf();
        let own = self.nearest(&folder)?;
        let config = self.tsconfig(&folder)?;
        let text = self.files.get(path).map(Vec::as_slice).unwrap_or_default();
        for specifier in scan::specifiers(text, extension(path), &config.jsx_sources) {
            for target in config.targets(&specifier) {
                self.file_or_folder(&target)?;
            }
            if specifier.starts_with('.') {
                self.file_or_folder(&normalize(&folder.join(&specifier)))?;
            } else if specifier.starts_with('#') {
                if let Some(own) = &own {
                    self.of_package(own, &specifier)?;
                }
            } else if let Some((name, rest)) = package::split(&specifier) {
                self.package(path, name, rest, own.as_deref())?;
            }
        }
        Ok(())
    }

    /// The folder of the `package.json` that belongs to a folder's files; it is taken in.
    fn nearest(&mut self, folder: &Path) -> Result<Option<PathBuf>, DiscoverError> {
        for above in folder.ancestors() {
            if above.ends_with(MODULES) {
                return Ok(None);
            }
            if self.read(&above.join(PACKAGE), false)? {
                return Ok(Some(above.to_path_buf()));
            }
        }
        Ok(None)
    }

    fn manifest(&self, folder: &Path) -> Package {
        let text = self.files.get(&folder.join(PACKAGE));
        Package::read(text.map(Vec::as_slice).unwrap_or_default())
    }

    /// What a path without a package may mean: the file, the file with an extension, the folder's entry.
    fn file_or_folder(&mut self, path: &Path) -> Result<(), DiscoverError> {
        if self.file(path)? || !self.real(path).is_dir() {
            return Ok(());
        }
        if self.read(&path.join(PACKAGE), false)? {
            for target in self.manifest(path).mains() {
                let main = normalize(&path.join(target));
                if !self.file(&main)? {
                    self.file(&main.join("index"))?;
                }
            }
        }
        self.file(&path.join("index"))?;
        Ok(())
    }

    /// The file of this name, or with what it may leave out.
    fn file(&mut self, path: &Path) -> Result<bool, DiscoverError> {
        let mut found = self.read(path, false)?;
        let written = extension(path).to_owned();
        for (_, others) in ALIASES.iter().filter(|(known, _)| *known == written) {
            for other in *others {
                found |= self.read(&path.with_extension(other), false)?;
            }
        }
        if found {
            return Ok(true);
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Ok(false);
        };
        for extension in CODE.iter().chain([&DATA]) {
            if self.read(&path.with_file_name(format!("{name}.{extension}")), false)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a specifier of a package means: `own` is the folder of the package that asks, which may mean itself.
    fn package(
        &mut self,
        from: &Path,
        name: &str,
        rest: &str,
        own: Option<&Path>,
    ) -> Result<(), DiscoverError> {
        if let Some(own) = own
            && self.manifest(own).is_named(name)
        {
            self.of_package(own, &format!(".{rest}"))?;
        }
        let Some(folder) = self.find(from, name) else {
            return Ok(());
        };
        if !self.read(&folder.join(PACKAGE), false)? {
            return self.file_or_folder(&normalize(&folder.join(rest.trim_start_matches('/'))));
        }
        self.of_package(&folder, &format!(".{rest}"))
    }

    /// What `.`, `./sub` or `#inner` means in the package of a folder.
    fn of_package(&mut self, folder: &Path, what: &str) -> Result<(), DiscoverError> {
        let package = self.manifest(folder);
        match package.targets(what) {
            Some(targets) => {
                for target in targets {
                    if target.starts_with('.') {
                        self.read(&normalize(&folder.join(target)), false)?;
                    } else if let Some((name, rest)) = package::split(&target) {
                        let from = folder.join(PACKAGE);
                        self.package(&from, name, rest, None)?;
                    }
                }
                Ok(())
            }
            None => self.file_or_folder(&normalize(&folder.join(what))),
        }
    }

    /// The folder of a package, looked for as Node does: in every `node_modules` above.
    fn find(&mut self, from: &Path, name: &str) -> Option<PathBuf> {
        let above = |path: &Path| -> Vec<PathBuf> {
            let folders = path.ancestors().skip(1);
            let folders = folders.filter(|folder| !folder.ends_with(MODULES));
            folders
                .map(|folder| folder.join(MODULES).join(name))
                .collect()
        };
        let by_name = above(from);
        let found = by_name.iter().find(|path| self.is_package(path)).cloned();
        // A package behind a link finds its own packages beside itself, whatever is above the link.
        let real = self.real(from).canonicalize().ok()?;
        let lies = above(&real).into_iter().find(|path| path.is_dir());
        let lies = match (&lies, &found) {
            (Some(lies), _) => lies.canonicalize().ok()?,
            (None, Some(found)) => self.real(found).canonicalize().ok()?,
            (None, None) => return None,
        };
        let place = match found {
            Some(found) if self.real(&found).canonicalize().ok()? == lies => found,
            // Another package has the name up there: this one belongs to whom asks for it.
            Some(_) => {
                let asking = from
                    .ancestors()
                    .find(|path| self.mounts.contains_key(*path))?;
                asking.join(MODULES).join(name)
            }
            None => by_name.into_iter().rev().find(|place| {
                let modules = place.parent();
                modules.is_some_and(|modules| self.holds_packages(modules, name))
            })?,
        };
        if self.real(&place) != lies {
            self.mounts.insert(place.clone(), lies);
        }
        Some(place)
    }

    fn is_package(&self, path: &Path) -> bool {
        self.mounts.contains_key(path) || self.real(path).is_dir()
    }

    /// Whether a `node_modules` (or a scope's folder in it) is one of the program's.
    fn holds_packages(&self, modules: &Path, name: &str) -> bool {
        let modules = match name.starts_with('@') {
            true => modules.parent().unwrap_or(modules),
            false => modules,
        };
        self.mounts.keys().any(|mount| mount.starts_with(modules))
    }

    fn finish(self, project: &Project) -> Result<Inputs, DiscoverError> {
        let mut origins = BTreeMap::new();
        let mut named = BTreeMap::new();
        for (path, contents) in &self.files {
            let name = self
                .layout
                .name_of(path)
                .ok_or_else(|| DiscoverError::Name { path: path.clone() })?;
            origins.insert(name.clone(), self.real(path));
            named.insert(path, (name, contents));
        }
        let file = |(name, contents): (String, &Vec<u8>)| SourceFile {
            path: name,
            contents: contents.clone(),
        };
        let mut sources = Vec::with_capacity(project.sources.len());
        for path in &project.sources {
            sources.extend(named.remove(path).map(file));
        }
        let mut companions: Vec<SourceFile> = named.into_values().map(file).collect();
        // By name, not by where they lie: two checkouts may sort differently.
        companions.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Inputs {
            sources,
            companions,
            include_folders: Vec::new(),
            origins,
        })
    }
}

#[cfg(test)]
mod tests;
