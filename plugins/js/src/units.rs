//! The unit table of one module: who is there, who calls whom, and which state they share.
//!
//! What the language decides while it runs is not guessed: a call whose target is a value of the program's is *unknown*
//! (`calls_indirect`), state whose object goes on has *escaped*, and what is known besides is still said. Calls that
//! nobody writes (getters, `toString`, iterators, `then`) are not seen.

use std::collections::{BTreeSet, HashMap};

use lly_bir::{DataKind, UnitKind};
use oxc::ast::AstKind;
use oxc::ast::ast::{BindingPattern, Expression, VariableDeclarationKind};
use oxc::semantic::{AstNodes, NodeId, Scoping, Semantic};
use oxc::span::{GetSpan, Span};
use oxc::syntax::reference::Reference;
use oxc::syntax::symbol::SymbolId;

use crate::code::Printer;
use crate::contents::{Callee, Contents, Held, StateRow, UnitRow};
use crate::links::{Imported, Links};
use crate::names::{self, Named};
use crate::uses::{self, Use};

/// Reads the units of a plain module.
pub fn contents(path: &str, text: &str, semantic: &Semantic<'_>) -> Contents {
    let (nodes, scoping) = (semantic.nodes(), semantic.scoping());
    let mut table = Table {
        text,
        nodes,
        scoping,
        contents: Contents {
            links: Links::of(nodes.program(), scoping, nodes),
            ..Contents::default()
        },
        unit_at: HashMap::new(),
        keys: HashMap::new(),
        supers: HashMap::new(),
    };
    table.units(path);
    table.state();
    table.references();
    table.calls();
    table.contents
}

struct Table<'a, 'b> {
    text: &'b str,
    nodes: &'b AstNodes<'a>,
    scoping: &'b Scoping,
    contents: Contents,
    /// The units, by their nodes.
    unit_at: HashMap<NodeId, usize>,
    /// Methods by the unit of their class and their key.
    keys: HashMap<(usize, String), usize>,
    /// What a class extends, when that is a name.
    supers: HashMap<usize, SymbolId>,
}

impl<'a> Table<'a, '_> {
    /// The unit that the code at a node belongs to.
    fn unit_of(&self, id: NodeId) -> usize {
        std::iter::once(id)
            .chain(self.nodes.ancestor_ids(id))
            .find_map(|id| self.unit_at.get(&id).copied())
            .unwrap_or(0)
    }

    fn units(&mut self, path: &str) {
        let program = self.nodes.program();
        let module = Named {
            name: path.to_owned(),
            kind: UnitKind::Module,
            symbol: None,
            place: Span::sized(0, 0),
            key: None,
        };
        let printer = Printer::new(self.nodes);
        self.unit(program.node_id.get(), &module, program.span, None, &printer);
        let all: Vec<NodeId> = self.nodes.iter().map(|node| node.id()).collect();
        for id in all {
            let Some(named) = names::of(self.nodes, id) else {
                continue;
            };
            let outer = self.unit_of(self.nodes.parent_id(id));
            let span = printer.node(id).span();
            self.unit(id, &named, span, Some(outer), &printer);
        }
        let codes = printer.codes(&self.unit_at);
        for (unit, code) in codes {
            self.contents.units[unit].code = code;
        }
    }

    fn unit(
        &mut self,
        id: NodeId,
        named: &Named,
        span: Span,
        outer: Option<usize>,
        printer: &Printer<'_, '_>,
    ) {
        let at = self.contents.units.len();
        self.unit_at.insert(id, at);
        let placed = |span: Span| match outer {
            // A constructor that was put in stands where its class does.
            Some(outer) if outer > 0 && span.is_unspanned() => {
                Span::empty(self.contents.units[outer].start)
            }
            _ => span,
        };
        let (span, place) = (placed(span), placed(named.place));
        let prefix = match outer {
            Some(outer) if outer > 0 => format!("{}.", self.contents.units[outer].name),
            _ => String::new(),
        };
        if let Some(outer) = outer
            && self.contents.units[outer].kind == UnitKind::Class
        {
            if let Some(key) = &named.key {
                self.keys.insert((outer, key.clone()), at);
            }
            if named.kind == UnitKind::Constructor {
                self.contents.class_of.insert(at, outer);
            }
        }
        let inner = match self.nodes.kind(id) {
            AstKind::Function(function) => function.id.as_ref(),
            AstKind::Class(class) => class.id.as_ref(),
            _ => None,
        };
        let inner = inner.and_then(|identifier| identifier.symbol_id.get());
        for symbol in [named.symbol, inner].into_iter().flatten() {
            // A name that is set again holds a unit only at first: it is state.
            if !self.scoping.symbol_is_mutated(symbol) {
                self.contents.unit_of.insert(symbol, at);
            }
        }
        if outer == Some(0) && named.name == "default" {
            self.contents.default_unit = Some(at);
        }
        if let AstKind::Class(class) = self.nodes.kind(id)
            && let Some(heritage) = &class.heritage
            && let Expression::Identifier(base) = &heritage.expression
            && let Some(symbol) = self.scoping.get_reference(base.reference_id()).symbol_id()
        {
            self.supers.insert(at, symbol);
        }
        self.contents.units.push(UnitRow {
            name: format!("{prefix}{}", named.name),
            kind: named.kind,
            signature: printer.signature(id, self.text),
            start: span.start,
            end: span.end,
            place: place.start,
            code: String::new(),
            calls: Vec::new(),
            calls_indirect: false,
            address_taken: false,
            reads: BTreeSet::new(),
            writes: BTreeSet::new(),
            escapes: BTreeSet::new(),
        });
    }

    /// Variables at the module's top, and those of functions that a unit within them uses.
    fn state(&mut self) {
        for symbol in self.scoping.symbol_ids() {
            let is_other = self.contents.unit_of.contains_key(&symbol)
                || self.contents.links.imports.contains_key(&symbol);
            if is_other || !self.scoping.symbol_flags(symbol).is_value() {
                continue;
            }
            let declaration = self.scoping.symbol_declaration(symbol);
            let home = self.unit_of(declaration);
            let is_top = self.scoping.symbol_scope_id(symbol) == self.scoping.root_scope_id();
            let references = self.scoping.get_resolved_references(symbol);
            let is_shared = references
                .map(|reference| self.unit_of(reference.node_id()))
                .any(|unit| unit != home);
            if !is_top && !is_shared {
                continue;
            }
            let own = self.scoping.symbol_name(symbol);
            let prefix = match home {
                0 => String::new(),
                unit => format!("{}.", self.contents.units[unit].name),
            };
            let at = self.contents.state.len();
            let row = StateRow {
                name: format!("{prefix}{own}"),
                kind: self.kind(symbol, declaration),
                start: self.scoping.symbol_span(symbol).start,
                units: self.held(declaration),
            };
            let is_set = match self.nodes.kind(declaration) {
                AstKind::VariableDeclarator(declarator) => declarator.init.is_some(),
                _ => true,
            };
            if is_set && row.kind != DataKind::Constant {
                self.contents.units[home].writes.insert(Held::Own(at));
            }
            self.contents.state_of.insert(symbol, at);
            self.contents.state.push(row);
        }
    }

    fn kind(&self, symbol: SymbolId, declaration: NodeId) -> DataKind {
        let is_constant = match self.nodes.kind(declaration) {
            AstKind::VariableDeclarator(declarator) => {
                let declared = match self.nodes.parent_kind(declaration) {
                    AstKind::VariableDeclaration(whole) => whole.kind,
                    _ => VariableDeclarationKind::Let,
                };
                let is_name = matches!(declarator.id, BindingPattern::BindingIdentifier(_));
                let never_set = declared == VariableDeclarationKind::Const
                    || !self.scoping.symbol_is_mutated(symbol);
                never_set && is_name && declarator.init.as_ref().is_some_and(is_primitive)
            }
            _ => false,
        };
        if is_constant {
            DataKind::Constant
        } else {
            DataKind::Variable
        }
    }

    /// The units that a declaration's first value holds: `{ get() {} }`, or a function that may be replaced.
    fn held(&self, declaration: NodeId) -> BTreeSet<usize> {
        let span = self.nodes.kind(declaration).span();
        let within = self.unit_at.iter().filter(|(id, unit)| {
            let inner = self.nodes.kind(**id).span();
            let outer = self.unit_of(self.nodes.parent_id(**id));
            **unit > 0 && span.contains_inclusive(inner) && outer == self.unit_of(declaration)
        });
        within.map(|(_, unit)| *unit).collect()
    }

    fn references(&mut self) {
        let all: Vec<(NodeId, &'a oxc::ast::ast::IdentifierReference<'a>)> = self
            .nodes
            .iter()
            .filter_map(|node| match node.kind() {
                AstKind::IdentifierReference(reference) => Some((node.id(), reference)),
                _ => None,
            })
            .collect();
        for (id, identifier) in all {
            let reference = self.scoping.get_reference(identifier.reference_id());
            let unit = self.unit_of(id);
            let used = uses::of(self.nodes, id);
            match reference.symbol_id() {
                Some(symbol) => self.symbol(unit, symbol, reference, used),
                None => self.global(unit, identifier.name.as_str(), reference, used),
            }
        }
    }

    fn symbol(&mut self, unit: usize, symbol: SymbolId, reference: &Reference, used: Use) {
        if let Some(target) = self.contents.unit_of.get(&symbol).copied() {
            self.named_unit(unit, target, used);
        } else if let Some((request, imported)) = self.contents.links.imports.get(&symbol).cloned()
        {
            self.imported(unit, request, imported, used);
        } else if let Some(state) = self.contents.state_of.get(&symbol).copied() {
            if let Use::Method(Some(keys)) = &used {
                // `api.get()` where `const api = { get() {} }`: known, unless somebody changes `api`.
                let name = format!("{}.{}", self.contents.state[state].name, keys.join("."));
                let held = self.contents.state[state].units.iter().copied();
                let target = held
                    .into_iter()
                    .find(|held| self.contents.units[*held].name == name);
                if let Some(target) = target {
                    self.call(unit, Callee::Unit(target));
                }
            }
            self.held_use(unit, Held::Own(state), reference, used);
        } else if matches!(used, Use::Call | Use::Method(_)) {
            self.contents.units[unit].calls_indirect = true;
        }
    }

    /// A name that stands for a unit.
    fn named_unit(&mut self, unit: usize, target: usize, used: Use) {
        match used {
            Use::Call => self.construct(unit, target),
            Use::Method(keys) => {
                let method = match keys.as_deref() {
                    Some([key]) => self.keys.get(&(target, key.clone())).copied(),
                    _ => None,
                };
                match method {
                    Some(method) => self.call(unit, Callee::Unit(method)),
                    None => self.contents.units[unit].calls_indirect = true,
                }
            }
            Use::Look => {}
            Use::Change | Use::Hand => self.contents.units[target].address_taken = true,
        }
    }

    /// A call of a unit; of a class, its constructor runs as well.
    fn construct(&mut self, unit: usize, target: usize) {
        self.call(unit, Callee::Unit(target));
        if let Some(constructor) = self.keys.get(&(target, "constructor".to_owned())).copied() {
            self.call(unit, Callee::Unit(constructor));
        }
    }

    fn imported(&mut self, unit: usize, request: usize, imported: Imported, used: Use) {
        match (&imported, &used) {
            (Imported::Name(name), Use::Call) => {
                self.call(unit, Callee::Import(request, name.clone()));
            }
            (Imported::Namespace, Use::Method(Some(keys))) if keys.len() == 1 => {
                self.call(unit, Callee::Import(request, keys[0].clone()));
            }
            (_, Use::Call | Use::Method(_)) => {
                let row = &mut self.contents.units[unit];
                row.calls_indirect = true;
                let held = Held::Import(request, imported);
                row.reads.insert(held.clone());
                row.writes.insert(held);
            }
            (_, Use::Change) => {
                let row = &mut self.contents.units[unit];
                let held = Held::Import(request, imported);
                row.reads.insert(held.clone());
                row.writes.insert(held);
            }
            (_, Use::Look) => {
                let held = Held::Import(request, imported);
                self.contents.units[unit].reads.insert(held);
            }
            (_, Use::Hand) => {
                let row = &mut self.contents.units[unit];
                let held = Held::Import(request, imported);
                row.reads.insert(held.clone());
                row.escapes.insert(held);
            }
        }
    }

    fn held_use(&mut self, unit: usize, held: Held, reference: &Reference, used: Use) {
        let is_constant = match &held {
            Held::Own(state) => self.contents.state[*state].kind == DataKind::Constant,
            _ => false,
        };
        let row = &mut self.contents.units[unit];
        if reference.is_write() {
            row.writes.insert(held.clone());
        }
        if reference.is_read() || matches!(used, Use::Change | Use::Method(_)) {
            row.reads.insert(held.clone());
        }
        match used {
            Use::Call => row.calls_indirect = true,
            // What a method does to its object is not known; to a string or a number it does nothing.
            Use::Method(_) if is_constant => {}
            Use::Method(_) => {
                row.calls_indirect = true;
                row.writes.insert(held);
            }
            Use::Change => drop(row.writes.insert(held)),
            Use::Hand if reference.is_read() && !is_constant => drop(row.escapes.insert(held)),
            Use::Look | Use::Hand => {}
        }
    }

    /// A name that nothing in the module declares.
    fn global(&mut self, unit: usize, name: &str, reference: &Reference, used: Use) {
        match used {
            Use::Call if name == "eval" => self.everything(unit),
            Use::Call if name == "require" => {}
            Use::Call => self.call(unit, Callee::Platform(name.to_owned())),
            Use::Method(Some(keys)) if is_namespace(name) => {
                let path = format!("{name}.{}", keys.join("."));
                self.call(unit, Callee::Platform(path));
            }
            used if is_value(name) => {
                if matches!(used, Use::Method(_)) {
                    self.contents.units[unit].calls_indirect = true;
                }
            }
            used => self.held_use(unit, Held::Global(name.to_owned()), reference, used),
        }
    }

    /// `eval` sees and changes whatever there is.
    fn everything(&mut self, unit: usize) {
        let state = &mut self.contents.state;
        state
            .iter_mut()
            .for_each(|row| row.kind = DataKind::Variable);
        let all: BTreeSet<Held> = (0..state.len()).map(Held::Own).collect();
        let row = &mut self.contents.units[unit];
        row.calls_indirect = true;
        row.reads.extend(all.iter().cloned());
        row.writes.extend(all.iter().cloned());
        row.escapes.extend(all);
    }

    fn call(&mut self, unit: usize, callee: Callee) {
        let calls = &mut self.contents.units[unit].calls;
        if !calls.contains(&callee) {
            calls.push(callee);
        }
    }

    /// Calls whose target is no name: `this.m()`, `super()`, `f()()`, `(() => {})()`.
    fn calls(&mut self) {
        let all: Vec<NodeId> = self.nodes.iter().map(|node| node.id()).collect();
        for id in all {
            let unit = self.unit_of(id);
            match self.nodes.kind(id) {
                AstKind::ThisExpression(_) => self.this(unit, id),
                AstKind::Super(_) => self.super_use(unit, id),
                AstKind::CallExpression(call) => self.computed(unit, &call.callee),
                AstKind::NewExpression(call) => self.computed(unit, &call.callee),
                AstKind::TaggedTemplateExpression(call) => self.computed(unit, &call.tag),
                _ => {}
            }
        }
        // `class B extends A` runs A's constructor when it has none of its own.
        let derived: Vec<(usize, SymbolId)> = self.supers.iter().map(|(a, b)| (*a, *b)).collect();
        for (class, symbol) in derived {
            if !self.keys.contains_key(&(class, "constructor".to_owned())) {
                self.base(class, symbol);
            }
        }
        for (constructor, class) in self.contents.class_of.clone() {
            self.call(constructor, Callee::Unit(class));
        }
    }

    /// The class that the code of a unit is written in.
    fn class(&self, id: NodeId) -> Option<usize> {
        let mut ancestors = self.nodes.ancestor_ids(id);
        let class = ancestors.find(|id| matches!(self.nodes.kind(*id), AstKind::Class(_)))?;
        self.unit_at.get(&class).copied()
    }

    fn this(&mut self, unit: usize, id: NodeId) {
        let Use::Method(keys) = uses::of(self.nodes, id) else {
            return;
        };
        // Whoever derives the class may have another method of that name.
        self.contents.units[unit].calls_indirect = true;
        let class = self.class(id);
        if let (Some(class), Some([key])) = (class, keys.as_deref()) {
            self.method(unit, class, key);
        }
    }

    /// A call of a method that `class`, or what it extends, has under this key.
    fn method(&mut self, unit: usize, class: usize, key: &str) {
        let mut class = Some(class);
        let mut steps = self.contents.units.len();
        while let Some(one) = class {
            if let Some(method) = self.keys.get(&(one, key.to_owned())).copied() {
                return self.call(unit, Callee::Unit(method));
            }
            let base = self.supers.get(&one);
            class = base.and_then(|symbol| self.contents.unit_of.get(symbol).copied());
            steps -= 1;
            if steps == 0 {
                return;
            }
        }
    }

    fn super_use(&mut self, unit: usize, id: NodeId) {
        let Some(class) = self.class(id) else { return };
        let base = self.supers.get(&class).copied();
        match uses::of(self.nodes, id) {
            Use::Call => match base {
                Some(symbol) => self.base(unit, symbol),
                None => self.contents.units[unit].calls_indirect = true,
            },
            Use::Method(Some(keys)) => {
                let target = base.and_then(|symbol| self.contents.unit_of.get(&symbol).copied());
                match (target, keys.as_slice()) {
                    (Some(target), [key]) => self.method(unit, target, key),
                    _ => self.contents.units[unit].calls_indirect = true,
                }
            }
            Use::Method(None) => self.contents.units[unit].calls_indirect = true,
            _ => {}
        }
    }

    /// The constructor of what a name stands for.
    fn base(&mut self, unit: usize, symbol: SymbolId) {
        if let Some(target) = self.contents.unit_of.get(&symbol).copied() {
            self.construct(unit, target);
        } else if let Some((request, Imported::Name(name))) =
            self.contents.links.imports.get(&symbol).cloned()
        {
            self.call(unit, Callee::Import(request, name));
        } else {
            self.contents.units[unit].calls_indirect = true;
        }
    }

    /// Calls of what is neither a name nor reached from one.
    fn computed(&mut self, unit: usize, callee: &Expression<'a>) {
        let mut root = callee;
        loop {
            root = match root {
                Expression::StaticMemberExpression(member) => &member.object,
                Expression::ComputedMemberExpression(member) => &member.object,
                Expression::PrivateFieldExpression(member) => &member.object,
                Expression::ParenthesizedExpression(inner) => &inner.expression,
                _ => break,
            };
        }
        let is_known = match root {
            Expression::Identifier(_) | Expression::ThisExpression(_) | Expression::Super(_) => {
                true
            }
            // Called where it is written: its code is the unit's.
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => {
                std::ptr::eq(root, callee)
            }
            _ => false,
        };
        if !is_known {
            self.contents.units[unit].calls_indirect = true;
        }
    }
}

/// A value that nobody can change, whoever has it.
fn is_primitive(value: &Expression<'_>) -> bool {
    match value {
        Expression::TemplateLiteral(_) | Expression::BinaryExpression(_) => true,
        Expression::UnaryExpression(unary) => is_primitive(&unary.argument),
        other => other.is_literal() && !matches!(other, Expression::RegExpLiteral(_)),
    }
}

/// Objects of the language and the platform whose functions are known by their path.
fn is_namespace(name: &str) -> bool {
    const NAMESPACES: [&str; 24] = [
        "Array",
        "ArrayBuffer",
        "Atomics",
        "BigInt",
        "Date",
        "Error",
        "Intl",
        "JSON",
        "Map",
        "Math",
        "Number",
        "Object",
        "Promise",
        "Proxy",
        "Reflect",
        "RegExp",
        "Response",
        "String",
        "Symbol",
        "URL",
        "console",
        "crypto",
        "navigator",
        "performance",
    ];
    NAMESPACES.contains(&name)
}

/// Names of values that are no state.
fn is_value(name: &str) -> bool {
    matches!(
        name,
        "undefined" | "NaN" | "Infinity" | "arguments" | "exports" | "module" | "require"
    ) || is_namespace(name)
        || name.starts_with(|letter: char| letter.is_ascii_uppercase())
}

#[cfg(test)]
#[path = "units_tests.rs"]
mod tests;
