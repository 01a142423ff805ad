//! The engine of programs in JavaScript, as `cargo xtask setup` made it, driven as its hosts drive it: `add`, `evaluate`,
//! `hook`, and one import that records what it is asked.

#[path = "engine/machine.rs"]
mod machine;

use host_web::Value;
use machine::{Machine, Row};

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
const DEEP: [&str; 14] = [
    "(function f(n) { return 1 + f(n + 1); })(0)",
    "(function f(...a) { return f.apply(null, a); })(1, 2, 3)",
    "(function f() { [1].map(f); })()",
    "JSON.parse('['.repeat(1e6))",
    "{ let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o); }",
    "eval('('.repeat(1e5))",
    "eval('[' .repeat(1e5))",
    "eval('x => '.repeat(1e5) + '1')",
    "new RegExp('('.repeat(1e5))",
    "{ let a = []; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity); }",
    "{ let a = []; for (let i = 0; i < 1e5; i++) a = [a]; String(a); }",
    "{ const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x; }",
    "{ let f = () => {}; for (let i = 0; i < 1e5; i++) f = f.bind(null); f(); }",
    "{ class A { constructor() { new A(); } } new A(); }",
];

#[test]
fn endless_depth_is_an_error_that_can_be_caught() {
    for code in DEEP {
        let program =
            format!("try {{ {code} }} catch (e) {{ console.log(e.name); }}\nconsole.log('on');");
        let machine = Machine::script(&[Row::module("a.js", &program)]);
        let printed = machine.printed();
        let last = printed.lines().last();
        assert_eq!(last, Some("on"), "{code}: {printed}");
    }
    let depth =
        "let d = 0; function f() { d++; f(); } try { f(); } catch { console.log(d >= 900); }";
    let machine = Machine::script(&[Row::module("a.js", depth)]);
    assert_eq!(machine.printed(), "true\n");
}

#[test]
fn memory_that_is_not_there_is_an_error_that_can_be_caught() {
    let code = "const all = []; try { for (;;) all.push(new Uint8Array(1 << 20)); }\n\
                catch (e) { all.length = 0; console.log(e.name, e.message); }";
    let machine = Machine::script(&[Row::module("a.js", code)]);
    assert_eq!(machine.printed(), "InternalError out of memory\n");
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
