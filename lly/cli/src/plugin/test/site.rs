//! The cases of `lily:site`.
//!
//! A project's own are folders of `tests/`: `project/` (the framework's project, built) with `site.json`, what is to come
//! of it (a key that is not there is not looked at; `null` means that the project is not recognised), or with `errors`,
//! how each message begins (`PATH:LINE:COLUMN: severity: message`). The adapter has the grants that its `plugin.json` asks
//! for; the build command is not run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use host_plugin::{
    AdaptError, Adapter, PluginFault, Site, SiteDiagnostic, SiteLimits, SiteSeverity,
};
use lly_brick::{Route, RouteTarget};
use registry_index::Grants;
use serde_json::{Value, json};

use super::command::copy;
use super::{Cases, Held, Stage, names, traced};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::frontends::Bars;

/// A project of a test is small.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Files of one project that are damaged, each in three ways.
const DAMAGED_MAX: usize = 16;
/// Names that mean something in patterns, URLs and shells.
const STRANGE: [&str; 10] = [
    ":a.html",
    "*b.html",
    "a b.html",
    "ä.html",
    "$x.html",
    "%41.html",
    "q?.html",
    "#.html",
    "..c.html",
    "q\"'.html",
];

/// Runs them.
pub fn run(stage: &Stage, cases: &mut Cases, context: &Context) -> Result<(), Failure> {
    let limits = SiteLimits {
        time_max: TIME_MAX,
        ..SiteLimits::STANDARD
    };
    let loaded = Adapter::load(&stage.store, &stage.installed, &Bars::new(context), limits);
    let adapter = match loaded {
        Ok(adapter) => adapter,
        Err(error) => {
            let words = format!("{:#}", anyhow::Error::from(error));
            cases.add("it can be loaded", Err(words));
            return Ok(());
        }
    };
    cases.add("it can be loaded", Ok(()));
    cases.add("its package is canonical", stage.canonical());
    let empty = stage.folder("empty")?;
    cases.add(
        "an empty folder is not its framework",
        nothing(&adapter, &empty),
    );
    let projects = projects(stage)?;
    let first = projects
        .first()
        .map_or(empty, |(_, case)| case.join("project"));
    cases.add(
        "without a grant it fails, and does not trap",
        calls(&adapter, &Grants::default(), &first),
    );
    cases.add(
        "strange names are no nonsense",
        strange(&adapter, stage, &first)?,
    );
    for (name, case) in &projects {
        let project = case.join("project");
        cases.add(format!("tests/{name}"), own(&adapter, case)?);
        let again = twice(&adapter, &project);
        cases.add(format!("tests/{name}, twice, is the same"), again);
        let held = damaged(&adapter, stage, &project, name)?;
        cases.add(format!("tests/{name}, damaged, does not trap it"), held);
    }
    Ok(())
}

/// The project's own cases: name and folder.
fn projects(stage: &Stage) -> Result<Vec<(String, PathBuf)>, Failure> {
    let Some(tests) = &stage.tests else {
        return Ok(Vec::new());
    };
    let named = names(tests)?.into_iter().map(|name| {
        let folder = tests.join(&name);
        (name, folder)
    });
    Ok(named
        .filter(|(_, case)| case.join("project").is_dir())
        .collect())
}

fn nothing(adapter: &Adapter, folder: &Path) -> Held {
    let (found, _) = recognise(adapter, &adapter.manifest().grants, folder)?;
    match found {
        Value::Null => Ok(()),
        found => Err(format!("it takes it for {}", found["framework"])),
    }
}

/// Neither call traps, and neither answers nonsense.
fn calls(adapter: &Adapter, grants: &Grants, folder: &Path) -> Held {
    recognise(adapter, grants, folder)?;
    adapt(adapter, grants, folder).map(drop)
}

fn strange(adapter: &Adapter, stage: &Stage, project: &Path) -> Result<Held, Failure> {
    let folder = stage.folder("strange")?;
    copy(project, &folder)?;
    litter(&folder)?;
    Ok(calls(adapter, &adapter.manifest().grants, &folder))
}

/// Puts files of strange names into every folder.
fn litter(folder: &Path) -> Result<(), Failure> {
    for name in names(folder)? {
        let path = folder.join(name);
        if path.is_dir() {
            litter(&path)?;
        }
    }
    for name in STRANGE {
        let path = folder.join(name);
        std::fs::write(&path, "x").or_fail(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn twice(adapter: &Adapter, project: &Path) -> Held {
    let grants = &adapter.manifest().grants;
    match adapt(adapter, grants, project)? == adapt(adapter, grants, project)? {
        true => Ok(()),
        false => Err("asked twice, it makes two sites of the same files".to_owned()),
    }
}

/// Each file empty, cut in half and full of what is no text.
fn damaged(adapter: &Adapter, stage: &Stage, project: &Path, name: &str) -> Result<Held, Failure> {
    let folder = stage.folder(&format!("damaged-{name}"))?;
    copy(project, &folder)?;
    let mut files = Vec::new();
    list(&folder, &mut files)?;
    for path in files.iter().take(DAMAGED_MAX) {
        let what = || format!("cannot damage `{}`", path.display());
        let whole = std::fs::read(path).or_fail(what)?;
        let half = whole.get(..whole.len() / 2).unwrap_or_default();
        for damage in [&[], half, &[0xff, 0x00, 0x0a, 0xc3][..]] {
            std::fs::write(path, damage).or_fail(what)?;
            if let Err(reason) = calls(adapter, &adapter.manifest().grants, &folder) {
                let shown = path.strip_prefix(&folder).unwrap_or(path).display();
                let damage = String::from_utf8_lossy(damage);
                return Ok(Err(format!("with {damage:?} in `{shown}`: {reason}")));
            }
        }
        std::fs::write(path, &whole).or_fail(what)?;
    }
    Ok(Ok(()))
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for name in names(folder)? {
        let path = folder.join(name);
        if path.is_dir() {
            list(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn own(adapter: &Adapter, case: &Path) -> Result<Held, Failure> {
    let text = |file: &str| match std::fs::read_to_string(case.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).or_fail(|| format!("cannot read `{}`", case.join(file).display())),
    };
    let wanted = match text("site.json")? {
        Some(text) => {
            let what = || format!("cannot read `{}`", case.join("site.json").display());
            Some(serde_json::from_str::<Value>(&text).or_fail(what)?)
        }
        None => None,
    };
    let errors = text("errors")?;
    Ok(compare(adapter, &case.join("project"), wanted, errors))
}

fn compare(
    adapter: &Adapter,
    project: &Path,
    wanted: Option<Value>,
    errors: Option<String>,
) -> Held {
    let grants = &adapter.manifest().grants;
    let (found, denied) = recognise(adapter, grants, project)?;
    if let Some(sentence) = denied.first() {
        return Err(format!(
            "it reaches for what it does not ask for: {sentence}"
        ));
    }
    if wanted == Some(Value::Null) {
        return match found {
            Value::Null => Ok(()),
            found => Err(format!("it takes it for {}", found["framework"])),
        };
    }
    if found == Value::Null {
        return Err("it does not recognise the project".to_owned());
    }
    match (adapt(adapter, grants, project)?, wanted, errors) {
        (Ok(site), Some(Value::Object(wanted)), _) => {
            for (key, wanted) in &wanted {
                let part = if site[key].is_null() {
                    &found[key]
                } else {
                    &site[key]
                };
                if part != wanted {
                    return Err(format!("`{key}` is {part}, not {wanted}"));
                }
            }
            Ok(())
        }
        (Err(lines), _, Some(errors)) => {
            let wanted: Vec<&str> = errors.lines().collect();
            let fits = wanted.len() == lines.len()
                && lines
                    .iter()
                    .zip(&wanted)
                    .all(|(line, begin)| line.starts_with(begin));
            match fits {
                true => Ok(()),
                false => Err(format!("it says {lines:?}, not {wanted:?}")),
            }
        }
        (Ok(_), _, Some(_)) => Err("it makes a site, and was to refuse the project".to_owned()),
        (Err(lines), _, None) => Err(format!("it refuses the project: {}", lines.join("; "))),
        (Ok(_), _, None) => {
            Err("there is neither a `site.json` nor `errors` to compare with".to_owned())
        }
    }
}

/// What the project is, as in `site.json`; and what was reached for in vain.
fn recognise(
    adapter: &Adapter,
    grants: &Grants,
    folder: &Path,
) -> Result<(Value, Vec<String>), String> {
    let (found, denied) = adapter
        .recognise(grants, folder)
        .map_err(|fault| traced(&fault))?;
    let found = found.map_or(Value::Null, |found| {
        json!({ "framework": found.framework, "version": found.version, "build": found.build })
    });
    Ok((found, denied))
}

/// The site as in `site.json`, or the messages.
fn adapt(
    adapter: &Adapter,
    grants: &Grants,
    folder: &Path,
) -> Result<Result<Value, Vec<String>>, String> {
    let told = |fault: PluginFault| traced(&fault);
    match adapter.adapt(grants, folder) {
        Ok(site) => Ok(Ok(document(&site))),
        Err(AdaptError::Fault(fault)) => Err(told(fault)),
        Err(AdaptError::Diagnostics { diagnostics, .. }) => {
            Ok(Err(diagnostics.iter().map(line).collect()))
        }
    }
}

fn document(site: &Site) -> Value {
    let assets = site.assets.iter().map(|asset| {
        let mut shown = json!({
            "path": format!("/{}", asset.path),
            "from": asset.from,
            "cache_seconds": asset.cache_seconds,
        });
        if let Some(media_type) = &asset.media_type {
            shown["media_type"] = json!(media_type);
        }
        shown
    });
    let paths = |files: &[(String, Vec<u8>)]| -> Vec<String> {
        files.iter().map(|(path, _)| path.clone()).collect()
    };
    let programs = site.programs.iter().map(|program| {
        json!({
            "name": program.name,
            "sources": paths(&program.sources),
            "companions": paths(&program.companions),
            "environment": program.environment,
        })
    });
    let routes = site.routes.iter().map(|route| {
        let mut route: Route = route.clone();
        if let RouteTarget::Asset(path) = &mut route.target {
            // As the adapter says it.
            path.insert(0, '/');
        }
        json!(route)
    });
    json!({
        "assets": assets.collect::<Vec<Value>>(),
        "programs": programs.collect::<Vec<Value>>(),
        "routes": routes.collect::<Vec<Value>>(),
        "diagnostics": site.diagnostics.iter().map(line).collect::<Vec<String>>(),
    })
}

/// A message as compilers write it.
fn line(one: &SiteDiagnostic) -> String {
    let severity = match one.severity {
        SiteSeverity::Note => "note",
        SiteSeverity::Warning => "warning",
        SiteSeverity::Error => "error",
    };
    let place = match (&one.path, one.line) {
        (Some(path), 0) => format!("{path}: "),
        (Some(path), line) => format!("{path}:{line}:{}: ", one.column),
        (None, _) => String::new(),
    };
    format!("{place}{severity}: {}", one.message)
}
