//! `lly version`: what this binary is and carries.

use clap::Args;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::frontends::SHIPPED;

/// Print the version of lly and of what it carries.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lly version --json")]
pub struct VersionArgs {}

#[derive(Serialize)]
struct Version {
    version: &'static str,
    target: String,
    frontends: Vec<Carried>,
}

#[derive(Serialize)]
struct Carried {
    name: &'static str,
    version: &'static str,
}

/// Runs `lly version`.
pub fn run(context: &Context) -> Result<(), Failure> {
    let version = Version {
        version: env!("CARGO_PKG_VERSION"),
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        frontends: SHIPPED
            .iter()
            .map(|shipped| Carried {
                name: shipped.name,
                version: shipped.version,
            })
            .collect(),
    };
    context.data("lily.version/1", &version, || {
        let mut text = format!("lly {} ({})\n", version.version, version.target);
        for one in &version.frontends {
            text.push_str(&format!("frontend {} {}\n", one.name, one.version));
        }
        text
    })
}
