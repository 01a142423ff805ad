//! The pages of the documentation are true: each is followed from top to bottom by `tests_kit::Page`, which says how a page
//! is written. What a page cannot name itself (files that its reader has, free ports) is said here.

use tests_kit::{Fleet, Home, Page, binary, repository};

/// The sources that a reader is taken to have.
const PAGES: &str = "tests/it/tests/pages";

/// A page with files of [`PAGES`] in its folder.
fn follow(path: &str, given: &[(&str, &str)], instead: &[(&str, &str)], home: &Home) {
    Page {
        path,
        given,
        instead,
    }
    .follow(home);
}

fn pages(name: &str) -> String {
    format!("{PAGES}/{name}")
}

#[test]
fn the_readme() {
    let fleet = Fleet::start(1);
    let ca = fleet.ca();
    let instead = [("~/.lly/fleet/ca.pem", ca.to_str().unwrap())];
    follow("README.md", &[], &instead, &fleet.home);
}

#[test]
fn writing_a_plugin() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    follow("docs/plugins.md", &[], &[], &fleet.home);
}

#[test]
fn compiling() {
    let (hello, compile, guestbook) = (pages("hello.c"), pages("compile"), pages("guestbook"));
    let given = [
        (&*hello, "hello.c"),
        (&*compile, "."),
        (&*guestbook, "guestbook"),
    ];
    follow("docs/compile.md", &given, &[], &Home::new());
}

#[test]
fn bundles() {
    let given = [(&*pages("hello.c"), "hello.c")];
    follow("docs/bundle.md", &given, &[], &Home::new());
}

#[test]
fn writing_a_handler() {
    let fleet = Fleet::start(1);
    follow("docs/handler.md", &[], &[], &fleet.home);
}

#[test]
fn javascript() {
    follow("docs/javascript.md", &[], &[], &Home::new());
}

#[test]
fn frontends_that_are_not_c() {
    let given = [
        ("target/lily/plugins/wat.plugin", "wat.plugin"),
        ("target/lily/plugins/petal.plugin", "petal.plugin"),
        ("samples/wat/hello.wat", "hello.wat"),
        ("samples/petal", "samples/petal"),
        ("samples/abacus", "samples/abacus"),
    ];
    let home = Home::with_own_plugins();
    follow("docs/frontends.md", &given, &[], &home);
}

#[test]
fn sites() {
    let given = [("target/lily/plugins/pages.plugin", "pages.plugin")];
    follow("docs/sites.md", &given, &[], &Home::with_own_plugins());
}

#[test]
fn a_fleet() {
    let home = Home::new();
    let folder = home.path();
    let given = [
        (&*pages("hello.c"), "hello.c"),
        (&*pages("better.c"), "better.c"),
    ];
    let instead = [
        ("/home/you/.lly", folder.to_str().unwrap()),
        // Where a test listens, nobody else does.
        ("lly fleet up --caps 2", "lly fleet up --caps 2 --port 0"),
    ];
    follow("docs/fleet.md", &given, &instead, &home);
}

#[test]
fn policies() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 2);
    let given = [(&*pages("hello.c"), "hello.c")];
    follow("docs/policies.md", &given, &[], &fleet.home);
}

#[test]
fn signatures_and_trust() {
    let fleet = Fleet::start_in(Home::with_own_plugins(), 1);
    let state = fleet.state().unwrap();
    let instead = [("https://rc.example", state["rc_url"].as_str().unwrap())];
    std::fs::copy(fleet.ca(), fleet.home.work().join("ca.pem")).unwrap();
    let given = [
        (&*pages("hello.c"), "hello.c"),
        ("target/lily/plugins/wat.plugin", "wat.plugin"),
    ];
    follow("docs/signing.md", &given, &instead, &fleet.home);
}

#[test]
fn a_registry() {
    let home = Home::with_own_plugins();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let postgres = home.work().join("postgres");
    let cluster = runtime
        .block_on(fleet_db::cluster::start(&postgres))
        .unwrap();
    let database = fleet_db::cluster::url(&postgres);
    std::os::unix::fs::symlink(binary("lly"), home.work().join("lly")).unwrap();
    let platform = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let instead = [
        ("$DATABASE_URL", &*database),
        ("x86_64-linux=", &*format!("{platform}=")),
        ("https://rc.example", "http://localhost:7444"),
        // What a user allows once for all is nobody's business here.
        ("skopeo copy", "skopeo --insecure-policy --tmpdir . copy"),
    ];
    let given = [
        ("target/lily/plugins/wat.plugin", "wat.plugin"),
        (&*pages("sums.wit"), "wit/sums.wit"),
    ];
    follow("docs/registry.md", &given, &instead, &home);
    runtime.block_on(cluster.stop()).unwrap();
}

#[test]
fn every_page_with_commands_is_followed() {
    let own = include_str!("documents.rs");
    let docs = std::fs::read_dir(repository().join("docs")).unwrap();
    let docs = docs.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    let pages = docs.filter(|page| page.ends_with(".md"));
    for page in pages.chain(["README.md".to_owned()]) {
        let text = std::fs::read_to_string(repository().join(&page)).unwrap();
        assert!(
            !Page::has_commands(&text) || own.contains(&format!("follow(\"{page}\"")),
            "{page} has commands, and no test follows it"
        );
    }
}
