//! What a component is, read off what it exports.

use lly_brick::BrickKind;
use wasmparser::{Parser, Payload};

/// Why a component is no brick.
#[derive(Debug, thiserror::Error)]
pub enum KindError {
    /// Not a component at all.
    #[error("what the frontend emitted is not a WebAssembly component")]
    NotAComponent(#[source] Option<wasmparser::BinaryReaderError>),
    /// It exports nothing that could be started.
    #[error("the program has neither a `main` nor a request handler")]
    NothingToStart,
}

/// `wasi:http/incoming-handler` makes an HTTP brick, else `wasi:cli/run` a command.
pub fn kind_of(component: &[u8]) -> Result<BrickKind, KindError> {
    let (mut depth, mut command) = (0_usize, false);
    let mut parser = Parser::new(0).parse_all(component);
    match parser.next() {
        Some(Ok(Payload::Version {
            encoding: wasmparser::Encoding::Component,
            ..
        })) => {}
        Some(Err(error)) => return Err(KindError::NotAComponent(Some(error))),
        Some(Ok(_)) | None => return Err(KindError::NotAComponent(None)),
    }
    for payload in parser {
        match payload.map_err(|error| KindError::NotAComponent(Some(error)))? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    let export = export.map_err(|error| KindError::NotAComponent(Some(error)))?;
                    let interface = export.name.name.split('@').next().unwrap_or_default();
                    match interface {
                        "wasi:http/incoming-handler" => return Ok(BrickKind::Http),
                        "wasi:cli/run" => command = true,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if command {
        Ok(BrickKind::Command)
    } else {
        Err(KindError::NothingToStart)
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
}
