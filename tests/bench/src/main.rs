//! `bench`: measures what LILY promises, each figure as a ratio against a named reference in the same run, and writes
//! `docs/benchmarks.md`.
//!
//! It drives the built `lly` and real processes and knows nothing of their insides; only policies are asked in this process,
//! with the crate that raptor decides with, and the memory of many programs is measured on CAP's own runtime.
//! `cargo xtask bench` runs it.

mod compile;
mod fleet;
mod http;
mod javascript;
mod load;
mod many;
mod policy;
mod process;
mod report;
mod voids;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::report::Section;

#[derive(Debug, Parser)]
#[command(about = "Measure LILY and write docs/benchmarks.md")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure everything.
    Run {
        /// `wasmtime` 48, the reference of the HTTP figures.
        #[arg(long)]
        wasmtime: PathBuf,
        /// A native clang 22, the reference of the compile figures.
        #[arg(long)]
        clang: PathBuf,
        /// The sysroot for it: the plugin's own, unpacked.
        #[arg(long)]
        sysroot: PathBuf,
        /// Node 22 and workerd, the references of the JavaScript figures.
        #[arg(long)]
        node: PathBuf,
        /// See `--node`.
        #[arg(long)]
        workerd: PathBuf,
        /// Only the sections whose name holds this.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Loads a server that runs already, as it is loaded for the figures. For whoever profiles it.
    Load {
        /// Where it listens.
        address: SocketAddr,
        /// For how many seconds.
        #[arg(default_value_t = 3)]
        seconds: u64,
    },
    /// Has many programs of one bundle in this process, each with an instance, and prints its memory before and after, bytes.
    Voids {
        /// The bundle.
        bundle: PathBuf,
        /// Where compiled code is.
        cache: PathBuf,
        /// How many.
        count: usize,
    },
    /// The plain hyper server that others are compared with.
    ServeHyper {
        /// Where to listen.
        address: SocketAddr,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Run {
            wasmtime,
            clang,
            sysroot,
            node,
            workerd,
            only,
        } => {
            let measures: Vec<(&str, Measure<'_>)> = vec![
                ("clang", Box::new(|| one(compile::clang(&clang, &sysroot)))),
                ("hello", Box::new(|| one(compile::hello()))),
                ("typescript", Box::new(|| one(compile::typescript(&node)))),
                ("http", Box::new(|| one(http::measure(&wasmtime)))),
                ("fleet", Box::new(|| one(fleet::measure()))),
                ("policy", Box::new(|| one(policy::measure()))),
                (
                    "javascript",
                    Box::new(|| javascript::measure(&workerd, &node)),
                ),
            ];
            run(&measures, &only)
        }
        Command::Load { address, seconds } => {
            let period = std::time::Duration::from_secs(seconds);
            let measured = tokio::runtime::Runtime::new()?.block_on(load::run(address, period))?;
            eprintln!(
                "{:.0} requests/s, p99 {:.2} ms",
                measured.requests_per_second,
                measured.p99.as_secs_f64() * 1e3
            );
            Ok(())
        }
        Command::Voids {
            bundle,
            cache,
            count,
        } => {
            let (before, after) = voids::run(&bundle, &cache, count)?;
            write!(std::io::stdout(), "{before} {after}")?;
            Ok(())
        }
        Command::ServeHyper { address } => {
            tokio::runtime::Runtime::new()?.block_on(http::serve_hyper(address))
        }
    }
}

/// What measures a part of the document.
type Measure<'a> = Box<dyn Fn() -> anyhow::Result<Vec<Section>> + 'a>;

fn one(section: anyhow::Result<Section>) -> anyhow::Result<Vec<Section>> {
    section.map(|section| vec![section])
}

fn run(measures: &[(&str, Measure<'_>)], only: &str) -> anyhow::Result<()> {
    let mut sections = Vec::new();
    for (name, measure) in measures.iter().filter(|(name, _)| name.contains(only)) {
        eprintln!("measuring {name}");
        for section in measure().with_context(|| format!("cannot measure `{name}`"))? {
            eprintln!("{}", section.markdown());
            sections.push(section);
        }
    }
    let path = tests_kit::repository().join("docs/benchmarks.md");
    let text = if only.is_empty() {
        document(&sections)
    } else {
        let old = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        renewed(&old, &sections)
    };
    std::fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn document(sections: &[Section]) -> String {
    let tables: Vec<String> = sections.iter().map(Section::markdown).collect();
    format!(
        "# Benchmarks\n\nWritten by `cargo xtask bench`; do not edit. Read the ratios: absolute times move with the machine. \
         This run: {}.\n\n{}",
        machine(),
        tables.join("\n")
    )
}

/// The document with some sections measured anew; the others stay as they are.
fn renewed(old: &str, sections: &[Section]) -> String {
    const HEAD: &str = "\n## ";
    let (head, rest) = old.split_once(HEAD).unwrap_or((old, ""));
    let mut kept: Vec<String> = rest
        .split(HEAD)
        .filter(|text| !text.is_empty())
        .map(|text| format!("## {}\n", text.trim_end()))
        .collect();
    for section in sections {
        let title = section.markdown();
        let title = title.lines().next().unwrap_or_default().to_owned();
        match kept
            .iter_mut()
            .find(|text| text.lines().next() == Some(&title))
        {
            Some(text) => *text = section.markdown(),
            None => kept.push(section.markdown()),
        }
    }
    format!("{}\n\n{}", head.trim_end(), kept.join("\n"))
}

/// What the figures were measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{cores} cores, Linux {}, the development profile (dependencies optimised, LILY's own crates at level 1)",
        kernel.trim()
    )
}
