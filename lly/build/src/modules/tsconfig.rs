//! What a `tsconfig.json` says about which files are meant: other names for them, those that it continues, and whose JSX it
//! is. The frontend decides, and says what is wrong; here all that it may come upon is taken in.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::Value;

use super::{MODULES, PACKAGE, Walk, package};
use crate::discover::DiscoverError;
use crate::layout::normalize;

/// The names of a configuration: the first that is there counts.
const NAMES: [&str; 2] = ["tsconfig.json", "jsconfig.json"];
/// Stands for the folder of the file that is not continued by others.
const LEAF: &str = "${configDir}";

/// What holds for the files of a folder, with all that is continued put together.
#[derive(Debug, Default)]
pub(super) struct Tsconfig {
    /// Where `paths` may begin.
    folders: BTreeSet<PathBuf>,
    /// `baseUrl`.
    bases: BTreeSet<PathBuf>,
    /// `paths`: a pattern and a target, each a row.
    rows: Vec<(String, String)>,
    /// The packages that JSX may need.
    pub(super) jsx_sources: BTreeSet<String>,
}

impl Tsconfig {
    /// The paths that a specifier may stand for.
    pub(super) fn targets(&self, specifier: &str) -> Vec<PathBuf> {
        if ["./", "../"].iter().any(|one| specifier.starts_with(one)) {
            return Vec::new();
        }
        let rows = self.rows.iter().flat_map(|(pattern, target)| {
            let target = star(pattern, specifier).map(|star| target.replacen('*', star, 1));
            let of_folder = move |folder: &PathBuf| Some(folder.join(target.as_ref()?));
            self.folders.iter().filter_map(of_folder)
        });
        let bases = self.bases.iter().map(|base| base.join(specifier));
        rows.chain(bases).map(|path| normalize(&path)).collect()
    }

    fn add(&mut self, folder: &Path, leaf: &Path, value: &Value) {
        let text = |value: &Value| value.as_str().map(|text| in_leaf(text, leaf));
        self.folders.insert(folder.to_path_buf());
        let Some(options) = value.get("compilerOptions") else {
            return;
        };
        if let Some(base) = options.get("baseUrl").and_then(text) {
            let base = normalize(&folder.join(base));
            self.folders.insert(base.clone());
            self.bases.insert(base);
        }
        for (pattern, targets) in options
            .get("paths")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let targets = targets.as_array().into_iter().flatten().filter_map(text);
            self.rows
                .extend(targets.map(|target| (pattern.clone(), target)));
        }
        let source = options.get("jsxImportSource").and_then(Value::as_str);
        self.jsx_sources.extend(source.map(str::to_owned));
    }
}

/// What the star of a pattern stands for; a pattern without one is a name.
fn star<'s>(pattern: &str, specifier: &'s str) -> Option<&'s str> {
    match pattern.split_once('*') {
        Some((before, after)) => specifier.strip_prefix(before)?.strip_suffix(after),
        None => (pattern == specifier).then_some(""),
    }
}

fn in_leaf(text: &str, leaf: &Path) -> String {
    match text.strip_prefix(LEAF) {
        Some(rest) => format!("{}{rest}", leaf.display()),
        None => text.to_owned(),
    }
}

/// A file that is none says nothing.
fn read(bytes: &[u8]) -> Value {
    let Ok(text) = str::from_utf8(bytes) else {
        return Value::Null;
    };
    let mut text = text.trim_start_matches('\u{feff}').to_owned();
    json_strip_comments::strip(&mut text).ok();
    serde_json::from_str(&text).unwrap_or_default()
}

impl Walk {
    /// The configuration that holds for the files of a folder; it and what it continues are taken in. Packages have none.
    pub(super) fn tsconfig(&mut self, folder: &Path) -> Result<Rc<Tsconfig>, DiscoverError> {
        if folder.iter().any(|part| part == MODULES) {
            return Ok(Rc::default());
        }
        for above in folder.ancestors() {
            for path in NAMES.map(|name| above.join(name)) {
                if let Some(known) = self.tsconfigs.get(&path) {
                    return Ok(known.clone());
                }
                if self.read(&path, false)? {
                    let config = Rc::new(self.with_extended(&path, above)?);
                    self.tsconfigs.insert(path, config.clone());
                    return Ok(config);
                }
            }
        }
        Ok(Rc::default())
    }

    fn with_extended(&mut self, path: &Path, leaf: &Path) -> Result<Tsconfig, DiscoverError> {
        let mut config = Tsconfig::default();
        let mut known = BTreeSet::new();
        let mut pending = VecDeque::from([path.to_path_buf()]);
        while let Some(path) = pending.pop_front() {
            if !known.insert(path.clone()) {
                continue;
            }
            let value = self.files.get(&path).map(|bytes| read(bytes));
            let value = value.unwrap_or_default();
            config.add(path.parent().unwrap_or(&path), leaf, &value);
            let extends = match value.get("extends") {
                Some(Value::Array(many)) => many.as_slice(),
                Some(one) => std::slice::from_ref(one),
                None => &[],
            };
            for name in extends.iter().filter_map(Value::as_str) {
                pending.extend(self.extended(&path, name)?);
            }
        }
        Ok(config)
    }

    /// The file that `extends` names: as it is written, with `.json`, or the `tsconfig.json` of a folder or a package.
    fn extended(&mut self, from: &Path, name: &str) -> Result<Option<PathBuf>, DiscoverError> {
        let mut may_be = Vec::new();
        let path = if name.starts_with(['.', '/']) {
            normalize(&from.with_file_name(name))
        } else {
            let Some((package, rest)) = package::split(name) else {
                return Ok(None);
            };
            let Some(folder) = self.find(from, package) else {
                return Ok(None);
            };
            self.read(&folder.join(PACKAGE), false)?;
            let manifest = self.manifest(&folder);
            let targets = manifest.targets(&format!(".{rest}")).unwrap_or_default();
            let named = manifest.tsconfig().filter(|_| rest.is_empty());
            let all = named.into_iter().chain(targets);
            may_be.extend(all.map(|target| normalize(&folder.join(target))));
            folder.join(rest.trim_start_matches('/'))
        };
        let mut with_extension = path.clone().into_os_string();
        with_extension.push(".json");
        let usual = path.join(NAMES[0]);
        may_be.splice(0..0, [path, with_extension.into()]);
        may_be.push(usual);
        for path in may_be {
            if self.read(&path, false)? {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}
