//! `lower`: from files to BIR.

use lly_bir::Object;
use serde::{Deserialize, Serialize};

use crate::files::Files;
use crate::graph::{Graph, Module, Reached};
use crate::place::error;
use crate::print::print;
use crate::resolve::Manner;
use crate::shake::{Kept, kept};
use crate::syntax::Kind;
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
    let files = Files::new(sources.iter().chain(companions));
    let entries: Vec<String> = sources.iter().map(|source| source.path.clone()).collect();
    let mut diagnostics = Vec::new();
    let graph = Graph::build(&files, &entries, &mut diagnostics)?;
    let kept = kept(&graph);
    let text = |module: usize| {
        let bytes = files.get(&graph.modules[module].path).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    };
    let objects = kept
        .modules
        .iter()
        .map(|module| object(&graph, *module, text(*module), &kept));
    let objects = objects.collect();
    let program = program(&graph, &kept, &options.name, objects, text);
    Ok(Lowered {
        bir: program.encode(),
        diagnostics,
    })
}

fn object(graph: &Graph, module: usize, text: &str, kept: &Kept) -> Object {
    let one = &graph.modules[module];
    let printed = print(graph, module, text, kept);
    let (code, map) = match printed {
        Some(printed) => (printed.code, Some(printed.map)),
        None => (text.to_owned(), None),
    };
    let payload = Payload {
        path: one.path.clone(),
        kind: match one.kind {
            Kind::Module => "module",
            Kind::CommonJs => "commonjs",
            Kind::Json => "json",
            Kind::Text => "text",
        }
        .to_owned(),
        code,
        map,
        links: links(graph, one),
    };
    let bytes = serde_json::to_vec(&payload).unwrap_or_default();
    Object::new(one.path.clone(), bytes)
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
