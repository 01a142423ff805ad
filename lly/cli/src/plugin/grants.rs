//! What the user gave to which plugin: `$LLY_HOME/grants.toml`, and asking for it in plain words.
//!
//! Rule: a plugin has what is written there and no more; what is asked is what is written.

use registry_index::{Grants, PluginManifest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// The grants of every plugin of this home.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Granted {
    #[serde(default)]
    plugin: BTreeMap<String, Grants>,
}

impl Granted {
    fn path(context: &Context) -> PathBuf {
        context.home.join("grants.toml")
    }

    /// What was given so far.
    pub fn load(context: &Context) -> Result<Self, Failure> {
        let path = Self::path(context);
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|error| {
                Failure::local(format!(
                    "`{}` is malformed: {}",
                    path.display(),
                    error.message()
                ))
                .hint("mend it, or remove it and install the plugins again")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).or_fail(|| format!("cannot read `{}`", path.display())),
        }
    }

    /// What a plugin was given.
    pub fn of(&self, plugin: &str) -> Grants {
        self.plugin.get(plugin).cloned().unwrap_or_default()
    }

    fn save(&self, context: &Context) -> Result<(), Failure> {
        let path = Self::path(context);
        let what = || format!("cannot write `{}`", path.display());
        let text = toml::to_string_pretty(self).or_fail(what)?;
        crate::private_file::replace(&path, text.as_bytes()).or_fail(what)
    }
}

/// Makes sure that a plugin was given what it asks for: asks once, or takes `--grant` as the answer. Without a terminal
/// and without `--grant` the answer is no.
pub fn settle(manifest: &PluginManifest, given: bool, context: &Context) -> Result<(), Failure> {
    crate::verb::check_name(manifest)?;
    let mut granted = Granted::load(context)?;
    let missing = manifest.grants.missing_from(&granted.of(&manifest.name));
    if missing.is_empty() {
        return Ok(());
    }
    let (name, version) = (&manifest.name, &manifest.version);
    context.say(format!("`{name}` {version} asks to:"));
    for sentence in missing.sentences() {
        context.say(format!("  - {sentence}"));
    }
    if !given && !ask(context)? {
        return Err(Failure::local(format!(
            "`{name}` {version} was not given what it asks for, and is not installed"
        ))
        .hint("give it with --grant, or answer `y` on a terminal"));
    }
    granted.plugin.insert(name.clone(), manifest.grants.clone());
    granted.save(context)
}

/// Forgets what a plugin was given.
pub fn forget(plugin: &str, context: &Context) -> Result<(), Failure> {
    let mut granted = Granted::load(context)?;
    match granted.plugin.remove(plugin) {
        Some(_) => granted.save(context),
        None => Ok(()),
    }
}

fn ask(context: &Context) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(false);
    }
    context.say("Give it that? [y/N]");
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .or_fail(|| "cannot read the answer")?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
