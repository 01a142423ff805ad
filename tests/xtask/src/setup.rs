//! `cargo xtask setup`: from a fresh checkout to packed plugins, in stages that are each done once.

use crate::plugins::fresh;
use crate::stage::once;
use crate::workspace::lily;
use crate::{fetch, javascript, npm, plugins, toolchain};
use anyhow::{Context, Result};

/// Sigstore's own verifier in JavaScript, for a test that cross-checks our signatures: package, version, sha256.
const SIGSTORE_JS: [(&str, &str, &str); 4] = [
    (
        "@sigstore/verify",
        "3.1.1",
        "66fba97654e6850703065d461678965f604aba69f6f792b3fed316a6ffba4154",
    ),
    (
        "@sigstore/bundle",
        "4.0.0",
        "a2746c45926a4a34622d8f9d6a3f288133c4762b1a89916d4b6d1eae8375b1a5",
    ),
    (
        "@sigstore/core",
        "3.2.1",
        "b1ebd091f75345f83c709f9a4e5be06c2c0f80adc7f42c0ab469008367998a3e",
    ),
    (
        "@sigstore/protobuf-specs",
        "0.5.2",
        "59f53330ed0d85794978e0b152dee7793184e70f5a6e31fda4db5687a9cdb448",
    ),
];

/// QuickJS as a WebAssembly library whose functions and values are WIT's: crate, version, file, sha256. The crate itself
/// would bring a second engine, so only its file is taken: the one for speed, which takes half the time of the one for size
/// and makes a plugin 100 KiB larger.
const JAVASCRIPT: (&str, &str, &str, &str) = (
    "componentize-qjs",
    "0.4.5",
    "prebuilt/runtime-sync.wasm",
    "25703f010b80efb806f9c35daf9ee6524ad60320c9781b0bae4e234264f8dac5",
);

/// Does what is not done yet.
pub fn run(smallest: bool) -> Result<()> {
    plugins_in_javascript()?;
    let toolchain = toolchain::prepare()?;
    plugins::fetch_inputs()?;
    javascript::engine()?;
    let modules = plugins::build_modules(&toolchain)?;
    plugins::pack(&modules, smallest)
}

/// The runtime that `lly` carries for plugins in JavaScript.
fn plugins_in_javascript() -> Result<()> {
    let (name, version, path, sha256) = JAVASCRIPT;
    let folder = lily().join("js");
    let runtime = folder.join("quickjs.wasm");
    once("javascript", sha256, std::slice::from_ref(&runtime), || {
        let file = fetch::crate_file(name, version, path, sha256)?;
        fresh(&folder)?;
        std::fs::copy(&file, &runtime)
            .with_context(|| format!("cannot write `{}`", runtime.display()))?;
        Ok(())
    })
}

/// What only tests need.
pub fn for_tests() -> Result<()> {
    for (name, version, sha256) in SIGSTORE_JS {
        let folder = lily().join("sigstore-js/node_modules").join(name);
        let marker = folder.join("package.json");
        once(&name.replace('/', "-"), sha256, &[marker], || {
            npm::unpack(&fetch::npm(name, version, sha256)?, &folder)
        })?;
    }
    npm::node()?;
    npm::packages()
}
