//! Site adapters: a web framework's project becomes a bundle with routes, which `lly run` and a CAP answer alike.

use std::collections::BTreeMap;

use tests_kit::{Fleet, Home, Output, repository};

use crate::handler::Listening;

/// An answer, as far as it is the site's.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// What a site says with an answer, and not whoever carries it.
const SHOWN: [&str; 7] = [
    "allow",
    "cache-control",
    "content-type",
    "etag",
    "location",
    "x-frame-options",
    "x-lang",
];

/// A project that users of other hosts know: files, `_redirects`, `_headers`, a function.
fn write_pages(home: &Home) {
    for (name, text) in [
        ("blog/site/index.html", "<h1>Home</h1>\n"),
        ("blog/site/about.html", "<h1>About</h1>\n"),
        ("blog/site/docs/index.html", "<h1>Docs</h1>\n"),
        ("blog/site/404.html", "<h1>Lost</h1>\n"),
        ("blog/site/app.js", "let a;\n"),
        ("blog/site/.env", "TOKEN=secret\n"),
        (
            "blog/site/_redirects",
            "/old /about 302\n/posts/:year/* /archive/:year/:splat\n/away/* https://elsewhere.test/:splat 307\n\
             /app/* /index.html 200\n",
        ),
        (
            "blog/site/_headers",
            "/*\n  X-Frame-Options: DENY\n/app.js\n  Cache-Control: max-age=60\n",
        ),
        (
            "blog/functions/main.c",
            "#include <stdio.h>\n#include <stdlib.h>\n#include \"words.h\"\nint main(void) {\n\
             printf(\"content-type: text/plain\\nx-frame-options: NONE\\n\\n%s %s %s\\n\", HELLO, getenv(\"REQUEST_METHOD\"), \
             getenv(\"PATH_INFO\"));\n}\n",
        ),
        ("blog/functions/words.h", "#define HELLO \"hello\"\n"),
    ] {
        home.write(name, text);
    }
}

/// Method and target of what is asked of the blog.
const ASKED: [&str; 17] = [
    "GET /",
    "HEAD /",
    "GET /about",
    "GET /about.html",
    "GET /docs",
    "GET /docs/",
    "GET /app.js",
    "GET /old?a=b",
    "GET /posts/2026/11/lily",
    "GET /away//evil.test",
    "GET /app/deep/link",
    "GET /nothing",
    "GET /.env",
    "GET /_headers",
    "POST /about",
    "GET /api/hello",
    "POST /api/",
];

/// Splits an answer as `Listening` gives it.
fn shown(answer: &str) -> Shown {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Shown {
        status: status.parse().unwrap(),
        headers: named(headers),
        body: body.to_owned(),
    }
}

fn named<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<String, String> {
    headers
        .filter(|(name, _)| SHOWN.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn from_listening(listening: &Listening, asked: &str) -> Shown {
    shown(&listening.ask(&format!("{asked} HTTP/1.1")))
}

fn from_fleet(fleet: &Fleet, url: &str, asked: &str) -> Shown {
    let (method, target) = asked.split_once(' ').unwrap();
    let url = format!("{}{target}", url.trim_end_matches('/'));
    let request = fleet.client().request(method.parse().unwrap(), url);
    let answer = fleet.send(request).unwrap();
    let headers = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Shown {
        status: answer.status,
        headers: named(headers),
        body: answer.text(),
    }
}

/// What the blog is to answer: status, the words of the body, and a header.
fn check_blog(ask: &dyn Fn(&str) -> Shown) {
    for (asked, status, body, header) in [
        ("GET /", 200, "<h1>Home</h1>\n", ("x-frame-options", "DENY")),
        ("HEAD /", 200, "", ("x-frame-options", "DENY")),
        (
            "GET /about",
            200,
            "<h1>About</h1>\n",
            ("content-type", "text/html; charset=utf-8"),
        ),
        ("GET /docs", 308, "", ("location", "/docs/")),
        (
            "GET /docs/",
            200,
            "<h1>Docs</h1>\n",
            ("x-frame-options", "DENY"),
        ),
        (
            "GET /app.js",
            200,
            "let a;\n",
            ("cache-control", "max-age=60"),
        ),
        ("GET /old?a=b", 302, "", ("location", "/about?a=b")),
        (
            "GET /posts/2026/11/lily",
            301,
            "",
            ("location", "/archive/2026/11/lily"),
        ),
        (
            "GET /away//evil.test",
            307,
            "",
            ("location", "https://elsewhere.test//evil.test"),
        ),
        (
            "GET /app/deep/link",
            200,
            "<h1>Home</h1>\n",
            ("x-frame-options", "DENY"),
        ),
        (
            "GET /nothing",
            404,
            "<h1>Lost</h1>\n",
            ("content-type", "text/html; charset=utf-8"),
        ),
        (
            "GET /.env",
            404,
            "<h1>Lost</h1>\n",
            ("content-type", "text/html; charset=utf-8"),
        ),
        (
            "GET /_headers",
            404,
            "<h1>Lost</h1>\n",
            ("content-type", "text/html; charset=utf-8"),
        ),
        (
            "GET /api/hello",
            200,
            "hello GET /api/hello\n",
            ("x-frame-options", "DENY"),
        ),
        (
            "POST /api/",
            200,
            "hello POST /api/\n",
            ("x-frame-options", "DENY"),
        ),
    ] {
        let answer = ask(asked);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (status, body),
            "{asked}: {answer:?}"
        );
        let value = answer.headers.get(header.0).map(String::as_str);
        assert_eq!(value, Some(header.1), "{asked}: {answer:?}");
    }
    let refused = ask("POST /about");
    assert_eq!(refused.status, 405, "{refused:?}");
    assert_eq!(refused.headers["allow"], "GET, HEAD");
}

#[test]
fn an_adapter_from_the_registry_makes_a_site_that_the_fleet_and_run_answer_alike() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let home = &fleet.home;
    write_pages(home);
    let package = repository().join("target/lily/plugins/pages.plugin");
    let package = package.to_str().unwrap();
    fleet
        .lly(["plugin", "key", "generate", "acme.key"])
        .success();
    fleet
        .lly(["plugin", "publish", package, "--key", "acme.key"])
        .success();
    let compile = ["compile", "blog", "-o", "blog.brick"];
    fleet
        .lly(compile)
        .exits(1)
        .says("when an installed site adapter knows it");
    fleet
        .lly(["plugin", "install", "pages"])
        .exits(1)
        .says("names nobody who may sign the plugin `pages`");
    let trust = [
        "plugin",
        "trust",
        "publisher",
        "--key",
        "acme.pub",
        "--plugins",
        "pages",
    ];
    fleet.lly(trust).success();
    fleet
        .lly(["plugin", "install", "pages"])
        .exits(1)
        .says("read the files `site/**` of the project");
    fleet
        .lly(["plugin", "install", "pages", "--grant"])
        .success();
    let compiled = fleet
        .lly(compile)
        .success()
        .says("pages (site adapter `pages` 0.1.0)");
    assert!(
        compiled.stdout.contains("  routes    "),
        "{}",
        compiled.stdout
    );
    let inspected = home.json(["bundle", "inspect", "blog.brick", "--full"]);
    assert_eq!(inspected["adapter"]["name"], "pages");
    assert_eq!(inspected["frontend"]["name"], "c");
    assert!(!inspected.to_string().contains(".env"), "{inspected}");
    // The same files give the same bundle.
    fleet
        .lly(["compile", "blog", "-o", "again.brick"])
        .success();
    let bytes = |name: &str| std::fs::read(home.work().join(name)).unwrap();
    assert!(bytes("blog.brick") == bytes("again.brick"));

    let listening = Listening::start(home, &home.work().join("blog.brick"));
    let url = fleet.deploy_url(&home.work().join("blog.brick"));
    check_blog(&|asked| from_listening(&listening, asked));
    check_blog(&|asked| from_fleet(&fleet, &url, asked));
    for asked in ASKED {
        let (here, there) = (
            from_listening(&listening, asked),
            from_fleet(&fleet, &url, asked),
        );
        assert_eq!(here, there, "{asked}");
    }

    // Without a function there is no program at all, and nothing to compile or to start.
    std::fs::remove_dir_all(home.work().join("blog/functions")).unwrap();
    let quiet = fleet
        .lly(["compile", "blog", "-o", "quiet.brick"])
        .success();
    assert!(!quiet.stdout.contains("brick  "), "{}", quiet.stdout);
    let url = fleet.deploy_url(&home.work().join("quiet.brick"));
    assert_eq!(
        from_fleet(&fleet, &url, "GET /about").body,
        "<h1>About</h1>\n"
    );
    assert_eq!(from_fleet(&fleet, &url, "GET /old").status, 302);
    assert_eq!(from_fleet(&fleet, &url, "GET /api/hello").status, 404);
    fleet.lly(["run", "quiet.brick"]).exits(1).says("--listen");
}

fn install(home: &Home, package: &str) {
    home.lly(["plugin", "install", package, "--grant"])
        .success();
}

fn pages(home: &Home) -> String {
    let package = repository().join("target/lily/plugins/pages.plugin");
    std::fs::copy(package, home.work().join("pages.plugin")).unwrap();
    "pages.plugin".to_owned()
}

/// An adapter as a core module: every project is its own, is built by `sh make.sh`, and is one file.
fn made(home: &Home, name: &str, file: &str) -> String {
    let words = |words: &[usize]| -> String {
        let bytes = words
            .iter()
            .flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes());
        bytes.map(|byte| format!("\\{byte:02x}")).collect()
    };
    let found = words(&[1, 100, 4, 110, 1, 1, 240, 2]);
    let command = words(&[120, 2, 130, 7]);
    let site = words(&[0, 360, 1, 0, 0, 0, 0, 0, 0]);
    let asset = words(&[140, 8, 160, file.len(), 0, 0, 0, 0]);
    home.write(
        &format!("{name}.wat"),
        format!(
            r#"(module
            (memory (export "memory") 1)
            (data (i32.const 100) "made") (data (i32.const 110) "1") (data (i32.const 120) "sh")
            (data (i32.const 130) "make.sh") (data (i32.const 140) "/out.txt") (data (i32.const 160) "{file}")
            (data (i32.const 200) "{found}") (data (i32.const 240) "{command}")
            (data (i32.const 300) "{site}") (data (i32.const 360) "{asset}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "recognise") (result i32) (i32.const 200))
            (func (export "adapt") (result i32) (i32.const 300)))"#
        ),
    );
    home.write(
        &format!("{name}/plugin.json"),
        format!(
            r#"{{"schema":1,"name":"{name}","version":"1.2.3","world":"lily:site@0.1.0","description":"made",
            "component":"component.wasm","lly_min_version":"0.1.0",
            "grants":{{"read":["out.txt"],"programs":[{{"program":"sh","arguments":["make.sh"]}}]}}}}"#
        ),
    );
    let module = format!("{name}.wat");
    home.lly(["plugin", "build", name, "--module", &module])
        .success();
    format!("{name}/{name}.plugin")
}

#[test]
fn sources_in_lly_toml_win_and_two_adapters_are_told_apart() {
    let home = Home::with_own_plugins();
    let pages = pages(&home);
    home.lly(["plugin", "install", &pages])
        .exits(1)
        .says("read the files `functions/**` of the project");
    install(&home, &pages);
    home.write("app/site/index.html", "<h1>Home</h1>\n");
    home.write(
        "app/main.c",
        "#include <stdio.h>\nint main(void) { puts(\"from C\"); }\n",
    );
    home.write("app/lly.toml", "name = \"shop\"\nsources = [\"main.c\"]\n");
    let compile = |more: &[&str]| -> Output {
        let words = ["compile", "app", "-f", "-o", "app.brick"]
            .iter()
            .chain(more);
        home.lly(words.copied().collect::<Vec<_>>())
    };
    let inspected = |key: &str| home.json(["bundle", "inspect", "app.brick"])[key].clone();
    compile(&[]).success();
    assert!(inspected("adapter").is_null());
    let ran = home.lly(["run", "app.brick"]).success();
    assert_eq!(ran.stdout, "from C\n");
    // Settings are the site's where it has no sources.
    home.write(
        "app/lly.toml",
        "name = \"shop\"\nassets = \"site\"\n[limits]\nwall_time_ms = 5000\n",
    );
    compile(&[])
        .success()
        .says("note: `assets`: that says nothing about a site");
    assert_eq!(inspected("name"), "shop");
    assert_eq!(inspected("adapter")["name"], "pages");
    assert_eq!(inspected("limits")["wall_time_ms"], 5000);
    // Files that were named are compiled, whatever folder they lie in.
    home.lly(["compile", "app/main.c", "-o", "main.brick"])
        .success();

    install(&home, &made(&home, "made", "out.txt"));
    compile(&[])
        .exits(1)
        .says("is a project of several installed site adapters: made, pages")
        .says("--plugin made");
    compile(&["--plugin", "pages"]).success();
    home.write("other/readme.txt", "no site\n");
    home.lly(["compile", "other", "--plugin", "pages"])
        .exits(1)
        .says("is not a project that the site adapter `pages` knows");
}

#[test]
fn a_project_is_built_when_that_was_granted() {
    let home = Home::with_own_plugins();
    install(&home, &made(&home, "made", "out.txt"));
    home.write("app/make.sh", "echo built $TOKEN > out.txt\n");
    let compile = |more: &[&str]| -> Output {
        let words = ["compile", "app", "-f", "-o", "app.brick"]
            .iter()
            .chain(more);
        home.lly_with(words, b"", |command| {
            command.env("TOKEN", "secret");
        })
    };
    compile(&["--no-build"])
        .exits(1)
        .says("there is no `out.txt` in the project");
    compile(&[]).success().says("building: sh make.sh");
    let listening = Listening::start(&home, &home.work().join("app.brick"));
    let answer = from_listening(&listening, "GET /out.txt");
    assert_eq!((answer.status, answer.body.as_str()), (200, "built\n"));
    compile(&["--no-build"]).success();
    // A build that fails says so, and leaves the bundle as it was.
    let before = std::fs::read(home.work().join("app.brick")).unwrap();
    home.write("app/make.sh", "echo no such page >&2\nexit 7\n");
    compile(&[])
        .exits(1)
        .says("no such page")
        .says("`sh make.sh` exits with 7");
    assert!(std::fs::read(home.work().join("app.brick")).unwrap() == before);
    // Nobody runs anything that the user took back.
    home.write("app/make.sh", "touch ran\n");
    std::fs::write(
        home.path().join("grants.toml"),
        "[plugin.made]\nread = [\"out.txt\"]\n",
    )
    .unwrap();
    compile(&[])
        .exits(1)
        .says("running `sh make.sh` was not granted: the grant `programs` for `sh make.sh` is missing")
        .says("--no-build");
    assert!(!home.work().join("app/ran").exists());
    compile(&["--no-build"]).success();
}

#[test]
fn an_adapter_that_answers_nonsense_is_named_and_nothing_is_written() {
    let home = Home::with_own_plugins();
    home.write("app/make.sh", "");
    home.write("secret", "key");
    install(&home, &made(&home, "spy", "../secret"));
    home.lly(["compile", "app", "-o", "app.brick"])
        .exits(1)
        .says("the plugin `spy` 1.2.3 failed in `adapt`: its asset `/out.txt`: `../secret` is not a path inside the project");
    assert!(!home.work().join("app.brick").exists());
    // What is wrong with a project is said at its line.
    home.lly(["plugin", "remove", "spy"]).success();
    install(&home, &pages(&home));
    home.write("blog/site/_redirects", "/a /b\n/c\n/d /none.html 200\n");
    home.lly(["compile", "blog", "-o", "blog.brick"])
        .exits(1)
        .says("blog/site/_redirects:2:1: error: it does not say where to")
        .says("blog/site/_redirects:3:1: error: there is no file `site/none.html`")
        .says("2 errors");
    assert!(!home.work().join("blog.brick").exists());
}

#[test]
fn the_cases_of_sites_find_what_is_wrong() {
    let home = Home::with_own_plugins();
    let package = made(&home, "made", "out.txt");
    let tested = home.lly(["plugin", "test", &package]).exits(1);
    let failed = |case: &str, why: &str| {
        let line = format!("FAILED  {case}\n        ");
        let found = tested.stdout.split_once(&line).map(|(_, rest)| rest);
        assert!(
            found.is_some_and(|rest| rest.lines().next().unwrap().contains(why)),
            "{case}: {}",
            tested.stdout
        );
    };
    failed(
        "an empty folder is not its framework",
        "it takes it for \"made\"",
    );
    failed(
        "without a grant it fails, and does not trap",
        "the grant `read` for `out.txt` is missing",
    );

    // The adapter that comes with us, as a project with cases of its own.
    let package = std::fs::read(home.work().join(pages(&home))).unwrap();
    let package = lly_brick::container::Reader::open(&package).unwrap();
    for entry in ["plugin.json", "component.wasm"] {
        home.write(&format!("mine/{entry}"), package.read(entry).unwrap());
    }
    for (name, text) in [
        ("wrong/project/site/_redirects", "/a /b\n/c\n"),
        (
            "wrong/errors",
            "site/_redirects:2:1: error: it does not say where to\n",
        ),
        ("two/project/site/index.html", "<h1>Home</h1>\n"),
        ("two/project/site/_headers", "/\n  X-A: b\n"),
        (
            "two/site.json",
            r#"{"framework":"pages","build":null,"programs":[],"routes":[{"methods":["GET"],"pattern":"/",
            "headers":[{"name":"x-a","value":"b"}],"target":{"asset":"/index.html"}}]}"#,
        ),
    ] {
        home.write(&format!("mine/tests/{name}"), text);
    }
    let tested = home.lly(["plugin", "test", "mine"]).success();
    assert!(
        tested
            .stdout
            .contains("ok      tests/wrong, damaged, does not trap it"),
        "{}",
        tested.stdout
    );
    home.write(
        "mine/tests/two/site.json",
        r#"{"framework":"pages","routes":[]}"#,
    );
    home.write("mine/tests/wrong/errors", "site/_redirects:1:1: error: ");
    let tested = home.lly(["plugin", "test", "mine"]).exits(1);
    assert!(
        tested.stdout.contains("`routes` is [{"),
        "{}",
        tested.stdout
    );
    assert!(
        tested
            .stdout
            .contains("it says [\"site/_redirects:2:1: error:"),
        "{}",
        tested.stdout
    );
}
