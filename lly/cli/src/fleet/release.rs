//! `lly fleet release`: this fleet's registry offers a version of `lly`. `rc release` does it; this knows where its data is.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;
use semver::Version;
use serde::Serialize;

use super::layout::Layout;
use super::{database, up};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::passphrase;

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The version of `lly`.
    version: Version,
    /// The program for each platform: x86_64-linux, aarch64-linux, x86_64-macos, aarch64-macos.
    #[arg(required = true, value_name = "PLATFORM=FILE")]
    programs: Vec<String>,
    /// Sign with this key file. The first release pins its public half: later ones must have the same.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Serialize)]
struct Released<'a> {
    version: &'a Version,
    programs: &'a [String],
    install: String,
}

/// Runs `lly fleet release`.
pub fn run(args: &ReleaseArgs, context: &Context) -> Result<(), Failure> {
    let layout = Layout::new(&context.home);
    let plan = super::plan(&layout)?;
    let passphrase = passphrase(
        &format!("the passphrase of `{}`", args.key.display()),
        context,
    )?;
    let mut command = Command::new(up::find_binary("rc")?);
    command
        .arg("release")
        .arg(args.version.to_string())
        .args(&args.programs)
        .arg("--key")
        .arg(&args.key)
        .arg("--data")
        .arg(layout.rc())
        .env("DATABASE_URL", database::url(&layout.postgres()))
        .env("LLY_KEY_PASSPHRASE", passphrase)
        .env("RUST_LOG", "off")
        .stdin(Stdio::null());
    let output = command.output().or_fail(|| "cannot start `rc`")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::local(format!(
            "nothing was released: {}",
            sentence(&said)
        )));
    }
    let released = Released {
        version: &args.version,
        programs: &args.programs,
        install: format!("{}/install.sh", plan.rc_url()),
    };
    context.data("lily.fleet.release/1", &released, || {
        format!(
            "lly {} is offered: curl -fsS {} | sh\n",
            released.version, released.install
        )
    })
}

/// A chain of causes as one sentence.
fn sentence(said: &str) -> String {
    let lines = said.lines().map(|line| {
        let line = line.trim().trim_start_matches("Error: ");
        line.split_once(": ")
            .map_or(line, |(number, rest)| match number.parse::<u8>() {
                Ok(_) => rest,
                Err(_) => line,
            })
    });
    let causes = lines.filter(|line| !line.is_empty() && *line != "Caused by:");
    causes.collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn causes_become_one_sentence() {
        let said = "Error: cannot read `x`\n\nCaused by:\n    0: cannot open it\n    1: No such file: gone\n";
        assert_eq!(
            sentence(said),
            "cannot read `x`: cannot open it: No such file: gone"
        );
    }
}
