//! Linking and sealing with the real runtime, without running anything: what is imported and exported then.

use js_wasmparser::{Parser, Payload};

const WORLD: &str = "package a:b; interface host { ask: func(what: string) -> list<u8>; }
    world small { import host; export greet: func(name: string) -> string; }";

/// The names of a component's own imports and exports.
fn edges(component: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.expect("a component") {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => imports.extend(
                section
                    .into_iter()
                    .map(|import| import.expect("an import").name.name.to_owned()),
            ),
            Payload::ComponentExportSection(section) if depth == 0 => exports.extend(
                section
                    .into_iter()
                    .map(|export| export.expect("an export").name.name.to_owned()),
            ),
            _ => {}
        }
    }
    (imports, exports)
}

#[test]
fn a_sealed_component_has_its_worlds_edges_and_no_other() {
    let runtime = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/lily/js/quickjs.wasm"
    );
    let runtime = std::fs::read(runtime).expect("the runtime, by `cargo xtask setup`");
    let linked = lly_js::link(&runtime, WORLD, "small").expect("a component");
    let (mut imports, exports) = edges(&linked);
    imports.sort();
    assert_eq!(imports, ["a:b/host", lly_js::OUTPUT, lly_js::LOADER]);
    assert!(
        exports.iter().any(|name| name == lly_js::INIT),
        "{exports:?}"
    );
    // The same in, the same out.
    assert!(linked == lly_js::link(&runtime, WORLD, "small").expect("a component"));
    let sealed = lly_js::seal(&linked).expect("a component");
    assert_eq!(
        edges(&sealed),
        (vec!["a:b/host".to_owned()], vec!["greet".to_owned()])
    );
    let reason = lly_js::link(&runtime, WORLD, "large").expect_err("there is no such world");
    assert!(reason.to_string().contains("`large`"), "{reason}");
    assert!(lly_js::link(b"\0asm\x01\0\0\0", WORLD, "small").is_err());
    assert!(lly_js::seal(b"no component").is_err());
}
