//! Building a plugin in JavaScript: QuickJS is linked to the world, `plugin.js` is loaded once, and what memory holds then
//! is the plugin. Loading has no authority and no clock, so the same sources give the same bytes.

mod modules;

use std::path::Path;

use host_plugin::PluginStore;
use host_preinit::{Limits, Preinit, PreinitError, Value};

use self::modules::{Modules, START};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::worlds::Contract;

/// What makes a folder a project in JavaScript: the module that exports the world's functions.
pub const FILE: &str = "plugin.js";
/// QuickJS, as `cargo xtask setup` fetched it.
const RUNTIME: &[u8] = include_bytes!(env!("LILY_JS_RUNTIME"));
/// Of what the code prints while it is loaded, on a failure.
const PRINTED_BYTES_MAX: usize = 64 << 10;

/// The project's component.
pub fn build(folder: &Path, contract: &Contract, context: &Context) -> Result<Vec<u8>, Failure> {
    let what = || format!("`{FILE}` cannot be made a component");
    let linked = lly_js::link(RUNTIME, contract.wit, contract.name).or_fail(what)?;
    let store = PluginStore::new(context.home.clone());
    let modules = Modules::new(folder)?;
    let arguments = [
        Value::String(lly_js::SHIM.to_owned()),
        Value::String(start(contract)?),
        Value::Option(Some(Box::new(Value::String(START.to_owned())))),
        Value::Bool(false),
    ];
    let preinit = Preinit {
        component: &linked,
        function: lly_js::INIT,
        arguments: &arguments,
        cache: Some(store.code_cache()),
        limits: Limits::STANDARD,
    };
    let (loaded, modules) = preinit.run(modules);
    if let Some(modules) = &modules {
        let printed = String::from_utf8_lossy(&modules.printed);
        if !printed.is_empty() {
            context.say(printed.trim_end());
        }
    }
    let refused = modules.and_then(|modules| modules.refused);
    let loaded = loaded.map_err(|error| why(error, refused))?;
    lly_js::seal(&loaded).or_fail(what)
}

/// The module that is loaded first: it looks whether everything is there, and tells what is thrown.
fn start(contract: &Contract) -> Result<String, Failure> {
    let exports = contract.exports()?;
    let names: Vec<String> = exports.iter().map(|name| camel(name)).collect();
    let mut text = format!("import * as plugin from \"/{FILE}\";\n");
    for name in &names {
        text.push_str(&format!(
            "if (typeof plugin.{name} !== \"function\") throw new Error(\"{FILE} exports no function `{name}`\");\n"
        ));
    }
    let meant = match contract.name {
        // The error of a result is thrown, too.
        "frontend" | "site" => "if (Array.isArray(error)) throw error;",
        _ => "",
    };
    text.push_str(&TOLD.replace("@MEANT@", meant));
    for name in &names {
        text.push_str(&format!("export const {name} = told(plugin.{name});\n"));
    }
    Ok(text)
}

/// What is thrown by accident ends the call with its words; the last byte throws them.
const TOLD: &str = r#"import output from "lily:init/output";
const told = (call) => (...values) => {
    try {
        return call(...values);
    } catch (error) {
        @MEANT@
        const [, place] = /\/([^\s()]+:\d+:\d+)/.exec(error?.stack ?? "") ?? [];
        const words = place === undefined ? `${error}` : `${error} (${place})`;
        for (const byte of new TextEncoder().encode(words.replace(/[\s\0]+/g, " "))) output.print(byte);
        output.print(0);
    }
};
"#;

/// A name of WIT as JavaScript has it.
pub fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// One sentence for the author. `refused` is what an import was refused with.
fn why(error: PreinitError, refused: Option<String>) -> Failure {
    match error {
        PreinitError::Refused(_) if refused.is_some() => {
            Failure::local(refused.unwrap_or_default())
        }
        PreinitError::Refused(words) => Failure::local(exception(&words)),
        PreinitError::Late { reason } => Failure::local(format!(
            "`{FILE}` does not come to an end while it is loaded: {reason}"
        ))
        .hint("code outside of functions runs when the plugin is built: is there an endless loop?"),
        other => Failure::local(format!("`{FILE}` cannot be loaded: {other}")),
    }
}

/// The runtime's words about an exception, begun with its place.
fn exception(words: &str) -> String {
    // Its own steps stand before what was thrown.
    let mut thrown = words.trim_end();
    while let Some((step, rest)) = thrown.split_once(": ")
        && step.starts_with("Failed to ")
    {
        thrown = rest;
    }
    if let Some(value) = thrown.strip_prefix("Exception generated by quickjs: ") {
        let text = value
            .strip_prefix("String(Ok(")
            .and_then(|text| text.strip_suffix("))"));
        let value = text.unwrap_or(value);
        return format!(
            "`{FILE}` throws {value} while it is loaded, which is no Error and says no place"
        );
    }
    if thrown.contains("resulted in a dead lock") {
        return format!("`{FILE}` awaits something that never happens while it is loaded");
    }
    let thrown = thrown.replace("(/", "(").replace("at /", "at ");
    let mut lines = thrown.lines();
    let first = lines.next().unwrap_or_default();
    let first = first.strip_prefix("Error: ").unwrap_or(first);
    let place = lines.find_map(|line| {
        let at = line.trim().strip_prefix("at ")?;
        let at = at.rsplit_once('(').map_or(at, |(_, inside)| inside);
        Some(at.trim_end_matches(')').to_owned())
    });
    match place {
        Some(place) if !place.starts_with(START.trim_start_matches('/')) => {
            format!("{place}: {first}")
        }
        _ => first.replace("'/", "'"),
    }
}
