//! A core module's sections as plain tables, imports first, as the indices of its code count.

use std::collections::BTreeMap;

use wasmparser::{
    ElementItems, ExternalKind, FunctionBody, KnownCustom, Name, Operator, Payload, Result, TypeRef,
};

/// A global, memory or table.
pub struct Item {
    /// `MODULE.NAME` of the one who has it, when that is not this module.
    pub import: Option<String>,
    /// Its type and first contents, as bytes to digest.
    pub contents: Vec<u8>,
    /// Whether code may change it.
    pub is_mutable: bool,
    /// At the start.
    pub size_bytes: u32,
    /// Functions that it refers to at the start, in the order of the binary.
    pub functions: Vec<u32>,
}

/// One core module.
#[derive(Default)]
pub struct Module<'a> {
    /// Function types in the text's words: `(param i32) (result i32)`.
    pub types: Vec<String>,
    /// The type of each function.
    pub functions: Vec<u32>,
    /// `MODULE.NAME` of each imported function.
    pub imported: Vec<String>,
    /// Functions with a body, in the order of the binary.
    pub bodies: Vec<FunctionBody<'a>>,
    /// Globals.
    pub globals: Vec<Item>,
    /// Memories.
    pub memories: Vec<Item>,
    /// Tables.
    pub tables: Vec<Item>,
    /// What is exported under which name, in the order of the names.
    pub exports: BTreeMap<String, (ExternalKind, u32)>,
    /// The function that runs at instantiation.
    pub start: Option<u32>,
    /// Functions whose reference is in a segment, a global or a table.
    pub address_taken: Vec<u32>,
    /// Names of functions, globals, memories and tables, by index.
    pub names: [BTreeMap<u32, String>; 4],
}

impl<'a> Module<'a> {
    /// Takes in one section.
    ///
    /// # Errors
    /// When its bytes are not what they should be; validation comes first, so they are.
    pub fn take(&mut self, payload: Payload<'a>) -> Result<()> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    for sub in group?.into_types() {
                        self.types.push(signature(&sub));
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import?;
                    self.import(import.ty, format!("{}.{}", import.module, import.name));
                }
            }
            Payload::FunctionSection(functions) => {
                for ty in functions {
                    self.functions.push(ty?);
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let text = format!("{:?}", table?.ty);
                    self.tables.push(item(None, text, true, 0));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory?;
                    let bytes = memory.initial.saturating_mul(65536);
                    let size = u32::try_from(bytes).unwrap_or(u32::MAX);
                    let text = format!("{memory:?}");
                    self.memories.push(item(None, text, true, size));
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    let mut one = of_global(&global.ty, None);
                    for operator in global.init_expr.get_operators_reader() {
                        self.constant(&operator?, &mut one);
                    }
                    self.globals.push(one);
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    let to = (export.kind, export.index);
                    self.exports.insert(export.name.to_owned(), to);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    self.element(&element?)?;
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment?;
                    self.segment(&segment)?;
                }
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    for name in names {
                        self.name(name?)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, ty: TypeRef, name: String) {
        match ty {
            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                self.functions.push(ty);
                self.imported.push(name);
            }
            TypeRef::Table(ty) => {
                self.tables
                    .push(item(Some(name), format!("{ty:?}"), true, 0));
            }
            TypeRef::Memory(ty) => {
                self.memories
                    .push(item(Some(name), format!("{ty:?}"), true, 0));
            }
            TypeRef::Global(ty) => self.globals.push(of_global(&ty, Some(name))),
            TypeRef::Tag(_) => {}
        }
    }

    fn constant(&mut self, operator: &Operator<'_>, into: &mut Item) {
        if let Operator::RefFunc { function_index } = operator {
            self.address_taken.push(*function_index);
            into.functions.push(*function_index);
        } else {
            into.contents.extend(format!("{operator:?}").into_bytes());
        }
    }

    fn element(&mut self, element: &wasmparser::Element<'_>) -> Result<()> {
        let mut functions = Vec::new();
        match element.items.clone() {
            ElementItems::Functions(indices) => {
                for index in indices {
                    functions.push(index?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            functions.push(function_index);
                        }
                    }
                }
            }
        }
        self.address_taken.extend(&functions);
        if let wasmparser::ElementKind::Active { table_index, .. } = element.kind
            && let Some(table) = self.tables.get_mut(table_index.unwrap_or(0) as usize)
        {
            table.functions.extend(functions);
        }
        Ok(())
    }

    fn segment(&mut self, segment: &wasmparser::Data<'_>) -> Result<()> {
        let (memory, offset) = match &segment.kind {
            wasmparser::DataKind::Passive => (0, None),
            wasmparser::DataKind::Active {
                memory_index,
                offset_expr,
            } => (*memory_index, Some(offset_expr)),
        };
        let Some(memory) = self.memories.get_mut(memory as usize) else {
            return Ok(());
        };
        for operator in offset
            .iter()
            .flat_map(|offset| offset.get_operators_reader())
        {
            memory
                .contents
                .extend(format!("{:?}", operator?).into_bytes());
        }
        let length = segment.data.len() as u64;
        memory.contents.extend(length.to_le_bytes());
        memory.contents.extend_from_slice(segment.data);
        Ok(())
    }

    fn name(&mut self, name: Name<'_>) -> Result<()> {
        let (space, map) = match name {
            Name::Function(map) => (0, map),
            Name::Global(map) => (1, map),
            Name::Memory(map) => (2, map),
            Name::Table(map) => (3, map),
            _ => return Ok(()),
        };
        for naming in map {
            let naming = naming?;
            self.names[space].insert(naming.index, naming.name.to_owned());
        }
        Ok(())
    }

    /// The first name that this is exported under.
    pub fn exported_as(&self, kind: ExternalKind, index: u32) -> Option<&str> {
        self.exports
            .iter()
            .find(|(_, to)| **to == (kind, index))
            .map(|(name, _)| name.as_str())
    }
}

fn signature(sub: &wasmparser::SubType) -> String {
    let wasmparser::CompositeInnerType::Func(function) = &sub.composite_type.inner else {
        return String::new();
    };
    let list = |word: &str, types: &[wasmparser::ValType]| {
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        match types.is_empty() {
            true => String::new(),
            false => format!(" ({word} {})", types.join(" ")),
        }
    };
    list("param", function.params()) + &list("result", function.results())
}

fn item(import: Option<String>, text: String, is_mutable: bool, size_bytes: u32) -> Item {
    Item {
        import,
        contents: text.into_bytes(),
        is_mutable,
        size_bytes,
        functions: Vec::new(),
    }
}

fn of_global(ty: &wasmparser::GlobalType, import: Option<String>) -> Item {
    use wasmparser::ValType;
    let size = match (&import, ty.content_type) {
        (Some(_), _) => 0,
        (None, ValType::I64 | ValType::F64) => 8,
        (None, ValType::V128) => 16,
        (None, ValType::I32 | ValType::F32 | ValType::Ref(_)) => 4,
    };
    item(import, format!("{ty:?}"), ty.mutable, size)
}
