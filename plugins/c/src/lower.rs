//! `lower`: every source through clang, each in a sandbox of its own and side by side; the objects then become BIR.

use crate::diagnostics::{self, error};
use crate::settings::Settings;
use crate::sources::{Language, Texts, is_inside_project};
use crate::types::{Diagnostic, Lowered, Options, SourceFile};
use crate::{Tools, analysis, tool};

/// Where each sandbox leaves its object file.
const OBJECT: &str = "unit.o";

/// Compiles `sources` to BIR; `companions` are the files they may include.
///
/// # Errors
/// What is wrong with the program or the options, clang's notes and warnings along with its errors.
pub fn lower(
    tools: &dyn Tools,
    sources: &[SourceFile],
    companions: &[SourceFile],
    options: &Options,
) -> Result<Lowered, Vec<Diagnostic>> {
    let settings = Settings::parse(options)?;
    let jobs = jobs(sources, &settings)?;
    let shared: Vec<tool::File> = sources.iter().chain(companions).map(as_tool_file).collect();
    let outcomes = tools.run(&shared, &jobs).map_err(|problem| {
        vec![error(format!(
            "the compiler could not do its work: {problem}"
        ))]
    })?;

    let texts = Texts::new(sources.iter().chain(companions));
    let mut diagnostics = Vec::new();
    let mut objects = Vec::new();
    let mut failed = outcomes.len() != jobs.len();
    for (source, outcome) in sources.iter().zip(outcomes) {
        let (messages, object) = read_outcome(&source.path, outcome, &texts);
        diagnostics.extend(messages);
        match object {
            Some(bytes) => objects.push(lly_bir::Object::new(format!("{}.o", source.path), bytes)),
            None => failed = true,
        }
    }
    let mut diagnostics = diagnostics::without_repetition(diagnostics);
    if failed {
        return Err(diagnostics);
    }
    match analysis::program(&options.name, objects) {
        Ok(program) => Ok(Lowered {
            bir: program.encode(),
            diagnostics,
        }),
        Err(problem) => {
            diagnostics.push(error(format!("what clang wrote cannot be read: {problem}")));
            Err(diagnostics)
        }
    }
}

/// One compiler run for each source.
fn jobs(sources: &[SourceFile], settings: &Settings) -> Result<Vec<tool::Job>, Vec<Diagnostic>> {
    if sources.is_empty() {
        return Err(vec![error("there is no source file to compile")]);
    }
    let languages: Vec<Language> = sources
        .iter()
        .filter_map(|source| Language::of(&source.path))
        .collect();
    let mut problems: Vec<Diagnostic> = settings.check_profile(&languages).into_iter().collect();
    let mut jobs = Vec::new();
    for source in sources {
        match Language::of(&source.path) {
            _ if !is_inside_project(&source.path) => {
                problems.push(error(format!(
                    "source path `{}` is not inside the project",
                    source.path
                )));
            }
            Some(language) => jobs.push(tool::Job {
                // One tool does both: it is chosen by argv[0].
                tool: "clang".to_owned(),
                arguments: settings.arguments(&source.path, language, &format!("/out/{OBJECT}")),
                files: Vec::new(),
                outputs: vec![OBJECT.to_owned()],
            }),
            None => problems.push(error(format!(
                "`{}` is neither a C nor a C++ source file (.c, .cc, .cpp, .cxx, .c++)",
                source.path
            ))),
        }
    }
    if problems.is_empty() {
        Ok(jobs)
    } else {
        Err(problems)
    }
}

/// The messages of one run and its object file, which is there only when clang is content.
fn read_outcome(
    path: &str,
    mut outcome: tool::Outcome,
    texts: &Texts<'_>,
) -> (Vec<Diagnostic>, Option<Vec<u8>>) {
    let mut messages = diagnostics::parse(&outcome.stderr, texts);
    let object = outcome
        .outputs
        .pop()
        .filter(|_| outcome.exit_code == 0 && !messages.has_error());
    if object.is_none() && !messages.has_error() {
        messages.diagnostics.push(Diagnostic {
            path: Some(path.to_owned()),
            ..error(crash(&outcome, &messages.other))
        });
    }
    (messages.diagnostics, object.map(|file| file.contents))
}

/// clang gave up without saying what is wrong with the program.
fn crash(outcome: &tool::Outcome, report: &[String]) -> String {
    const REPORT_LINES_MAX: usize = 12;
    let mut text = format!(
        "`clang` crashed over this file (exit code {})",
        outcome.exit_code
    );
    for line in report.iter().take(REPORT_LINES_MAX) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}

fn as_tool_file(file: &SourceFile) -> tool::File {
    tool::File {
        path: file.path.clone(),
        contents: file.contents.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Severity;
    use std::cell::RefCell;

    struct Canned {
        outcomes: RefCell<Vec<tool::Outcome>>,
        arguments: RefCell<Vec<Vec<String>>>,
    }

    impl Tools for Canned {
        fn run(
            &self,
            shared: &[tool::File],
            jobs: &[tool::Job],
        ) -> Result<Vec<tool::Outcome>, String> {
            assert_eq!(shared.len(), 3);
            self.arguments
                .borrow_mut()
                .extend(jobs.iter().map(|job| job.arguments.clone()));
            Ok(self.outcomes.take())
        }
    }

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            contents: text.into(),
        }
    }

    fn options() -> Options {
        Options {
            name: "p".into(),
            profile: None,
            optimization: 2,
            debug_info: false,
            defines: vec![],
            include_dirs: vec![],
            flags: vec![],
        }
    }

    fn failed(stderr: &str) -> tool::Outcome {
        tool::Outcome {
            exit_code: 1,
            stdout: vec![],
            stderr: stderr.into(),
            outputs: vec![],
        }
    }

    #[test]
    fn errors_and_crashes_name_their_file() {
        let outcomes = vec![
            failed("/src/a.c:1:5: error: no\n1 error generated.\n"),
            failed("Stack dump:\n0. parser\n"),
        ];
        let tools = Canned {
            outcomes: RefCell::new(outcomes),
            arguments: RefCell::default(),
        };
        let sources = [file("a.c", "int é = y;\n"), file("b.cpp", "")];
        let problems = lower(&tools, &sources, &[file("h.h", "")], &options()).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert!(
            problems
                .iter()
                .all(|problem| problem.severity == Severity::Error)
        );
        assert_eq!(problems[0].source_line.as_deref(), Some("int é = y;"));
        assert_eq!(problems[1].path.as_deref(), Some("b.cpp"));
        assert!(
            problems[1].message.contains("crashed"),
            "{}",
            problems[1].message
        );
        let arguments = tools.arguments.borrow();
        assert_eq!(
            (arguments[0][0].as_str(), arguments[1][0].as_str()),
            ("clang", "clang++")
        );
    }

    #[test]
    fn a_strange_file_is_refused_before_anything_runs() {
        let tools = Canned {
            outcomes: RefCell::default(),
            arguments: RefCell::default(),
        };
        let problems = lower(
            &tools,
            &[file("a.rs", ""), file("../b.c", "")],
            &[],
            &options(),
        )
        .unwrap_err();
        assert_eq!(problems.len(), 2);
    }
}
