//! Which functions and classes are units, and what they are called.
//!
//! A unit is what the programmer gave a name: a declaration, a method, a function that is a variable's or a property's
//! first value. A function without a name of its own (`list.map(x => …)`) belongs to the unit that it is written in.

use lly_bir::UnitKind;
use oxc::ast::AstKind;
use oxc::ast::ast::{
    AssignmentTarget, BindingPattern, Expression, MethodDefinitionKind, PropertyKey, PropertyKind,
};
use oxc::semantic::{AstNodes, NodeId};
use oxc::span::{GetSpan, Span};
use oxc::syntax::symbol::SymbolId;

/// A function or class that is a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name without those of the units that it is written in, such as `router.get`.
    pub name: String,
    /// What it is.
    pub kind: UnitKind,
    /// The name in the program that holds it, if one does from the start.
    pub symbol: Option<SymbolId>,
    /// Where its name is written.
    pub place: Span,
    /// The method's key, as `this.key()` would call it.
    pub key: Option<String>,
}

/// What the unit at this node is called; nothing for what is none.
pub fn of(nodes: &AstNodes<'_>, id: NodeId) -> Option<Named> {
    let (own, kind, span) = match nodes.kind(id) {
        AstKind::Function(function) if function.body.is_some() => {
            (function.id.as_ref(), UnitKind::Function, function.span)
        }
        AstKind::ArrowFunctionExpression(arrow) => (None, UnitKind::Function, arrow.span),
        AstKind::Class(class) => (class.id.as_ref(), UnitKind::Class, class.span),
        _ => return None,
    };
    let held = holder(nodes, id, span);
    let Some(identifier) = own else {
        return held.map(|held| Named {
            kind: if held.kind == UnitKind::Function {
                kind
            } else {
                held.kind
            },
            ..held
        });
    };
    let name = identifier.name.to_string();
    Some(match held {
        // `const a = function b() {}`: others know it as `a`.
        Some(held) if held.kind != UnitKind::Function || held.name != "default" => Named {
            kind: if held.kind == UnitKind::Function {
                kind
            } else {
                held.kind
            },
            ..held
        },
        _ => Named {
            name,
            kind,
            symbol: identifier.symbol_id.get(),
            place: identifier.span,
            key: None,
        },
    })
}

/// What holds the value at this node from the start, and under which name.
fn holder(nodes: &AstNodes<'_>, id: NodeId, span: Span) -> Option<Named> {
    let parent = nodes.parent_id(id);
    let plain = |name: String, place: Span| Named {
        name,
        kind: UnitKind::Function,
        symbol: None,
        place,
        key: None,
    };
    match nodes.kind(parent) {
        AstKind::VariableDeclarator(declarator) => match &declarator.id {
            BindingPattern::BindingIdentifier(identifier) => Some(Named {
                symbol: identifier.symbol_id.get(),
                ..plain(identifier.name.to_string(), identifier.span)
            }),
            _ => None,
        },
        AstKind::AssignmentExpression(assignment) if assignment.right.span() == span => {
            let name = target(&assignment.left)?;
            Some(plain(name, assignment.left.span()))
        }
        AstKind::ExportDefaultDeclaration(_) => {
            Some(plain("default".to_owned(), Span::sized(span.start, 0)))
        }
        AstKind::ParenthesizedExpression(outer) => holder(nodes, parent, outer.span),
        AstKind::MethodDefinition(method) => {
            let key = key(&method.key, method.computed)?;
            Some(Named {
                name: match method.kind {
                    MethodDefinitionKind::Get => format!("get {key}"),
                    MethodDefinitionKind::Set => format!("set {key}"),
                    MethodDefinitionKind::Constructor | MethodDefinitionKind::Method => key.clone(),
                },
                kind: match method.kind {
                    MethodDefinitionKind::Constructor => UnitKind::Constructor,
                    _ => UnitKind::Method,
                },
                symbol: None,
                place: method.key.span(),
                key: Some(key),
            })
        }
        AstKind::PropertyDefinition(property) => {
            let key = key(&property.key, property.computed)?;
            Some(Named {
                kind: UnitKind::Method,
                key: Some(key.clone()),
                ..plain(key, property.key.span())
            })
        }
        AstKind::ObjectProperty(property) if property.value.span() == span => {
            let key = key(&property.key, property.computed)?;
            let word = match property.kind {
                PropertyKind::Init => key,
                PropertyKind::Get => format!("get {key}"),
                PropertyKind::Set => format!("set {key}"),
            };
            let object = nodes.parent_id(parent);
            let name = match nodes.parent_kind(object) {
                // What a function gives: its keys are names enough.
                AstKind::ReturnStatement(_) | AstKind::ArrowFunctionExpression(_) => word,
                _ => {
                    let outer = holder(nodes, object, nodes.kind(object).span())?;
                    format!("{}.{word}", outer.name)
                }
            };
            Some(plain(name, property.key.span()))
        }
        _ => None,
    }
}

/// `a.b.c` of an assignment's left side; `exports.` and `module.exports.` are left out.
fn target(left: &AssignmentTarget<'_>) -> Option<String> {
    let whole = match left {
        AssignmentTarget::AssignmentTargetIdentifier(identifier) => identifier.name.to_string(),
        AssignmentTarget::StaticMemberExpression(member) => {
            format!("{}.{}", path(&member.object)?, member.property.name)
        }
        _ => return None,
    };
    let own = whole
        .strip_prefix("module.exports.")
        .or_else(|| whole.strip_prefix("exports."));
    Some(match own {
        Some(own) => own.to_owned(),
        None if whole == "module.exports" => "default".to_owned(),
        None => whole,
    })
}

/// `a.b.c`, where nothing is computed. `this` stands for itself.
pub fn path(expression: &Expression<'_>) -> Option<String> {
    match expression {
        Expression::Identifier(identifier) => Some(identifier.name.to_string()),
        Expression::ThisExpression(_) => Some("this".to_owned()),
        Expression::StaticMemberExpression(member) => Some(format!(
            "{}.{}",
            path(&member.object)?,
            member.property.name
        )),
        _ => None,
    }
}

fn key(key: &PropertyKey<'_>, is_computed: bool) -> Option<String> {
    match key {
        PropertyKey::PrivateIdentifier(name) => Some(format!("#{}", name.name)),
        key if is_computed => match key.as_expression()? {
            // `[Symbol.iterator]`
            Expression::StaticMemberExpression(member) => {
                let path = path(&member.object)?;
                Some(format!("[{path}.{}]", member.property.name))
            }
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            _ => None,
        },
        key => key.static_name().map(|name| name.to_string()),
    }
}
