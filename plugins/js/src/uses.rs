//! How a name is used where it stands: called, read, changed, or handed on.

use oxc::ast::AstKind;
use oxc::ast::ast::Expression;
use oxc::semantic::{AstNodes, NodeId};
use oxc::span::GetSpan;
use oxc::syntax::operator::UnaryOperator;

/// What happens to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// `value()`, `new value()`, ``value`…` ``.
    Call,
    /// `value.a.b()`: the keys, as far as they are written out; nothing when one is computed.
    Method(Option<Vec<String>>),
    /// `value.a = …`, `delete value.a`, `value.a++`.
    Change,
    /// Its own value is looked at and goes nowhere: `value + 1`, `if (value)`, `value.length > 2`.
    Look,
    /// It, or something that can be reached through it, goes on: an argument, a result, another variable.
    Hand,
}

/// How the value at `id` is used.
pub fn of(nodes: &AstNodes<'_>, id: NodeId) -> Use {
    let mut keys = Some(Vec::new());
    // Nothing but brackets stands between the value and where we are.
    let mut is_plain = true;
    let mut at = id;
    loop {
        let parent = nodes.parent_id(at);
        let span = nodes.kind(at).span();
        match nodes.kind(parent) {
            AstKind::ChainExpression(_) | AstKind::ParenthesizedExpression(_) => {}
            AstKind::StaticMemberExpression(member) => {
                is_plain = false;
                if let Some(keys) = &mut keys {
                    keys.push(member.property.name.to_string());
                }
            }
            AstKind::PrivateFieldExpression(member) => {
                is_plain = false;
                if let Some(keys) = &mut keys {
                    keys.push(format!("#{}", member.field.name));
                }
            }
            AstKind::ComputedMemberExpression(member) => {
                if member.object.span() != span {
                    return Use::Look;
                }
                is_plain = false;
                keys = match (&member.expression, keys) {
                    (Expression::StringLiteral(text), Some(mut keys)) => {
                        keys.push(text.value.to_string());
                        Some(keys)
                    }
                    _ => None,
                };
            }
            // A call that was put in has no place, nor has what is in it: a decorator gets all.
            AstKind::CallExpression(call) if call.span.is_unspanned() => return Use::Hand,
            AstKind::CallExpression(call) if call.callee.span() == span => {
                return called(is_plain, keys);
            }
            AstKind::NewExpression(call) if call.callee.span() == span => {
                return called(is_plain, keys);
            }
            AstKind::TaggedTemplateExpression(call) if call.tag.span() == span => {
                return called(is_plain, keys);
            }
            other => return other_use(other, span, is_plain),
        }
        at = parent;
    }
}

fn called(is_plain: bool, keys: Option<Vec<String>>) -> Use {
    if is_plain {
        Use::Call
    } else {
        Use::Method(keys)
    }
}

fn other_use(parent: AstKind<'_>, span: oxc::span::Span, is_plain: bool) -> Use {
    match parent {
        AstKind::AssignmentExpression(assignment) if assignment.left.span() == span => {
            if is_plain { Use::Look } else { Use::Change }
        }
        AstKind::UpdateExpression(_) => {
            if is_plain { Use::Look } else { Use::Change }
        }
        AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => Use::Change,
        AstKind::ForInStatement(statement) if statement.left.span() == span && !is_plain => {
            Use::Change
        }
        AstKind::ForOfStatement(statement) if statement.left.span() == span && !is_plain => {
            Use::Change
        }
        AstKind::ArrayAssignmentTarget(_)
        | AstKind::AssignmentTargetRest(_)
        | AstKind::AssignmentTargetPropertyProperty(_)
            if !is_plain =>
        {
            Use::Change
        }
        AstKind::UnaryExpression(_)
        | AstKind::BinaryExpression(_)
        | AstKind::PrivateInExpression(_)
        | AstKind::TemplateLiteral(_)
        | AstKind::ExpressionStatement(_)
        | AstKind::WhileStatement(_)
        | AstKind::DoWhileStatement(_)
        | AstKind::ForStatement(_)
        | AstKind::IfStatement(_)
        | AstKind::SwitchStatement(_)
        | AstKind::SwitchCase(_)
        // What is extended: its units are known by name.
        | AstKind::Class(_) => Use::Look,
        AstKind::ConditionalExpression(condition) if condition.test.span() == span => Use::Look,
        _ => Use::Hand,
    }
}
