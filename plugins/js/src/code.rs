//! The code of a unit in one form, whatever its spaces and comments are, without that of the units within it.

use std::collections::HashMap;

use oxc::ast::AstKind;
use oxc::codegen::{Codegen, CodegenOptions, Context, Gen, GenExpr};
use oxc::semantic::{AstNodes, NodeId};
use oxc::span::GetSpan;
use oxc::syntax::precedence::Precedence;

/// Writes units.
pub struct Printer<'a, 'b> {
    nodes: &'b AstNodes<'a>,
}

/// Stands for a unit in the code of the one that it is written in.
const WITHIN: &str = "\0";

impl<'a, 'b> Printer<'a, 'b> {
    /// A printer of the units of these nodes.
    pub fn new(nodes: &'b AstNodes<'a>) -> Self {
        Self { nodes }
    }

    /// What a unit is written as: for a method the whole definition, with its key.
    pub fn node(&self, id: NodeId) -> AstKind<'a> {
        match self.nodes.parent_kind(id) {
            parent @ AstKind::MethodDefinition(_) => parent,
            AstKind::ObjectProperty(property) if property.method => {
                AstKind::ObjectProperty(property)
            }
            _ => self.nodes.kind(id),
        }
    }

    /// Its text up to its body, on one line.
    pub fn signature(&self, id: NodeId, text: &str) -> String {
        let start = self.node(id).span().start as usize;
        let end = match self.nodes.kind(id) {
            AstKind::Function(function) => function.body.as_ref().map(|body| body.span.start),
            AstKind::ArrowFunctionExpression(arrow) => Some(arrow.body.span().start),
            AstKind::Class(class) => Some(class.body.span.start),
            _ => None,
        };
        let written = end
            .and_then(|end| text.get(start..end as usize))
            .unwrap_or_default();
        let words: Vec<&str> = written.split_whitespace().collect();
        words.join(" ")
    }

    fn print(&self, id: NodeId) -> String {
        let mut out = Codegen::new().with_options(CodegenOptions::minify());
        let context = Context::default();
        match self.node(id) {
            AstKind::Program(program) => program.print(&mut out, context),
            AstKind::Function(function) => function.print(&mut out, context),
            AstKind::Class(class) => class.print(&mut out, context),
            AstKind::MethodDefinition(method) => method.print(&mut out, context),
            AstKind::ObjectProperty(property) => property.print(&mut out, context),
            AstKind::ArrowFunctionExpression(arrow) => {
                arrow.print_expr(&mut out, Precedence::Lowest, context);
            }
            _ => {}
        }
        out.into_source_text()
    }

    /// The code of every unit, by its index.
    pub fn codes(&self, units: &HashMap<NodeId, usize>) -> Vec<(usize, String)> {
        let mut order: Vec<(usize, NodeId)> = units.iter().map(|(id, unit)| (*unit, *id)).collect();
        order.sort_unstable();
        let whole: Vec<String> = order.iter().map(|(_, id)| self.print(*id)).collect();
        let outer = |id: NodeId| {
            let mut ancestors = self.nodes.ancestor_ids(id);
            ancestors.find_map(|id| units.get(&id).copied())
        };
        let outers: Vec<Option<usize>> = order.iter().map(|(_, id)| outer(*id)).collect();
        let own = |unit: usize| {
            let mut rest = whole[unit].as_str();
            let mut code = String::new();
            for (inner, _) in outers
                .iter()
                .enumerate()
                .filter(|(_, outer)| **outer == Some(unit))
            {
                // What the printer wrote otherwise within than on its own stays: the code says more than it has to.
                if let Some((before, after)) = rest.split_once(whole[inner].as_str()) {
                    code.push_str(before);
                    code.push_str(WITHIN);
                    rest = after;
                }
            }
            code + rest
        };
        order.iter().map(|(unit, _)| (*unit, own(*unit))).collect()
    }
}
