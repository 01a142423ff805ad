//! An initialised component without what only the initialisation needed: two imports become components inside that answer
//! without anybody, and `init` is no longer exported.
//!
//! The rule: everything keeps its number but what comes after something that was put in or taken out. So only sections
//! that name components or functions by number are written anew; code and types are copied as they are.

use crate::{INIT, LOADER, OUTPUT};
use anyhow::{Context, Result, anyhow};
use js_wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use js_wasm_encoder::{
    CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentSectionId, RawSection,
};
use js_wasmparser::{
    ComponentExportSectionReader, ComponentExternalKind, ComponentImportSectionReader, Parser,
    Payload, Validator,
};

/// What stands where imports stood.
const STAND_INS: [(&str, &str); 2] = [
    (LOADER, include_str!("without_loader.wat")),
    (OUTPUT, include_str!("without_output.wat")),
];

/// A component that is not one that [`crate::link`] made.
#[derive(Debug, thiserror::Error)]
#[error("the loaded JavaScript cannot be sealed: {0}")]
pub struct SealError(String);

/// The component as it is shipped.
pub fn seal(component: &[u8]) -> Result<Vec<u8>, SealError> {
    Sealing::default()
        .run(component)
        .map_err(|error| SealError(format!("{error:#}")))
}

#[derive(Default)]
struct Sealing {
    output: Component,
    numbers: Numbers,
}

/// How numbers change at the component's own level.
#[derive(Default)]
struct Numbers {
    /// Components that were put in so far, all before any other.
    put_in: u32,
    /// The function that was taken out.
    taken_out: Option<u32>,
}

impl Reencode for Numbers {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Numbers {
    fn component_index(&mut self, component: u32) -> u32 {
        component + self.put_in
    }

    fn component_func_index(&mut self, function: u32) -> u32 {
        match self.taken_out {
            Some(out) if function > out => function - 1,
            _ => function,
        }
    }
}

impl Sealing {
    fn run(mut self, component: &[u8]) -> Result<Vec<u8>> {
        let mut validator = Validator::new();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            match &payload {
                Payload::Version { .. } => {}
                Payload::ModuleSection { unchecked_range, .. }
                | Payload::ComponentSection { unchecked_range, .. } => {
                    if depth == 0 {
                        let id = match &payload {
                            Payload::ModuleSection { .. } => ComponentSectionId::CoreModule,
                            _ => ComponentSectionId::Component,
                        };
                        self.copy(id as u8, bytes(component, unchecked_range)?);
                    }
                    depth += 1;
                }
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ if depth > 0 => {}
                Payload::ComponentExportSection(section) => {
                    let functions = validator
                        .types(0)
                        .context("an export before everything else")?
                        .component_function_count();
                    self.exports(section.clone(), functions)?;
                }
                other => self.section(other, component)?,
            }
            validator.payload(&payload)?;
        }
        let sealed = self.output.finish();
        Validator::new().validate_all(&sealed)?;
        Ok(sealed)
    }

    fn copy(&mut self, id: u8, data: &[u8]) {
        self.output.section(&RawSection { id, data });
    }

    fn section(&mut self, payload: &Payload<'_>, component: &[u8]) -> Result<()> {
        match payload {
            Payload::ComponentImportSection(section) => self.imports(section.clone())?,
            Payload::ComponentInstanceSection(section) => {
                let mut written = ComponentInstanceSection::new();
                self.numbers
                    .parse_component_instance_section(&mut written, section.clone())
                    .map_err(wrong)?;
                self.output.section(&written);
            }
            Payload::ComponentCanonicalSection(section) => {
                let mut written = CanonicalFunctionSection::new();
                self.numbers
                    .parse_component_canonical_section(&mut written, section.clone())
                    .map_err(wrong)?;
                self.output.section(&written);
            }
            Payload::ComponentAliasSection(section) => {
                let mut written = ComponentAliasSection::new();
                self.numbers
                    .parse_component_alias_section(&mut written, section.clone())
                    .map_err(wrong)?;
                self.output.section(&written);
            }
            // Names of things that have other numbers now.
            Payload::CustomSection(section) if section.name() == "component-name" => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    self.copy(id, bytes(component, &range)?);
                }
            }
        }
        Ok(())
    }

    /// A component inside that was instantiated takes the number of the instance that was imported.
    fn imports(&mut self, section: ComponentImportSectionReader<'_>) -> Result<()> {
        for import in section {
            let import = import?;
            let name = import.name.name;
            match STAND_INS.iter().find(|(replaced, _)| *replaced == name) {
                None => {
                    let mut one = ComponentImportSection::new();
                    let kind = self.numbers.component_type_ref(import.ty).map_err(wrong)?;
                    one.import(name, kind);
                    self.output.section(&one);
                }
                Some((_, text)) => {
                    let stand_in = wat::parse_str(text)?;
                    self.copy(ComponentSectionId::Component as u8, &stand_in);
                    let mut instance = ComponentInstanceSection::new();
                    let nothing: [(&str, js_wasm_encoder::ComponentExportKind, u32); 0] = [];
                    instance.instantiate(self.numbers.put_in, nothing);
                    self.output.section(&instance);
                    self.numbers.put_in += 1;
                }
            }
        }
        Ok(())
    }

    /// `functions` is how many there are before these exports, each of which makes one more.
    fn exports(&mut self, section: ComponentExportSectionReader<'_>, functions: u32) -> Result<()> {
        let mut functions = functions;
        let mut written = ComponentExportSection::new();
        for export in section {
            let export = export?;
            let is_function = export.kind == ComponentExternalKind::Func;
            if is_function && export.name.name == INIT {
                self.numbers.taken_out = Some(functions);
            } else {
                self.numbers
                    .parse_component_export(&mut written, export)
                    .map_err(wrong)?;
            }
            functions += u32::from(is_function);
        }
        if !written.is_empty() {
            self.output.section(&written);
        }
        Ok(())
    }
}

fn bytes<'a>(component: &'a [u8], range: &std::ops::Range<u64>) -> Result<&'a [u8]> {
    let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
    component
        .get(start..end)
        .context("a section that ends after the component")
}

fn wrong(error: Error<std::convert::Infallible>) -> anyhow::Error {
    anyhow!("{error}")
}
