//! `lly plugin …`: what is installed, and who handles an extension.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use host_plugin::{Installed, PluginStore};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::frontends::Frontends;

/// Look at the installed plugins.
#[derive(Debug, Args)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// List what is installed.
    #[command(after_help = "Example:\n  lly plugin list")]
    List,
    /// Say which plugin compiles files with an extension.
    #[command(after_help = "Example:\n  lly plugin which .cpp")]
    Which {
        /// Such as `.c`.
        extension: String,
    },
    /// Install a plugin from a packaged file.
    #[command(after_help = "Example:\n  lly plugin install ./zig.plugin")]
    Install {
        /// The file.
        plugin: PathBuf,
    },
}

#[derive(Serialize)]
struct Listed {
    plugins: Vec<Plugin>,
}

#[derive(Serialize)]
struct Plugin {
    name: String,
    version: String,
    digest: String,
    world: String,
    extensions: Vec<String>,
    description: String,
}

impl Plugin {
    fn of(installed: &Installed) -> Self {
        let manifest = &installed.manifest;
        Self {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            digest: installed.digest.to_string(),
            world: manifest.world.clone(),
            extensions: manifest.extensions.clone(),
            description: manifest.description.clone(),
        }
    }

    fn line(&self) -> String {
        let digest = self
            .digest
            .trim_start_matches("sha256:")
            .get(..12)
            .unwrap_or_default();
        let extensions = self.extensions.join(" ");
        format!(
            "{:<16} {:<10} {digest}  {}  {extensions}\n",
            self.name, self.version, self.description
        )
    }
}

/// Runs `lly plugin …`.
pub fn run(args: PluginArgs, context: &Context) -> Result<(), Failure> {
    let store = PluginStore::new(context.home.clone());
    match args.command {
        PluginCommand::List => {
            Frontends::open(context)?;
            let installed = store.list().or_fail(|| "the plugins cannot be listed")?;
            let listed = Listed {
                plugins: installed.iter().map(Plugin::of).collect(),
            };
            context.data("lily.plugin.list/1", &listed, || {
                listed.plugins.iter().map(Plugin::line).collect()
            })
        }
        PluginCommand::Which { extension } => {
            let name = format!("x.{}", extension.trim_start_matches('.'));
            let plugin =
                Plugin::of(&Frontends::open(context)?.choose(&[PathBuf::from(name)], None)?);
            context.data("lily.plugin/1", &plugin, || plugin.line())
        }
        PluginCommand::Install { plugin } => {
            let bytes = match std::fs::read(&plugin) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let named = plugin.display();
                    return Err(Failure::local(format!("there is no plugin `{named}` to be had"))
                        .hint("this version of lly has no registry: give it a packaged file, NAME.plugin"));
                }
                read => read.or_fail(|| format!("cannot read `{}`", plugin.display()))?,
            };
            let installed = store
                .install_packaged(&bytes)
                .or_fail(|| format!("`{}` cannot be installed", plugin.display()))?;
            let plugin = Plugin::of(&installed);
            context.data("lily.plugin/1", &plugin, || plugin.line())
        }
    }
}
