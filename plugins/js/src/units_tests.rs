//! One test for each construct: a program, and the rows that it has to give.

use std::fmt::Write as _;
use std::rc::Rc;

use lly_bir::UnitKind;
use oxc::allocator::Allocator;
use oxc::semantic::SemanticBuilder;

use super::contents;
use crate::contents::{Callee, Contents, Held};
use crate::links::Imported;
use crate::syntax::{Reading, read};

fn of(path: &str, text: &str) -> Contents {
    let arena = Allocator::default();
    let reading = Reading::of(path, None, Rc::default()).unwrap();
    let plain = read(&arena, path, text, &reading, &mut Vec::new()).unwrap();
    let built = SemanticBuilder::new()
        .with_build_nodes(true)
        .build(&plain.program);
    contents(path, text, &built.semantic)
}

/// The table as text: a line for each unit, then one for each state.
fn table(contents: &Contents) -> String {
    let requests = &contents.links.requests;
    let unit = |at: usize| contents.units[at].name.clone();
    let held = |held: &Held| match held {
        Held::Own(at) => contents.state[*at].name.clone(),
        Held::Import(request, Imported::Name(name)) => {
            format!("{}:{name}", requests[*request].specifier)
        }
        Held::Import(request, Imported::Namespace) => format!("{}:*", requests[*request].specifier),
        Held::Global(name) => format!("global {name}"),
    };
    let mut text = String::new();
    for row in &contents.units {
        let _ = write!(text, "{} {}", row.kind.as_str(), row.name);
        if row.address_taken {
            text.push_str(" &");
        }
        let calls = row.calls.iter().map(|callee| match callee {
            Callee::Unit(at) => unit(*at),
            Callee::Import(request, name) => format!("{}:{name}", requests[*request].specifier),
            Callee::Platform(name) => format!("<{name}>"),
        });
        let mut calls: Vec<String> = calls.collect();
        if row.calls_indirect {
            calls.push("?".to_owned());
        }
        let parts = [
            ("calls", calls),
            ("reads", row.reads.iter().map(held).collect()),
            ("writes", row.writes.iter().map(held).collect()),
            ("escapes", row.escapes.iter().map(held).collect()),
        ];
        for (word, all) in parts {
            if !all.is_empty() {
                let _ = write!(text, " | {word} {}", all.join(", "));
            }
        }
        text.push('\n');
    }
    for row in &contents.state {
        let _ = write!(text, "{} {}", row.kind.as_str(), row.name);
        if !row.units.is_empty() {
            let units: Vec<String> = row.units.iter().map(|at| unit(*at)).collect();
            let _ = write!(text, " | holds {}", units.join(", "));
        }
        text.push('\n');
    }
    text
}

#[track_caller]
fn gives(path: &str, text: &str, expected: &str) {
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(table(&of(path, text)).trim_end(), expected.join("\n"));
}

#[test]
fn functions_that_call_each_other() {
    gives(
        "a.js",
        "function a() { return b() + b(); }\nconst b = () => c(1);\nconst c = function d(n) { return n ? d(n - 1) : 0 };\na();",
        "
        module a.js | calls a
        function a | calls b
        function b | calls c
        function c | calls c
        ",
    );
}

#[test]
fn state_of_the_module() {
    gives(
        "a.js",
        "let count = 0; const LIMIT = 3; const seen = new Map(); let later;\n\
         export function hit(key) { count += 1; seen.set(key, count); return count < LIMIT; }\n\
         export function all() { return seen; }\n\
         export function forget() { seen.size; delete seen.x; later = `${LIMIT}`.length; }",
        "
        module a.js | calls <Map> | writes count, seen
        function hit | calls ? | reads count, LIMIT, seen | writes count, seen | escapes count
        function all | reads seen | escapes seen
        function forget | reads LIMIT, seen | writes seen, later
        variable count
        constant LIMIT
        variable seen
        variable later
        ",
    );
}

#[test]
fn variables_that_a_unit_within_captures() {
    gives(
        "a.js",
        "function counter(start) { let n = start; const own = [n]; function next() { return n++; } return next; }",
        "
        module a.js
        function counter | reads counter.n | writes counter.n | escapes counter.n
        function counter.next & | reads counter.n | writes counter.n
        variable counter.n
        ",
    );
}

#[test]
fn parameters_are_state_when_a_unit_within_uses_them() {
    gives(
        "a.js",
        "const make = (options, own) => { own(); return { get: () => options.get, set(x) { options.value = x; } }; };",
        "
        module a.js
        function make | calls ? | writes make.options
        function make.get | reads make.options | escapes make.options
        function make.set | reads make.options | writes make.options
        variable make.options
        ",
    );
}

#[test]
fn functions_without_a_name_belong_to_the_unit_around_them() {
    gives(
        "a.js",
        "let total = 0;\n\
         function sum(list) { list.forEach(x => { total += x; add(x); }); (function () { add(1); })(); }\n\
         function add() {}",
        "
        module a.js | writes total
        function sum | calls add, ? | reads total | writes total
        function add
        variable total
        ",
    );
}

#[test]
fn classes() {
    gives(
        "a.js",
        "class Base { m() {} shared() { return this.m(); } static make() { return new Base(); } }\n\
         class Derived extends Base {\n\
           #count = start();\n\
           constructor() { super(); this.#step(); }\n\
           m() { super.m(); }\n\
           #step() { this.#count++; this.other.call(); }\n\
           get size() { return this.#count; }\n\
           bound = () => this.m();\n\
           static { start(); }\n\
         }\n\
         function start() { return 0; }\n\
         new Derived(); Base.make(); Base.nothing();",
        "
        module a.js | calls Derived, Derived.constructor, Base.make, ?
        class Base
        method Base.m
        method Base.shared | calls Base.m, ?
        method Base.make | calls Base
        class Derived | calls start
        constructor Derived.constructor | calls Base, Derived.#step, Derived, ?
        method Derived.m | calls Base.m
        method Derived.#step | calls ?
        method Derived.get size
        method Derived.bound | calls Derived.m, ?
        function start
        ",
    );
}

#[test]
fn a_class_without_a_constructor_runs_that_of_its_base() {
    gives(
        "a.js",
        "class A { constructor() {} } class B extends A {} new B();",
        "
        module a.js | calls B
        class A
        constructor A.constructor | calls A
        class B | calls A, A.constructor
        ",
    );
}

#[test]
fn objects_of_functions() {
    gives(
        "a.js",
        "const api = { get() { return api.put(); }, put: function () {}, deep: { er() {} }, n: 1 };\n\
         api.get(); api.deep.er(); api.gone(); exports.run = function () {}; module.exports = () => api;",
        "
        module a.js | calls api.get, api.deep.er, ? | reads api | writes api
        function api.get | calls api.put, ? | reads api | writes api
        function api.put
        function api.deep.er
        function run
        function default | reads api | escapes api
        variable api | holds api.get, api.put, api.deep.er
        ",
    );
}

#[test]
fn imports_and_exports() {
    gives(
        "a.js",
        "import d, { one as uno, state } from './m.js'; import * as ns from './n.js';\n\
         export default { fetch(request) { uno(); ns.two(); ns.a.b(); d.x(); new d(); return [ns, state.length + 1]; } };\n\
         export const three = () => state;",
        "
        module a.js
        function default.fetch | calls ./m.js:one, ./n.js:two, ./m.js:default, ? | reads ./m.js:default, ./m.js:state, ./n.js:* | writes ./m.js:default, ./n.js:* | escapes ./n.js:*
        function three | reads ./m.js:state | escapes ./m.js:state
        ",
    );
}

#[test]
fn the_platform_and_globals() {
    gives(
        "a.js",
        "function f(x) { console.log(JSON.stringify(x)); hits = Math.max(hits, 1); globalThis.y = 2; return fetch(x).then(y => y); }",
        "
        module a.js
        function f | calls <console.log>, <JSON.stringify>, <Math.max>, <fetch>, ? | reads global globalThis, global hits | writes global globalThis, global hits | escapes global hits
        ",
    );
}

#[test]
fn a_function_that_is_replaced_is_state() {
    gives(
        "a.js",
        "let impl = function () {}; function swap(f) { impl = f; } function run() { impl(); }",
        "
        module a.js | writes impl
        function impl
        function swap | writes impl
        function run | calls ? | reads impl
        variable impl | holds impl
        ",
    );
}

#[test]
fn eval_sees_everything() {
    gives(
        "a.cjs",
        "let secret = 1; function f(code) { return eval(code); }",
        "
        module a.cjs
        function f | calls ? | reads secret | writes secret | escapes secret
        variable secret
        ",
    );
}

#[test]
fn destructuring_writes_every_name() {
    gives(
        "a.js",
        "let a, b, rest; const box = {}; function f(p) { ({ x: a, ...rest } = p); [b = 1, box.y] = p; for (box.z of p); }",
        "
        module a.js | writes box
        function f | reads box | writes a, b, rest, box
        variable a
        variable b
        variable rest
        variable box
        ",
    );
}

#[test]
fn generators_and_async() {
    gives(
        "a.js",
        "async function* pages() { yield* more(); await one(); } function* more() {} const one = async () => {};",
        "
        module a.js
        function pages | calls more, one
        function more
        function one
        ",
    );
}

#[test]
fn typescript_is_read_as_what_runs() {
    gives(
        "a.ts",
        "import type { T } from './t'; import { U } from './u';\n\
         interface I { a: number } enum Color { Red, Green } \n\
         export function paint(x: I, u: U): Color { return x.a > 1 ? Color.Red : (x as any)!.c(); }\n\
         abstract class A<X> { abstract m(): void; constructor(private readonly n: number) {} }",
        "
        module a.ts | reads Color | writes Color | escapes Color
        function paint | calls ? | reads Color | escapes Color
        class A
        constructor A.constructor | calls A
        variable Color
        ",
    );
}

#[test]
fn jsx_calls_its_components() {
    let contents = of(
        "a.tsx",
        "const Page = (p: { t: string }) => <main><Title text={p.t} /></main>; function Title() { return null }",
    );
    let requests: Vec<&str> = contents
        .links
        .requests
        .iter()
        .map(|one| one.specifier.as_str())
        .collect();
    assert_eq!(requests, ["react/jsx-runtime"]);
    assert!(contents.units[2].address_taken, "{}", table(&contents));
}

#[test]
fn kinds_and_places() {
    let text =
        "class A { x = 1; constructor(public y: number) {} get z() { return 1 } static s() {} }";
    let contents = of("a.ts", text);
    let rows: Vec<(UnitKind, &str, &str)> = contents
        .units
        .iter()
        .map(|row| (row.kind, row.name.as_str(), row.signature.as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            (UnitKind::Module, "a.ts", ""),
            (UnitKind::Class, "A", "class A"),
            (
                UnitKind::Constructor,
                "A.constructor",
                "constructor(public y: number)"
            ),
            (UnitKind::Method, "A.get z", "get z()"),
            (UnitKind::Method, "A.s", "static s()"),
        ]
    );
    let s = &contents.units[4];
    assert_eq!(&text[s.start as usize..s.end as usize], "static s() {}");
    assert!(text[s.place as usize..].starts_with("s()"));
}

#[test]
fn code_is_the_same_whatever_the_spaces_and_without_what_is_within() {
    let code = |text: &str| -> Vec<String> {
        of("a.ts", text)
            .units
            .into_iter()
            .map(|row| row.code)
            .collect()
    };
    let one = code(
        "// a\nlet n = 1;\nfunction f(a: number) {\n  // b\n  const g = () => a + 1;\n  return g();\n}\n",
    );
    let two = code("let n=1;function f(a){const g=()=>a+1;return g()}");
    assert_eq!(one, two);
    let three = code("let n=1;function f(a){const g=()=>a+2;return g()}");
    assert_eq!(one[..2], three[..2]);
    assert_ne!(one[2], three[2]);
}
