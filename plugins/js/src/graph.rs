//! The modules of a program: the entry, and all that it reaches through the files that were handed over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lly_bir::UnitKind;
use oxc::allocator::Allocator;
use oxc::semantic::SemanticBuilder;
use oxc::syntax::symbol::SymbolId;

use crate::contents::{Contents, UnitRow};
use crate::files::Files;
use crate::links::{Export, Imported, Request};
use crate::parts::{Part, parts};
use crate::place::{Lines, error};
use crate::resolve::{Resolver, Target};
use crate::syntax::{Kind, Reading, read};
use crate::tsconfig::{Tsconfig, Tsconfigs};
use crate::types::{Diagnostic, Severity};
use crate::units::contents;

/// Texts are bounded, so that offsets fit; nobody writes a module of this size.
const MODULE_BYTES_MAX: usize = 64 << 20;
/// Files that are imported as strings without a word about it.
const TEXTS: [&str; 5] = ["txt", "html", "sql", "md", "css"];

/// Where a request leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An index of [`Graph::modules`].
    Module(usize),
    /// A module of the platform, such as `node:buffer`.
    Platform(String),
    /// Nowhere; only running the program can tell whether that matters (`require` in a `try`).
    Nowhere,
}

/// One module.
#[derive(Debug)]
pub struct Module {
    /// Relative to the project's root.
    pub path: String,
    /// What it is to others.
    pub kind: Kind,
    /// How its text is read; nothing for what is no code.
    pub reading: Option<Reading>,
    /// What it consists of.
    pub contents: Contents,
    /// Its statements.
    pub parts: Vec<Part>,
    /// Where its requests lead, one for each.
    pub reached: Vec<Reached>,
    /// Loading it does something that others may notice.
    pub has_side_effects: bool,
}

/// All modules.
#[derive(Debug, Default)]
pub struct Graph {
    /// The sources first, then what they reach, in the order in which it is found.
    pub modules: Vec<Module>,
    /// How many of them are sources.
    pub roots: usize,
}

/// What a name of a module is in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A name at the top of a module.
    Symbol(usize, SymbolId),
    /// The value of `export default`.
    Default(usize),
    /// A module as an object, or a name of one whose names only the running program knows.
    Whole(usize),
    /// The platform's.
    Platform,
    /// There is no such name.
    Absent,
    /// More than one `export *` brings it, and they are not the same.
    Ambiguous,
}

impl Graph {
    /// Reads the sources and all that they reach.
    ///
    /// # Errors
    /// Everything that is wrong with every module, each at its place.
    pub fn build(
        files: &Files,
        sources: &[String],
        told: &mut Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let resolver = Resolver::new(files);
        let mut configs = Tsconfigs::new(files, &resolver);
        let mut graph = Self {
            modules: Vec::new(),
            roots: sources.len(),
        };
        let mut wrong = Vec::new();
        let mut known: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
        let mut waiting: VecDeque<(String, Option<String>)> =
            sources.iter().map(|path| (path.clone(), None)).collect();
        for (at, one) in waiting.iter().enumerate() {
            known.insert(one.clone(), at);
        }
        let mut count = waiting.len();
        while let Some((path, kind)) = waiting.pop_front() {
            let config = configs.of(&path);
            let mut module = match load(files, &resolver, &config, &path, kind.as_deref(), told) {
                Ok(module) => module,
                Err(more) => {
                    wrong.extend(more);
                    continue;
                }
            };
            for request in module.contents.links.requests.clone() {
                let found = resolver.resolve(&path, &request.specifier, request.manner, &config);
                module.reached.push(match found {
                    Ok(Target::Platform(name)) => Reached::Platform(name),
                    Ok(Target::File(target)) => {
                        let key = (target, request.kind.clone());
                        let at = *known.entry(key.clone()).or_insert_with(|| {
                            waiting.push_back(key);
                            count += 1;
                            count - 1
                        });
                        Reached::Module(at)
                    }
                    Err(message) => {
                        // `require` may stand in a `try`: it fails when it is reached, as it does elsewhere.
                        if request.is_lazy || module.kind == Kind::CommonJs {
                            told.push(at(files, &path, &request, Severity::Warning, message));
                        } else {
                            wrong.push(at(files, &path, &request, Severity::Error, message));
                        }
                        Reached::Nowhere
                    }
                });
            }
            graph.modules.push(module);
        }
        for one in configs.told {
            match one.severity {
                Severity::Error => wrong.push(one),
                Severity::Warning | Severity::Note => told.push(one),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let absent = graph.absent_names(files);
        if absent.is_empty() {
            Ok(graph)
        } else {
            Err(absent)
        }
    }

    /// What the export `name` of a module is in the end, through any number of modules that pass it on.
    pub fn resolve(&self, module: usize, name: &Imported) -> Resolved {
        self.find(module, name, &mut BTreeSet::new())
    }

    fn find(
        &self,
        module: usize,
        name: &Imported,
        seen: &mut BTreeSet<(usize, Imported)>,
    ) -> Resolved {
        let one = &self.modules[module];
        let Imported::Name(text) = name else {
            return Resolved::Whole(module);
        };
        if one.kind != Kind::Module {
            return Resolved::Whole(module);
        }
        if !seen.insert((module, name.clone())) {
            return Resolved::Absent;
        }
        let links = &one.contents.links;
        match links.exports.get(text) {
            Some(Export::Local(symbol)) => return Resolved::Symbol(module, *symbol),
            Some(Export::Value) => return Resolved::Default(module),
            Some(Export::From(request, imported)) => {
                return self.through(module, *request, imported, seen);
            }
            None => {}
        }
        // `default` does not pass through `export *`.
        if text != "default" {
            return self.through_stars(module, name, seen);
        }
        Resolved::Absent
    }

    /// What `export *` brings. What only the running program knows gives way to what is written down.
    fn through_stars(
        &self,
        module: usize,
        name: &Imported,
        seen: &mut BTreeSet<(usize, Imported)>,
    ) -> Resolved {
        let mut found = Resolved::Absent;
        for request in &self.modules[module].contents.links.stars {
            match (self.through(module, *request, name, seen), &found) {
                (Resolved::Absent, _) => {}
                (one, Resolved::Absent | Resolved::Whole(_) | Resolved::Platform) => found = one,
                (Resolved::Whole(_) | Resolved::Platform, _) => {}
                (one, other) if one == *other => {}
                _ => return Resolved::Ambiguous,
            }
        }
        found
    }

    fn through(
        &self,
        module: usize,
        request: usize,
        name: &Imported,
        seen: &mut BTreeSet<(usize, Imported)>,
    ) -> Resolved {
        match &self.modules[module].reached[request] {
            Reached::Module(target) => self.find(*target, name, seen),
            Reached::Platform(_) | Reached::Nowhere => Resolved::Platform,
        }
    }

    /// What a request's name is in the end.
    pub fn imported(&self, module: usize, request: usize, name: &Imported) -> Resolved {
        self.through(module, request, name, &mut BTreeSet::new())
    }

    /// Errors about names that are imported from modules that do not have them.
    fn absent_names(&self, files: &Files) -> Vec<Diagnostic> {
        let mut wrong = Vec::new();
        for (index, module) in self.modules.iter().enumerate() {
            let links = &module.contents.links;
            let exported = links.exports.values().filter_map(|export| match export {
                Export::From(request, name) => Some((*request, name.clone())),
                _ => None,
            });
            let all: BTreeSet<(usize, Imported)> =
                links.imports.values().cloned().chain(exported).collect();
            for (request, name) in all {
                let found = self.imported(index, request, &name);
                let Imported::Name(name) = name else { continue };
                let request = &links.requests[request];
                let specifier = &request.specifier;
                let message = match found {
                    Resolved::Absent => format!("`{specifier}` has no export `{name}`"),
                    Resolved::Ambiguous => format!(
                        "`{specifier}` has the export `{name}` from more than one `export *`: say there which one it is, with `export {{ {name} }} from …`"
                    ),
                    _ => continue,
                };
                wrong.push(at(files, &module.path, request, Severity::Error, message));
            }
        }
        wrong
    }
}

/// A message about a request, at its place.
fn at(
    files: &Files,
    path: &str,
    request: &Request,
    severity: Severity,
    message: String,
) -> Diagnostic {
    let text = files.get(path).and_then(|bytes| str::from_utf8(bytes).ok());
    Lines::new(text.unwrap_or_default()).diagnostic(severity, path, request.offset, message)
}

fn load(
    files: &Files,
    resolver: &Resolver,
    config: &Tsconfig,
    path: &str,
    kind: Option<&str>,
    told: &mut Vec<Diagnostic>,
) -> Result<Module, Vec<Diagnostic>> {
    let bytes = files
        .get(path)
        .ok_or_else(|| vec![error(format!("there is no file `{path}`"))])?;
    if bytes.len() > MODULE_BYTES_MAX {
        return Err(vec![error(format!(
            "`{path}` is larger than a module may be (64 MiB)"
        ))]);
    }
    let text = str::from_utf8(bytes).map_err(|_| vec![error(format!("`{path}` is not UTF-8"))])?;
    let package = resolver.package(files, path);
    let extension = path.rsplit('.').next().unwrap_or_default();
    let value = match (kind, extension) {
        (Some("text"), _) => Some(Kind::Text),
        (Some("json"), _) | (None, "json") => Some(Kind::Json),
        (None, extension) if TEXTS.contains(&extension) => Some(Kind::Text),
        _ => None,
    };
    if let Some(kind) = value {
        if kind == Kind::Json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
        {
            let line = Lines::new(text);
            let message = format!("this is not JSON: {error}");
            let mut wrong = line.diagnostic(Severity::Error, path, 0, message);
            (wrong.line, wrong.column) = (error.line() as u32, error.column() as u32);
            wrong.source_line = Some(line.text(wrong.line).to_owned());
            return Err(vec![wrong]);
        }
        return Ok(whole(path, kind, text));
    }
    let Some(reading) = Reading::of(path, package.is_module, config.language.clone()) else {
        return Err(vec![error(format!(
            "`{path}` is neither JavaScript, TypeScript, JSON nor text: import it `with {{ type: \"text\" }}`"
        ))]);
    };
    let arena = Allocator::default();
    let plain = read(&arena, path, text, &reading, told)?;
    let built = SemanticBuilder::new()
        .with_build_nodes(true)
        .build(&plain.program);
    Ok(Module {
        kind: plain.kind,
        reading: Some(reading),
        contents: contents(path, text, &built.semantic),
        parts: parts(&plain.program, &built.semantic),
        reached: Vec::new(),
        has_side_effects: package.has_side_effects(path),
        path: path.to_owned(),
    })
}

/// A module that is one value.
fn whole(path: &str, kind: Kind, text: &str) -> Module {
    let row = UnitRow {
        name: path.to_owned(),
        kind: UnitKind::Module,
        signature: String::new(),
        start: 0,
        end: text.len() as u32,
        place: 0,
        code: text.to_owned(),
        calls: Vec::new(),
        calls_indirect: false,
        address_taken: false,
        reads: BTreeSet::new(),
        writes: BTreeSet::new(),
        escapes: BTreeSet::new(),
    };
    Module {
        path: path.to_owned(),
        kind,
        reading: None,
        contents: Contents {
            units: vec![row],
            ..Contents::default()
        },
        parts: Vec::new(),
        reached: Vec::new(),
        has_side_effects: false,
    }
}
