use super::*;
use crate::project::Request;

/// Writes files and links (a text that begins with `->` is one); the names of what is found from `app.ts` on.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("p");
    for (path, text) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        match text.strip_prefix("->") {
            Some(target) => std::os::unix::fs::symlink(target, path).expect("a link"),
            None => std::fs::write(path, text).expect("a file"),
        }
    }
    let project = Project::find(&Request {
        working_folder: root,
        sources: vec![PathBuf::from("app.ts")],
        include_folders: Vec::new(),
        defines: Vec::new(),
        profile: None,
        optimization: None,
        debug_info: false,
        name: None,
    })
    .expect("a project");
    let inputs = collect(&project).expect("inputs");
    assert_eq!(inputs.sources[0].path, "app.ts");
    let companions = inputs.companions.iter();
    companions.map(|file| file.path.clone()).collect()
}

#[test]
fn relative_files_with_and_without_extensions() {
    let files = [
        (
            "app.ts",
            "import './a.js'; import './b'; import data from './c.json'; import t from './d.txt'; import './none'",
        ),
        ("a.ts", "import './lib'"),
        ("b/index.tsx", "/** @jsxImportSource x */"),
        ("c.json", "{}"),
        ("d.txt", "import './no.js'"),
        ("lib/package.json", r#"{"main":"./m"}"#),
        ("lib/m.cjs", "require('../e')"),
        ("e.json", "1"),
        ("no.js", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "a.ts",
            "b/index.tsx",
            "c.json",
            "d.txt",
            "e.json",
            "lib/m.cjs",
            "lib/package.json"
        ]
    );
}

#[test]
fn packages_are_taken_by_what_they_export() {
    let exports = r##"{"name":"p","exports":{
        ".":{"types":"./t.d.ts","node":"./node.js","import":"./i.mjs","require":"./r.cjs"},
        "./sub/*":"./s/*.js"},"imports":{"#x":"./x.js"}}"##;
    let files = [
        (
            "app.ts",
            "import 'p'; import 'p/sub/y'; import 'p/hidden'; import '@s/q/z.js'; import 'node:fs'",
        ),
        ("node_modules/p/package.json", exports),
        ("node_modules/p/i.mjs", "import '#x'"),
        ("node_modules/p/r.cjs", ""),
        ("node_modules/p/node.js", ""),
        ("node_modules/p/t.d.ts", ""),
        ("node_modules/p/x.js", ""),
        ("node_modules/p/s/y.js", ""),
        ("node_modules/p/hidden.js", ""),
        ("node_modules/@s/q/package.json", "{}"),
        ("node_modules/@s/q/z.js", "require('p2')"),
        ("node_modules/p2/index.js", ""),
        ("node_modules/unused/index.js", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "node_modules/@s/q/package.json",
            "node_modules/@s/q/z.js",
            "node_modules/p/i.mjs",
            "node_modules/p/package.json",
            "node_modules/p/r.cjs",
            "node_modules/p/s/y.js",
            "node_modules/p/x.js",
            "node_modules/p2/index.js",
        ]
    );
}

#[test]
fn a_package_behind_a_link_finds_its_own() {
    let files = [
        ("app.ts", "import 'a'"),
        ("node_modules/a", "->.store/a@1/node_modules/a"),
        (
            "node_modules/.store/a@1/node_modules/a/package.json",
            r#"{"main":"i.js"}"#,
        ),
        (
            "node_modules/.store/a@1/node_modules/a/i.js",
            "require('b')",
        ),
        (
            "node_modules/.store/a@1/node_modules/b",
            "->../../b@2/node_modules/b",
        ),
        (
            "node_modules/.store/b@2/node_modules/b/index.js",
            "require('./c')",
        ),
        ("node_modules/.store/b@2/node_modules/b/c.js", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "node_modules/a/i.js",
            "node_modules/a/package.json",
            "node_modules/b/c.js",
            "node_modules/b/index.js",
        ]
    );
}

#[test]
fn two_versions_of_a_package_are_both_there() {
    let files = [
        ("app.ts", "import 'a'; import 'b'"),
        ("node_modules/a", "->.store/a/node_modules/a"),
        ("node_modules/b", "->.store/b2/node_modules/b"),
        (
            "node_modules/.store/a/node_modules/a/index.js",
            "require('b/one')",
        ),
        (
            "node_modules/.store/a/node_modules/b",
            "->../../b1/node_modules/b",
        ),
        ("node_modules/.store/b1/node_modules/b/one.js", ""),
        ("node_modules/.store/b2/node_modules/b/index.js", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "node_modules/a/index.js",
            "node_modules/a/node_modules/b/one.js",
            "node_modules/b/index.js"
        ]
    );
}

#[test]
fn other_names_of_files_are_followed() {
    let files = [
        (
            "app.ts",
            "import '@/a'; import 'one'; import 'lib/b'; import '@/none'; import 'leaf'",
        ),
        (
            "tsconfig.json",
            r#"{ /* no */ "extends": "./config/base", "compilerOptions": {
                "baseUrl": ".", "paths": { "@/*": ["types/*.d.ts", "src/*"], "one": ["./src/one/two.js"], }, } }"#,
        ),
        (
            "config/base.json",
            r#"{ "extends": ["@s/base", "named", "mapped/x", "./tsconfig.json"],
                "compilerOptions": { "paths": { "leaf": ["${configDir}/src/leaf"] } } }"#,
        ),
        ("node_modules/@s/base/tsconfig.json", "{}"),
        (
            "node_modules/named/package.json",
            r#"{"tsconfig":"n.json"}"#,
        ),
        ("node_modules/named/n.json", "{}"),
        (
            "node_modules/mapped/package.json",
            r#"{"exports":{"./x":"./m.json"}}"#,
        ),
        ("node_modules/mapped/m.json", "{}"),
        ("src/a/index.ts", "import '@/c'"),
        ("src/c.mts", "import 'c'"),
        ("src/c/tsconfig.json", "{}"),
        ("src/one/two.ts", "import 'd'"),
        (
            "src/one/jsconfig.json",
            r#"{"compilerOptions":{"baseUrl":"."}}"#,
        ),
        ("src/one/d.js", "import '@/e'"),
        ("src/e.ts", ""),
        ("src/leaf.ts", ""),
        ("lib/b.ts", "import 'p'"),
        ("node_modules/p/index.js", "import '@/e'"),
        ("node_modules/p/tsconfig.json", "{}"),
    ];
    assert_eq!(
        found(&files),
        [
            "config/base.json",
            "lib/b.ts",
            "node_modules/@s/base/tsconfig.json",
            "node_modules/mapped/m.json",
            "node_modules/mapped/package.json",
            "node_modules/named/n.json",
            "node_modules/named/package.json",
            "node_modules/p/index.js",
            "src/a/index.ts",
            "src/c.mts",
            "src/leaf.ts",
            "src/one/d.js",
            "src/one/jsconfig.json",
            "src/one/two.ts",
            "tsconfig.json",
        ]
    );
}

#[test]
fn jsx_is_of_the_package_that_is_named() {
    let files = [
        ("app.ts", "import './view'"),
        ("view.tsx", ""),
        (
            "tsconfig.json",
            r#"{"compilerOptions":{"jsxImportSource":"hono/jsx"}}"#,
        ),
        (
            "node_modules/hono/package.json",
            r#"{"exports":{"./jsx/jsx-runtime":"./r.js"}}"#,
        ),
        ("node_modules/hono/r.js", ""),
        ("node_modules/react/jsx-runtime.js", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "node_modules/hono/package.json",
            "node_modules/hono/r.js",
            "tsconfig.json",
            "view.tsx"
        ]
    );
}

#[test]
fn what_is_for_node_alone_is_taken_in() {
    let manifest = r#"{"exports":{"node":{"import":"./node.mjs"},"browser":"./b.js"}}"#;
    let both = r#"{"exports":{"node":"./node.mjs","default":"./any.mjs"}}"#;
    let files = [
        ("app.ts", "import 'one'; import 'two';"),
        ("node_modules/one/package.json", manifest),
        ("node_modules/one/node.mjs", ""),
        ("node_modules/one/b.js", ""),
        ("node_modules/two/package.json", both),
        ("node_modules/two/any.mjs", ""),
        ("node_modules/two/node.mjs", ""),
    ];
    assert_eq!(
        found(&files),
        [
            "node_modules/one/node.mjs",
            "node_modules/one/package.json",
            "node_modules/two/any.mjs",
            "node_modules/two/package.json",
        ]
    );
}
