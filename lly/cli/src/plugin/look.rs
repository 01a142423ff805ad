//! `lly plugin list | info | which | verify | search`.

use std::path::PathBuf;

use clap::Args;
use host_plugin::{Broken, Installed};
use registry_client::{Registry, RegistryError, Trust};
use registry_index::{Index, PluginSummary};
use serde::Serialize;

use super::source::failed;
use super::{Listed, RegistryArgs, store};
use crate::context::Context;
use crate::failure::{ExitCode, Failure, OrFail};
use crate::fleet::with_runtime;
use crate::frontends::Frontends;

#[derive(Debug, Args)]
pub struct InfoArgs {
    /// The plugin.
    name: String,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The plugins [default: all].
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// Text in a name or description [default: everything].
    #[arg(default_value = "")]
    text: String,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Runs `lly plugin list`.
pub fn list(context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct List {
        plugins: Vec<Listed>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        broken: Vec<Unusable>,
    }
    Frontends::open(context)?;
    let broken = store(context)
        .broken()
        .or_fail(|| "the plugins cannot be listed")?;
    let list = List {
        plugins: installed(context)?,
        broken: broken.iter().map(Unusable::of).collect(),
    };
    context.data("lily.plugin.list/1", &list, || {
        list.plugins.iter().map(Listed::line).collect()
    })?;
    for one in &list.broken {
        context.say(format!("`{}` cannot be used: {}", one.name, one.problem));
    }
    Ok(())
}

/// A plugin that is there and damaged, as documents show it.
#[derive(Serialize)]
struct Unusable {
    name: String,
    folder: String,
    problem: String,
}

impl Unusable {
    fn of(broken: &Broken) -> Self {
        Self {
            name: broken.name.clone(),
            folder: broken.dir.display().to_string(),
            problem: broken.error.to_string(),
        }
    }
}

fn installed(context: &Context) -> Result<Vec<Listed>, Failure> {
    let (store, what) = (store(context), || "the plugins cannot be listed");
    let current = store.current().or_fail(what)?;
    let all = store.list().or_fail(what)?;
    let is_current = |one: &Installed| current.iter().any(|other| other.dir() == one.dir());
    Ok(all
        .iter()
        .map(|one| Listed::of(one, is_current(one)))
        .collect())
}

/// Runs `lly plugin which`.
pub fn which(extension: &str, context: &Context) -> Result<(), Failure> {
    let name = format!("x.{}", extension.trim_start_matches('.'));
    let chosen = Frontends::open(context)?.choose(&[PathBuf::from(name)], None)?;
    let plugin = Listed::of(&chosen, true);
    context.data("lily.plugin/1", &plugin, || plugin.line())
}

/// Runs `lly plugin info`.
pub fn info(args: &InfoArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Info<'a> {
        name: &'a str,
        installed: Vec<Listed>,
        grants: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<Index>,
    }
    Frontends::open(context)?;
    let mut here = installed(context)?;
    here.retain(|one| one.name == args.name);
    let current = store(context)
        .find(&args.name)
        .or_fail(|| "the plugins cannot be listed")?;
    let grants = current
        .map(|one| one.manifest.grants.sentences())
        .unwrap_or_default();
    // What is installed can be shown without a registry; what is not, cannot.
    let index = match (args.registry.open(context), here.is_empty()) {
        (Ok((registry, trust)), nothing) => {
            match with_runtime(async { Ok(registry.index(&args.name, &trust).await) })? {
                Ok(index) => Some(index),
                Err(error) if nothing => return Err(failed(error)),
                Err(_) => None,
            }
        }
        (Err(failure), true) => return Err(failure),
        (Err(_), false) => None,
    };
    let info = Info {
        name: &args.name,
        installed: here,
        grants,
        index,
    };
    context.data("lily.plugin.info/1", &info, || {
        let mut text: String = info.installed.iter().map(Listed::line).collect();
        for grant in &info.grants {
            text.push_str(&format!("  may {grant}\n"));
        }
        for one in info
            .index
            .iter()
            .flat_map(|index| index.versions.iter().rev())
        {
            let yanked = one
                .yanked
                .as_ref()
                .map(|reason| format!("  yanked: {reason}"));
            text.push_str(&format!(
                "registry         {:<10} {}  {}{}\n",
                one.version.to_string(),
                one.digest.short(),
                one.world,
                yanked.unwrap_or_default()
            ));
        }
        text
    })
}

/// Runs `lly plugin search`.
pub fn search(args: &SearchArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Found {
        plugins: Vec<PluginSummary>,
    }
    let (registry, _) = args.registry.open(context)?;
    let plugins = with_runtime(async { registry.search(&args.text).await.map_err(failed) })?;
    let found = Found { plugins };
    context.data("lily.plugin.search/1", &found, || {
        let lines = found.plugins.iter().map(|one| {
            let extensions = one.extensions.join(" ");
            format!(
                "{:<16} {:<10} {}  {extensions}\n",
                one.name,
                one.version.to_string(),
                one.description
            )
        });
        lines.collect()
    })
}

/// How one plugin stood the check.
#[derive(Serialize)]
struct Checked {
    name: String,
    version: String,
    good: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Runs `lly plugin verify`. Exit code 1 if anything is not as it must be.
pub fn verify(args: &VerifyArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Report {
        plugins: Vec<Checked>,
    }
    Frontends::open(context)?;
    let current = store(context)
        .current()
        .or_fail(|| "the plugins cannot be listed")?;
    if let Some(name) = args
        .names
        .iter()
        .find(|name| !current.iter().any(|one| one.manifest.name == **name))
    {
        return Err(Failure::local(format!("`{name}` is not installed"))
            .hint("see what is: lly plugin list"));
    }
    let wanted =
        |one: &&Installed| args.names.is_empty() || args.names.contains(&one.manifest.name);
    let mut plugins = Vec::new();
    for plugin in current.iter().filter(wanted) {
        plugins.push(check(plugin, args, context)?);
    }
    let report = Report { plugins };
    context.data("lily.plugin.verify/1", &report, || {
        let lines = report.plugins.iter().map(|one| {
            let outcome = match (&one.problem, &one.signer) {
                (Some(problem), _) => problem.clone(),
                (None, Some(signer)) => format!("signed by {signer}"),
                (None, None) => "part of this lly".to_owned(),
            };
            format!("{:<16} {:<10} {outcome}\n", one.name, one.version)
        });
        lines.collect()
    })?;
    match report.plugins.iter().all(|one| one.good) {
        true => Ok(()),
        false => Err(Failure::silent(ExitCode::Local)),
    }
}

fn check(plugin: &Installed, args: &VerifyArgs, context: &Context) -> Result<Checked, Failure> {
    let outcome = match (plugin.check(), plugin.origin()) {
        (Err(error), _) => Err(error.to_string()),
        (Ok(()), Some(origin)) => {
            let asked = RegistryArgs::of(&origin.registry, args.registry.offline);
            let (registry, trust) = asked.open(context)?;
            let signer = with_runtime(async {
                Ok(signer(plugin, &origin.locked.digest, &registry, &trust).await)
            })?;
            signer.map(Some).map_err(|error| failed(error).message)
        }
        (Ok(()), None) if Frontends::carries(plugin) => Ok(None),
        (Ok(()), None) => Err("installed from a file: nobody signed it".to_owned()),
    };
    Ok(Checked {
        name: plugin.manifest.name.clone(),
        version: plugin.manifest.version.to_string(),
        good: outcome.is_ok(),
        signer: outcome.as_ref().ok().cloned().flatten(),
        problem: outcome.err(),
    })
}

/// Who signed the installed version, by the registry's index and signatures as they are now.
async fn signer(
    plugin: &Installed,
    digest: &lly_brick::Digest,
    registry: &Registry,
    trust: &Trust,
) -> Result<String, RegistryError> {
    let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
    let index = registry.index(name, trust).await?;
    let entry = index.version(version).filter(|one| one.digest == *digest);
    let entry = entry.ok_or_else(|| {
        RegistryError::Answer(format!(
            "its index does not have `{name}` {version} as it was installed"
        ))
    })?;
    let signer = registry.signer(name, entry, trust).await?;
    Ok(match &entry.yanked {
        Some(reason) => format!("{signer}; yanked since: {reason}"),
        None => signer.to_string(),
    })
}
