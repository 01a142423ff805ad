//! `lly run`: a program gets its arguments, environment and streams, and its exit code comes back.

use tests_kit::Home;

#[test]
fn arguments_environment_streams_and_exit_code_pass_through() {
    let home = Home::new();
    home.write(
        "all.c",
        r#"#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    char line[64] = "";
    for (int i = 0; i < argc; i++) printf("[%s]", argv[i]);
    printf(" %s %s\n", getenv("COLOUR"), getenv("HOME") ? "home" : "no home");
    while (fgets(line, sizeof line, stdin)) fprintf(stderr, "got %s", line);
    return 42;
}
"#,
    );
    home.compile("all", ["all.c"]);
    let output = home
        .lly_with(
            [
                "run",
                "all.brick",
                "--env",
                "COLOUR=red",
                "--",
                "one",
                "--two",
            ],
            b"first\nsecond\n",
            |_| {},
        )
        .exits(42);
    assert_eq!(output.stdout, "[all][one][--two] red no home\n");
    assert_eq!(output.stderr, "got first\ngot second\n");
}

#[test]
fn a_trap_names_the_source_line_and_exits_6() {
    let home = Home::new();
    home.write(
        "trap.c",
        "#include <stdlib.h>\nstatic __attribute__((noinline)) int deep(int *p) {\n    if (*p) abort();\n    return *p;\n}\nint main(int argc, char **argv) {\n    int x = argc;\n    return deep(&x);\n}\n",
    );
    home.compile("trap", ["trap.c"]);
    home.lly(["run", "trap.brick"]).exits(6).says("trap.c:3");
}

#[test]
fn an_endless_program_ends_at_its_timeout() {
    let home = Home::new();
    home.write(
        "loop.c",
        "int main(void) { for (volatile int i = 0;; i++) {} }\n",
    );
    home.compile("loop", ["loop.c"]);
    let output = home.lly(["run", "loop.brick", "--timeout", "1"]);
    assert_ne!(output.code, Some(0));
    assert!(
        output.stderr.contains("1 s")
            || output.stderr.contains("timeout")
            || output.stderr.contains("deadline"),
        "{}",
        output.stderr
    );
}

#[test]
fn modern_cpp_runs_with_exceptions_format_regex_and_ranges() {
    let home = Home::new();
    home.write(
        "modern.cpp",
        r#"#include <algorithm>
#include <filesystem>
#include <format>
#include <iostream>
#include <map>
#include <memory>
#include <ranges>
#include <regex>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <vector>

struct Shape { virtual ~Shape() = default; virtual double area() const = 0; };
struct Square : Shape { double side; explicit Square(double s) : side(s) {} double area() const override { return side * side; } };
struct Guard { std::string name; ~Guard() { std::cout << "unwound " << name << "\n"; } };

[[noreturn]] static void thrower(int depth) {
    Guard guard{std::format("frame {}", depth)};
    if (depth == 0) throw std::out_of_range("bottom");
    thrower(depth - 1);
}

int main() {
    try { thrower(2); } catch (const std::exception &e) { std::cout << "caught " << e.what() << "\n"; }
    try { std::vector<int> v(3); v.at(7) = 1; } catch (const std::out_of_range &) { std::cout << "range checked\n"; }
    std::unique_ptr<Shape> shape = std::make_unique<Square>(3);
    std::cout << std::format("{:.1f} {}\n", shape->area(), dynamic_cast<Square *>(shape.get()) != nullptr);
    std::smatch match;
    std::string text = "lily-2026";
    if (std::regex_match(text, match, std::regex("([a-z]+)-(\\d+)"))) std::cout << match[1] << " " << match[2] << "\n";
    auto even = std::views::iota(1, 10) | std::views::filter([](int i) { return i % 2 == 0; });
    for (int i : even) std::cout << i << ' ';
    std::map<std::string, int> count{{"b", 2}, {"a", 1}};
    for (auto &[key, value] : count) std::cout << key << value << ' ';
    std::cout << std::filesystem::path("/a/b.txt").stem().string() << std::endl;
    return 0;
}
"#,
    );
    home.compile("modern", ["modern.cpp"]);
    let output = home.lly(["run", "modern.brick"]).success();
    assert_eq!(
        output.stdout,
        "unwound frame 0\nunwound frame 1\nunwound frame 2\ncaught bottom\nrange checked\n9.0 true\nlily 2026\n2 4 6 8 a1 b2 b\n"
    );
}

#[test]
fn setjmp_and_longjmp_work() {
    let home = Home::new();
    home.write(
        "jump.c",
        r#"#include <setjmp.h>
#include <stdio.h>
static jmp_buf here;
static void leap(int n) { if (n == 0) longjmp(here, 7); leap(n - 1); }
int main(void) {
    int code = setjmp(here);
    if (code == 0) { puts("set"); leap(5); }
    printf("came back with %d\n", code);
}
"#,
    );
    home.compile("jump", ["jump.c"]);
    assert_eq!(
        home.lly(["run", "jump.brick"]).success().stdout,
        "set\ncame back with 7\n"
    );
}

#[test]
fn bytes_that_are_no_bundle_are_refused() {
    let home = Home::new();
    home.write("text.brick", "not a bundle");
    home.lly(["run", "text.brick"]).exits(1).says("text.brick");
    home.lly(["run", "absent.brick"])
        .exits(1)
        .says("absent.brick");
}

#[test]
fn a_source_file_is_compiled_and_run() {
    let home = Home::new();
    home.write(
        "say.c",
        "#include <stdio.h>\nint main(int n, char **v) { for (int i = 0; i < n; i++) puts(v[i]); return n - 1; }\n",
    );
    let ran = home.lly(["run", "say.c", "--", "--loud", "x"]).exits(2);
    assert_eq!(ran.stdout, "say\n--loud\nx\n");
    // Nothing was written, and what does not compile does not run.
    let files: Vec<_> = std::fs::read_dir(home.work()).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    home.write("wrong.c", "int main(void) { return x; }\n");
    home.lly(["run", "wrong.c"]).exits(1).says("wrong.c:1");
    home.write("poem.odd", "roses\n");
    home.lly(["run", "poem.odd"])
        .exits(1)
        .says("no frontend compiles `.odd`");
}

#[test]
fn a_program_sees_the_folders_that_it_is_given() {
    let home = Home::new();
    home.write(
        "look.c",
        r#"#include <stdio.h>
int main(void) {
    char line[32] = "nothing";
    FILE *file = fopen("/data/in.txt", "r");
    if (file) { fgets(line, sizeof line, file); fclose(file); }
    FILE *out = fopen("/data/out.txt", "w");
    if (out) { fputs("written", out); fclose(out); }
    printf("%s %s\n", line, out ? "written" : "refused");
    return 0;
}
"#,
    );
    home.compile("look", ["look.c"]);
    std::fs::create_dir(home.work().join("shelf")).unwrap();
    home.write("shelf/in.txt", "found");
    let look = |dir: &str| {
        home.lly(["run", "look.brick", "--dir", dir])
            .success()
            .stdout
    };
    assert_eq!(
        home.lly(["run", "look.brick"]).success().stdout,
        "nothing refused\n"
    );
    assert_eq!(look("/data=shelf:ro"), "found refused\n");
    assert!(!home.work().join("shelf/out.txt").exists());
    assert_eq!(look("/data=shelf"), "found written\n");
    assert_eq!(
        std::fs::read(home.work().join("shelf/out.txt")).unwrap(),
        b"written"
    );
    home.lly(["run", "look.brick", "--dir", "/data=absent"])
        .exits(1)
        .says("`absent`");
    home.lly(["run", "look.brick", "--dir", "data"])
        .says("GUEST=HOST");
    home.lly([
        "run",
        "look.brick",
        "--dir",
        "/data=shelf",
        "--listen",
        "127.0.0.1:0",
    ])
    .exits(1)
    .says("no folders");
}
