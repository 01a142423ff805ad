//! What a component is, read off what it exports; and whether it is one that a host takes.

use lly_brick::{BrickKind, Digest, SharedModule};
use wasmparser::{ComponentTypeRef, Parser, Payload, Validator, WasmFeatures};

/// Why a component is no brick.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    /// Not valid WebAssembly.
    #[error("it returned a component that is not valid WebAssembly: {0}")]
    Invalid(wasmparser::BinaryReaderError),
    /// Not a component at all.
    #[error("it returned bytes that are not a WebAssembly component")]
    NotAComponent,
    /// It wants what no host gives.
    #[error("it returned a component that imports `{0}`, which no brick is given")]
    Import(String),
    /// It wants a core module that is not in its bundle.
    #[error(
        "it returned a component that imports the core module `{0}`, which its bundle does not carry"
    )]
    Module(String),
    /// It exports nothing that could be started. This is up to the program, the others are up to the frontend.
    #[error("the program has neither a `main` nor a request handler")]
    NothingToStart,
}

/// What the host offers to bricks of JavaScript, and to them alone.
const JAVASCRIPT_HOST: &str = "lily:javascript/host@0.1.0";
/// What a brick of JavaScript exports that answers requests.
const JAVASCRIPT_SERVER: &str = "lily:javascript/server@0.1.0";
/// What a brick of JavaScript exports that runs to its end.
const JAVASCRIPT_SCRIPT: &str = "lily:javascript/script@0.1.0";

/// `wasi:http/incoming-handler` makes an HTTP brick, else `wasi:cli/run` a command; so do the server and the script of a brick
/// of JavaScript. `modules` are the core modules that its bundle carries.
///
/// # Errors
/// When the component is not valid, imports anything but WASI, what JavaScript is offered and core modules of its bundle, or
/// exports nothing that could be started.
pub fn kind_of(component: &[u8], modules: &[Digest]) -> Result<BrickKind, KindError> {
    if !Parser::is_component(component) {
        return Err(KindError::NotAComponent);
    }
    // Which features there are is the engine's to say; here it is about bytes that no engine takes.
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(component)
        .map_err(KindError::Invalid)?;
    let carried: Vec<String> = modules.iter().map(SharedModule::import_of).collect();
    let (mut depth, mut command, mut http) = (0_usize, false, false);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(KindError::Invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let import = import.map_err(KindError::Invalid)?;
                    let name = import.name.name;
                    if matches!(import.ty, ComponentTypeRef::Module(_)) {
                        if !carried.iter().any(|carried| carried == name) {
                            return Err(KindError::Module(name.to_owned()));
                        }
                    } else if !name.starts_with("wasi:") && name != JAVASCRIPT_HOST {
                        return Err(KindError::Import(name.to_owned()));
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let name = export.map_err(KindError::Invalid)?.name.name;
                    let interface = name.split('@').next().unwrap_or_default();
                    http |= interface == "wasi:http/incoming-handler" || name == JAVASCRIPT_SERVER;
                    command |= interface == "wasi:cli/run" || name == JAVASCRIPT_SCRIPT;
                }
            }
            _ => {}
        }
    }
    match (http, command) {
        (true, _) => Ok(BrickKind::Http),
        (false, true) => Ok(BrickKind::Command),
        (false, false) => Err(KindError::NothingToStart),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Result<BrickKind, String> {
        kind_with(text, &[])
    }

    fn kind_with(text: &str, modules: &[Digest]) -> Result<BrickKind, String> {
        let wasm = wat::parse_str(text).expect("a good text");
        kind_of(&wasm, modules).map_err(|error| error.to_string())
    }

    #[test]
    fn exports_decide() {
        let export =
            |name: &str| format!("(component (instance $i) (export \"{name}\" (instance $i)))");
        assert_eq!(kind(&export("wasi:cli/run@0.2.6")), Ok(BrickKind::Command));
        assert_eq!(
            kind(&export("wasi:http/incoming-handler@0.2.3")),
            Ok(BrickKind::Http)
        );
        // What an inner component exports does not count.
        assert!(kind(&format!("(component {})", export("wasi:cli/run@0.2.6"))).is_err());
        assert!(kind("(module)").is_err_and(|error| error.contains("not a WebAssembly component")));
        assert!(kind_of(b"\0as", &[]).is_err() && kind_of(b"", &[]).is_err());
    }

    #[test]
    fn javascript_is_known_by_what_it_exports() {
        let brick = |export: &str| {
            let host = "(import \"lily:javascript/host@0.1.0\" (instance))";
            kind(&format!(
                "(component {host} (instance $i) (export \"lily:javascript/{export}\" (instance $i)))"
            ))
        };
        assert_eq!(brick("server@0.1.0"), Ok(BrickKind::Http));
        assert_eq!(brick("script@0.1.0"), Ok(BrickKind::Command));
        // Another version would be another agreement between the program and its host.
        assert!(brick("server@0.2.0").is_err_and(|error| error.contains("neither a `main`")));
        assert!(brick("host@0.1.0").is_err());
        let later = "(component (import \"lily:javascript/host@0.2.0\" (instance)))";
        assert!(kind(later).is_err_and(|error| error.contains("`lily:javascript/host@0.2.0`")));
    }

    #[test]
    fn a_core_module_comes_with_the_bundle() {
        let (engine, other) = (Digest::of(b"engine"), Digest::of(b"other"));
        let import = SharedModule::import_of(&engine);
        let text = format!(
            "(component (import \"{import}\" (core module)) (instance $i) (export \"wasi:cli/run@0.2.6\" (instance $i)))"
        );
        assert_eq!(kind_with(&text, &[other, engine]), Ok(BrickKind::Command));
        let refused = kind_with(&text, &[other]).expect_err("no brick");
        assert!(
            refused.contains(&import) && refused.contains("does not carry"),
            "{refused}"
        );
        // Its content is its name: nothing else that looks like it is one.
        let instance = text.replace("(core module)", "(instance)");
        assert!(
            kind_with(&instance, &[engine])
                .is_err_and(|error| error.contains("which no brick is given"))
        );
        let named = text.replace(&import, "wasi:engine/quickjs");
        assert!(
            kind_with(&named, &[engine])
                .is_err_and(|error| error.contains("`wasi:engine/quickjs`"))
        );
    }

    #[test]
    fn what_no_host_takes_is_refused() {
        let refused = |text: &str| kind(text).expect_err("no brick");
        assert!(
            refused("(component (import \"acme:spy/ears\" (instance)))")
                .contains("`acme:spy/ears`")
        );
        let broken = "(component (core module (func (result i32))))";
        assert!(refused(broken).contains("not valid WebAssembly"));
        let mut cut = wat::parse_str("(component (core module))").expect("a good text");
        cut.pop();
        assert!(matches!(kind_of(&cut, &[]), Err(KindError::Invalid(_))));
    }
}
