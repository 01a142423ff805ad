//! `lly plugin key …`: key pairs for signing, in cosign's format, and the passphrases that open them.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use registry_client::{SigningKey, keys};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::output::{self, Existing};

/// What opens a key where nobody can be asked. The second is cosign's.
const PASSPHRASE_VARIABLES: [&str; 2] = ["LLY_KEY_PASSPHRASE", "COSIGN_PASSWORD"];

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key pair: FILE (encrypted) and FILE with `.pub`.
    #[command(after_help = "Example:\n  lly plugin key generate acme.key")]
    Generate {
        /// The new key file.
        file: PathBuf,
    },
    /// Print the public half of a key file.
    #[command(after_help = "Example:\n  lly plugin key public acme.key > acme.pub")]
    Public {
        /// The key file.
        file: PathBuf,
    },
}

#[derive(Serialize)]
struct Shown {
    fingerprint: String,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

/// Runs `lly plugin key …`.
pub fn run(command: &KeyCommand, context: &Context) -> Result<(), Failure> {
    match command {
        KeyCommand::Generate { file } => generate(file, context),
        KeyCommand::Public { file } => {
            let key = open(file, context)?;
            let shown = shown(&key, None);
            context.data("lily.key/1", &shown, || shown.public_key.clone())
        }
    }
}

fn shown(key: &SigningKey, file: Option<&Path>) -> Shown {
    Shown {
        fingerprint: key.public().fingerprint().to_string(),
        public_key: key.public().pem(),
        file: file.map(|file| file.display().to_string()),
    }
}

fn generate(file: &Path, context: &Context) -> Result<(), Failure> {
    let public = file.with_extension("pub");
    output::check(file, Existing::Keep)?;
    output::check(&public, Existing::Keep)?;
    let passphrase = passphrase("a passphrase for the new key", context)?;
    let key = keys::generate().or_fail(|| "no key can be made")?;
    keys::save(&key, file, &passphrase).or_fail(|| "the key cannot be kept")?;
    output::write(&public, key.public().pem().as_bytes(), Existing::Keep)?;
    let shown = shown(&key, Some(file));
    context.data("lily.key/1", &shown, || {
        format!(
            "{}  the key, encrypted: keep it\n{}  its public half: {}\n",
            file.display(),
            public.display(),
            shown.fingerprint
        )
    })
}

/// Opens a key file with its passphrase.
pub fn open(file: &Path, context: &Context) -> Result<SigningKey, Failure> {
    if !file.is_file() {
        return Err(
            Failure::local(format!("there is no key file `{}`", file.display()))
                .hint("make one: lly plugin key generate NAME.key"),
        );
    }
    let passphrase = passphrase(&format!("the passphrase of `{}`", file.display()), context)?;
    keys::load(file, &passphrase).or_fail(|| format!("`{}` cannot be used", file.display()))
}

/// A passphrase from the environment, or typed on a terminal without being shown.
pub fn passphrase(what: &str, context: &Context) -> Result<String, Failure> {
    for variable in PASSPHRASE_VARIABLES {
        // An empty one is a passphrase too.
        if let Ok(passphrase) = std::env::var(variable) {
            return Ok(passphrase);
        }
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::local(format!("nobody is there to type {what}"))
            .hint(format!("set {}", PASSPHRASE_VARIABLES[0])));
    }
    context.say(format!("Type {what}:"));
    let shown = tcgetattr(&stdin).or_fail(|| "the terminal cannot be used")?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &hidden).or_fail(|| "the terminal cannot be used")?;
    let mut typed = String::new();
    let read = stdin.lock().read_line(&mut typed);
    let restored = tcsetattr(&stdin, OptionalActions::Now, &shown);
    read.or_fail(|| "the passphrase cannot be read")?;
    restored.or_fail(|| "the terminal cannot be used")?;
    Ok(typed.trim_end_matches(['\r', '\n']).to_owned())
}
