//! The statements at a module's top, as far as it matters who needs whom: what `shake` leaves out, it leaves out whole.

use std::collections::{BTreeSet, HashMap};

use oxc::ast::AstKind;
use oxc::ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Expression, IdentifierReference, Program, Statement,
};
use oxc::semantic::{NodeId, Semantic};
use oxc::span::GetSpan;
use oxc::syntax::symbol::SymbolId;
use oxc_ecmascript::GlobalContext;
use oxc_ecmascript::side_effects::{
    MayHaveSideEffects, MayHaveSideEffectsContext, PropertyReadSideEffects,
};

use crate::links::declared;

/// One statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Names at the module's top that it makes.
    pub declares: BTreeSet<SymbolId>,
    /// Names at the module's top that it needs, its own left out.
    pub uses: BTreeSet<SymbolId>,
    /// It has to run whether anybody needs its names or not.
    pub acts: bool,
    /// It is `export default` of a value.
    pub is_default: bool,
    /// Byte offsets of its first character, and of the one after its last.
    pub span: (u32, u32),
    /// It is an `import` or an `export` of names, which says nothing that the links do not say.
    pub is_link: bool,
}

/// What is known of names when asking whether an expression does anything.
struct Names<'b, 'a>(&'b Semantic<'a>);

impl<'a> GlobalContext<'a> for Names<'_, 'a> {
    fn is_global_reference(&self, identifier: &IdentifierReference<'a>) -> bool {
        self.0.is_reference_to_global_variable(identifier)
    }
}

impl<'a> MayHaveSideEffectsContext<'a> for Names<'_, 'a> {
    fn annotations(&self) -> bool {
        true
    }

    fn manual_pure_functions(&self, _callee: &Expression<'_>) -> bool {
        false
    }

    fn property_read_side_effects(&self) -> PropertyReadSideEffects {
        PropertyReadSideEffects::All
    }

    fn unknown_global_side_effects(&self) -> bool {
        true
    }
}

/// The statements of a plain module, in order.
pub fn parts<'a>(program: &Program<'a>, semantic: &Semantic<'a>) -> Vec<Part> {
    let names = Names(semantic);
    let mut parts: Vec<Part> = program
        .body
        .iter()
        .map(|statement| part(statement, &names))
        .collect();
    let (nodes, scoping) = (semantic.nodes(), semantic.scoping());
    let root = program.node_id.get();
    // Node ids grow along the text, statements that were put in included, which have no place of their own in it.
    let starts: HashMap<NodeId, usize> = nodes
        .iter()
        .filter(|node| node.id() != root && nodes.parent_id(node.id()) == root)
        .filter(|node| !matches!(node.kind(), AstKind::Directive(_) | AstKind::Hashbang(_)))
        .enumerate()
        .map(|(at, node)| (node.id(), at))
        .collect();
    let statement_of = |id: NodeId| {
        std::iter::once(id)
            .chain(nodes.ancestor_ids(id))
            .find_map(|id| starts.get(&id).copied())
    };
    for node in nodes.iter() {
        let AstKind::IdentifierReference(identifier) = node.kind() else {
            continue;
        };
        let symbol = scoping.get_reference(identifier.reference_id()).symbol_id();
        let Some(symbol) = symbol else { continue };
        if scoping.symbol_scope_id(symbol) != scoping.root_scope_id() {
            continue;
        }
        if let Some(at) = statement_of(node.id())
            && let Some(part) = parts.get_mut(at)
            && !part.declares.contains(&symbol)
        {
            part.uses.insert(symbol);
        }
    }
    for part in parts.iter_mut().filter(|part| part.is_link) {
        part.uses.clear();
    }
    parts
}

fn part<'a>(statement: &Statement<'a>, names: &Names<'_, 'a>) -> Part {
    let span = statement.span();
    let mut part = Part {
        span: (span.start, span.end),
        ..Part::default()
    };
    let declaration = match statement {
        Statement::ImportDeclaration(_)
        | Statement::ExportFromDeclaration(_)
        | Statement::ExportAllDeclaration(_)
        | Statement::ExportNamedDeclaration(_) => {
            part.is_link = true;
            return part;
        }
        Statement::ExportDeclaration(export) => Some(&export.declaration),
        Statement::ExportDefaultDeclaration(export) => {
            part.is_default = true;
            let (identifier, acts) = match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(one) => (one.id.as_ref(), false),
                ExportDefaultDeclarationKind::ClassDeclaration(one) => {
                    (one.id.as_ref(), one.may_have_side_effects(names))
                }
                other => {
                    let expression = other.as_expression();
                    let acts = expression.is_none_or(|one| one.may_have_side_effects(names));
                    (None, acts)
                }
            };
            part.acts = acts;
            part.declares
                .extend(identifier.and_then(|identifier| identifier.symbol_id.get()));
            return part;
        }
        other => other.as_declaration(),
    };
    match declaration {
        Some(declaration) => {
            part.acts = declaration.may_have_side_effects(names);
            declared(declaration, &mut |identifier| {
                part.declares.extend(identifier.symbol_id.get());
            });
            if let Declaration::FunctionDeclaration(_) = declaration {
                part.acts = false;
            }
        }
        None => {
            part.acts = statement.may_have_side_effects(names)
                || !matches!(statement, Statement::EmptyStatement(_));
            // `var` in a block is a name at the top.
            if let Statement::VariableDeclaration(one) = statement {
                for declarator in &one.declarations {
                    for identifier in declarator.id.get_binding_identifiers() {
                        part.declares.extend(identifier.symbol_id.get());
                    }
                }
            }
        }
    }
    part
}
