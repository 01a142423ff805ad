//! From a project's files to a bundle: lower, emit, pack.

use std::time::{Duration, Instant};

use host_plugin::{BrickPlan, Diagnostic, Frontend, FrontendError, Options};
use host_preinit::javascript::JavascriptError;
use lly_bir::{Object, Program};
use lly_brick::container::PackedEntry;
use lly_brick::{AssetPart, BrickKind, Bundle, Digest, FrontendRef, Manifest, PackError, Parts};

use crate::assets::{self, AssetsError};
use crate::discover::Inputs;
use crate::javascript;
use crate::kind::{KindError, kind_of};
use crate::project::Project;

/// The steps of a compile, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Source files become BIR.
    Lower,
    /// BIR becomes components.
    Emit,
    /// A program is put into the engine that it shares with others.
    Prepare,
    /// Components and assets become a bundle.
    Pack,
}

impl Stage {
    /// One word for people and for documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Emit => "emit",
            Self::Prepare => "prepare",
            Self::Pack => "pack",
        }
    }
}

/// What a compile made.
#[derive(Debug)]
pub struct Compiled {
    /// The sealed bundle.
    pub bundle: Vec<u8>,
    /// What it says.
    pub manifest: Manifest,
    /// The program's BIR without its payload.
    pub program: Program,
    /// Warnings and notes.
    pub diagnostics: Vec<Diagnostic>,
    /// How long each stage took.
    pub stages: Vec<(Stage, Duration)>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The program is wrong: everything the frontend has to say about it.
    #[error("the program does not compile")]
    Diagnostics(Vec<Diagnostic>),
    /// The frontend itself failed.
    #[error(transparent)]
    Frontend(FrontendError),
    /// The program has nothing that could be started.
    #[error(transparent)]
    Kind(KindError),
    /// Static files.
    #[error(transparent)]
    Assets(#[from] AssetsError),
    /// The program cannot be put into its engine.
    #[error(transparent)]
    Javascript(JavascriptError),
    /// The program cannot be wrapped up.
    #[error(transparent)]
    Program(#[from] lly_js::ProgramError),
    /// A module that the frontend's programs share.
    #[error("`{}` of the frontend's plugin cannot be read", path.display())]
    Module {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bundle cannot be made.
    #[error("the bundle cannot be made")]
    Pack(#[from] PackError),
}

impl From<FrontendError> for CompileError {
    fn from(error: FrontendError) -> Self {
        match error {
            FrontendError::Diagnostics(diagnostics) => Self::Diagnostics(diagnostics),
            other => Self::Frontend(other),
        }
    }
}

/// The BIR of a project, as the frontend gave it and as decoded.
pub fn lower(
    project: &Project,
    inputs: &Inputs,
    frontend: &Frontend,
    jobs: usize,
) -> Result<(Vec<u8>, Program, Vec<Diagnostic>), CompileError> {
    let lowered = frontend.lower(
        &inputs.sources,
        &inputs.companions,
        &options(project, inputs),
        jobs,
    )?;
    let program = Program::decode(&lowered.bir).map_err(|error| {
        let mut reason = format!("it returned broken BIR: {error}");
        if let Some(source) = std::error::Error::source(&error) {
            reason.push_str(&format!(": {source}"));
        }
        CompileError::Frontend(frontend.fault("lower", &reason).into())
    })?;
    Ok((lowered.bir, program, lowered.diagnostics))
}

/// The component of a project, whatever it exports, and what the frontend has to say.
pub fn component(
    project: &Project,
    inputs: &Inputs,
    frontend: &Frontend,
    jobs: usize,
) -> Result<(Vec<u8>, Vec<Diagnostic>), CompileError> {
    let (bir, _, mut diagnostics) = lower(project, inputs, frontend, jobs)?;
    let plan = BrickPlan {
        name: project.name.clone(),
        units: Vec::new(),
    };
    let emitted = frontend.emit(&bir, &plan, &options(project, inputs))?;
    diagnostics.extend(emitted.diagnostics);
    Ok((emitted.component, diagnostics))
}

/// Compiles a project to a bundle. `begin` is told of each stage as it begins.
pub fn compile(
    project: &Project,
    inputs: &Inputs,
    frontend: &Frontend,
    frontend_ref: FrontendRef,
    jobs: usize,
    begin: &dyn Fn(Stage),
) -> Result<Compiled, CompileError> {
    let mut clock = Clock::new(begin);
    let made = brick(project, inputs, frontend, jobs, &mut clock)?;
    clock.begin(Stage::Pack);
    let packed = Bundle::pack(Parts {
        name: project.name.clone(),
        frontend: frontend_ref,
        adapter: None,
        bricks: vec![(project.name.clone(), made.kind, made.component)],
        modules: made.modules,
        bir: Some(made.program.encode()),
        assets: project
            .assets
            .as_deref()
            .map(assets::collect)
            .transpose()?
            .unwrap_or_default()
            .into_iter()
            .map(|(path, contents)| AssetPart::plain(path, contents))
            .collect(),
        routes: Vec::new(),
        env: project.env.clone(),
        limits: project.limits.clone(),
    })?;
    Ok(Compiled {
        bundle: packed.bytes,
        manifest: packed.manifest,
        program: made.program,
        diagnostics: made.diagnostics,
        stages: clock.stages(),
    })
}

/// What a program becomes before it is packed.
pub(crate) struct Made {
    pub(crate) kind: BrickKind,
    pub(crate) component: Vec<u8>,
    /// What it imports by content.
    pub(crate) modules: Vec<PackedEntry>,
    /// Its BIR without its payload.
    pub(crate) program: Program,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Makes the one brick of a program.
pub(crate) fn brick(
    project: &Project,
    inputs: &Inputs,
    frontend: &Frontend,
    jobs: usize,
    clock: &mut Clock<'_>,
) -> Result<Made, CompileError> {
    clock.begin(Stage::Lower);
    let (bir, program, mut diagnostics) = lower(project, inputs, frontend, jobs)?;
    clock.begin(Stage::Emit);
    // One brick for the whole program: an empty list of units means all of them.
    let plan = BrickPlan {
        name: project.name.clone(),
        units: Vec::new(),
    };
    let emitted = frontend.emit(&bir, &plan, &options(project, inputs))?;
    diagnostics.extend(emitted.diagnostics);
    let (mut component, mut modules) = (emitted.component, Vec::new());
    if let Some(section) = javascript::modules_of(&component) {
        clock.begin(Stage::Prepare);
        let built = javascript::build(section, inputs, frontend)?;
        diagnostics.extend(built.diagnostics);
        component = built.component;
        modules.push(built.module);
    }
    let carried: Vec<Digest> = modules.iter().map(PackedEntry::digest).collect();
    let kind = kind_of(&component, &carried).map_err(|error| match error {
        KindError::NothingToStart => CompileError::Kind(error),
        nonsense => CompileError::Frontend(frontend.fault("emit", &nonsense.to_string()).into()),
    })?;
    Ok(Made {
        kind,
        component,
        modules,
        program: without_payload(program),
        diagnostics,
    })
}

/// Which stage there is, and how long each took.
pub(crate) struct Clock<'a> {
    told: &'a dyn Fn(Stage),
    running: Option<(Stage, Instant)>,
    stages: Vec<(Stage, Duration)>,
}

impl<'a> Clock<'a> {
    /// `told` is told of each stage as it begins.
    pub(crate) fn new(told: &'a dyn Fn(Stage)) -> Self {
        Self {
            told,
            running: None,
            stages: Vec::new(),
        }
    }

    pub(crate) fn begin(&mut self, stage: Stage) {
        self.end();
        (self.told)(stage);
        self.running = Some((stage, Instant::now()));
    }

    fn end(&mut self) {
        if let Some((stage, since)) = self.running.take() {
            self.stages.push((stage, since.elapsed()));
        }
    }

    /// Ends the last stage.
    pub(crate) fn stages(mut self) -> Vec<(Stage, Duration)> {
        self.end();
        self.stages
    }
}

/// The unit table alone: what people and tools ask a bundle for is not the frontend's objects.
fn without_payload(mut program: Program) -> Program {
    program.objects = program
        .objects
        .into_iter()
        .map(|object| Object::new(object.name, Vec::new()))
        .collect();
    program
}

fn options(project: &Project, inputs: &Inputs) -> Options {
    Options {
        name: project.name.clone(),
        profile: project.profile.clone(),
        optimization: project.optimization,
        debug_info: project.debug_info,
        defines: project.defines.clone(),
        include_dirs: inputs.include_folders.clone(),
        flags: project.flags.clone(),
    }
}
