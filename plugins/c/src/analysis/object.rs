//! One relocatable object, as far as the analysis looks into it: types, bodies, data segments, symbols, relocations.

use std::collections::BTreeMap;

use wasmparser::{
    CompositeInnerType, CustomSectionReader, FuncType, FunctionBody, KnownCustom, Linking, Parser,
    Payload, RelocationEntry, SegmentFlags, SubType, SymbolFlags, SymbolInfo, TypeRef,
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
        let mut loose = Loose::default();
        let mut section = 0u32;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload?;
            match &payload {
                Payload::CodeSectionStart { range, .. } => {
                    object.code_start = range.start;
                    loose.code_section = Some(section);
                }
                Payload::DataSection(reader) => {
                    loose.data_section = Some(section);
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
                Payload::CustomSection(custom) => object.custom(&mut loose, custom)?,
                _ => object.declarations(&mut loose, &payload)?,
            }
            // Sections are numbered as they come; a body within the code section is none.
            if payload.as_section().is_some() {
                section += 1;
            }
        }
        object.put_together(loose);
        Ok(object)
    }

    fn declarations(
        &mut self,
        loose: &mut Loose<'a>,
        payload: &Payload<'a>,
    ) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports() {
                    let import = import?;
                    self.import(&mut loose.imports, import.name, import.ty);
                }
            }
            Payload::FunctionSection(reader) => {
                for index in reader.clone() {
                    self.function_types.push(index?);
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader.clone() {
                    self.tag_types.push(tag?.func_type_idx);
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body.clone()),
            _ => {}
        }
        Ok(())
    }

    fn custom(
        &mut self,
        loose: &mut Loose<'a>,
        custom: &CustomSectionReader<'a>,
    ) -> wasmparser::Result<()> {
        match custom.as_known() {
            KnownCustom::Linking(linking) => {
                for part in linking.subsections() {
                    match part? {
                        Linking::SymbolTable(table) => {
                            for symbol in table {
                                loose.symbols.push(symbol?);
                            }
                        }
                        Linking::SegmentInfo(infos) => {
                            for info in infos {
                                loose.segments.push(info?);
                            }
                        }
                        Linking::InitFuncs(functions) => {
                            for function in functions {
                                self.initializers.push(function?.symbol_index);
                            }
                        }
                        Linking::ComdatInfo(_) | Linking::Unknown { .. } => {}
                    }
                }
            }
            KnownCustom::Reloc(reader) => {
                let entries = reader.entries().into_iter().collect::<Result<_, _>>()?;
                loose.relocations.push((reader.section_index(), entries));
            }
            _ if custom.name().starts_with(".debug_") => {
                self.debug_sections.insert(custom.name(), custom.data());
            }
            _ => {}
        }
        Ok(())
    }

    fn put_together(&mut self, loose: Loose<'a>) {
        for (segment, info) in self.segments.iter_mut().zip(&loose.segments) {
            segment.name = info.name;
            segment.is_thread_local = info.flags.contains(SegmentFlags::TLS);
        }
        for (of, mut entries) in loose.relocations {
            entries.sort_by_key(|entry| entry.offset);
            if Some(of) == loose.code_section {
                self.code_relocations = entries;
            } else if Some(of) == loose.data_section {
                self.data_relocations = entries;
            }
        }
        let symbols = loose.symbols.iter();
        self.symbols = symbols
            .map(|symbol| self.symbol(&loose.imports, symbol))
            .collect();
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
            SymbolInfo::Data {
                flags,
                name,
                symbol,
            } => {
                let target = symbol.and_then(|place| {
                    let (segment, offset) = (place.index as usize, place.offset as usize);
                    let size = place.size as usize;
                    let bytes = self.segments.get(segment)?.bytes;
                    bytes.get(offset..offset.checked_add(size)?)?;
                    Some(Target::Data {
                        segment,
                        offset,
                        size,
                    })
                });
                (flags, Some(name), target.unwrap_or(Target::UndefinedData))
            }
            SymbolInfo::Global { flags, index, name } => (
                flags,
                name.or(imported(&imports.globals, index)),
                Target::Other,
            ),
            SymbolInfo::Event { flags, index, name } => (
                flags,
                name.or(imported(&imports.tags, index)),
                Target::Other,
            ),
            SymbolInfo::Table { flags, index, name } => (
                flags,
                name.or(imported(&imports.tables, index)),
                Target::Other,
            ),
            SymbolInfo::Section { flags, .. } => (flags, None, Target::Other),
        };
        let binding = if flags.contains(SymbolFlags::BINDING_LOCAL) {
            Binding::Local
        } else if flags.contains(SymbolFlags::BINDING_WEAK) {
            Binding::Weak
        } else {
            Binding::Global
        };
        Symbol {
            name: name.unwrap_or_default(),
            binding,
            target,
        }
    }

    /// Whether `main` is written without parameters: clang then adds one that has them.
    pub fn has_original_main(&self) -> bool {
        self.symbols
            .iter()
            .any(|symbol| symbol.name == "__original_main")
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
        let start = self
            .segments
            .get(segment)
            .map_or(0, |segment| segment.start)
            + offset;
        (within(&self.data_relocations, start, start + size), start)
    }
}

/// What is read on the way and put in its place at the end.
#[derive(Default)]
struct Loose<'a> {
    imports: Imports<'a>,
    symbols: Vec<SymbolInfo<'a>>,
    segments: Vec<wasmparser::Segment<'a>>,
    code_section: Option<u32>,
    data_section: Option<u32>,
    relocations: Vec<(u32, Vec<RelocationEntry>)>,
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
