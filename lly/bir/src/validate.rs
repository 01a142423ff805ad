//! What holds of every program beyond its form: indices in range, lists in order, digests right.

use thiserror::Error;

use crate::digest::Digest;
use crate::program::{Call, Program, SCHEMA};
use crate::spans::crossings;

/// A contradiction within a program.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Invalid {
    /// The version in the program is another than in the header.
    #[error("the program says schema {found}")]
    Schema {
        /// The version.
        found: u32,
    },
    /// An index beyond its table.
    #[error("{holder} {at} names {table} {index}, of {count}")]
    OutOfRange {
        /// `unit` or `data`.
        holder: &'static str,
        /// Which one.
        at: usize,
        /// The table that it points into.
        table: &'static str,
        /// The index.
        index: u32,
        /// How many there are.
        count: usize,
    },
    /// A list of indices that is not strictly ascending.
    #[error("the list of {table} of {holder} {at} is not in order")]
    Unordered {
        /// `unit` or `data`.
        holder: &'static str,
        /// Which one.
        at: usize,
        /// The table that the list points into.
        table: &'static str,
    },
    /// A place before the first line, or one that ends before it begins.
    #[error("the place of unit {at} is impossible: lines {line} to {end_line}")]
    Span {
        /// The unit.
        at: usize,
        /// Its first line.
        line: u32,
        /// Its last line.
        end_line: u32,
    },
    /// Two units of a file of which one ends within the other.
    #[error("units {first} and {second} overlap in `{file}`, and neither holds the other")]
    Overlap {
        /// The unit that begins first.
        first: usize,
        /// The unit that it ends in.
        second: usize,
        /// The file.
        file: String,
    },
    /// An object's bytes are not what its digest says.
    #[error("object `{name}` does not have the bytes that its digest stands for")]
    Object {
        /// The object.
        name: String,
    },
}

/// Checks `program`.
pub fn validate(program: &Program) -> Result<(), Invalid> {
    if program.schema != SCHEMA {
        return Err(Invalid::Schema {
            found: program.schema,
        });
    }
    let units = Table {
        name: "unit",
        count: program.units.len(),
    };
    let data = Table {
        name: "data",
        count: program.data.len(),
    };
    let objects = Table {
        name: "object",
        count: program.objects.len(),
    };
    for (at, unit) in program.units.iter().enumerate() {
        let holder = Holder { name: "unit", at };
        objects.has(unit.object, &holder)?;
        if let Some(span) = &unit.span
            && (span.line == 0 || span.end_line < span.line)
        {
            return Err(Invalid::Span {
                at,
                line: span.line,
                end_line: span.end_line,
            });
        }
        for call in &unit.calls {
            if let Call::Unit(index) = call {
                units.has(*index, &holder)?;
            }
        }
        for list in [&unit.reads, &unit.writes, &unit.escapes] {
            data.has_list(list, &holder)?;
        }
    }
    if let Some(&(first, second)) = crossings(&program.units).first() {
        let span = program.units[first].span.as_ref();
        return Err(Invalid::Overlap {
            first,
            second,
            file: span.map(|span| span.file.clone()).unwrap_or_default(),
        });
    }
    for (at, item) in program.data.iter().enumerate() {
        let holder = Holder { name: "data", at };
        if let Some(object) = item.object {
            objects.has(object, &holder)?;
        }
        data.has_list(&item.data, &holder)?;
        units.has_list(&item.units, &holder)?;
    }
    match program
        .objects
        .iter()
        .find(|object| Digest::of(&object.bytes) != object.digest)
    {
        Some(object) => Err(Invalid::Object {
            name: object.name.clone(),
        }),
        None => Ok(()),
    }
}

struct Holder {
    name: &'static str,
    at: usize,
}

struct Table {
    name: &'static str,
    count: usize,
}

impl Table {
    fn has(&self, index: u32, holder: &Holder) -> Result<(), Invalid> {
        if usize::try_from(index).is_ok_and(|index| index < self.count) {
            return Ok(());
        }
        let Holder { name, at } = *holder;
        Err(Invalid::OutOfRange {
            holder: name,
            at,
            table: self.name,
            index,
            count: self.count,
        })
    }

    fn has_list(&self, list: &[u32], holder: &Holder) -> Result<(), Invalid> {
        if let Some(&last) = list.last() {
            self.has(last, holder)?;
        }
        if list.is_sorted_by(|a, b| a < b) {
            return Ok(());
        }
        Err(Invalid::Unordered {
            holder: holder.name,
            at: holder.at,
            table: self.name,
        })
    }
}
