//! Plugins in JavaScript: what is loaded when they are built, what is refused, and what is told when they throw.

use serde_json::Value;
use tests_kit::{Fleet, Home, Output};

/// A placement policy that answers; what stands before it is the test's.
const CHOOSE: &str = "export function choose(request, caps) {
    return { cap: caps.placements.length > 0 ? 0 : null, reason: \"the first\" };
}
";

/// Begins `project` of the world, with `text` as its code.
fn project(home: &Home, world: &str, text: &str) {
    home.lly(["plugin", "new", "--world", world, "--lang", "js", "project"])
        .success();
    home.write("project/plugin.js", text);
}

fn build(home: &Home) -> Output {
    home.lly(["plugin", "build", "project"])
}

/// What `lly plugin build` says about code that cannot be loaded: one sentence, and no package.
fn refused(home: &Home, text: &str) -> String {
    home.write("project/plugin.js", text);
    let output = build(home).exits(1);
    let (errors, panics) = (
        output.stderr.matches("error: ").count(),
        output.stderr.contains("panicked"),
    );
    assert!(errors == 1 && !panics, "{}", output.stderr);
    assert!(!home.work().join("project/project.plugin").exists());
    output.stderr
}

/// The cases of `lly plugin test` that do not hold, with the reason.
fn failed(home: &Home) -> Vec<String> {
    let output = home.lly(["plugin", "test", "project", "--json"]).exits(1);
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    let cases = report["cases"].as_array().unwrap().iter();
    cases
        .filter_map(|case| Some(case["failed"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn what_is_wrong_with_the_code_is_said_with_its_line() {
    let home = Home::with_own_plugins();
    project(&home, "placement-policy", CHOOSE);
    let says = |text: &str, words: &str| {
        let said = refused(&home, text);
        assert!(said.contains(words), "{said}");
    };
    says(
        "export function choose() {\n    return { cap: ;\n}\n",
        "error: plugin.js:2:19: unexpected token in expression: ';'",
    );
    says(
        "function load() {\n    null.x;\n}\nload();\n",
        "error: plugin.js:2:5: cannot read property 'x' of null",
    );
    says("throw \"words\";\n", "throws \"words\" while it is loaded");
    says(
        "export function chose() {}\n",
        "error: plugin.js exports no function `choose`",
    );
    says(
        "await new Promise(() => {});\n",
        "awaits something that never happens",
    );
    home.write("project/deep/lib.js", "export const one = ;\n");
    says(
        "import { one } from \"./deep/lib.js\";\n",
        "error: deep/lib.js:1:20: unexpected token",
    );
    home.write("project/deep/lib.js", "export const one = 1;\n");
    says(
        "import { two } from \"./deep/lib.js\";\n",
        "export 'two' in module 'deep/lib.js'",
    );
}

#[test]
fn loading_has_no_authority_and_comes_to_an_end() {
    let home = Home::with_own_plugins();
    project(&home, "placement-policy", CHOOSE);
    home.write("secret.js", "export default 1;\n");
    std::os::unix::fs::symlink("../secret.js", home.work().join("project/link.js")).unwrap();
    let says = |text: &str, words: &str| {
        let said = refused(&home, text);
        assert!(said.contains(words), "{said}");
    };
    for outside in ["../secret.js", "./link.js", "./../project/../secret.js"] {
        says(
            &format!("import secret from \"{outside}\";\n"),
            &format!("error: plugin.js: `{outside}` is outside of the project"),
        );
    }
    says(
        "import \"./none.js\";\n",
        "plugin.js: there is no `./none.js`",
    );
    for nobody in [
        "left-pad",
        "node:fs",
        "/etc/passwd",
        "wasi:cli/stdout@0.2.0",
    ] {
        says(
            &format!("import it from \"{nobody}\";\n"),
            &format!("plugin.js: `{nobody}` is not to be had"),
        );
    }
    says(
        "for (;;) {}\n",
        "error: `plugin.js` does not come to an end while it is loaded",
    );
    says(
        "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));\n",
        "out of memory",
    );
    says(
        "function deeper() { return deeper() + 1; }\ndeeper();\n",
        "calls nest too deep",
    );
}

#[test]
fn what_is_loaded_is_kept_and_is_the_same_everywhere() {
    let home = Home::with_own_plugins();
    // The clock stands, chance is the same for everybody, and a table is computed once.
    let text = "import { table } from \"./deep/table.js\";
        const seen = [Date.now(), Math.random(), new Date().getTimezoneOffset(), table.length, typeof process].join(\" \");
        console.log(\"loaded\", seen, [1, 2]);
        export function choose(request, caps) {
            console.log(\"nobody hears this\");
            import(\"./later.js\").catch(() => {});
            return { cap: caps.placements.length > 0 ? 0 : null, reason: `${seen} ${Math.random()} ${Date.now()}` };
        }\n";
    project(&home, "placement-policy", text);
    home.write(
        "project/deep/table.js",
        "import { size } from \"../size.js\";\nexport const table = Array.from({ length: size }, (_, index) => index);\n",
    );
    home.write("project/size.js", "export const size = 50000;\n");
    let built = build(&home).success();
    assert!(
        built.stderr.contains("loaded 0 0.") && built.stderr.contains(" 0 50000 undefined [1,2]"),
        "{}",
        built.stderr
    );
    home.lly(["plugin", "test", "project"]).success();
    let package = std::fs::read(home.work().join("project/project.plugin")).unwrap();
    // Another folder, another home, another time.
    let other = Home::with_own_plugins();
    for name in ["plugin.js", "plugin.json", "deep/table.js", "size.js"] {
        let text = std::fs::read(home.work().join("project").join(name)).unwrap();
        other.write(&format!("far/away/{name}"), text);
    }
    other
        .lly(["plugin", "build", "far/away", "-o", "again.plugin"])
        .success();
    assert!(std::fs::read(other.work().join("again.plugin")).unwrap() == package);
}

#[test]
fn what_is_thrown_later_ends_the_call_with_its_words() {
    let home = Home::with_own_plugins();
    project(
        &home,
        "placement-policy",
        "export function choose(request, caps) {\n    return caps.placements.map((one) => one.x.y);\n}\n",
    );
    let reasons = failed(&home);
    let threw = "it threw TypeError: cannot read property 'y' of undefined (plugin.js:2:41)";
    assert!(
        reasons.iter().any(|reason| reason.contains(threw)),
        "{reasons:?}"
    );
    home.write(
        "project/plugin.js",
        "export function choose() {\n    return { cap: null };\n}\n",
    );
    let reasons = failed(&home);
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("it threw expected string")),
        "{reasons:?}"
    );
    home.write(
        "project/plugin.js",
        "export function choose() {\n    for (;;) {}\n}\n",
    );
    let reasons = failed(&home);
    assert!(
        reasons
            .iter()
            .all(|reason| reason.contains("did not decide in time")),
        "{reasons:?}"
    );

    // A verb, as its user sees it.
    let home = Home::with_own_plugins();
    let text = "export function usage() {\n    return { summary: \"It throws.\", help: \"It throws.\\n\" };\n}\n\
                export function run(args) {\n    throw new RangeError(`${args[0]} is too much`);\n}\n";
    project(&home, "command", text);
    build(&home).success();
    home.lly(["plugin", "install", "project/project.plugin", "--grant"])
        .success();
    home.lly(["project", "seven"]).exits(1).says(
        "the plugin `project` 0.1.0 failed in `run`: it threw RangeError: seven is too much (plugin.js:5:29)",
    );
}

#[test]
fn a_policy_decides_in_a_fleet_and_its_exceptions_are_shown() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 2);
    let home = &fleet.home;
    home.write(
        "hello.c",
        "#include <stdio.h>\nint main(void) { printf(\"hello\"); return 0; }\n",
    );
    home.lly(["compile", "hello.c", "-o", "hello.brick"])
        .success();
    // The last host, so that no other policy can have decided; and nothing where a region is wished for.
    project(
        home,
        "placement-policy",
        "export function choose(request, caps) {
    if (request.region !== null) throw new Error(`where is ${request.region}`);
    return { cap: caps.placements.length - 1, reason: `the last of ${caps.placements.length}` };
}
",
    );
    build(home).success();
    fleet
        .lly(["fleet", "policy", "set", "project/project.plugin"])
        .success();
    let deploy = |more: &[&str]| {
        let words = ["void", "deploy", "hello.brick", "--json"];
        let output = fleet
            .lly(words.into_iter().chain(more.iter().copied()))
            .success();
        serde_json::from_str::<Value>(output.stdout.lines().last().unwrap()).unwrap()
    };
    assert_eq!(deploy(&[])["cap"], "cap-2");
    let told = home.json(["fleet", "policy", "list"]);
    let decision = &told["decisions"][0];
    assert_eq!(decision["reason"], "the last of 2", "{told}");
    assert_eq!(decision["policy"]["name"], "project", "{told}");
    deploy(&["--region", "nowhere"]);
    let told = home.json(["fleet", "policy", "list"]);
    let fault = told.to_string();
    assert!(
        fault.contains("it threw Error: where is nowhere (plugin.js:2:"),
        "{told}"
    );
}
