//! The component: the WIT world's exports, and the project through its imports.

use std::collections::BTreeMap;

use plugins_sdk::command::lily::command::project::{self, Kind};
use plugins_sdk::command::lily::command::{terminal, types::Error};
use plugins_sdk::command::{Guest, Usage, export_command};

use crate::{Files, HELP, table, walk};

struct Lines;

struct Project;

impl Files for Project {
    type Error = Error;

    fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, Error> {
        let entries = project::entries(folder)?;
        Ok(entries
            .into_iter()
            .map(|entry| (entry.name, entry.kind == Kind::Folder))
            .collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        project::read(path)
    }
}

impl Guest for Lines {
    fn usage() -> Usage {
        Usage {
            summary: "Count the lines of the project's sources by language.".to_owned(),
            help: HELP.to_owned(),
        }
    }

    fn run(arguments: Vec<String>) -> u8 {
        let mut folders: Vec<String> = arguments
            .iter()
            .map(|folder| {
                folder
                    .trim_end_matches('/')
                    .trim_start_matches("./")
                    .to_owned()
            })
            .collect();
        if let Some(flag) = folders.iter().find(|folder| folder.starts_with('-')) {
            terminal::err(format!("error: `lly lines` has no flag `{flag}`\n").as_bytes());
            return 1;
        }
        if folders.is_empty() {
            folders.push(String::new());
        }
        let mut counts = BTreeMap::new();
        for folder in &folders {
            let folder = if folder == "." { "" } else { folder };
            if let Err(Error::Denied(words) | Error::Absent(words) | Error::Failed(words)) =
                walk(&Project, folder, &mut counts)
            {
                terminal::err(format!("error: {words}\n").as_bytes());
                return 1;
            }
        }
        terminal::out(table(&counts).as_bytes());
        0
    }
}

export_command!(Lines with_types_in plugins_sdk::command);
