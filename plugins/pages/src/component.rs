//! The component: the WIT world's exports, and the project through its import.

use plugins_sdk::site::lily::site::project::{self, Kind};
use plugins_sdk::site::lily::site::types;
use plugins_sdk::site::{Guest, export_site};

use crate::{Files, Message, Route, Target, adapt, is_pages};

/// The name of the one program.
const PROGRAM: &str = "functions";

struct Pages;

struct Project;

impl Files for Project {
    fn list(&self, folder: &str) -> Result<Vec<(String, bool)>, String> {
        let entries = project::entries(folder).map_err(words)?;
        let plain = |entry: project::Entry| (entry.name, entry.kind == Kind::Folder);
        Ok(entries.into_iter().map(plain).collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        project::read(path).map_err(words)
    }
}

/// Each kind of error is a sentence for the user.
fn words(error: types::Error) -> String {
    match error {
        types::Error::Denied(words) | types::Error::Absent(words) | types::Error::Failed(words) => {
            words
        }
    }
}

impl Guest for Pages {
    fn recognise() -> Option<types::Recognised> {
        is_pages(&Project).then(|| types::Recognised {
            framework: "pages".to_owned(),
            version: String::new(),
            build: None,
        })
    }

    fn adapt() -> Result<types::Site, Vec<types::Diagnostic>> {
        let site = adapt(&Project).map_err(|messages| {
            let error = |message| diagnostic(types::Severity::Error, message);
            messages.into_iter().map(error).collect::<Vec<_>>()
        })?;
        let asset = |asset: crate::Asset| types::Asset {
            path: asset.path,
            from: asset.from,
            media_type: None,
            cache_seconds: 0,
        };
        let file = |(path, contents): (String, Vec<u8>)| types::SourceFile { path, contents };
        let program = |program: crate::Program| types::Program {
            name: PROGRAM.to_owned(),
            sources: vec![file(program.source)],
            companions: program.companions.into_iter().map(file).collect(),
            environment: Vec::new(),
        };
        let warning = |message| diagnostic(types::Severity::Warning, message);
        Ok(types::Site {
            assets: site.assets.into_iter().map(asset).collect(),
            programs: site.program.into_iter().map(program).collect(),
            routes: site.routes.into_iter().map(route).collect(),
            diagnostics: site.warnings.into_iter().map(warning).collect(),
        })
    }
}

fn route(route: Route) -> types::Route {
    types::Route {
        methods: route.methods.into_iter().map(str::to_owned).collect(),
        pattern: route.pattern,
        headers: route.headers,
        target: match route.target {
            Target::File(path) => types::Target::Asset(path),
            Target::Program => types::Target::Program(PROGRAM.to_owned()),
            Target::Place(status, to) => types::Target::Redirect((status, to)),
        },
    }
}

fn diagnostic(severity: types::Severity, message: Message) -> types::Diagnostic {
    types::Diagnostic {
        severity,
        message: message.words,
        path: message.path,
        line: message.line,
        column: u32::from(message.line > 0),
    }
}

export_site!(Pages with_types_in plugins_sdk::site);
