//! The generated half of the C library's glue is committed; this holds it to what wit-bindgen-c writes today.
//! `BLESS=1` rewrites it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// The functions that the library calls. The rest of the interfaces would be five thousand lines that nobody runs.
const FUNCTIONS: &[&str] = &[
    "exit-with-code",
    "get-stderr",
    "[method]pollable.block",
    "[method]input-stream.blocking-read",
    "[method]output-stream.check-write",
    "[method]output-stream.write",
    "[method]output-stream.blocking-write-and-flush",
    "[method]output-stream.blocking-flush",
    "[method]output-stream.subscribe",
    "[static]fields.from-list",
    "[method]fields.entries",
    "[method]incoming-request.method",
    "[method]incoming-request.path-with-query",
    "[method]incoming-request.scheme",
    "[method]incoming-request.authority",
    "[method]incoming-request.headers",
    "[method]incoming-request.consume",
    "[method]incoming-body.stream",
    "[constructor]outgoing-response",
    "[method]outgoing-response.set-status-code",
    "[method]outgoing-response.body",
    "[static]response-outparam.set",
    "[method]outgoing-body.write",
    "[static]outgoing-body.finish",
    "[constructor]outgoing-request",
    "[method]outgoing-request.set-method",
    "[method]outgoing-request.set-path-with-query",
    "[method]outgoing-request.set-scheme",
    "[method]outgoing-request.set-authority",
    "[method]outgoing-request.body",
    "[constructor]request-options",
    "[method]request-options.set-connect-timeout",
    "[method]request-options.set-first-byte-timeout",
    "[method]request-options.set-between-bytes-timeout",
    "handle",
    "[method]future-incoming-response.subscribe",
    "[method]future-incoming-response.get",
    "[method]incoming-response.status",
    "[method]incoming-response.headers",
    "[method]incoming-response.consume",
];

#[test]
fn generated_bindings_are_fresh() {
    let plugin = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut resolve = Resolve::default();
    resolve.push_path(plugin.join("../../wit/brick")).unwrap();
    let package = resolve.push_file(plugin.join("glue/glue.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("glue")).unwrap();

    for (_, interface) in resolve.interfaces.iter_mut() {
        interface
            .functions
            .retain(|name, _| FUNCTIONS.contains(&name.as_str()));
    }

    let mut files = Files::default();
    let options = wit_bindgen_c::Opts {
        no_object_file: true,
        ..Default::default()
    };
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .unwrap();
    for (name, contents) in files.iter() {
        let path = plugin.join("glue/generated").join(name);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, contents).unwrap();
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == contents,
            "`{}` is stale: run this test with BLESS=1",
            path.display()
        );
    }
}
