//! What the debug information says about each function: its name and declaration as written, and its place.

use std::collections::{BTreeMap, HashMap};

use gimli::{
    AttributeValue, DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian, Unit, UnitOffset,
};
use lly_bir::Span;

use super::declaration::Declarations;

pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;
pub(super) type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// Names and declarations refer to each other at most this deep; beyond, the information is damaged.
const REFERENCES_MAX: usize = 8;

/// A function as the programmer wrote it.
#[derive(Debug, Clone)]
pub struct Subprogram {
    /// Its own name, without namespace or class.
    pub name: String,
    /// What it returns and takes, as C writes it: `int (int a, char *b)`, with `{}` in the place of the name.
    pub declaration: String,
    /// What it returns, as C writes it.
    pub result: String,
    /// The class that it belongs to.
    pub class: Option<String>,
    /// Where it is written.
    pub span: Option<Span>,
}

/// The functions, by where their code begins in the code section.
pub type Subprograms = BTreeMap<u64, Subprogram>;

/// Reads the debug sections. What is damaged is left out: it only describes.
pub fn subprograms(sections: &BTreeMap<&str, &[u8]>) -> Subprograms {
    let mut found = Subprograms::new();
    let load = |id: gimli::SectionId| -> Result<Slice<'_>, gimli::Error> {
        let bytes = sections.get(id.name()).copied().unwrap_or_default();
        Ok(EndianSlice::new(bytes, LittleEndian))
    };
    let Ok(dwarf) = Dwarf::load(load) else {
        return found;
    };
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        let Ok(unit) = dwarf.unit(header) else {
            continue;
        };
        // A damaged unit gives what could be read of it.
        let _ = Reader::new(&dwarf, &unit).and_then(|mut reader| reader.read(&mut found));
    }
    found
}

/// A function's code: where it is, and the code inlined into it.
struct Code {
    offset: UnitOffset,
    start: u64,
    end: u64,
    inlined: Vec<(u64, u64)>,
}

struct Row {
    address: u64,
    file: u64,
    line: u32,
}

struct Reader<'r, 'a> {
    dwarf: &'r Dwarf<Slice<'a>>,
    unit: &'r Unit<Slice<'a>>,
    /// The parent of each entry that can be somebody's scope.
    parents: HashMap<UnitOffset, UnitOffset>,
    codes: Vec<Code>,
    rows: Vec<Row>,
}

impl<'r, 'a> Reader<'r, 'a> {
    fn new(dwarf: &'r Dwarf<Slice<'a>>, unit: &'r Unit<Slice<'a>>) -> gimli::Result<Self> {
        let mut reader = Self {
            dwarf,
            unit,
            parents: HashMap::new(),
            codes: Vec::new(),
            rows: Vec::new(),
        };
        reader.read_tree()?;
        reader.read_rows()?;
        Ok(reader)
    }

    /// One pass over all entries: scopes, and functions that have code.
    fn read_tree(&mut self) -> gimli::Result<()> {
        let mut entries = self.unit.entries_raw(None)?;
        let mut path: Vec<(isize, UnitOffset)> = Vec::new();
        let mut open: Option<(isize, Code)> = None;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            let (offset, depth) = (entries.next_offset(), entries.next_depth());
            if !entries.read_entry(&mut entry)? {
                continue;
            }
            while path.last().is_some_and(|(at, _)| *at >= depth) {
                path.pop();
            }
            if open.as_ref().is_some_and(|(at, _)| *at >= depth) {
                self.codes.extend(open.take().map(|(_, code)| code));
            }
            if let Some((_, parent)) = path.last() {
                self.parents.insert(offset, *parent);
            }
            if entry.has_children() {
                path.push((depth, offset));
            }
            match entry.tag() {
                gimli::DW_TAG_subprogram => {
                    let mut ranges = self.dwarf.die_ranges(self.unit, &entry)?;
                    if let Some(range) = ranges.next()? {
                        let (start, end) = (range.begin, range.end);
                        open = Some((
                            depth,
                            Code {
                                offset,
                                start,
                                end,
                                inlined: Vec::new(),
                            },
                        ));
                    }
                }
                gimli::DW_TAG_inlined_subroutine => {
                    let Some((_, code)) = &mut open else { continue };
                    let mut ranges = self.dwarf.die_ranges(self.unit, &entry)?;
                    while let Some(range) = ranges.next()? {
                        code.inlined.push((range.begin, range.end));
                    }
                }
                _ => {}
            }
        }
        self.codes.extend(open.map(|(_, code)| code));
        Ok(())
    }

    fn read_rows(&mut self) -> gimli::Result<()> {
        let Some(program) = self.unit.line_program.clone() else {
            return Ok(());
        };
        let mut rows = program.rows();
        while let Some((_, row)) = rows.next_row()? {
            if let (Some(line), false) = (row.line(), row.end_sequence()) {
                let line = u32::try_from(line.get()).unwrap_or(u32::MAX);
                self.rows.push(Row {
                    address: row.address(),
                    file: row.file_index(),
                    line,
                });
            }
        }
        self.rows.sort_by_key(|row| row.address);
        Ok(())
    }

    fn read(&mut self, found: &mut Subprograms) -> gimli::Result<()> {
        let declarations = Declarations::new(self.dwarf, self.unit, &self.parents);
        for code in &self.codes {
            let chain = self.chain(code.offset)?;
            let Some(name) = chain.iter().find_map(|entry| declarations.name(entry)) else {
                continue;
            };
            // Parameters of the original, not of a copy that the optimiser made.
            let Some(original) = chain.last() else {
                continue;
            };
            let whole = chain
                .iter()
                .find(|entry| entry.attr(gimli::DW_AT_type).is_some());
            let (declaration, result) =
                declarations.function(chain.get(1).unwrap_or(original), whole.unwrap_or(original));
            found.insert(
                code.start,
                Subprogram {
                    name,
                    declaration,
                    result,
                    class: chain
                        .iter()
                        .find_map(|entry| declarations.class_of(entry.offset())),
                    span: self.span(&chain, code),
                },
            );
        }
        Ok(())
    }

    /// The entry and those that it completes, the definition first.
    fn chain(&self, offset: UnitOffset) -> gimli::Result<Vec<Entry<'a>>> {
        let mut chain = vec![self.unit.entry(offset)?];
        while chain.len() < REFERENCES_MAX {
            let next = chain.last().and_then(|entry| {
                entry
                    .attr_value(gimli::DW_AT_abstract_origin)
                    .or_else(|| entry.attr_value(gimli::DW_AT_specification))
            });
            match next {
                Some(AttributeValue::UnitRef(offset)) => chain.push(self.unit.entry(offset)?),
                _ => break,
            }
        }
        Ok(chain)
    }

    fn span(&self, chain: &[Entry<'a>], code: &Code) -> Option<Span> {
        let number = |attribute| {
            let value = chain.iter().find_map(|entry| entry.attr_value(attribute))?;
            match value {
                AttributeValue::FileIndex(index) => Some(index),
                other => other.udata_value(),
            }
        };
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let index = number(gimli::DW_AT_decl_file)?;
        let line = number(gimli::DW_AT_decl_line)
            .map(small)
            .filter(|line| *line > 0)?;
        let column = number(gimli::DW_AT_decl_column).map_or(0, small);
        let from = self.rows.partition_point(|row| row.address < code.start);
        let to = self.rows.partition_point(|row| row.address < code.end);
        let is_own = |row: &&Row| {
            let is_inlined = |(start, end): &(u64, u64)| (*start..*end).contains(&row.address);
            row.file == index && !code.inlined.iter().any(is_inlined)
        };
        let last = self.rows[from..to]
            .iter()
            .filter(is_own)
            .map(|row| row.line)
            .max();
        let end_line = last.unwrap_or(line).max(line);
        Some(Span {
            file: self.file(index)?,
            line,
            column,
            end_line,
        })
    }

    fn file(&self, index: u64) -> Option<String> {
        let header = self.unit.line_program.as_ref()?.header();
        let file = header.file(index)?;
        let text = |value| {
            let text = self.dwarf.attr_string(self.unit, value).ok()?;
            Some(text.to_string_lossy().into_owned())
        };
        let mut path = text(file.path_name())?;
        if !path.starts_with('/')
            && let Some(folder) = file.directory(header).and_then(text)
        {
            path = format!("{folder}/{path}");
        }
        Some(normal(&path))
    }
}

/// `./src//a.c` is `src/a.c`; the parts that go up stay, should they lead out.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_are_made_plain() {
        for (path, expected) in [
            ("./src//a.c", "src/a.c"),
            ("././a.c", "a.c"),
            ("./src/../inc/a.h", "inc/a.h"),
            ("../a.h", "../a.h"),
            ("/usr/include/./x.h", "/usr/include/x.h"),
        ] {
            assert_eq!(super::normal(path), expected);
        }
    }
}
