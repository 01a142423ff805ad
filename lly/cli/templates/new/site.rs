//! `@NAME@`: a site of plain files. What is in `pages/` is served as it is; `pages/about.html` is `/about` too.
//!
//! It reads what the user granted, and nothing else; what it asks for is in `plugin.json`. The host makes the site: it
//! reads the files that are named as assets, compiles programs, and serves the routes.

#[path = "../bindings/site.rs"]
mod bindings;

use bindings::Guest;
use bindings::lily::site::project::{self, Kind};
use bindings::lily::site::types::{
    Asset, Diagnostic, Error, Recognised, Route, Severity, Site, Target,
};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

/// Where the pages are.
const FOLDER: &str = "pages";

impl Guest for Plugin {
    fn recognise() -> Option<Recognised> {
        let entries = project::entries(FOLDER).ok()?;
        let found = entries.iter().any(|entry| entry.name == "index.html");
        found.then(|| Recognised {
            framework: "@NAME@".to_owned(),
            version: "0.1.0".to_owned(),
            // The command that builds a project, if it has to be built: it needs a grant `programs`.
            build: None,
        })
    }

    fn adapt() -> Result<Site, Vec<Diagnostic>> {
        let mut site = Site {
            assets: Vec::new(),
            programs: Vec::new(),
            routes: Vec::new(),
            diagnostics: Vec::new(),
        };
        match collect(FOLDER, &mut site) {
            Ok(()) if site.assets.is_empty() => Err(refuse(format!("there is no file in `{FOLDER}`"))),
            Ok(()) => Ok(site),
            // Each kind of error is a sentence for the user.
            Err(Error::Denied(words) | Error::Absent(words) | Error::Failed(words)) => Err(refuse(words)),
        }
    }
}

fn collect(folder: &str, site: &mut Site) -> Result<(), Error> {
    for entry in project::entries(folder)? {
        let from = format!("{folder}/{}", entry.name);
        if entry.kind == Kind::Folder {
            collect(&from, site)?;
            continue;
        }
        let path = from[FOLDER.len()..].to_owned();
        if let Some(page) = path.strip_suffix(".html").filter(|page| is_plain(page)) {
            site.routes.push(Route {
                methods: vec!["GET".to_owned()],
                pattern: page.to_owned(),
                headers: Vec::new(),
                target: Target::Asset(path.clone()),
            });
        }
        site.assets.push(Asset {
            path,
            from,
            media_type: None,
            cache_seconds: 0,
        });
    }
    Ok(())
}

/// Whether this can stand in a pattern as it is: `:` and `*` mean something there.
fn is_plain(page: &str) -> bool {
    !page.ends_with("/index")
        && page
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte))
}

fn refuse(message: String) -> Vec<Diagnostic> {
    vec![Diagnostic {
        severity: Severity::Error,
        message,
        path: None,
        line: 0,
        column: 0,
    }]
}
