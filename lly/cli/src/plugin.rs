//! `lly plugin …`: find, install, verify, publish and withdraw plugins.
//!
//! What a registry says is never believed here: `registry-client` gives verified packages, `host-plugin` keeps them, this
//! folder asks the user and tells what happened.

mod build;
pub mod grants;
mod install;
mod key;
mod look;
mod new;
mod publish;
mod source;
mod test;
mod trust;
mod worlds;

pub use install::{is_file, project, requirement};
pub use key::passphrase;
pub use publish::{SigningArgs, service, witnesses};
pub use source::{RegistryArgs, RegistryUrl, failed, trust};
pub use trust::pin;

use clap::{Args, Subcommand};
use host_plugin::{Installed, PluginStore};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

/// Find, install, verify and publish plugins.
#[derive(Debug, Args)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// Install plugins: verified from the registry, or from a packaged file.
    #[command(
        after_help = "Example:\n  lly plugin install wat\n  lly plugin install wat@0.1 --grant\n  lly plugin install ./mine.plugin\n  lly plugin install --locked    # what lly.lock of this project says"
    )]
    Install(install::InstallArgs),
    /// Take the newest versions that fit.
    #[command(after_help = "Example:\n  lly plugin update\n  lly plugin update wat")]
    Update(install::UpdateArgs),
    /// Remove a plugin, all its versions or one.
    #[command(after_help = "Example:\n  lly plugin remove wat\n  lly plugin remove wat@0.1.0")]
    Remove(install::RemoveArgs),
    /// List what is installed.
    #[command(after_help = "Example:\n  lly plugin list")]
    List,
    /// Show a plugin: installed, and in the registry.
    #[command(after_help = "Example:\n  lly plugin info wat")]
    Info(look::InfoArgs),
    /// Say which plugin compiles files with an extension.
    #[command(after_help = "Example:\n  lly plugin which .cpp")]
    Which {
        /// Such as `.c`.
        extension: String,
    },
    /// Check the files and the signatures of what is installed.
    #[command(after_help = "Example:\n  lly plugin verify\n  lly plugin verify wat --offline")]
    Verify(look::VerifyArgs),
    /// Search the registry.
    #[command(after_help = "Example:\n  lly plugin search text")]
    Search(look::SearchArgs),
    /// Sign a package and publish it.
    #[command(
        after_help = "Example:\n  lly plugin publish ./mine.plugin --key acme.key\n  LLY_IDENTITY_TOKEN=… lly plugin publish ./mine.plugin --keyless"
    )]
    Publish(publish::PublishArgs),
    /// Withdraw a published version, or take that back.
    #[command(
        after_help = "Example:\n  lly plugin yank mine@0.1.0 --reason 'writes beyond its buffer'\n  lly plugin yank mine@0.1.0 --undo"
    )]
    Yank(publish::YankArgs),
    /// Print the contracts of plugins: their WIT worlds.
    #[command(after_help = "Example:\n  lly plugin wit\n  lly plugin wit command")]
    Wit(worlds::WitArgs),
    /// Begin a plugin: a project that builds and passes its tests.
    #[command(
        after_help = "Example:\n  lly plugin new --world command --lang rust todo\n  lly plugin new --world frontend --lang c abacus"
    )]
    New(new::NewArgs),
    /// Build a plugin's project to a package.
    #[command(
        after_help = "Example:\n  lly plugin build\n  lly plugin build ./count --module count.wasm"
    )]
    Build(build::BuildArgs),
    /// Run the cases of a plugin's world, and its own.
    #[command(after_help = "Example:\n  lly plugin test\n  lly plugin test ./abacus.plugin")]
    Test(test::TestArgs),
    /// Make a key pair, or show its public half.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Say whom you trust: registries, publishers, authorities, logs.
    #[command(subcommand)]
    Trust(trust::TrustCommand),
}

/// One installed version, as documents show it.
#[derive(Serialize)]
struct Listed {
    name: String,
    version: String,
    digest: String,
    world: String,
    extensions: Vec<String>,
    description: String,
    /// Whether it is the version in use.
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
}

impl Listed {
    fn of(installed: &Installed, current: bool) -> Self {
        let manifest = &installed.manifest;
        let origin = installed.origin();
        Self {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            digest: installed.digest.to_string(),
            world: manifest.world.clone(),
            extensions: manifest.extensions.clone(),
            description: manifest.description.clone(),
            current,
            registry: origin.as_ref().map(|origin| origin.registry.clone()),
            signer: origin.map(|origin| origin.locked.signer.to_string()),
        }
    }

    fn line(&self) -> String {
        let digest = self.digest.trim_start_matches("sha256:");
        let extensions = self.extensions.join(" ");
        let mark = if self.current { "" } else { "  (not in use)" };
        format!(
            "{:<16} {:<10} {}  {}  {extensions}{mark}\n",
            self.name,
            self.version,
            digest.get(..12).unwrap_or_default(),
            self.description
        )
    }
}

/// Runs `lly plugin …`.
pub fn run(args: PluginArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        PluginCommand::Install(args) => install::install(&args, context),
        PluginCommand::Update(args) => install::update(&args, context),
        PluginCommand::Remove(args) => install::remove(&args, context),
        PluginCommand::List => look::list(context),
        PluginCommand::Info(args) => look::info(&args, context),
        PluginCommand::Which { extension } => look::which(&extension, context),
        PluginCommand::Verify(args) => look::verify(&args, context),
        PluginCommand::Search(args) => look::search(&args, context),
        PluginCommand::Publish(args) => publish::publish(&args, context),
        PluginCommand::Yank(args) => publish::yank(&args, context),
        PluginCommand::Wit(args) => worlds::wit(&args, context),
        PluginCommand::New(args) => new::run(&args, context),
        PluginCommand::Build(args) => build::run(&args, context),
        PluginCommand::Test(args) => test::run(&args, context),
        PluginCommand::Key(command) => key::run(&command, context),
        PluginCommand::Trust(command) => trust::run(command, context),
    }
}

fn store(context: &Context) -> PluginStore {
    PluginStore::new(context.home.clone())
}
