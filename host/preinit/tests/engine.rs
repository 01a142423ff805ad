//! The engine of programs in JavaScript, as `cargo xtask setup` made it, driven as its hosts drive it: `add`, `evaluate`,
//! `hook`, and one import that records what it is asked.

#[path = "engine/machine.rs"]
mod machine;

use host_web::Value;
use machine::{Machine, Row, deep};

const REQUEST: f64 = 1_099_511_627_776.0;

fn request(machine: &mut Machine, path: &str) -> Vec<Value<'static>> {
    let headers = Value::List(vec![Value::from("host"), Value::from("x.test")]);
    let url = format!("http://x.test{path}");
    machine.hook(
        "request",
        &[
            REQUEST.into(),
            "GET".into(),
            url.into(),
            headers,
            false.into(),
        ],
    );
    machine
        .answers
        .lock()
        .expect("no panic")
        .pop()
        .expect("an answer")
}

fn body(answer: &[Value<'_>]) -> String {
    answer[4].as_text().expect("a text").to_owned()
}

#[test]
fn a_server_is_evaluated_at_build_and_answers() {
    let mut machine = Machine::new(1);
    let code = "let n = 0; export default { fetch(request) { return new Response(`${++n} ${request.method}`); } };";
    machine.add(&[Row::module("app.js", code)]).expect("added");
    assert_eq!(machine.evaluate().expect("evaluated"), 1);
    let answer = request(&mut machine, "/a");
    assert_eq!(answer[1], Value::from(200.0));
    assert_eq!(body(&answer), "1 GET");
    machine.hook("start", &[]);
    assert_eq!(body(&request(&mut machine, "/b")), "2 GET");
    assert_eq!(machine.printed(), "");
}

#[test]
fn what_goes_wrong_at_build_is_told_with_its_place() {
    let mut machine = Machine::new(1);
    machine
        .add(&[Row::module("app.js", "\nnull.x;")])
        .expect("added");
    let wrong = machine.evaluate().expect_err("it throws");
    assert!(wrong.starts_with("TypeError: "), "{wrong}");
    assert!(wrong.ends_with("\n    at src/app.ts:20:1"), "{wrong}");
    let mut machine = Machine::new(1);
    machine
        .add(&[Row::module("app.js", "await new Promise(() => {});")])
        .expect("added");
    let wrong = machine.evaluate().expect_err("it waits");
    assert!(wrong.contains("waits"), "{wrong}");
    assert_eq!(machine.printed(), "");
}

#[test]
fn jobs_and_ticks_run_in_nodes_order() {
    let code = "process.nextTick(() => console.log('tick')); Promise.resolve().then(() => console.log('then'));\n\
                queueMicrotask(() => console.log('job')); console.log('first');";
    let printed = |row| Machine::script(&[row]).printed();
    assert_eq!(
        printed(Row::module("a.js", code)),
        "first\nthen\njob\ntick\n"
    );
    assert_eq!(
        printed(Row::common("a.cjs", code)),
        "first\ntick\nthen\njob\n"
    );
}

#[test]
fn stacks_show_the_programs_own_frames_where_they_were_written() {
    let code = "function inner() { throw new RangeError('deep'); }\n\
                try { [1].map(inner); } catch (e) { console.log(e.stack); }\n\
                try { new Blob(1); } catch (e) { console.log(e.stack); }";
    let machine = Machine::script(&[Row::module("app.js", code)]);
    let printed = machine.printed();
    let stack = "RangeError: deep\n    at inner (src/app.ts:10:30)\n    at map (<anonymous>)\n    at src/app.ts:20:15\n";
    assert!(printed.starts_with(stack), "{printed}");
    // No frame of the platform.
    assert!(!printed.contains("lily:"), "{printed}");
    assert!(
        printed.ends_with("\n    at src/app.ts:30:11\n"),
        "{printed}"
    );
}

#[test]
fn what_nobody_catches_ends_a_script() {
    for code in [
        "throw new Error('top')",
        "await null; throw new Error('top')",
        "Promise.reject(new Error('top'))",
        "setTimeout",
    ] {
        let machine = Machine::script(&[Row::module("a.js", code)]);
        let ends = code != "setTimeout";
        assert_eq!(machine.printed().contains("Error: top"), ends, "{code}");
        assert_eq!(machine.exited(), ends.then_some(1.0), "{code}");
    }
}

#[test]
fn modules_of_both_kinds_find_each_other() {
    let entry = Row::module(
        "app.mjs",
        "import common, { x } from './common.cjs'; import data from './data.json'; import text from './text.txt';\n\
         import { join } from 'node:path'; import fs from 'fs';\n\
         console.log(common.y, x, data.v, text, join('a', 'b'), typeof fs.readFileSync, import.meta.url, import.meta.dirname);\n\
         const all = await import('./common.cjs'); console.log(Object.keys(all).join());\n\
         const put = './comm' + 'on.cjs'; console.log((await import(put)).x);\n\
         await import('./none.js').catch((e) => console.log(e.code));",
    )
    .link("./common.cjs", false, "common.cjs")
    .link("./data.json", false, "data.json")
    .link("./text.txt", false, "text.txt")
    .link("node:path", false, "node:path")
    .link("fs", false, "node:fs");
    let common = Row::common(
        "common.cjs",
        "const m = require('./module.mjs'); const { join } = require('path');\n\
         exports.x = m.z; exports.y = join(__dirname, 'y'); exports.more = 1;",
    )
    .link("./module.mjs", true, "module.mjs")
    .link("path", true, "node:path")
    .names(&["x"]);
    let rows = [
        entry,
        common,
        Row::module("module.mjs", "export const z = 3;"),
        Row::of("data.json", "json", "{\"v\":7}"),
        Row::of("text.txt", "text", "words"),
    ];
    let machine = Machine::script(&rows);
    let expected =
        "/y 3 7 words a/b function file:///app.mjs /\ndefault,more,x,y\n3\nERR_MODULE_NOT_FOUND\n";
    assert_eq!(machine.printed(), expected);
}

#[test]
fn an_import_cycle_through_require_is_an_error_and_no_trap() {
    let rows = [
        Row::module(
            "a.mjs",
            "import './b.cjs'; export const a = 1; console.log('a');",
        )
        .link("./b.cjs", false, "b.cjs"),
        Row::common(
            "b.cjs",
            "try { require('./a.mjs'); } catch (e) { console.log(e.message); }",
        )
        .link("./a.mjs", true, "a.mjs"),
    ];
    let machine = Machine::script(&rows);
    assert_eq!(
        machine.printed(),
        "Cannot require() ES Module in a cycle\na\n"
    );
}

/// Each goes as deep as it can, in another part of the engine.
const DEEP: [&str; 22] = [
    "(function f(n) { return 1 + f(n + 1); })(0)",
    "(function f(...a) { return f.apply(null, a); })(1, 2, 3)",
    "(function f() { [1].map(f); })()",
    "JSON.parse('['.repeat(1e6))",
    "{ let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o); }",
    "eval('('.repeat(1e5))",
    "eval('[' .repeat(1e5))",
    "eval('x => '.repeat(1e5) + '1')",
    "new RegExp('(?:'.repeat(1e5))",
    "{ let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity); }",
    "{ let a = []; for (let i = 0; i < 1e5; i++) a = [a]; String(a); }",
    "{ const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x; }",
    "{ let f = () => {}; for (let i = 0; i < 1e5; i++) { f = f.bind(null); Object.defineProperty(f, 'name', { value: '' }); } f(); }",
    "{ class A { constructor() { new A(); } } new A(); }",
    "{ class A {} class B extends A { constructor() { super(); new B(); } } new B(); }",
    "{ const o = { get x() { return this.x; } }; o.x; }",
    "{ const o = { toString() { return `${this}`; } }; String(o); }",
    "{ const o = { toJSON() { return JSON.stringify(this); } }; JSON.stringify(o); }",
    "{ const f = (s) => s.replace(/a/, () => f(s)); f('a'); }",
    "{ const f = () => [2, 1].sort(f); f(); }",
    "{ const f = () => { for (const x of { *[Symbol.iterator]() { yield f(); } }); }; f(); }",
    "{ const f = async () => { await f(); }; f().catch(() => {}); }",
];

#[test]
fn endless_depth_is_an_error_that_can_be_caught() {
    for code in DEEP {
        let program = format!(
            "try {{ {code} }} catch (e) {{ console.log(e instanceof RangeError || e.message === 'stack overflow' || e); }}\nconsole.log('on');"
        );
        deep(|| {
            let rows = [Row::module("a.js", &program)];
            let mut building = Machine::building();
            building.add(&rows).expect("added");
            building.evaluate().expect("evaluated");
            for machine in [Machine::script(&rows), building] {
                let printed = machine.printed();
                let is_caught = ["on\n", "true\non\n"].contains(&&*printed);
                assert!(is_caught, "{code}: {printed}");
            }
        });
    }
}

#[test]
fn calls_go_as_deep_as_programs_expect() {
    let depth = "let d = 0; const f = (a, b) => { d++; return f(b, a) + 1; }; try { f(); } catch { console.log(d); }";
    let printed = deep(|| Machine::script(&[Row::module("a.js", depth)]).printed());
    let depth: u32 = printed.trim().parse().expect("a number");
    assert!(depth >= 8000, "{depth}");
}

#[test]
fn memory_that_is_not_there_is_an_error_that_can_be_caught() {
    let code = "const all = []; try { for (;;) all.push(new Uint8Array(1 << 20)); }\n\
                catch (e) { all.length = 0; console.log(e.name, e.message); }";
    let machine = Machine::script(&[Row::module("a.js", code)]);
    assert_eq!(machine.printed(), "RangeError out of memory\n");
}

/// The engine has ways of its own for what is usual; each must give what QuickJS gives.
#[test]
fn what_is_usual_is_done_as_all_else_is() {
    let json = Machine::script(&[Row::module("a.js", include_str!("engine/json.js"))]);
    assert_eq!(json.printed(), "all alike\n");
    let replace = Machine::script(&[Row::module("a.js", include_str!("engine/replace.js"))]);
    assert_eq!(replace.printed(), "all alike\n");
}

/// What is in the image is not counted; what a program makes anew is, and is freed.
#[test]
fn what_is_no_longer_used_is_freed() {
    let code = "const kept = { all: [] };\n\
                export default { fetch() { for (let at = 0; at < 20000; at++) { const one = { at, text: `text ${at}` };\n\
                one.self = one; kept.all = [one, { ...one }]; kept.last = one.text.replace(/t/g, 'u'); }\n\
                return new Response(kept.last); } };";
    let mut machine = Machine::new(1);
    machine.add(&[Row::module("a.js", code)]).expect("added");
    machine.evaluate().expect("evaluated");
    assert_eq!(body(&request(&mut machine, "/")), "uexu 19999");
    let before = machine.memory_bytes();
    // Each makes some megabytes of garbage; when circles are collected moves a little.
    for _ in 0..10 {
        request(&mut machine, "/");
    }
    let grown = machine.memory_bytes() - before;
    assert!(grown <= 512 << 10, "{grown} bytes");
}

#[test]
fn each_instance_has_random_numbers_of_its_own() {
    let code = "export default { fetch() { return new Response(String(Math.random())); } };";
    let number = |seed| {
        let mut machine = Machine::new(seed);
        machine.add(&[Row::module("a.js", code)]).expect("added");
        machine.evaluate().expect("evaluated");
        body(&request(&mut machine, "/"))
    };
    assert_eq!(number(1), number(1));
    assert_ne!(number(1), number(2));
}

#[test]
fn time_is_the_hosts() {
    let code = "console.log(Date.now(), new Date().toISOString(), new Date(0).getTimezoneOffset(), new Date(2020, 0).toISOString());";
    let machine = Machine::script(&[Row::module("a.js", code)]);
    let expected = "1700000000000 2023-11-14T22:13:20.000Z 0 2020-01-01T00:00:00.000Z\n";
    assert_eq!(machine.printed(), expected);
}

#[test]
fn text_and_bytes_are_coded_in_the_engine() {
    let code = "const e = new TextEncoder(), d = new TextDecoder();\n\
        console.log(d.decode(e.encode('grüße 😀\\ud800')), [...e.encode('é')].join());\n\
        const into = new Uint8Array(5); const { read, written } = e.encodeInto('aü😀', into); console.log(read, written, [...into].join());\n\
        console.log(btoa('ab?>'), atob(' YWI/\\nPg== '), Buffer.from([255, 0, 16]).toString('hex'), Buffer.from([251, 255]).toString('base64url'));\n\
        for (const bad of ['a', 'ab=c', 'a\\u0100']) try { atob(bad); console.log('taken'); } catch (x) { console.log(x.name); }";
    let machine = Machine::script(&[Row::module("a.js", code)]);
    let expected = "grüße 😀\u{fffd} 195,169\n2 3 97,195,188,0,0\nYWI/Pg== ab?> ff0010 -_8\n"
        .to_owned()
        + &"InvalidCharacterError\n".repeat(3);
    assert_eq!(machine.printed(), expected);
    assert!(
        !machine.asked().contains(&"decode"),
        "well-formed text goes to nobody"
    );
}

#[test]
fn functions_say_their_text_and_the_platforms_say_none() {
    let code = "function own(a) { return a; } console.log(String(own), String(fetch).includes('[native code]'));";
    let machine = Machine::script(&[Row::module("a.js", code)]);
    assert_eq!(machine.printed(), "function own(a) { return a; } true\n");
}

#[test]
fn what_cannot_be_called_is_named_as_the_program_names_it() {
    let rows = [
        ("o.foo()", "o.foo is not a function"),
        ("o.a.b(1, o.c ? 1 : 2)", "o.a.b is not a function"),
        ("u()", "u is not a function"),
        ("o()", "o is not a function"),
        ("list[0]()", "list[0] is not a function"),
        ("o['x y']()", "o.x y is not a function"),
        ("(1)()", "1 is not a function"),
        ("new u()", "u is not a constructor"),
        ("new o.a(1, 2)", "o.a is not a constructor"),
        (
            "new (() => {})()",
            "(intermediate value) is not a constructor",
        ),
        (
            "(() => 5)()()",
            "(intermediate value)(...) is not a function",
        ),
        ("this.zz()", "this.zz is not a function"),
        ("o[o.s]()", "o[o.s] is not a function"),
        ("o.a.map((x) => x)", "o.a.map is not a function"),
        ("list.map(5)", "number 5 is not a function"),
        ("list.map(undefined)", "undefined is not a function"),
        ("list.map({})", "object is not a function"),
        ("list.map('ab')", "string \"ab\" is not a function"),
        ("const [x] = o", "o is not iterable"),
        ("for (const x of 5);", "5 is not iterable"),
        ("[...o]", "o is not iterable"),
        ("o.a?.()", "o.a is not a function"),
        ("o.a.f(...[1, 2])", "o.a.f is not a function"),
        (
            "(o.b ? o.c : o.d)()",
            "(intermediate value) is not a function",
        ),
        (
            "Promise.resolve().then.x()",
            "Promise.resolve(...).then.x is not a function",
        ),
        (
            "class A { m() { super.q(); } } new A().m()",
            "(intermediate value).q is not a function",
        ),
        (
            "for (const x of [1]) { try { if (x) o.q(); } finally { x; } }",
            "o.q is not a function",
        ),
        (
            "const { p = 1, q } = o; q(p ?? 2, p || 3)",
            "q is not a function",
        ),
        (
            "(function f(a, b = 1) { return b && a(`${b}`, ...[b]); })()",
            "a is not a function",
        ),
    ];
    for (code, message) in rows {
        let program = format!(
            "const o = {{ a: {{}}, s: Symbol('q') }}, list = [1]; let u;\n\
             function run() {{ {code} }}\n\
             try {{ run.call({{}}); }} catch (e) {{ console.log(e.name + ': ' + e.message); }}"
        );
        let machine = Machine::script(&[Row::module("a.js", &program)]);
        assert_eq!(
            machine.printed(),
            format!("TypeError: {message}\n"),
            "{code}"
        );
    }
}

#[test]
fn the_language_is_as_in_node() {
    let rows = [
        ("JSON.stringify({ ...'hi' })", r#"{"0":"h","1":"i"}"#),
        (
            "{ const d = new Date(5); d.setMinutes(NaN); console.log(String(d)); }",
            "Invalid Date",
        ),
        (
            "{ class C extends Error { constructor(m) { super(m); this.name = 'C'; } } console.log(new C('m').stack.split('\\n')[0]); }",
            "C: m",
        ),
        (
            "{ const e = new Error('a'); e.message = 'b'; e.stack; e.message = 'c'; console.log(e.stack.split('\\n')[0]); }",
            "Error: b",
        ),
        (
            "{ const e = new Error('a'); e.stack = undefined; console.log(e.stack); }",
            "undefined",
        ),
        ("util.types.isProxy(new Proxy({}, {}))", "true"),
        ("((a, c = () => a) => { a = 2; return c(); })(1)", "2"),
        (
            "((a, c = () => { a = 5; }) => { c(); return (() => a)(); })(1)",
            "5",
        ),
        (
            "((a, c = () => a) => { var a; a = 2; return c(); })(1)",
            "1",
        ),
        (
            "((a, c = () => a) => { function a() {} return typeof a + c(); })(1)",
            "function1",
        ),
        (
            "[...(function* (a, c = () => a) { yield c(); a = 7; yield c(); })(1)].join()",
            "1,7",
        ),
    ];
    for (code, expected) in rows {
        let line = if code.starts_with("{ ") {
            code.to_owned()
        } else {
            format!("console.log({code});")
        };
        let program = format!("import util from 'node:util'; {line}");
        let row = Row::module("a.js", &program).link("node:util", false, "node:util");
        let machine = Machine::script(&[row]);
        assert_eq!(machine.printed(), format!("{expected}\n"), "{code}");
    }
}

#[test]
fn what_waits_at_its_top_for_nothing_ends_with_13() {
    let code =
        "process.on('exit', (code) => console.log('exit', code)); await new Promise(() => {});";
    let mut machine = Machine::script(&[Row::module("a.mjs", code)]);
    machine.hook("beforeExit", &[]);
    machine.hook("exiting", &[]);
    let expected = "Warning: Detected unsettled top-level await at file:///a.mjs\nexit 13\n";
    assert_eq!(machine.printed(), expected);
    let mut machine = Machine::script(&[Row::module(
        "a.mjs",
        &code.replace("new Promise(() => {})", "null"),
    )]);
    machine.hook("exiting", &[]);
    assert_eq!(machine.printed(), "exit 0\n");
}

#[test]
fn a_module_resolves_what_it_could_import() {
    let code = "const r = import.meta.resolve; console.log(r('./x.js?y'), r('../z.js'), r('pkg'), r('fs'), r('node:fs'), r('https://x.y/z'));\n\
                try { r('none'); } catch (e) { console.log(e.code); }";
    let rows = [
        Row::module("src/a.mjs", code).link("pkg", false, "node_modules/pkg/index.js"),
        Row::module("node_modules/pkg/index.js", ""),
    ];
    let expected = "file:///src/x.js?y file:///z.js file:///node_modules/pkg/index.js node:fs node:fs https://x.y/z\nERR_MODULE_NOT_FOUND\n";
    assert_eq!(Machine::script(&rows).printed(), expected);
}

#[test]
fn a_namespace_of_commonjs_has_keys_that_nobody_foresaw() {
    let code = "import * as ns from './c.cjs'; console.log(ns.hidden, Object.keys(ns).sort().join(), 'hidden' in ns);";
    let rows = [
        Row::module("a.mjs", code).link("./c.cjs", false, "c.cjs"),
        Row::common(
            "c.cjs",
            "for (const k of ['hidden', 'seen']) exports[k] = k.length;",
        )
        .names(&["seen"]),
    ];
    assert_eq!(
        Machine::script(&rows).printed(),
        "6 default,hidden,seen true\n"
    );
}
