use super::*;

/// A wasip1 command around `body`, with what the bodies below use.
fn tool(body: &str) -> wasmtime::Module {
    let wat = format!(
        r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_symlink" (func $symlink (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 16) "a.o")
        (data (i32.const 32) "in.txt")
        (data (i32.const 48) "../../../../../etc/passwd")
        ;; Says `length` bytes at `at` to the descriptor.
        (func $say (param $fd i32) (param $at i32) (param $length i32)
            (i32.store (i32.const 0) (local.get $at))
            (i32.store (i32.const 4) (local.get $length))
            (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
        ;; Opens a file: for writing (made anew) or for reading. The descriptor, or minus the error.
        (func $file (param $dir i32) (param $name i32) (param $length i32) (param $write i32) (result i32)
            (local $error i32)
            (local.set $error (call $open (local.get $dir) (i32.const 0) (local.get $name) (local.get $length)
                (select (i32.const 9) (i32.const 0) (local.get $write))
                (select (i64.const 64) (i64.const 2) (local.get $write))
                (i64.const 0) (i32.const 0) (i32.const 12)))
            (select (i32.sub (i32.const 0) (local.get $error)) (i32.load (i32.const 12)) (local.get $error)))
        (func (export "_start") (local $fd i32) {body}))"#
    );
    wasmtime::Module::new(engine().wasmtime(), wat::parse_str(wat).unwrap()).unwrap()
}

fn engine() -> &'static Engine {
    static ENGINE: std::sync::LazyLock<Engine> =
        std::sync::LazyLock::new(|| Engine::new(Profile::Tool).unwrap());
    &ENGINE
}

fn tools(limits: Limits) -> Tools {
    let mut tools = Tools::new(engine().clone(), None, limits);
    for (name, body) in [
        ("arguments", ARGUMENTS),
        ("copy", COPY),
        ("facts", FACTS),
        ("intrude", INTRUDE),
        ("link", LINK),
        ("trap", "unreachable"),
        (
            "bomb",
            "(loop (br_if 0 (i32.ne (memory.grow (i32.const 160)) (i32.const -1)))) unreachable",
        ),
        ("spin", "(loop (br 0))"),
        (
            "chatter",
            "(loop (call $say (i32.const 1) (i32.const 0) (i32.const 65536)) (local.set $fd (i32.add (local.get $fd) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $fd) (i32.const 1000))))",
        ),
    ] {
        tools.add(name, &tool(body)).unwrap();
    }
    tools
}

/// Says its arguments and exits with 3.
const ARGUMENTS: &str = "
    (drop (call $args_sizes (i32.const 0) (i32.const 4)))
    (local.set $fd (i32.load (i32.const 4)))
    (drop (call $args (i32.const 1000) (i32.const 2000)))
    (call $say (i32.const 1) (i32.const 2000) (local.get $fd))
    (call $say (i32.const 2) (i32.const 16) (i32.const 1))
    (call $exit (i32.const 3))";

/// Copies /src/in.txt to /out/a.o.
const COPY: &str = "
    (local.set $fd (call $file (i32.const 5) (i32.const 32) (i32.const 6) (i32.const 0)))
    (i32.store (i32.const 0) (i32.const 1000))
    (i32.store (i32.const 4) (i32.const 5000))
    (drop (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $say (call $file (i32.const 6) (i32.const 16) (i32.const 3) (i32.const 1))
        (i32.const 1000) (i32.load (i32.const 8)))";

/// Says random bytes and both clocks.
const FACTS: &str = "
    (drop (call $random (i32.const 1000) (i32.const 32)))
    (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 1032)))
    (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 1040)))
    (call $say (i32.const 1) (i32.const 1000) (i32.const 48))";

/// Tries to write where it may not; exits with how many of those worked.
const INTRUDE: &str = "
    (call $exit (i32.add (i32.add
        (i32.gt_s (call $file (i32.const 3) (i32.const 16) (i32.const 3) (i32.const 1)) (i32.const 0))
        (i32.gt_s (call $file (i32.const 4) (i32.const 16) (i32.const 3) (i32.const 1)) (i32.const 0)))
        (i32.add
        (i32.gt_s (call $file (i32.const 5) (i32.const 16) (i32.const 3) (i32.const 1)) (i32.const 0))
        (i32.gt_s (call $file (i32.const 3) (i32.const 48) (i32.const 25) (i32.const 0)) (i32.const 0)))))";

/// Leaves a symbolic link where its output should be.
const LINK: &str = "
    (call $exit (call $symlink (i32.const 48) (i32.const 25) (i32.const 6) (i32.const 16) (i32.const 3)))";

fn file(path: &str, contents: &str) -> File {
    File {
        path: path.to_owned(),
        contents: contents.as_bytes().to_vec(),
    }
}

fn job(tool: &str) -> Job {
    Job {
        tool: tool.to_owned(),
        arguments: vec![tool.to_owned()],
        files: Vec::new(),
        outputs: vec!["a.o".to_owned()],
    }
}

fn run_one(tool: &str) -> Result<Outcome, SandboxError> {
    let outcomes = tools(Limits::TOOL).run(Vec::new(), vec![job(tool)], 1)?;
    Ok(outcomes.into_iter().next().unwrap())
}

#[test]
fn arguments_go_in_and_words_and_the_exit_code_come_out() {
    let mut asked = job("arguments");
    asked.arguments = vec!["clang".to_owned(), "-c".to_owned()];
    let outcomes = tools(Limits::TOOL).run(Vec::new(), vec![asked], 1).unwrap();
    assert_eq!(
        outcomes,
        [Outcome {
            exit_code: 3,
            stdout: b"clang\0-c\0".to_vec(),
            stderr: b"a".to_vec(),
            outputs: Vec::new(),
        }]
    );
}

#[test]
fn jobs_run_side_by_side_and_answer_in_order() {
    let tools = tools(Limits::TOOL);
    let jobs: Vec<Job> = (0..20)
        .map(|index| {
            let mut job = job("copy");
            if index % 2 == 0 {
                job.files.push(file("own/x.h", "unused"));
            }
            job
        })
        .collect();
    let shared = vec![file("in.txt", "shared text")];
    for parallelism in [0, 1, 4, 100] {
        let outcomes = tools
            .run(shared.clone(), jobs.clone(), parallelism)
            .unwrap();
        assert_eq!(outcomes.len(), 20);
        for outcome in outcomes {
            assert_eq!(outcome.outputs, [file("a.o", "shared text")]);
        }
    }
    let own: Vec<Job> = (0..3)
        .map(|index| Job {
            files: vec![file("in.txt", &format!("text {index}"))],
            ..job("copy")
        })
        .collect();
    let outcomes = tools.run(Vec::new(), own, 2).unwrap();
    let texts: Vec<&[u8]> = outcomes
        .iter()
        .map(|one| one.outputs[0].contents.as_slice())
        .collect();
    assert_eq!(texts, [b"text 0", b"text 1", b"text 2"]);
    assert!(tools.run(Vec::new(), Vec::new(), 4).unwrap().is_empty());
}

#[test]
fn nothing_but_the_input_can_be_seen() {
    let first = run_one("facts").unwrap();
    assert_eq!(first.stdout.len(), 48);
    assert_eq!(
        first.stdout[32..],
        [0; 16],
        "clocks stand still at the epoch"
    );
    assert_eq!(run_one("facts").unwrap(), first);
    assert_eq!(run_one("intrude").unwrap().exit_code, 0);
}

#[test]
fn hostile_tools_get_one_sentence() {
    let error = run_one("trap").unwrap_err().to_string();
    assert!(
        error.starts_with("the tool `trap` failed: the program aborted"),
        "{error}"
    );
    let error = run_one("bomb").unwrap_err();
    assert!(
        matches!(&error, SandboxError::Trap { trap, .. } if trap.message == "out of memory: the limit is 4096 MiB"),
        "{error}"
    );
    let error = run_one("link").unwrap_err().to_string();
    assert_eq!(
        error,
        "`a.o` is no path for a file in a sandbox: the tool made it a symbolic link"
    );
    let error = run_one("gcc").unwrap_err().to_string();
    assert_eq!(error, "there is no tool `gcc`");
}

#[test]
fn what_a_tool_prints_is_bounded() {
    let limits = Limits {
        stream_bytes_max: 100_000,
        ..Limits::TOOL
    };
    let outcomes = tools(limits).run(Vec::new(), vec![job("chatter")], 1);
    let printed = outcomes.unwrap()[0].stdout.len();
    assert!((1..=100_000).contains(&printed), "{printed}");
}

#[test]
fn a_tool_that_does_not_end_is_given_up() {
    let limits = Limits {
        deadline: Duration::from_millis(300),
        ..Limits::TOOL
    };
    let begun = Instant::now();
    let jobs = vec![job("spin"), job("facts")];
    let error = tools(limits)
        .run(Vec::new(), jobs, 2)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "the tool `spin` did not end within 0.3 s");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn paths_stay_in_their_folder() {
    let tools = tools(Limits::TOOL);
    for path in ["", "/a", "a//b", "a/", "../a", "a/../../b", ".", "a\0b"] {
        let refused = tools.run(vec![file(path, "")], vec![job("facts")], 1);
        assert!(
            matches!(refused, Err(SandboxError::Path { .. })),
            "{path:?}"
        );
        let mut asked = job("facts");
        asked.outputs = vec![path.to_owned()];
        let refused = tools.run(Vec::new(), vec![asked], 1);
        assert!(
            matches!(refused, Err(SandboxError::Path { .. })),
            "{path:?}"
        );
    }
    let twice = vec![file("a", ""), file("a", "")];
    assert!(tools.run(twice, vec![job("facts")], 1).is_err());
}

#[test]
fn a_tool_that_wants_more_than_wasip1_is_refused() {
    let mut tools = Tools::new(engine().clone(), None, Limits::TOOL);
    let wat = r#"(module (import "env" "system" (func)))"#;
    let module = wasmtime::Module::new(engine().wasmtime(), wat::parse_str(wat).unwrap()).unwrap();
    let error = tools.add("odd", &module).unwrap_err().to_string();
    assert!(
        error.contains("`odd`") && error.contains("env::system"),
        "{error}"
    );
}
