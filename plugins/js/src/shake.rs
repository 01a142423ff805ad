//! What of the modules anybody needs: the statements that act, and those that they need, and so on.
//!
//! The unit is a statement at a module's top, as in esbuild's parts
//! (<https://github.com/evanw/esbuild/blob/main/docs/architecture.md#tree-shaking>).

use std::collections::BTreeSet;

use crate::graph::{Graph, Reached, Resolved};
use crate::links::{Export, Imported};
use crate::syntax::Kind;

/// What stays of a program.
#[derive(Debug, Default)]
pub struct Kept {
    /// Modules, by index.
    pub modules: BTreeSet<usize>,
    /// Statements: module and index of its parts.
    pub parts: BTreeSet<(usize, usize)>,
    /// Exports that somebody asks for: module and name.
    pub exports: BTreeSet<(usize, String)>,
}

enum Need {
    Module(usize),
    Part(usize, usize),
    Export(usize, Imported),
}

/// Finds what is needed, beginning with everything that the sources offer and do.
pub fn kept(graph: &Graph) -> Kept {
    let mut search = Search {
        graph,
        kept: Kept::default(),
        open: Vec::new(),
    };
    for root in 0..graph.roots {
        search.open.push(Need::Module(root));
        search.open.push(Need::Export(root, Imported::Namespace));
    }
    while let Some(need) = search.open.pop() {
        match need {
            Need::Module(module) => search.module(module),
            Need::Part(module, part) => search.part(module, part),
            Need::Export(module, name) => search.export(module, &name),
        }
    }
    search.kept
}

struct Search<'a> {
    graph: &'a Graph,
    kept: Kept,
    open: Vec<Need>,
}

impl Search<'_> {
    fn module(&mut self, module: usize) {
        if !self.kept.modules.insert(module) {
            return;
        }
        let one = &self.graph.modules[module];
        for (at, part) in one.parts.iter().enumerate() {
            if part.acts || one.kind != Kind::Module {
                self.open.push(Need::Part(module, at));
            }
        }
        for (request, reached) in one.contents.links.requests.iter().zip(&one.reached) {
            let Reached::Module(target) = *reached else {
                continue;
            };
            if one.kind != Kind::Module || request.is_lazy {
                self.open.push(Need::Module(target));
                self.open.push(Need::Export(target, Imported::Namespace));
            } else if self.graph.modules[target].has_side_effects {
                self.open.push(Need::Module(target));
            }
        }
    }

    fn part(&mut self, module: usize, part: usize) {
        if !self.kept.parts.insert((module, part)) {
            return;
        }
        self.open.push(Need::Module(module));
        let graph = self.graph;
        let one = &graph.modules[module];
        for symbol in &one.parts[part].uses {
            if let Some((request, name)) = one.contents.links.imports.get(symbol) {
                if let Reached::Module(target) = one.reached[*request] {
                    self.open.push(Need::Export(target, name.clone()));
                }
                continue;
            }
            for (at, other) in one.parts.iter().enumerate() {
                if other.declares.contains(symbol) {
                    self.open.push(Need::Part(module, at));
                }
            }
        }
    }

    fn export(&mut self, module: usize, name: &Imported) {
        self.open.push(Need::Module(module));
        let graph = self.graph;
        let one = &graph.modules[module];
        let Imported::Name(text) = name else {
            for name in one.contents.links.exports.keys() {
                let name = Imported::Name(name.clone());
                if let Imported::Name(text) = &name
                    && !self.kept.exports.contains(&(module, text.clone()))
                {
                    self.open.push(Need::Export(module, name));
                }
            }
            for request in &one.contents.links.stars {
                if let Reached::Module(target) = one.reached[*request]
                    && self.kept.exports.insert((module, format!("*{request}")))
                {
                    self.open.push(Need::Export(target, Imported::Namespace));
                }
            }
            return;
        };
        if !self.kept.exports.insert((module, text.clone())) {
            return;
        }
        match one.contents.links.exports.get(text) {
            Some(Export::Local(symbol)) => {
                for (at, part) in one.parts.iter().enumerate() {
                    if part.declares.contains(symbol) {
                        self.open.push(Need::Part(module, at));
                    }
                }
            }
            Some(Export::Value) => {
                let at = one.parts.iter().position(|part| part.is_default);
                self.open.extend(at.map(|at| Need::Part(module, at)));
            }
            Some(Export::From(request, imported)) => {
                if let Reached::Module(target) = one.reached[*request] {
                    self.open.push(Need::Export(target, imported.clone()));
                }
            }
            None => {
                for request in &one.contents.links.stars {
                    let Reached::Module(target) = one.reached[*request] else {
                        continue;
                    };
                    if graph.resolve(target, name) != Resolved::Absent {
                        self.kept.exports.insert((module, format!("*{request}")));
                        self.open.push(Need::Export(target, name.clone()));
                    }
                }
            }
        }
    }
}
