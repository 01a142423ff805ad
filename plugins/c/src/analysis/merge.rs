//! Which functions and data of the objects are the program's, and who is meant by a symbol: the linker's rules. A
//! strong definition wins over weak ones, else the first does; what is private to an object stays apart.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Binding, ObjectFile, Target};
use super::small;

/// A unit's place.
pub struct UnitPlace {
    /// The object.
    pub object: usize,
    /// Its body there.
    pub body: usize,
    /// Its symbol there.
    pub symbol: u32,
    /// It is on the object's list of what runs before `main`.
    pub is_initializer: bool,
}

/// A piece of data.
pub struct DataPlace<'a> {
    /// Its symbol's name.
    pub name: &'a str,
    /// The object and its symbol there; none when no object defines it.
    pub definition: Option<(usize, u32)>,
}

/// Who is called.
pub enum Function<'a> {
    /// A unit of the program.
    Unit(u32),
    /// A function that no object defines.
    External(&'a str),
}

/// The objects as one program.
pub struct Merged<'a> {
    /// The units, object by object, in the order of the code.
    pub units: Vec<UnitPlace>,
    /// The data, object by object in the order of the symbols, then what no object defines.
    pub data: Vec<DataPlace<'a>>,
    /// For each object, the unit that each of its bodies is; none when another object's was taken.
    bodies: Vec<Vec<Option<u32>>>,
    /// The object and body that a name stands for.
    functions: BTreeMap<&'a str, (usize, usize)>,
    /// For each object, the data that each of its symbols stands for.
    data_symbols: Vec<Vec<Option<u32>>>,
}

impl<'a> Merged<'a> {
    /// Merges the objects.
    pub fn new(files: &[ObjectFile<'a>]) -> Self {
        let functions = winners(files, |target| match target {
            Target::Function(body) => Some(body),
            _ => None,
        });
        let mut merged = Self {
            units: Vec::new(),
            data: Vec::new(),
            bodies: Vec::new(),
            functions,
            data_symbols: Vec::new(),
        };
        for (object, file) in files.iter().enumerate() {
            merged.add_units(object, file);
        }
        merged.add_data(files);
        merged
    }

    fn add_units(&mut self, object: usize, file: &ObjectFile<'a>) {
        let initializers: BTreeSet<u32> = file.initializers.iter().copied().collect();
        let mut symbols: Vec<Option<u32>> = vec![None; file.bodies.len()];
        let mut early = vec![false; file.bodies.len()];
        for (index, symbol) in file.symbols.iter().enumerate() {
            let Target::Function(body) = symbol.target else {
                continue;
            };
            early[body] |= initializers.contains(&small(index));
            let is_private = symbol.binding == Binding::Local;
            if !is_private && self.functions.get(symbol.name) != Some(&(object, body)) {
                continue;
            }
            // Of several names the first that others can see is the unit's.
            let has_public = symbols[body]
                .is_some_and(|known| file.symbols[known as usize].binding != Binding::Local);
            if symbols[body].is_none() || (!is_private && !has_public) {
                symbols[body] = Some(small(index));
            }
        }
        let places = symbols.into_iter().enumerate().map(|(body, symbol)| {
            let is_initializer = early[body];
            self.units.push(UnitPlace {
                object,
                body,
                symbol: symbol?,
                is_initializer,
            });
            Some(small(self.units.len() - 1))
        });
        let places = places.collect();
        self.bodies.push(places);
    }

    fn add_data(&mut self, files: &[ObjectFile<'a>]) {
        let winners = winners(files, |target| match target {
            Target::Data {
                segment, offset, ..
            } => Some((segment, offset)),
            _ => None,
        });
        let mut by_name: BTreeMap<&'a str, u32> = BTreeMap::new();
        let mut places: Vec<Vec<Option<u32>>> = files
            .iter()
            .map(|file| vec![None; file.symbols.len()])
            .collect();
        for (object, file) in files.iter().enumerate() {
            for (index, symbol) in file.symbols.iter().enumerate() {
                let Target::Data {
                    segment, offset, ..
                } = symbol.target
                else {
                    continue;
                };
                let is_private = symbol.binding == Binding::Local;
                let wins = winners.get(symbol.name) == Some(&(object, (segment, offset)));
                if !is_private && (!wins || by_name.contains_key(symbol.name)) {
                    continue;
                }
                let definition = Some((object, small(index)));
                self.data.push(DataPlace {
                    name: symbol.name,
                    definition,
                });
                let place = small(self.data.len() - 1);
                places[object][index] = Some(place);
                if !is_private {
                    by_name.insert(symbol.name, place);
                }
            }
        }
        for (file, places) in files.iter().zip(&mut places) {
            for (symbol, place) in file.symbols.iter().zip(places) {
                let is_data = matches!(symbol.target, Target::Data { .. } | Target::UndefinedData);
                if !is_data || place.is_some() {
                    continue;
                }
                *place = Some(*by_name.entry(symbol.name).or_insert_with(|| {
                    self.data.push(DataPlace {
                        name: symbol.name,
                        definition: None,
                    });
                    small(self.data.len() - 1)
                }));
            }
        }
        self.data_symbols = places;
    }

    /// The function that a symbol of an object stands for.
    pub fn function(&self, files: &[ObjectFile<'a>], object: usize, symbol: u32) -> Function<'a> {
        let Some(symbol) = files[object].symbols.get(symbol as usize) else {
            return Function::External("");
        };
        let place = match symbol.target {
            Target::Function(body) if symbol.binding == Binding::Local => Some((object, body)),
            _ => self.functions.get(symbol.name).copied(),
        };
        match place.and_then(|(object, body)| self.bodies[object][body]) {
            Some(unit) => Function::Unit(unit),
            None => Function::External(symbol.name),
        }
    }

    /// The data that a symbol of an object stands for; none when it stands for something else.
    pub fn data(&self, object: usize, symbol: u32) -> Option<u32> {
        self.data_symbols[object]
            .get(symbol as usize)
            .copied()
            .flatten()
    }
}

/// For each public name the object and place that it stands for.
fn winners<'a, P: Copy>(
    files: &[ObjectFile<'a>],
    place: impl Fn(Target) -> Option<P>,
) -> BTreeMap<&'a str, (usize, P)> {
    let mut winners: BTreeMap<&'a str, (usize, P)> = BTreeMap::new();
    for wanted in [Binding::Global, Binding::Weak] {
        for (object, file) in files.iter().enumerate() {
            for symbol in &file.symbols {
                if let (true, Some(place)) = (symbol.binding == wanted, place(symbol.target)) {
                    winners.entry(symbol.name).or_insert((object, place));
                }
            }
        }
    }
    winners
}
