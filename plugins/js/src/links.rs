//! What a module asks of others, and what it offers them.

use std::collections::{BTreeMap, HashMap};

use oxc::ast::ast::{
    BindingIdentifier, Declaration, ExportDefaultDeclarationKind, Expression,
    ImportDeclarationSpecifier, ModuleExportName, Program, Statement, WithClause,
};
use oxc::semantic::{AstNodes, Scoping};
use oxc::span::GetSpan;
use oxc::syntax::symbol::SymbolId;

use crate::resolve::Manner;

/// One module that another asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// As it is written.
    pub specifier: String,
    /// Where it is written: a byte offset.
    pub offset: u32,
    /// `import` or `require`.
    pub manner: Manner,
    /// It is asked for when the code is reached (`import()`, `require()` in a function), not before the module runs.
    pub is_lazy: bool,
    /// `with { type: "…" }`.
    pub kind: Option<String>,
}

/// What one name of a request stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Imported {
    /// One export, `default` among them.
    Name(String),
    /// All of them, as an object.
    Namespace,
}

/// A name that a module offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Export {
    /// A name at its top.
    Local(SymbolId),
    /// `export default` of a value.
    Value,
    /// Another module's.
    From(usize, Imported),
}

/// The links of a module.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// The modules that it asks for, in the order in which it first does.
    pub requests: Vec<Request>,
    /// Names that come from them: an index of `requests` and what of it.
    pub imports: HashMap<SymbolId, (usize, Imported)>,
    /// What it offers under which name.
    pub exports: BTreeMap<String, Export>,
    /// `export *`: indices of `requests`.
    pub stars: Vec<usize>,
}

impl Links {
    /// Reads the `import` and `export` statements, `import()` and `require()` of a plain module.
    pub fn of(program: &Program<'_>, scoping: &Scoping, nodes: &AstNodes<'_>) -> Self {
        let mut links = Self::default();
        for statement in &program.body {
            links.statement(statement, scoping);
        }
        links.calls(scoping, nodes);
        links
    }

    fn request(&mut self, request: Request) -> usize {
        let same = |one: &Request| {
            (&one.specifier, one.manner, &one.kind)
                == (&request.specifier, request.manner, &request.kind)
        };
        match self.requests.iter().position(same) {
            Some(at) => {
                self.requests[at].is_lazy &= request.is_lazy;
                at
            }
            None => {
                self.requests.push(request);
                self.requests.len() - 1
            }
        }
    }

    fn asked(
        &mut self,
        source: &oxc::ast::ast::StringLiteral<'_>,
        with: Option<&WithClause<'_>>,
    ) -> usize {
        let kind = with.and_then(|with| {
            let mut entries = with.with_entries.iter();
            let entry = entries.find(|entry| entry.key.as_arena_str().as_str() == "type")?;
            Some(entry.value.value.to_string())
        });
        self.request(Request {
            specifier: source.value.to_string(),
            offset: source.span.start,
            manner: Manner::Import,
            is_lazy: false,
            kind,
        })
    }

    fn statement(&mut self, statement: &Statement<'_>, scoping: &Scoping) {
        match statement {
            Statement::ImportDeclaration(import) => {
                let request = self.asked(&import.source, import.with_clause.as_deref());
                for one in import.specifiers.iter().flatten() {
                    let (local, imported) = match one {
                        ImportDeclarationSpecifier::ImportSpecifier(one) => {
                            (&one.local, Imported::Name(one.imported.name().to_string()))
                        }
                        ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                            (&one.local, Imported::Name("default".to_owned()))
                        }
                        ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                            (&one.local, Imported::Namespace)
                        }
                    };
                    if let Some(symbol) = local.symbol_id.get() {
                        self.imports.insert(symbol, (request, imported));
                    }
                }
            }
            Statement::ExportFromDeclaration(export) => {
                let request = self.asked(&export.source, export.with_clause.as_deref());
                for one in &export.specifiers {
                    let from = Imported::Name(one.local.name().to_string());
                    let name = one.exported.name().to_string();
                    self.exports.insert(name, Export::From(request, from));
                }
            }
            Statement::ExportAllDeclaration(export) => {
                let request = self.asked(&export.source, export.with_clause.as_deref());
                match &export.exported {
                    Some(name) => {
                        let export = Export::From(request, Imported::Namespace);
                        self.exports.insert(name.name().to_string(), export);
                    }
                    None => self.stars.push(request),
                }
            }
            Statement::ExportNamedDeclaration(export) => {
                for one in &export.specifiers {
                    if let Some(symbol) = local(&one.local, scoping) {
                        self.offer(one.exported.name().as_str(), symbol);
                    }
                }
            }
            Statement::ExportDeclaration(export) => {
                declared(&export.declaration, &mut |identifier| {
                    if let Some(symbol) = identifier.symbol_id.get() {
                        self.offer(identifier.name.as_str(), symbol);
                    }
                });
            }
            Statement::ExportDefaultDeclaration(export) => {
                let identifier = match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(one) => one.id.as_ref(),
                    ExportDefaultDeclarationKind::ClassDeclaration(one) => one.id.as_ref(),
                    _ => None,
                };
                match identifier.and_then(|identifier| identifier.symbol_id.get()) {
                    Some(symbol) => self.offer("default", symbol),
                    None => drop(self.exports.insert("default".to_owned(), Export::Value)),
                }
            }
            _ => {}
        }
    }

    /// `export { symbol as name }`, where the symbol may be an import.
    fn offer(&mut self, name: &str, symbol: SymbolId) {
        let export = match self.imports.get(&symbol) {
            Some((request, imported)) => Export::From(*request, imported.clone()),
            None => Export::Local(symbol),
        };
        self.exports.insert(name.to_owned(), export);
    }

    fn calls(&mut self, scoping: &Scoping, nodes: &AstNodes<'_>) {
        use oxc::ast::AstKind;
        for node in nodes.iter() {
            let (specifier, manner) = match node.kind() {
                AstKind::ImportExpression(import) => (&import.source, Manner::Import),
                AstKind::CallExpression(call) => {
                    let Expression::Identifier(callee) = &call.callee else {
                        continue;
                    };
                    let reference = scoping.get_reference(callee.reference_id());
                    let first = call.arguments.first().and_then(|one| one.as_expression());
                    match first {
                        Some(first)
                            if callee.name == "require" && reference.symbol_id().is_none() =>
                        {
                            (first, Manner::Require)
                        }
                        _ => continue,
                    }
                }
                _ => continue,
            };
            let Some(text) = constant_text(specifier) else {
                continue;
            };
            let is_in_function = nodes
                .ancestor_kinds(node.id())
                .any(|kind| kind.is_function_like());
            self.request(Request {
                specifier: text,
                offset: specifier.span().start,
                manner,
                is_lazy: manner == Manner::Import || is_in_function,
                kind: None,
            });
        }
    }
}

/// The text of a string literal or of a template without holes.
fn constant_text(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::StringLiteral(literal) => Some(literal.value.to_string()),
        Expression::TemplateLiteral(template) => {
            template.single_quasi().map(|text| text.to_string())
        }
        _ => None,
    }
}

fn local(name: &ModuleExportName<'_>, scoping: &Scoping) -> Option<SymbolId> {
    match name {
        ModuleExportName::IdentifierReference(reference) => {
            scoping.get_reference(reference.reference_id()).symbol_id()
        }
        _ => None,
    }
}

/// Every name that a declaration makes.
pub fn declared<'a, 'b>(
    declaration: &'b Declaration<'a>,
    each: &mut dyn FnMut(&'b BindingIdentifier<'a>),
) {
    match declaration {
        Declaration::FunctionDeclaration(one) => one.id.iter().for_each(each),
        Declaration::ClassDeclaration(one) => one.id.iter().for_each(each),
        Declaration::VariableDeclaration(one) => {
            for declarator in &one.declarations {
                for identifier in declarator.id.get_binding_identifiers() {
                    each(identifier);
                }
            }
        }
        _ => {}
    }
}
