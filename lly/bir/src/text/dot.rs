//! The graph in Graphviz's language: units are boxes, state is a cylinder, and what is outside the program is grey.

use std::collections::BTreeSet;

use super::Names;
use crate::program::{Call, Program};

/// Draws the program. Constants are left out: they bind nothing together.
pub fn dot(program: &Program) -> String {
    let names = Names::new(program);
    let mut text = format!("digraph {} {{\n", quoted(&program.name));
    text.push_str("  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (at, unit) in program.units.iter().enumerate() {
        let style = if unit.address_taken {
            ", peripheries=2"
        } else {
            ""
        };
        let label = quoted(&names.units[at]);
        let tooltip = quoted(&unit.signature);
        text.push_str(&format!(
            "  u{at} [label={label}, tooltip={tooltip}{style}];\n"
        ));
    }
    let is_state = |index: &&u32| {
        program
            .data
            .get(**index as usize)
            .is_some_and(|item| item.kind.is_mutable())
    };
    let used: BTreeSet<u32> = program
        .units
        .iter()
        .flat_map(|unit| unit.reads.iter().chain(&unit.writes))
        .filter(is_state)
        .copied()
        .collect();
    for index in &used {
        let label = quoted(&names.data[*index as usize]);
        text.push_str(&format!("  d{index} [label={label}, shape=cylinder];\n"));
    }
    let externals: BTreeSet<&str> = program
        .units
        .iter()
        .flat_map(|unit| &unit.calls)
        .filter_map(|call| match call {
            Call::External(symbol) => Some(symbol.as_str()),
            Call::Unit(_) => None,
        })
        .collect();
    for symbol in externals {
        let symbol = quoted(symbol);
        text.push_str(&format!("  {symbol} [shape=plaintext, fontcolor=gray];\n"));
    }
    for (at, unit) in program.units.iter().enumerate() {
        for call in &unit.calls {
            match call {
                Call::Unit(index) => text.push_str(&format!("  u{at} -> u{index};\n")),
                Call::External(symbol) => {
                    text.push_str(&format!("  u{at} -> {} [color=gray];\n", quoted(symbol)));
                }
            }
        }
        for index in unit.reads.iter().filter(is_state) {
            text.push_str(&format!("  d{index} -> u{at} [style=dotted];\n"));
        }
        for index in unit.writes.iter().filter(is_state) {
            text.push_str(&format!("  u{at} -> d{index} [style=dashed];\n"));
        }
    }
    text.push_str("}\n");
    text
}

/// A quoted identifier: Graphviz knows an escape for the quote, and takes backslashes as they stand but for the last.
fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for character in super::printable(name).chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}
