//! What a component is, read off what it exports; and whether it is one that a host takes.

use lly_brick::BrickKind;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

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
    /// It exports nothing that could be started. This is up to the program, the others are up to the frontend.
    #[error("the program has neither a `main` nor a request handler")]
    NothingToStart,
}

/// `wasi:http/incoming-handler` makes an HTTP brick, else `wasi:cli/run` a command.
///
/// # Errors
/// When the component is not valid, imports anything but WASI, or exports neither of the two.
pub fn kind_of(component: &[u8]) -> Result<BrickKind, KindError> {
    if !Parser::is_component(component) {
        return Err(KindError::NotAComponent);
    }
    // Which features there are is the engine's to say; here it is about bytes that no engine takes.
    Validator::new_with_features(WasmFeatures::all())
        .validate_all(component)
        .map_err(KindError::Invalid)?;
    let (mut depth, mut command, mut http) = (0_usize, false, false);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(KindError::Invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    let name = import.map_err(KindError::Invalid)?.name.name;
                    if !name.starts_with("wasi:") {
                        return Err(KindError::Import(name.to_owned()));
                    }
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export.map_err(KindError::Invalid)?;
                    let interface = export.name.name.split('@').next().unwrap_or_default();
                    http |= interface == "wasi:http/incoming-handler";
                    command |= interface == "wasi:cli/run";
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
        kind_of(&wat::parse_str(text).expect("a good text")).map_err(|error| error.to_string())
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
        assert!(kind_of(b"\0as").is_err() && kind_of(b"").is_err());
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
        assert!(matches!(kind_of(&cut), Err(KindError::Invalid(_))));
    }
}
