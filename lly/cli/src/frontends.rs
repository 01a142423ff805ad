//! Which plugin compiles a file, and how it gets ready: unpacked from this binary, compiled once for this machine.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use host_plugin::{Frontend, Installed, PluginStore, Progress, Stage};
use lly_brick::FrontendRef;
use registry_client::read_lockfile;
use registry_index::{Locked, Lockfile};

use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::progress::Bar;

/// A packaged frontend that this binary carries.
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    package: &'static [u8],
}

/// The frontends that this binary carries: C and C++, and JavaScript and TypeScript.
pub static SHIPPED: [Shipped; 2] = [
    Shipped {
        name: "c",
        version: env!("LILY_C_PLUGIN_VERSION"),
        package: include_bytes!(env!("LILY_C_PLUGIN")),
    },
    Shipped {
        name: "js",
        version: env!("LILY_JS_PLUGIN_VERSION"),
        package: include_bytes!(env!("LILY_JS_PLUGIN")),
    },
];

/// The installed frontends.
pub struct Frontends {
    store: PluginStore,
    carried: Vec<Installed>,
    lockfile: Lockfile,
}

/// A frontend that is ready, and how a manifest refers to it.
pub struct Chosen {
    pub frontend: Frontend,
    pub reference: FrontendRef,
}

impl Frontends {
    /// Unpacks what this binary carries, unless that was done before.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let store = PluginStore::new(context.home.clone());
        let carried = SHIPPED.iter().map(|shipped| {
            store.install_packaged(shipped.package).or_fail(|| {
                format!(
                    "the frontend `{}` cannot be installed in `{}`",
                    shipped.name,
                    context.home.display()
                )
            })
        });
        let carried = carried.collect::<Result<_, _>>()?;
        let lockfile = match crate::plugin::project() {
            Some(project) => read_lockfile(&project).or_fail(|| "the lockfile cannot be used")?,
            None => Lockfile::default(),
        };
        Ok(Self {
            store,
            carried,
            lockfile,
        })
    }

    /// The frontend of these sources: the one that is asked for, else the one of their extension.
    pub fn choose(&self, sources: &[PathBuf], asked: Option<&str>) -> Result<Installed, Failure> {
        if let Some(name) = asked {
            return self.named(name);
        }
        let mut chosen: Option<(Installed, &Path)> = None;
        for source in sources {
            let frontend = self.of(source)?;
            match &chosen {
                Some((other, first)) if other.manifest.name != frontend.manifest.name => {
                    return Err(Failure::local(format!(
                        "`{}` is for the frontend `{}`, `{}` for `{}`: a program has one",
                        first.display(),
                        other.manifest.name,
                        source.display(),
                        frontend.manifest.name
                    )));
                }
                Some(_) => {}
                None => chosen = Some((frontend, source)),
            }
        }
        chosen
            .map(|(frontend, _)| frontend)
            .ok_or_else(|| Failure::local("no source file was given"))
    }

    /// Extensions of the headers that a frontend's sources may refer to.
    pub fn companions<'a>(&self, plugin: &'a Installed) -> &'a [String] {
        &plugin.manifest.companions
    }

    /// Loads a frontend. What takes long the first time is shown.
    pub fn load(&self, plugin: Installed, context: &Context) -> Result<Chosen, Failure> {
        let bars = Bars::new(context);
        let frontend = Frontend::load(&self.store, &plugin, &bars)
            .or_fail(|| format!("the frontend `{}` cannot be loaded", plugin.manifest.name))?;
        let reference = FrontendRef {
            name: plugin.manifest.name.clone(),
            version: plugin.manifest.version.to_string(),
            digest: plugin.digest,
        };
        Ok(Chosen {
            frontend,
            reference,
        })
    }

    /// The plugin of this name: the one that this binary carries, the one that `lly.lock` names, else the newest.
    pub fn named(&self, name: &str) -> Result<Installed, Failure> {
        if let Some(carried) = self.carried.iter().find(|one| one.manifest.name == name) {
            return Ok(carried.clone());
        }
        if let Some(locked) = self.lockfile.get(name) {
            return self.locked(locked);
        }
        let found = self
            .store
            .find(name)
            .or_fail(|| "the plugins cannot be listed")?;
        found.ok_or_else(|| {
            Failure::local(format!("there is no plugin `{name}`"))
                .hint(format!("install it: lly plugin install {name}"))
        })
    }

    /// The plugin that the project's `lly.lock` names, as it names it.
    fn locked(&self, locked: &Locked) -> Result<Installed, Failure> {
        let all = self
            .store
            .list()
            .or_fail(|| "the plugins cannot be listed")?;
        let is_it = |one: &Installed| {
            one.manifest.name == locked.name
                && one
                    .origin()
                    .is_some_and(|origin| origin.locked.digest == locked.digest)
        };
        all.into_iter().find(is_it).ok_or_else(|| {
            Failure::local(format!(
                "`lly.lock` wants `{}` {}, which is not installed",
                locked.name, locked.version
            ))
            .hint("install what it says: lly plugin install --locked")
        })
    }

    /// Whether a plugin is the one that this binary carries.
    pub fn carries(plugin: &Installed) -> bool {
        let version = plugin.manifest.version.to_string();
        SHIPPED
            .iter()
            .any(|one| one.name == plugin.manifest.name && one.version == version)
    }

    fn of(&self, source: &Path) -> Result<Installed, Failure> {
        let shown = source
            .file_name()
            .map(Path::new)
            .unwrap_or(source)
            .display();
        let Some(extension) = source.extension().and_then(|extension| extension.to_str()) else {
            return Err(Failure::local(format!(
                "`{shown}` has no extension, which would choose its frontend"
            ))
            .hint(format!("choose one: --plugin {}", SHIPPED[0].name)));
        };
        let dotted = format!(".{extension}");
        // What this binary carries goes first: the same `lly` makes the same bytes, whatever else is installed.
        let compiles = |one: &&Installed| one.manifest.extensions.contains(&dotted);
        if let Some(carried) = self.carried.iter().find(compiles) {
            return Ok(carried.clone());
        }
        let is_header = |one: &Installed| one.manifest.companions.contains(&dotted);
        if self.carried.iter().any(is_header) {
            return Err(Failure::local(format!(
                "`{shown}` is a header, which is not a program by itself"
            ))
            .hint("compile the source file that includes it"));
        }
        let chosen = self.store.find_by_extension(&dotted);
        if let Ok(plugin) = &chosen
            && let Some(locked) = self.lockfile.get(&plugin.manifest.name)
        {
            return self.locked(locked);
        }
        chosen.map_err(|_| {
            let known: Vec<&str> = self
                .carried
                .iter()
                .flat_map(|one| &one.manifest.extensions)
                .map(String::as_str)
                .collect();
            Failure::local(format!("no frontend compiles `{dotted}` files (`{shown}`)")).hint(format!(
                "if there is one for `{dotted}`: lly plugin install {extension}; this lly compiles {}",
                known.join(" ")
            ))
        })
    }
}

/// One bar for each stage of loading.
pub struct Bars<'a> {
    context: &'a Context,
    shown: Mutex<Vec<(Stage, Bar)>>,
}

impl<'a> Bars<'a> {
    /// None yet.
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            shown: Mutex::new(Vec::new()),
        }
    }
}

impl Progress for Bars<'_> {
    fn begin(&self, stage: &Stage) {
        let bar = Bar::start(self.context, stage.what.clone());
        if let Ok(mut shown) = self.shown.lock() {
            shown.push((stage.clone(), bar));
        }
    }

    fn advance(&self, stage: &Stage, fraction: f32) {
        if let Ok(shown) = self.shown.lock()
            && let Some((_, bar)) = shown.iter().find(|(other, _)| other == stage)
        {
            bar.advance(fraction);
        }
    }

    fn end(&self, stage: &Stage) {
        if let Ok(mut shown) = self.shown.lock() {
            shown.retain(|(other, _)| other != stage);
        }
    }
}
