//! Packs the plugins that LILY ships: clang and the C libraries become `c.plugin`, each plain component its
//! `NAME.plugin`.
//!
//! `cargo xtask setup` fetches and builds what goes in and calls this with folders; nothing is fetched here. libc++,
//! libc++abi and libunwind are built with WebAssembly exceptions by the packaged clang itself, in the sandbox that will
//! run it for users. The same inputs give the same packages.
//!
//! Read [`libraries`] for how the libraries are compiled, [`sysroot`] for what a program sees under `/usr`, [`package`]
//! for what is sealed, [`engine`] for the engine of programs in JavaScript.
//! `tests/languages.rs` compiles, links and runs programs with the packed sysroot.

#![allow(clippy::print_stdout, reason = "a program that shows its progress")]

mod archive;
mod engine;
mod libraries;
mod package;
mod prelude;
mod sysroot;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use host_plugin::sandbox::Tools;
use std::path::PathBuf;

/// Makes what `lly` ships beside its own program.
#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    work: Work,
}

#[derive(Subcommand)]
enum Work {
    /// Builds the C libraries with the packaged clang and seals the plugins.
    Plugins(Arguments),
    /// Makes the engine of programs in JavaScript.
    Engine(engine::Arguments),
}

#[derive(Args)]
struct Arguments {
    /// The workspace: the plugins' manifests, headers and glue are read from it.
    #[arg(long)]
    workspace: PathBuf,
    /// The unpacked npm package of clang.
    #[arg(long)]
    clang: PathBuf,
    /// The folder with LLVM's `libcxx`, `libcxxabi` and `libunwind`.
    #[arg(long)]
    llvm: PathBuf,
    /// The folder with the plugins' core modules.
    #[arg(long)]
    modules: PathBuf,
    /// Where compiled code of clang is cached.
    #[arg(long)]
    code_cache: PathBuf,
    /// Where the sysroot is put together; libraries in it are reused when nothing changed.
    #[arg(long)]
    work: PathBuf,
    /// Where the packages go.
    #[arg(long)]
    out: PathBuf,
    /// A plugin that is a component and nothing else, by its folder's name; may be given again and again.
    #[arg(long = "component")]
    components: Vec<String>,
    /// Licences of other people's work in such a plugin, as `PLUGIN/NAME=FOLDER`: what its names say, of what is in this folder.
    #[arg(long = "licences")]
    licences: Vec<String>,
    /// How many sandboxes run side by side.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Compress as hard as possible, for a release: a minute of work for a third less.
    #[arg(long)]
    smallest: bool,
}

fn main() -> Result<()> {
    match Command::parse().work {
        Work::Plugins(arguments) => plugins(&arguments),
        Work::Engine(arguments) => engine::make(&arguments),
    }
}

fn plugins(arguments: &Arguments) -> Result<()> {
    let base = arguments.work.join("base");
    let llvm_wasm = arguments.clang.join("gen/llvm.core.wasm");
    sysroot::unpack(&arguments.clang.join("gen/llvm-resources.tar"), &base)?;
    println!("clang: loading (the first time it is compiled for this machine, about 80 s of CPU)");
    let tools = Tools::from_files(
        &arguments.code_cache,
        &[("clang", &llvm_wasm)],
        Some(base.clone()),
    )
    .context("cannot load clang")?;
    let built = libraries::build(
        &tools,
        &arguments.llvm,
        &arguments.work.join("libraries"),
        arguments.jobs,
    )?;
    let glue = libraries::glue(
        &tools,
        &arguments.workspace.join("plugins/c"),
        arguments.jobs,
    )?;
    let tar = sysroot::pack(
        &base,
        &built,
        &glue,
        &arguments.workspace.join("plugins/c/include"),
    )?;
    sysroot::unpack_bytes(&tar, &arguments.work.join("sysroot"))?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make `{}`", arguments.out.display()))?;
    let effort = if arguments.smallest {
        package::Effort::Smallest
    } else {
        package::Effort::Quick
    };
    for name in &arguments.components {
        package::component(&package::Component {
            name,
            workspace: &arguments.workspace,
            modules: &arguments.modules,
            licences: &package::licences(name, &arguments.licences)?,
            out: &arguments.out,
            effort,
        })?;
    }
    package::frontend(&package::Frontend {
        workspace: &arguments.workspace,
        modules: &arguments.modules,
        clang: &arguments.clang,
        llvm: &arguments.llvm,
        sysroot: tar,
        out: &arguments.out,
        effort,
    })
}
