//! `lly bundle unpack`: the contents as files.

use std::path::PathBuf;

use clap::Args;
use lly_brick::MANIFEST_ENTRY;
use serde::Serialize;

use super::open;
use crate::amounts::count;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::interrupt::{self, Unfinished};

#[derive(Debug, Args)]
pub struct UnpackArgs {
    /// The bundle.
    file: PathBuf,
    /// The folder to write to; it must not exist, or be empty.
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Unpacked {
    output: String,
    files: Vec<String>,
}

pub fn run(args: &UnpackArgs, context: &Context) -> Result<(), Failure> {
    interrupt::exit_on_interrupt()?;
    let (_, bundle) = open(&args.file)?;
    let output = &args.output;
    let what = || format!("cannot write to `{}`", output.display());
    match std::fs::read_dir(output).map(|mut listing| listing.next().is_some()) {
        Ok(true) => {
            return Err(
                Failure::local(format!("the folder `{}` is not empty", output.display()))
                    .hint("name a new one with -o"),
            );
        }
        Ok(false) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).or_fail(what),
    }
    // Everything goes to a folder beside it first: what bears the name is whole.
    let parent = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let folder = tempfile::Builder::new()
        .prefix(".lly-")
        .tempdir_in(parent)
        .or_fail(what)?;
    let _unfinished = Unfinished::mark(folder.path());
    let manifest = bundle.manifest.canonical();
    let mut files = Vec::new();
    let entries = [(MANIFEST_ENTRY, manifest.as_slice())]
        .into_iter()
        .chain(bundle.entries());
    for (name, bytes) in entries {
        // `Bundle::open` let no name through that could leave the folder.
        let path = folder.path().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).or_fail(what)?;
        }
        std::fs::write(&path, bytes).or_fail(what)?;
        files.push(name.to_string());
    }
    make_public(folder.path()).or_fail(what)?;
    std::fs::rename(folder.path(), output).or_fail(what)?;
    // It has moved: there is nothing left to clean up.
    let _ = folder.keep();
    let unpacked = Unpacked {
        output: output.display().to_string(),
        files,
    };
    context.data("lily.bundle.unpack/1", &unpacked, || {
        let files = count(unpacked.files.len() as u64, "file");
        format!("{}: {files} unpacked\n", unpacked.output)
    })
}

/// A temporary folder is made for its owner alone; this one is to be like any other.
fn make_public(folder: &std::path::Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let made = folder.join("modules");
    let mode = std::fs::metadata(made)?.permissions().mode();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode & 0o777))
}
