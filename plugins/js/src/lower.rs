//! `lower`: from files to BIR.

use std::collections::{BTreeMap, BTreeSet};

use lly_bir::Object;
use serde::{Deserialize, Serialize};

use crate::decorators;
use crate::files::Files;
use crate::graph::{Graph, Module, Reached};
use crate::links::{Export, Imported};
use crate::parts::Part;
use crate::place::error;
use crate::print::print;
use crate::resolve::Manner;
use crate::shake::{Kept, kept};
use crate::syntax::{Kind, Reading};
use crate::table::program;
use crate::types::{Diagnostic, Lowered, Options, SourceFile};

/// A module as it lies in the payload, in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Relative to the project's root.
    pub path: String,
    /// `module`, `commonjs`, `json` or `text`.
    pub kind: String,
    /// Plain JavaScript, JSON, or the text.
    pub code: String,
    /// The map back to the user's text, for code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// Where specifiers lead.
    pub links: Vec<Link>,
    /// The names that ES modules import from it, if it is none itself: only running it tells which there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// It looks like the entry of a program that serves requests: running it tells.
    #[serde(default, skip_serializing_if = "is_false")]
    pub serves: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A specifier of a module, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// As it is written.
    pub specifier: String,
    /// It is `require`d.
    pub is_required: bool,
    /// The path of a module, or the name of a platform's; nothing when it leads nowhere.
    pub target: Option<String>,
}

/// Compiles modules to BIR: the first source is the entry.
///
/// # Errors
/// What is wrong with the program, each at its place.
pub fn lower(
    sources: &[SourceFile],
    companions: &[SourceFile],
    options: &Options,
) -> Result<Lowered, Vec<Diagnostic>> {
    if sources.is_empty() {
        return Err(vec![error("there is no module to begin with")]);
    }
    let own = decorators::files();
    let files = Files::new(sources.iter().chain(companions).chain(&own));
    let entries: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    let mut diagnostics = Vec::new();
    let graph = Graph::build(&files, &entries, &mut diagnostics)?;
    let kept = kept(&graph);
    let text = |module: usize| {
        let bytes = files.get(&graph.modules[module].path).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    };
    let names = names(&graph);
    let objects = kept.modules.iter().map(|module| {
        let mut object = object(&graph, *module, text(*module), &kept);
        object.names = names.get(module).into_iter().flatten().cloned().collect();
        let bytes = serde_json::to_vec(&object).unwrap_or_default();
        Object::new(object.path, bytes)
    });
    let objects = objects.collect();
    let program = program(&graph, &kept, &options.name, objects, text);
    Ok(Lowered {
        bir: program.encode(),
        diagnostics,
    })
}

fn object(graph: &Graph, module: usize, text: &str, kept: &Kept) -> Payload {
    let one = &graph.modules[module];
    let printed = print(graph, module, text, kept);
    let (mut code, map) = match printed {
        Some(printed) => (printed.code, Some(printed.map)),
        None => (text.to_owned(), None),
    };
    let mut links = links(graph, one);
    if takes_require(one) {
        // At the end, where it moves no line; functions are there from the beginning.
        code.push_str(REQUIRE);
        links.push(Link {
            specifier: "node:module".to_owned(),
            is_required: false,
            target: Some("node:module".to_owned()),
        });
    }
    Payload {
        path: one.path.clone(),
        kind: match one.kind {
            Kind::Module => "module",
            Kind::CommonJs => "commonjs",
            Kind::Json => "json",
            Kind::Text => "text",
        }
        .to_owned(),
        serves: listens(&code) || (module == 0 && offers_a_handler(one, text)),
        code,
        map,
        links,
        names: Vec::new(),
    }
}

/// `require` in a module that bundlers allow it.
const REQUIRE: &str = "import { createRequire as __createRequire } from \"node:module\";
function require(specifier) {
	return __createRequire(import.meta.url)(specifier);
}
";

/// Whether it uses `require` though it is an ECMAScript module. Node knows no such file; where no `package.json` says that it is
/// one, it was written for bundlers, which allow both.
fn takes_require(module: &Module) -> bool {
    let is_undeclared = module.reading.as_ref().is_some_and(Reading::is_undeclared);
    let mut requests = module.contents.links.requests.iter();
    is_undeclared
        && module.kind == Kind::Module
        && requests.any(|request| request.manner == Manner::Require)
}

/// `addEventListener("fetch", …)`, as it is printed.
fn listens(code: &str) -> bool {
    code.contains("addEventListener(\"fetch\"")
}

/// An entry offers what answers requests as its `default`: an object. Functions and classes are none.
fn offers_a_handler(entry: &Module, text: &str) -> bool {
    match (entry.kind, entry.contents.links.exports.get("default")) {
        (Kind::CommonJs, _) => text.contains("exports") && text.contains("fetch"),
        (_, Some(Export::From(..))) => true,
        (_, Some(Export::Local(symbol))) => {
            let mut parts = entry.parts.iter();
            parts.any(|part| part.declares.contains(symbol) && !is_definition(text_of(part, text)))
        }
        (_, Some(Export::Value)) => {
            let mut parts = entry.parts.iter();
            parts.any(|part| part.is_default && !is_definition(text_of(part, text)))
        }
        _ => false,
    }
}

fn text_of<'t>(part: &Part, text: &'t str) -> &'t str {
    text.get(part.span.0 as usize..part.span.1 as usize)
        .unwrap_or_default()
}

/// Whether a statement defines a function or a class.
fn is_definition(statement: &str) -> bool {
    let words = statement.split_ascii_whitespace();
    let mut words =
        words.skip_while(|word| ["export", "default", "async", "abstract"].contains(word));
    let first = words.next().unwrap_or_default();
    ["function", "class"].iter().any(|word| {
        let rest = first.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|one: char| one.is_alphanumeric() || one == '_'))
    })
}

/// By module, the names that others import from it, for those that are no ES modules.
fn names(graph: &Graph) -> BTreeMap<usize, BTreeSet<String>> {
    let mut names: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for module in &graph.modules {
        let links = &module.contents.links;
        let exported = links.exports.values().filter_map(|export| match export {
            Export::From(request, imported) => Some((request, imported)),
            _ => None,
        });
        let imported = links
            .imports
            .values()
            .map(|(request, name)| (request, name));
        for (request, imported) in imported.chain(exported) {
            let (Some(Reached::Module(target)), Imported::Name(name)) =
                (module.reached.get(*request), imported)
            else {
                continue;
            };
            if graph.modules[*target].kind != Kind::Module && name != "default" {
                names.entry(*target).or_default().insert(name.clone());
            }
        }
    }
    names
}

fn links(graph: &Graph, module: &Module) -> Vec<Link> {
    let requests = module.contents.links.requests.iter().zip(&module.reached);
    let link = |(request, reached): (&crate::links::Request, &Reached)| Link {
        specifier: request.specifier.clone(),
        is_required: request.manner == Manner::Require,
        target: match reached {
            Reached::Module(target) => Some(graph.modules[*target].path.clone()),
            Reached::Platform(name) => Some(name.clone()),
            Reached::Nowhere => None,
        },
    };
    requests.map(link).collect()
}
