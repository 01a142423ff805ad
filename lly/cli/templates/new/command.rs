//! `lly @NAME@ [FILE]…`: says how many lines the files of the project have.
//!
//! It reads what the user granted, and nothing else; what it asks for is in `plugin.json`.

#[path = "../bindings/command.rs"]
mod bindings;

use bindings::lily::command::types::Error;
use bindings::lily::command::{project, terminal};
use bindings::{Guest, Usage};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn usage() -> Usage {
        Usage {
            summary: "Say how many lines files have.".to_owned(),
            help: "Says how many lines files of the project have.\n\n\
                   Usage: lly @NAME@ [FILE]…\n\n\
                   Example:\n  lly @NAME@ src/main.c\n"
                .to_owned(),
        }
    }

    fn run(arguments: Vec<String>) -> u8 {
        for file in &arguments {
            match count(file) {
                Ok(lines) => terminal::out(format!("{lines} {file}\n").as_bytes()),
                Err(Error::Denied(words) | Error::Absent(words) | Error::Failed(words)) => {
                    terminal::err(format!("error: {words}\n").as_bytes());
                    return 1;
                }
            }
        }
        if arguments.is_empty() {
            terminal::out(b"which files? see lly @NAME@ --help\n");
        }
        0
    }
}

fn count(file: &str) -> Result<usize, Error> {
    let text = project::read(file)?;
    Ok(text.iter().filter(|byte| **byte == b'\n').count())
}
