//! The form for people: one block for each unit, in the order of the program. Stable, so that two dumps can be compared
//! line by line; literals are left out, because every other line prints one.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::program::{Call, DataKind, Program, Unit};

mod dot;

pub use dot::dot;

/// Prints the program.
pub fn render(program: &Program) -> String {
    let names = Names::new(program);
    let mut text = String::new();
    let bytes: u64 = program
        .units
        .iter()
        .map(|unit| u64::from(unit.size_bytes))
        .sum();
    line(
        &mut text,
        &format!(
            "program {} ({}): {} units, {} bytes of code, {} objects",
            printable(&program.name),
            printable(&program.language),
            program.units.len(),
            bytes,
            program.objects.len()
        ),
    );
    for unit in &program.units {
        render_unit(&mut text, unit, &names);
    }
    for (at, item) in program.data.iter().enumerate() {
        if item.kind == DataKind::Literal {
            continue;
        }
        text.push('\n');
        let size = match item.kind {
            DataKind::External => String::new(),
            _ => format!("  {} bytes  {}", item.size_bytes, item.digest.short()),
        };
        line(
            &mut text,
            &format!("{} {}{size}", item.kind.as_str(), names.data[at]),
        );
        list(
            &mut text,
            "units",
            item.units.iter().map(|unit| names.unit(*unit)).collect(),
        );
        list(&mut text, "data", names.data_list(&item.data));
    }
    text
}

fn render_unit(text: &mut String, unit: &Unit, names: &Names<'_>) {
    text.push('\n');
    let place = match &unit.span {
        Some(span) if span.end_line > span.line => {
            format!(
                "  {}:{}-{}",
                printable(&span.file),
                span.line,
                span.end_line
            )
        }
        Some(span) => format!("  {}:{}", printable(&span.file), span.line),
        None => String::new(),
    };
    line(
        text,
        &format!(
            "{} {}{place}  {} bytes  {}",
            unit.kind.as_str(),
            printable(&unit.name),
            unit.size_bytes,
            unit.digest.short()
        ),
    );
    list(text, "signature", vec![printable(&unit.signature)]);
    if unit.symbol != unit.name {
        list(text, "symbol", vec![printable(&unit.symbol)]);
    }
    let mut calls: Vec<String> = unit.calls.iter().map(|call| names.call(call)).collect();
    if unit.calls_indirect {
        calls.push("(through a pointer)".to_owned());
    }
    list(text, "calls", calls);
    list(text, "reads", names.data_list(&unit.reads));
    list(text, "writes", names.data_list(&unit.writes));
    list(text, "escapes", names.data_list(&unit.escapes));
    if unit.address_taken {
        line(text, "  address taken");
    }
}

fn list(text: &mut String, title: &str, items: Vec<String>) {
    if !items.is_empty() {
        line(text, &format!("  {title:<9} {}", items.join(", ")));
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Names come out of a file: one that holds control characters must not steer the reader's terminal.
fn printable(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", character.escape_default());
        } else {
            text.push(character);
        }
    }
    text
}

/// What units and data are called in a list: the name where it is the only one of its kind, else the signature, else
/// the name and what tells it apart: the object, or the symbol where one object has several.
struct Names<'a> {
    program: &'a Program,
    units: Vec<String>,
    data: Vec<String>,
}

impl<'a> Names<'a> {
    fn new(program: &'a Program) -> Self {
        let names = counts(program.units.iter().map(|unit| unit.name.as_str()));
        let signatures = counts(program.units.iter().map(|unit| unit.signature.as_str()));
        let places = counts(
            program
                .units
                .iter()
                .map(|unit| (unit.name.as_str(), unit.object)),
        );
        let units = program.units.iter().map(|unit| {
            if names[unit.name.as_str()] == 1 {
                printable(&unit.name)
            } else if signatures[unit.signature.as_str()] == 1 {
                printable(&unit.signature)
            } else if places[&(unit.name.as_str(), unit.object)] == 1 {
                in_object(program, &unit.name, Some(unit.object))
            } else {
                format!("{} [{}]", printable(&unit.name), printable(&unit.symbol))
            }
        });
        let data_names = counts(program.data.iter().map(|item| item.name.as_str()));
        let data = program.data.iter().map(|item| {
            if data_names[item.name.as_str()] == 1 {
                printable(&item.name)
            } else {
                in_object(program, &item.name, item.object)
            }
        });
        Self {
            program,
            units: units.collect(),
            data: data.collect(),
        }
    }

    fn unit(&self, index: u32) -> String {
        self.units
            .get(index as usize)
            .cloned()
            .unwrap_or_else(|| format!("#{index}"))
    }

    fn call(&self, call: &Call) -> String {
        match call {
            Call::Unit(index) => self.unit(*index),
            Call::External(symbol) => format!("{} (external)", printable(symbol)),
        }
    }

    fn data_list(&self, list: &[u32]) -> Vec<String> {
        list.iter()
            .filter(|index| {
                let item = self.program.data.get(**index as usize);
                item.is_none_or(|item| item.kind != DataKind::Literal)
            })
            .map(|index| {
                self.data
                    .get(*index as usize)
                    .cloned()
                    .unwrap_or_else(|| format!("#{index}"))
            })
            .collect()
    }
}

fn counts<K: Ord>(keys: impl Iterator<Item = K>) -> BTreeMap<K, u32> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

fn in_object(program: &Program, name: &str, object: Option<u32>) -> String {
    let object = object.and_then(|object| program.objects.get(object as usize));
    match object {
        Some(object) => format!("{} [{}]", printable(name), printable(&object.name)),
        None => printable(name),
    }
}
