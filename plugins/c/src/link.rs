//! Objects to one core module with `wasm-ld`, and the linker's complaints as messages about the program.

use std::collections::BTreeMap;

use lly_bir::{Call, Program};

use crate::diagnostics::error;
use crate::entry::{Kind, Object};
use crate::sources::Language;
use crate::types::{Diagnostic, Severity};
use crate::{Tools, tool};

/// The C stack. It lies below the static data, so that running over its end traps instead of writing into a variable.
const STACK_BYTES: u32 = 1 << 20;
/// Folder of the packaged sysroot that holds wasi-libc and libc++.
const LIBRARIES: &str = "/usr/lib/wasm32-wasip1";
/// clang's own support library.
const BUILTINS: &str = "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a";
const MODULE: &str = "module.wasm";

/// Archives give only what is asked of them, so all are named always: LILY's own, and the emulations of what WASI lacks.
/// `glue/`: HTTP, exit codes, the memory that they use.
const LIBRARY_OWN: &str = "-llily";
const LIBRARIES_ALWAYS: [&str; 6] = [
    "-lsetjmp",
    "-lwasi-emulated-signal",
    "-lwasi-emulated-mman",
    "-lwasi-emulated-process-clocks",
    "-lwasi-emulated-getpid",
    "-lc",
];
const LIBRARIES_CPP: [&str; 3] = ["-lc++", "-lc++abi", "-lunwind"];

/// Symbols that programs written for Unix ask for and WebAssembly cannot give, and what to do instead.
const KNOWN_MISSING: [(&[&str], &str); 4] = [
    (
        &[
            "fork",
            "vfork",
            "execv",
            "execve",
            "execvp",
            "execl",
            "execlp",
            "posix_spawn",
            "waitpid",
            "wait",
            "system",
            "popen",
            "pclose",
            "kill",
            "pipe",
        ],
        "a WebAssembly program is one process and cannot start another",
    ),
    (
        &[
            "socket",
            "connect",
            "bind",
            "listen",
            "accept",
            "getaddrinfo",
            "freeaddrinfo",
            "gethostbyname",
            "sendto",
            "recvfrom",
            "setsockopt",
        ],
        "there are no BSD sockets: use `lily_fetch` from <lily.h> for HTTP",
    ),
    (
        &["dlopen", "dlsym", "dlclose"],
        "a brick is linked once and cannot load code later",
    ),
    (
        &[
            "getpwuid", "getpwnam", "getuid", "geteuid", "getgid", "setuid", "chown",
        ],
        "a brick knows no users",
    ),
];

/// Links `objects` to a module.
///
/// # Errors
/// What the linker complains about, in terms of the program where that can be told.
pub fn link(
    tools: &dyn Tools,
    objects: &[Object<'_>],
    kind: Kind,
    program: &Program,
) -> Result<(Vec<u8>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let job = job(objects, kind);
    let names: BTreeMap<String, &str> = objects
        .iter()
        .enumerate()
        .map(|(index, object)| (guest_path(index), object.source()))
        .collect();
    let mut outcomes = tools.run(&[], &[job]).map_err(|problem| {
        vec![error(format!(
            "the linker could not do its work: {problem}"
        ))]
    })?;
    let Some(mut outcome) = outcomes.pop() else {
        return Err(vec![error("the linker gave no answer")]);
    };
    let mut diagnostics = read(&String::from_utf8_lossy(&outcome.stderr), &names, program);
    match outcome.outputs.pop() {
        Some(module) if outcome.exit_code == 0 => Ok((module.contents, diagnostics)),
        _ => {
            if diagnostics
                .iter()
                .all(|diagnostic| diagnostic.severity != Severity::Error)
            {
                let text = String::from_utf8_lossy(&outcome.stderr).trim().to_owned();
                diagnostics.push(error(format!(
                    "`wasm-ld` failed (exit code {}) {text}",
                    outcome.exit_code
                )));
            }
            Err(diagnostics)
        }
    }
}

fn guest_path(index: usize) -> String {
    format!("objects/{index}.o")
}

fn job(objects: &[Object<'_>], kind: Kind) -> tool::Job {
    let mut arguments: Vec<String> = [
        "wasm-ld",
        "-m",
        "wasm32",
        "--gc-sections",
        "--stack-first",
        "-z",
        &format!("stack-size={STACK_BYTES}"),
        "--error-limit=0",
        // Names are demangled here, where their mangled form is still at hand for looking them up.
        "--no-demangle",
        "--fatal-warnings",
        &format!("-L{LIBRARIES}"),
    ]
    .map(str::to_owned)
    .to_vec();
    if kind != Kind::World {
        // Exit codes other than 0 and 1: `glue/exit.c`.
        arguments.push("--wrap=__wasi_proc_exit".to_owned());
    }
    match kind {
        Kind::Command => arguments.push(format!("{LIBRARIES}/crt1-command.o")),
        // Its bindings name what is exported.
        Kind::World => arguments.extend([
            "--entry=_initialize".to_owned(),
            format!("{LIBRARIES}/crt1-reactor.o"),
        ]),
        Kind::Http => arguments.extend([
            "--entry=_initialize".to_owned(),
            format!("{LIBRARIES}/crt1-reactor.o"),
            // The export that the host calls; the library's function calls `lily_handle`.
            "--undefined=lily_export_handle".to_owned(),
        ]),
    }
    arguments.extend((0..objects.len()).map(|index| format!("/src/{}", guest_path(index))));
    if objects
        .iter()
        .any(|object| Language::of(object.source()) == Some(Language::Cpp))
    {
        arguments.extend(LIBRARIES_CPP.map(str::to_owned));
    }
    if kind != Kind::World {
        // Its memory lives as long as a request, which in a component of another world nothing ever is.
        arguments.push(LIBRARY_OWN.to_owned());
    }
    arguments.extend(LIBRARIES_ALWAYS.map(str::to_owned));
    arguments.extend([
        BUILTINS.to_owned(),
        "-o".to_owned(),
        format!("/out/{MODULE}"),
    ]);
    tool::Job {
        tool: "clang".to_owned(),
        arguments,
        files: objects
            .iter()
            .enumerate()
            .map(|(index, object)| tool::File {
                path: guest_path(index),
                contents: object.bytes.to_vec(),
            })
            .collect(),
        outputs: vec![MODULE.to_owned()],
    }
}

/// Reads `wasm-ld: error: PLACE: MESSAGE` and the `>>>` lines that go on with it.
fn read(stderr: &str, names: &BTreeMap<String, &str>, program: &Program) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for line in stderr.lines() {
        let Some(rest) = line.strip_prefix("wasm-ld: ") else {
            if let (Some(more), Some(last)) = (line.strip_prefix(">>> "), diagnostics.last_mut()) {
                last.message.push('\n');
                last.message.push_str(&with_source_names(more, names));
            }
            continue;
        };
        let (severity, text) = match (rest.strip_prefix("error: "), rest.strip_prefix("warning: "))
        {
            (Some(text), _) => (Severity::Error, text),
            (_, Some(text)) => (Severity::Warning, text),
            (None, None) => continue,
        };
        let diagnostic = match text.split_once(": undefined symbol: ") {
            Some((place, symbol)) => undefined(source_name(place, names), symbol, program),
            None => Diagnostic {
                severity,
                ..error(with_source_names(text, names))
            },
        };
        // The linker says it once for each use; one message for each symbol and file is enough.
        if !diagnostics
            .iter()
            .any(|known| known.path == diagnostic.path && known.message == diagnostic.message)
        {
            diagnostics.push(diagnostic);
        }
    }
    diagnostics
}

/// `symbol` is used in `source` and defined nowhere.
fn undefined(source: Option<&str>, symbol: &str, program: &Program) -> Diagnostic {
    let name = demangled(symbol);
    let user = program.units.iter().find(|unit| {
        let object = usize::try_from(unit.object)
            .ok()
            .and_then(|index| program.objects.get(index));
        let is_from_source = source.is_none_or(|source| {
            object.is_some_and(|object| {
                object.name.strip_suffix(".o").unwrap_or(&object.name) == source
            })
        });
        is_from_source
            && unit
                .calls
                .iter()
                .any(|call| matches!(call, Call::External(name) if name == symbol))
    });
    let mut message = format!("`{name}` is used but defined nowhere");
    if let Some(user) = user {
        message.push_str(&format!(" (in `{}`)", user.name));
    }
    if let Some((_, hint)) = KNOWN_MISSING
        .iter()
        .find(|(symbols, _)| symbols.contains(&symbol))
    {
        message.push_str(": ");
        message.push_str(hint);
    } else {
        message.push_str(": add the source file that defines it, or its declaration does not match the definition");
    }
    let span = user.and_then(|unit| unit.span.as_ref());
    Diagnostic {
        path: source
            .map(str::to_owned)
            .or_else(|| span.map(|span| span.file.clone())),
        line: span.map_or(0, |span| span.line),
        ..error(message)
    }
}

/// The readable form of a C++ symbol; a C symbol is its own.
fn demangled(symbol: &str) -> String {
    cpp_demangle::Symbol::new(symbol)
        .ok()
        .and_then(|parsed| parsed.demangle().ok())
        .unwrap_or_else(|| symbol.to_owned())
}

/// The source behind `/src/objects/3.o` or `module.o`; none for a file of the sysroot.
fn source_name<'a>(place: &str, names: &BTreeMap<String, &'a str>) -> Option<&'a str> {
    names.get(place.strip_prefix("/src/")?).copied()
}

fn with_source_names(text: &str, names: &BTreeMap<String, &str>) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let bare = word.trim_end_matches([':', ',']);
        words.push(match source_name(bare, names) {
            Some(source) => word.replace(bare, source),
            None if bare.starts_with("_Z") => word.replace(bare, &demangled(bare)),
            None => word.to_owned(),
        });
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lly_bir::{Digest, Span, Unit, UnitKind};

    fn program() -> Program {
        let unit = Unit {
            name: "shop::open".into(),
            symbol: "_ZN4shop4openEv".into(),
            kind: UnitKind::Function,
            signature: String::new(),
            span: Some(Span {
                file: "src/shop.cpp".into(),
                line: 7,
                column: 6,
                end_line: 9,
            }),
            size_bytes: 1,
            calls: vec![Call::External("_Z6helperiPKc".into())],
            calls_indirect: false,
            address_taken: false,
            reads: vec![],
            writes: vec![],
            escapes: vec![],
            object: 1,
            digest: Digest::of(b""),
        };
        let object = |name: &str| lly_bir::Object::new(name, Vec::new());
        Program {
            schema: lly_bir::SCHEMA,
            language: "c++".into(),
            name: "p".into(),
            units: vec![unit],
            data: vec![],
            objects: vec![object("main.c.o"), object("src/shop.cpp.o")],
        }
    }

    fn names() -> BTreeMap<String, &'static str> {
        BTreeMap::from([(guest_path(0), "main.c"), (guest_path(1), "src/shop.cpp")])
    }

    #[test]
    fn an_undefined_symbol_names_its_user() {
        let stderr = "wasm-ld: error: /src/objects/1.o: undefined symbol: _Z6helperiPKc\n\
                      wasm-ld: error: /src/objects/1.o: undefined symbol: _Z6helperiPKc\n\
                      wasm-ld: error: /src/objects/0.o: undefined symbol: fork\n";
        let diagnostics = read(stderr, &names(), &program());
        assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
        let helper = &diagnostics[0];
        assert_eq!(
            (helper.path.as_deref(), helper.line),
            (Some("src/shop.cpp"), 7)
        );
        assert!(
            helper
                .message
                .starts_with("`helper(int, char const*)` is used"),
            "{}",
            helper.message
        );
        assert!(
            helper.message.contains("in `shop::open`"),
            "{}",
            helper.message
        );
        assert!(
            diagnostics[1].message.contains("cannot start another"),
            "{}",
            diagnostics[1].message
        );
        assert_eq!(diagnostics[1].path.as_deref(), Some("main.c"));
    }

    #[test]
    fn objects_are_shown_as_their_sources() {
        let stderr = "wasm-ld: error: duplicate symbol: _Z1fv\n>>> defined in /src/objects/0.o\n\
                      >>> defined in /src/objects/1.o\n";
        let diagnostics = read(stderr, &names(), &program());
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(
            diagnostics[0].message,
            "duplicate symbol: f()\ndefined in main.c\ndefined in src/shop.cpp"
        );
    }

    #[test]
    fn handlers_and_c_plus_plus_are_linked_with_what_they_need() {
        let objects = [
            Object {
                name: "a.c.o",
                bytes: b"",
            },
            Object {
                name: "b.cpp.o",
                bytes: b"",
            },
        ];
        let arguments = job(&objects, Kind::Http).arguments;
        for wanted in ["--entry=_initialize", "-lc++", "-llily", "/src/objects/1.o"] {
            assert!(
                arguments.iter().any(|argument| argument == wanted),
                "{wanted}"
            );
        }
        let arguments = job(&objects[..1], Kind::Command).arguments;
        assert!(!arguments.iter().any(|argument| argument == "-lc++"));
        assert!(
            arguments
                .iter()
                .any(|argument| argument.ends_with("crt1-command.o"))
        );
    }
}
