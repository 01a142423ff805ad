//! `tsconfig.json`: other names for files (`paths`, `baseUrl`), and how TypeScript and JSX are written.
//!
//! The nearest one at or above a file counts, as for esbuild. A file in `node_modules` has none: what is published is
//! the same for everybody. What it continues (`extends`) comes before it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::files::{Files, absolute, relative};
use crate::language::{Language, put};
use crate::place::Lines;
use crate::resolve::{Manner, Resolver, Target};
use crate::types::{Diagnostic, Severity};

mod text;

/// The names of a configuration: the first that is there counts.
const NAMES: [&str; 2] = ["tsconfig.json", "jsconfig.json"];
/// What a file of a package or a folder is called when nothing else is said.
const NAME: &str = NAMES[0];
/// Stands for the folder of the file that is not continued by others.
const LEAF: &str = "${configDir}";
const MODULES: &str = "node_modules";
/// Files that one may continue, by whatever way: people have two or three.
const EXTENDED_MAX: usize = 64;
/// Targets that only say what type something has.
const TYPES: [&str; 3] = [".d.ts", ".d.mts", ".d.cts"];

/// What holds for the files of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tsconfig {
    /// The folder against which names of packages are tried first.
    base: Option<String>,
    paths: Option<Paths>,
    /// How the text is read.
    pub language: Rc<Language>,
}

/// `paths`: what a specifier may stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Paths {
    /// The file that has them.
    path: String,
    patterns: BTreeMap<String, Vec<String>>,
}

/// What a specifier stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The pattern, as it is written.
    pub pattern: String,
    /// The file that has it.
    pub path: String,
    /// Paths relative to the project's root, to be tried in order.
    pub targets: Vec<String>,
}

impl Tsconfig {
    /// What `paths` says of a specifier: the pattern without a star, else the one with the longest beginning.
    pub fn alias(&self, specifier: &str) -> Option<Alias> {
        let paths = self.paths.as_ref()?;
        let found = match paths.patterns.get_key_value(specifier) {
            Some((pattern, targets)) => Some((pattern, targets, "")),
            None => paths
                .patterns
                .iter()
                .filter_map(|(pattern, targets)| {
                    Some((pattern, targets, star(pattern, specifier)?))
                })
                .max_by_key(|(pattern, ..)| {
                    let begin = pattern.find('*').unwrap_or_default();
                    (begin, pattern.len())
                }),
        };
        let (pattern, targets, star) = found?;
        let folder = match &self.base {
            Some(base) => base,
            None => folder_of(&paths.path),
        };
        let targets = targets.iter().map(|target| target.replacen('*', star, 1));
        let targets = targets.filter(|target| !TYPES.iter().any(|types| target.ends_with(types)));
        Some(Alias {
            pattern: pattern.clone(),
            path: paths.path.clone(),
            targets: targets
                .filter_map(|target| joined(folder, &target))
                .collect(),
        })
    }

    /// What `baseUrl` makes of the name of a package: a path relative to the project's root.
    pub fn below_base(&self, specifier: &str) -> Option<String> {
        let is_name = !specifier.starts_with(['#', '/']) && !specifier.contains(':');
        joined(self.base.as_ref().filter(|_| is_name)?, specifier)
    }
}

/// What the star of a pattern stands for.
fn star<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    let (before, after) = pattern.split_once('*')?;
    specifier.strip_prefix(before)?.strip_suffix(after)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path relative to the project's root; nothing for what lies outside.
fn joined(folder: &str, path: &str) -> Option<String> {
    relative(&absolute(folder).join(path))
}

/// All configurations of a program.
#[derive(Debug)]
pub struct Tsconfigs<'a> {
    files: &'a Files,
    resolver: &'a Resolver,
    /// By path.
    read: BTreeMap<String, Rc<Tsconfig>>,
    /// How many more files the one that is read may continue.
    left: usize,
    /// What is wrong with them, each told once.
    pub told: Vec<Diagnostic>,
}

/// What a file says together with those that it continues.
#[derive(Clone, Default)]
struct Merged {
    base: Option<String>,
    paths: Option<Paths>,
    language: Language,
}

impl<'a> Tsconfigs<'a> {
    /// Those among the files.
    pub fn new(files: &'a Files, resolver: &'a Resolver) -> Self {
        Self {
            files,
            resolver,
            read: BTreeMap::new(),
            left: 0,
            told: Vec::new(),
        }
    }

    /// The one that holds for a file.
    pub fn of(&mut self, file: &str) -> Rc<Tsconfig> {
        let Some(path) = self.nearest(file) else {
            return Rc::default();
        };
        if let Some(known) = self.read.get(&path) {
            return known.clone();
        }
        self.left = EXTENDED_MAX;
        let merged = self.merged(&path, folder_of(&path), &mut Vec::new());
        let one = Rc::new(Tsconfig {
            base: merged.base,
            paths: merged.paths,
            language: Rc::new(merged.language),
        });
        self.read.insert(path, one.clone());
        one
    }

    fn nearest(&self, file: &str) -> Option<String> {
        if file.split('/').any(|part| part == MODULES) {
            return None;
        }
        let mut folder = file;
        while !folder.is_empty() {
            folder = folder_of(folder);
            let mut paths = NAMES.iter().filter_map(|name| joined(folder, name));
            if let Some(path) = paths.find(|path| self.files.get(path).is_some()) {
                return Some(path);
            }
        }
        None
    }

    /// `leaf` is the folder of the file with which it began, `below` the files on the way here.
    fn merged(&mut self, path: &str, leaf: &str, below: &mut Vec<String>) -> Merged {
        let bytes = self.files.get(path).unwrap_or_default();
        let text = match text::read(path, bytes) {
            Ok(text) => text,
            Err(wrong) => {
                self.tell(*wrong);
                return Merged::default();
            }
        };
        below.push(path.to_owned());
        let mut merged = Merged::default();
        for extended in &text.extends {
            let wrong = match self.extended(path, extended) {
                Some(next) if below.contains(&next) => {
                    format!("`extends` leads back to `{next}`")
                }
                Some(_) if self.left == 0 => {
                    format!("more than {EXTENDED_MAX} files are extended: the rest is left out")
                }
                Some(next) => {
                    self.left -= 1;
                    let next = self.merged(&next, leaf, below);
                    merged.take(next);
                    continue;
                }
                None => format!("there is no `{extended}` to extend: what it says is left out"),
            };
            self.warn(path, extended, wrong);
        }
        below.pop();
        merged.take(self.own(path, leaf, text.options));
        merged
    }

    /// What a file says itself.
    fn own(&mut self, path: &str, leaf: &str, own: text::Options) -> Merged {
        let place = |one: &str| match one.strip_prefix(LEAF) {
            Some(rest) => joined(leaf, rest.trim_start_matches('/')),
            None => joined(folder_of(path), one),
        };
        let in_leaf = |one: String| match one.strip_prefix(LEAF) {
            // From the root: the folder of `paths` is not in the way.
            Some(rest) => format!("/{leaf}{rest}"),
            None => one,
        };
        let mut patterns = BTreeMap::new();
        for (pattern, targets) in own.paths.iter().flatten() {
            if pattern.matches('*').count() > 1 {
                let wrong = format!("`{pattern}` has more than one `*`: it is left out");
                self.warn(path, pattern, wrong);
                continue;
            }
            let targets = targets.iter().cloned().map(in_leaf).collect();
            patterns.insert(pattern.clone(), targets);
        }
        Merged {
            base: own.base_url.as_deref().and_then(place),
            paths: own.paths.map(|_| Paths {
                path: path.to_owned(),
                patterns,
            }),
            language: own.language,
        }
    }

    /// The file that `extends` names: as it is written, with `.json`, or the `tsconfig.json` of a folder or a package.
    fn extended(&self, from: &str, name: &str) -> Option<String> {
        let folder = folder_of(from);
        let is_path = name.starts_with(['.', '/']);
        if is_path {
            let path = joined(folder, name)?;
            let all = [path.clone(), format!("{path}.json"), inside(&path, NAME)];
            return all.into_iter().find(|path| self.files.get(path).is_some());
        }
        let mut above = Some(folder);
        while let Some(folder) = above {
            let path = inside(&inside(folder, MODULES), name);
            let own = self.files.get(&inside(&path, "package.json"));
            let named = own.and_then(|bytes| {
                let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
                joined(&path, value.get("tsconfig")?.as_str()?)
            });
            let all = [
                Some(path.clone()),
                Some(format!("{path}.json")),
                named,
                Some(inside(&path, NAME)),
            ];
            let mut all = all.into_iter().flatten();
            if let Some(found) = all.find(|path| self.files.get(path).is_some()) {
                return Some(found);
            }
            above = (!folder.is_empty()).then(|| folder_of(folder));
        }
        // A package may say in `exports` what its files are called.
        match self
            .resolver
            .resolve(from, name, Manner::Require, &Tsconfig::default())
        {
            Ok(Target::File(path)) if path.ends_with(".json") => Some(path),
            _ => None,
        }
    }

    fn warn(&mut self, path: &str, string: &str, message: String) {
        let bytes = self.files.get(path).unwrap_or_default();
        let text = str::from_utf8(bytes).unwrap_or_default();
        let offset = text::offset(text, string);
        self.tell(Lines::new(text).diagnostic(Severity::Warning, path, offset, message));
    }

    /// Two configurations may continue one that has a mistake.
    fn tell(&mut self, wrong: Diagnostic) {
        let is_known = self.told.iter().any(|known| {
            (&known.path, known.line, &known.message) == (&wrong.path, wrong.line, &wrong.message)
        });
        if !is_known {
            self.told.push(wrong);
        }
    }
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

impl Merged {
    /// What the stronger one says counts.
    fn take(&mut self, stronger: Self) {
        put(&mut self.base, stronger.base);
        put(&mut self.paths, stronger.paths);
        self.language.take(stronger.language);
    }
}

#[cfg(test)]
mod tests;
