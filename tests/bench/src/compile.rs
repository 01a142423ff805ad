//! What it costs that clang is WebAssembly, and how long a user waits for hello.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lly_brick::SHARED_FOLDER;
use lly_brick::container::Reader;
use tests_kit::{Home, crate_source, sample};

use crate::process::{Cost, cost};
use crate::report::{Row, Section, median};

/// Runs of each compiler on each program, in turn. CPU time varies little, and a round takes minutes.
const ROUNDS: usize = 1;
/// Runs of each warm command.
const RUNS: usize = 21;

/// A program and how to compile it.
struct Subject {
    name: &'static str,
    sources: Vec<PathBuf>,
    flags: Vec<String>,
}

/// `lly compile` against native clang 22 with the same flags, sysroot and target.
pub fn clang(clang: &Path, sysroot: &Path) -> anyhow::Result<Section> {
    let home = Home::new();
    let mut section = Section::new(
        "clang in the sandbox",
        "CPU seconds (user and system, all processes), `-O2 -g`, the same target and \
         headers. `lly compile` is the whole command: sandboxes, unit table, link, component, bundle; native is clang 22 \
         compiling to objects and nothing else. Aim: at most 2.2 ×.",
        &["program", "`lly compile`, s", "native clang 22, s", "ratio"],
    );
    for subject in subjects(&home) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(lly(&home, &subject)?.cpu);
            theirs.push(native(clang, sysroot, &home, &subject)?);
        }
        let seconds = |list: &[Duration]| median(list.iter().map(Duration::as_secs_f64));
        let (ours, theirs) = (seconds(&ours), seconds(&theirs));
        section.row(
            Row::new(subject.name)
                .figure(ours, 2)
                .figure(theirs, 2)
                .figure(ours / theirs, 2),
        );
    }
    Ok(section)
}

/// Warm `lly compile hello.c`, wall time.
pub fn hello() -> anyhow::Result<Section> {
    let home = Home::new();
    home.write(
        "hello.c",
        "#include <stdio.h>\nint main(void) { puts(\"hello, world\"); return 0; }\n",
    );
    let (median, slowest) = warm(|| {
        let mut command = home.command();
        command.args(["compile", "-f", "hello.c", "-o", "hello.brick"]);
        command
    })?;
    let mut section = Section::new(
        "A warm `lly compile hello.c`",
        "Wall milliseconds of the whole command, 21 runs. Aim: at most 150.",
        &["", "median, ms", "slowest, ms"],
    );
    section.row(
        Row::new("`lly compile hello.c`")
            .figure(median, 0)
            .figure(slowest, 0),
    );
    Ok(section)
}

/// Warm `lly compile` of a program in TypeScript, wall time, beside a Node that has nothing to do; and what is stored of it.
pub fn typescript(node: &Path) -> anyhow::Result<Section> {
    let home = Home::new();
    let project = sample("links");
    let bundle = home.work().join("links.brick");
    let (ours, ours_slowest) = warm(|| {
        let mut command = home.command();
        command.current_dir(&project).args(["compile", "-f", "-o"]);
        command.arg(&bundle);
        command
    })?;
    let (nodes, nodes_slowest) = warm(|| {
        let mut command = Command::new(node);
        command.args(["--eval", "0"]);
        command
    })?;
    let mut section = Section::new(
        "A warm `lly compile` of TypeScript",
        "`samples/links`, 187 lines in four files: wall milliseconds of the whole command, 21 runs, beside Node 22 that starts and ends. \
         Aim: at most 300. Stored: what the bundle takes beyond the engine that all programs share, KB, packed, with its unit \
         table, source maps and assets; aim: at most 60.",
        &["", "median, ms", "slowest, ms", "stored, KB", "× Node"],
    );
    section.row(
        Row::new("`lly compile`")
            .figure(ours, 0)
            .figure(ours_slowest, 0)
            .figure(beyond_engine(&bundle)? as f64 / 1e3, 1)
            .figure(ours / nodes, 2),
    );
    section.row(
        Row::new("`node --eval 0`")
            .figure(nodes, 0)
            .figure(nodes_slowest, 0)
            .text("")
            .figure(1.0, 2),
    );
    Ok(section)
}

/// Median and slowest wall time of a command that was run before, in milliseconds.
fn warm(command: impl Fn() -> Command) -> anyhow::Result<(f64, f64)> {
    cost(&mut command())?;
    let mut walls = Vec::new();
    for _ in 0..RUNS {
        walls.push(cost(&mut command())?.wall.as_secs_f64() * 1e3);
    }
    let slowest = walls.iter().copied().fold(0.0, f64::max);
    Ok((median(walls.into_iter()), slowest))
}

/// The bytes of a bundle without those of the modules that it shares with others.
fn beyond_engine(bundle: &Path) -> anyhow::Result<u64> {
    let file = std::fs::read(bundle)?;
    let reader = Reader::open(&file)?;
    let beyond = reader
        .entries()
        .filter(|(name, _)| !name.starts_with(SHARED_FOLDER));
    Ok(beyond.map(|(_, entry)| entry.stored).sum())
}

fn subjects(home: &Home) -> Vec<Subject> {
    let sqlite = crate_source("libsqlite3-sys").join("sqlite3");
    let lua = crate_source("lua-src").join("lua-5.4.9");
    let stub = home.write("main.c", "int main(void) { return 0; }\n");
    let stream = home.write(
        "stream.cpp",
        "#include <iostream>\n#include <string>\nint main() { std::string s; while (std::getline(std::cin, s)) std::cout << s.size() << '\\n'; }\n",
    );
    let mut lua_sources: Vec<PathBuf> = std::fs::read_dir(&lua)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .filter(|path| !["lua.c", "luac.c"].iter().any(|name| path.ends_with(name)))
        .chain([stub.clone()])
        .collect();
    lua_sources.sort();
    let define = |name: &str| vec!["-D".to_owned(), name.to_owned()];
    vec![
        Subject {
            name: "SQLite (one file, 9 MB)",
            sources: vec![sqlite.join("sqlite3.c"), stub],
            flags: [
                define("SQLITE_THREADSAFE=0"),
                define("SQLITE_OMIT_LOAD_EXTENSION"),
                define("SQLITE_OMIT_WAL"),
            ]
            .concat(),
        },
        Subject {
            name: "Lua (33 files)",
            sources: lua_sources,
            flags: Vec::new(),
        },
        Subject {
            name: "an `<iostream>` file",
            sources: vec![stream],
            flags: Vec::new(),
        },
    ]
}

fn lly(home: &Home, subject: &Subject) -> anyhow::Result<Cost> {
    cost(
        home.command()
            .args(["compile", "-f", "-g", "-o", "bench.brick"])
            .args(&subject.flags)
            .args(&subject.sources),
    )
}

/// The CPU time of native clang over the same files, one process for each as `make` would.
fn native(
    clang: &Path,
    sysroot: &Path,
    home: &Home,
    subject: &Subject,
) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for source in &subject.sources {
        let cpp = source
            .extension()
            .is_some_and(|extension| extension == "cpp");
        let mut command = Command::new(clang);
        command.args([
            "--target=wasm32-wasip1",
            "-O2",
            "-g",
            "-c",
            "-ffunction-sections",
            "-fdata-sections",
            "-w",
        ]);
        command.args([
            "-mllvm",
            "-wasm-enable-sjlj",
            "-mllvm",
            "-wasm-use-legacy-eh=false",
        ]);
        for emulated in ["SIGNAL", "MMAN", "PROCESS_CLOCKS", "GETPID"] {
            command.arg(format!("-D_WASI_EMULATED_{emulated}"));
        }
        if cpp {
            command.args(["-std=c++20", "-fwasm-exceptions", "-nostdinc++"]);
            command.arg("-isystem").arg(sysroot.join("include/c++/v1"));
        }
        for include in ["include/wasm32-wasip1", "include"] {
            command.arg("-isystem").arg(sysroot.join(include));
        }
        command
            .args(&subject.flags)
            .arg(source)
            .arg("-o")
            .arg(home.work().join("native.o"));
        sum += cost(&mut command)?.cpu;
    }
    Ok(sum)
}
