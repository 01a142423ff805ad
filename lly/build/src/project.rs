//! What is to be compiled: the command line and `lly.toml`, joined.
//!
//! The rule: paths in `lly.toml` are relative to its folder; what the command line says comes after what the file says,
//! or in its place where there can be only one.

use std::path::{Path, PathBuf};

use lly_brick::{Limits, check_program_name};

use crate::layout::{common_folder, normalize};
use crate::modules::entry;
use crate::settings::{PROJECT_FILE, ProjectFile};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder that relative paths are relative to.
    pub working_folder: PathBuf,
    /// Source files, in the user's order; or one folder with an `lly.toml` or a `package.json`; or nothing, which means
    /// `working_folder`.
    pub sources: Vec<PathBuf>,
    /// `-I`.
    pub include_folders: Vec<PathBuf>,
    /// `-D`.
    pub defines: Vec<String>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `-O`.
    pub optimization: Option<u8>,
    /// `-g`.
    pub debug_info: bool,
    /// `--name`.
    pub name: Option<String>,
}

/// Everything that decides what comes out, besides the contents of files and the frontend.
#[derive(Debug, Clone)]
pub struct Project {
    /// The program's name.
    pub name: String,
    /// The folder of `lly.toml`, if there is one.
    pub folder: Option<PathBuf>,
    /// Source files: absolute, existing, in the user's order; at least one.
    pub sources: Vec<PathBuf>,
    /// Folders searched for headers: absolute, existing, in order.
    pub include_folders: Vec<PathBuf>,
    /// `NAME` or `NAME=VALUE`, in order.
    pub defines: Vec<String>,
    /// The language standard.
    pub profile: Option<String>,
    /// 0 to 3.
    pub optimization: u8,
    /// Keep everything a debugger wants.
    pub debug_info: bool,
    /// The frontend's own flags.
    pub flags: Vec<String>,
    /// The folder of static files: absolute.
    pub assets: Option<PathBuf>,
    /// Names of environment variables.
    pub env: Vec<String>,
    /// Limits that differ from the defaults.
    pub limits: Limits,
}

/// Why there is nothing to compile.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// No sources on the command line, and no `lly.toml`.
    #[error("no source file was given, and `{}` has no `{PROJECT_FILE}`", folder.display())]
    NothingToCompile {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// No sources on the command line, and none in `lly.toml`.
    #[error("no source file was given, and the `{PROJECT_FILE}` in `{}` has no `sources`", folder.display())]
    NoSources {
        /// The project's folder.
        folder: PathBuf,
    },
    /// `lly.toml` is wrong.
    #[error("{}:{line}:{column}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong, with the key.
        message: String,
    },
    /// A file or folder that was named is not there.
    #[error("`{}` does not exist", path.display())]
    Absent {
        /// As the user named it.
        path: PathBuf,
    },
    /// A folder among several sources, or without an `lly.toml`.
    #[error("`{}` is a folder, not a source file", path.display())]
    Folder {
        /// As the user named it.
        path: PathBuf,
    },
    /// A file where a folder is needed.
    #[error("`{}` is not a folder", path.display())]
    NotAFolder {
        /// As the user named it.
        path: PathBuf,
    },
    /// A source that appears twice.
    #[error("`{}` is given twice", path.display())]
    Twice {
        /// As the user named it.
        path: PathBuf,
    },
    /// `--name` that no program may have.
    #[error(
        "`{name}` cannot be a program's name: 1 to 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit"
    )]
    Name {
        /// As the user gave it.
        name: String,
    },
    /// Cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// `-O2`: what a deployed program wants.
pub(crate) const OPTIMIZATION: u8 = 2;

impl Project {
    /// Joins the command line with the `lly.toml` that belongs to it.
    pub fn find(request: &Request) -> Result<Self, ProjectError> {
        let working_folder = &request.working_folder;
        let (sources, file) = match request.sources.as_slice() {
            [] => of_folder(working_folder)?,
            [folder] if working_folder.join(folder).is_dir() => {
                let inside = of_folder(&resolve_folder(working_folder, folder)?);
                inside.map_err(|error| about_folder(error, folder))?
            }
            given => {
                let sources = resolve_sources(working_folder, given)?;
                let file =
                    beside(&sources, working_folder).map(|folder| ProjectFile::read_in(&folder));
                (sources, file.transpose()?)
            }
        };
        let mut include_folders = Vec::new();
        let mut defines = Vec::new();
        if let Some(file) = &file {
            for folder in &file.include {
                include_folders.push(resolve_folder(&file.folder, folder)?);
            }
            defines.extend(file.define.iter().cloned());
        }
        for folder in &request.include_folders {
            include_folders.push(resolve_folder(working_folder, folder)?);
        }
        defines.extend(request.defines.iter().cloned());
        let sources = match &file {
            Some(file) if sources.is_empty() && file.sources.is_empty() => {
                match entry(&file.folder) {
                    Some(entry) => resolve_sources(&file.folder, &[entry])?,
                    None => {
                        return Err(ProjectError::NoSources {
                            folder: file.folder.clone(),
                        });
                    }
                }
            }
            Some(file) if sources.is_empty() => resolve_sources(&file.folder, &file.sources)?,
            _ => sources,
        };
        let name = match request
            .name
            .clone()
            .or_else(|| file.as_ref().and_then(|file| file.name.clone()))
        {
            Some(name) if !check_program_name(&name) => return Err(ProjectError::Name { name }),
            Some(name) => name,
            None => name_from(&sources),
        };
        Ok(Self {
            name,
            sources,
            include_folders,
            defines,
            profile: request
                .profile
                .clone()
                .or_else(|| file.as_ref().and_then(|file| file.profile.clone())),
            optimization: request
                .optimization
                .or_else(|| file.as_ref().and_then(|file| file.optimization))
                .unwrap_or(OPTIMIZATION),
            debug_info: request.debug_info || file.as_ref().is_some_and(|file| file.debug_info),
            flags: file
                .as_ref()
                .map(|file| file.flags.clone())
                .unwrap_or_default(),
            assets: match file
                .as_ref()
                .and_then(|file| Some((&file.folder, file.assets.as_ref()?)))
            {
                Some((folder, assets)) => Some(resolve_folder(folder, assets)?),
                None => None,
            },
            env: file
                .as_ref()
                .map(|file| file.env.clone())
                .unwrap_or_default(),
            limits: file
                .as_ref()
                .map(|file| file.limits.clone())
                .unwrap_or_default(),
            folder: file.map(|file| file.folder),
        })
    }
}

/// What a folder's `lly.toml` names, or without one the entry of its `package.json`.
fn of_folder(folder: &Path) -> Result<(Vec<PathBuf>, Option<ProjectFile>), ProjectError> {
    match (ProjectFile::read_in(folder), entry(folder)) {
        (Err(ProjectError::NothingToCompile { .. }), Some(entry)) => {
            Ok((resolve_sources(folder, &[entry])?, None))
        }
        (file, _) => Ok((Vec::new(), Some(file?))),
    }
}

/// A folder was named that has no `lly.toml`: the user is to hear about the folder as they named it.
fn about_folder(error: ProjectError, folder: &Path) -> ProjectError {
    match error {
        ProjectError::NothingToCompile { .. } => ProjectError::Folder {
            path: folder.to_path_buf(),
        },
        other => other,
    }
}

fn resolve_sources(base: &Path, given: &[PathBuf]) -> Result<Vec<PathBuf>, ProjectError> {
    let mut sources = Vec::with_capacity(given.len());
    for path in given {
        let whole = base.join(path);
        let metadata = std::fs::metadata(&whole).map_err(|source| cannot_read(path, source))?;
        if metadata.is_dir() {
            return Err(ProjectError::Folder { path: path.clone() });
        }
        // The folder's real place, but the file under the name that it was given: a link to a file is that file.
        let folder = whole.parent().unwrap_or(base);
        let folder = folder
            .canonicalize()
            .map_err(|source| cannot_read(path, source))?;
        let source = match whole.file_name() {
            Some(name) => folder.join(name),
            None => normalize(&whole),
        };
        if sources.contains(&source) {
            return Err(ProjectError::Twice { path: path.clone() });
        }
        sources.push(source);
    }
    Ok(sources)
}

pub(crate) fn resolve_folder(base: &Path, given: &Path) -> Result<PathBuf, ProjectError> {
    let folder = base
        .join(given)
        .canonicalize()
        .map_err(|source| cannot_read(given, source))?;
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(ProjectError::NotAFolder {
            path: given.to_path_buf(),
        })
    }
}

fn cannot_read(path: &Path, source: std::io::Error) -> ProjectError {
    let path = path.to_path_buf();
    match source.kind() {
        std::io::ErrorKind::NotFound => ProjectError::Absent { path },
        _ => ProjectError::Unreadable { path, source },
    }
}

/// The folder of the `lly.toml` that belongs to these sources: in the folder that holds them all, or above it as far as
/// the working folder.
fn beside(sources: &[PathBuf], working_folder: &Path) -> Option<PathBuf> {
    let mut folders = sources.iter().filter_map(|source| source.parent());
    let first = folders.next()?.to_path_buf();
    let common = folders.fold(first, |common, folder| common_folder(&common, folder));
    let working_folder = working_folder.canonicalize().ok()?;
    let top = if common.starts_with(&working_folder) {
        working_folder
    } else {
        common.clone()
    };
    common
        .ancestors()
        .take_while(|folder| folder.starts_with(&top))
        .find(|folder| folder.join(PROJECT_FILE).is_file())
        .map(Path::to_path_buf)
}

/// The first source's name without its extension, as far as a program's name may have its characters.
fn name_from(sources: &[PathBuf]) -> String {
    let stem = sources
        .first()
        .and_then(|source| source.file_stem())
        .unwrap_or_default();
    name_like(stem)
}

/// A program's name that is as much like a file's as it can be.
pub(crate) fn name_like(stem: &std::ffi::OsStr) -> String {
    let name: String = stem
        .to_string_lossy()
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
                letter
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    let name = name.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
    if name.is_empty() {
        "program".to_string()
    } else {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(folder: &Path, sources: &[&str]) -> Request {
        Request {
            working_folder: folder.to_path_buf(),
            sources: sources.iter().map(PathBuf::from).collect(),
            include_folders: Vec::new(),
            defines: Vec::new(),
            profile: None,
            optimization: None,
            debug_info: false,
            name: None,
        }
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file")
        };
        write("a.c", "");
        write("b.c", "");
        write(
            "lly.toml",
            "name = \"shop\"\nsources = [\"a.c\"]\noptimization = 1\ndefine = [\"A\"]\nprofile = \"c11\"\n",
        );
        let project = Project::find(&request(folder.path(), &[])).expect("a project");
        assert_eq!((project.name.as_str(), project.optimization), ("shop", 1));
        let project = Project::find(&Request {
            defines: vec!["B=1".into()],
            optimization: Some(3),
            name: Some("other".into()),
            ..request(folder.path(), &["b.c"])
        })
        .expect("a project");
        assert_eq!((project.name.as_str(), project.optimization), ("other", 3));
        assert_eq!(
            (project.defines, project.profile.as_deref()),
            (vec!["A".into(), "B=1".into()], Some("c11"))
        );
        assert!(project.sources.len() == 1 && project.sources[0].ends_with("b.c"));
    }

    #[test]
    fn a_file_without_sources_holds_settings_for_those_that_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.c"), "").expect("a file");
        std::fs::write(folder.path().join("lly.toml"), "name = \"shop\"\n").expect("a file");
        let project = Project::find(&request(folder.path(), &["a.c"])).expect("a project");
        assert_eq!(project.name, "shop");
        let error = Project::find(&request(folder.path(), &[])).expect_err("nothing is named");
        assert!(error.to_string().contains("has no `sources`"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("sub")).expect("a folder");
        std::fs::write(folder.path().join("9 ü.c"), "").expect("a file");
        let error = |sources: &[&str]| {
            Project::find(&request(folder.path(), sources))
                .expect_err("it must be refused")
                .to_string()
        };
        assert_eq!(error(&["absent.c"]), "`absent.c` does not exist");
        assert_eq!(error(&["sub"]), "`sub` is a folder, not a source file");
        assert_eq!(
            error(&["9 ü.c", "sub"]),
            "`sub` is a folder, not a source file"
        );
        assert_eq!(error(&["9 ü.c", "./9 ü.c"]), "`./9 ü.c` is given twice");
        assert!(error(&[]).contains("no source file was given"));
        assert_eq!(
            Project::find(&request(folder.path(), &["9 ü.c"]))
                .expect("a project")
                .name,
            "9--"
        );
    }
}
