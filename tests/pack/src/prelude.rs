//! The rows of the prelude: its modules and the libraries that it is pinned to, each with where its specifiers lead, as the
//! engine's `prepare` takes them.
//!
//! The prelude's own modules are ES modules that say `import … from "…";` at the beginning of a line. A library that is CommonJS
//! gets a module that runs it over a table of its rows (plugins/js/prelude/commonjs.js).

use anyhow::{Context, Result};
use host_web::wire::{Value, encode};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What the engine knows the platform's modules by (plugins/js/engine/inside.h).
const PREFIX: &str = "lily:";
/// The module that is evaluated.
const ENTRY: &str = "main.js";

/// A library of `libraries.json`.
#[derive(Debug, Deserialize)]
pub struct Library {
    /// Its name on npm.
    pub name: String,
    /// The version that is pinned.
    pub version: String,
    #[serde(default)]
    kind: Kind,
    files: Vec<String>,
    #[serde(default)]
    aliases: BTreeMap<String, String>,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Module,
    CommonJs,
}

/// The rows as the message that `prepare` takes.
pub fn message(prelude: &Path, libraries: &Path) -> Result<Vec<u8>> {
    let list = prelude.join("libraries.json");
    let list: Vec<Library> = serde_json::from_str(&read(&list)?)
        .with_context(|| format!("cannot read `{}`", list.display()))?;
    let mut rows = Rows {
        prelude,
        libraries,
        list: &list,
        rows: Vec::new(),
        seen: BTreeMap::new(),
    };
    rows.add(ENTRY, &prelude.join(ENTRY))?;
    let values = rows.rows.into_iter().map(Row::value).collect();
    Ok(encode(&[Value::List(values)]))
}

struct Row {
    path: String,
    kind: &'static str,
    code: String,
    links: Vec<Link>,
}

struct Link {
    specifier: String,
    is_required: bool,
    target: String,
}

impl Row {
    fn value(self) -> Value<'static> {
        let links = self.links.into_iter().flat_map(|link| {
            [
                Value::from(link.specifier),
                Value::from(link.is_required),
                Value::from(link.target),
            ]
        });
        Value::List(vec![
            Value::from(format!("{PREFIX}{}", self.path)),
            Value::from(self.kind),
            Value::from(self.code),
            Value::List(links.collect()),
            Value::List(Vec::new()),
        ])
    }
}

struct Rows<'a> {
    prelude: &'a Path,
    libraries: &'a Path,
    list: &'a [Library],
    rows: Vec<Row>,
    /// The place of each path in `rows`.
    seen: BTreeMap<String, usize>,
}

impl Rows<'_> {
    /// An ES module and what it imports. Paths are as the engine knows them, without the prefix.
    fn add(&mut self, path: &str, file: &Path) -> Result<()> {
        if self.seen.contains_key(path) {
            return Ok(());
        }
        let code = read(file)?;
        self.add_text(path, file, code)
    }

    fn add_text(&mut self, path: &str, file: &Path, code: String) -> Result<()> {
        let place = self.rows.len();
        self.seen.insert(path.to_owned(), place);
        let specifiers = imported(&code);
        self.rows.push(Row {
            path: path.to_owned(),
            kind: "module",
            code,
            links: Vec::new(),
        });
        for specifier in specifiers {
            let target = self
                .import(path, file, &specifier)
                .with_context(|| format!("`{}` imports `{specifier}`", file.display()))?;
            self.rows[place].links.push(Link {
                specifier,
                is_required: false,
                target,
            });
        }
        Ok(())
    }

    /// Adds what a specifier leads to, and gives its name.
    fn import(&mut self, path: &str, file: &Path, specifier: &str) -> Result<String> {
        if specifier.starts_with(PREFIX) {
            return Ok(specifier.to_owned());
        }
        if specifier.starts_with('.') {
            let target = joined(path, specifier);
            self.add(&target, &file.with_file_name("").join(specifier))?;
            return Ok(format!("{PREFIX}{target}"));
        }
        let library = self.list.iter().find(|library| library.name == specifier);
        let library = library.context("no library of libraries.json has this name")?;
        let main = library.files.first().context("it has no file")?;
        let folder = self
            .libraries
            .join(format!("{}-{}", library.name, library.version));
        if library.kind == Kind::Module {
            let target = format!("{specifier}/{main}");
            self.add(&target, &folder.join(main))?;
            return Ok(format!("{PREFIX}{target}"));
        }
        let target = format!("{specifier}.js");
        if !self.seen.contains_key(&target) {
            self.add_required(library, &folder, main)?;
            let text = runner(library, main);
            self.add_text(&target, &self.prelude.join(&target), text)?;
        }
        Ok(format!("{PREFIX}{target}"))
    }

    /// A CommonJS module of a library and what it requires of it.
    fn add_required(&mut self, library: &Library, folder: &Path, file: &str) -> Result<()> {
        let path = format!("{}/{file}", library.name);
        if self.seen.contains_key(&path) {
            return Ok(());
        }
        let code = read(&folder.join(file))?;
        let place = self.rows.len();
        self.seen.insert(path.clone(), place);
        let specifiers = required(&code);
        self.rows.push(Row {
            path,
            kind: "commonjs",
            code,
            links: Vec::new(),
        });
        for specifier in specifiers {
            let start = joined(file, &specifier);
            let ends = ["", ".js", "/index.js"].into_iter();
            let found = ends
                .map(|end| format!("{start}{end}"))
                .find(|one| folder.join(one).is_file());
            // Libraries look for what only another system has; the aliases are the runner's.
            let Some(found) = found.filter(|_| specifier.starts_with('.')) else {
                continue;
            };
            self.add_required(library, folder, &found)?;
            self.rows[place].links.push(Link {
                specifier,
                is_required: true,
                target: format!("{PREFIX}{}/{found}", library.name),
            });
        }
        Ok(())
    }
}

/// The module that stands for a CommonJS library.
fn runner(library: &Library, main: &str) -> String {
    let mut text = String::from(
        "import { Modules } from \"./commonjs.js\";\nimport { rows } from \"lily:rows\";\n",
    );
    let mut aliases = String::new();
    for (at, (specifier, path)) in library.aliases.iter().enumerate() {
        text.push_str(&format!("import * as alias{at} from \"./{path}\";\n"));
        aliases.push_str(&format!(
            "{specifier:?}: alias{at}.default ?? alias{at}, "
        ));
    }
    text.push_str(&format!(
        "const aliases = {{ __proto__: null, {aliases}}};\n\
         const modules = new Modules(rows, (name) => aliases[name], \"/\");\n\
         export default modules.require(\"{PREFIX}{}/{main}\");\n",
        library.name
    ));
    text
}

/// The specifiers of `import` and `export … from`, each once.
fn imported(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = String::new();
    for line in code.lines() {
        let begins = line.starts_with("import ") || line.starts_with("export ");
        if begins {
            statement.clear();
        } else if statement.is_empty() {
            continue;
        }
        statement.push_str(line);
        statement.push('\n');
        // Nothing that is declared rather than imported comes as far as its specifier.
        if statement.contains(['=', '(', '`']) {
            statement.clear();
        } else if let Some(specifier) = last_text(&statement) {
            if !found.contains(&specifier) {
                found.push(specifier);
            }
            statement.clear();
        }
    }
    found
}

/// The text in `import "…";` or `… from "…";`.
fn last_text(statement: &str) -> Option<String> {
    let rest = match statement.strip_prefix("import \"") {
        Some(rest) => rest,
        None => statement.split_once("from \"")?.1,
    };
    Some(rest.split_once("\";")?.0.to_owned())
}

/// The specifiers of `require('…')`, each once.
fn required(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in code.split("require(").skip(1) {
        let quoted = part.strip_prefix(['\'', '"']);
        let specifier = quoted.and_then(|rest| rest.split_once(['\'', '"']));
        if let Some((specifier, rest)) = specifier
            && rest.starts_with(')')
            && !found.iter().any(|one| one == specifier)
        {
            found.push(specifier.to_owned());
        }
    }
    found
}

/// The path of a specifier from the folder of a file; both have `/` between their parts.
fn joined(file: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_are_found_where_they_stand() {
        let code = "// import \"x\";\nimport { a } from \"./a.js\";\nimport {\n  b,\n} from \"../b.js\";\n\
                    import \"./c.js\";\nexport const d = 1;\nexport { e } from \"./e.js\";\nexport function f() {\n  \
                    return 'from \"g\";';\n}\nimport * as h from \"./a.js\";\n";
        assert_eq!(imported(code), ["./a.js", "../b.js", "./c.js", "./e.js"]);
        assert_eq!(required("x = require('./y'); require(z); require(\"./y\")"), ["./y"]);
        assert_eq!(joined("node/a/b.js", "../../c.js"), "c.js");
        assert_eq!(joined("main.js", "./node/x.js"), "node/x.js");
    }
}
