//! What a bundle carries for its component beside the component itself.

use std::sync::Arc;

use host_engine::Profile;
use lly_brick::{Digest, SharedModule};
use wasmtime::Module;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The custom section with the source maps of a program's modules.
const MAPS_SECTION: &str = "lily:maps";
/// The first bytes of every component: magic, version and layer.
const COMPONENT_PREAMBLE: [u8; 8] = *b"\0asm\x0d\0\x01\0";
/// The id of a custom section.
const CUSTOM: u8 = 0;

/// What a component is given besides what every component is given.
#[derive(Debug, Default)]
pub struct Carried {
    /// The core modules that it may import by content; a program keeps those that it imports.
    pub modules: Vec<Arc<LoadedModule>>,
    /// The content of its section `lily:maps`: source maps, as [`maps_of`] finds them. Empty without any.
    pub maps: Vec<u8>,
}

/// A core module that components import by content, as code of this machine. It is loaded once and shared; the last program
/// that has it takes it along.
pub struct LoadedModule {
    import: String,
    module: Module,
}

impl LoadedModule {
    /// A module of this content, compiled for the engine of the programs that import it.
    pub fn new(digest: &Digest, module: Module) -> LoadedModule {
        LoadedModule {
            import: SharedModule::import_of(digest),
            module,
        }
    }

    /// The name by which components import it.
    pub fn import(&self) -> &str {
        &self.import
    }

    /// The module itself.
    pub(crate) fn module(&self) -> &Module {
        &self.module
    }
}

impl std::fmt::Debug for LoadedModule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LoadedModule").field(&self.import).finish()
    }
}

impl Carried {
    /// The modules that a component imports, or the name of one that is not here.
    pub(crate) fn imported(&self, component: &Component) -> Result<Vec<Arc<LoadedModule>>, String> {
        let mut imported = Vec::new();
        for (name, item) in component.component_type().imports(component.engine()) {
            if !matches!(item.ty, ComponentItem::Module(_)) {
                continue;
            }
            let found = self.modules.iter().find(|module| module.import == name);
            imported.push(Arc::clone(found.ok_or_else(|| name.to_owned())?));
        }
        Ok(imported)
    }
}

/// The engine that serves a program which carries these modules. Who imports a language's engine is one long instance for many
/// requests, and its memory is taken on demand; everyone else is an instance a request, in pooled memory.
pub fn serving_profile(modules: &[SharedModule]) -> Profile {
    if modules.is_empty() {
        Profile::Stateless
    } else {
        Profile::Lasting
    }
}

/// The source maps in a component's bytes: the content of its own section `lily:maps`, without those of what is inside it.
/// None if there is no such section, or the bytes are no component.
pub fn maps_of(component: &[u8]) -> Option<&[u8]> {
    let mut rest = component.strip_prefix(&COMPONENT_PREAMBLE)?;
    while let Some((id, behind)) = rest.split_first() {
        let mut content = behind;
        let section = counted(&mut content)?;
        rest = content;
        if *id == CUSTOM {
            let mut content = section;
            if counted(&mut content)? == MAPS_SECTION.as_bytes() {
                return Some(content);
            }
        }
    }
    None
}

/// Takes as many bytes as the number in front of them says (LEB128).
fn counted<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (mut count, mut shift) = (0_u64, 0_u32);
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        count |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        // A length has 32 bits, in at most five bytes.
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
    let (taken, rest) = from.split_at_checked(usize::try_from(count).ok()?)?;
    *from = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_found_at_the_components_own_level() {
        let maps = |text: &str| {
            let wasm = wat::parse_str(text).expect("a good text");
            maps_of(&wasm).map(<[u8]>::to_vec)
        };
        let section = "(@custom \"lily:maps\" \"abc\")";
        let module = format!(
            "(core module (memory 1) (data (i32.const 0) \"{}\"))",
            "x".repeat(300)
        );
        assert_eq!(
            maps(&format!("(component {module} {section})")).as_deref(),
            Some(&b"abc"[..])
        );
        assert_eq!(
            maps(&format!("(component {section} {module})")).as_deref(),
            Some(&b"abc"[..])
        );
        assert_eq!(maps(&format!("(component (component {section}))")), None);
        assert_eq!(maps("(component (@custom \"lily\" \"abc\"))"), None);
        assert_eq!(maps("(module)"), None);
    }

    #[test]
    fn broken_bytes_have_no_maps() {
        let wasm = wat::parse_str("(component (core module) (@custom \"lily:maps\" \"abc\"))");
        let wasm = wasm.expect("a good text");
        for length in 0..wasm.len() {
            assert_eq!(maps_of(&wasm[..length]), None, "cut to {length} bytes");
        }
        for lie in [&[0xff; 9][..], &[0, 0x80, 0x80], &[0, 5, 9, b'l']] {
            let wasm = [&COMPONENT_PREAMBLE[..], lie].concat();
            assert_eq!(maps_of(&wasm), None);
        }
    }
}
