//! `lly compile FOLDER` where the folder is a web framework's project: an installed site adapter turns it into a bundle.
//!
//! The rule: `lly.toml` with `sources` wins, and this module is not asked. Else every installed adapter is; exactly one may
//! say that the project is its own, unless `--plugin` names one. The project's own build runs if its grant was given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use host_plugin::{
    AdaptError, Adapter, BuildError, Diagnostic, Installed, PluginFault, PluginStore, Recognised,
    Severity, Site, SiteDiagnostic, SiteLimits, SiteSeverity,
};
use lly_brick::FrontendRef;
use lly_build::{CompiledSite, Handler, Inputs, SiteProject};
use registry_index::{Grants, SITE_WORLD};
use serde::Serialize;

use crate::amounts::{count, size, time};
use crate::compile::{Build, Goal, say_failure};
use crate::context::Context;
use crate::diagnostics::{DiagnosticDocument, Places};
use crate::failure::{Failure, OrFail};
use crate::frontends::{Bars, Chosen, Frontends};
use crate::output;
use crate::plugin::grants::Granted;

/// Of what a failed build said, the end is shown.
const BUILD_LINES_SHOWN: usize = 40;

/// A project, the adapter whose framework it is of, and what that found.
pub struct Found {
    project: SiteProject,
    adapter: Adapter,
    reference: FrontendRef,
    granted: Grants,
    recognised: Recognised,
}

#[derive(Serialize)]
struct Report<'a> {
    output: String,
    name: &'a str,
    framework: &'a str,
    framework_version: &'a str,
    adapter: &'a FrontendRef,
    frontend: &'a FrontendRef,
    bricks: &'a [lly_brick::Brick],
    units: usize,
    assets: usize,
    routes: usize,
    stages: Vec<StageReport>,
    size: u64,
    sha256: String,
    diagnostics: Vec<DiagnosticDocument>,
}

#[derive(Serialize)]
struct StageReport {
    name: &'static str,
    ms: f64,
}

/// The adapter of this project, if it is a site's. `asked` is what `--plugin` names.
pub fn find(
    project: SiteProject,
    asked: Option<&str>,
    context: &Context,
) -> Result<Option<Found>, Failure> {
    let frontends = Frontends::open(context)?;
    let mut found: Vec<Found> = Vec::new();
    let mut denied = Vec::new();
    for installed in adapters(&frontends, asked, context)? {
        let name = installed.manifest.name.clone();
        let granted = Granted::load(context)?.of(&name);
        let adapter = load(&installed, context)?;
        let answer = adapter.recognise(&granted, &project.folder);
        let (recognised, refused) = answer.map_err(|fault| faulty(&fault, context))?;
        match recognised {
            Some(recognised) => found.push(Found {
                project: project.clone(),
                reference: FrontendRef {
                    name,
                    version: installed.manifest.version.to_string(),
                    digest: installed.digest,
                },
                adapter,
                granted,
                recognised,
            }),
            None => denied.extend(refused.into_iter().map(|why| format!("`{name}`: {why}"))),
        }
    }
    if found.len() > 1 {
        let names: Vec<&str> = found
            .iter()
            .map(|one| one.reference.name.as_str())
            .collect();
        return Err(Failure::local(format!(
            "`{}` is a project of several installed site adapters: {}",
            project.folder.display(),
            names.join(", ")
        ))
        .hint(format!("choose one: --plugin {}", names[0])));
    }
    match (found.pop(), asked) {
        (Some(found), _) => Ok(Some(found)),
        (None, Some(name)) if is_adapter(&frontends, name) => Err(Failure::local(format!(
            "`{}` is not a project that the site adapter `{name}` knows",
            project.folder.display()
        ))),
        (None, _) => {
            // Whoever has not been let in could not look.
            denied
                .iter()
                .for_each(|why| context.say(format!("note: {why}")));
            Ok(None)
        }
    }
}

fn is_adapter(frontends: &Frontends, name: &str) -> bool {
    frontends
        .named(name)
        .is_ok_and(|plugin| plugin.manifest.world == SITE_WORLD)
}

/// The installed site adapters, the newest of each, or the one that the project's lockfile names.
fn adapters(
    frontends: &Frontends,
    asked: Option<&str>,
    context: &Context,
) -> Result<Vec<Installed>, Failure> {
    let all = PluginStore::new(context.home.clone())
        .list()
        .or_fail(|| "the plugins cannot be listed")?;
    let sites = all.iter().filter(|one| one.manifest.world == SITE_WORLD);
    let names: std::collections::BTreeSet<&str> =
        sites.map(|one| one.manifest.name.as_str()).collect();
    names
        .into_iter()
        .filter(|name| asked.is_none_or(|asked| asked == *name))
        .map(|name| frontends.named(name))
        .collect()
}

fn load(installed: &Installed, context: &Context) -> Result<Adapter, Failure> {
    let store = PluginStore::new(context.home.clone());
    let name = &installed.manifest.name;
    Adapter::load(&store, installed, &Bars::new(context), SiteLimits::STANDARD)
        .or_fail(|| format!("the site adapter `{name}` cannot be loaded"))
}

fn faulty(fault: &PluginFault, context: &Context) -> Failure {
    for frame in fault.trap.iter().flat_map(|trap| &trap.frames) {
        context.detail(format!("  in {frame}"));
    }
    Failure::local(fault.to_string()).hint("its author has to mend that")
}

impl Found {
    /// The bundle's name, if nobody names the file.
    pub fn name(&self) -> &str {
        &self.project.name
    }

    /// Builds, adapts, compiles and writes the bundle.
    pub fn compile(&self, goal: &Goal, context: &Context) -> Result<(), Failure> {
        let Recognised {
            framework, version, ..
        } = &self.recognised;
        let (name, plugin_version) = (&self.reference.name, &self.reference.version);
        context.say(format!(
            "{} (site adapter `{name}` {plugin_version})",
            format!("{framework} {version}").trim()
        ));
        if !self.project.unused.is_empty() {
            let unused = self.project.unused.join(", ");
            context.say(format!("note: {unused}: that says nothing about a site"));
        }
        if let Build::Run = goal.build {
            self.build(context)?;
        }
        let site = self.adapt(goal, context)?;
        let notes = diagnostics(&site.diagnostics);
        let origins = self.origins(&site.diagnostics);
        let places = Places::new(&origins, &goal.working_folder);
        places.show(&notes, context);
        let compiled = self.bundle(site, goal, context)?;
        output::write(&goal.output, &compiled.bundle, goal.existing)?;
        self.report(&compiled, places.documents(&notes), goal, context)
    }

    /// Runs the project's own build, if it has one and that was granted.
    fn build(&self, context: &Context) -> Result<(), Failure> {
        let Some(command) = &self.recognised.build else {
            return Ok(());
        };
        let shown = command.join(" ");
        context.say(format!("building: {shown}"));
        let variable = |name: &str| std::env::var(name).ok();
        let folder = &self.project.folder;
        let ended = self
            .adapter
            .build(command, &self.granted, folder, &variable)
            .map_err(|error| match error {
                BuildError::Denied(words) => Failure::local(words).hint(
                    "build the project yourself, and leave that to nobody: lly compile --no-build",
                ),
                BuildError::Failed(words) => {
                    Failure::local(format!("the project cannot be built: {words}"))
                }
            })?;
        let said = [ended.stdout.as_slice(), &ended.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = said.lines().collect();
        if ended.exit_code == 0 {
            lines
                .iter()
                .for_each(|line| context.detail(crate::diagnostics::visible(line)));
            return Ok(());
        }
        for line in &lines[lines.len().saturating_sub(BUILD_LINES_SHOWN)..] {
            context.say(crate::diagnostics::visible(line));
        }
        let code = ended.exit_code;
        Err(Failure::local(format!("`{shown}` exits with {code}")))
    }

    fn adapt(&self, goal: &Goal, context: &Context) -> Result<Site, Failure> {
        match self.adapter.adapt(&self.granted, &self.project.folder) {
            Ok(site) => Ok(site),
            Err(AdaptError::Fault(fault)) => Err(faulty(&fault, context)),
            Err(AdaptError::Diagnostics {
                diagnostics: found,
                denied,
            }) => {
                let origins = self.origins(&found);
                let places = Places::new(&origins, &goal.working_folder);
                let failure = say_failure(&places, &diagnostics(&found), context);
                let unsaid = |why: &&String| !found.iter().any(|one| one.message.contains(*why));
                denied
                    .iter()
                    .filter(unsaid)
                    .for_each(|why| context.say(why));
                Err(failure)
            }
        }
    }

    /// Where the files that messages are about lie.
    fn origins(&self, diagnostics: &[SiteDiagnostic]) -> BTreeMap<String, PathBuf> {
        let paths = diagnostics.iter().filter_map(|one| one.path.clone());
        let place = |path: String| {
            let place = self.project.folder.join(&path);
            (path, place)
        };
        paths.map(place).collect()
    }

    fn bundle(&self, site: Site, goal: &Goal, context: &Context) -> Result<CompiledSite, Failure> {
        if site.programs.len() > 1 {
            let names: Vec<&str> = site.programs.iter().map(|one| one.name.as_str()).collect();
            return Err(Failure::local(format!(
                "the site has the programs {}: a bundle holds one in this version",
                names.join(", ")
            ))
            .hint("let one program answer for all of them"));
        }
        let program = site.programs.first().cloned();
        let prepared = match &program {
            Some(program) => Some(self.prepare(program, context)?),
            None => None,
        };
        let handler = match (&program, &prepared) {
            (Some(program), Some((chosen, inputs))) => Some(Handler {
                program,
                frontend: &chosen.frontend,
                reference: chosen.reference.clone(),
                inputs,
            }),
            _ => None,
        };
        let begin = |stage: lly_build::Stage| {
            if context.verbose > 1 {
                context.say(format!("{} …", stage.name()));
            }
        };
        let (project, adapter) = (&self.project, self.reference.clone());
        let made = lly_build::compile_site(project, site, adapter, handler, goal.jobs, &begin);
        let nowhere = BTreeMap::new();
        let origins = prepared
            .as_ref()
            .map_or(&nowhere, |(_, inputs)| &inputs.origins);
        let places = Places::new(origins, &goal.working_folder);
        match made {
            Ok(compiled) => {
                places.show(&compiled.diagnostics, context);
                Ok(compiled)
            }
            Err(lly_build::CompileError::Diagnostics(found)) => {
                Err(say_failure(&places, &found, context))
            }
            Err(other) => Err(Failure::local(format!("{:#}", anyhow::Error::from(other)))),
        }
    }

    fn prepare(
        &self,
        program: &host_plugin::SiteProgram,
        context: &Context,
    ) -> Result<(Chosen, Inputs), Failure> {
        let frontends = Frontends::open(context)?;
        let sources: Vec<PathBuf> = program
            .sources
            .iter()
            .map(|(path, _)| PathBuf::from(path))
            .collect();
        let plugin = frontends.choose(&sources, None)?;
        let chosen = frontends.load(plugin, context)?;
        Ok((chosen, self.project.inputs(program)))
    }

    fn report(
        &self,
        compiled: &CompiledSite,
        mut notes: Vec<DiagnosticDocument>,
        goal: &Goal,
        context: &Context,
    ) -> Result<(), Failure> {
        let manifest = &compiled.manifest;
        let origins = BTreeMap::new();
        let places = Places::new(&origins, &goal.working_folder);
        notes.extend(places.documents(&compiled.diagnostics));
        let ms = |spent: Duration| (spent.as_secs_f64() * 1e4).round() / 10.0;
        let report = Report {
            output: goal.output.display().to_string(),
            name: &manifest.name,
            framework: &self.recognised.framework,
            framework_version: &self.recognised.version,
            adapter: &self.reference,
            frontend: &manifest.frontend,
            bricks: &manifest.bricks,
            units: compiled.units,
            assets: manifest.assets.len(),
            routes: manifest.routes.len(),
            stages: compiled
                .stages
                .iter()
                .map(|(stage, spent)| StageReport {
                    name: stage.name(),
                    ms: ms(*spent),
                })
                .collect(),
            size: compiled.bundle.len() as u64,
            sha256: manifest.digest().to_string(),
            diagnostics: notes,
        };
        context.data("lily.compile.site/1", &report, || {
            let stages: Vec<String> = compiled
                .stages
                .iter()
                .map(|(stage, spent)| format!("{} {}", stage.name(), time(*spent)))
                .collect();
            text(&report, &stages)
        })
    }
}

fn text(report: &Report<'_>, stages: &[String]) -> String {
    let mut text = format!(
        "{}\n  framework {}\n  adapter   {} {}\n",
        report.output,
        format!("{} {}", report.framework, report.framework_version).trim(),
        report.adapter.name,
        report.adapter.version,
    );
    for brick in report.bricks {
        text.push_str(&format!(
            "  brick     {} ({}, {}, {} {})\n",
            brick.name,
            brick.kind,
            size(brick.size),
            report.frontend.name,
            report.frontend.version,
        ));
    }
    text.push_str(&format!(
        "  assets    {}\n  routes    {}\n  stages    {}\n  size      {}\n  sha256    {}\n",
        count(report.assets as u64, "file"),
        report.routes,
        stages.join(", "),
        size(report.size),
        report.sha256
    ));
    text
}

/// What adapters say, as frontends say it.
fn diagnostics(found: &[SiteDiagnostic]) -> Vec<Diagnostic> {
    let plain = |one: &SiteDiagnostic| Diagnostic {
        severity: match one.severity {
            SiteSeverity::Note => Severity::Note,
            SiteSeverity::Warning => Severity::Warning,
            SiteSeverity::Error => Severity::Error,
        },
        message: one.message.clone(),
        path: one.path.clone(),
        line: one.line,
        column: one.column,
        source_line: None,
    };
    found.iter().map(plain).collect()
}
