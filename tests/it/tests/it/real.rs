//! Real C that we did not write: SQLite's amalgamation and Lua, fetched by cargo.

use std::ffi::OsString;
use std::path::Path;

use tests_kit::{Fleet, Home, crate_source, sample};

#[test]
fn sqlite_answers_sql_over_http_as_a_void() {
    let fleet = Fleet::start(1);
    let sqlite = crate_source("libsqlite3-sys").join("sqlite3");
    let mut arguments: Vec<OsString> = vec![
        sample("sqlite-http").join("main.c").into(),
        sqlite.join("sqlite3.c").into(),
    ];
    arguments.extend(["-I".into(), sqlite.clone().into_os_string()]);
    for define in [
        "SQLITE_THREADSAFE=0",
        "SQLITE_OMIT_LOAD_EXTENSION",
        "SQLITE_OMIT_WAL",
    ] {
        arguments.extend(["-D".into(), define.into()]);
    }
    let url = fleet.deploy_url(&fleet.home.compile("sqlite", arguments));
    let ask = |sql: &str| {
        fleet
            .send(fleet.client().post(&url).body(sql.to_owned()))
            .unwrap()
    };
    let answer = ask("select 6 * 7 as answer, upper('lily') as name;")
        .is(200)
        .text();
    assert!(answer.contains("42") && answer.contains("LILY"), "{answer}");
    let counted = ask("create table t(x integer primary key, y text); \
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000) \
         insert into t select i, 'row ' || i from n; select count(*) as rows, max(y) as last from t;");
    assert!(
        counted.clone().is(200).text().contains("10000"),
        "{}",
        counted.text()
    );
    let wrong = ask("select from nowhere;");
    assert!(
        wrong.status >= 400 && wrong.text().contains("syntax error"),
        "{} {}",
        wrong.status,
        wrong.text()
    );
    ask("select 1;").is(200);
}

#[test]
fn lua_runs_a_script_with_pcall_and_error() {
    let home = Home::new();
    let lua = crate_source("lua-src").join("lua-5.4.9");
    let mut arguments: Vec<OsString> = vec![sample("lua").join("main.c").into()];
    arguments.extend(lua_sources(&lua));
    arguments.extend(["-I".into(), lua.into_os_string()]);
    home.compile("lua", arguments);
    let script = "local ok, err = pcall(function() error('boom', 0) end)\n\
                  print(ok, err)\n\
                  local t = {} for i = 1, 1000 do t[i] = i * i end\n\
                  print(#t, t[1000], string.format('%05.2f', math.pi), ('lily'):rep(2, '-'))\n\
                  local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)\n\
                  print(co(), co(), co(), select(2, pcall(function() local x = nil; return x.y end)) ~= nil)\n";
    let output = home
        .lly_with(["run", "lua.brick"], script.as_bytes(), |_| {})
        .success();
    assert_eq!(
        output.stdout,
        "false\tboom\n1000\t1000000\t03.14\tlily-lily\n1\t2\t3\ttrue\n"
    );
}

/// Lua's library: everything but its two programs.
fn lua_sources(folder: &Path) -> Vec<OsString> {
    let mut sources: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .filter(|path| {
            !["lua.c", "luac.c", "onelua.c", "ltests.c"]
                .iter()
                .any(|name| path.ends_with(name))
        })
        .map(std::path::PathBuf::into_os_string)
        .collect();
    sources.sort();
    sources
}
