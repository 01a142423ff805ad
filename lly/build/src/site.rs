//! What a site adapter made of a project becomes a bundle: its program is compiled, its files and routes are sealed.
//!
//! The rule: sources in `lly.toml` win. A folder is a site's only if it names none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use host_plugin::{Diagnostic, Frontend, Site, SiteProgram, SourceFile};
use lly_brick::{AssetPart, Bundle, FrontendRef, Limits, Manifest, Parts};

use crate::compile::{Clock, CompileError, Stage, brick};
use crate::discover::Inputs;
use crate::project::{OPTIMIZATION, Project, ProjectError, Request, name_like, resolve_folder};
use crate::settings::ProjectFile;

/// A folder that may be the project of a web framework.
#[derive(Debug, Clone)]
pub struct SiteProject {
    /// The bundle's name.
    pub name: String,
    /// Absolute.
    pub folder: PathBuf,
    /// Names of environment variables, besides those that the adapter names.
    pub env: Vec<String>,
    /// Limits that differ from the defaults.
    pub limits: Limits,
    /// Keys of `lly.toml` and flags that say something about sources, of which a site has none of its own.
    pub unused: Vec<&'static str>,
    optimization: u8,
    debug_info: bool,
}

/// The program of a site, ready to be compiled.
pub struct Handler<'a> {
    /// As the adapter gave it.
    pub program: &'a SiteProgram,
    /// What compiles it.
    pub frontend: &'a Frontend,
    /// How a manifest refers to that.
    pub reference: FrontendRef,
    /// Its files under the names that the compiler sees.
    pub inputs: &'a Inputs,
}

/// What a site became.
#[derive(Debug)]
pub struct CompiledSite {
    /// The sealed bundle.
    pub bundle: Vec<u8>,
    /// What it says.
    pub manifest: Manifest,
    /// Units of its program.
    pub units: usize,
    /// What the program's frontend has to say.
    pub diagnostics: Vec<Diagnostic>,
    /// How long each stage took.
    pub stages: Vec<(Stage, Duration)>,
}

impl SiteProject {
    /// The one folder that the command line means, unless its `lly.toml` names sources.
    pub fn find(request: &Request) -> Result<Option<Self>, ProjectError> {
        let working_folder = &request.working_folder;
        let folder = match request.sources.as_slice() {
            [] => resolve_folder(working_folder, ".".as_ref())?,
            [folder] if working_folder.join(folder).is_dir() => {
                resolve_folder(working_folder, folder)?
            }
            _ => return Ok(None),
        };
        let file = match ProjectFile::read_in(&folder) {
            Ok(file) if !file.sources.is_empty() => return Ok(None),
            Ok(file) => Some(file),
            Err(ProjectError::NothingToCompile { .. }) => None,
            Err(error) => return Err(error),
        };
        let named = file.as_ref().and_then(|file| file.name.clone());
        let name = match request.name.clone().or(named) {
            Some(name) if !lly_brick::check_program_name(&name) => {
                return Err(ProjectError::Name { name });
            }
            Some(name) => name,
            None => name_like(folder.file_name().unwrap_or_default()),
        };
        let said = file.as_ref();
        let asked = [
            ("-I", !request.include_folders.is_empty()),
            ("-D", !request.defines.is_empty()),
            ("--profile", request.profile.is_some()),
        ];
        let written = said.map(|file| {
            [
                ("`assets`", file.assets.is_some()),
                ("`include`", !file.include.is_empty()),
                ("`define`", !file.define.is_empty()),
                ("`profile`", file.profile.is_some()),
                ("`frontend.flags`", !file.flags.is_empty()),
            ]
        });
        let unused = asked.into_iter().chain(written.into_iter().flatten());
        Ok(Some(Self {
            name,
            unused: unused
                .filter(|(_, is_set)| *is_set)
                .map(|(name, _)| name)
                .collect(),
            env: said.map(|file| file.env.clone()).unwrap_or_default(),
            limits: said.map(|file| file.limits.clone()).unwrap_or_default(),
            optimization: request
                .optimization
                .or(said.and_then(|file| file.optimization))
                .unwrap_or(OPTIMIZATION),
            debug_info: request.debug_info || said.is_some_and(|file| file.debug_info),
            folder,
        }))
    }

    /// The program's files under the names that the compiler sees.
    pub fn inputs(&self, program: &SiteProgram) -> Inputs {
        let file = |(path, contents): &(String, Vec<u8>)| SourceFile {
            path: path.clone(),
            contents: contents.clone(),
        };
        let all = program.sources.iter().chain(&program.companions);
        let origins: BTreeMap<String, PathBuf> = all
            .map(|(path, _)| (path.clone(), self.folder.join(path)))
            .collect();
        Inputs {
            sources: program.sources.iter().map(file).collect(),
            companions: program.companions.iter().map(file).collect(),
            include_folders: Vec::new(),
            origins,
        }
    }

    fn project(&self, program: &SiteProgram) -> Project {
        let sources = program.sources.iter();
        Project {
            name: program.name.clone(),
            folder: Some(self.folder.clone()),
            sources: sources.map(|(path, _)| self.folder.join(path)).collect(),
            include_folders: Vec::new(),
            defines: Vec::new(),
            profile: None,
            optimization: self.optimization,
            debug_info: self.debug_info,
            flags: Vec::new(),
            assets: None,
            env: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Compiles a site to a bundle. `begin` is told of each stage as it begins.
pub fn compile_site(
    project: &SiteProject,
    site: Site,
    adapter: FrontendRef,
    handler: Option<Handler<'_>>,
    jobs: usize,
    begin: &dyn Fn(Stage),
) -> Result<CompiledSite, CompileError> {
    let mut clock = Clock::new(begin);
    let mut env = project.env.clone();
    let (mut made_by, mut bricks, mut bir) = (adapter.clone(), Vec::new(), None);
    let mut modules = Vec::new();
    let (mut units, mut diagnostics) = (0, Vec::new());
    if let Some(handler) = handler {
        let program = project.project(handler.program);
        let made = brick(&program, handler.inputs, handler.frontend, jobs, &mut clock)?;
        env.extend(handler.program.environment.iter().cloned());
        made_by = handler.reference;
        units = made.program.units.len();
        diagnostics = made.diagnostics;
        bir = Some(made.program.encode());
        modules = made.modules;
        bricks.push((program.name, made.kind, made.component));
    }
    clock.begin(Stage::Pack);
    let asset = |asset: host_plugin::SiteAsset| AssetPart {
        path: asset.path,
        contents: asset.contents,
        media_type: asset.media_type,
        cache_seconds: Some(asset.cache_seconds),
    };
    let packed = Bundle::pack(Parts {
        name: project.name.clone(),
        frontend: made_by,
        adapter: Some(adapter),
        bricks,
        modules,
        bir,
        assets: site.assets.into_iter().map(asset).collect(),
        routes: site.routes,
        env,
        limits: project.limits.clone(),
    })?;
    Ok(CompiledSite {
        bundle: packed.bytes,
        manifest: packed.manifest,
        units,
        diagnostics,
        stages: clock.stages(),
    })
}
