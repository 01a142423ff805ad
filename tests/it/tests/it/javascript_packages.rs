//! Well-used packages of npm, each running its own documented example: `lly run` prints what Node prints. The examples are
//! the prelude's own (`plugins/js/prelude/tests/packages`); `cargo xtask test` has npm install what they use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tests_kit::{Home, Output, repository};

/// Where the examples are.
fn examples() -> PathBuf {
    repository().join("plugins/js/prelude/tests/packages")
}

/// A folder of what npm brought.
fn npm(name: &str) -> PathBuf {
    let folder = repository().join("target/lily/npm").join(name);
    assert!(
        folder.exists(),
        "`{}` is not there: run `cargo xtask test`",
        folder.display()
    );
    folder
}

fn node(folder: &Path, program: &str) -> Output {
    let mut command = Command::new(npm("node/bin/node"));
    command
        .env_clear()
        .envs([("TZ", "UTC"), ("NO_COLOR", "1"), ("PATH", "/usr/bin")])
        .args(["--no-warnings", program])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    tests_kit::run(command, b"")
}

/// Runs an example both ways, in the folder where npm has installed what it uses: copies would be of 100 MB each.
#[track_caller]
fn same(program: &str) {
    let home = Home::new();
    let folder = npm("packages");
    std::fs::copy(examples().join(program), folder.join(program)).unwrap();
    let nodes = node(&folder, program).success();
    let ours = home.lly_with(["run", program], b"", |command| {
        command.current_dir(&folder);
    });
    assert_eq!(ours.stdout, nodes.stdout, "stderr of lly:\n{}", ours.stderr);
    assert_eq!(ours.code, nodes.code, "{}", ours.stderr);
}

macro_rules! packages {
    ($($test:ident $program:literal),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                same($program);
            }
        )*

        /// An example that nobody runs would show nothing.
        #[test]
        fn every_example_is_run() {
            let mut found: Vec<String> = std::fs::read_dir(examples())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".mjs") || name.ends_with(".cjs"))
                .collect();
            found.sort();
            assert_eq!(found, [$($program),*]);
        }
    };
}

packages! {
    ajv "ajv.cjs",
    chalk "chalk.mjs",
    cheerio "cheerio.mjs",
    commander "commander.cjs",
    csv_parse "csv-parse.mjs",
    date_fns "date-fns.mjs",
    dayjs "dayjs.cjs",
    ejs "ejs.cjs",
    eta "eta.mjs",
    fast_xml_parser "fast-xml-parser.mjs",
    handlebars "handlebars.cjs",
    hono "hono.mjs",
    immer "immer.mjs",
    itty_router "itty-router.mjs",
    joi "joi.cjs",
    jose "jose.mjs",
    jsonwebtoken "jsonwebtoken.cjs",
    kysely "kysely.mjs",
    lodash "lodash.cjs",
    luxon "luxon.mjs",
    markdown_it "markdown-it.mjs",
    marked "marked.mjs",
    mustache "mustache.mjs",
    nanoid "nanoid.mjs",
    pako "pako.mjs",
    pino "pino.cjs",
    rxjs "rxjs.mjs",
    semver "semver.cjs",
    uuid "uuid.mjs",
    valibot "valibot.mjs",
    yaml "yaml.mjs",
    zod "zod.mjs",
}
