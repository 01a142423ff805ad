//! From files to BIR: what is found, what is left out, what is joined, and what is said about mistakes.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use lly_bir::{Call, Program};
use plugins_js::lower::{Payload, lower};
use plugins_js::types::{Diagnostic, Lowered, Options, Severity, SourceFile};

fn options() -> Options {
    Options {
        name: "app".to_owned(),
        profile: None,
        optimization: 2,
        debug_info: false,
        defines: Vec::new(),
        include_dirs: Vec::new(),
        flags: Vec::new(),
    }
}

fn lowered(files: &[(&str, &str)]) -> Result<Lowered, Vec<Diagnostic>> {
    let all: Vec<SourceFile> = files
        .iter()
        .map(|(path, text)| SourceFile {
            path: (*path).to_owned(),
            contents: text.as_bytes().to_vec(),
        })
        .collect();
    lower(&all[..1], &all[1..], &options())
}

fn program(files: &[(&str, &str)]) -> Program {
    let lowered = lowered(files).unwrap();
    Program::decode(&lowered.bir).unwrap()
}

fn payload(program: &Program, path: &str) -> Payload {
    let object = program
        .objects
        .iter()
        .find(|object| object.name == path)
        .unwrap();
    serde_json::from_slice(&object.bytes).unwrap()
}

fn calls(program: &Program, unit: &str) -> Vec<String> {
    let unit = program.units.iter().find(|one| one.name == unit).unwrap();
    let name = |call: &Call| match call {
        Call::Unit(at) => program.units[*at as usize].name.clone(),
        Call::External(name) => format!("<{name}>"),
    };
    unit.calls.iter().map(name).collect()
}

/// `path:line:column: message`, one for each.
fn mistakes(files: &[(&str, &str)]) -> Vec<String> {
    let line = |one: Diagnostic| {
        let path = one.path.unwrap_or_default();
        format!("{path}:{}:{}: {}", one.line, one.column, one.message)
    };
    lowered(files).unwrap_err().into_iter().map(line).collect()
}

#[test]
fn calls_go_through_modules_that_pass_names_on() {
    let program = program(&[
        (
            "src/app.ts",
            "import { add as plus, Box } from './all.js'; import * as all from './all';\nexport default { fetch() { return plus(new Box().n, all.twice(2)); } };",
        ),
        (
            "src/all.ts",
            "export * from './math'; export { default as Box } from './box';",
        ),
        (
            "src/math.ts",
            "export function add(a: number, b: number) { return a + b; }\nexport const twice = (n: number) => add(n, n);\nexport const unused = () => 0;",
        ),
        (
            "src/box.ts",
            "export default class Box { n = 1; constructor() { made += 1; } }\nexport let made = 0;",
        ),
    ]);
    assert_eq!(
        calls(&program, "default.fetch"),
        ["add", "Box", "Box.constructor", "twice"]
    );
    assert_eq!(calls(&program, "twice"), ["add"]);
    assert_eq!(calls(&program, "src/app.ts"), ["src/all.ts"]);
    let names: Vec<&str> = program
        .units
        .iter()
        .map(|unit| unit.name.as_str())
        .collect();
    assert!(
        names.contains(&"unused"),
        "a namespace keeps all: {names:?}"
    );
    let fetch = program
        .units
        .iter()
        .find(|unit| unit.name == "default.fetch")
        .unwrap();
    assert!(fetch.address_taken);
    assert_eq!(fetch.span.as_ref().unwrap().line, 2);
}

#[test]
fn what_nobody_needs_is_left_out() {
    let program = program(&[
        (
            "app.js",
            "import { used } from './lib.js'; import './acts.js'; console.log(used());",
        ),
        (
            "lib.js",
            "import { deep } from './deep.js'; import { other } from 'pure';\nexport const used = () => 1; export function unused() { return deep() + other(); }\nconst table = { a: 1 }; export const also = () => table;",
        ),
        ("acts.js", "globalThis.x = 1; export const y = 2;"),
        ("deep.js", "export const deep = () => 1;"),
        (
            "node_modules/pure/package.json",
            r#"{"name":"pure","sideEffects":false,"type":"module"}"#,
        ),
        (
            "node_modules/pure/index.js",
            "export const other = () => console.log(1); other();",
        ),
    ]);
    let paths: Vec<&str> = program
        .objects
        .iter()
        .map(|object| object.name.as_str())
        .collect();
    assert_eq!(paths, ["app.js", "lib.js", "acts.js", "deep.js"]);
    assert_eq!(
        payload(&program, "lib.js").code,
        "import \"./deep.js\";\nexport const used = () => 1;\n"
    );
    assert_eq!(payload(&program, "acts.js").code, "globalThis.x = 1;\n");
    assert!(!program.units.iter().any(|unit| unit.name == "unused"));
    assert!(!program.data.iter().any(|data| data.name == "table"));
}

#[test]
fn state_is_shared_across_modules() {
    let program = program(&[
        (
            "app.js",
            "import { hits, seen } from './state.js'; export function hit() { seen.add(1); return hits; }",
        ),
        (
            "state.js",
            "export let hits = 0; export const seen = new Set(); export function reset() { hits = 0; }",
        ),
    ]);
    let data: Vec<&str> = program
        .data
        .iter()
        .map(|data| data.symbol.as_str())
        .collect();
    assert_eq!(data, ["state.js#hits", "state.js#seen"]);
    let hit = program
        .units
        .iter()
        .find(|unit| unit.name == "hit")
        .unwrap();
    assert_eq!(
        (
            hit.reads.as_slice(),
            hit.writes.as_slice(),
            hit.escapes.as_slice()
        ),
        (&[0, 1][..], &[1][..], &[0][..])
    );
}

#[test]
fn commonjs_json_and_text() {
    let program = program(&[
        (
            "app.mjs",
            "import lib, { a } from './lib.cjs'; import data from './data.json'; import page from './page.html';\na(); lib.b(data, page);",
        ),
        (
            "lib.cjs",
            "const path = require('path'); const { helper } = require('./helper');\nexports.a = function () { return helper(); }; exports.b = () => path.join('a');",
        ),
        (
            "helper.js",
            "function helper() {} module.exports = { helper };",
        ),
        ("data.json", "{\"a\": 1}"),
        ("page.html", "<p>"),
    ]);
    assert_eq!(payload(&program, "lib.cjs").kind, "commonjs");
    let links = payload(&program, "lib.cjs").links;
    assert_eq!(links[0].target.as_deref(), Some("node:path"));
    assert_eq!(links[1].target.as_deref(), Some("helper.js"));
    assert_eq!(payload(&program, "data.json").kind, "json");
    assert_eq!(payload(&program, "page.html").code, "<p>");
    assert!(program.units[0].calls_indirect);
}

#[test]
fn mistakes_are_said_at_their_place() {
    assert_eq!(
        mistakes(&[("a.ts", "let x: = 1;")]),
        ["a.ts:1:8: unexpected token"]
    );
    assert_eq!(
        mistakes(&[
            ("a.js", "import { b, c as d } from './b.js';\nb(); d();"),
            ("b.js", "export const b = 1;")
        ]),
        ["a.js:1:27: `./b.js` has no export `c`"]
    );
    let absent = mistakes(&[("a.js", "\n  import 'hono';")]);
    assert_eq!(absent.len(), 1);
    assert!(
        absent[0].starts_with("a.js:2:10: there is no package `hono`"),
        "{absent:?}"
    );
    let twice = mistakes(&[("a.js", "let a; let a;")]);
    assert!(
        twice[0].starts_with("a.js:1:5: identifier `a` has already been declared"),
        "{twice:?}"
    );
    assert_eq!(
        mistakes(&[("a.js", "import './b.js';"), ("b.js", "("), ("c.js", "(")]).len(),
        1
    );
}

#[test]
fn every_module_with_a_mistake_is_said() {
    let all = mistakes(&[
        ("a.js", "import './b.js'; import './c.js';"),
        ("b.js", "("),
        ("c.js", ")"),
    ]);
    assert!(
        all.iter().any(|one| one.starts_with("b.js:1:"))
            && all.iter().any(|one| one.starts_with("c.js:1:")),
        "{all:?}"
    );
}

#[test]
fn a_require_that_leads_nowhere_is_a_warning() {
    let lowered = lowered(&[("a.cjs", "try { require('fsevents') } catch {}")]).unwrap();
    assert_eq!(lowered.diagnostics.len(), 1);
    assert_eq!(lowered.diagnostics[0].severity, Severity::Warning);
}

#[test]
fn a_module_for_bundlers_has_require_and_others_have_not() {
    let text = "import './b.js'; export const c = require('./c.cjs');";
    let files = |path| [(path, text), ("b.js", ""), ("c.cjs", "module.exports = 1;")];
    let bundlers = program(&files("a.js"));
    let one = payload(&bundlers, "a.js");
    assert!(one.code.contains("function require("), "{}", one.code);
    let last = one.links.last().unwrap();
    assert_eq!(
        (last.target.as_deref(), last.is_required),
        (Some("node:module"), false)
    );
    let nodes = program(&files("a.mjs"));
    assert!(!payload(&nodes, "a.mjs").code.contains("function require("));
}

#[test]
fn a_name_from_several_stars_is_refused_unless_it_is_the_same() {
    let modules = |b: &'static str| {
        [
            ("app.ts", "import { x } from './all'; console.log(x);"),
            (
                "all.ts",
                "export * from './a'; export * from './b'; export * from './c.cjs';",
            ),
            ("a.ts", "export const x = 1;"),
            ("b.ts", b),
            ("c.cjs", "exports.x = 3;"),
        ]
    };
    assert_eq!(
        mistakes(&modules("export const x = 2;")),
        [
            "app.ts:1:19: `./all` has the export `x` from more than one `export *`: say there which one it is, with `export { x } from …`"
        ]
    );
    let program = program(&modules("export { x } from './a';"));
    assert!(payload(&program, "a.ts").code.contains("x = 1"));
}

#[test]
fn what_a_package_has_for_node_alone_is_taken() {
    let manifest =
        r#"{"exports":{"node":{"import":"./node.mjs","require":"./node.cjs"},"browser":"./b.js"}}"#;
    let both = r#"{"exports":{"node":"./node.mjs","default":"./any.mjs"}}"#;
    let program = program(&[
        ("app.mjs", "import 'one'; import 'two'; import './old.cjs';"),
        ("old.cjs", "require('one');"),
        ("node_modules/one/package.json", manifest),
        ("node_modules/one/node.mjs", "console.log(1)"),
        ("node_modules/one/node.cjs", "console.log(1)"),
        ("node_modules/two/package.json", both),
        ("node_modules/two/any.mjs", "console.log(2)"),
        ("node_modules/two/node.mjs", "console.log(2)"),
    ]);
    let targets = |path: &str| -> Vec<String> {
        let links = payload(&program, path).links;
        links.into_iter().filter_map(|link| link.target).collect()
    };
    assert_eq!(
        targets("app.mjs"),
        [
            "node_modules/one/node.mjs",
            "node_modules/two/any.mjs",
            "old.cjs"
        ]
    );
    assert_eq!(targets("old.cjs"), ["node_modules/one/node.cjs"]);
}

#[test]
fn the_map_leads_back_to_the_users_line() {
    let program = program(&[(
        "a.ts",
        "interface A {\n  x: number\n}\n\nexport const f = (a: A) => {\n  throw new Error('here');\n};\n",
    )]);
    let payload = payload(&program, "a.ts");
    let line = payload
        .code
        .lines()
        .position(|line| line.contains("throw"))
        .unwrap();
    let map: serde_json::Value = serde_json::from_str(payload.map.as_deref().unwrap()).unwrap();
    assert_eq!(map["sources"][0], "a.ts");
    let lines: Vec<&str> = map["mappings"].as_str().unwrap().split(';').collect();
    assert!(!lines[line].is_empty());
}

#[test]
fn digests_change_with_what_they_cover_and_with_nothing_else() {
    let digest = |text: &str, name: &str| {
        let program = program(&[
            (
                "a.ts",
                "import { g } from './b'; export const f = () => g();\nexport const alone = () => 1;",
            ),
            ("b.ts", text),
        ]);
        let unit = program.units.iter().find(|unit| unit.name == name).unwrap();
        unit.digest
    };
    let one = "export function g() { return 1; }";
    let same = "// a comment\nexport function g(): number {\n  return 1;\n}";
    let other = "export function g() { return 2; }";
    for name in ["f", "g", "alone"] {
        assert_eq!(digest(one, name), digest(same, name), "{name}");
    }
    assert_ne!(digest(one, "f"), digest(other, "f"));
    assert_eq!(digest(one, "alone"), digest(other, "alone"));
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let files = [
        (
            "a.ts",
            "import { b } from './b'; import c from './c.json'; export default { fetch: () => b(c) };",
        ),
        (
            "b.ts",
            "let n = 0; export const b = (x: unknown) => [x, n++];",
        ),
        ("c.json", "[1]"),
    ];
    assert_eq!(lowered(&files).unwrap().bir, lowered(&files).unwrap().bir);
}

#[test]
fn node_env_is_known_and_decides() {
    let program = program(&[
        (
            "a.cjs",
            "if (process.env.NODE_ENV === 'production') { module.exports = require('./p.cjs'); } else { module.exports = require('./d.cjs'); }",
        ),
        ("p.cjs", "exports.p = 1;"),
        ("d.cjs", "exports.d = 1;"),
    ]);
    let paths: Vec<&str> = program
        .objects
        .iter()
        .map(|object| object.name.as_str())
        .collect();
    assert_eq!(paths, ["a.cjs", "p.cjs"]);
}

const ALIASES: &str = r#"{
  // As `npm create` writes it.
  "compilerOptions": { "paths": { "@/*": ["./src/*"], }, },
}"#;

#[test]
fn tsconfig_gives_files_other_names() {
    let program = program(&[
        (
            "src/app.ts",
            "import { one } from '@/lib/one'; const two = require('@/two'); console.log(one(), two);",
        ),
        ("tsconfig.json", ALIASES),
        (
            "src/lib/one.ts",
            "import { three } from '@/three.js'; export const one = () => three;",
        ),
        ("src/two.cjs", "module.exports = 2;"),
        ("src/three.ts", "export const three = 3;"),
    ]);
    let links = payload(&program, "src/app.ts").links;
    let targets = links.iter().map(|link| link.target.as_deref());
    let targets: Vec<_> = targets.take(2).collect();
    assert_eq!(targets, [Some("src/lib/one.ts"), Some("src/two.cjs")]);
    let links = payload(&program, "src/lib/one.ts").links;
    assert_eq!(links[0].target.as_deref(), Some("src/three.ts"));
    let names = program.objects.iter().map(|object| object.name.as_str());
    assert!(!names.collect::<Vec<_>>().contains(&"tsconfig.json"));
}

#[test]
fn a_name_that_leads_nowhere_is_said_with_what_was_tried() {
    assert_eq!(
        mistakes(&[("src/app.ts", "import '@/db';"), ("tsconfig.json", ALIASES)]),
        [
            "src/app.ts:1:8: there is no file for `@/db`: `@/*` in `paths` of `tsconfig.json` leads to `src/db`"
        ]
    );
}

#[test]
fn a_tsconfig_that_is_none_is_said_at_its_place() {
    assert_eq!(
        mistakes(&[
            ("a.ts", "import './b'"),
            ("b.ts", ""),
            (
                "tsconfig.json",
                "{\n  \"compilerOptions\": {\n    \"paths\" {}\n  }\n}"
            )
        ]),
        ["tsconfig.json:3:13: the configuration cannot be read: expected `:`"]
    );
    let lowered = lowered(&[("a.ts", ""), ("tsconfig.json", "{\"extends\":\"gone\"}")]).unwrap();
    assert_eq!(lowered.diagnostics.len(), 1);
    assert_eq!(lowered.diagnostics[0].severity, Severity::Warning);
}

#[test]
fn tsconfig_says_what_becomes_of_jsx() {
    let code = |options: &str, text: &str| {
        let config = format!("{{\"compilerOptions\":{{{options}}}}}");
        let h = "export const h = (...all) => all; export const Fragment = 1;";
        let program = program(&[
            ("src/app.tsx", text),
            ("tsconfig.json", &config),
            ("src/h.js", h),
            (
                "node_modules/hono/jsx/jsx-runtime.js",
                "export const jsx = 1, jsxs = 2, Fragment = 3;",
            ),
            (
                "node_modules/react/jsx-runtime.js",
                "export const jsx = 1, jsxs = 2, Fragment = 3;",
            ),
        ]);
        payload(&program, "src/app.tsx").code
    };
    let text = "import { h, Fragment } from './h.js'; console.log(<><a /></>);";
    let classic = code(
        r#""jsx":"react","jsxFactory":"h","jsxFragmentFactory":"Fragment""#,
        text,
    );
    assert!(classic.contains("import { h, Fragment }"), "{classic}");
    assert!(classic.contains("h(Fragment, null,"), "{classic}");
    let text = "export default 1; console.log(<a />);";
    let named = code(r#""jsx":"react-jsx","jsxImportSource":"hono/jsx""#, text);
    assert!(named.contains("from \"hono/jsx/jsx-runtime\""), "{named}");
    for said in ["", r#""jsx":"preserve""#, r#""jsx":"react-jsxdev""#] {
        let code = code(said, text);
        assert!(code.contains("from \"react/jsx-runtime\""), "{code}");
    }
}

#[test]
fn verbatim_modules_keep_what_they_import() {
    let objects = |verbatim: bool| {
        let config = format!("{{\"compilerOptions\":{{\"verbatimModuleSyntax\":{verbatim}}}}}");
        let program = program(&[
            (
                "a.ts",
                "import { b } from './b'; import type { C } from './c'; const x: typeof b = 1; console.log(x);",
            ),
            ("tsconfig.json", &config),
            ("b.ts", "console.log('b'); export const b = 1;"),
            ("c.ts", "console.log('c'); export type C = 1;"),
        ]);
        let names = program.objects.into_iter().map(|object| object.name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(objects(false), ["a.ts"]);
    assert_eq!(objects(true), ["a.ts", "b.ts"]);
}

const DECORATED: &str = "const seen: string[] = [];
const note = (name: string) => (...all: any[]) => { seen.push(`${name} ${all.length}`); };
@note('class') export class Box {
  @note('field') width: number;
  height = 1;
  constructor(private size: number) {}
  @note('method') area(@note('parameter') by: number, size?: Size) { return this.size * by; }
}
console.log(seen, new Box(2));
";

#[test]
fn typescripts_own_decorators_are_compiled() {
    let config =
        r#"{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":true}}"#;
    let text = format!("import {{ Size }} from './size';\n{DECORATED}");
    let program = program(&[
        ("src/app.ts", &text),
        ("tsconfig.json", config),
        ("src/size.ts", "export class Size { n = 1; }"),
    ]);
    let app = payload(&program, "src/app.ts");
    assert!(!app.code.contains("@note"), "{}", app.code);
    for name in ["decorate", "decorateParam", "decorateMetadata"] {
        let import = format!("import _{name} from \"@lily/decorators/helpers/{name}\";");
        assert!(app.code.contains(&import), "{}", app.code);
        let path = format!("node_modules/@lily/decorators/helpers/{name}.cjs");
        let is_linked = |link: &plugins_js::lower::Link| link.target.as_ref() == Some(&path);
        assert!(app.links.iter().any(is_linked), "{:?}", app.links);
        let own = payload(&program, &path).code;
        assert!(own.contains(&format!("function {name}")), "{own}");
    }
    // What a decorator is told of a type is more than a type.
    for kept in ["import { Size }", "const note =", "[Number, "] {
        assert!(app.code.contains(kept), "no `{kept}` in {}", app.code);
    }
}

#[test]
fn decorators_that_nobody_compiles_are_said() {
    assert_eq!(
        mistakes(&[("src/app.ts", "function a(x) {}\n  @a class B {}")]),
        [
            "src/app.ts:2:3: the engine has no decorators: those of TypeScript are compiled with \"experimentalDecorators\": true in tsconfig.json"
        ]
    );
    let plain = program(&[("src/app.ts", "// @a class\nconsole.log('@');")]);
    assert_eq!(plain.objects.len(), 1);
}

#[test]
fn fields_are_assigned_where_the_target_says_so() {
    let code = |options: &str| {
        let config = format!("{{\"compilerOptions\":{{{options}}}}}");
        let text = "export class A { wide: number; y = 1; } console.log(new A());";
        let program = program(&[("a.ts", text), ("tsconfig.json", &config)]);
        payload(&program, "a.ts").code
    };
    for options in [
        "\"target\":\"ES2021\"",
        "\"useDefineForClassFields\":false",
        "\"target\":\"esnext\",\"useDefineForClassFields\":false",
    ] {
        let code = code(options);
        assert!(
            code.contains("this.y = 1") && !code.contains("wide"),
            "{code}"
        );
    }
    for options in [
        "",
        "\"target\":\"ES2022\"",
        "\"target\":\"es5\",\"useDefineForClassFields\":true",
    ] {
        let code = code(options);
        assert!(
            code.contains("\ty = 1;") && code.contains("\twide;"),
            "{code}"
        );
    }
}
