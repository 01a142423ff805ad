//! `lly compile`: what it accepts, what it prints, what it refuses.

use tests_kit::Home;

const HELLO: &str = "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 0; }\n";

#[test]
fn hello_becomes_a_bundle_that_runs() {
    let home = Home::new();
    home.write("hello.c", HELLO);
    let compiled = home.json(["compile", "hello.c", "-o", "hello.brick"]);
    assert_eq!(compiled["$type"], "lily.compile/1");
    assert!(
        compiled["sha256"]
            .as_str()
            .is_some_and(|digest| digest.len() >= 64),
        "{compiled}"
    );
    assert_eq!(home.lly(["run", "hello.brick"]).success().stdout, "hello\n");
}

#[test]
fn an_existing_output_is_kept_unless_forced() {
    let home = Home::new();
    home.write("hello.c", HELLO);
    home.write("hello.brick", "mine");
    home.lly(["compile", "hello.c", "-o", "hello.brick"])
        .exits(1)
        .says("-f");
    assert_eq!(
        std::fs::read(home.work().join("hello.brick")).unwrap(),
        b"mine"
    );
    home.lly(["compile", "hello.c", "-o", "hello.brick", "-f"])
        .success();
}

#[test]
fn what_cannot_be_compiled_is_refused_with_a_hint() {
    let home = Home::new();
    home.write("only.h", "int x;\n");
    home.write("letter.docx", "Dear");
    home.lly(["compile", "only.h", "-o", "x.brick"])
        .exits(1)
        .says("hint:");
    home.lly(["compile", "letter.docx", "-o", "x.brick"])
        .exits(1)
        .says("lly plugin install");
    home.lly(["compile", "absent.c", "-o", "x.brick"])
        .exits(1)
        .says("absent.c");
    assert!(!home.work().join("x.brick").exists());
}

#[test]
fn headers_in_folders_defines_and_several_files() {
    let home = Home::new();
    home.write("src/main.c", "#include <stdio.h>\n#include \"deep/add.h\"\nint main(void) { printf(\"%d %s\\n\", add(2, 3), NAME); }\n");
    home.write(
        "src/add.c",
        "#include <add.h>\nint add(int a, int b) { return a + b + OFFSET; }\n",
    );
    home.write(
        "src/deep/add.h",
        "#include \"../offset.inc\"\nint add(int, int);\n",
    );
    home.write("src/offset.inc", "#define OFFSET 10\n");
    let bundle = home.compile(
        "sum",
        [
            "src/main.c",
            "src/add.c",
            "-I",
            "src/deep",
            "-D",
            "NAME=\"lily\"",
        ],
    );
    assert_eq!(
        home.lly(["run".as_ref(), bundle.as_os_str()])
            .success()
            .stdout,
        "15 lily\n"
    );
}

#[test]
fn a_project_with_lly_toml_compiles_by_name_alone() {
    let home = Home::new();
    home.write("app/main.c", HELLO);
    home.write(
        "app/lly.toml",
        "name = \"greeter\"\nsources = [\"main.c\"]\nassets = \"assets\"\n",
    );
    home.write("app/assets/site.css", "body {}\n");
    home.lly_with(["compile", "-o", "greeter.brick"], b"", |command| {
        command.current_dir(home.work().join("app"));
    })
    .success();
    let bundle = home.work().join("app/greeter.brick");
    let inspected = home.json([
        "bundle".as_ref(),
        "inspect".as_ref(),
        "--full".as_ref(),
        bundle.as_os_str(),
    ]);
    let text = inspected.to_string();
    assert!(
        text.contains("greeter") && text.contains("site.css"),
        "{text}"
    );
}

#[test]
fn a_bad_lly_toml_names_the_key() {
    let home = Home::new();
    home.write("main.c", HELLO);
    home.write("lly.toml", "name = \"x\"\ncolour = \"red\"\n");
    home.lly(["compile", "main.c", "-o", "x.brick"])
        .exits(1)
        .says("colour");
}

#[test]
fn every_standard_of_the_surface_is_accepted() {
    let home = Home::new();
    home.write(
        "std.c",
        "#include <stdio.h>\nint main(void) { printf(\"%ld\\n\", __STDC_VERSION__); }\n",
    );
    home.write(
        "std.cpp",
        "#include <cstdio>\nint main() { std::printf(\"%ld\\n\", __cplusplus); }\n",
    );
    for (source, profile, says) in [
        ("std.c", "c11", "201112"),
        ("std.c", "c17", "201710"),
        ("std.c", "c23", "202311"),
        ("std.cpp", "c++17", "201703"),
        ("std.cpp", "c++20", "202002"),
        ("std.cpp", "c++23", "202302"),
    ] {
        let bundle = home.compile("std", [source, "--profile", profile]);
        let output = home.lly(["run".as_ref(), bundle.as_os_str()]).success();
        assert_eq!(output.stdout.trim(), says, "{profile}");
    }
    home.lly(["compile", "std.c", "-o", "no.brick", "--profile", "c++20"])
        .exits(1);
    home.lly(["compile", "std.c", "-o", "no.brick", "--profile", "klingon"])
        .exits(1)
        .says("klingon");
}

#[test]
fn lly_is_one_static_binary() {
    let output = std::process::Command::new("ldd")
        .arg(tests_kit::binary("lly"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("statically linked") || said.contains("not a dynamic executable"),
        "{said}"
    );
}
