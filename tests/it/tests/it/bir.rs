//! `lly bir dump`: the unit table says what is in the source.

use std::path::Path;

use serde_json::Value;
use tests_kit::{Home, repository};

#[test]
fn golden_dumps() {
    let folder = repository().join("plugins/c/tests/bir");
    let mut sources: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("expected.bir.txt").is_file() || is_source(path))
        .collect();
    sources.sort();
    assert!(!sources.is_empty(), "no cases in {}", folder.display());
    let bless = std::env::var_os("BLESS").is_some();
    for case in sources {
        let (work, files, expected) = layout(&case);
        let home = Home::new();
        let mut arguments = vec!["bir".to_owned(), "dump".to_owned()];
        arguments.extend(files);
        let output = home.lly_with(&arguments, b"", |command| {
            command.current_dir(&work);
        });
        let output = output.success();
        if bless {
            std::fs::write(&expected, &output.stdout).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(
            output.stdout == wanted,
            "{}:\n{}",
            case.display(),
            output.stdout
        );
    }
}

fn is_source(path: &Path) -> bool {
    path.is_file()
        && path
            .extension()
            .is_some_and(|extension| extension == "c" || extension == "cpp")
}

/// A case is one source file, or a folder of them.
fn layout(case: &Path) -> (std::path::PathBuf, Vec<String>, std::path::PathBuf) {
    if is_source(case) {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let folder = case.parent().unwrap().to_owned();
        let stem = case.file_stem().unwrap().to_str().unwrap();
        return (
            folder.clone(),
            vec![name],
            folder.join(format!("{stem}.bir.txt")),
        );
    }
    let mut files: Vec<String> = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_source(path))
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    (case.to_owned(), files, case.join("expected.bir.txt"))
}

fn unit<'a>(program: &'a Value, name: &str) -> &'a Value {
    let units = program["units"]
        .as_array()
        .unwrap_or_else(|| panic!("{program}"));
    units
        .iter()
        .find(|unit| unit["name"] == name)
        .unwrap_or_else(|| panic!("no unit `{name}` in {program}"))
}

#[test]
fn the_json_form_has_names_places_and_digests() {
    let home = Home::new();
    home.write(
        "graph.cpp",
        "namespace shop {\nint stock = 3;\nclass Till {\n  public:\n    int take(int n);\n};\n\
         int Till::take(int n) {\n    return stock -= n;\n}\n}\n\
         __attribute__((noinline)) static int helper(int x) {\n    return x * 2;\n}\n\
         int main(int argc, char **argv) {\n    shop::Till till;\n    return till.take(helper(argc));\n}\n",
    );
    let program = home.json(["bir", "dump", "graph.cpp"]);
    let take = unit(&program, "shop::Till::take");
    assert_eq!(take["kind"], "method", "{take}");
    assert_eq!(take["signature"], "int shop::Till::take(int)", "{take}");
    assert_eq!(take["span"]["line"], 7, "{take}");
    let digest = |program: &Value, name: &str| unit(program, name)["digest"].to_string();
    let again = home.json(["bir", "dump", "graph.cpp"]);
    assert_eq!(program, again);
    assert!(digest(&program, "shop::Till::take").len() > 20);
    let dot = home.lly(["bir", "graph", "graph.cpp"]).success().stdout;
    assert!(dot.starts_with("digraph"), "{dot}");
}

/// Generated C says where its lines come from, and may say things that cannot be: such a program compiles all the same.
#[test]
fn places_that_cross_are_cut_down_to_their_first_line() {
    let home = Home::new();
    home.write(
        "made.c",
        "#include <stdio.h>\nint first(int x) {\n    puts(\"one\");\n#line 40 \"made.c\"\n    puts(\"two\");\n    return x;\n}\n\
         #line 10 \"made.c\"\nint second(int x) {\n    puts(\"three\");\n#line 60 \"made.c\"\n    puts(\"four\");\n    return x;\n}\n\
         int main(void) {\n    return first(0) + second(0);\n}\n",
    );
    let program = home.json(["bir", "dump", "made.c"]);
    let lines = |name: &str| {
        let span = &unit(&program, name)["span"];
        (span["line"].as_u64(), span["end_line"].as_u64())
    };
    assert_eq!(lines("first"), (Some(2), Some(2)));
    assert_eq!(lines("second").0, Some(10));
    assert!(lines("second").1 > Some(40), "{program}");
    home.compile("made", ["made.c"]);
}
