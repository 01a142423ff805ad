//! Static libraries: sources in, one `.a` out, through the sandboxed compiler and archiver.

use anyhow::{Context, Result, bail};
use host_plugin::sandbox::{File, Job, Tools};
use std::path::Path;

/// Jobs handed over together. Between two such rounds a line of progress is shown.
const ROUND: usize = 16;

/// One source file and how it is compiled.
pub struct Unit {
    /// Relative to the shared files.
    pub source: String,
    /// clang's arguments without input and output; the first is `clang` or `clang++`.
    pub arguments: Vec<String>,
}

/// Compiles the units over the `shared` files and gathers the objects in an archive.
pub fn build(
    tools: &Tools,
    name: &str,
    shared: &[File],
    units: &[Unit],
    jobs: usize,
) -> Result<Vec<u8>> {
    archive(tools, name, objects(tools, name, shared, units, jobs)?)
}

/// Compiles the units over the `shared` files, for `name`.
pub fn objects(
    tools: &Tools,
    name: &str,
    shared: &[File],
    units: &[Unit],
    jobs: usize,
) -> Result<Vec<File>> {
    let mut objects = Vec::new();
    for round in units.chunks(ROUND) {
        println!("{name}: {} of {} files", objects.len(), units.len());
        let work = round.iter().map(compile_job).collect();
        let outcomes = tools
            .run(shared.to_vec(), work, jobs)
            .with_context(|| format!("cannot compile {name}"))?;
        for (unit, mut outcome) in round.iter().zip(outcomes) {
            let Some(object) = outcome.outputs.pop().filter(|_| outcome.exit_code == 0) else {
                bail!(
                    "`{}` does not compile:\n{}",
                    unit.source,
                    String::from_utf8_lossy(&outcome.stderr)
                );
            };
            objects.push(File {
                path: member(&unit.source),
                contents: object.contents,
            });
        }
    }
    Ok(objects)
}

fn archive(tools: &Tools, name: &str, objects: Vec<File>) -> Result<Vec<u8>> {
    let mut arguments = vec!["ar".to_owned(), "rcsD".to_owned(), format!("/out/{name}")];
    arguments.extend(objects.iter().map(|object| format!("/src/{}", object.path)));
    let job = Job {
        tool: "clang".to_owned(),
        arguments,
        files: objects,
        outputs: vec![name.to_owned()],
    };
    let outcome = tools
        .run(Vec::new(), vec![job], 1)
        .with_context(|| format!("cannot archive {name}"))?
        .pop();
    let outcome = outcome.context("the archiver gave no answer")?;
    match outcome.outputs.into_iter().next() {
        Some(file) if outcome.exit_code == 0 => Ok(file.contents),
        _ => bail!(
            "`{name}` cannot be archived: {}",
            String::from_utf8_lossy(&outcome.stderr)
        ),
    }
}

fn compile_job(unit: &Unit) -> Job {
    let object = member(&unit.source);
    let mut arguments = unit.arguments.clone();
    arguments.extend([
        "-c".to_owned(),
        format!("/src/{}", unit.source),
        "-o".to_owned(),
        format!("/out/{object}"),
    ]);
    Job {
        tool: "clang".to_owned(),
        arguments,
        files: Vec::new(),
        outputs: vec![object],
    }
}

/// Members of an archive have no folders.
fn member(source: &str) -> String {
    format!("{}.o", source.replace('/', "_"))
}

/// Every file below `folder`, as files to be put under `/src/NAME`.
pub fn folder(folder: &Path, name: &str) -> Result<Vec<File>> {
    let mut files = Vec::new();
    let mut open = vec![(folder.to_owned(), name.to_owned())];
    while let Some((at, prefix)) = open.pop() {
        let entries = std::fs::read_dir(&at)
            .with_context(|| format!("cannot read the folder `{}`", at.display()))?;
        for entry in entries {
            let path = entry?.path();
            let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let inside = format!("{prefix}/{file_name}");
            if path.is_dir() {
                open.push((path, inside));
            } else {
                let contents = std::fs::read(&path)
                    .with_context(|| format!("cannot read `{}`", path.display()))?;
                files.push(File {
                    path: inside,
                    contents,
                });
            }
        }
    }
    files.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(files)
}
