//! From the files of a project to assets and routes.
//!
//! Rule: routes with a path that is written out come first, then the program's, then the lines of `_redirects` in their
//! order; a file is never hidden by accident.

use std::collections::{BTreeMap, BTreeSet};

use crate::headers::Headers;
use crate::redirects::{Redirect, Redirects, To};
use crate::{Wrong, pattern};

/// Where the files are.
const FOLDER: &str = "site";
/// Where the program is.
const FUNCTIONS: &str = "functions";
/// What it answers.
const FUNCTIONS_PATTERN: &str = "/api/*path";
/// What a program's entry is called, besides its extension.
const ENTRY: &str = "main";
/// A folder that begins with a dot and is meant to be seen.
const WELL_KNOWN: &str = ".well-known";
/// Folders in folders; a site that goes deeper is none.
const DEPTH_MAX: usize = 30;

/// The project, as far as it may be seen.
pub trait Files {
    /// The names in a folder, each with whether it is a folder; or why not.
    fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, String>;
    /// A file's bytes, or why not.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// What becomes of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Files that are served as they are.
    pub assets: Vec<Asset>,
    /// What answers below `/api/`.
    pub program: Option<Program>,
    /// In the order in which they are tried.
    pub routes: Vec<Route>,
    /// What was perhaps not meant so.
    pub warnings: Vec<Message>,
}

/// A file that is served as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where.
    pub path: String,
    /// The file.
    pub from: String,
}

/// A program's files: path and contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The entry.
    pub source: (String, Vec<u8>),
    /// What it may refer to.
    pub companions: Vec<(String, Vec<u8>)>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// None means all.
    pub methods: Vec<&'static str>,
    /// As the host takes it.
    pub pattern: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// Where it leads.
    pub target: Target,
}

/// What answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file, by its path.
    File(String),
    /// The program.
    Program,
    /// Another place.
    Place(u16, String),
}

/// Words about a file. The line counts from 1; 0 means the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The file.
    pub path: Option<String>,
    /// Counted from 1.
    pub line: u32,
    /// A sentence without a dot.
    pub words: String,
}

impl Message {
    fn plain(words: String) -> Message {
        let (path, line) = (None, 0);
        Message { path, line, words }
    }

    fn in_file(file: &str, wrong: Wrong) -> Message {
        Message {
            path: Some(format!("{FOLDER}/{file}")),
            line: wrong.line,
            words: wrong.why,
        }
    }
}

/// Whether this is a project of ours.
pub fn is_pages(files: &impl Files) -> bool {
    let ours = ["index.html", "_redirects", "_headers"];
    let names = files.list(FOLDER).unwrap_or_default();
    names
        .iter()
        .any(|(name, is_folder)| !is_folder && ours.contains(&name.as_str()))
}

/// Turns the project into a site; or says everything that is wrong with it.
pub fn adapt(files: &impl Files) -> Result<Site, Vec<Message>> {
    let mut found = Vec::new();
    walk(files, FOLDER, 0, &mut found).map_err(|words| vec![Message::plain(words)])?;
    let text = |name: &str| match found.iter().any(|path| path == &format!("/{name}")) {
        true => files.read(&format!("{FOLDER}/{name}")),
        false => Ok(Vec::new()),
    };
    let text = |name: &str| {
        let bytes = text(name).map_err(|words| vec![Message::plain(words)])?;
        String::from_utf8(bytes)
            .map_err(|_| vec![Message::plain(format!("`{FOLDER}/{name}` is not UTF-8"))])
    };
    let redirects = Redirects::parse(&text("_redirects")?);
    let headers = Headers::parse(&text("_headers")?);
    let paths: BTreeSet<String> = found.into_iter().filter(|path| !is_ours(path)).collect();
    let program = program(files).map_err(|words| vec![Message::plain(words)])?;

    let mut wrong: Vec<Message> = Vec::new();
    wrong.extend(
        redirects
            .wrong
            .iter()
            .map(|one| Message::in_file("_redirects", one.clone())),
    );
    wrong.extend(
        headers
            .wrong
            .iter()
            .map(|one| Message::in_file("_headers", one.clone())),
    );
    for rule in &redirects.rules {
        if let To::File(path) = &rule.to
            && !paths.contains(path)
        {
            let why = format!("there is no file `{FOLDER}{path}`");
            wrong.push(Message::in_file("_redirects", Wrong::at(rule.line, why)));
        }
    }
    if paths.is_empty() && redirects.rules.is_empty() {
        wrong.push(Message::plain(format!(
            "there is no file in `{FOLDER}` that could be served"
        )));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut site = Site::default();
    let (rules, warnings) = rules(&redirects, &paths);
    site.warnings = warnings;
    site.routes = file_routes(&paths, &headers, &rules);
    if program.is_some() {
        site.routes.push(Route {
            methods: Vec::new(),
            pattern: FUNCTIONS_PATTERN.to_owned(),
            headers: headers.of_all(),
            target: Target::Program,
        });
    }
    site.routes
        .extend(rules.into_iter().map(|rule| match rule.to {
            To::File(path) => Route {
                methods: vec!["GET"],
                pattern: rule.pattern,
                headers: headers.of(&path),
                target: Target::File(path),
            },
            To::Place(status, to) => Route {
                methods: Vec::new(),
                pattern: rule.pattern,
                headers: headers.of_all(),
                target: Target::Place(status, to),
            },
        }));
    site.program = program;
    let asset = |path: String| Asset {
        from: format!("{FOLDER}{path}"),
        path,
    };
    site.assets = paths.into_iter().map(asset).collect();
    Ok(site)
}

/// Paths of files below a folder, each beginning with `/`. Hidden ones are left out.
fn walk(
    files: &impl Files,
    folder: &str,
    depth: usize,
    found: &mut Vec<String>,
) -> Result<(), String> {
    for (name, is_folder) in files.list(folder)? {
        if name.starts_with('.') && name != WELL_KNOWN {
            continue;
        }
        let path = format!("{folder}/{name}");
        if is_folder && depth < DEPTH_MAX {
            walk(files, &path, depth + 1, found)?;
        } else if !is_folder && is_served(&path[FOLDER.len()..]) {
            found.push(path[FOLDER.len()..].to_owned());
        }
    }
    Ok(())
}

/// Whether a bundle can hold a file of this path.
fn is_served(path: &str) -> bool {
    path.len() < 500
        && path.as_bytes().get(2) != Some(&b':')
        && path.split('/').all(|part| part.len() < 255)
}

fn is_ours(path: &str) -> bool {
    ["/_redirects", "/_headers"].contains(&path)
}

/// The lines that can have a say: one for the path of a file needs a `!`.
fn rules(redirects: &Redirects, paths: &BTreeSet<String>) -> (Vec<Redirect>, Vec<Message>) {
    let served: BTreeSet<String> = paths.iter().flat_map(|path| places(path)).collect();
    let (mut kept, mut warnings) = (Vec::new(), Vec::new());
    for rule in &redirects.rules {
        if served.contains(&rule.pattern) && !rule.goes_first {
            let why = format!(
                "`{}` is a file, which goes first: write `!` behind the status to turn that round",
                rule.pattern
            );
            warnings.push(Message::in_file("_redirects", Wrong::at(rule.line, why)));
            continue;
        }
        kept.push(rule.clone());
    }
    (kept, warnings)
}

/// Where a file is served: at its path, and without `.html` or `index.html`.
fn places(path: &str) -> Vec<String> {
    let mut places = vec![path.to_owned()];
    if let Some(folder) = path
        .strip_suffix("index.html")
        .filter(|folder| folder.ends_with('/'))
    {
        places.push(folder.to_owned());
    } else if let Some(page) = path
        .strip_suffix(".html")
        .filter(|page| !page.ends_with('/'))
    {
        places.push(page.to_owned());
    }
    places
}

/// Routes for the files that need one: under a second name, or with headers.
fn file_routes(paths: &BTreeSet<String>, headers: &Headers, rules: &[Redirect]) -> Vec<Route> {
    let taken: BTreeSet<&str> = rules.iter().map(|rule| rule.pattern.as_str()).collect();
    let mut routes: BTreeMap<String, Route> = BTreeMap::new();
    for path in paths {
        for place in places(path) {
            let headers = headers.of(&place);
            let has_own_place = place == *path || place.ends_with('/');
            let hidden =
                taken.contains(place.as_str()) || (place != *path && paths.contains(&place));
            let literal = pattern(&place).is_ok_and(|same| same == place) && !place.contains("/:");
            if hidden || !literal || (has_own_place && headers.is_empty()) {
                continue;
            }
            let route = Route {
                methods: vec!["GET"],
                pattern: place.clone(),
                headers,
                target: Target::File(path.clone()),
            };
            routes.insert(place, route);
        }
    }
    routes.into_values().collect()
}

/// The program, if there is one: `functions/main.EXT`, and beside it what it may refer to.
fn program(files: &impl Files) -> Result<Option<Program>, String> {
    let mut names = Vec::new();
    // No such folder, no program.
    for (name, is_folder) in files.list(FUNCTIONS).unwrap_or_default() {
        if !is_folder && !name.starts_with('.') && name.len() < 255 {
            names.push(name);
        }
    }
    let is_entry = |name: &&String| name.split_once('.').is_some_and(|(stem, _)| stem == ENTRY);
    let entries: Vec<&String> = names.iter().filter(is_entry).collect();
    let entry = match entries.as_slice() {
        [] => return Ok(None),
        [one] => (*one).clone(),
        [one, two, ..] => {
            return Err(format!(
                "`{FUNCTIONS}` has two entries, `{one}` and `{two}`"
            ));
        }
    };
    let mut companions = Vec::new();
    let read = |name: &str| {
        let path = format!("{FUNCTIONS}/{name}");
        files.read(&path).map(|contents| (path, contents))
    };
    for name in names.iter().filter(|name| **name != entry) {
        companions.push(read(name)?);
    }
    Ok(Some(Program {
        source: read(&entry)?,
        companions,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(BTreeMap<&'static str, &'static str>);

    impl Files for Tree {
        fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, String> {
            let mut names = BTreeMap::new();
            for path in self.0.keys() {
                let below = path
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'));
                if let Some(below) = below {
                    let name = below.split('/').next().unwrap_or_default();
                    names.insert(name.to_owned(), below.contains('/'));
                }
            }
            match names.is_empty() {
                true => Err(format!("there is no `{folder}` in the project")),
                false => Ok(names.into_iter().collect()),
            }
        }
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            let text = self
                .0
                .get(path)
                .ok_or_else(|| format!("there is no `{path}`"))?;
            Ok(text.as_bytes().to_vec())
        }
    }

    fn tree(files: &[(&'static str, &'static str)]) -> Tree {
        Tree(files.iter().copied().collect())
    }

    fn shown(site: &Site) -> Vec<String> {
        let shown = |route: &Route| {
            let to = match &route.target {
                Target::File(path) => path.clone(),
                Target::Program => "program".to_owned(),
                Target::Place(status, to) => format!("{status} {to}"),
            };
            format!("{} -> {to} ({})", route.pattern, route.headers.len())
        };
        site.routes.iter().map(shown).collect()
    }

    #[test]
    fn a_project_becomes_a_site() {
        let project = tree(&[
            ("site/index.html", "<h1>"),
            ("site/about.html", "<h1>"),
            ("site/docs/index.html", "<h1>"),
            ("site/:odd.html", "<h1>"),
            ("site/.secret", "no"),
            ("site/.well-known/x", "yes"),
            ("site/_headers", "/*\n  x-a: b\n/docs/*\n  x-c: d\n"),
            (
                "site/_redirects",
                "/old /new\n/about /x\n/docs/ /y 302!\n/* /index.html 200\n",
            ),
            ("functions/main.c", "int main;"),
            ("functions/a.h", "int a;"),
        ]);
        assert!(is_pages(&project));
        let site = adapt(&project).unwrap();
        let paths: Vec<&str> = site
            .assets
            .iter()
            .map(|asset| asset.path.as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "/.well-known/x",
                "/:odd.html",
                "/about.html",
                "/docs/index.html",
                "/index.html"
            ]
        );
        assert_eq!(
            shown(&site),
            [
                "/ -> /index.html (1)",
                "/.well-known/x -> /.well-known/x (1)",
                "/about -> /about.html (1)",
                "/about.html -> /about.html (1)",
                "/docs/index.html -> /docs/index.html (2)",
                "/index.html -> /index.html (1)",
                "/api/*path -> program (1)",
                "/old -> 301 /new (1)",
                "/docs/ -> 302 /y (1)",
                "/*splat -> /index.html (1)",
            ]
        );
        assert!(
            site.warnings[0].words.contains("`/about` is a file"),
            "{:?}",
            site.warnings
        );
        let program = site.program.unwrap();
        assert_eq!(
            (program.source.0.as_str(), program.companions.len()),
            ("functions/main.c", 1)
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let project = tree(&[
            ("site/index.html", "<h1>"),
            ("site/_headers", "x\n"),
            ("site/_redirects", "/a\n/b /none.html 200\n"),
        ]);
        let said: Vec<(Option<String>, u32)> = adapt(&project)
            .unwrap_err()
            .into_iter()
            .map(|one| (one.path, one.line))
            .collect();
        let at = |file: &str, line: u32| (Some(format!("site/{file}")), line);
        assert_eq!(
            said,
            [at("_redirects", 1), at("_headers", 1), at("_redirects", 2)]
        );
        assert!(!is_pages(&tree(&[("src/main.c", "")])));
        let empty = adapt(&tree(&[("site/_headers", "")])).unwrap_err();
        assert!(empty[0].words.contains("no file"), "{empty:?}");
        let two = tree(&[
            ("site/a", ""),
            ("functions/main.c", ""),
            ("functions/main.js", ""),
        ]);
        assert!(adapt(&two).unwrap_err()[0].words.contains("two entries"));
    }
}
