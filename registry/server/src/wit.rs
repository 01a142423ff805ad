//! The WIT of a component as text. The component is a stranger's: its size, the size of its types, the stack and the text
//! are bounded, and one is decoded at a time.
//!
//! wasmparser bounds how deep a validated type is, but reads declarations within declarations before it validates, one
//! stack frame for some three bytes. So the bytes of types are bounded first, and the stack is large enough for them.

use lly_brick::Digest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wit_component::{OutputToString, WitPrinter};
use wit_parser::PackageId;

use fleet_client::blobs::BlobStore;

/// The largest component that is looked at.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;
/// Of the sections with types, together. The worlds of WASI have some 30 KiB.
const TYPE_BYTES_MAX: usize = 128 << 10;
/// Touched only as far as a component needs it.
const STACK_BYTES: usize = 512 << 20;
/// Longer text is cut.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Texts that are remembered.
const KNOWN_MAX: usize = 64;

/// What a component's interface is, or why it cannot be shown.
pub type Wit = Result<String, String>;

/// Decodes components and remembers the last few. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Wits {
    known: Arc<Mutex<HashMap<Digest, Arc<Wit>>>>,
    one: Arc<tokio::sync::Semaphore>,
}

impl Default for Wits {
    fn default() -> Self {
        Self {
            known: Arc::default(),
            one: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }
}

impl Wits {
    /// The WIT of the component with this digest.
    pub async fn of(&self, blobs: &BlobStore, digest: &Digest) -> Arc<Wit> {
        if let Some(known) = self.known(digest) {
            return known;
        }
        let Ok(_one) = self.one.acquire().await else {
            return Arc::new(Err("the registry is stopping".to_owned()));
        };
        // Whoever was before may have asked for the same.
        if let Some(known) = self.known(digest) {
            return known;
        }
        let bytes = match blobs.get(digest, COMPONENT_BYTES_MAX).await {
            Ok(bytes) => bytes,
            // Not remembered: it may be there the next time.
            Err(error) => return Arc::new(Err(error.to_string())),
        };
        let wit = tokio::task::spawn_blocking(move || on_a_large_stack(&bytes)).await;
        let wit = wit.unwrap_or_else(|_| Err("its decoder failed".to_owned()));
        self.remember(*digest, Arc::new(wit))
    }

    fn known(&self, digest: &Digest) -> Option<Arc<Wit>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(digest).cloned()
    }

    fn remember(&self, digest: Digest, wit: Arc<Wit>) -> Arc<Wit> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(digest, wit.clone());
        wit
    }
}

/// Decodes on a thread of its own; a panic of the decoder ends there.
fn on_a_large_stack(component: &[u8]) -> Wit {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("wit".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || decode(component));
        let thread = thread.map_err(|error| format!("no thread can be started: {error}"))?;
        let failed = |_| Err("its decoder failed".to_owned());
        thread.join().unwrap_or_else(failed)
    })
}

fn decode(component: &[u8]) -> Wit {
    let type_bytes = type_bytes(component).map_err(|error| error.to_string())?;
    if type_bytes > TYPE_BYTES_MAX {
        return Err(format!(
            "its types have {type_bytes} bytes; {TYPE_BYTES_MAX} are the most that is shown"
        ));
    }
    let decoded = wit_component::decode(component).map_err(|error| format!("{error:#}"))?;
    let (resolve, package) = (decoded.resolve(), decoded.package());
    let others: Vec<PackageId> = resolve
        .packages
        .iter()
        .map(|(id, _)| id)
        .filter(|id| *id != package)
        .collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer
        .print(resolve, package, &others)
        .map_err(|error| format!("{error:#}"))?;
    Ok(cut(printer.output.to_string()))
}

/// How long the sections are that say types, at every depth. Sections are stepped over, not read.
fn type_bytes(component: &[u8]) -> Result<usize, wasmparser::BinaryReaderError> {
    use wasmparser::Payload;
    let mut bytes = 0;
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        let range = match payload? {
            Payload::ComponentTypeSection(types) => types.range(),
            Payload::CoreTypeSection(types) => types.range(),
            _ => continue,
        };
        bytes += range.len();
    }
    Ok(bytes)
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
        text.push_str(
            "\n// … there is more; `lly plugin wit` and `wasm-tools component wit` show it\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component whose only type is an instance type in an instance type, and so on.
    fn nested(depth: usize) -> Vec<u8> {
        let mut section = vec![1];
        for _ in 0..depth {
            // An instance type of one declaration, a type.
            section.extend([0x42, 1, 0x01]);
        }
        section.extend([0x42, 0]);
        let mut component = vec![0, b'a', b's', b'm', 0x0d, 0, 1, 0, 7];
        let mut left = section.len();
        while left >= 0x80 {
            component.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        component.push(left as u8);
        component.extend(section);
        component
    }

    #[test]
    fn hostile_components_are_refused_and_nothing_falls_over() {
        // As deep as the bound lets it be: this stack is large enough.
        for depth in [2, 20_000, TYPE_BYTES_MAX / 3 - 2] {
            assert!(on_a_large_stack(&nested(depth)).is_ok(), "{depth}");
        }
        let reason = on_a_large_stack(&nested(TYPE_BYTES_MAX)).expect_err("too much");
        assert!(reason.contains("its types have"), "{reason}");
        for junk in [&b""[..], b"junk", b"\0asm\x0d\0\x01\0\x07\xff"] {
            assert!(on_a_large_stack(junk).is_err());
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = cut("é".repeat(TEXT_BYTES_MAX));
        assert!(text.len() < TEXT_BYTES_MAX + 200 && text.contains("there is more"));
        assert_eq!(cut("world".to_owned()), "world");
    }
}
