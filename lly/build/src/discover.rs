//! Which files a compile needs, read into memory: a frontend sees these and nothing else of the machine.
//!
//! The rule: over-approximate. A header that is never reached costs a copy; one that is missing costs the build.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use host_plugin::SourceFile;
use lly_bir::Program;

use crate::layout::{Layout, normalize};
use crate::modules;
use crate::project::Project;
use crate::scan::{Reference, references};

/// Most files of one compile: a large project has a few thousand headers.
pub(crate) const FILES_MAX: usize = 20_000;
/// Most bytes of one compile: they are copied into the sandbox of every translation unit.
pub(crate) const BYTES_MAX: u64 = 256 << 20;
/// How deep below a folder headers are looked for when an `#include` names a macro.
const DEPTH_MAX: usize = 8;

/// The files of a compile under the names that the compiler sees.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// Translation units, in the user's order.
    pub sources: Vec<SourceFile>,
    /// Everything they may refer to, by name.
    pub companions: Vec<SourceFile>,
    /// Folders searched for headers.
    pub include_folders: Vec<String>,
    /// Where each file lies on this machine, for messages to the user.
    pub origins: BTreeMap<String, PathBuf>,
}

/// Why the files cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// Cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A name that is not UTF-8: it would not be the same on every machine.
    #[error("`{}` has a name that is not UTF-8", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// Over a bound.
    #[error("the sources refer to more than {what}")]
    TooMuch {
        /// The bound.
        what: String,
    },
}

impl Inputs {
    /// Reads the sources of a project and follows what they include. `extensions` are those of headers (`.h`).
    pub fn collect(project: &Project, extensions: &[String]) -> Result<Self, DiscoverError> {
        if modules::is_module(project) {
            return modules::collect(project);
        }
        let mut walk = Walk::new(project, extensions);
        for source in &project.sources {
            walk.read(source, None)?;
        }
        for flag in &project.flags {
            walk.follow_flag(project, flag)?;
        }
        walk.run()?;
        walk.finish(project)
    }

    /// How many source files became a program, and how many lines they have: those that were asked for, and companions that are
    /// modules of it by themselves.
    pub fn amounts(&self, program: &Program) -> (usize, u64) {
        let is_module = |file: &&SourceFile| {
            let mut objects = program.objects.iter();
            objects.any(|object| object.name == file.path)
                && !self.sources.iter().any(|source| source.path == file.path)
        };
        let lines = |text: &[u8]| {
            let ends = text.iter().filter(|byte| **byte == b'\n').count();
            (ends + usize::from(!text.is_empty() && !text.ends_with(b"\n"))) as u64
        };
        let modules = self.companions.iter().filter(is_module);
        let texts = self.sources.iter().chain(modules);
        texts.fold((0, 0), |(files, all), file| {
            (files + 1, all + lines(&file.contents))
        })
    }
}

struct Walk<'a> {
    extensions: &'a [String],
    search: &'a [PathBuf],
    layout: Layout,
    files: BTreeMap<PathBuf, Vec<u8>>,
    absent: BTreeSet<PathBuf>,
    expanded: BTreeSet<PathBuf>,
    pending: VecDeque<PathBuf>,
    bytes: u64,
}

impl<'a> Walk<'a> {
    fn new(project: &'a Project, extensions: &'a [String]) -> Self {
        let mut layout = Layout::default();
        let folders = project.sources.iter().filter_map(|source| source.parent());
        for folder in project.folder.iter().map(PathBuf::as_path).chain(folders) {
            layout.add(folder);
        }
        for folder in &project.include_folders {
            layout.add(folder);
        }
        Self {
            extensions,
            search: &project.include_folders,
            layout,
            files: BTreeMap::new(),
            absent: BTreeSet::new(),
            expanded: BTreeSet::new(),
            pending: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Takes in a file; `from` is the folder of the one that refers to it. A reference to nothing is no error here: the
    /// compiler says so better.
    fn read(&mut self, path: &Path, from: Option<&Path>) -> Result<(), DiscoverError> {
        if self.files.contains_key(path) || self.absent.contains(path) {
            return Ok(());
        }
        let unreadable = |source| DiscoverError::Unreadable {
            path: path.to_path_buf(),
            source,
        };
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                self.bytes += metadata.len();
                if self.bytes > BYTES_MAX {
                    return Err(DiscoverError::TooMuch {
                        what: format!("{BYTES_MAX} bytes"),
                    });
                }
            }
            Ok(_) | Err(_) if from.is_some() => {
                self.absent.insert(path.to_path_buf());
                return Ok(());
            }
            Ok(_) => return Err(unreadable(std::io::ErrorKind::IsADirectory.into())),
            Err(error) => return Err(unreadable(error)),
        }
        if self.files.len() >= FILES_MAX {
            return Err(DiscoverError::TooMuch {
                what: format!("{FILES_MAX} files"),
            });
        }
        // A reference that climbs out of the project (`../shared/x.h`) makes the project's root grow.
        if let Some(folder) = path.parent() {
            self.layout.add(folder);
        }
        let contents = std::fs::read(path).map_err(unreadable)?;
        self.files.insert(path.to_path_buf(), contents);
        self.pending.push_back(path.to_path_buf());
        Ok(())
    }

    /// A flag such as `-include=config.h` may name a file of the project.
    fn follow_flag(&mut self, project: &Project, flag: &str) -> Result<(), DiscoverError> {
        let Some(folder) = &project.folder else {
            return Ok(());
        };
        for part in [Some(flag), flag.split_once('=').map(|(_, value)| value)]
            .into_iter()
            .flatten()
        {
            if !part.starts_with('-') && !part.is_empty() {
                self.read(&normalize(&folder.join(part)), Some(folder))?;
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), DiscoverError> {
        while let Some(path) = self.pending.pop_front() {
            let found = references(self.files.get(&path).map(Vec::as_slice).unwrap_or_default());
            let folder = path.parent().unwrap_or(&path).to_path_buf();
            for reference in found {
                self.follow(&folder, &reference)?;
            }
        }
        Ok(())
    }

    fn follow(&mut self, folder: &Path, reference: &Reference) -> Result<(), DiscoverError> {
        let search = self.search;
        let (beside, target) = match reference {
            Reference::Quoted(target) => (true, target),
            Reference::Angled(target) => (false, target),
            Reference::Computed => {
                self.expand(folder, 0)?;
                return search.iter().try_for_each(|folder| self.expand(folder, 0));
            }
        };
        // An absolute path means the compiler's own headers, not this machine's.
        if target.is_empty() || target.starts_with('/') {
            return Ok(());
        }
        let beside = beside.then_some(folder);
        for base in beside
            .into_iter()
            .chain(search.iter().map(PathBuf::as_path))
        {
            self.read(&normalize(&base.join(target)), Some(folder))?;
        }
        Ok(())
    }

    /// Takes in every header in a folder and below it.
    fn expand(&mut self, folder: &Path, depth: usize) -> Result<(), DiscoverError> {
        if depth > DEPTH_MAX || !self.expanded.insert(folder.to_path_buf()) {
            return Ok(());
        }
        let Ok(listing) = std::fs::read_dir(folder) else {
            return Ok(());
        };
        let mut paths: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            // Links are not followed to folders: they may lead in a circle.
            if path.is_dir() && !path.is_symlink() && !hidden {
                self.expand(&path, depth + 1)?;
            } else if self.is_header(&path) {
                self.read(&path, Some(folder))?;
            }
        }
        Ok(())
    }

    fn is_header(&self, path: &Path) -> bool {
        let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else {
            return false;
        };
        self.extensions
            .iter()
            .any(|known| known.trim_start_matches('.') == extension)
    }

    fn finish(self, project: &Project) -> Result<Inputs, DiscoverError> {
        let name_of = |path: &Path| {
            self.layout
                .name_of(path)
                .ok_or_else(|| DiscoverError::Name {
                    path: path.to_path_buf(),
                })
        };
        let mut origins = BTreeMap::new();
        let mut files = self.files;
        let mut sources = Vec::with_capacity(project.sources.len());
        for path in &project.sources {
            let name = name_of(path)?;
            origins.insert(name.clone(), path.clone());
            sources.push(SourceFile {
                path: name,
                contents: files.remove(path).unwrap_or_default(),
            });
        }
        let mut companions = Vec::with_capacity(files.len());
        for (path, contents) in files {
            let name = name_of(&path)?;
            origins.insert(name.clone(), path);
            companions.push(SourceFile {
                path: name,
                contents,
            });
        }
        // By name, not by where they lie: two checkouts may sort differently.
        companions.sort_by(|one, other| one.path.cmp(&other.path));
        let mut include_folders = Vec::with_capacity(project.include_folders.len());
        for folder in &project.include_folders {
            include_folders.push(name_of(folder)?);
        }
        Ok(Inputs {
            sources,
            companions,
            include_folders,
            origins,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Request;

    /// Writes files, compiles nothing: which files are found, and under which names?
    fn found(
        files: &[(&str, &str)],
        sources: &[&str],
        include: &[&str],
    ) -> (Vec<String>, Vec<String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join("p").join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let project = Project::find(&Request {
            working_folder: folder.path().join("p"),
            sources: sources.iter().map(PathBuf::from).collect(),
            include_folders: include.iter().map(PathBuf::from).collect(),
            defines: Vec::new(),
            profile: None,
            optimization: None,
            debug_info: false,
            name: None,
        })
        .expect("a project");
        let inputs = Inputs::collect(&project, &[".h".into(), ".inc".into()]).expect("inputs");
        let names = |files: &[SourceFile]| files.iter().map(|file| file.path.clone()).collect();
        (
            names(&inputs.sources),
            names(&inputs.companions),
            inputs.include_folders,
        )
    }

    #[test]
    fn what_is_included_is_found_and_nothing_else() {
        let files = [
            (
                "main.c",
                "#include \"a.h\"\n#include <stdio.h>\n#include <deep/b.h>\n#include \"absent.h\"\n",
            ),
            ("a.h", "#include \"sub/c.inc\"\n"),
            ("sub/c.inc", "#include \"../d.h\"\n"),
            ("d.h", "#include \"a.h\"\n"),
            ("include/deep/b.h", "#include \"e.h\"\n"),
            ("include/deep/e.h", ""),
            ("secret.h", "not included"),
        ];
        let (sources, companions, include) = found(&files, &["main.c"], &["include"]);
        assert_eq!(sources, ["main.c"]);
        assert_eq!(
            companions,
            [
                "a.h",
                "d.h",
                "include/deep/b.h",
                "include/deep/e.h",
                "sub/c.inc"
            ]
        );
        assert_eq!(include, ["include"]);
    }

    #[test]
    fn the_root_is_what_sources_and_folders_have_in_common() {
        let files = [
            ("src/main.c", "#include <x.h>\n#include \"../lib/y.h\""),
            ("include/x.h", ""),
            ("lib/y.h", ""),
        ];
        let (sources, companions, include) = found(&files, &["src/main.c"], &["include"]);
        assert_eq!(
            (sources, include),
            (vec!["src/main.c".to_string()], vec!["include".to_string()])
        );
        assert_eq!(companions, ["include/x.h", "lib/y.h"]);
        assert_eq!(found(&files, &["src/main.c"], &[]).1, ["lib/y.h"]);
    }

    #[test]
    fn a_computed_include_brings_every_header_in_reach() {
        let files = [
            ("src/main.c", "#include CONFIG\n"),
            ("src/config/one.h", "#include \"two.inc\""),
            ("src/config/two.inc", ""),
            ("src/readme.txt", ""),
            ("other/no.h", ""),
        ];
        let (_, companions, _) = found(&files, &["src/main.c"], &[]);
        assert_eq!(companions, ["config/one.h", "config/two.inc"]);
    }

    #[test]
    fn the_program_file_decides_the_root() {
        let files = [
            (
                "lly.toml",
                "sources = [\"src/main.c\"]\ninclude = [\"src/h\"]\n",
            ),
            ("src/main.c", "#include <x.h>\n"),
            ("src/h/x.h", ""),
        ];
        for sources in [&[][..], &["src/main.c"][..], &["."][..]] {
            let (sources, companions, include) = found(&files, sources, &[]);
            assert_eq!(
                (sources, companions),
                (vec!["src/main.c".into()], vec!["src/h/x.h".into()])
            );
            assert_eq!(include, ["src/h"]);
        }
    }
}
