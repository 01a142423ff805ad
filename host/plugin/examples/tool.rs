//! Runs one packaged tool in a sandbox, by hand:
//! `tool CACHE WASM SYSROOT OUTPUT[,OUTPUT] argv0 args… -- FILE…` puts each FILE under `/src` by its last name.
#![expect(clippy::print_stdout, reason = "a program for the command line")]

use host_plugin::sandbox::{File, Job, Tools};
use std::path::{Path, PathBuf};
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cache, wasm, sysroot, outputs, rest @ ..] = arguments.as_slice() else {
        return Err("usage: tool CACHE WASM SYSROOT OUTPUTS argv0 args… -- FILE…".into());
    };
    let split = rest
        .iter()
        .rposition(|argument| argument == "--")
        .unwrap_or(rest.len());
    let mut files = Vec::new();
    for path in rest.iter().skip(split + 1) {
        let name = Path::new(path).file_name().unwrap_or_default();
        files.push(File {
            path: name.to_string_lossy().into_owned(),
            contents: std::fs::read(path)?,
        });
    }
    let begun = Instant::now();
    let tools = Tools::from_files(
        Path::new(cache),
        &[("tool", Path::new(wasm))],
        Some(PathBuf::from(sysroot)),
    )?;
    println!("loaded in {:?}", begun.elapsed());
    let job = Job {
        tool: "tool".to_owned(),
        arguments: rest[..split].to_vec(),
        files,
        outputs: outputs.split(',').map(str::to_owned).collect(),
    };
    for _ in 0..3 {
        let begun = Instant::now();
        for outcome in tools.run(Vec::new(), vec![job.clone()], 1)? {
            println!("exit code {} in {:?}", outcome.exit_code, begun.elapsed());
            println!("{}", String::from_utf8_lossy(&outcome.stdout));
            println!("{}", String::from_utf8_lossy(&outcome.stderr));
            for file in outcome.outputs {
                println!("{}: {} bytes", file.path, file.contents.len());
                std::fs::write(
                    Path::new(&file.path).file_name().unwrap_or_default(),
                    &file.contents,
                )?;
            }
        }
    }
    Ok(())
}
