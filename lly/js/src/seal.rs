//! An initialised component without what only the initialisation needed: two imports are gone, with a core module inside in
//! their place, and `init` is no longer exported.
//!
//! The rule: everything keeps its number but for what was put in before it or taken out. So only sections that name
//! instances, functions or modules by number are written anew; code and types are copied as they are. (A component inside
//! could not answer: one may not call what it contains.)

use crate::{INIT, LOADER, OUTPUT};
use anyhow::{Context, Result, anyhow};
use js_wasm_encoder::reencode::{Error, Reencode, ReencodeComponent};
use js_wasm_encoder::{
    Alias, CanonicalFunctionSection, Component, ComponentAliasSection, ComponentExportSection,
    ComponentImportSection, ComponentInstanceSection, ComponentSectionId, ExportKind,
    InstanceSection, RawSection,
};
use js_wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentAliasSectionReader,
    ComponentCanonicalSectionReader, ComponentExportSectionReader, ComponentExternalKind,
    ComponentImportSectionReader, Parser, Payload, Validator,
};
use std::collections::BTreeMap;

/// What answers instead.
const STAND_IN: &str = include_str!("stand_in.wat");

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
    instances: u32,
    functions: u32,
}

/// How numbers change at the component's own level. The stand-in comes before every core module and core instance.
#[derive(Default)]
struct Numbers {
    /// Instances that were taken out, in order.
    instances: Vec<u32>,
    /// Functions that were taken out, and the names of those that the stand-in has.
    functions: BTreeMap<u32, Option<String>>,
}

impl Reencode for Numbers {
    type Error = std::convert::Infallible;
}

impl ReencodeComponent for Numbers {
    fn component_instance_index(&mut self, instance: u32) -> u32 {
        let before = self.instances.iter().filter(|out| **out < instance);
        instance - before.count() as u32
    }

    fn component_func_index(&mut self, function: u32) -> u32 {
        function - self.functions.range(..function).count() as u32
    }

    fn module_index(&mut self, module: u32) -> u32 {
        module + 1
    }

    fn instance_index(&mut self, instance: u32) -> u32 {
        instance + 1
    }
}

impl Sealing {
    fn run(mut self, component: &[u8]) -> Result<Vec<u8>> {
        self.copy(
            ComponentSectionId::CoreModule as u8,
            &wat::parse_str(STAND_IN)?,
        );
        let mut stand_in = InstanceSection::new();
        let nothing: [(&str, js_wasm_encoder::ModuleArg); 0] = [];
        stand_in.instantiate(0, nothing);
        self.output.section(&stand_in);

        let mut validator = Validator::new();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            if depth == 0 && !matches!(payload, Payload::Version { .. }) {
                let there = validator
                    .types(0)
                    .context("a section before everything else")?;
                self.instances = there.component_instance_count();
                self.functions = there.component_function_count();
                self.section(&payload, component)?;
            }
            match &payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ => {}
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
            Payload::ModuleSection {
                unchecked_range, ..
            } => {
                let module = bytes(component, unchecked_range)?;
                self.copy(ComponentSectionId::CoreModule as u8, module);
            }
            Payload::ComponentSection {
                unchecked_range, ..
            } => {
                let inner = bytes(component, unchecked_range)?;
                self.copy(ComponentSectionId::Component as u8, inner);
            }
            Payload::ComponentImportSection(section) => self.imports(section.clone())?,
            Payload::ComponentAliasSection(section) => self.aliases(section.clone())?,
            Payload::ComponentCanonicalSection(section) => self.functions(section.clone())?,
            Payload::ComponentExportSection(section) => self.exports(section.clone())?,
            Payload::ComponentInstanceSection(section) => {
                let mut written = ComponentInstanceSection::new();
                self.numbers
                    .parse_component_instance_section(&mut written, section.clone())
                    .map_err(wrong)?;
                self.output.section(&written);
            }
            Payload::InstanceSection(section) => {
                let mut written = InstanceSection::new();
                self.numbers
                    .parse_instance_section(&mut written, section.clone())
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

    fn imports(&mut self, section: ComponentImportSectionReader<'_>) -> Result<()> {
        let mut written = ComponentImportSection::new();
        for import in section {
            let import = import?;
            let name = import.name.name;
            if [LOADER, OUTPUT].contains(&name) {
                self.numbers.instances.push(self.instances);
            } else {
                let kind = self.numbers.component_type_ref(import.ty).map_err(wrong)?;
                written.import(name, kind);
            }
            let is_instance = matches!(import.ty, js_wasmparser::ComponentTypeRef::Instance(_));
            self.instances += u32::from(is_instance);
        }
        if !written.is_empty() {
            self.output.section(&written);
        }
        Ok(())
    }

    fn aliases(&mut self, section: ComponentAliasSectionReader<'_>) -> Result<()> {
        let mut written = ComponentAliasSection::new();
        for alias in section {
            let alias = alias?;
            let mut gone = false;
            if let ComponentAlias::InstanceExport {
                kind,
                instance_index,
                name,
            } = &alias
            {
                gone = self.numbers.instances.contains(instance_index);
                let is_function = *kind == ComponentExternalKind::Func;
                if gone && is_function {
                    let name = Some((*name).to_owned());
                    self.numbers.functions.insert(self.functions, name);
                }
                self.functions += u32::from(is_function);
            }
            if !gone {
                written.alias(self.numbers.component_alias(alias).map_err(wrong)?);
            }
        }
        if !written.is_empty() {
            self.output.section(&written);
        }
        Ok(())
    }

    /// A function that was lowered from an import that is gone is the stand-in's, under the same number.
    fn functions(&mut self, section: ComponentCanonicalSectionReader<'_>) -> Result<()> {
        for function in section {
            let function = function?;
            let lowered = match &function {
                CanonicalFunction::Lower { func_index, .. } => {
                    self.numbers.functions.get(func_index).cloned().flatten()
                }
                _ => None,
            };
            match lowered {
                Some(name) => {
                    let mut alias = ComponentAliasSection::new();
                    alias.alias(Alias::CoreInstanceExport {
                        instance: 0,
                        kind: ExportKind::Func,
                        name: &name,
                    });
                    self.output.section(&alias);
                }
                None => {
                    let mut written = CanonicalFunctionSection::new();
                    self.numbers
                        .parse_component_canonical(&mut written, function)
                        .map_err(wrong)?;
                    self.output.section(&written);
                }
            }
        }
        Ok(())
    }

    fn exports(&mut self, section: ComponentExportSectionReader<'_>) -> Result<()> {
        let mut written = ComponentExportSection::new();
        for export in section {
            let export = export?;
            let is_function = export.kind == ComponentExternalKind::Func;
            if is_function && export.name.name == INIT {
                self.numbers.functions.insert(self.functions, None);
            } else {
                self.numbers
                    .parse_component_export(&mut written, export)
                    .map_err(wrong)?;
            }
            // Each export of a function is one more.
            self.functions += u32::from(is_function);
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
