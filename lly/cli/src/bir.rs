//! `lly bir …`: the unit graph of a program, from its sources or from a bundle.

use clap::{Args, Subcommand};
use lly_bir::Program;

use crate::bundle;
use crate::compile::SourceArgs;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::interrupt;

/// Show the units of a program: what calls what, and which data they share.
#[derive(Debug, Args)]
pub struct BirArgs {
    #[command(subcommand)]
    command: BirCommand,
}

#[derive(Debug, Subcommand)]
enum BirCommand {
    /// Print the unit table, of source files or of a bundle.
    #[command(
        after_help = "Example:\n  lly bir dump main.c util.c -I include\n  lly bir dump hello.brick --json"
    )]
    Dump(SourceArgs),
    /// Print the graph of units in DOT, Graphviz's language.
    #[command(after_help = "Example:\n  lly bir graph hello.brick | dot -Tsvg > hello.svg")]
    Graph(SourceArgs),
}

/// Runs `lly bir …`.
pub fn run(args: &BirArgs, context: &Context) -> Result<(), Failure> {
    match &args.command {
        BirCommand::Dump(sources) => {
            let program = program_of(sources, context)?;
            if context.json {
                let document = lly_bir::json::document(&program);
                let mut line =
                    serde_json::to_vec(&document).or_fail(|| "cannot write the document")?;
                line.push(b'\n');
                return context.out(&line);
            }
            context.out(lly_bir::text::render(&program).as_bytes())
        }
        BirCommand::Graph(sources) => {
            #[derive(serde::Serialize)]
            struct Graph {
                dot: String,
            }
            let graph = Graph {
                dot: lly_bir::text::dot(&program_of(sources, context)?),
            };
            context.data("lily.bir.graph/1", &graph, || graph.dot.clone())
        }
    }
}

fn program_of(args: &SourceArgs, context: &Context) -> Result<Program, Failure> {
    if let [file] = args.sources.as_slice()
        && file
            .extension()
            .is_some_and(|extension| extension == "brick")
    {
        let (_, bundle) = bundle::open(file)?;
        let bytes = bundle.bir().ok_or_else(|| {
            Failure::local(format!("`{}` holds no unit table", file.display()))
                .hint("dump the source files instead")
        })?;
        return Program::decode(bytes)
            .or_fail(|| format!("the unit table of `{}`", file.display()));
    }
    interrupt::exit_on_interrupt()?;
    args.prepare(args.project()?, context)?.lower(context)
}
