//! The cases of `lily:frontend`.
//!
//! A project's own are programs in `tests/`: `NAME.EXT` and beside it `NAME.out`, what the program prints, or `NAME.err`,
//! how each thing that is wrong with it begins (`LINE:COLUMN: severity: message`, a line each).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use host_plugin::{
    BrickPlan, Diagnostic, Frontend, FrontendError, FrontendLimits, Options, Severity, SourceFile,
};
use lly_bir::Program;
use lly_brick::FrontendRef;
use lly_build::{Inputs, Project, Request};

use super::{Cases, Held, Stage, differ, names, traced};
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::frontends::Bars;

/// No small program takes a frontend longer.
const TIME_MAX: Duration = Duration::from_secs(60);
/// No case runs longer.
const RUN_SECONDS_MAX: &str = "30";
/// In how many places each program is cut off, and in how many it is damaged.
const SPOILED: usize = 8;

/// Runs them.
pub fn run(stage: &Stage, cases: &mut Cases, context: &Context) -> Result<(), Failure> {
    let limits = FrontendLimits {
        own_time_max: TIME_MAX,
        ..FrontendLimits::STANDARD
    };
    let loaded = Frontend::load_with(&stage.store, &stage.installed, &Bars::new(context), limits);
    let frontend = match loaded {
        Ok(frontend) => frontend,
        Err(error) => {
            cases.add(
                "it can be loaded",
                Err(format!("{:#}", anyhow::Error::from(error))),
            );
            return Ok(());
        }
    };
    let extensions = &stage.manifest().extensions;
    let Some(extension) = extensions.first() else {
        let reason = "its plugin.json names no extension, so that nothing is ever compiled by it";
        cases.add("it can be loaded", Err(reason.to_owned()));
        return Ok(());
    };
    cases.add("it can be loaded", Ok(()));
    cases.add("its package is canonical", stage.canonical());
    let programs = match &stage.tests {
        Some(tests) => programs(tests, extensions)?,
        None => Vec::new(),
    };
    let tested = Tested {
        frontend,
        stage,
        extension,
    };
    for program in &programs {
        let name = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        cases.add(format!("tests/{name}"), tested.own(program)?);
    }
    tested.nonsense(&programs, cases)?;
    cases.add(
        "BIR that is none is refused",
        tested.foreign_bir(&programs)?,
    );
    Ok(())
}

/// The programs in a folder.
fn programs(tests: &Path, extensions: &[String]) -> Result<Vec<PathBuf>, Failure> {
    let names = names(tests)?.into_iter();
    let is_program = |name: &String| extensions.iter().any(|one| name.ends_with(one.as_str()));
    Ok(names
        .filter(is_program)
        .map(|name| tests.join(name))
        .collect())
}

struct Tested<'a> {
    frontend: Frontend,
    stage: &'a Stage,
    extension: &'a str,
}

impl Tested<'_> {
    /// One program of the project's own.
    fn own(&self, path: &Path) -> Result<Held, Failure> {
        let wanted = |extension: &str| match std::fs::read(path.with_extension(extension)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(error).or_fail(|| format!("cannot read what `{}` should do", path.display()))
            }
        };
        let file = self.source(path)?;
        if let Some(err) = wanted("err")? {
            return Ok(self.is_refused(&file, &String::from_utf8_lossy(&err)));
        }
        if let Err(reason) = self.compiles_alike(&file) {
            return Ok(Err(reason));
        }
        match wanted("out")? {
            Some(out) => self.prints(path, &out),
            None => Ok(Ok(())),
        }
    }

    fn source(&self, path: &Path) -> Result<SourceFile, Failure> {
        let contents =
            std::fs::read(path).or_fail(|| format!("cannot read `{}`", path.display()))?;
        Ok(SourceFile {
            path: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            contents,
        })
    }

    /// It is refused, with these words.
    fn is_refused(&self, file: &SourceFile, wanted: &str) -> Held {
        let found = match self.lower(std::slice::from_ref(file)) {
            Ok(_) => return Err("it compiles".to_owned()),
            Err(FrontendError::Diagnostics(found)) => found,
            Err(FrontendError::Fault(fault)) => return Err(traced(&fault)),
        };
        let found: Vec<String> = found
            .iter()
            .map(|one| {
                let severity = match one.severity {
                    Severity::Note => "note",
                    Severity::Warning => "warning",
                    Severity::Error => "error",
                };
                format!("{}:{}: {severity}: {}", one.line, one.column, one.message)
            })
            .collect();
        let wanted: Vec<&str> = wanted.lines().collect();
        let fits = wanted.len() == found.len()
            && wanted
                .iter()
                .zip(&found)
                .all(|(wanted, found)| found.starts_with(wanted));
        match fits {
            true => Ok(()),
            false => Err(format!("it says {found:?}, not {wanted:?}")),
        }
    }

    /// Compiled twice, it has the same BIR and the same component, and both are sound.
    fn compiles_alike(&self, file: &SourceFile) -> Held {
        let mut first = None;
        for _ in 0..2 {
            let lowered = self.lower(std::slice::from_ref(file)).map_err(told)?;
            sound(&lowered.bir, file)?;
            let emitted = self
                .frontend
                .emit(&lowered.bir, &plan(), &options())
                .map_err(told)?;
            lly_build::kind_of(&emitted.component, &[]).map_err(|error| error.to_string())?;
            let made = (lowered.bir, emitted.component);
            match &first {
                None => first = Some(made),
                Some(first) if *first == made => {}
                Some(_) => return Err("compiled twice, it is not the same bytes".to_owned()),
            }
        }
        Ok(())
    }

    /// Compiled and run as users do, it prints this.
    fn prints(&self, path: &Path, wanted: &[u8]) -> Result<Held, Failure> {
        let folder = self.stage.folder("programs")?;
        let bundle = match self.bundle(path) {
            Ok(bundle) => bundle,
            Err(reason) => return Ok(Err(reason)),
        };
        let file = folder.join("program.brick");
        std::fs::write(&file, bundle).or_fail(|| format!("cannot write `{}`", file.display()))?;
        let own = std::env::current_exe().or_fail(|| "lly cannot find itself")?;
        let ended = Command::new(own)
            .arg("run")
            .arg(&file)
            .args(["--timeout", RUN_SECONDS_MAX])
            .env("LLY_HOME", self.stage.home.path())
            .stdin(std::process::Stdio::null())
            .output()
            .or_fail(|| "lly cannot run itself")?;
        if !ended.status.success() {
            let words = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
            return Ok(Err(format!(
                "running it ends with {}: {words}",
                ended.status
            )));
        }
        Ok(differ("what it prints", wanted, &ended.stdout))
    }

    fn bundle(&self, path: &Path) -> Result<Vec<u8>, String> {
        let told = |error: anyhow::Error| format!("{error:#}");
        let manifest = self.frontend.manifest();
        let request = Request {
            working_folder: PathBuf::from("."),
            sources: vec![std::path::absolute(path).map_err(|error| error.to_string())?],
            include_folders: Vec::new(),
            defines: Vec::new(),
            profile: None,
            optimization: None,
            debug_info: false,
            name: None,
        };
        let project = Project::find(&request).map_err(|error| told(error.into()))?;
        let inputs =
            Inputs::collect(&project, &manifest.companions).map_err(|error| told(error.into()))?;
        let reference = FrontendRef {
            name: manifest.name.clone(),
            version: manifest.version.to_string(),
            digest: self.stage.installed.digest,
        };
        lly_build::compile(&project, &inputs, &self.frontend, reference, 1, &|_| {})
            .map(|compiled| compiled.bundle)
            .map_err(|error| told(error.into()))
    }

    /// Texts that are no programs, and programs that are broken: each is compiled soundly or refused, and nothing traps.
    fn nonsense(&self, programs: &[PathBuf], cases: &mut Cases) -> Result<(), Failure> {
        let texts: [(&str, Vec<u8>); 8] = [
            ("an empty file", Vec::new()),
            (
                "a file that is not UTF-8",
                vec![0xff, 0xfe, b'a', 0xc0, 0x80],
            ),
            ("zero bytes", vec![0; 1000]),
            ("one very long line", vec![b'a'; 1 << 20]),
            ("very many empty lines", vec![b'\n'; 1 << 18]),
            ("what opens and never closes", vec![b'('; 100_000]),
            ("a very long number", vec![b'9'; 100_000]),
            ("a byte order mark", b"\xef\xbb\xbf\r\n\r\n".to_vec()),
        ];
        for (name, text) in texts {
            cases.add(format!("{name} does not trap it"), self.bears(text));
        }
        for path in programs {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let whole = self.source(path)?.contents;
            let mut held = Ok(());
            for at in 0..SPOILED {
                let cut = whole.len() * at / SPOILED;
                let mut damaged = whole.clone();
                if let Some(byte) = damaged.get_mut(cut) {
                    *byte ^= 0x15;
                }
                held = held
                    .and_then(|()| self.bears(whole[..cut].to_vec()))
                    .and_then(|()| self.bears(damaged));
            }
            cases.add(
                format!("tests/{name}, cut off or damaged, does not trap it"),
                held,
            );
        }
        let none = self.answers(&[]);
        cases.add("a program of no files does not trap it", none);
        Ok(())
    }

    fn bears(&self, contents: Vec<u8>) -> Held {
        self.answers(&[SourceFile {
            path: format!("program{}", self.extension),
            contents,
        }])
    }

    fn answers(&self, files: &[SourceFile]) -> Held {
        match self.lower(files) {
            Ok(lowered) => match files {
                [file] => sound(&lowered.bir, file),
                _ => Program::decode(&lowered.bir).map(drop).map_err(broken),
            },
            Err(FrontendError::Diagnostics(found)) => {
                found.iter().try_for_each(|one| placed(one, files))
            }
            Err(FrontendError::Fault(fault)) => Err(traced(&fault)),
        }
    }

    /// BIR of somebody else and BIR that breaks off are refused.
    fn foreign_bir(&self, programs: &[PathBuf]) -> Result<Held, Failure> {
        let mut texts = vec![Vec::new(), b"LILY-BIR".to_vec(), vec![0x41; 4096]];
        for path in programs {
            let file = self.source(path)?;
            if let Ok(lowered) = self.lower(std::slice::from_ref(&file)) {
                for at in 1..SPOILED {
                    texts.push(lowered.bir[..lowered.bir.len() * at / SPOILED].to_vec());
                }
            }
        }
        for text in texts {
            match self.frontend.emit(&text, &plan(), &options()) {
                Err(FrontendError::Diagnostics(_)) => {}
                Err(FrontendError::Fault(fault)) => return Ok(Err(traced(&fault))),
                Ok(_) => {
                    let size = text.len();
                    return Ok(Err(format!(
                        "of {size} bytes that are not BIR it makes a component"
                    )));
                }
            }
        }
        Ok(Ok(()))
    }

    fn lower(&self, files: &[SourceFile]) -> Result<host_plugin::Lowered, FrontendError> {
        self.frontend.lower(files, &[], &options(), 1)
    }
}

fn told(error: FrontendError) -> String {
    match error {
        FrontendError::Fault(fault) => traced(&fault),
        FrontendError::Diagnostics(found) => {
            let first = found.iter().find(|one| one.severity == Severity::Error);
            let words = first.map(|one| format!("{}:{}: {}", one.line, one.column, one.message));
            format!("it does not compile: {}", words.unwrap_or_default())
        }
    }
}

fn broken(error: lly_bir::DecodeError) -> String {
    format!("it returned broken BIR: {:#}", anyhow::Error::from(error))
}

/// BIR that can be read, whose units have names and lie in the file.
fn sound(bir: &[u8], file: &SourceFile) -> Held {
    let program = Program::decode(bir).map_err(broken)?;
    for unit in &program.units {
        let name = &unit.name;
        if name.is_empty() {
            return Err("it has a unit without a name".to_owned());
        }
        if let Some(span) = &unit.span {
            if span.file != file.path {
                return Err(format!(
                    "unit `{name}` is in `{}`, a file that it was not given",
                    span.file
                ));
            }
            let lines = lines(&file.contents);
            if span.line == 0 || span.end_line < span.line || span.end_line > lines {
                let (line, end_line) = (span.line, span.end_line);
                return Err(format!(
                    "unit `{name}` is on lines {line} to {end_line} of a file that has {lines}"
                ));
            }
        }
    }
    Ok(())
}

/// A message that names a file it was given, and a place in it.
fn placed(one: &Diagnostic, files: &[SourceFile]) -> Held {
    let message = &one.message;
    if message.trim().is_empty() {
        return Err("it refuses a program without saying why".to_owned());
    }
    let Some(path) = &one.path else { return Ok(()) };
    let Some(file) = files.iter().find(|file| file.path == *path) else {
        return Err(format!(
            "`{message}` is about `{path}`, a file that it was not given"
        ));
    };
    // What is missing at the end may be missed on the line after the last.
    let lines = lines(&file.contents) + 1;
    match one.line <= lines {
        true => Ok(()),
        false => Err(format!(
            "`{message}` is on line {} of a file that has {lines}",
            one.line
        )),
    }
}

fn lines(text: &[u8]) -> u32 {
    let ends = text.iter().filter(|byte| **byte == b'\n').count();
    let last = usize::from(!text.is_empty() && !text.ends_with(b"\n"));
    u32::try_from(ends + last).unwrap_or(u32::MAX)
}

fn plan() -> BrickPlan {
    BrickPlan {
        name: "program".to_owned(),
        units: Vec::new(),
    }
}

fn options() -> Options {
    Options {
        name: "program".to_owned(),
        profile: None,
        optimization: 2,
        debug_info: false,
        defines: Vec::new(),
        include_dirs: Vec::new(),
        flags: Vec::new(),
    }
}
