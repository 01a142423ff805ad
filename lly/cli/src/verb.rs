//! `lly NAME …` for a NAME that is no command of the core: the verb of an installed plugin.
//!
//! The rule: the plugin reaches what was granted to it (`plugin/grants.rs`) and nothing else; `host-plugin` holds it to
//! that. What it reached for in vain is told to the user even if the plugin keeps silent.

pub mod listed;
mod web;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::CommandFactory as _;
use host_plugin::{
    CommandLimits, Installed, PluginStore, Surroundings, Verb, WebRequest, WebResponse,
};
use registry_index::{COMMAND_WORLD, PluginManifest};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{ExitCode, Failure, OrFail};
use crate::frontends::Bars;
use crate::plugin::grants::Granted;

/// Seconds of its own that a verb may take, in place of the standard.
const TIMEOUT_VARIABLE: &str = "LLY_COMMAND_TIMEOUT";

/// Runs the verb of a plugin.
pub fn run(words: Vec<OsString>, context: &Context) -> Result<(), Failure> {
    let mut words = words
        .into_iter()
        .map(|word| word.to_string_lossy().into_owned());
    let name = words.next().unwrap_or_default();
    let arguments: Vec<String> = words.collect();
    let Some(installed) = find(&name, context)? else {
        return Err(Failure::local(format!(
            "`{name}` is neither a command nor a verb of an installed plugin"
        ))
        .hint(format!("see `lly --help`, or: lly plugin install {name}")));
    };
    let verb = load(&installed, context)?;
    if matches!(arguments.first().map(String::as_str), Some("--help" | "-h")) {
        return help(&verb, context);
    }
    let granted = Granted::load(context)?.of(&name);
    let around = Box::new(Terminal);
    let ran = verb
        .run(&arguments, &granted, &folder()?, around)
        .map_err(|fault| failed(&fault, context))?;
    if !ran.denied.is_empty() {
        let version = &installed.manifest.version;
        context.say(format!(
            "`{name}` {version} reached for what it was not granted:"
        ));
        for sentence in &ran.denied {
            context.say(format!("  - {sentence}"));
        }
    }
    match ran.exit_code {
        0 => Ok(()),
        code => Err(Failure::silent(ExitCode::Guest(code))),
    }
}

/// A verb that the core has cannot be a plugin's: nobody would ever reach it.
pub fn check_name(manifest: &PluginManifest) -> Result<(), Failure> {
    check_verb(&manifest.name, &manifest.world)
}

/// As [`check_name`], before there is a manifest.
pub fn check_verb(name: &str, world: &str) -> Result<(), Failure> {
    let core = || {
        crate::Arguments::command()
            .get_subcommands()
            .any(|command| {
                command.get_name() == name || command.get_all_aliases().any(|alias| alias == name)
            })
    };
    if world == COMMAND_WORLD && (name == "help" || core()) {
        return Err(Failure::local(format!(
            "the plugin `{name}` would add the verb `lly {name}`, which lly has itself"
        ))
        .hint("its author must give it another name"));
    }
    Ok(())
}

fn find(name: &str, context: &Context) -> Result<Option<Installed>, Failure> {
    let found = PluginStore::new(context.home.clone())
        .find(name)
        .or_fail(|| "the plugins cannot be listed")?;
    Ok(found.filter(|plugin| plugin.manifest.world == COMMAND_WORLD))
}

/// Gets an installed verb ready.
pub fn load(installed: &Installed, context: &Context) -> Result<Verb, Failure> {
    let store = PluginStore::new(context.home.clone());
    let name = &installed.manifest.name;
    Verb::load(&store, installed, &Bars::new(context), limits()?)
        .or_fail(|| format!("the verb `{name}` cannot be loaded"))
}

fn limits() -> Result<CommandLimits, Failure> {
    let mut limits = CommandLimits::STANDARD;
    if let Some(text) = std::env::var_os(TIMEOUT_VARIABLE) {
        let seconds = text.to_str().and_then(|text| text.parse::<f64>().ok());
        let time = seconds.filter(|seconds| *seconds > 0.0);
        limits.own_time_max = time
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| {
                Failure::local(format!(
                    "`{TIMEOUT_VARIABLE}` is not a number of seconds above 0"
                ))
            })?;
    }
    Ok(limits)
}

fn help(verb: &Verb, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Help {
        name: String,
        version: String,
        summary: String,
        help: String,
        grants: Vec<String>,
    }
    let usage = verb.usage().map_err(|fault| failed(&fault, context))?;
    let manifest = verb.manifest();
    let help = Help {
        name: manifest.name.clone(),
        version: manifest.version.to_string(),
        summary: visible(&usage.summary),
        help: visible(&usage.help),
        grants: manifest.grants.sentences(),
    };
    context.data("lily.verb/1", &help, || {
        let own = match help.help.trim() {
            "" => format!("{}\n\nUsage: lly {} …", manifest.description, help.name),
            _ => help.help.trim_end().to_owned(),
        };
        // Whose words these are, and what it may do, is not for the plugin to say.
        let mut text = format!("{own}\n\nA plugin: {} {}\n", help.name, help.version);
        for grant in &help.grants {
            text.push_str(&format!("  may {grant}\n"));
        }
        text
    })
}

/// The text of a plugin without what would steer a terminal.
fn visible(text: &str) -> String {
    let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(shown).collect()
}

fn failed(fault: &host_plugin::PluginFault, context: &Context) -> Failure {
    if let Some(trap) = &fault.trap {
        for frame in &trap.frames {
            context.detail(format!("  in {frame}"));
        }
    }
    Failure::local(fault.to_string()).hint("its author has to mend that")
}

/// The project's folder, or the one we are in.
fn folder() -> Result<PathBuf, Failure> {
    match crate::plugin::project() {
        Some(folder) => Ok(folder),
        None => std::env::current_dir().or_fail(|| "this folder cannot be entered"),
    }
}

/// Around a verb: this terminal, this environment, and the network.
struct Terminal;

impl Surroundings for Terminal {
    fn out(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(text).and_then(|()| stdout.flush())
    }

    fn err(&mut self, text: &[u8]) -> std::io::Result<()> {
        std::io::stderr().lock().write_all(text)
    }

    fn fetch(&mut self, request: WebRequest) -> Result<WebResponse, String> {
        web::fetch(request)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}
