//! The packed sysroot holds what a C or C++ program expects: each `languages/NAME.c` or `.cpp` is compiled, linked and
//! run in the sandbox, and prints `NAME.expected`. `BLESS=1` writes what was printed.
//!
//! Runs over what `cargo xtask setup` made under `target/lily`.

use host_plugin::sandbox::{File, Job, Outcome, Tools};
use std::path::{Path, PathBuf};

const LIBRARIES: &str = "/usr/lib/wasm32-wasip1";
const BUILTINS: &str = "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a";

fn lily() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lily")
}

fn clang() -> Tools {
    let wasm = lily().join("clang/package/gen/llvm.core.wasm");
    let sysroot = lily().join("sysroot/sysroot");
    assert!(
        wasm.exists() && sysroot.exists(),
        "run `cargo xtask setup` first"
    );
    let cache = lily().join("test-home/cache/code");
    Tools::from_files(&cache, &[("clang", &wasm)], Some(sysroot)).expect("clang loads")
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn one(tools: &Tools, job: Job) -> Outcome {
    let outcome = tools
        .run(Vec::new(), vec![job], 1)
        .expect("the sandbox works")
        .remove(0);
    let complaint = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(outcome.exit_code, 0, "{complaint}");
    outcome
}

fn build(tools: &Tools, name: &str, source: Vec<u8>) -> Vec<u8> {
    let language = if name.ends_with(".c") {
        "clang -std=gnu17"
    } else {
        "clang++ -std=gnu++20 -fwasm-exceptions"
    };
    let arguments = format!(
        "{language} -O1 -w -mllvm -wasm-enable-sjlj -mllvm -wasm-use-legacy-eh=false -c /src/{name} -o /out/program.o"
    );
    let compile = Job {
        tool: "clang".into(),
        arguments: words(&arguments),
        files: vec![File {
            path: name.into(),
            contents: source,
        }],
        outputs: vec!["program.o".into()],
    };
    let objects = one(tools, compile).outputs;
    let arguments = format!(
        "wasm-ld -m wasm32 --gc-sections --stack-first -z stack-size=1048576 --fatal-warnings -L{LIBRARIES} \
         {LIBRARIES}/crt1-command.o /src/program.o -llily -lc++ -lc++abi -lunwind -lsetjmp -lc {BUILTINS} \
         -o /out/program.wasm"
    );
    let link = Job {
        tool: "clang".into(),
        arguments: words(&arguments),
        files: objects,
        outputs: vec!["program.wasm".into()],
    };
    one(tools, link).outputs.remove(0).contents
}

fn run(program: Vec<u8>) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("program.wasm");
    std::fs::write(&path, program).expect("a file can be written");
    let tools =
        Tools::from_files(folder.path(), &[("program", &path)], None).expect("the program loads");
    let job = Job {
        tool: "program".into(),
        arguments: words("program"),
        files: Vec::new(),
        outputs: Vec::new(),
    };
    String::from_utf8_lossy(&one(&tools, job).stdout).into_owned()
}

fn check(name: &str) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/languages");
    let source = std::fs::read(cases.join(name)).expect("the case");
    let tools = clang();
    let program = build(&tools, name, source.clone());
    assert!(
        program == build(&tools, name, source),
        "`{name}` is built twice and differs"
    );
    let printed = run(program);
    let expected = cases.join(name).with_extension("expected");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&expected, &printed).expect("a file can be written");
    }
    assert_eq!(
        printed,
        std::fs::read_to_string(&expected).expect("what is expected"),
        "{name}"
    );
}

#[test]
fn cpp_with_exceptions_format_regex_filesystem() {
    check("features.cpp");
}

#[test]
fn longjmp_in_c() {
    check("longjmp.c");
}

#[test]
fn longjmp_beside_exceptions() {
    check("longjmp_and_throw.cpp");
}
