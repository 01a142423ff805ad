//! What an adapter answered, checked: everything in here may be used without another look.
//!
//! Rule: every refusal is the end of the sentence "the plugin … failed in `adapt`: …", and names the thing.

use super::Recognised;
use super::bindings::lily::site::types;
use crate::project::Project;
use crate::reach::Refusal;
use lly_brick::container::Bounds;
use lly_brick::{
    Asset, Digest, Redirect, Route, RouteHeader, RouteTarget, check_path, check_routes,
};
use registry_index::Grants;
use std::collections::BTreeSet;

/// Longest name or version of a framework.
const TEXT_BYTES_MAX: usize = 128;
/// Most words of a build command.
const COMMAND_WORDS_MAX: usize = 64;
/// Longest word of it.
const COMMAND_WORD_BYTES_MAX: usize = 4096;
/// Most programs of one site.
const PROGRAMS_MAX: usize = 1024;
/// Most files of one program.
const FILES_MAX: usize = 20_000;
/// Most names of environment variables of one program.
const VARIABLES_MAX: usize = 256;
/// Most messages; nobody reads more.
const DIAGNOSTICS_MAX: usize = 1000;
/// Longest message.
const MESSAGE_BYTES_MAX: usize = 4096;
/// Longest name of a program: it is a brick's too.
const PROGRAM_NAME_BYTES_MAX: usize = 64;

/// A site that may be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Files that are served as they are, by path.
    pub assets: Vec<SiteAsset>,
    /// What answers requests, in the adapter's order. Each is the target of a route.
    pub programs: Vec<SiteProgram>,
    /// In the order in which they are tried.
    pub routes: Vec<Route>,
    /// Warnings and notes.
    pub diagnostics: Vec<SiteDiagnostic>,
}

/// A file that is served as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAsset {
    /// Where it is served, without the first slash.
    pub path: String,
    /// The file in the project that it is.
    pub from: String,
    /// Its bytes.
    pub contents: Vec<u8>,
    /// Its media type; without, the one of its extension.
    pub media_type: Option<String>,
    /// Seconds that a browser may keep it.
    pub cache_seconds: u32,
}

/// Sources for the frontend of their extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteProgram {
    /// By which routes call it.
    pub name: String,
    /// Path and contents, in order; at least one.
    pub sources: Vec<(String, Vec<u8>)>,
    /// Files that they refer to.
    pub companions: Vec<(String, Vec<u8>)>,
    /// Names of environment variables that it reads.
    pub environment: Vec<String>,
}

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteSeverity {
    /// Good to know.
    Note,
    /// Perhaps not what was meant.
    Warning,
    /// There is no site.
    Error,
}

/// A message about the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteDiagnostic {
    /// How much it matters.
    pub severity: SiteSeverity,
    /// The words; no control characters but line ends.
    pub message: String,
    /// The file it is about.
    pub path: Option<String>,
    /// Counted from 1; 0 without a place.
    pub line: u32,
    /// Counted from 1; 0 without a place.
    pub column: u32,
}

/// What an adapter found a project to be, if that can be said.
pub(super) fn recognised(found: types::Recognised) -> Result<Recognised, String> {
    let named = |what: &str, text: &str| match is_line(text) {
        true => Ok(()),
        false => Err(format!(
            "the {what} that it found is not one line of at most {TEXT_BYTES_MAX} bytes"
        )),
    };
    named("framework", &found.framework)?;
    named("version", &found.version)?;
    if found.framework.trim().is_empty() {
        return Err("it found a framework without a name".to_owned());
    }
    if let Some(command) = &found.build {
        let word = |word: &String| word.len() <= COMMAND_WORD_BYTES_MAX && !word.contains('\0');
        let has_program = command.first().is_some_and(|program| !program.is_empty());
        if !has_program || command.len() > COMMAND_WORDS_MAX || !command.iter().all(word) {
            return Err(format!(
                "its build command is not a program and at most {COMMAND_WORDS_MAX} words"
            ));
        }
    }
    Ok(Recognised {
        framework: found.framework,
        version: found.version,
        build: found.build,
    })
}

/// A site in which everything fits together, with the files that it names.
pub(super) fn site(site: types::Site, project: &Project, grants: &Grants) -> Result<Site, String> {
    let diagnostics = diagnostics(site.diagnostics)?;
    let programs = programs(site.programs)?;
    let assets = assets(site.assets, project, grants)?;
    let routes: Vec<Route> = site.routes.into_iter().map(route).collect();
    let has_asset = |path: &str| {
        let found = assets.binary_search_by(|asset| asset.path.as_str().cmp(path));
        found.is_ok()
    };
    let has_program = |name: &str| programs.iter().any(|program| program.name == name);
    check_routes(&routes, has_asset, has_program).map_err(|(index, reason)| match index {
        Some(index) => {
            let pattern: String = routes[index].pattern.chars().take(80).collect();
            format!(
                "its route `{}` is refused: {reason}",
                pattern.escape_debug()
            )
        }
        None => format!("its routes are refused: {reason}"),
    })?;
    let called: BTreeSet<&str> = routes
        .iter()
        .filter_map(|route| match &route.target {
            RouteTarget::Program(name) => Some(name.as_str()),
            RouteTarget::Asset(_) | RouteTarget::Redirect(_) => None,
        })
        .collect();
    if let Some(program) = programs
        .iter()
        .find(|one| !called.contains(one.name.as_str()))
    {
        return Err(format!("no route leads to its program `{}`", program.name));
    }
    if assets.is_empty() && routes.is_empty() {
        return Err("its site has neither assets nor routes".to_owned());
    }
    Ok(Site {
        assets,
        programs,
        routes,
        diagnostics,
    })
}

fn assets(
    found: Vec<types::Asset>,
    project: &Project,
    grants: &Grants,
) -> Result<Vec<SiteAsset>, String> {
    let bounds = Bounds::BUNDLE;
    if found.len() as u64 >= u64::from(bounds.entries_max) {
        return Err(format!("it names more than {} assets", bounds.entries_max));
    }
    let mut total = 0;
    let mut paths = BTreeSet::new();
    let mut assets = Vec::with_capacity(found.len());
    for asset in found {
        let shown: String = asset.path.chars().take(80).collect();
        let shown = shown.escape_debug();
        let refuse = |reason: &dyn std::fmt::Display| format!("its asset `{shown}`: {reason}");
        let path = asset.path.strip_prefix('/');
        let path = path.ok_or_else(|| refuse(&"the path does not begin with `/`"))?;
        check_path(path).map_err(|problem| refuse(&problem))?;
        if !paths.insert(path.to_owned()) {
            return Err(refuse(&"it is there twice"));
        }
        let contents = project
            .read(grants, &asset.from)
            .map_err(|refusal| match refusal {
                Refusal::Denied(words) | Refusal::Absent(words) | Refusal::Failed(words) => {
                    refuse(&words)
                }
            })?;
        let size = contents.len() as u64;
        total += size;
        if size > bounds.entry_bytes_max || total > bounds.total_bytes_max {
            let (each, all) = (bounds.entry_bytes_max, bounds.total_bytes_max);
            return Err(refuse(&format!(
                "it is over the bound of {each} bytes each or {all} together"
            )));
        }
        let said = Asset {
            path: path.to_owned(),
            digest: Digest::of(&[]),
            size,
            media_type: asset.media_type.clone(),
            cache_seconds: Some(asset.cache_seconds),
        };
        said.check_headers()
            .map_err(|(field, reason)| refuse(&format!("its `{field}` is refused: {reason}")))?;
        assets.push(SiteAsset {
            path: said.path,
            from: asset.from,
            contents,
            media_type: asset.media_type,
            cache_seconds: asset.cache_seconds,
        });
    }
    assets.sort_by(|one, other| one.path.cmp(&other.path));
    let below = |path: &str| {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        folders
            .into_iter()
            .find(|folder| paths.contains(*folder))
            .map(str::to_owned)
    };
    if let Some((asset, file)) = assets.iter().find_map(|one| Some((one, below(&one.path)?))) {
        let path = &asset.path;
        return Err(format!(
            "its asset `/{path}` is below `/{file}`, which is a file"
        ));
    }
    Ok(assets)
}

fn programs(found: Vec<types::Program>) -> Result<Vec<SiteProgram>, String> {
    if found.len() > PROGRAMS_MAX {
        return Err(format!("it names more than {PROGRAMS_MAX} programs"));
    }
    let mut names = BTreeSet::new();
    let mut programs = Vec::with_capacity(found.len());
    for program in found {
        let name = program.name;
        if !is_program_name(&name) {
            let shown: String = name.chars().take(80).collect();
            return Err(format!(
                "its program `{}` has a name that is not 1 to {PROGRAM_NAME_BYTES_MAX} letters, digits and `-`",
                shown.escape_debug()
            ));
        }
        if !names.insert(name.clone()) {
            return Err(format!("it has the program `{name}` twice"));
        }
        let refuse = |reason: String| format!("its program `{name}`: {reason}");
        if program.sources.is_empty() {
            return Err(refuse("it has no sources".to_owned()));
        }
        let mut seen = BTreeSet::new();
        let files = program.sources.iter().chain(&program.companions);
        for file in files {
            check_path(&file.path).map_err(|problem| {
                let shown: String = file.path.chars().take(80).collect();
                refuse(format!("the file `{}`: {problem}", shown.escape_debug()))
            })?;
            if !seen.insert(file.path.as_str()) {
                return Err(refuse(format!("it has the file `{}` twice", file.path)));
            }
        }
        if seen.len() > FILES_MAX {
            return Err(refuse(format!("it has more than {FILES_MAX} files")));
        }
        let variables = &program.environment;
        let odd = variables.iter().find(|name| !is_variable(name));
        if odd.is_some() || variables.len() > VARIABLES_MAX {
            return Err(refuse(format!(
                "its environment is not at most {VARIABLES_MAX} names of letters, digits and `_`"
            )));
        }
        let plain = |files: Vec<types::SourceFile>| {
            let files = files.into_iter();
            files.map(|file| (file.path, file.contents)).collect()
        };
        programs.push(SiteProgram {
            sources: plain(program.sources),
            companions: plain(program.companions),
            environment: program.environment,
            name,
        });
    }
    Ok(programs)
}

/// A route in the form of bundles; whether it may be one is seen afterwards.
fn route(route: types::Route) -> Route {
    let header = |(name, value): (String, String)| RouteHeader {
        name: name.to_ascii_lowercase(),
        value,
    };
    Route {
        methods: route.methods,
        pattern: route.pattern,
        headers: route.headers.into_iter().map(header).collect(),
        target: match route.target {
            // One without a slash is no path of an asset, and the empty text is none either.
            types::Target::Asset(path) => {
                let path = path.strip_prefix('/').unwrap_or_default();
                RouteTarget::Asset(path.to_owned())
            }
            types::Target::Program(name) => RouteTarget::Program(name),
            types::Target::Redirect((status, to)) => RouteTarget::Redirect(Redirect { status, to }),
        },
    }
}

/// Messages that can be shown.
pub(super) fn diagnostics(found: Vec<types::Diagnostic>) -> Result<Vec<SiteDiagnostic>, String> {
    if found.len() > DIAGNOSTICS_MAX {
        return Err(format!("it has more than {DIAGNOSTICS_MAX} messages"));
    }
    let plain = |text: &str, max: usize| {
        text.len() <= max && !text.chars().any(|one| one.is_control() && one != '\n')
    };
    let mut shown = Vec::with_capacity(found.len());
    for one in found {
        let path = one.path.as_deref().unwrap_or("-");
        if !plain(&one.message, MESSAGE_BYTES_MAX) || one.message.is_empty() {
            return Err(format!(
                "a message of it is not 1 to {MESSAGE_BYTES_MAX} bytes of plain text"
            ));
        }
        if check_path(path).is_err() {
            return Err("a message of it is about a path that is none".to_owned());
        }
        shown.push(SiteDiagnostic {
            severity: match one.severity {
                types::Severity::Note => SiteSeverity::Note,
                types::Severity::Warning => SiteSeverity::Warning,
                types::Severity::Error => SiteSeverity::Error,
            },
            message: one.message,
            path: one.path,
            line: one.line,
            column: one.column,
        });
    }
    Ok(shown)
}

fn is_line(text: &str) -> bool {
    text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control)
}

fn is_program_name(name: &str) -> bool {
    (1..=PROGRAM_NAME_BYTES_MAX).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_variable(name: &str) -> bool {
    name.len() <= TEXT_BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
