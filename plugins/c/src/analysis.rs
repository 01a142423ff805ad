//! From clang's objects to BIR: the units of all translation units as one graph.
//!
//! Symbols tell which functions and data there are and which of them are the same ([`merge`]), code and relocations
//! what each does with the others ([`code`]), debug information what they are called ([`debug`]). Objects whose debug
//! information is damaged or absent give the same graph with poorer names.

mod code;
mod debug;
mod declaration;
mod digests;
mod merge;
mod names;
mod object;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use lly_bir::{
    Call, Data, DataKind, Digest, Object, Program, SCHEMA, Unit, UnitKind, shorten_crossing_spans,
};
use thiserror::Error;

use crate::sources::Language;
use code::Effects;
use debug::{Subprogram, Subprograms};
use merge::{DataPlace, Function, Merged, UnitPlace};
use object::{ObjectFile, Symbol, Target};

/// An object that is not what clang writes.
#[derive(Debug, Error)]
#[error("object `{object}` is damaged")]
pub struct AnalysisError {
    object: String,
    #[source]
    source: wasmparser::Error,
}

/// The program that `objects` make up, with them as its payload. Each is named by its source: `src/a.c.o`.
///
/// # Errors
/// When an object cannot be read; clang does not write such.
pub fn program(name: &str, objects: Vec<Object>) -> Result<Program, AnalysisError> {
    let (mut units, data) = graph(&objects)?;
    shorten_crossing_spans(&mut units);
    let mut languages: BTreeSet<&str> = objects
        .iter()
        .filter_map(|object| Language::of(source(object)))
        .map(|language| match language {
            Language::C => "c",
            Language::Cpp => "c++",
        })
        .collect();
    if languages.is_empty() {
        languages.insert("c");
    }
    let language = languages.into_iter().collect::<Vec<_>>().join(", ");
    Ok(Program {
        schema: SCHEMA,
        language,
        name: name.to_owned(),
        units,
        data,
        objects,
    })
}

fn source(object: &Object) -> &str {
    object.name.strip_suffix(".o").unwrap_or(&object.name)
}

fn graph(objects: &[Object]) -> Result<(Vec<Unit>, Vec<Data>), AnalysisError> {
    let at = |object: &Object| {
        let object = object.name.clone();
        move |source| AnalysisError { object, source }
    };
    let files = objects
        .iter()
        .map(|object| ObjectFile::parse(&object.bytes).map_err(at(object)))
        .collect::<Result<Vec<_>, _>>()?;
    let merged = Merged::new(&files);
    let debug: Vec<Subprograms> = files
        .iter()
        .map(|file| debug::subprograms(&file.debug_sections))
        .collect();
    let mut data: Vec<Data> = merged
        .data
        .iter()
        .map(|place| data_of(&files, &merged, place))
        .collect();
    let mut units = Vec::with_capacity(merged.units.len());
    let mut addresses = BTreeSet::new();
    for place in &merged.units {
        let file = &files[place.object];
        let effects = code::effects(file, place.body).map_err(at(&objects[place.object]))?;
        addresses.extend(effects.addresses.iter().filter_map(|symbol| {
            match merged.function(&files, place.object, *symbol) {
                Function::Unit(unit) => Some(unit),
                Function::External(_) => None,
            }
        }));
        let start = file.bodies[place.body].range().start - file.code_start;
        let mut unit = describe(file, place, debug[place.object].get(&(start as u64)));
        link(&mut unit, &effects, &files, &merged, place, &data);
        units.push(unit);
    }
    addresses.extend(data.iter().flat_map(|item| item.units.iter().copied()));
    for address in addresses {
        units[address as usize].address_taken = true;
    }
    let digests = digests::of(&files, &merged, &data);
    let (of_units, of_data) = digests.split_at(units.len());
    for (unit, digest) in units.iter_mut().zip(of_units) {
        unit.digest = *digest;
    }
    for (item, digest) in data.iter_mut().zip(of_data) {
        item.digest = *digest;
    }
    Ok((units, data))
}

/// Who the unit is: all but what it does with others.
fn describe(file: &ObjectFile<'_>, place: &UnitPlace, debug: Option<&Subprogram>) -> Unit {
    let symbol = file.symbols[place.symbol as usize].name;
    let is_initializer = place.is_initializer || names::is_initializer(symbol);
    let demangled = names::demangle(symbol);
    let makes_or_ends =
        debug.and_then(|debug| names::makes_or_ends(&debug.name, debug.class.as_deref()?));
    let kind = match makes_or_ends {
        _ if names::is_thunk(symbol) => UnitKind::Thunk,
        // clang's own: it takes the arguments, and `__original_main` has none.
        _ if symbol == "main" && debug.is_none() && file.has_original_main() => UnitKind::Thunk,
        _ if is_initializer => UnitKind::Initializer,
        Some(true) => UnitKind::Constructor,
        Some(false) => UnitKind::Destructor,
        None if debug.is_some_and(|debug| debug.class.is_some()) => UnitKind::Method,
        None => UnitKind::Function,
    };
    let name = match (&demangled, debug) {
        (Some(demangled), _) => demangled.name.clone(),
        (None, Some(debug)) if !names::is_made_up(symbol) => debug.name.clone(),
        (None, _) if MAIN.contains(&symbol) => "main".to_owned(),
        (None, _) => symbol.to_owned(),
    };
    let signature = match (&demangled, debug) {
        (Some(demangled), Some(debug)) => {
            let is_whole = !demangled.full.starts_with(&demangled.name)
                || matches!(kind, UnitKind::Constructor | UnitKind::Destructor)
                || names::is_conversion(&debug.name);
            if is_whole {
                demangled.full.clone()
            } else {
                joined(&debug.result, &demangled.full)
            }
        }
        (Some(demangled), None) => demangled.full.clone(),
        (None, Some(debug)) => debug.declaration.replace("{}", &name),
        (None, None) => name.clone(),
    };
    Unit {
        name,
        symbol: symbol.to_owned(),
        kind,
        signature,
        span: debug.and_then(|debug| debug.span.clone()),
        size_bytes: small(file.bodies[place.body].range().len()),
        calls: Vec::new(),
        calls_indirect: false,
        address_taken: false,
        reads: Vec::new(),
        writes: Vec::new(),
        escapes: Vec::new(),
        object: small(place.object),
        digest: Digest::of(&[]),
    }
}

/// The names that clang gives to `main`, with parameters and without.
const MAIN: [&str; 2] = ["__main_argc_argv", "__original_main"];

fn joined(result: &str, full: &str) -> String {
    let space = if result.ends_with(['*', '&']) {
        ""
    } else {
        " "
    };
    format!("{result}{space}{full}")
}

/// What the unit does with others.
fn link(
    unit: &mut Unit,
    effects: &Effects,
    files: &[ObjectFile<'_>],
    merged: &Merged<'_>,
    place: &UnitPlace,
    data: &[Data],
) {
    let mut known = BTreeSet::new();
    for &symbol in &effects.calls {
        let call = match merged.function(files, place.object, symbol) {
            Function::Unit(unit) => Call::Unit(unit),
            Function::External(name) => Call::External(name.to_owned()),
        };
        if known.insert(call.clone()) {
            unit.calls.push(call);
        }
    }
    let resolve = |symbols: &BTreeSet<u32>| -> BTreeSet<u32> {
        symbols
            .iter()
            .filter_map(|symbol| merged.data(place.object, *symbol))
            .collect()
    };
    let is_mutable = |index: &u32| {
        let item = &data[*index as usize];
        item.kind.is_mutable() && !names::is_about_a_class(&item.symbol)
    };
    unit.calls_indirect = effects.calls_indirect;
    unit.reads = resolve(&effects.reads).into_iter().collect();
    unit.writes = resolve(&effects.writes)
        .into_iter()
        .filter(is_mutable)
        .collect();
    unit.escapes = resolve(&effects.escapes).into_iter().collect();
}

fn data_of(files: &[ObjectFile<'_>], merged: &Merged<'_>, place: &DataPlace<'_>) -> Data {
    let mut data = Data {
        name: names::data_name(place.name),
        symbol: place.name.to_owned(),
        kind: DataKind::External,
        size_bytes: 0,
        object: None,
        data: Vec::new(),
        units: Vec::new(),
        digest: Digest::of(&[]),
    };
    let Some((object, symbol)) = place.definition else {
        return data;
    };
    let file = &files[object];
    let Symbol {
        target: Target::Data {
            segment,
            offset,
            size,
        },
        ..
    } = file.symbols[symbol as usize]
    else {
        return data;
    };
    let home = &file.segments[segment];
    let is_constant = home.name.starts_with(".rodata") || home.name.starts_with(".data.rel.ro");
    data.kind = match is_constant {
        _ if home.is_thread_local => DataKind::ThreadLocal,
        true if names::is_numbered(place.name) => DataKind::Literal,
        true => DataKind::Constant,
        false => DataKind::Variable,
    };
    data.size_bytes = small(size);
    data.object = Some(small(object));
    let (mut units, mut others) = (BTreeSet::new(), BTreeSet::new());
    for relocation in file.relocations_of_data(segment, offset, size).0 {
        match file
            .symbols
            .get(relocation.index as usize)
            .map(|symbol| symbol.target)
        {
            Some(Target::Function(_) | Target::UndefinedFunction) => {
                if let Function::Unit(unit) = merged.function(files, object, relocation.index) {
                    units.insert(unit);
                }
            }
            Some(Target::Data { .. } | Target::UndefinedData) => {
                others.extend(merged.data(object, relocation.index));
            }
            Some(Target::Other) | None => {}
        }
    }
    data.units = units.into_iter().collect();
    data.data = others.into_iter().collect();
    data
}

/// Sizes and indices of an object: the format keeps them below 4 GiB.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
