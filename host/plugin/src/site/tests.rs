use super::*;
use crate::Silent;
use crate::testing::{package, site as component};
use lly_brick::RouteTarget;

/// Where the answers of [`Memory`] are.
const BASE: u32 = 65_536;

/// An answer as the component has it in its memory.
#[derive(Default)]
struct Memory {
    bytes: Vec<u8>,
}

type Words = Vec<u32>;

impl Memory {
    fn place(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let at = BASE + u32::try_from(self.bytes.len()).unwrap();
        self.bytes.extend(bytes);
        at
    }

    fn text(&mut self, text: &str) -> Words {
        vec![
            self.place(text.as_bytes()),
            u32::try_from(text.len()).unwrap(),
        ]
    }

    fn option(&mut self, text: Option<&str>) -> Words {
        match text {
            Some(text) => [vec![1], self.text(text)].concat(),
            None => vec![0; 3],
        }
    }

    fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.place(&bytes)
    }

    fn list(&mut self, items: &[Words]) -> Words {
        vec![
            self.words(&items.concat()),
            u32::try_from(items.len()).unwrap(),
        ]
    }

    fn asset(&mut self, path: &str, from: &str, media_type: Option<&str>) -> Words {
        [
            self.text(path),
            self.text(from),
            self.option(media_type),
            vec![60],
        ]
        .concat()
    }

    fn file(&mut self, path: &str) -> Words {
        [self.text(path), self.text("int x;")].concat()
    }

    fn program(&mut self, name: &str, sources: &[&str], companions: &[&str]) -> Words {
        let name = self.text(name);
        let sources: Vec<Words> = sources.iter().map(|path| self.file(path)).collect();
        let companions: Vec<Words> = companions.iter().map(|path| self.file(path)).collect();
        let variable = self.text("TOKEN");
        [
            name,
            self.list(&sources),
            self.list(&companions),
            self.list(&[variable]),
        ]
        .concat()
    }

    /// Kind 0 is an asset, 1 a program; else it is a redirect with that status.
    fn route(&mut self, pattern: &str, headers: &[(&str, &str)], kind: u32, to: &str) -> Words {
        let method = self.text("GET");
        let headers: Vec<Words> = headers
            .iter()
            .map(|(name, value)| [self.text(name), self.text(value)].concat())
            .collect();
        let to = self.text(to);
        let target = match kind {
            0 | 1 => [vec![kind], to, vec![0]].concat(),
            status => [vec![2, status], to].concat(),
        };
        [
            self.list(&[method]),
            self.text(pattern),
            self.list(&headers),
            target,
        ]
        .concat()
    }

    fn diagnostic(&mut self, severity: u32, message: &str, path: Option<&str>) -> Words {
        [
            vec![severity],
            self.text(message),
            self.option(path),
            vec![3, 7],
        ]
        .concat()
    }

    /// The component whose `adapt` gives these lists.
    fn site(mut self, lists: [Vec<Words>; 4]) -> String {
        let lists: Words = lists.iter().flat_map(|items| self.list(items)).collect();
        let at = self.words(&[vec![0], lists].concat());
        self.adapting(&format!("(i32.const {at})"))
    }

    /// The component whose `adapt` refuses the project.
    fn refusal(mut self, diagnostics: &[Words]) -> String {
        let list = self.list(diagnostics);
        let at = self.words(&[vec![1], list].concat());
        self.adapting(&format!("(i32.const {at})"))
    }

    fn adapting(self, body: &str) -> String {
        core("(i32.const 1024)", body, &self.bytes)
    }

    /// The component whose `recognise` gives this.
    fn recognising(mut self, framework: &str, version: &str, build: Option<&[&str]>) -> String {
        let found = [vec![1], self.text(framework), self.text(version)].concat();
        let build = match build {
            Some(words) => {
                let words: Vec<Words> = words.iter().map(|word| self.text(word)).collect();
                [vec![1], self.list(&words)].concat()
            }
            None => vec![0; 3],
        };
        let at = self.words(&[found, build].concat());
        core(&format!("(i32.const {at})"), "(unreachable)", &self.bytes)
    }
}

/// The core of an adapter. A file's name is at 2048; what is at 1024 is none.
fn core(recognise: &str, adapt: &str, data: &[u8]) -> String {
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
        (import "lily:site/project@0.1.0" "read" (func $read (param i32 i32 i32)))
        (import "lily:site/project@0.1.0" "entries" (func $entries (param i32 i32 i32)))
        (memory (export "memory") 8)
        (global $top (mut i32) (i32.const 262144))
        (data (i32.const 2048) "page.html")
        (data (i32.const 2100) "secret")
        (data (i32.const 2200) "../secret")
        (data (i32.const 2300) "out.html")
        (data (i32.const {BASE}) "{data}")
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
            (global.set $top (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        (func (export "recognise") (result i32) {recognise})
        (func (export "adapt") (result i32) {adapt}))"#
    )
}

/// Reads the file whose name is at `at` and refuses the project, with what that answers as the message.
fn reading(at: u32, length: u32) -> String {
    let body = format!(
        "(call $read (i32.const {at}) (i32.const {length}) (i32.const 512))
         ;; Err, a list of one diagnostic: an error.
         (i32.store (i32.const 1024) (i32.const 1))
         (i32.store (i32.const 1028) (i32.const 1100))
         (i32.store (i32.const 1032) (i32.const 1))
         (i32.store (i32.const 1100) (i32.const 2))
         (if (i32.load8_u (i32.const 512))
            (then (i64.store (i32.const 1104) (i64.load (i32.const 520))))
            (else (i64.store (i32.const 1104) (i64.load (i32.const 516)))))
         (i32.const 1024)"
    );
    core("(i32.const 1024)", &body, &[])
}

fn grants() -> Grants {
    Grants {
        read: ["*.html".to_owned()].into(),
        ..Grants::default()
    }
}

fn load_with(wasm: &[u8], limits: SiteLimits) -> Result<Adapter, LoadError> {
    let home = tempfile::tempdir().unwrap();
    let store = PluginStore::new(home.path().to_owned());
    let version = semver::Version::new(1, 2, 3);
    let mut manifest = PluginManifest::new("pages", version, SITE_WORLD, "pages");
    manifest.grants = grants();
    manifest
        .grants
        .programs
        .insert(registry_index::ProgramGrant {
            program: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), "*".to_owned()],
        });
    let package = package(&manifest, &[("component.wasm", wasm)]);
    let installed = store.install_packaged(&package).unwrap();
    Adapter::load(&store, &installed, &Silent, limits)
}

fn load(core: &str) -> Adapter {
    load_with(&component(core), SiteLimits::STANDARD).unwrap()
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("page.html", "<p>");
    write("secret", "key");
    std::os::unix::fs::symlink("secret", folder.path().join("out.html")).unwrap();
    folder
}

fn adapt(core: &str) -> Result<Site, AdaptError> {
    load(core).adapt(&grants(), project().path())
}

fn fault(core: &str) -> String {
    let sentence = adapt(core).unwrap_err().to_string();
    assert!(
        sentence.starts_with("the plugin `pages` 1.2.3 failed in `adapt`: "),
        "{sentence}"
    );
    assert!(
        !sentence.contains(['\n', '\r', '\0']) && sentence.len() < 500,
        "{sentence}"
    );
    sentence
}

#[test]
fn a_site_has_its_files_read() {
    let mut memory = Memory::default();
    let asset = memory.asset("/index.html", "page.html", Some("text/html"));
    let program = memory.program("api", &["main.c"], &["a.h"]);
    let to_api = memory.route("/api/*rest", &[("X-A", "b")], 1, "api");
    let to_page = memory.route("/home", &[], 0, "/index.html");
    let away = memory.route("/old/:id", &[], 308, "/new/$id");
    let note = memory.diagnostic(0, "a note", Some("page.html"));
    let core = memory.site([
        vec![asset],
        vec![program],
        vec![to_api, to_page, away],
        vec![note],
    ]);
    let site = adapt(&core).unwrap();
    assert_eq!(site.assets.len(), 1);
    let asset = &site.assets[0];
    assert_eq!(
        (asset.path.as_str(), &asset.contents[..]),
        ("index.html", &b"<p>"[..])
    );
    assert_eq!(
        (asset.media_type.as_deref(), asset.cache_seconds),
        (Some("text/html"), 60)
    );
    assert_eq!(
        site.programs[0].sources,
        [("main.c".to_owned(), b"int x;".to_vec())]
    );
    assert_eq!(site.programs[0].environment, ["TOKEN"]);
    assert_eq!(site.routes[0].headers[0].name, "x-a");
    assert_eq!(
        site.routes[1].target,
        RouteTarget::Asset("index.html".to_owned())
    );
    assert_eq!(site.diagnostics[0].severity, SiteSeverity::Note);
}

#[test]
fn nonsense_is_one_sentence() {
    type Lists = [Vec<Words>; 4];
    let with = |make: &dyn Fn(&mut Memory) -> Lists| {
        let mut memory = Memory::default();
        let lists = make(&mut memory);
        fault(&memory.site(lists))
    };
    let asset = |path: &str, from: &str| {
        let (path, from) = (path.to_owned(), from.to_owned());
        with(&|memory| {
            [
                vec![memory.asset(&path, &from, None)],
                vec![],
                vec![],
                vec![],
            ]
        })
    };
    let route = |pattern: &str, headers: &[(&str, &str)], kind: u32, to: &str| {
        with(&|memory| {
            let asset = memory.asset("/a", "page.html", None);
            [
                vec![asset],
                vec![],
                vec![memory.route(pattern, headers, kind, to)],
                vec![],
            ]
        })
    };
    let program = |name: &str, sources: &[&str], companions: &[&str]| {
        with(&|memory| {
            let program = memory.program(name, sources, companions);
            let route = memory.route("/", &[], 1, name);
            [vec![], vec![program], vec![route], vec![]]
        })
    };
    for (sentence, says) in [
        (asset("a", "page.html"), "does not begin with `/`"),
        (asset("/../a", "page.html"), "`..`"),
        (asset("/a\r\nb", "page.html"), "control character"),
        (
            asset("/a", "secret"),
            "the grant `read` for `secret` is missing",
        ),
        (asset("/a", "../secret"), "not a path inside the project"),
        (
            asset("/a", "out.html"),
            "the grant `read` for `secret` is missing",
        ),
        (
            asset("/a", "none.html"),
            "there is no `none.html` in the project",
        ),
        (asset("/a", ""), "reading the file `` was not granted"),
        (route("a", &[], 0, "/a"), "does not begin with `/`"),
        (route("/*r/b", &[], 0, "/a"), "before its end"),
        (route("/", &[], 0, "/b"), "there is no asset `b`"),
        (route("/", &[], 0, "a"), "the name is empty"),
        (route("/", &[], 1, "api"), "there is no program `api`"),
        (route("/", &[], 200, "/a"), "not 200"),
        (route("/", &[], 301, "/$x"), "`$x`"),
        (route("/", &[], 301, "//evil.test"), "neither a path"),
        (route("/", &[("x-a", "b\r\nc: d")], 0, "/a"), "not one line"),
        (route("/", &[("x a", "b")], 0, "/a"), "not a header's name"),
        (
            route("/", &[("Content-Length", "5")], 0, "/a"),
            "not a route's to set",
        ),
        (program("a_b", &["x.c"], &[]), "letters, digits and `-`"),
        (program("", &["x.c"], &[]), "letters, digits and `-`"),
        (program("a", &[], &[]), "it has no sources"),
        (program("a", &["../x.c"], &[]), "`..`"),
        (program("a", &["x.c"], &["x.c"]), "the file `x.c` twice"),
        (
            with(&|_| [vec![], vec![], vec![], vec![]]),
            "neither assets nor routes",
        ),
        (
            with(&|memory| {
                let program = memory.program("a", &["x.c"], &[]);
                let asset = memory.asset("/a", "page.html", None);
                [vec![asset], vec![program], vec![], vec![]]
            }),
            "no route leads to its program `a`",
        ),
        (
            with(&|memory| {
                let one = memory.asset("/a", "page.html", None);
                [vec![one.clone(), one], vec![], vec![], vec![]]
            }),
            "it is there twice",
        ),
        (
            with(&|memory| {
                let one = memory.asset("/a", "page.html", None);
                let two = memory.asset("/a/b", "page.html", None);
                [vec![one, two], vec![], vec![], vec![]]
            }),
            "`/a/b` is below `/a`, which is a file",
        ),
        (
            with(&|memory| {
                let one = memory.asset("/a", "page.html", Some("text\r\nx"));
                [vec![one], vec![], vec![], vec![]]
            }),
            "its `media_type` is refused",
        ),
        (
            with(&|memory| {
                let one = memory.diagnostic(1, "\u{1b}[31m", None);
                [vec![], vec![], vec![], vec![one]]
            }),
            "plain text",
        ),
    ] {
        assert!(sentence.contains(says), "{sentence} / {says}");
    }
}

#[test]
fn traps_loops_and_floods_are_one_sentence() {
    let limits = SiteLimits {
        time_max: Duration::from_millis(50),
        memory_bytes_max: 2 << 20,
        output_bytes_max: 1 << 20,
    };
    // A list of records that is longer than the memory, and one that is at its end.
    let flood = "(i32.store (i32.const 1028) (i32.const 0)) (i32.store (i32.const 1032) (i32.const -1)) (i32.const 1024)";
    for (body, says) in [
        ("(loop (br 0)) (i32.const 0)", "it ran longer than 0.05 s"),
        ("(unreachable)", "unreachable"),
        ("(i32.const -4)", ""),
        (flood, ""),
        ("(drop (memory.grow (i32.const 1000))) (unreachable)", ""),
    ] {
        let wasm = component(&core("(i32.const 1024)", body, &[]));
        let adapter = load_with(&wasm, limits.clone()).unwrap();
        let sentence = adapter
            .adapt(&grants(), project().path())
            .unwrap_err()
            .to_string();
        assert!(
            sentence.starts_with("the plugin `pages` 1.2.3 failed in `adapt`: "),
            "{sentence}"
        );
        assert!(
            sentence.contains(says) && !sentence.contains('\n'),
            "{body}: {sentence}"
        );
    }
}

#[test]
fn files_are_read_as_far_as_they_were_granted() {
    let told = |at: u32, length: u32, granted: &Grants| {
        let adapted = load(&reading(at, length)).adapt(granted, project().path());
        match adapted.unwrap_err() {
            AdaptError::Diagnostics {
                diagnostics,
                denied,
            } => (diagnostics[0].message.clone(), denied),
            AdaptError::Fault(fault) => panic!("{fault}"),
        }
    };
    assert_eq!(told(2048, 9, &grants()), ("<p>".to_owned(), Vec::new()));
    let missing =
        "reading the file `secret` was not granted: the grant `read` for `secret` is missing"
            .to_owned();
    assert_eq!(
        told(2100, 6, &grants()),
        (missing.clone(), vec![missing.clone()])
    );
    // A link is what it leads to; nobody leaves the folder; an older grant gives nothing that is not asked for.
    assert_eq!(told(2300, 8, &grants()).0, missing);
    assert!(
        told(2200, 9, &grants())
            .0
            .contains("not a path inside the project")
    );
    assert!(
        told(2048, 9, &Grants::default())
            .0
            .contains("the grant `read` for `page.html`")
    );
    let mut more = grants();
    more.read.insert("secret".to_owned());
    assert_eq!(told(2100, 6, &more).0, missing);
}

#[test]
fn a_refusal_needs_an_error() {
    let mut memory = Memory::default();
    let warning = memory.diagnostic(1, "hm", None);
    assert!(fault(&memory.refusal(&[warning])).contains("without an error message"));
    assert!(fault(&Memory::default().refusal(&[])).contains("without an error message"));
    let mut memory = Memory::default();
    let error = memory.diagnostic(2, "no page", Some("page.html"));
    match adapt(&memory.refusal(&[error])).unwrap_err() {
        AdaptError::Diagnostics { diagnostics, .. } => {
            let one = &diagnostics[0];
            assert_eq!(
                (one.message.as_str(), one.line, one.column),
                ("no page", 3, 7)
            );
        }
        AdaptError::Fault(fault) => panic!("{fault}"),
    }
}

#[test]
fn what_is_recognised_is_plain() {
    let found = |core: &str| load(core).recognise(&grants(), project().path());
    let recognised = |framework: &str, version: &str, build: Option<&[&str]>| {
        found(&Memory::default().recognising(framework, version, build))
    };
    assert_eq!(
        found(&core("(i32.const 1024)", "(unreachable)", &[]))
            .unwrap()
            .0,
        None
    );
    let next = recognised("Next.js", "16.0.1", Some(&["npx", "next", "build"])).unwrap();
    let next = next.0.unwrap();
    assert_eq!(
        (next.framework.as_str(), next.build.unwrap().len()),
        ("Next.js", 3)
    );
    for (found, says) in [
        (recognised("", "", None), "without a name"),
        (recognised("a\nb", "", None), "not one line"),
        (recognised("a", &"1".repeat(500), None), "not one line"),
        (recognised("a", "1", Some(&[])), "build command"),
        (recognised("a", "1", Some(&["", "x"])), "build command"),
        (recognised("a", "1", Some(&["x", "\0"])), "build command"),
    ] {
        let sentence = found.unwrap_err().to_string();
        assert!(
            sentence.starts_with("the plugin `pages` 1.2.3 failed in `recognise`: ")
                && sentence.contains(says),
            "{sentence}"
        );
    }
}

#[test]
fn a_build_runs_when_it_was_granted() {
    let adapter = load(&core("(i32.const 1024)", "(unreachable)", &[]));
    let command = ["sh", "-c", "echo $SECRET; pwd >&2; exit 3"].map(str::to_owned);
    let variable = |name: &str| Some(format!("<{name}>")).filter(|_| name != "PATH");
    let folder = project();
    let run = |granted: &Grants| adapter.build(&command, granted, folder.path(), &variable);
    let denied = run(&grants()).unwrap_err();
    assert!(
        matches!(&denied, BuildError::Denied(words) if words.contains("the grant `programs` for `sh -c")),
        "{denied}"
    );
    let ended = run(&adapter.manifest().grants).unwrap();
    assert_eq!(ended.exit_code, 3);
    assert_eq!(
        ended.stdout, b"\n",
        "it knows no variable that it was not given"
    );
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        Path::new(said.trim()).ends_with(folder.path().file_name().unwrap()),
        "{said}"
    );
}

#[test]
fn other_imports_and_other_worlds_are_refused() {
    let spy =
        r#"(component (import "lily:command/project@0.1.0" (instance (export "write" (func)))))"#;
    let refused = load_with(&wat::parse_str(spy).unwrap(), SiteLimits::STANDARD);
    let sentence = refused.unwrap_err().to_string();
    assert!(
        sentence.contains("imports `lily:command/project@0.1.0`"),
        "{sentence}"
    );
    let empty = load_with(
        &wat::parse_str("(component)").unwrap(),
        SiteLimits::STANDARD,
    );
    let sentence = empty.unwrap_err().to_string();
    assert!(
        sentence.contains("does not implement `lily:site@0.1.0`"),
        "{sentence}"
    );
}
