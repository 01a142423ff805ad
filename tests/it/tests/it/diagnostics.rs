//! A compile error shows as clang's would.

use tests_kit::Home;

#[test]
fn an_error_has_its_place_its_line_and_a_caret() {
    let home = Home::new();
    home.write(
        "broken.c",
        "#include <stdio.h>\nint main(void) {\n    return undeclared;\n}\n",
    );
    let output = home
        .lly(["compile", "broken.c", "-o", "broken.brick"])
        .exits(1);
    let lines: Vec<&str> = output.stderr.lines().collect();
    let at = lines
        .iter()
        .position(|line| {
            line.contains("broken.c:3:12: error: use of undeclared identifier 'undeclared'")
        })
        .unwrap_or_else(|| panic!("{}", output.stderr));
    assert!(
        lines[at + 1].ends_with("    return undeclared;"),
        "{}",
        output.stderr
    );
    assert_eq!(
        lines[at + 2].find('^'),
        lines[at + 1].find("undeclared"),
        "{}",
        output.stderr
    );
    assert!(!home.work().join("broken.brick").exists());
}

#[test]
fn a_warning_does_not_stop_the_build() {
    let home = Home::new();
    home.write(
        "warn.c",
        "int main(void) { int *p = 5; return p != 0 ? 0 : 1; }\n",
    );
    let output = home.lly(["compile", "warn.c", "-o", "warn.brick", "--profile", "c11"]);
    if output.code == Some(0) {
        assert!(output.stderr.contains("warn.c:1:"), "{}", output.stderr);
    } else {
        // clang 22 makes it an error in every standard.
        assert!(
            output
                .stderr
                .contains("error: incompatible integer to pointer"),
            "{}",
            output.stderr
        );
    }
    home.write("unused.c", "int main(void) { return 1 / 0; }\n");
    home.lly(["compile", "unused.c", "-o", "unused.brick"])
        .success()
        .says("unused.c:1:27: warning: division by zero");
}

#[test]
fn an_error_in_a_header_names_the_header() {
    let home = Home::new();
    home.write("inc/bad.h", "int f(int x) {\n  return y;\n}\n");
    home.write(
        "main.c",
        "#include \"inc/bad.h\"\nint main(void) { return f(1); }\n",
    );
    home.lly(["compile", "main.c", "-o", "x.brick"])
        .exits(1)
        .says("inc/bad.h:2:10: error:");
}

#[test]
fn a_missing_header_and_a_missing_function_are_named() {
    let home = Home::new();
    home.write(
        "main.c",
        "#include \"nowhere.h\"\nint main(void) { return 0; }\n",
    );
    home.lly(["compile", "main.c", "-o", "x.brick"])
        .exits(1)
        .says("nowhere.h");
    home.write(
        "link.c",
        "int absent_function(int);\nint main(void) { return absent_function(1); }\n",
    );
    home.lly(["compile", "link.c", "-o", "x.brick"])
        .exits(1)
        .says("absent_function");
    home.write("lib.c", "int helper(void) { return 1; }\n");
    home.lly(["compile", "lib.c", "-o", "x.brick"])
        .exits(1)
        .says("main");
    assert!(!home.work().join("x.brick").exists());
}
