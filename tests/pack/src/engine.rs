//! The engine of programs in JavaScript: QuickJS-ng and our glue, compiled by the packaged clang in its sandbox, linked to one
//! core module, and then run once so that its memory has the prelude in it.

use crate::{archive, prelude, sysroot};
use anyhow::{Context, Result, bail};
use clap::Args;
use host_plugin::sandbox::{File, Job, Tools};
use host_preinit::{Answer, Image, Limits};
use host_web::{Function, Value, decode, encode_one};
use std::path::PathBuf;

/// Makes `engine.wasm`.
#[derive(Args)]
pub struct Arguments {
    /// The workspace: `plugins/js` is read from it.
    #[arg(long)]
    workspace: PathBuf,
    /// The unpacked npm package of clang.
    #[arg(long)]
    clang: PathBuf,
    /// The folder with QuickJS's sources, patched.
    #[arg(long)]
    quickjs: PathBuf,
    /// The folder with the prelude's libraries, each as `NAME-VERSION`.
    #[arg(long)]
    libraries: PathBuf,
    /// Where compiled code of clang is cached.
    #[arg(long)]
    code_cache: PathBuf,
    /// Where clang's own sysroot is unpacked.
    #[arg(long)]
    work: PathBuf,
    /// The file to be written.
    #[arg(long)]
    out: PathBuf,
    /// How many sandboxes run side by side.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// What is compiled of QuickJS by itself; `quickjs.c` is part of our `inside.c`.
const QUICKJS: [&str; 3] = ["libregexp.c", "libunicode.c", "dtoa.c"];
const GLUE: [&str; 9] = [
    "inside.c",
    "engine.c",
    "host.c",
    "wire.c",
    "coding.c",
    "modules.c",
    "table.c",
    "commonjs.c",
    "libc.c",
];
/// The defines are QuickJS's: without them it wants threads and jumps to labels.
const FLAGS: [&str; 9] = [
    "clang",
    "-std=gnu17",
    "-O2",
    "-w",
    "-DNDEBUG",
    "-D_GNU_SOURCE",
    "-DEMSCRIPTEN",
    "-I/src/quickjs",
    "-ffile-prefix-map=/src/=",
];
/// The C stack lies first: what overflows it traps, and does not write over data. Of its four
/// megabytes the engine uses three (`STACK_BYTES` in engine.c); the last is for who was let in just before.
const STACK_BYTES: usize = 4 << 20;
/// The interface of the one import.
const HOST: (&str, &str) = ("lily:javascript/host@0.1.0", "call");
/// The prelude takes about a second of it.
const LIMITS: Limits = Limits {
    memory_bytes_max: 64 << 20,
    ..Limits::STANDARD
};

/// Compiles, links, runs once, writes.
pub fn make(arguments: &Arguments) -> Result<()> {
    let base = arguments.work.join("base");
    sysroot::unpack(&arguments.clang.join("gen/llvm-resources.tar"), &base)?;
    let clang = arguments.clang.join("gen/llvm.core.wasm");
    let tools = Tools::from_files(
        &arguments.code_cache,
        &[("clang", &clang)],
        Some(base.clone()),
    )
    .context("cannot load clang")?;
    let objects = compiled(&tools, arguments)?;
    let module = linked(&tools, objects)?;
    let rows = prelude::message(
        &arguments.workspace.join("plugins/js/prelude"),
        &arguments.libraries,
    )?;
    let image = Image {
        module: &module,
        import: HOST,
        function: "prepare",
        argument: &rows,
        limits: LIMITS,
    };
    let image = image.make(answer()).context("the prelude does not load")?;
    let partial = arguments.out.with_extension("partial");
    std::fs::write(&partial, &image)
        .and_then(|()| std::fs::rename(&partial, &arguments.out))
        .with_context(|| format!("cannot write `{}`", arguments.out.display()))?;
    println!(
        "{}: {} KiB, of which {} are code",
        arguments.out.display(),
        image.len() >> 10,
        module.len() >> 10
    );
    Ok(())
}

fn compiled(tools: &Tools, arguments: &Arguments) -> Result<Vec<File>> {
    let mut shared = archive::folder(&arguments.quickjs, "quickjs")?;
    shared.extend(archive::folder(
        &arguments.workspace.join("plugins/js/engine"),
        "engine",
    )?);
    let quickjs = QUICKJS.iter().map(|name| format!("quickjs/{name}"));
    let glue = GLUE.iter().map(|name| format!("engine/{name}"));
    // The largest first, so that nobody waits for it at the end.
    let units: Vec<archive::Unit> = glue
        .chain(quickjs)
        .map(|source| archive::Unit {
            source,
            arguments: FLAGS.iter().map(|&flag| flag.to_owned()).collect(),
        })
        .collect();
    archive::objects(tools, "engine", &shared, &units, arguments.jobs)
}

fn linked(tools: &Tools, objects: Vec<File>) -> Result<Vec<u8>> {
    let stack = format!("stack-size={STACK_BYTES}");
    let mut line: Vec<String> = [
        "wasm-ld",
        "--no-entry",
        "--stack-first",
        "-z",
        &stack,
        "-o",
        "/out/engine.wasm",
    ]
    .map(str::to_owned)
    .to_vec();
    line.extend(objects.iter().map(|object| format!("/src/{}", object.path)));
    line.extend([
        "/usr/lib/wasm32-wasip1/libc.a".to_owned(),
        "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a".to_owned(),
    ]);
    let job = Job {
        tool: "clang".to_owned(),
        arguments: line,
        files: objects,
        outputs: vec!["engine.wasm".to_owned()],
    };
    let mut outcomes = tools
        .run(Vec::new(), vec![job], 1)
        .context("cannot link the engine")?;
    let outcome = outcomes.pop().context("the linker gave no answer")?;
    match outcome.outputs.into_iter().next() {
        Some(file) if outcome.exit_code == 0 => Ok(file.contents),
        _ => bail!(
            "the engine does not link:\n{}",
            String::from_utf8_lossy(&outcome.stderr)
        ),
    }
}

/// What the prelude hears while it loads: no time has passed, nothing is random, and the rest is not there.
fn answer() -> Answer {
    Box::new(|function, arguments| {
        let function = Function::of(function).ok_or("no such function")?;
        let arguments = decode(arguments).map_err(|error| error.to_string())?;
        let value = match function {
            Function::Now | Function::Monotonic => Value::from(0.0),
            Function::Random => {
                let wanted = arguments.first().and_then(Value::as_bytes);
                Value::from(vec![0; wanted.map_or(0, <[u8]>::len)])
            }
            _ => return Err(format!("{} is not there yet", function.name())),
        };
        Ok(encode_one(&value))
    })
}
