//! Frontends that are not C: installed like a stranger's, they compile, run, deploy and say what is wrong.

use serde_json::Value;
use tests_kit::{Fleet, Home, repository, sample};

/// A home in which the packaged plugin is installed.
fn install(home: &Home, name: &str) {
    let package = repository().join(format!("target/lily/plugins/{name}.plugin"));
    home.lly(["plugin".as_ref(), "install".as_ref(), package.as_os_str()])
        .success();
}

fn copy(home: &Home, folder: &str, file: &str) {
    home.write(file, std::fs::read(sample(folder).join(file)).unwrap());
}

fn unit<'a>(program: &'a Value, name: &str) -> &'a Value {
    let units = program["units"].as_array().unwrap();
    units
        .iter()
        .find(|unit| unit["name"] == name)
        .unwrap_or_else(|| panic!("no unit `{name}` in {program}"))
}

/// Compares a dump with the file beside the plugin; `BLESS=1` writes it.
fn golden(dump: &str, file: &str) {
    let path = repository().join(file);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, dump).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(dump == wanted, "{file}:\n{dump}");
}

#[test]
fn wat_compiles_runs_and_has_a_true_unit_table() {
    let home = Home::new();
    install(&home, "wat");
    copy(&home, "wat", "hello.wat");
    home.compile("hello", ["hello.wat"]);
    let output = home.lly(["run", "hello.brick"]).success();
    assert!(
        output.stdout.ends_with("\n\nhello from wat 42\n"),
        "{}",
        output.stdout
    );
    let dump = home.lly(["bir", "dump", "hello.wat"]).success().stdout;
    golden(&dump, "plugins/wat/tests/golden/hello.bir.txt");
}

#[test]
fn a_change_in_wat_reaches_the_digests_of_its_callers_only() {
    let home = Home::new();
    install(&home, "wat");
    copy(&home, "wat", "hello.wat");
    let before = home.json(["bir", "dump", "hello.wat"]);
    let text = std::fs::read_to_string(home.work().join("hello.wat")).unwrap();
    home.write(
        "hello.wat",
        text.replace(
            "(i32.const 1) (i32.const 8)",
            "(i32.const 1) (i32.const 12)",
        ),
    );
    let after = home.json(["bir", "dump", "hello.wat"]);
    let changed = |name: &str| unit(&before, name)["digest"] != unit(&after, name)["digest"];
    assert_eq!(
        ["print", "main", "double", "check"].map(changed),
        [true, true, false, false]
    );
}

#[test]
fn broken_wat_is_shown_at_its_line_and_column() {
    let home = Home::new();
    install(&home, "wat");
    let cases = [
        (
            "(module\n  (func $f (reslt i32)))\n",
            "broken.wat:2:13: error:",
        ),
        (
            "(module\n  (func (export \"_start\")\n    call $absent))\n",
            "broken.wat:3:10: error: unknown func",
        ),
        (
            "(module\n  (func (export \"_start\")\n    i32.const 1\n    i64.const 2\n    i32.add\n    drop))\n",
            "broken.wat:5:5: error: type mismatch",
        ),
        (
            "(module (func (export \"main\")))\n",
            "does not export a function `_start`",
        ),
        (
            "(module (import \"env\" \"f\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))\n",
            "imports `env.f`",
        ),
        ("(component)\n", "exports neither `wasi:cli/run`"),
    ];
    for (text, message) in cases {
        home.write("broken.wat", text);
        home.lly(["compile", "broken.wat", "-o", "broken.brick"])
            .exits(1)
            .says(message);
    }
    assert!(!home.work().join("broken.brick").exists());
}

#[test]
fn a_trap_in_wat_names_its_line() {
    let home = Home::new();
    install(&home, "wat");
    home.write(
        "trap.wat",
        "(module\n  (memory (export \"memory\") 1)\n  (func $deep\n    unreachable)\n  (func (export \"_start\")\n    call $deep))\n",
    );
    home.compile("trap", ["trap.wat"]);
    home.lly(["run", "trap.brick"]).exits(6).says("trap.wat:4");
}

#[test]
fn wat_answers_as_a_void() {
    let fleet = Fleet::start(1);
    install(&fleet.home, "wat");
    copy(&fleet.home, "wat", "hello.wat");
    let deployed = fleet.deploy(&fleet.home.compile("hello", ["hello.wat"]));
    let answer = fleet.get(deployed["url"].as_str().unwrap()).is(200);
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    assert_eq!(answer.text(), "hello from wat 42\n");
}

#[test]
fn petal_prints_what_it_should() {
    let home = Home::new();
    install(&home, "petal");
    home.write(
        "all.petal",
        "fn main() {\n    let i = 0\n    let text = \"\"\n    while i < 5 {\n        if i % 2 == 0 and not (i == 2) {\n\
         \x20           text = text + \"{i};\"\n        } else if i == 2 { text = text + \"two;\" }\n        i = i + 1\n    }\n\
         \x20   print text\n    print 0 - 9_223_372_036_854_775_807 - 1\n    print 9223372036854775807 + 1 == 0 - 9223372036854775807 - 1\n\
         \x20   print -7 / 2 * 10 + -7 % 2\n}\n",
    );
    home.compile("all", ["all.petal"]);
    let output = home.lly(["run", "all.brick"]).success();
    assert_eq!(output.stdout, "0;two;4;\n-9223372036854775808\ntrue\n-31\n");
}

#[test]
fn petal_has_a_true_unit_table() {
    let home = Home::new();
    install(&home, "petal");
    copy(&home, "petal", "hello.petal");
    let dump = home.lly(["bir", "dump", "hello.petal"]).success().stdout;
    golden(&dump, "plugins/petal/tests/golden/hello.bir.txt");
}

#[test]
fn petal_answers_as_a_void_and_a_trap_names_its_line() {
    let fleet = Fleet::start(1);
    install(&fleet.home, "petal");
    copy(&fleet.home, "petal", "hello.petal");
    let deployed = fleet.deploy(&fleet.home.compile("hello", ["hello.petal"]));
    let url = deployed["url"].as_str().unwrap();
    let answer = fleet
        .send(fleet.client().post(format!("{url}rose")).body("thorns"))
        .unwrap()
        .is(200);
    assert_eq!(
        answer.text(),
        "POST for {/rose}: 20! is 2432902008176640000, body is 'thorns'\n"
    );
    fleet.get(&format!("{url}trap")).is(500);
    let logs = fleet.lly([
        "void",
        "logs",
        deployed["slug"].as_str().unwrap(),
        "-n",
        "50",
    ]);
    let logs = logs.success().stdout;
    assert!(logs.contains("hello.petal:17"), "{logs}");
}

#[test]
fn broken_petal_is_shown_at_its_line_and_column() {
    let home = Home::new();
    install(&home, "petal");
    let cases = [
        (
            "fn main() {\n    print 1 +\n}\n",
            "broken.petal:3:1: error: expected a value, found `}`",
        ),
        (
            "fn main() {\n    let x = 1 + \"a\"\n}\n",
            "broken.petal:2:17: error: expected int, found string",
        ),
        (
            "fn main() {\n    print y\n}\n",
            "broken.petal:2:11: error: there is no variable `y`",
        ),
        (
            "fn f() -> int {\n}\nfn main() {\n}\n",
            "broken.petal:2:1: error: `f` gives int",
        ),
        ("fn f() {\n}\n", "neither `fn main()` nor `on request"),
        (
            "fn main() {\n    print \"a\n}\n",
            "broken.petal:2:11: error: this text has no closing quote",
        ),
    ];
    for (text, message) in cases {
        home.write("broken.petal", text);
        home.lly(["compile", "broken.petal", "-o", "broken.brick"])
            .exits(1)
            .says(message);
    }
}

/// A random expression and its value by Rust's wrapping arithmetic.
fn arithmetic(seed: &mut u64, depth: u32) -> (String, i64) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    let number = (*seed >> 1).cast_signed();
    if depth == 0 {
        return (number.to_string(), number);
    }
    let (left, a) = arithmetic(seed, depth - 1);
    let (right, b) = arithmetic(seed, depth - 1);
    let (sign, value) = match number % 5 {
        0 => ("+", a.wrapping_add(b)),
        1 => ("-", a.wrapping_sub(b)),
        2 => ("*", a.wrapping_mul(b)),
        3 if b != 0 && b != -1 => ("/", a.wrapping_div(b)),
        _ if b != 0 && b != -1 => ("%", a.wrapping_rem(b)),
        _ => ("-", a.wrapping_sub(b)),
    };
    (format!("({left} {sign} {right})"), value)
}

#[test]
fn petal_computes_as_rust_does() {
    let home = Home::new();
    install(&home, "petal");
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let cases: Vec<(String, i64)> = (0..200).map(|at| arithmetic(&mut seed, at % 6)).collect();
    let lines = cases.iter().map(|(text, _)| format!("    print {text}\n"));
    let source = format!("fn main() {{\n{}}}\n", lines.collect::<String>());
    home.write("sums.petal", &source);
    home.compile("sums", ["sums.petal"]);
    let output = home.lly(["run", "sums.brick"]).success();
    let printed: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(printed.len(), cases.len());
    for ((text, value), printed) in cases.iter().zip(printed) {
        assert_eq!(printed, value.to_string(), "{text}");
    }
}
