//! Programs of JavaScript and TypeScript from files to a bundle: what is found, what is said, and that the bytes are the same
//! everywhere.

use lly_brick::{BrickKind, Bundle};
use tests_kit::{Home, Output, repository};

/// A program beside its engine: what 200 lines may take in the bundle.
const STORED_BYTES_MAX: usize = 60 * 1024;

/// A home in which the packaged frontend is installed, with these files.
fn home(files: &[(&str, &str)]) -> Home {
    let home = Home::new();
    let package = repository().join("target/lily/plugins/js.plugin");
    home.lly(["plugin".as_ref(), "install".as_ref(), package.as_os_str()])
        .success();
    for (path, text) in files {
        home.write(path, text);
    }
    home
}

fn compile(home: &Home, source: &str) -> Output {
    home.lly(["compile", source, "-o", "app.brick", "--force"])
}

fn bundle(home: &Home) -> Bundle {
    Bundle::open(&std::fs::read(home.work().join("app.brick")).unwrap()).unwrap()
}

fn kind(home: &Home) -> BrickKind {
    bundle(home).manifest.bricks[0].kind
}

const SERVER: &str = "interface Env {}
export default {
  fetch(request: Request, env: Env): Response {
    return new Response(`hello ${new URL(request.url).pathname}`);
  },
};
";

#[test]
fn a_server_and_a_script_are_told_apart() {
    let home = home(&[
        ("server.ts", SERVER),
        (
            "script.js",
            "console.log('hello');\nexport default function () {}\n",
        ),
        (
            "listen.js",
            "addEventListener('fetch', (event) => event.respondWith(new Response('x')));\n",
        ),
    ]);
    for (source, expected) in [
        ("server.ts", BrickKind::Http),
        ("script.js", BrickKind::Command),
        ("listen.js", BrickKind::Http),
    ] {
        compile(&home, source).success();
        assert_eq!(kind(&home), expected, "{source}");
        assert_eq!(bundle(&home).manifest.modules.len(), 1, "{source}");
    }
}

#[test]
fn every_kind_of_module_goes_in() {
    let home = home(&[
        (
            "app.tsx",
            "import { twice } from './twice.js';\nimport data from './data.json';\nimport text from './note.txt';\n\
             import old from './old.cjs';\nimport { named } from 'kit/sub';\n\
             const h = (name: string) => name;\n\
             console.log(twice(data.n), text, old.value, named);\nexport { h };\n",
        ),
        (
            "twice.ts",
            "export const twice = (n: number): number => n * 2;\n",
        ),
        ("data.json", "{\"n\": 21}"),
        ("note.txt", "a text"),
        ("old.cjs", "exports.value = require('kit').value;\n"),
        (
            "node_modules/kit/package.json",
            r#"{"name":"kit","exports":{".":{"require":"./r.cjs","import":"./i.mjs"},"./sub":{"workerd":"./w.mjs","default":"./no.mjs"}}}"#,
        ),
        (
            "node_modules/kit/r.cjs",
            "module.exports = { value: 'required' };\n",
        ),
        (
            "node_modules/kit/i.mjs",
            "export const value = 'imported';\n",
        ),
        ("node_modules/kit/w.mjs", "export const named = 'worker';\n"),
        (
            "node_modules/kit/no.mjs",
            "export const named = 'default';\n",
        ),
    ]);
    compile(&home, "app.tsx").success();
    let dump = home.lly(["bir", "dump", "app.tsx"]).success().stdout;
    for module in [
        "app.tsx",
        "twice.ts",
        "old.cjs",
        "node_modules/kit/r.cjs",
        "node_modules/kit/w.mjs",
    ] {
        assert!(dump.contains(module), "no `{module}` in {dump}");
    }
    assert!(!dump.contains("no.mjs"), "{dump}");
}

#[test]
fn tsconfig_gives_files_other_names() {
    let home = home(&[
        (
            "tsconfig.json",
            "{ // As TypeScript reads it.\n  \"extends\": \"./config/base\",\n  \"compilerOptions\": { \"experimentalDecorators\": true, },\n}\n",
        ),
        (
            "config/base.json",
            r#"{ "compilerOptions": { "baseUrl": "../src", "paths": { "@/*": ["./*"] } } }"#,
        ),
        (
            "src/app.ts",
            "import { page } from '@/lib/page';\nimport { name } from 'name';\nconst seen: string[] = [];\n\
             const note = (value: unknown, key: string): void => { seen.push(key); };\n\
             class Site { @note title = page(name); }\n\
             if (seen[0] !== 'title' || new Site().title !== 'page of us') throw new Error('no');\n\
             if (require('@/two.cjs') !== 2) throw new Error('two');\n\
             export default { fetch() { return new Response(new Site().title); } };\n",
        ),
        (
            "src/lib/page.ts",
            "export const page = (name: string) => `page of ${name}`;\n",
        ),
        ("src/name.ts", "export const name = 'us';\n"),
        ("src/two.cjs", "module.exports = 2;\n"),
        ("src/absent.ts", "import '@/gone';\n"),
        ("broken/tsconfig.json", "{\n  \"compilerOptions\" {}\n}\n"),
        ("broken/app.ts", "console.log(1);\n"),
    ]);
    compile(&home, "src/app.ts").success();
    assert_eq!(kind(&home), BrickKind::Http);
    compile(&home, "src/absent.ts")
        .exits(1)
        .says("src/absent.ts:1:8")
        .says("`@/*` in `paths` of `config/base.json` leads to `src/gone`");
    compile(&home, "broken/app.ts")
        .exits(1)
        .says("tsconfig.json:2:")
        .says("the configuration cannot be read");
}

#[test]
fn what_is_wrong_is_shown_at_its_place() {
    let home = home(&[
        ("syntax.ts", "const a: number = 1;\nconst b = a +;\n"),
        (
            "absent.ts",
            "import { x } from './gone.js';\nconsole.log(x);\n",
        ),
        (
            "package.ts",
            "import x from 'not-there';\nconsole.log(x);\n",
        ),
        (
            "throws.ts",
            "type Kind = 'a';\nfunction fail(kind: Kind): never {\n  throw new RangeError(`no ${kind}`);\n}\nfail('a');\n\
             export default { fetch() { return new Response(''); } };\n",
        ),
    ]);
    compile(&home, "syntax.ts")
        .exits(1)
        .says("syntax.ts:2:")
        .says("^");
    compile(&home, "absent.ts")
        .exits(1)
        .says("absent.ts:1:")
        .says("`./gone.js`");
    compile(&home, "package.ts")
        .exits(1)
        .says("`not-there`")
        .says("npm install not-there");
    compile(&home, "throws.ts")
        .exits(1)
        .says("throws.ts:3:")
        .says("RangeError: no a");
    assert!(!home.work().join("app.brick").exists());
}

#[test]
fn what_needs_the_machine_waits_for_an_instance() {
    let answer = "export default { fetch() { return new Response(''); } };\n";
    let home = home(&[
        (
            "env.js",
            &format!("const user = process.env.USER;\n{answer}"),
        ),
        (
            "fetch.js",
            &format!("const page = fetch('http://localhost/');\n{answer}"),
        ),
        (
            "random.js",
            &format!("const key = crypto.randomUUID();\n{answer}"),
        ),
    ]);
    for (source, function) in [
        ("env.js", "environment"),
        ("fetch.js", "fetch"),
        ("random.js", "random"),
    ] {
        compile(&home, source)
            .success()
            .says(&format!("`{function}`"));
        assert_eq!(kind(&home), BrickKind::Http, "{source}");
    }
}

#[test]
fn a_loop_without_an_end_is_ended() {
    let home = home(&[(
        "loop.js",
        "for (;;) {}\nexport default { fetch() { return new Response(''); } };\n",
    )]);
    compile(&home, "loop.js")
        .exits(1)
        .says("the program did not come to an end while it was being built");
}

#[test]
fn the_same_files_are_the_same_bytes_in_another_folder() {
    let files = [
        ("src/app.ts", SERVER),
        (
            "package.json",
            "{\"type\":\"module\",\"main\":\"src/app.ts\"}",
        ),
    ];
    let (one, other) = (home(&files), home(&files));
    compile(&one, "src/app.ts").success();
    compile(&other, "src/app.ts").success();
    let read = |home: &Home| std::fs::read(home.work().join("app.brick")).unwrap();
    assert!(read(&one) == read(&other));
    // Without a source, the folder's package.json says what the program is.
    let output = one.lly(["compile", "-o", "whole.brick"]).success();
    assert!(output.stdout.contains("whole.brick"), "{}", output.stdout);
}

#[test]
fn a_program_is_small_beside_its_engine() {
    let mut text = String::new();
    for at in 0..60 {
        text.push_str(&format!(
            "export function route{at}(path: string): string {{\n  return path === '/{at}' ? 'page {at}' : path;\n}}\n"
        ));
    }
    text.push_str("const all = [");
    for at in 0..60 {
        text.push_str(&format!("route{at}, "));
    }
    text.push_str("];\nexport default {\n  fetch(request: Request) {\n    const path = new URL(request.url).pathname;\n");
    text.push_str(
        "    return new Response(all.reduce((path, one) => one(path), path));\n  },\n};\n",
    );
    let home = home(&[("app.ts", &text)]);
    compile(&home, "app.ts").success();
    let file = std::fs::read(home.work().join("app.brick")).unwrap();
    let reader = lly_brick::container::Reader::open(&file).unwrap();
    let path = bundle(&home).manifest.modules[0].path();
    let engine = reader.packed(&path).unwrap().frame().len();
    let own = file.len() - engine;
    assert!(
        own <= STORED_BYTES_MAX,
        "{own} bytes beside an engine of {engine}"
    );
}
