//! `lly plugin test`: a plugin against the cases of its world, and against those that its project brings.
//!
//! Rule: a case says in one sentence what did not hold. The plugin is built and packed as `lly plugin build` does it and
//! loaded as any host loads it, in a home of its own; nothing is installed. To add a world: a file below `test/` and an arm
//! in [`cases_of`].

mod command;
mod frontend;
mod policy;
mod site;

use std::path::{Path, PathBuf};

use clap::Args;
use host_plugin::{Installed, PluginFault, PluginStore};
use lly_brick::container::Reader;
use registry_index::{
    COMMAND_WORLD, EVICTION_WORLD, FRONTEND_WORLD, MANIFEST_ENTRY, POLICY_WORLD, PluginManifest,
    SITE_WORLD,
};
use serde::Serialize;
use tempfile::TempDir;

use super::build::{self, Built};
use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// Of a stack that is shown; the author knows the rest.
const FRAMES_MAX: usize = 5;
/// Where a project has its own cases.
const FOLDER: &str = "tests";

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The project's folder, or a package.
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    plugin: PathBuf,
}

/// A plugin under test, unpacked in a home that goes away with this.
struct Stage {
    home: TempDir,
    store: PluginStore,
    installed: Installed,
    package: Vec<u8>,
    /// The project's own cases, if it has any.
    tests: Option<PathBuf>,
}

/// What was tested, in order.
#[derive(Default)]
struct Cases {
    done: Vec<Case>,
}

#[derive(Serialize)]
struct Case {
    name: String,
    /// What did not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<String>,
}

/// Whether what a case claims holds; else what does not.
type Held = Result<(), String>;

impl Cases {
    fn add(&mut self, name: impl Into<String>, held: Held) {
        self.done.push(Case {
            name: name.into(),
            failed: held.err(),
        });
    }
}

/// Runs `lly plugin test`.
pub fn run(args: &TestArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Report {
        name: String,
        version: String,
        world: String,
        cases: Vec<Case>,
    }
    let stage = stage(&args.plugin, context)?;
    let mut cases = Cases::default();
    cases_of(&stage, &mut cases, context)?;
    let manifest = &stage.installed.manifest;
    let failed = cases.done.iter().filter(|case| case.failed.is_some());
    let (failed, all) = (failed.count(), cases.done.len());
    let report = Report {
        name: manifest.name.clone(),
        version: manifest.version.to_string(),
        world: manifest.world.clone(),
        cases: cases.done,
    };
    context.data("lily.plugin.test/1", &report, || {
        let mut text = String::new();
        for case in &report.cases {
            match &case.failed {
                None => text.push_str(&format!("ok      {}\n", case.name)),
                Some(why) => text.push_str(&format!("FAILED  {}\n        {why}\n", case.name)),
            }
        }
        text
    })?;
    let (name, version) = (&report.name, &report.version);
    if failed > 0 {
        return Err(Failure::local(format!(
            "`{name}` {version} fails {failed} of {all} cases of {}",
            report.world
        )));
    }
    context.say(format!("`{name}` {version} passes {all} cases"));
    Ok(())
}

fn cases_of(stage: &Stage, cases: &mut Cases, context: &Context) -> Result<(), Failure> {
    match stage.installed.manifest.world.as_str() {
        FRONTEND_WORLD => frontend::run(stage, cases, context),
        COMMAND_WORLD => command::run(stage, cases, context),
        SITE_WORLD => site::run(stage, cases, context),
        POLICY_WORLD => {
            policy::placement(stage, cases);
            Ok(())
        }
        EVICTION_WORLD => {
            policy::eviction(stage, cases);
            Ok(())
        }
        other => Err(Failure::local(format!(
            "this lly has no cases for `{other}`"
        ))),
    }
}

fn stage(plugin: &Path, context: &Context) -> Result<Stage, Failure> {
    let (package, tests) = if plugin.is_dir() {
        let Built { package, .. } = build::build(plugin, None, context)?;
        let tests = plugin.join(FOLDER);
        (package, tests.is_dir().then_some(tests))
    } else {
        let what = || format!("cannot read `{}`", plugin.display());
        (std::fs::read(plugin).or_fail(what)?, None)
    };
    let what = || "a place for the tests cannot be made";
    let home = tempfile::tempdir().or_fail(what)?;
    // Code that was compiled on this machine is found again: it is kept by digest.
    let cache = context.home.join("cache");
    std::fs::create_dir_all(&cache).or_fail(what)?;
    std::os::unix::fs::symlink(&cache, home.path().join("cache")).or_fail(what)?;
    let store = PluginStore::new(home.path().to_owned());
    let installed = store
        .install_packaged(&package)
        .or_fail(|| format!("`{}` cannot be unpacked", plugin.display()))?;
    Ok(Stage {
        home,
        store,
        installed,
        package,
        tests,
    })
}

impl Stage {
    fn manifest(&self) -> &PluginManifest {
        &self.installed.manifest
    }

    /// A new folder that goes away with the stage.
    fn folder(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.home.path().join("stage").join(name);
        std::fs::create_dir_all(&folder)
            .or_fail(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(folder)
    }

    /// The same package under another digest of its manifest's bytes is another plugin: what is packed is canonical.
    fn canonical(&self) -> Held {
        let reader = Reader::open(&self.package).map_err(|error| error.to_string())?;
        let text = reader
            .read(MANIFEST_ENTRY)
            .map_err(|error| error.to_string())?;
        match *text == *self.manifest().canonical() {
            true => Ok(()),
            false => Err(
                "its plugin.json is not in the canonical form: pack it with lly plugin build"
                    .to_owned(),
            ),
        }
    }
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let what = || format!("cannot list `{}`", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).or_fail(what)? {
        names.push(
            entry
                .or_fail(what)?
                .file_name()
                .to_string_lossy()
                .into_owned(),
        );
    }
    names.sort();
    Ok(names)
}

/// A fault, and where in its code it happened.
fn traced(fault: &PluginFault) -> String {
    let mut text = fault.to_string();
    let frames = fault.trap.iter().flat_map(|trap| &trap.frames);
    for frame in frames.take(FRAMES_MAX) {
        text.push_str(&format!("\n        in {frame}"));
    }
    text
}

/// What two texts differ in, for a sentence.
fn differ(what: &str, wanted: &[u8], found: &[u8]) -> Held {
    if wanted == found {
        return Ok(());
    }
    let shown = |text: &[u8]| format!("{:?}", String::from_utf8_lossy(text));
    Err(format!("{what} is {}, not {}", shown(found), shown(wanted)))
}
