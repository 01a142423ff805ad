//! The way in for third parties: contracts are printed, projects are begun, built and tested, and what was built is
//! published and used by a stranger.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tests_kit::{Fleet, Home, Output, sample, with_rust_for_plugins};

/// What can be begun, and in what.
const PROJECTS: [(&str, &str); 15] = [
    ("frontend", "rust"),
    ("frontend", "c"),
    ("command", "rust"),
    ("placement-policy", "rust"),
    ("eviction-policy", "rust"),
    ("command", "c"),
    ("placement-policy", "c"),
    ("eviction-policy", "c"),
    ("frontend", "js"),
    ("command", "js"),
    ("placement-policy", "js"),
    ("eviction-policy", "js"),
    ("site", "rust"),
    ("site", "c"),
    ("site", "js"),
];
/// Of these, what a stranger is given.
const PUBLISHED: usize = 5;

/// A verb as a core module.
const BY_HAND: &str = r#"(module
    (import "lily:command/terminal@0.1.0" "out" (func $out (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "by hand\n")
    (data (i32.const 128) "\40\00\00\00\07\00\00\00\40\00\00\00\08\00\00\00")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "usage") (result i32) (i32.const 128))
    (func (export "run") (param i32 i32) (result i32)
        (call $out (i32.const 64) (i32.const 8)) (i32.const 0)))"#;

/// Runs `lly plugin …` where Rust can be compiled.
fn plugin(home: &Home, arguments: &[&str]) -> Output {
    let words = ["plugin"].iter().chain(arguments);
    home.lly_with(words, b"", with_rust_for_plugins)
}

fn new(home: &Home, world: &str, language: &str) -> String {
    let name = format!("{}-{language}", world.split('-').next().unwrap());
    let arguments = ["new", "--world", world, "--lang", language, &name];
    let said = plugin(home, &arguments).success().stdout;
    assert!(
        said.contains(&format!("next: lly plugin test {name}")),
        "{said}"
    );
    name
}

/// The cases of `lly plugin test`, each with what did not hold.
fn cases(output: &Output) -> Vec<(String, Option<String>)> {
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["$type"], "lily.plugin.test/1");
    let cases = report["cases"].as_array().unwrap().iter();
    cases
        .map(|case| {
            let failed = case["failed"].as_str().map(str::to_owned);
            (case["name"].as_str().unwrap().to_owned(), failed)
        })
        .collect()
}

/// Copies a tree of folders and files.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap().path();
        let to = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            std::fs::copy(&entry, &to).unwrap();
        }
    }
}

/// The sample frontend in C, as its author has it.
fn abacus(home: &Home) -> PathBuf {
    let folder = home.work().join("abacus");
    copy(&sample("abacus"), &folder);
    folder
}

#[test]
fn contracts_are_printed_with_their_versions() {
    let home = Home::with_own_plugins();
    let all = home.lly(["plugin", "wit"]).success().stdout;
    for world in ["frontend", "command", "site", "policy", "eviction"] {
        let package = format!("package lily:{world}@0.1.0;");
        assert!(all.contains(&package), "{package}");
    }
    let one = home.lly(["plugin", "wit", "command"]).success().stdout;
    assert!(all.contains(&one) && one.contains("The promise:"), "{one}");
    let document = home.json(["plugin", "wit", "placement-policy"]);
    assert_eq!(document["$type"], "lily.plugin.wit/1");
    assert_eq!(document["worlds"][0]["world"], "lily:policy@0.1.0");
    home.lly(["plugin", "wit", "pictures"])
        .exits(1)
        .says("no world `pictures`")
        .says("frontend, command");
}

#[test]
fn what_is_begun_builds_passes_its_cases_and_is_the_same_in_another_folder() {
    let home = Home::with_own_plugins();
    for (world, language) in PROJECTS {
        let name = new(&home, world, language);
        let tested = plugin(&home, &["test", &name, "--json"]).success();
        let cases = cases(&tested);
        assert!(cases.len() >= 5, "{cases:?}");
        plugin(&home, &["build", &name]).success();
        let package = std::fs::read(home.work().join(format!("{name}/{name}.plugin"))).unwrap();
        let elsewhere = home.work().join(format!("elsewhere/{name}"));
        copy(&home.work().join(&name), &elsewhere);
        std::fs::remove_dir_all(elsewhere.join("bindings")).unwrap();
        let again = home.work().join("again.plugin");
        let again = again.to_str().unwrap();
        plugin(&home, &["build", elsewhere.to_str().unwrap(), "-o", again]).success();
        assert!(std::fs::read(again).unwrap() == package, "{name}");
    }
}

#[test]
fn what_cannot_be_begun_is_refused_with_the_reason() {
    let home = Home::with_own_plugins();
    let refused = |world: &str, language: &str, name: &str| {
        plugin(&home, &["new", "--world", world, "--lang", language, name]).exits(1)
    };
    refused("command", "cobol", "one").exits(1);
    refused("pictures", "rust", "one").says("no world `pictures`");
    refused("command", "rust", "One").says("not a plugin's name");
    refused("command", "c", "run").says("which lly has itself");
    home.write("one/kept.txt", "mine");
    refused("command", "c", "one").says("`one` exists already");
    assert!(!home.work().join("one/plugin.json").exists());
}

#[test]
fn what_a_host_would_refuse_is_refused_when_it_is_built() {
    let home = Home::with_own_plugins();
    let name = new(&home, "command", "c");
    let source = home.work().join(&name).join("plugin.c");
    let text = std::fs::read_to_string(&source).unwrap();
    let with = |change: &dyn Fn(&str) -> String| {
        std::fs::write(&source, change(&text)).unwrap();
        plugin(&home, &["build", &name]).exits(1)
    };
    let lacking =
        with(&|text| text.replace("uint8_t exports_command_run", "uint8_t exports_command_ran"));
    assert!(
        lacking.stderr.contains("exports_command_run"),
        "{}",
        lacking.stderr
    );
    with(&|text| text.replace("size_t lines = 0;", "size_t lines = ;")).says("plugin.c:");
    // Code that was built by other means.
    home.write("other/plugin.json", manifest("other"));
    home.lly(["plugin", "build", "other"])
        .exits(1)
        .says("there is nothing to build")
        .says("--module");
    home.write(
        "wasi.wat",
        "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))))",
    );
    home.lly(["plugin", "build", "other", "--module", "wasi.wat"])
        .exits(1)
        .says("does not implement `lily:command@0.1.0`");
    home.write(
        "wasi.wat",
        "(component (import \"wasi:cli/exit@0.2.6\" (instance)))",
    );
    home.lly(["plugin", "build", "other", "--module", "wasi.wat"])
        .exits(1)
        .says("imports `wasi:cli/exit@0.2.6`, which no plugin of `lily:command@0.1.0` is given");
    home.write("empty.wat", "(component)");
    home.lly(["plugin", "build", "other", "--module", "empty.wat"])
        .exits(1)
        .says("does not implement `lily:command@0.1.0`: it exports no `usage`");
    home.lly(["plugin", "build", "absent"])
        .exits(1)
        .says("has no `plugin.json`");
}

fn manifest(name: &str) -> String {
    format!(
        r#"{{"schema":1,"name":"{name}","version":"0.1.0","world":"lily:command@0.1.0","description":"x",
            "component":"component.wasm","lly_min_version":"0.1.0"}}"#
    )
}

/// What a verb in C does that uses the library for everything.
const LIBRARY: &str = r#"
    char line[200];
    const char *home = getenv("HOME");
    FILE *file = fopen("plugin.json", "r");
    int printed = printf("nobody sees %d bytes\n", 25);
    fflush(stdout);
    int size = snprintf(line, sizeof line, "%s %s %d %.3f\n", home ? home : "none", file ? "file" : "none", printed, sqrt(2));
    say(true, line, (size_t)size);
    if (arguments->len == 1) assert(strlen(line) == 0);
    if (arguments->len == 2) exit(7);
    return 0;
}
"#;

#[test]
fn the_c_library_works_where_there_is_no_wasi() {
    let home = Home::with_own_plugins();
    let name = new(&home, "command", "c");
    let source = home.work().join(&name).join("plugin.c");
    let text = std::fs::read_to_string(&source).unwrap();
    let (before, _) = text.split_once("    for (size_t i = 0;").unwrap();
    let text =
        format!("#include <assert.h>\n#include <math.h>\n#include <stdio.h>\n{before}{LIBRARY}");
    std::fs::write(&source, text).unwrap();
    plugin(&home, &["build", &name]).success();
    let package = format!("{name}/{name}.plugin");
    plugin(&home, &["install", &package, "--grant"]).success();
    let printed = home.lly([&name]).success().stdout;
    assert_eq!(printed, "none none 21 1.414\n");
    home.lly([&name, "assert"]).exits(1).says("failed in `run`");
    home.lly([name.as_str(), "exit", "7"])
        .exits(1)
        .says("failed in `run`");
}

#[test]
fn a_core_module_becomes_a_plugin() {
    let home = Home::with_own_plugins();
    home.write("other/plugin.json", manifest("other"));
    home.write("other.wat", BY_HAND);
    home.lly(["plugin", "build", "other", "--module", "other.wat"])
        .success();
    home.lly(["plugin", "install", "other/other.plugin"])
        .success();
    assert_eq!(home.lly(["other"]).success().stdout, "by hand\n");
}

/// Writes a program that a shell runs.
fn script(home: &Home, name: &str, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = home.write(name, format!("#!/bin/sh\n{text}\n"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn rust_is_built_with_what_rustc_has() {
    let home = Home::with_own_plugins();
    let name = new(&home, "command", "rust");
    home.write(&format!("{name}/made.wasm"), BY_HAND);
    // A rustc that says where its libraries and sources are, and a cargo that notes what it was told.
    let rustc = script(
        &home,
        "bin/rustc",
        "case \"$2\" in target-libdir) echo \"$LIBRARIES\";; *) echo \"$SYSROOT\";; esac",
    );
    let cargo = script(
        &home,
        "bin/cargo",
        "echo \"$@ bootstrap=$RUSTC_BOOTSTRAP\" > told\necho \"{\\\"filenames\\\":[\\\"$PWD/made.wasm\\\"]}\"",
    );
    home.write("libraries/libstd.rlib", "");
    home.write("sysroot/lib/rustlib/src/rust/library/std/lib.rs", "");
    let build = |libraries: &str, sysroot: &str| {
        home.lly_with(["plugin", "build", &name], b"", |command| {
            command
                .env("RUSTC", &rustc)
                .env("CARGO", &cargo)
                .env("LIBRARIES", home.work().join(libraries))
                .env("SYSROOT", home.work().join(sysroot))
                .env_remove("RUSTC_BOOTSTRAP");
        })
    };
    let told = || std::fs::read_to_string(home.work().join(&name).join("told")).unwrap();
    build("absent", "absent")
        .exits(1)
        .says("it has neither the library nor its sources")
        .says("rustup target add wasm32-unknown-unknown")
        .says("--module FILE.wasm");
    build("libraries", "sysroot").success();
    assert!(
        told().ends_with("json-render-diagnostics bootstrap=\n"),
        "{}",
        told()
    );
    build("absent", "sysroot").success();
    assert!(
        told().ends_with("-Zbuild-std=std,panic_abort bootstrap=1\n"),
        "{}",
        told()
    );
}

#[test]
fn cases_that_do_not_hold_are_told() {
    let home = Home::with_own_plugins();
    let name = new(&home, "frontend", "c");
    let folder = home.work().join(&name);
    let extension = name.replace('-', "");
    std::fs::write(folder.join("tests/sums.out"), "3\n").unwrap();
    let source = folder.join("plugin.c");
    let text = std::fs::read_to_string(&source).unwrap();
    // It lies about the line, and traps on what is not UTF-8.
    let text = text
        .replace(
            "            .line = line->line,",
            "            .line = line->line + 7,",
        )
        .replace(
            "if (!lily_is_utf8(text)) return",
            "if (!lily_is_utf8(text)) __builtin_trap(); if (0) return",
        );
    std::fs::write(&source, text).unwrap();
    let tested = plugin(&home, &["test", &name, "--json"]).exits(1);
    tested.clone().says("cases of lily:frontend@0.1.0");
    let failed: Vec<(String, String)> = cases(&tested)
        .into_iter()
        .filter_map(|(name, failed)| Some((name, failed?)))
        .collect();
    let why = |name: &str| {
        let found = failed.iter().find(|(case, _)| case == name);
        &found.unwrap_or_else(|| panic!("{name} in {failed:?}")).1
    };
    let lies = why(&format!("tests/sums.{extension}"));
    assert!(lies.contains("lines 9 to 2"), "{lies}");
    let trap = why("a file that is not UTF-8 does not trap it");
    assert!(
        trap.contains("failed in `lower`") && trap.contains("plugin.c:"),
        "{trap}"
    );
}

#[test]
fn what_was_built_is_published_and_used_by_a_stranger() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let author = &fleet.home;
    author
        .lly(["plugin", "key", "generate", "acme.key"])
        .success();
    let mut names: Vec<String> = PROJECTS[..PUBLISHED]
        .iter()
        .map(|(world, language)| new(author, world, language))
        .collect();
    abacus(author);
    names.push("abacus".to_owned());
    for name in &names {
        plugin(author, &["build", name]).success();
        let package = format!("{name}/{name}.plugin");
        author
            .lly(["plugin", "publish", &package, "--key", "acme.key"])
            .success();
    }

    // The stranger has an account, the author's public key, and nothing else.
    let stranger = Stranger::of(&fleet);
    let home = &stranger.home;
    stranger
        .lly(&["plugin", "install", "abacus"])
        .exits(1)
        .says("names nobody who may sign the plugin `abacus`");
    for name in &names {
        let trust = [
            "plugin",
            "trust",
            "publisher",
            "--key",
            "acme.pub",
            "--plugins",
            name,
        ];
        stranger.lly(&trust).success();
        stranger
            .lly(&["plugin", "install", name, "--grant"])
            .success();
    }

    // Two frontends that were begun a minute ago.
    for extension in ["frontendrust", "frontendc"] {
        let file = format!("sums.{extension}");
        home.write(
            &file,
            "six = 2 * 3\nseven = six + 1\nanswer = six * seven\n",
        );
        stranger
            .lly(&["compile", &file, "-f", "-o", "sums.brick"])
            .success();
        let ran = home.lly(["run", "sums.brick"]).success();
        assert_eq!(ran.stdout, "6\n7\n42\n", "{extension}");
    }
    // One in C, of three files.
    let program = sample("abacus").join("tests/primes");
    std::fs::copy(
        program.with_extension("abacus"),
        home.work().join("primes.abacus"),
    )
    .unwrap();
    stranger
        .lly(&["compile", "primes.abacus", "-o", "primes.brick"])
        .success();
    let ran = home.lly(["run", "primes.brick"]).success().stdout;
    assert_eq!(
        ran,
        std::fs::read_to_string(program.with_extension("out")).unwrap()
    );
    home.write(
        "zero.abacus",
        "fn main() { print deep(7) }\nfn deep(n) { return n / (n - 7) }\n",
    );
    stranger
        .lly(&["compile", "zero.abacus", "-o", "zero.brick"])
        .success();
    home.lly(["run", "zero.brick"]).exits(6).says("deep");
    // The verb.
    home.write("counted/lly.toml", "name = \"counted\"\n");
    home.write("counted/notes.txt", "one\ntwo\nthree\n");
    let counted = home.lly_with(["command-rust", "notes.txt"], b"", |command| {
        command.current_dir(home.work().join("counted"));
    });
    assert_eq!(counted.success().stdout, "3 notes.txt\n");
}

/// Another user of the fleet's registry, on another machine.
struct Stranger {
    home: Home,
    credentials: PathBuf,
}

impl Stranger {
    fn of(fleet: &Fleet) -> Self {
        let home = Home::with_own_plugins();
        let credentials = home.work().join("stranger.json");
        let path = credentials.to_str().unwrap();
        let account = ["fleet", "account", "add", "stranger", "--credentials", path];
        fleet.lly(account).success();
        std::fs::copy(
            fleet.home.work().join("acme.pub"),
            home.work().join("acme.pub"),
        )
        .unwrap();
        let stranger = Self { home, credentials };
        let url = fleet.state().unwrap()["rc_url"]
            .as_str()
            .unwrap()
            .to_owned();
        stranger
            .lly(&["plugin", "trust", "registry", &url])
            .success();
        stranger
    }

    fn lly(&self, arguments: &[&str]) -> Output {
        self.home.lly_with(arguments, b"", |command| {
            command.env("LLY_CREDENTIALS", &self.credentials);
        })
    }
}

#[test]
fn abacus_says_what_is_wrong_and_changes_reach_callers_only() {
    let home = Home::with_own_plugins();
    abacus(&home);
    plugin(&home, &["test", "abacus"]).success();
    plugin(&home, &["build", "abacus"]).success();
    home.lly(["plugin", "install", "abacus/abacus.plugin"])
        .success();
    home.write("broken.abacus", "fn main() {\n    print one(1)\n}\n");
    home.lly(["compile", "broken.abacus", "-o", "broken.brick"])
        .exits(1)
        .says("broken.abacus:2:11: error: there is no function of this name: `one`");
    let program = "fn even(n) { if n == 0 { return 1 } return odd(n - 1) }\n\
                   fn odd(n) { if n == 0 { return 0 } return even(n - 1) }\n\
                   fn alone() { return 1 }\nfn main() { print even(4) + alone() }\n";
    let units = |text: &str| {
        home.write("units.abacus", text);
        let program = home.json(["bir", "dump", "units.abacus"]);
        let units = program["units"].as_array().unwrap().iter();
        units
            .map(|unit| {
                (
                    unit["name"].as_str().unwrap().to_owned(),
                    unit["digest"].clone(),
                )
            })
            .collect::<std::collections::BTreeMap<String, Value>>()
    };
    let before = units(program);
    // Lines and comments are no change; a change in one of two that call each other is one of both.
    assert_eq!(units(&format!("# new\n\n{program}")), before);
    let after = units(&program.replace("{ return 0 }", "{ return 2 }"));
    let changed: Vec<&str> = before
        .iter()
        .filter(|(name, digest)| after[*name] != **digest)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(changed, ["even", "main", "odd"]);
}

/// What a world of ours lets a component import, as `namespace:package/interface@version`.
fn imports_of_world(world: &str) -> Vec<String> {
    let package = world.split_once('@').unwrap().0;
    let name = package.split_once(':').unwrap().1;
    let mut resolve = wit_parser::Resolve::default();
    let folder = tests_kit::repository().join("wit").join(name);
    let (package, _) = resolve.push_dir(&folder).unwrap();
    let (_, world) = resolve.packages[package].worlds.first().unwrap();
    let imports = resolve.worlds[*world].imports.keys();
    imports.map(|key| resolve.name_world_key(key)).collect()
}

#[test]
fn a_component_imports_nothing_of_another_world() {
    let folder = tests_kit::repository().join("target/lily/plugins");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let reader = lly_brick::container::Reader::open(&bytes).unwrap();
        let manifest: Value = serde_json::from_slice(&reader.read("plugin.json").unwrap()).unwrap();
        let component = reader
            .read(manifest["component"].as_str().unwrap())
            .unwrap();
        let allowed = imports_of_world(manifest["world"].as_str().unwrap());
        let decoded = wit_component::decode(&component).unwrap();
        let resolve = decoded.resolve().clone();
        let wit_component::DecodedWasm::Component(_, world) = decoded else {
            panic!("{} is no component", path.display());
        };
        for key in resolve.worlds[world].imports.keys() {
            let import = resolve.name_world_key(key);
            assert!(
                allowed.contains(&import),
                "{} imports {import}",
                path.display()
            );
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen} plugins");
}
