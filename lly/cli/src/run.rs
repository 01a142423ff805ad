//! `lly run`: a bundle runs here, in the fleet's own runtime.

mod folders;
mod serve;

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use host_engine::{CodeCache, Engine, Form, Profile, WasmDigest};
use host_runtime::{
    Carried, CommandRequest, Fault, Folder, Input, LoadedModule, Output, Program, Runtime,
    RuntimeLimits, maps_of, serving_profile,
};
use lly_brick::container::MAGIC;
use lly_brick::{BrickKind, Bundle, SharedModule};

use crate::bundle;
use crate::compile::SourceArgs;
use crate::context::Context;
use crate::failure::{ExitCode, Failure, OrFail};
use crate::interrupt;
use crate::progress::Bar;

/// A brick of this size takes half a second to compile; a bar for less would only flicker.
const SHOWN_FROM_BYTES: usize = 512 << 10;

/// Run a bundle, or a source file, on this machine.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The bundle; or a source file, which is compiled first and written nowhere.
    file: PathBuf,
    /// Set an environment variable for the program (repeatable).
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_variable)]
    env: Vec<(String, String)>,
    /// Hand the whole environment of this shell to the program.
    #[arg(long)]
    env_host: bool,
    /// Give up after this many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    timeout: Option<Duration>,
    /// Answer HTTP requests at this address instead: an HTTP brick its own way, a command the CGI way.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Let the program use a folder of this machine, by a name of its own; `:ro` to read only (repeatable).
    #[arg(long, value_name = "GUEST=HOST[:ro]", value_parser = folders::parse)]
    dir: Vec<Folder>,
    /// What the program finds in its argv, after its own name.
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Runs `lly run`.
pub fn run(args: RunArgs, context: &Context) -> Result<(), Failure> {
    interrupt::exit_on_interrupt()?;
    let bundle = bundle_of(&args.file, context)?;
    let kind = bundle.entry_brick().map(|(brick, _)| brick.kind);
    let env = environment(&args)?;
    match (kind, args.listen) {
        (_, Some(address)) => {
            if !args.arguments.is_empty() {
                return Err(Failure::local(
                    "a program that answers requests takes no arguments",
                ));
            }
            if !args.dir.is_empty() {
                return Err(
                    Failure::local("a program that answers requests is given no folders")
                        .hint("leave --dir out; a bundle's assets are served without the program"),
                );
            }
            let profile = serving_profile(&bundle.manifest.modules);
            let program = prepare(&bundle, profile, args.timeout, context)?;
            serve::run(program, bundle, address, env, context)
        }
        (Some(BrickKind::Http) | None, None) => {
            let file = args.file.display();
            Err(
                Failure::local(format!("`{file}` answers HTTP requests and has no `main`"))
                    .hint(format!("serve it: lly run {file} --listen 127.0.0.1:8080")),
            )
        }
        (Some(BrickKind::Command), None) => {
            let profile = match serving_profile(&bundle.manifest.modules) {
                Profile::Stateless => Profile::OnDemand,
                lasting => lasting,
            };
            match prepare(&bundle, profile, None, context)? {
                Some(program) => run_command(&program, args, env, context),
                None => Err(Failure::local("the bundle has no program")),
            }
        }
    }
}

/// The bundle of a file: what is in it, or what a source file becomes.
fn bundle_of(file: &Path, context: &Context) -> Result<Bundle, Failure> {
    if !is_source(file).or_fail(|| format!("cannot read `{}`", file.display()))? {
        return bundle::open(file).map(|(_, bundle)| bundle);
    }
    let bytes = SourceArgs::of_file(file.to_owned()).bundle(context)?;
    Bundle::open(&bytes).or_fail(|| format!("`{}` does not become a bundle", file.display()))
}

/// Whether a file is to be compiled: its extension is not that of a bundle, and neither is what it begins with.
fn is_source(file: &Path) -> std::io::Result<bool> {
    let extension = file.extension().and_then(|extension| extension.to_str());
    if matches!(extension, None | Some("brick")) || !file.is_file() {
        return Ok(false);
    }
    let mut begin = Vec::new();
    let length = MAGIC.len() as u64;
    std::fs::File::open(file)?
        .take(length)
        .read_to_end(&mut begin)?;
    Ok(begin != MAGIC)
}

/// Compiles the entry brick, or finds it compiled, and links it; none of a site without a program.
fn prepare(
    bundle: &Bundle,
    profile: Profile,
    wall_time: Option<Duration>,
    context: &Context,
) -> Result<Option<Program>, Failure> {
    let Some((brick, component)) = bundle.entry_brick() else {
        return Ok(None);
    };
    let engine = Engine::new(profile).or_fail(|| "the engine cannot start")?;
    let cache = CodeCache::new(context.home.join("cache").join("code"));
    let digest = WasmDigest::from_bytes(*brick.digest.as_bytes());
    let compiled = {
        let slow = component.len() >= SHOWN_FROM_BYTES
            && !cache.is_cached(&engine, digest, Form::Component);
        let _bar = slow.then(|| bar(&brick.name, context));
        cache
            .component_of(&engine, digest, || Ok(component.to_vec()))
            .or_fail(|| format!("brick `{}` cannot be compiled", brick.name))?
    };
    let mut carried = Carried::default();
    for module in &bundle.manifest.modules {
        carried
            .modules
            .push(shared(bundle, module, &engine, &cache, context)?);
    }
    if !carried.modules.is_empty() {
        carried.maps = maps_of(component).unwrap_or_default().to_vec();
    }
    let mut limits = RuntimeLimits::standard();
    if let Some(wall_time) = wall_time {
        limits.wall_time = wall_time;
    }
    let runtime = Runtime::new(&engine, limits).or_fail(|| "the runtime cannot start")?;
    let program = runtime
        .prepare(compiled, brick.kind, carried)
        .or_fail(|| format!("brick `{}` cannot run here", brick.name))?;
    let program = program.named(&bundle.manifest.name);
    Ok(Some(program.limited(&bundle.manifest.limits)))
}

/// A core module that the bundle carries for its bricks, compiled or found compiled.
fn shared(
    bundle: &Bundle,
    module: &SharedModule,
    engine: &Engine,
    cache: &CodeCache,
    context: &Context,
) -> Result<Arc<LoadedModule>, Failure> {
    let wasm = bundle.module(&module.digest).unwrap_or_default();
    let digest = WasmDigest::from_bytes(*module.digest.as_bytes());
    let slow = wasm.len() >= SHOWN_FROM_BYTES && !cache.is_cached(engine, digest, Form::Module);
    let _bar = slow.then(|| bar("the program's engine", context));
    let compiled = cache
        .module_of(engine, digest, || Ok(wasm.to_vec()))
        .or_fail(|| format!("the shared module `{}` cannot be compiled", module.digest))?;
    Ok(Arc::new(LoadedModule::new(&module.digest, compiled)))
}

fn bar(what: &str, context: &Context) -> Bar {
    Bar::start(context, format!("compiling {what} for this machine"))
}

fn run_command(
    program: &Program,
    args: RunArgs,
    env: Vec<(String, String)>,
    context: &Context,
) -> Result<(), Failure> {
    let request = CommandRequest {
        args: args.arguments,
        env,
        stdin: Input::Inherit,
        stdout: Output::Inherit,
        stderr: Output::Inherit,
        timeout: args.timeout,
        folders: args.dir,
    };
    let reactor = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .or_fail(|| "cannot start")?;
    let ended = reactor.block_on(program.run_command(request));
    // A read of this terminal that the guest left behind must not keep the process.
    reactor.shutdown_background();
    match ended {
        Ok(code) if code.is_success() => Ok(()),
        Ok(code) => Err(Failure::silent(ExitCode::Guest((code.code() & 0xff) as u8))),
        Err(fault) => Err(fault_failure(&fault, context)),
    }
}

/// What went wrong in the guest, with its backtrace.
fn fault_failure(fault: &Fault, context: &Context) -> Failure {
    let mut lines = fault.log_lines().into_iter();
    let message = lines.next().unwrap_or_else(|| fault.to_string());
    let failure = match fault {
        Fault::Host { .. } => Failure::local(message),
        Fault::Deadline { .. } => Failure::new(ExitCode::Trapped, message)
            .hint("give it more time with --timeout SECONDS"),
        Fault::Memory { .. } => Failure::new(ExitCode::Trapped, message)
            .hint("give it more memory: `memory_bytes_max` under [limits] in lly.toml"),
        _ => Failure::new(ExitCode::Trapped, message),
    };
    context.report(&failure);
    lines.for_each(|line| context.say(line));
    Failure::silent(failure.exit)
}

fn environment(args: &RunArgs) -> Result<Vec<(String, String)>, Failure> {
    let mut env = std::collections::BTreeMap::new();
    if args.env_host {
        for (name, value) in std::env::vars_os() {
            // A guest's strings are UTF-8; what is not cannot be handed over.
            if let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) {
                env.insert(name, value);
            }
        }
    }
    env.extend(args.env.iter().cloned());
    Ok(env.into_iter().collect())
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_string(), value.to_string()))
        }
        _ => Err("it is to be NAME=VALUE".to_string()),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let rule = || "it is to be a number of seconds above 0, such as 10 or 0.5".to_string();
    let seconds: f64 = text.parse().map_err(|_| rule())?;
    if seconds > 0.0 {
        Duration::try_from_secs_f64(seconds).map_err(|_| rule())
    } else {
        Err(rule())
    }
}
