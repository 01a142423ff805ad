//! One relocatable object, as far as the analysis looks into it: types, bodies, data segments, symbols, relocations.

use std::collections::BTreeMap;

use wasmparser::{
    CompositeInnerType, FuncType, FunctionBody, KnownCustom, Linking, Parser, Payload,
    RelocationEntry, SegmentFlags, SubType, SymbolFlags, SymbolInfo, TypeRef,
};

/// A parsed object. Everything borrows from its bytes.
#[derive(Default)]
pub struct ObjectFile<'a> {
    /// The module's types.
    pub types: Vec<SubType>,
    /// The type of each function, imported ones first.
    pub function_types: Vec<u32>,
    /// How many of them are imported.
    pub imported_functions: usize,
    /// The type of each exception tag.
    pub tag_types: Vec<u32>,
    /// The bodies of the functions that are not imported.
    pub bodies: Vec<FunctionBody<'a>>,
    /// Where the code section's contents begin: relocations and debug information count from there.
    pub code_start: usize,
    /// The code section's relocations, by offset.
    pub code_relocations: Vec<RelocationEntry>,
    /// The data segments.
    pub segments: Vec<Segment<'a>>,
    /// The data section's relocations, by offset.
    pub data_relocations: Vec<RelocationEntry>,
    /// The symbol table.
    pub symbols: Vec<Symbol<'a>>,
    /// Symbols of the functions that run before `main`.
    pub initializers: Vec<u32>,
    /// The debug sections.
    pub debug_sections: BTreeMap<&'a str, &'a [u8]>,
}

/// A data segment.
pub struct Segment<'a> {
    /// Its section's name, such as `.rodata.table`.
    pub name: &'a str,
    /// Whether each thread has its own.
    pub is_thread_local: bool,
    /// Where its bytes begin, counted from the contents of the data section as relocations do.
    pub start: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// An entry of the symbol table.
#[derive(Clone, Copy)]
pub struct Symbol<'a> {
    /// The name.
    pub name: &'a str,
    /// Who sees it.
    pub binding: Binding,
    /// What it stands for.
    pub target: Target,
}

/// Who sees a symbol.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// This object alone.
    Local,
    /// Every object, and another may define it too.
    Weak,
    /// Every object.
    Global,
}

/// What a symbol stands for.
#[derive(Clone, Copy)]
pub enum Target {
    /// A function of this object, by its place among [`ObjectFile::bodies`].
    Function(usize),
    /// A function of another.
    UndefinedFunction,
    /// Data of this object.
    Data {
        /// The segment.
        segment: usize,
        /// Where in it.
        offset: usize,
        /// How much.
        size: usize,
    },
    /// Data of another.
    UndefinedData,
    /// A global, table, tag or section.
    Other,
}

impl<'a> ObjectFile<'a> {
    /// Reads an object.
    pub fn parse(bytes: &'a [u8]) -> wasmparser::Result<Self> {
        let mut object = Self::default();
        let mut imports = Imports::default();
        let mut symbols = Vec::new();
        let mut segments = Vec::new();
        let mut section = 0u32;
        let (mut code_section, mut data_section) = (None, None);
        let mut relocations: Vec<(u32, Vec<RelocationEntry>)> = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match &payload {
                Payload::TypeSection(reader) => {
                    for group in reader.clone() {
                        object.types.extend(group?.into_types());
                    }
                }
                Payload::ImportSection(reader) => {
                    for import in reader.clone().into_imports() {
                        let import = import?;
                        object.import(&mut imports, import.name, import.ty);
                    }
                }
                Payload::FunctionSection(reader) => {
                    for index in reader.clone() {
                        object.function_types.push(index?);
                    }
                }
                Payload::TagSection(reader) => {
                    for tag in reader.clone() {
                        object.tag_types.push(tag?.func_type_idx);
                    }
                }
                Payload::CodeSectionStart { range, .. } => {
                    object.code_start = range.start;
                    code_section = Some(section);
                }
                Payload::CodeSectionEntry(body) => object.bodies.push(body.clone()),
                Payload::DataSection(reader) => {
                    data_section = Some(section);
                    let start = reader.range().start;
                    for data in reader.clone() {
                        let data = data?;
                        object.segments.push(Segment {
                            name: "",
                            is_thread_local: false,
                            start: data.range.end - data.data.len() - start,
                            bytes: data.data,
                        });
                    }
                }
                Payload::CustomSection(custom) => match custom.as_known() {
                    KnownCustom::Linking(linking) => {
                        for part in linking.subsections() {
                            match part? {
                                Linking::SymbolTable(table) => {
                                    for symbol in table {
                                        symbols.push(symbol?);
                                    }
                                }
                                Linking::SegmentInfo(infos) => {
                                    for info in infos {
                                        segments.push(info?);
                                    }
                                }
                                Linking::InitFuncs(functions) => {
                                    for function in functions {
                                        object.initializers.push(function?.symbol_index);
                                    }
                                }
                                Linking::ComdatInfo(_) | Linking::Unknown { .. } => {}
                            }
                        }
                    }
                    KnownCustom::Reloc(reader) => {
                        let entries = reader.entries().into_iter().collect::<Result<_, _>>()?;
                        relocations.push((reader.section_index(), entries));
                    }
                    _ if custom.name().starts_with(".debug_") => {
                        object.debug_sections.insert(custom.name(), custom.data());
                    }
                    _ => {}
                },
                _ => {}
            }
            // Sections are numbered as they come; a body within the code section is none.
            if payload.as_section().is_some() {
                section += 1;
            }
        }
        for (segment, info) in object.segments.iter_mut().zip(segments) {
            segment.name = info.name;
            segment.is_thread_local = info.flags.contains(SegmentFlags::TLS);
        }
        for (of, mut entries) in relocations {
            entries.sort_by_key(|entry| entry.offset);
            if Some(of) == code_section {
                object.code_relocations = entries;
            } else if Some(of) == data_section {
                object.data_relocations = entries;
            }
        }
        object.symbols = symbols.iter().map(|symbol| object.symbol(&imports, symbol)).collect();
        Ok(object)
    }

    fn import(&mut self, imports: &mut Imports<'a>, name: &'a str, ty: TypeRef) {
        match ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                imports.functions.push(name);
                self.function_types.push(index);
                self.imported_functions += 1;
            }
            TypeRef::Global(_) => imports.globals.push(name),
            TypeRef::Tag(tag) => {
                imports.tags.push(name);
                self.tag_types.push(tag.func_type_idx);
            }
            TypeRef::Table(_) => imports.tables.push(name),
            TypeRef::Memory(_) => {}
        }
    }

    fn symbol(&self, imports: &Imports<'a>, info: &SymbolInfo<'a>) -> Symbol<'a> {
        let imported = |names: &[&'a str], index: u32| names.get(index as usize).copied();
        let (flags, name, target) = match *info {
            SymbolInfo::Func { flags, index, name } => {
                let body = (index as usize).checked_sub(self.imported_functions);
                let target = match body.filter(|body| *body < self.bodies.len()) {
                    Some(body) => Target::Function(body),
                    None => Target::UndefinedFunction,
                };
                (flags, name.or(imported(&imports.functions, index)), target)
            }
            SymbolInfo::Data { flags, name, symbol } => {
                let target = symbol.and_then(|place| {
                    let (segment, offset) = (place.index as usize, place.offset as usize);
                    let size = place.size as usize;
                    let bytes = self.segments.get(segment)?.bytes;
                    bytes.get(offset..offset.checked_add(size)?)?;
                    Some(Target::Data { segment, offset, size })
                });
                (flags, Some(name), target.unwrap_or(Target::UndefinedData))
            }
            SymbolInfo::Global { flags, index, name } => {
                (flags, name.or(imported(&imports.globals, index)), Target::Other)
            }
            SymbolInfo::Event { flags, index, name } => {
                (flags, name.or(imported(&imports.tags, index)), Target::Other)
            }
            SymbolInfo::Table { flags, index, name } => {
                (flags, name.or(imported(&imports.tables, index)), Target::Other)
            }
            SymbolInfo::Section { flags, .. } => (flags, None, Target::Other),
        };
        let binding = if flags.contains(SymbolFlags::BINDING_LOCAL) {
            Binding::Local
        } else if flags.contains(SymbolFlags::BINDING_WEAK) {
            Binding::Weak
        } else {
            Binding::Global
        };
        Symbol { name: name.unwrap_or_default(), binding, target }
    }

    /// The type of the function with this body.
    pub fn type_of_body(&self, body: usize) -> Option<&FuncType> {
        self.function_type(*self.function_types.get(self.imported_functions + body)?)
    }

    /// The function type with this index.
    pub fn function_type(&self, index: u32) -> Option<&FuncType> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Func(function) => Some(function),
            _ => None,
        }
    }

    /// The relocations of a body, with what they count from: the contents of the code section.
    pub fn relocations_of_body(&self, body: usize) -> &[RelocationEntry] {
        match self.bodies.get(body) {
            Some(body) => {
                let range = body.range();
                let start = range.start - self.code_start;
                within(&self.code_relocations, start, start + range.len())
            }
            None => &[],
        }
    }

    /// The relocations of a piece of data, and what to subtract from their offsets.
    pub fn relocations_of_data(
        &self,
        segment: usize,
        offset: usize,
        size: usize,
    ) -> (&[RelocationEntry], usize) {
        let start = self.segments.get(segment).map_or(0, |segment| segment.start) + offset;
        (within(&self.data_relocations, start, start + size), start)
    }
}

#[derive(Default)]
struct Imports<'a> {
    functions: Vec<&'a str>,
    globals: Vec<&'a str>,
    tags: Vec<&'a str>,
    tables: Vec<&'a str>,
}

fn within(entries: &[RelocationEntry], start: usize, end: usize) -> &[RelocationEntry] {
    let at = |offset: usize| entries.partition_point(|entry| (entry.offset as usize) < offset);
    &entries[at(start)..at(end)]
}
