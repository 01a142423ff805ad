//! The verbs of installed plugins, in `lly --help` and in completions.
//!
//! The rule: they are read from manifests. No plugin is started, and a store that cannot be read adds nothing: it is
//! `lly doctor` that says so.

use clap::{Command, CommandFactory as _};
use host_plugin::PluginStore;
use registry_index::{COMMAND_WORLD, PluginManifest};

use super::check_name;
use crate::Arguments;
use crate::context::Context;

/// The installed verbs, by name.
fn installed() -> Vec<PluginManifest> {
    let Ok(context) = Context::new(false, 0) else {
        return Vec::new();
    };
    let plugins = PluginStore::new(context.home).current().unwrap_or_default();
    let manifests = plugins.into_iter().map(|plugin| plugin.manifest);
    // They come by name. A name that lly has itself since is nobody's verb any more.
    manifests
        .filter(|manifest| manifest.world == COMMAND_WORLD && check_name(manifest).is_ok())
        .collect()
}

/// `lly`'s arguments, with the installed verbs in the help.
pub fn in_help() -> Command {
    let command = Arguments::command();
    let verbs = installed();
    let names = verbs.iter().map(|verb| verb.name.len());
    let own = command.get_subcommands().map(|one| one.get_name().len());
    let Some(width) = names.chain(own).max().filter(|_| !verbs.is_empty()) else {
        return command;
    };
    let lines = verbs
        .iter()
        .map(|verb| format!("  {:<width$}  {}\n", verb.name, verb.description));
    let mut text = format!("Verbs of plugins:\n{}", lines.collect::<String>());
    if let Some(rest) = command.get_after_help() {
        text.push_str(&format!("\n{rest}"));
    }
    command.after_help(text)
}

/// `lly`'s arguments, with the installed verbs as subcommands.
pub fn as_subcommands() -> Command {
    installed()
        .into_iter()
        .fold(Arguments::command(), |command, verb| {
            // clap keeps names for as long as the process lives; this one ends when the completions are printed.
            let name: &'static str = Box::leak(verb.name.into_boxed_str());
            command.subcommand(Command::new(name).about(verb.description))
        })
}
