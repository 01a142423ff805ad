use super::*;
use crate::files::files;

/// What `specifier` means in `src/app.ts`.
fn resolve(all: &[(&str, &str)], specifier: &str) -> Result<Target, String> {
    from(all, "src/app.ts", specifier)
}

fn from(all: &[(&str, &str)], file: &str, specifier: &str) -> Result<Target, String> {
    let files = files(all);
    let resolver = Resolver::new(&files);
    let mut configs = Tsconfigs::new(&files, &resolver);
    let config = configs.of(file);
    assert!(configs.told.is_empty(), "{:?}", configs.told);
    resolver.resolve(file, specifier, Manner::Import, &config)
}

fn file(path: &str) -> Result<Target, String> {
    Ok(Target::File(path.to_owned()))
}

/// `path:line:column: message` of all that is wrong for `src/app.ts`.
fn told(all: &[(&str, &str)]) -> Vec<String> {
    let files = files(all);
    let resolver = Resolver::new(&files);
    let mut configs = Tsconfigs::new(&files, &resolver);
    configs.of("src/app.ts");
    configs.of("src/b/other.ts");
    let line = |one: &Diagnostic| {
        let path = one.path.clone().unwrap_or_default();
        format!("{path}:{}:{}: {}", one.line, one.column, one.message)
    };
    configs.told.iter().map(line).collect()
}

#[test]
fn exact_patterns_come_first_then_the_longest_beginning() {
    let config = r#"{ "compilerOptions": { "paths": {
        "*": ["./any/*"], "@/*": ["./src/*"], "@/lib/*": ["./lib/*"], "@/lib/*.css": ["./css/*.ts"],
        "@/lib/one": ["./one.ts"], "fs": ["./own/fs"] } } }"#;
    let all = [
        ("tsconfig.json", config),
        ("src/app.ts", ""),
        ("src/a/index.tsx", ""),
        ("src/a.b.ts", ""),
        ("lib/two.ts", ""),
        ("css/two.ts", ""),
        ("one.ts", ""),
        ("any/fs.js", ""),
        ("any/x.js", ""),
        ("own/fs.ts", ""),
    ];
    for (specifier, expected) in [
        ("@/a", "src/a/index.tsx"),
        ("@/a.b.js", "src/a.b.ts"),
        ("@/lib/one", "one.ts"),
        ("@/lib/two", "lib/two.ts"),
        ("@/lib/two.css", "css/two.ts"),
        ("x", "any/x.js"),
        ("fs", "own/fs.ts"),
    ] {
        assert_eq!(resolve(&all, specifier), file(expected), "{specifier}");
    }
    let platform = |name: &str| Ok(Target::Platform(name.to_owned()));
    assert_eq!(resolve(&all, "node:fs"), platform("node:fs"));
    assert_eq!(resolve(&all, "path"), platform("node:path"));
}

#[test]
fn targets_are_tried_in_order_and_then_packages() {
    let config = r##"{ "compilerOptions": { "paths": {
        "@/*": ["./types/*.d.ts", "./gen/*", "./src/*"], "p": ["./absent"], "#/*": ["./src/*"],
        "react": ["./node_modules/small/compat"] } } }"##;
    let all = [
        ("tsconfig.json", config),
        ("types/a.d.ts", ""),
        ("gen/b.ts", ""),
        ("src/a.ts", ""),
        ("src/b.ts", ""),
        ("node_modules/p/index.js", ""),
        ("node_modules/@/c/index.js", ""),
        (
            "node_modules/small/compat/package.json",
            r#"{"main":"./c.js"}"#,
        ),
        ("node_modules/small/compat/c.js", ""),
    ];
    for (specifier, expected) in [
        ("@/a", "src/a.ts"),
        ("@/b", "gen/b.ts"),
        ("#/a", "src/a.ts"),
        ("@/c", "node_modules/@/c/index.js"),
        ("p", "node_modules/p/index.js"),
        ("react", "node_modules/small/compat/c.js"),
    ] {
        assert_eq!(resolve(&all, specifier), file(expected), "{specifier}");
    }
}

#[test]
fn what_no_target_has_is_said_with_what_was_tried() {
    let config = r#"{ "compilerOptions": { "paths": {
        "@/*": ["./src/*", "./lib/*"], "*": ["./any/*"], "none": ["../../up"] } } }"#;
    let all = [("tsconfig.json", config), ("src/app.ts", "")];
    assert_eq!(
        resolve(&all, "@/db").unwrap_err(),
        "there is no file for `@/db`: `@/*` in `paths` of `tsconfig.json` leads to `src/db`, `lib/db`"
    );
    let package = resolve(&all, "hono").unwrap_err();
    assert!(package.contains("`npm install hono`"), "{package}");
    let tried = "; `*` in `paths` of `tsconfig.json` was tried first: `any/hono`";
    assert!(package.ends_with(tried), "{package}");
    let outside = resolve(&all, "none").unwrap_err();
    assert!(outside.ends_with("leads to no file"), "{outside}");
    assert_eq!(
        resolve(&all, "./db").unwrap_err(),
        "there is no file `./db`"
    );
}

#[test]
fn a_base_is_tried_before_packages() {
    let config = r#"{ "compilerOptions": { "baseUrl": "./src", "paths": { "~/*": ["deep/*"] } } }"#;
    let all = [
        ("tsconfig.json", config),
        ("src/lib/a.ts", ""),
        ("src/deep/b.ts", ""),
        ("src/both.ts", ""),
        ("node_modules/both/index.js", ""),
        ("node_modules/only/index.js", ""),
    ];
    for (specifier, expected) in [
        ("lib/a", "src/lib/a.ts"),
        ("~/b", "src/deep/b.ts"),
        ("both", "src/both.ts"),
        ("only", "node_modules/only/index.js"),
    ] {
        assert_eq!(resolve(&all, specifier), file(expected), "{specifier}");
    }
}

#[test]
fn the_nearest_one_counts_and_none_in_packages() {
    let paths =
        |folder: &str| format!(r#"{{"compilerOptions":{{"paths":{{"@":["./{folder}"]}}}}}}"#);
    let (root, script, inner) = (paths("root"), paths("script"), paths("inner"));
    let all = [
        ("tsconfig.json", root.as_str()),
        ("jsconfig.json", &script),
        ("a/jsconfig.json", &script),
        ("b/c/tsconfig.json", &inner),
        ("node_modules/p/tsconfig.json", &inner),
        ("node_modules/p/inner.js", ""),
        ("root.ts", ""),
        ("a/script.ts", ""),
        ("b/c/inner.ts", ""),
    ];
    for (one, expected) in [
        ("app.ts", "root.ts"),
        ("a/app.js", "a/script.ts"),
        ("b/app.ts", "root.ts"),
        ("b/c/d/app.ts", "b/c/inner.ts"),
    ] {
        assert_eq!(from(&all, one, "@"), file(expected), "{one}");
    }
    assert!(from(&all, "node_modules/p/index.js", "@").is_err());
}

#[test]
fn paths_lie_beside_the_file_that_has_them() {
    let base = r#"{ "compilerOptions": { "paths": { "@/*": ["./shared/*"], "own/*": ["${configDir}/own/*"] } } }"#;
    let all = [
        ("app/tsconfig.json", r#"{ "extends": "../config/base" }"#),
        ("config/base.json", base),
        ("config/shared/a.ts", ""),
        ("app/own/b.ts", ""),
        ("app/base/c.ts", ""),
        ("app/base/shared/a.ts", ""),
        (
            "app/based/tsconfig.json",
            r#"{ "extends": ["../tsconfig.json"], "compilerOptions": { "baseUrl": "../base" } }"#,
        ),
    ];
    assert_eq!(from(&all, "app/x.ts", "@/a"), file("config/shared/a.ts"));
    assert_eq!(from(&all, "app/x.ts", "own/b"), file("app/own/b.ts"));
    // As for TypeScript: with a base, wherever it is said, `paths` begin there.
    assert_eq!(
        from(&all, "app/based/x.ts", "@/a"),
        file("app/base/shared/a.ts")
    );
    assert_eq!(from(&all, "app/based/x.ts", "c"), file("app/base/c.ts"));
}

#[test]
fn the_last_of_what_is_extended_is_the_strongest_but_for_the_file_itself() {
    let jsx = |name: &str| format!(r#"{{"compilerOptions":{{"jsxImportSource":"{name}"}}}}"#);
    let (one, two) = (jsx("one"), jsx("two"));
    let source = |config: &str| {
        let files = files(&[
            ("tsconfig.json", config),
            ("one.json", &one),
            ("two/tsconfig.json", &two),
        ]);
        let resolver = Resolver::new(&files);
        let config = Tsconfigs::new(&files, &resolver).of("a.ts");
        config.language.jsx_import_source.clone().unwrap()
    };
    assert_eq!(source(r#"{"extends":["./one","./two"]}"#), "two");
    assert_eq!(source(r#"{"extends":["./two","./one.json"]}"#), "one");
    let own = r#"{"extends":"./one","compilerOptions":{"jsxImportSource":"three"}}"#;
    assert_eq!(source(own), "three");
}

#[test]
fn packages_are_extended() {
    let target = |name: &str| {
        let up = "../".repeat(2 + usize::from(name.contains('/')));
        format!(r#"{{"compilerOptions":{{"paths":{{"@":["{up}found.ts"]}}}}}}"#)
    };
    for (name, place) in [
        ("@s/base", "@s/base/tsconfig.json"),
        ("@s/base/strict.json", "@s/base/strict.json"),
        ("@s/base/strict", "@s/base/strict.json"),
        ("plain", "plain/tsconfig.json"),
        ("named", "named/other.json"),
        ("mapped/strict", "mapped/a.json"),
    ] {
        let own = format!(r#"{{"extends":"{name}"}}"#);
        let text = target(place.rsplit_once('/').unwrap().0);
        let place = format!("node_modules/{place}");
        let all = [
            ("app/tsconfig.json", own.as_str()),
            (place.as_str(), &text),
            (
                "node_modules/named/package.json",
                r#"{"tsconfig":"./other.json"}"#,
            ),
            (
                "node_modules/mapped/package.json",
                r#"{"name":"mapped","exports":{"./strict":"./a.json"}}"#,
            ),
            ("found.ts", ""),
        ];
        assert_eq!(from(&all, "app/x.ts", "@"), file("found.ts"), "{name}");
    }
}

#[test]
fn mistakes_are_told_once_at_their_place() {
    assert_eq!(
        told(&[("tsconfig.json", "{\n  \"extends\": [\"./none\", \"p\"]\n}")]),
        [
            "tsconfig.json:2:15: there is no `./none` to extend: what it says is left out",
            "tsconfig.json:2:25: there is no `p` to extend: what it says is left out"
        ]
    );
    assert_eq!(
        told(&[
            ("tsconfig.json", r#"{"extends":"./a.json"}"#),
            ("a.json", r#"{"extends":"./tsconfig.json"}"#),
            ("src/b/tsconfig.json", r#"{"extends":"../../a.json"}"#),
        ]),
        [
            "a.json:1:12: `extends` leads back to `tsconfig.json`",
            "tsconfig.json:1:12: `extends` leads back to `a.json`"
        ]
    );
    assert_eq!(
        told(&[(
            "tsconfig.json",
            r#"{"compilerOptions":{"paths":{"a*b*":["./c"]}}}"#
        )]),
        ["tsconfig.json:1:30: `a*b*` has more than one `*`: it is left out"]
    );
    assert_eq!(
        told(&[
            ("src/tsconfig.json", r#"{"extends":"../base.json"}"#),
            ("src/b/tsconfig.json", r#"{"extends":"../../base.json"}"#),
            ("base.json", "{\n  \"compilerOptions\" }"),
        ]),
        ["base.json:2:21: the configuration cannot be read: expected `:`"]
    );
}

#[test]
fn what_is_extended_has_an_end() {
    // Each twice: without a bound 2^30 files would be read.
    let texts: Vec<(String, String)> = (0..30)
        .map(|at| {
            let next = at + 1;
            let text = format!(r#"{{"extends":["./c{next}.json","./c{next}.json"]}}"#);
            (format!("c{at}.json"), text)
        })
        .collect();
    let mut all = vec![
        ("tsconfig.json", r#"{"extends":"./c0.json"}"#),
        ("c30.json", "{}"),
    ];
    let texts = texts.iter();
    all.extend(texts.map(|(path, text)| (path.as_str(), text.as_str())));
    let told = told(&all);
    let is_end =
        |one: &String| one.ends_with("more than 64 files are extended: the rest is left out");
    assert!(!told.is_empty() && told.iter().all(is_end), "{told:?}");
}
