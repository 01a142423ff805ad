//! What a `package.json` says about which files are meant: its entry, `exports` and `imports`.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The conditions that the frontend's resolver knows, besides `import` and `require`.
const CONDITIONS: [&str; 4] = ["lily", "workerd", "worker", "default"];
/// The condition of packages that have nothing for platforms like this one.
const NODE: [&str; 1] = ["node"];
const MANNERS: [&str; 2] = ["import", "require"];
/// Conditions in conditions: packages have three or four.
const DEPTH_MAX: usize = 16;

/// A `package.json`; one that is none says nothing, and the frontend says why.
pub(super) struct Package(Value);

/// The entry of the program whose `package.json` is in a folder, relative to it, if there is such a file.
pub(crate) fn entry(folder: &Path) -> Option<PathBuf> {
    let text = std::fs::read(folder.join("package.json")).ok()?;
    let package = Package::read(&text);
    let exports = package.targets(".").unwrap_or_default();
    let mains = package.mains().into_iter().chain(exports);
    mains
        .map(PathBuf::from)
        .map(|path| {
            path.strip_prefix("./")
                .map(Path::to_path_buf)
                .unwrap_or(path)
        })
        .find(|path| folder.join(path).is_file())
}

/// The name of a package and the rest of a specifier: `a` and `/b` of `a/b`. None for what no package is called.
pub(super) fn split(specifier: &str) -> Option<(&str, &str)> {
    let slashes = usize::from(specifier.starts_with('@'));
    let end = specifier
        .match_indices('/')
        .nth(slashes)
        .map_or(specifier.len(), |(at, _)| at);
    let (name, rest) = specifier.split_at(end);
    let letters = |one: char| one.is_alphanumeric() || "@/-_.~".contains(one);
    let is_name = !name.is_empty()
        && name.chars().all(letters)
        && name.split('/').all(|part| !["", ".", ".."].contains(&part))
        && name.matches('/').count() == slashes;
    is_name.then_some((name, rest))
}

impl Package {
    pub(super) fn read(text: &[u8]) -> Self {
        Self(serde_json::from_slice(text).unwrap_or_default())
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        self.0.get("name").and_then(Value::as_str) == Some(name)
    }

    /// What `module` and `main` name.
    pub(super) fn mains(&self) -> Vec<String> {
        let fields = ["module", "main"]
            .iter()
            .filter_map(|field| self.0.get(field));
        fields
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }

    /// The `tsconfig.json` that others may continue, if it is called otherwise.
    pub(super) fn tsconfig(&self) -> Option<String> {
        let named = self.0.get("tsconfig").and_then(Value::as_str);
        named.map(str::to_owned)
    }

    /// The files that `.`, `./sub` or `#inner` may mean; none: the package does not say, and files are meant as they are called.
    pub(super) fn targets(&self, what: &str) -> Option<Vec<String>> {
        let field = if what.starts_with('#') {
            "imports"
        } else {
            "exports"
        };
        let map = self.0.get(field)?;
        let is_map = map
            .as_object()
            .is_some_and(|map| map.keys().any(|key| key.starts_with(['.', '#'])));
        let (value, star) = match is_map {
            true => matching(map, what)?,
            false if what == "." => (map, String::new()),
            false => return Some(Vec::new()),
        };
        let mut targets = Vec::new();
        for manner in MANNERS {
            let mut found = chosen(value, manner, &CONDITIONS, 0);
            if found.is_empty() {
                found = chosen(value, manner, &[CONDITIONS.as_slice(), &NODE].concat(), 0);
            }
            for target in found {
                let target = target.replace('*', &star);
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        Some(targets)
    }
}

/// The row of a map, and what its star stands for. The longest pattern wins.
fn matching<'a>(map: &'a Value, what: &str) -> Option<(&'a Value, String)> {
    if let Some(value) = map.get(what) {
        return Some((value, String::new()));
    }
    let mut found: Option<(&str, &Value, String)> = None;
    for (key, value) in map.as_object()? {
        let Some((before, after)) = key.split_once('*') else {
            continue;
        };
        let star = what
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let longer = found.as_ref().is_none_or(|(other, _, _)| {
            before.len() > other.split('*').next().unwrap_or_default().len()
        });
        if let Some(star) = star.filter(|_| longer) {
            found = Some((key, value, star.to_owned()));
        }
    }
    // A package that has such a map offers nothing else.
    static NOTHING: Value = Value::Null;
    Some(found.map_or((&NOTHING, String::new()), |(_, value, star)| (value, star)))
}

/// What a row of conditions leads to, for `import` or `require`.
fn chosen(value: &Value, manner: &str, conditions: &[&str], depth: usize) -> Vec<String> {
    match value {
        Value::String(target) => vec![target.clone()],
        Value::Array(values) if depth < DEPTH_MAX => values
            .iter()
            .flat_map(|value| chosen(value, manner, conditions, depth + 1))
            .collect(),
        Value::Object(row) if depth < DEPTH_MAX => row
            .iter()
            .filter(|(name, _)| *name == manner || conditions.contains(&name.as_str()))
            .flat_map(|(_, value)| chosen(value, manner, conditions, depth + 1))
            .collect(),
        _ => Vec::new(),
    }
}
