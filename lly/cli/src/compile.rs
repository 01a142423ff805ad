//! `lly compile`: source files become a bundle.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{ArgAction, Args};
use host_plugin::Diagnostic;
use lly_brick::FrontendRef;
use lly_build::{
    CompileError, Compiled, Inputs, Project, ProjectError, Request, SiteProject, Stage,
};
use serde::Serialize;

use crate::amounts::{count, size, time};
use crate::context::Context;
use crate::diagnostics::{DiagnosticDocument, Places, relative};
use crate::failure::{ExitCode, Failure, OrFail};
use crate::frontends::{Chosen, Frontends};
use crate::interrupt;
use crate::output::{self, Existing};
use crate::site;

/// Compile source files to a bundle.
#[derive(Debug, Args)]
pub struct CompileArgs {
    #[command(flatten)]
    pub sources: SourceArgs,
    /// The bundle to write [default: the program's name with `.brick`].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing output.
    #[arg(short, long)]
    force: bool,
    /// Split the program into several bricks.
    #[arg(long)]
    multi: bool,
    /// Say why units share a brick.
    #[arg(long)]
    explain: bool,
    /// Take a web framework's project as it is built, instead of building it.
    #[arg(long)]
    no_build: bool,
}

/// Where a site is to go, and how.
pub struct Goal {
    pub output: PathBuf,
    pub existing: Existing,
    pub jobs: usize,
    pub working_folder: PathBuf,
    pub build: Build,
}

/// Whether a project's own build is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    Run,
    Done,
}

/// What decides what is compiled and how; `lly bir` takes the same.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Source files; the extension chooses the frontend. Without any, the project of `lly.toml` in this folder.
    #[arg(value_name = "SRC")]
    pub sources: Vec<PathBuf>,
    /// Search this folder for headers (repeatable).
    #[arg(short = 'I', value_name = "DIR", action = ArgAction::Append)]
    include: Vec<PathBuf>,
    /// Define a macro (repeatable).
    #[arg(short = 'D', value_name = "NAME[=VALUE]", action = ArgAction::Append)]
    define: Vec<String>,
    /// The language standard, such as c11, c17, c23, c++17, c++20, c++23.
    #[arg(long, value_name = "STANDARD")]
    profile: Option<String>,
    /// Use this frontend, whatever the extension.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// Optimisation [default: 2].
    #[arg(short = 'O', value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=3))]
    optimization: Option<u8>,
    /// Keep everything a debugger wants; stack traces have source lines either way.
    #[arg(short = 'g')]
    debug_info: bool,
    /// The program's name, its argv[0] [default: that of lly.toml, or of the first source].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Compile this many files side by side [default: as many as there are cores].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

/// A project with its frontend loaded and its files read.
pub struct Prepared {
    pub project: Project,
    pub inputs: Inputs,
    pub chosen: Chosen,
    pub jobs: usize,
    pub working_folder: PathBuf,
    steps: Vec<(&'static str, Duration)>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    name: &'a str,
    frontend: &'a FrontendRef,
    bricks: &'a [lly_brick::Brick],
    units: usize,
    sources: usize,
    lines: u64,
    assets: usize,
    stages: Vec<StageReport>,
    size: u64,
    sha256: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    explain: Vec<String>,
    diagnostics: Vec<DiagnosticDocument>,
}

#[derive(Serialize)]
struct StageReport {
    name: &'static str,
    ms: f64,
}

/// Runs `lly compile`.
pub fn run(args: &CompileArgs, context: &Context) -> Result<(), Failure> {
    if args.multi {
        return Err(
            Failure::local("`--multi` is not in this version: a program is one brick")
                .hint("leave it out; `--explain` says what the brick holds"),
        );
    }
    interrupt::exit_on_interrupt()?;
    let existing = if args.force {
        Existing::Replace
    } else {
        Existing::Keep
    };
    if let Some(output) = &args.output {
        output::check(output, existing)?;
    }
    let output = |name: &str| match &args.output {
        Some(output) => Ok(output.clone()),
        None => {
            let output = PathBuf::from(format!("{name}.brick"));
            output::check(&output, existing).map(|()| output)
        }
    };
    let asked = args.sources.plugin.as_deref();
    if let Some(project) = args.sources.site_project()?
        && let Some(found) = site::find(project, asked, context)?
    {
        let goal = Goal {
            output: output(found.name())?,
            existing,
            jobs: args.sources.jobs(),
            working_folder: working_folder()?,
            build: if args.no_build {
                Build::Done
            } else {
                Build::Run
            },
        };
        return found.compile(&goal, context);
    }
    let project = args.sources.project()?;
    let output = output(&project.name)?;
    let mut prepared = args.sources.prepare(project, context)?;
    let compiled = prepared.compile(context)?;
    let written = Instant::now();
    output::write(&output, &compiled.bundle, existing)?;
    prepared.steps.push(("write", written.elapsed()));
    prepared.report(&compiled, &output, args.explain, context)
}

impl SourceArgs {
    /// The project in a folder, as its `lly.toml` says.
    pub fn of_folder(folder: PathBuf) -> Self {
        Self {
            sources: vec![folder],
            include: Vec::new(),
            define: Vec::new(),
            profile: None,
            plugin: None,
            optimization: None,
            debug_info: false,
            jobs: None,
            name: None,
        }
    }

    /// One source file, with all defaults.
    pub fn of_file(file: PathBuf) -> Self {
        Self::of_folder(file)
    }

    /// The bundle of what these arguments mean, in memory; on errors in the program, shows them.
    pub fn bundle(&self, context: &Context) -> Result<Vec<u8>, Failure> {
        let mut prepared = self.prepare(self.project()?, context)?;
        Ok(prepared.compile(context)?.bundle)
    }

    /// The project that these arguments mean.
    pub fn project(&self) -> Result<Project, Failure> {
        Project::find(&self.request()?).map_err(project_failure)
    }

    /// The folder that these arguments mean, if it may be a web framework's: its `lly.toml` names no sources.
    fn site_project(&self) -> Result<Option<SiteProject>, Failure> {
        SiteProject::find(&self.request()?).map_err(project_failure)
    }

    fn request(&self) -> Result<Request, Failure> {
        Ok(Request {
            working_folder: working_folder()?,
            sources: self.sources.clone(),
            include_folders: self.include.clone(),
            defines: self.define.clone(),
            profile: self.profile.clone(),
            optimization: self.optimization,
            debug_info: self.debug_info,
            name: self.name.clone(),
        })
    }

    /// Files that are compiled side by side.
    fn jobs(&self) -> usize {
        match self.jobs {
            Some(jobs) => usize::from(jobs),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Loads the frontend and reads the files.
    pub fn prepare(&self, project: Project, context: &Context) -> Result<Prepared, Failure> {
        let mut clock = Instant::now();
        let mut lap = || std::mem::replace(&mut clock, Instant::now()).elapsed();
        let frontends = Frontends::open(context)?;
        let plugin = frontends.choose(&project.sources, self.plugin.as_deref())?;
        let inputs = Inputs::collect(&project, frontends.companions(&plugin))
            .or_fail(|| "the sources cannot be read")?;
        let discovered = lap();
        let chosen = frontends.load(plugin, context)?;
        let loaded = lap();
        Ok(Prepared {
            project,
            inputs,
            chosen,
            jobs: self.jobs(),
            working_folder: working_folder()?,
            steps: vec![("discover", discovered), ("load", loaded)],
        })
    }
}

fn working_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().or_fail(|| "this folder cannot be used")
}

fn project_failure(error: ProjectError) -> Failure {
    let failure = match &error {
        ProjectError::Unreadable { source, .. } => Failure::local(format!("{error}: {source}")),
        _ => Failure::local(error.to_string()),
    };
    match error {
        ProjectError::NothingToCompile { .. } => {
            failure.hint(
                "name one, or begin a project: an lly.toml with `sources = [\"main.c\"]`; a web framework's project needs its \
                 site adapter",
            )
        }
        ProjectError::Folder { .. } => {
            failure.hint("a folder can be compiled when it has an lly.toml, or when an installed site adapter knows it")
        }
        _ => failure,
    }
}

impl Prepared {
    /// Compiles; on errors in the program, shows them.
    fn compile(&mut self, context: &Context) -> Result<Compiled, Failure> {
        let begin = |stage: Stage| {
            if context.verbose > 1 {
                context.say(format!("{} …", stage.name()));
            }
        };
        let frontend_ref = self.chosen.reference.clone();
        let compiled = lly_build::compile(
            &self.project,
            &self.inputs,
            &self.chosen.frontend,
            frontend_ref,
            self.jobs,
            &begin,
        );
        match compiled {
            Ok(compiled) => {
                self.steps.extend(
                    compiled
                        .stages
                        .iter()
                        .map(|(stage, spent)| (stage.name(), *spent)),
                );
                self.places().show(&compiled.diagnostics, context);
                Ok(compiled)
            }
            Err(error) => Err(self.failure(error, context)),
        }
    }

    /// The component alone, whatever it exports; on errors in the program, shows them.
    pub fn component(&self, context: &Context) -> Result<Vec<u8>, Failure> {
        let made = lly_build::component(
            &self.project,
            &self.inputs,
            &self.chosen.frontend,
            self.jobs,
        );
        match made {
            Ok((component, diagnostics)) => {
                self.places().show(&diagnostics, context);
                Ok(component)
            }
            Err(error) => Err(self.failure(error, context)),
        }
    }

    /// Lowers only; on errors in the program, shows them.
    pub fn lower(&self, context: &Context) -> Result<lly_bir::Program, Failure> {
        match lly_build::lower(
            &self.project,
            &self.inputs,
            &self.chosen.frontend,
            self.jobs,
        ) {
            Ok((_, program, diagnostics)) => {
                self.places().show(&diagnostics, context);
                Ok(program)
            }
            Err(error) => Err(self.failure(error, context)),
        }
    }

    fn places(&self) -> Places<'_> {
        Places::new(&self.inputs.origins, &self.working_folder)
    }

    fn failure(&self, error: CompileError, context: &Context) -> Failure {
        match error {
            CompileError::Diagnostics(diagnostics) => {
                say_failure(&self.places(), &diagnostics, context)
            }
            CompileError::Pack(error) => Failure::local(format!(
                "the bundle cannot be made: {:#}",
                anyhow::Error::from(error)
            )),
            other => Failure::local(format!("{:#}", anyhow::Error::from(other))),
        }
    }

    fn report(
        &self,
        compiled: &Compiled,
        output: &Path,
        explain: bool,
        context: &Context,
    ) -> Result<(), Failure> {
        let manifest = &compiled.manifest;
        let explain = if explain {
            explanation(compiled)
        } else {
            Vec::new()
        };
        let (sources, lines) = self.inputs.amounts(&compiled.program);
        let report = Report {
            output: Some(output.display().to_string()),
            name: &manifest.name,
            frontend: &manifest.frontend,
            bricks: &manifest.bricks,
            units: compiled.program.units.len(),
            sources,
            lines,
            assets: manifest.assets.len(),
            stages: self
                .steps
                .iter()
                .map(|(name, spent)| StageReport {
                    name,
                    ms: (spent.as_secs_f64() * 1e4).round() / 10.0,
                })
                .collect(),
            size: compiled.bundle.len() as u64,
            sha256: manifest.digest().to_string(),
            explain,
            diagnostics: self.places().documents(&compiled.diagnostics),
        };
        if context.verbose > 0 {
            let origins = self.inputs.origins.iter();
            for (name, path) in origins {
                let path = relative(path, &self.working_folder);
                context.say(format!("  file      {name} ({})", path.display()));
            }
            for (name, spent) in &self.steps {
                context.say(format!("  stage     {name:<10} {:>8}", time(*spent)));
            }
        }
        context.data("lily.compile/1", &report, || text(&report, &self.steps))
    }
}

/// Shows what is wrong with a program.
pub fn say_failure(places: &Places<'_>, diagnostics: &[Diagnostic], context: &Context) -> Failure {
    #[derive(Serialize)]
    struct Errors {
        diagnostics: Vec<DiagnosticDocument>,
    }
    places.show(diagnostics, context);
    if context.json {
        let diagnostics = places.documents(diagnostics);
        if let Err(failure) = context.document("lily.diagnostics/1", &Errors { diagnostics }) {
            return failure;
        }
    }
    Failure::silent(ExitCode::Local)
}

fn text(report: &Report<'_>, steps: &[(&'static str, Duration)]) -> String {
    let mut text = format!(
        "{}\n  frontend  {} {}\n  units     {} in {}, {}\n",
        report.output.as_deref().unwrap_or_default(),
        report.frontend.name,
        report.frontend.version,
        report.units,
        count(report.sources as u64, "source file"),
        count(report.lines, "line"),
    );
    for brick in report.bricks {
        text.push_str(&format!(
            "  brick     {} ({}, {})\n",
            brick.name,
            brick.kind,
            size(brick.size)
        ));
    }
    if report.assets > 0 {
        text.push_str(&format!(
            "  assets    {}\n",
            count(report.assets as u64, "file")
        ));
    }
    let stages: Vec<String> = steps
        .iter()
        .map(|(name, spent)| format!("{name} {}", time(*spent)))
        .collect();
    text.push_str(&format!("  stages    {}\n", stages.join(", ")));
    text.push_str(&format!(
        "  size      {}\n  sha256    {}\n",
        size(report.size),
        report.sha256
    ));
    for line in &report.explain {
        text.push_str(&format!("  explain   {line}\n"));
    }
    text
}

/// Why the units are where they are: in this version, because a program is one brick.
fn explanation(compiled: &Compiled) -> Vec<String> {
    compiled
        .manifest
        .bricks
        .iter()
        .map(|brick| {
            let units = count(compiled.program.units.len() as u64, "unit");
            format!(
                "brick {} holds all {units}: this version keeps a program in one brick",
                brick.name
            )
        })
        .collect()
}
