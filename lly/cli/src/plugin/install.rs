//! `lly plugin install | update | remove`.

use std::path::{Path, PathBuf};

use clap::Args;
use host_plugin::{Installed, Origin};
use registry_client::{Registry, Trust, edit_lockfile, read_lockfile};
use registry_index::{
    COMMAND_WORLD, EVICTION_WORLD, FRONTEND_WORLD, Locked, Lockfile, Offer, POLICY_WORLD,
    Requirement, RequirementError, SITE_WORLD, World,
};
use semver::Version;
use serde::Serialize;

use super::source::failed;
use super::{Listed, RegistryArgs, grants, store};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::fleet::with_runtime;

/// Worlds that this lly, or a raptor of its version, serves.
const WORLDS: [&str; 5] = [
    FRONTEND_WORLD,
    POLICY_WORLD,
    COMMAND_WORLD,
    EVICTION_WORLD,
    SITE_WORLD,
];
/// The file that makes a folder a project.
const PROJECT_FILE: &str = "lly.toml";

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// `NAME`, `NAME@REQUIREMENT` such as `wat@0.1`, or a packaged file. Without any: what lly.lock says.
    #[arg(value_name = "PLUGIN")]
    plugins: Vec<String>,
    /// Give what the plugins ask for without asking you: for scripts.
    #[arg(long)]
    grant: bool,
    /// Install what lly.lock says, and fail where it says nothing.
    #[arg(long)]
    locked: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The plugins [default: all that came from the registry].
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Give what the plugins ask for without asking you: for scripts.
    #[arg(long)]
    grant: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// `NAME`, or `NAME@VERSION` for one version of it.
    #[arg(value_name = "PLUGIN", required = true)]
    plugins: Vec<String>,
}

/// What was done, for documents.
#[derive(Serialize)]
struct Done {
    plugins: Vec<Listed>,
}

/// Where plugins come from and what is known of this project.
struct Session<'a> {
    registry: Registry,
    trust: Trust,
    project: Option<PathBuf>,
    lockfile: Lockfile,
    grant: bool,
    context: &'a Context,
}

/// Runs `lly plugin install`.
pub fn install(args: &InstallArgs, context: &Context) -> Result<(), Failure> {
    let (files, wanted): (Vec<&String>, Vec<&String>) =
        args.plugins.iter().partition(|text| is_file(text));
    let mut done = Vec::new();
    for file in files {
        done.push(install_file(Path::new(file), args.grant, context)?);
    }
    if !wanted.is_empty() || args.plugins.is_empty() {
        let session = Session::open(&args.registry, args.grant, context)?;
        let requirements = session.requirements(&wanted)?;
        with_runtime(async {
            for requirement in &requirements {
                // What is locked stays what it is, unless something else is asked for by name.
                let locked = session.lockfile.get(requirement.name());
                if args.locked && locked.is_none() {
                    let name = requirement.name();
                    return Err(Failure::local(format!("`lly.lock` does not have `{name}`"))
                        .hint(format!("add it: lly plugin install {name}")));
                }
                done.push(session.install(requirement, locked).await?);
            }
            Ok(())
        })?;
    }
    report(done, context)
}

/// Runs `lly plugin update`.
pub fn update(args: &UpdateArgs, context: &Context) -> Result<(), Failure> {
    let session = Session::open(&args.registry, args.grant, context)?;
    let mut requirements = Vec::new();
    for plugin in store(context)
        .current()
        .or_fail(|| "the plugins cannot be listed")?
    {
        let name = &plugin.manifest.name;
        let named = args.names.is_empty() || args.names.contains(name);
        if let (true, Some(origin)) = (named, plugin.origin()) {
            let range = session
                .lockfile
                .get(name)
                .map(|lock| lock.requirement.clone());
            let range = range.unwrap_or(origin.locked.requirement);
            requirements.push(
                Requirement::new(name, &range).or_fail(|| format!("`{name}` cannot be updated"))?,
            );
        }
    }
    if let Some(name) = args
        .names
        .iter()
        .find(|name| !requirements.iter().any(|one| one.name() == **name))
    {
        return Err(
            Failure::local(format!("`{name}` was not installed from a registry"))
                .hint(format!("install it: lly plugin install {name}")),
        );
    }
    let mut done = Vec::new();
    with_runtime(async {
        for requirement in &requirements {
            done.push(session.install(requirement, None).await?);
        }
        Ok(())
    })?;
    report(done, context)
}

/// Runs `lly plugin remove`.
pub fn remove(args: &RemoveArgs, context: &Context) -> Result<(), Failure> {
    let store = store(context);
    let mut done = Vec::new();
    for text in &args.plugins {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text.as_str(), None),
        };
        let all = store.list().or_fail(|| "the plugins cannot be listed")?;
        let (gone, kept): (Vec<_>, Vec<_>) = all
            .into_iter()
            .filter(|one| one.manifest.name == name)
            .partition(|one| {
                version.is_none_or(|version| one.manifest.version.to_string() == version)
            });
        if gone.is_empty() {
            return Err(Failure::local(format!("`{text}` is not installed"))
                .hint("see what is: lly plugin list"));
        }
        for plugin in gone {
            done.push(Listed::of(&plugin, false));
            store
                .remove(&plugin)
                .or_fail(|| format!("`{text}` cannot be removed"))?;
        }
        if kept.is_empty() {
            grants::forget(name, context)?;
            if let Some(project) = project() {
                edit_lockfile(&project, |lockfile| {
                    lockfile.remove(name);
                })
                .or_fail(|| "the lockfile cannot be changed")?;
            }
        }
    }
    let done = Done { plugins: done };
    context.data("lily.plugin.remove/1", &done, || {
        let removed = done.plugins.iter();
        removed
            .map(|one| format!("removed {} {}\n", one.name, one.version))
            .collect()
    })
}

impl<'a> Session<'a> {
    fn open(registry: &RegistryArgs, grant: bool, context: &'a Context) -> Result<Self, Failure> {
        let (registry, trust) = registry.open(context)?;
        let project = project();
        let lockfile = match &project {
            Some(project) => read_lockfile(project).or_fail(|| "the lockfile cannot be used")?,
            None => Lockfile::default(),
        };
        Ok(Self {
            registry,
            trust,
            project,
            lockfile,
            grant,
            context,
        })
    }

    /// What is asked for: by name, or everything that is locked.
    fn requirements(&self, wanted: &[&String]) -> Result<Vec<Requirement>, Failure> {
        if wanted.is_empty() {
            if self.lockfile.plugins().is_empty() {
                return Err(
                    Failure::local("name a plugin: there is no lly.lock here that would")
                        .hint("find one: lly plugin search"),
                );
            }
            let all = self.lockfile.plugins().iter();
            return all.map(requirement_of).collect();
        }
        let named = |text: &&String| match self.lockfile.get(text) {
            // A name alone means what it meant when it was locked.
            Some(lock) => requirement_of(lock),
            None => requirement(text),
        };
        wanted.iter().map(named).collect()
    }

    /// Resolves, verifies, asks, unpacks, puts in use, locks: in this order, so that a refusal changes nothing.
    async fn install(
        &self,
        requirement: &Requirement,
        locked: Option<&Locked>,
    ) -> Result<Listed, Failure> {
        let lly: Version = env!("CARGO_PKG_VERSION")
            .parse()
            .or_fail(|| "this lly has no version")?;
        let worlds: Vec<World> = WORLDS
            .iter()
            .filter_map(|world| world.parse().ok())
            .collect();
        let offer = Offer {
            lly: &lly,
            worlds: &worlds,
        };
        let verified = self
            .registry
            .obtain(requirement, &offer, locked, &self.trust)
            .await
            .map_err(failed)?;
        grants::settle(&verified.plugin, self.grant, self.context)?;
        let store = store(self.context);
        let what = || format!("`{}` cannot be installed", requirement.name());
        let installed = store.install_packaged(&verified.package).or_fail(what)?;
        let origin = Origin {
            registry: self.registry.url().to_owned(),
            locked: verified.locked.clone(),
        };
        store.remember(&installed, &origin).or_fail(what)?;
        store.choose(&installed).or_fail(what)?;
        if let Some(project) = &self.project {
            edit_lockfile(project, |lockfile| lockfile.put(verified.locked.clone()))
                .or_fail(|| "the lockfile cannot be changed")?;
        }
        Ok(Listed::of(&installed, true))
    }
}

/// `NAME` or `NAME@REQUIREMENT`.
pub fn requirement(text: &str) -> Result<Requirement, Failure> {
    text.parse().map_err(|error: RequirementError| {
        Failure::local(error.to_string())
            .hint("a plugin is `NAME` or `NAME@REQUIREMENT`, such as wat or wat@0.1")
    })
}

fn requirement_of(lock: &Locked) -> Result<Requirement, Failure> {
    Requirement::new(&lock.name, &lock.requirement).or_fail(|| "the lockfile cannot be used")
}

/// A path, rather than a name with or without a requirement.
pub fn is_file(text: &str) -> bool {
    text.contains('/') || text.ends_with(".plugin") || Path::new(text).is_file()
}

fn install_file(path: &Path, grant: bool, context: &Context) -> Result<Listed, Failure> {
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                Failure::local(format!("there is no file `{}`", path.display()))
                    .hint("a name without `/` and `.plugin` is looked up in the registry"),
            );
        }
        read => read.or_fail(|| format!("cannot read `{}`", path.display()))?,
    };
    let what = || format!("`{}` cannot be installed", path.display());
    let manifest = manifest_of(&bytes).or_fail(what)?;
    grants::settle(&manifest, grant, context)?;
    let store = store(context);
    let installed: Installed = store.install_packaged(&bytes).or_fail(what)?;
    store.choose(&installed).or_fail(what)?;
    Ok(Listed::of(&installed, true))
}

fn manifest_of(package: &[u8]) -> anyhow::Result<registry_index::PluginManifest> {
    let reader = lly_brick::container::Reader::open(package)?;
    let json = reader.read(registry_index::MANIFEST_ENTRY)?;
    Ok(registry_index::PluginManifest::parse(&json)?)
}

fn report(plugins: Vec<Listed>, context: &Context) -> Result<(), Failure> {
    let done = Done { plugins };
    context.data("lily.plugin.install/1", &done, || {
        done.plugins
            .iter()
            .map(|one| {
                let signer = match &one.signer {
                    Some(signer) => format!("signed by {signer}"),
                    None => "from a file, unsigned".to_owned(),
                };
                format!("{}{:<16} {signer}\n", one.line(), "")
            })
            .collect()
    })
}

/// The folder of the project that the working folder is in.
pub fn project() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| folder.join(PROJECT_FILE).is_file())
        .map(Path::to_owned)
}
