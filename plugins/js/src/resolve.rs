//! What a specifier such as `./util.js` or `hono` means: Node's algorithm, over the files that were handed over.
//!
//! The algorithm is the crate `oxc_resolver`'s: relative paths, `node_modules`, `exports` and `imports` of
//! `package.json`. Ours are the conditions, and what TypeScript adds: `./a.js` may be `./a.ts`, and `tsconfig.json` has
//! names of its own for files, which come first.

use oxc_resolver::{ResolveError, ResolveOptions, ResolverGeneric};

use crate::files::{Files, absolute, relative};
use crate::tsconfig::{Alias, Tsconfig};

/// Conditions of `exports` that hold whoever asks, besides `import` or `require`: `lily`, then what packages say for
/// platforms of the same kind (WinterTC's runtime keys).
const CONDITIONS: [&str; 3] = ["lily", "workerd", "worker"];

/// What a specifier leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file: its path relative to the project's root.
    File(String),
    /// A module of the platform, such as `node:buffer`, under its full name.
    Platform(String),
}

/// How a module asks for another. Packages may answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Manner {
    /// `import` and `import()`.
    Import,
    /// `require()`.
    Require,
}

/// Finds modules.
#[derive(Debug)]
pub struct Resolver {
    import: ResolverGeneric<Files>,
    require: ResolverGeneric<Files>,
    /// For packages that have nothing for platforms like this one.
    import_in_node: ResolverGeneric<Files>,
    require_in_node: ResolverGeneric<Files>,
}

impl Resolver {
    /// A resolver that sees these files and no others.
    pub fn new(files: &Files) -> Self {
        let import =
            ResolverGeneric::new_with_file_system(files.clone(), options(&["import", "default"]));
        let other = |conditions: &[&str]| import.clone_with_options(options(conditions));
        Self {
            require: other(&["require", "default"]),
            import_in_node: other(&["node", "import", "default"]),
            require_in_node: other(&["node", "require", "default"]),
            import,
        }
    }

    /// The module that `specifier` means in the module `from`, for which `config` holds.
    ///
    /// # Errors
    /// A sentence for the user that says what was looked for and, where it is known, the mend.
    pub fn resolve(
        &self,
        from: &str,
        specifier: &str,
        manner: Manner,
        config: &Tsconfig,
    ) -> Result<Target, String> {
        let is_path = ["./", "../"].iter().any(|one| specifier.starts_with(one));
        if is_path || [".", ".."].contains(&specifier) || specifier.starts_with("node:") {
            return self.ordinary(from, specifier, manner);
        }
        let alias = config.alias(specifier);
        let targets = alias.iter().flat_map(|alias| alias.targets.iter().cloned());
        for target in targets.chain(config.below_base(specifier)) {
            match self.within(manner).resolve("/", &format!("./{target}")) {
                Ok(found) => {
                    if let Some(path) = relative(found.path()) {
                        return Ok(Target::File(path));
                    }
                }
                Err(error @ ResolveError::Json(_)) => return Err(sentence(specifier, &error)),
                // The next one, and in the end a package, may be there.
                Err(_) => {}
            }
        }
        let found = self.ordinary(from, specifier, manner);
        found.map_err(|sentence| match &alias {
            Some(alias) => absent(specifier, alias, &sentence),
            None => sentence,
        })
    }

    fn within(&self, manner: Manner) -> &ResolverGeneric<Files> {
        match manner {
            Manner::Import => &self.import,
            Manner::Require => &self.require,
        }
    }

    /// As Node does it.
    fn ordinary(&self, from: &str, specifier: &str, manner: Manner) -> Result<Target, String> {
        if let Some(scheme) = foreign_scheme(specifier) {
            return Err(format!(
                "`{specifier}` is a `{scheme}:` address, and modules come from files: add the file or the package to the project"
            ));
        }
        let folder = absolute(from.rsplit_once('/').map_or("", |(folder, _)| folder));
        let found = self.within(manner).resolve(&folder, specifier);
        let found = match (found, manner) {
            (Err(ResolveError::PackagePathNotExported { .. }), Manner::Import) => {
                self.import_in_node.resolve(&folder, specifier)
            }
            (Err(ResolveError::PackagePathNotExported { .. }), Manner::Require) => {
                self.require_in_node.resolve(&folder, specifier)
            }
            (found, _) => found,
        };
        match found {
            Ok(found) => relative(found.path())
                .map(Target::File)
                .ok_or_else(|| format!("`{specifier}` lies outside the project")),
            Err(ResolveError::Builtin { resolved, .. }) => Ok(Target::Platform(resolved)),
            Err(error) => Err(sentence(specifier, &error)),
        }
    }

    /// The `package.json` that a file belongs to, and its `type` and `sideEffects`.
    pub fn package(&self, files: &Files, path: &str) -> Package {
        let mut folder = path;
        while let Some((above, _)) = folder.rsplit_once('/') {
            if let Some(package) = Package::read(files, &format!("{above}/package.json"), above) {
                return package;
            }
            if above.ends_with("node_modules") {
                return Package::default();
            }
            folder = above;
        }
        Package::read(files, "package.json", "").unwrap_or_default()
    }
}

/// What a `package.json` says about the modules of its package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its folder.
    pub folder: String,
    /// `"type"`: whether `.js` is an ECMAScript module; nothing when it does not say.
    pub is_module: Option<bool>,
    /// `"sideEffects"`: patterns of files that do something when they are loaded; nothing means all of them.
    pub side_effects: Option<Vec<String>>,
}

impl Package {
    fn read(files: &Files, path: &str, folder: &str) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_slice(files.get(path)?).ok()?;
        let side_effects = match value.get("sideEffects") {
            Some(serde_json::Value::Bool(false)) => Some(Vec::new()),
            Some(serde_json::Value::Array(patterns)) => {
                let patterns = patterns.iter().filter_map(|pattern| pattern.as_str());
                Some(patterns.map(str::to_owned).collect())
            }
            Some(serde_json::Value::String(pattern)) => Some(vec![pattern.clone()]),
            _ => None,
        };
        Some(Self {
            folder: folder.to_owned(),
            is_module: match value.get("type").and_then(|kind| kind.as_str()) {
                Some("module") => Some(true),
                Some("commonjs") => Some(false),
                _ => None,
            },
            side_effects,
        })
    }

    /// Whether loading the file `path` of this package does something that others may notice.
    pub fn has_side_effects(&self, path: &str) -> bool {
        let Some(patterns) = &self.side_effects else {
            return true;
        };
        let inside = path
            .strip_prefix(self.folder.as_str())
            .unwrap_or(path)
            .trim_start_matches('/');
        patterns.iter().any(|pattern| {
            let pattern = pattern.trim_start_matches("./");
            if pattern.contains('/') {
                matches(pattern, inside)
            } else {
                matches(pattern, inside.rsplit('/').next().unwrap_or(inside))
            }
        })
    }
}

/// Whether a glob of `sideEffects` matches: `*` is any text without `/`, `**` any text.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => {
            let Some(rest) = path.strip_prefix(before) else {
                return false;
            };
            let (after, any) = match after.strip_prefix('*') {
                Some(after) => (after.strip_prefix('/').unwrap_or(after), true),
                None => (after, false),
            };
            let reach = if any {
                rest.len()
            } else {
                rest.find('/').unwrap_or(rest.len())
            };
            (0..=reach)
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }
    }
}

fn options(others: &[&str]) -> ResolveOptions {
    let text = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let conditions = [text(&CONDITIONS), text(others)].concat();
    ResolveOptions {
        condition_names: conditions,
        extensions: text(&[
            ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json",
        ]),
        extension_alias: vec![
            (".js".to_owned(), text(&[".js", ".ts", ".tsx", ".jsx"])),
            (".jsx".to_owned(), text(&[".jsx", ".tsx"])),
            (".mjs".to_owned(), text(&[".mjs", ".mts"])),
            (".cjs".to_owned(), text(&[".cjs", ".cts"])),
        ],
        main_fields: text(&["module", "main"]),
        builtin_modules: true,
        symlinks: false,
        ..ResolveOptions::default()
    }
}

/// The scheme of a specifier that is an address (`https`, `data`, `npm`), unless it is one that Node knows as well.
fn foreign_scheme(specifier: &str) -> Option<&str> {
    let (scheme, _) = specifier.split_once(':')?;
    let is_scheme = scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_scheme && scheme != "node").then_some(scheme)
}

fn sentence(specifier: &str, error: &ResolveError) -> String {
    let is_relative = specifier.starts_with('.') || specifier.starts_with('/');
    match error {
        ResolveError::NotFound(_)
        | ResolveError::ExtensionAlias(..)
        | ResolveError::MatchedAliasNotFound(..)
            if is_relative =>
        {
            format!("there is no file `{specifier}`")
        }
        ResolveError::NotFound(_) if specifier.starts_with('#') => {
            format!("`{specifier}` is not in `imports` of package.json")
        }
        ResolveError::NotFound(_) => {
            let package = package_of(specifier);
            format!(
                "there is no package `{package}` in node_modules: `npm install {package}` (a file of the project begins with `./`)"
            )
        }
        ResolveError::PackagePathNotExported { subpath, .. } => {
            let package = package_of(specifier);
            format!(
                "the package `{package}` does not export `{subpath}`: see `exports` in its package.json"
            )
        }
        ResolveError::Json(json) => {
            let path = relative(&json.path).unwrap_or_default();
            format!(
                "`{path}` is not JSON, at line {}, column {}: {}",
                json.line, json.column, json.message
            )
        }
        other => format!("`{specifier}` cannot be found: {}", told(other)),
    }
}

/// A specifier that `paths` knows and that leads nowhere: a pattern that is not for everything is no package.
fn absent(specifier: &str, alias: &Alias, sentence: &str) -> String {
    let Alias { pattern, path, .. } = alias;
    let targets: Vec<String> = alias.targets.iter().map(|one| format!("`{one}`")).collect();
    let targets = match targets.as_slice() {
        [] => "no file".to_owned(),
        all => all.join(", "),
    };
    if pattern.starts_with('*') || !sentence.starts_with("there is no package") {
        format!("{sentence}; `{pattern}` in `paths` of `{path}` was tried first: {targets}")
    } else {
        format!(
            "there is no file for `{specifier}`: `{pattern}` in `paths` of `{path}` leads to {targets}"
        )
    }
}

/// The resolver's own words, with the root of its tree left out of paths.
fn told(error: &ResolveError) -> String {
    error.to_string().replace("\"/", "\"").replace(" /", " ")
}

/// `@scope/name` of `@scope/name/sub/path`.
fn package_of(specifier: &str) -> &str {
    let parts = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier
        .match_indices('/')
        .nth(parts - 1)
        .map_or(specifier.len(), |(at, _)| at);
    &specifier[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::files;
    use crate::tsconfig::Tsconfigs;

    fn resolve(all: &[(&str, &str)], specifier: &str, manner: Manner) -> Result<Target, String> {
        let files = files(all);
        let resolver = Resolver::new(&files);
        let config = Tsconfigs::new(&files, &resolver).of("src/app.ts");
        resolver.resolve("src/app.ts", specifier, manner, &config)
    }

    fn file(path: &str) -> Result<Target, String> {
        Ok(Target::File(path.to_owned()))
    }

    #[test]
    fn a_relative_import_may_leave_out_or_misname_its_extension() {
        let all = [("src/app.ts", ""), ("src/a.ts", ""), ("src/b/index.js", "")];
        for specifier in ["./a", "./a.ts", "./a.js", "../src/a"] {
            assert_eq!(resolve(&all, specifier, Manner::Import), file("src/a.ts"));
        }
        assert_eq!(resolve(&all, "./b", Manner::Import), file("src/b/index.js"));
    }

    #[test]
    fn exports_answer_by_condition_and_subpath() {
        let all = [
            ("src/app.ts", ""),
            (
                "node_modules/p/package.json",
                r#"{"name":"p","exports":{
                    ".":{"worker":"./w.js","import":"./i.mjs","require":"./r.cjs"},
                    "./sub/*":{"import":"./s/*.mjs","require":"./s/*.cjs"},
                    "./hidden/*":null}}"#,
            ),
            ("node_modules/p/w.js", ""),
            ("node_modules/p/i.mjs", ""),
            ("node_modules/p/r.cjs", ""),
            ("node_modules/p/s/x.mjs", ""),
            ("node_modules/p/s/x.cjs", ""),
        ];
        assert_eq!(
            resolve(&all, "p", Manner::Import),
            file("node_modules/p/w.js")
        );
        assert_eq!(
            resolve(&all, "p/sub/x", Manner::Import),
            file("node_modules/p/s/x.mjs")
        );
        assert_eq!(
            resolve(&all, "p/sub/x", Manner::Require),
            file("node_modules/p/s/x.cjs")
        );
        let refused = resolve(&all, "p/hidden/y", Manner::Import).unwrap_err();
        assert!(refused.contains("does not export"), "{refused}");
    }

    #[test]
    fn node_modules_are_looked_for_in_every_folder_above() {
        let all = [
            ("src/app.ts", ""),
            ("node_modules/q/package.json", r#"{"main":"lib/q.js"}"#),
            ("node_modules/q/lib/q.js", ""),
            (
                "node_modules/@s/t/package.json",
                r#"{"module":"t.mjs","main":"t.js"}"#,
            ),
            ("node_modules/@s/t/t.mjs", ""),
            ("node_modules/@s/t/t.js", ""),
        ];
        assert_eq!(
            resolve(&all, "q", Manner::Import),
            file("node_modules/q/lib/q.js")
        );
        assert_eq!(
            resolve(&all, "@s/t", Manner::Import),
            file("node_modules/@s/t/t.mjs")
        );
    }

    #[test]
    fn imports_of_the_own_package_begin_with_a_hash() {
        let all = [
            ("package.json", r##"{"imports":{"#db":"./src/db.ts"}}"##),
            ("src/app.ts", ""),
            ("src/db.ts", ""),
        ];
        assert_eq!(resolve(&all, "#db", Manner::Import), file("src/db.ts"));
    }

    #[test]
    fn modules_of_the_platform_need_no_file() {
        for specifier in ["node:buffer", "buffer"] {
            assert_eq!(
                resolve(&[("src/app.ts", "")], specifier, Manner::Require),
                Ok(Target::Platform("node:buffer".to_owned()))
            );
        }
    }

    #[test]
    fn what_is_not_there_is_named_with_the_mend() {
        let all = [("src/app.ts", "")];
        let of = |specifier| resolve(&all, specifier, Manner::Import).unwrap_err();
        assert_eq!(of("./nowhere"), "there is no file `./nowhere`");
        assert!(
            of("@a/b/c").contains("npm install @a/b`"),
            "{}",
            of("@a/b/c")
        );
        assert!(of("https://example.com/x.js").contains("`https:` address"));
        assert!(
            of("../../up").contains("there is no file"),
            "{}",
            of("../../up")
        );
    }

    #[test]
    fn side_effects_are_patterns() {
        let package = Package {
            folder: "node_modules/p".to_owned(),
            is_module: None,
            side_effects: Some(vec![
                "./src/polyfill.js".into(),
                "*.css".into(),
                "lib/**/x*.js".into(),
            ]),
        };
        for (path, expected) in [
            ("src/polyfill.js", true),
            ("src/other.js", false),
            ("deep/a.css", true),
            ("lib/a/b/xy.js", true),
            ("lib/xy.js", true),
            ("lib/a/y.js", false),
        ] {
            let whole = format!("node_modules/p/{path}");
            assert_eq!(package.has_side_effects(&whole), expected, "{path}");
        }
        assert!(Package::default().has_side_effects("a.js"));
    }
}
