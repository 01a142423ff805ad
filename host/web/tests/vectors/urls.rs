//! Web Platform Tests' tables for URLs, as the crate `url` carries them.

use host_web::{Function, Value};
use serde_json::Value as Json;

use crate::caller::{Caller, text};
use crate::published;

const PARTS: [&str; 11] = [
    "href", "protocol", "username", "password", "hostname", "port", "pathname", "search", "hash",
    "origin", "host",
];

/// The parts by their names; none: failure.
fn parts(value: Value<'static>) -> Option<Vec<(&'static str, String)>> {
    match value {
        Value::Null => None,
        Value::List(parts) => {
            assert_eq!(parts.len(), PARTS.len());
            Some(PARTS.into_iter().zip(parts.into_iter().map(text)).collect())
        }
        other => panic!("{other:?}"),
    }
}

/// Whether all parts that a row names are as it names them.
fn is_as_wanted(found: Option<&[(&'static str, String)]>, wanted: &Json) -> bool {
    let found = found.into_iter().flatten();
    let mut named = found.filter_map(|(part, text)| Some((text, wanted.get(part)?)));
    named.all(|(text, wanted)| wanted == text)
}

#[test]
fn parsing() {
    let mut caller = Caller::new();
    let data = published::json("url", "tests/urltestdata.json");
    let rows: Vec<_> = data
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row.is_object())
        .collect();
    assert!(rows.len() > 800);
    let mut failed = Vec::new();
    for row in rows {
        let input = row["input"].as_str().expect("an input");
        let base = row["base"].as_str();
        let arguments = [
            Value::from(input),
            base.map_or(Value::Undefined, Value::from),
        ];
        let found = parts(caller.call(Function::ParseUrl, &arguments));
        let is_good = match &found {
            None => row["failure"] == true,
            Some(found) => row.get("failure").is_none() && is_as_wanted(Some(found), row),
        };
        if !is_good {
            failed.push(format!("{input} | {}", base.unwrap_or("")));
        }
    }
    assert_eq!(failed, [""; 0]);
}

#[test]
fn setting() {
    let mut caller = Caller::new();
    let data = published::json("url", "tests/setters_tests.json");
    let mut failed = Vec::new();
    let mut count = 0;
    for (part, rows) in data.as_object().expect("tables") {
        if !PARTS.contains(&part.as_str()) {
            continue;
        }
        for row in rows.as_array().expect("rows") {
            count += 1;
            let href = row["href"].as_str().expect("a URL");
            let value = row["new_value"].as_str().expect("a value");
            let arguments = [href, part, value].map(Value::from);
            let found = parts(caller.call(Function::SetUrl, &arguments));
            // Only the setter of `href` fails, and the table has what the URL then still is.
            let found = found.or_else(|| {
                assert_eq!(part, "href");
                parts(caller.call(Function::ParseUrl, &[Value::from(href), Value::Undefined]))
            });
            if !is_as_wanted(found.as_deref(), &row["expected"]) {
                failed.push(format!("{href} | {part} | {value}"));
            }
        }
    }
    assert!(count > 200);
    assert_eq!(failed, [""; 0]);
}

#[test]
fn what_the_tables_leave_out() {
    let mut caller = Caller::new();
    let mut href = |function, arguments: &[&str]| {
        let arguments: Vec<_> = arguments.iter().map(|text| Value::from(*text)).collect();
        parts(caller.call(function, &arguments)).map(|parts| parts[0].1.clone())
    };
    for (text, base, wanted) in [
        ("///a/b", "http://h/c", Some("http://a/b")),
        ("//\\/\\a", "https://h/c", Some("https://a/")),
        ("///a", "non-spec://h/b", Some("non-spec:///a")),
        ("\\a", "non-spec:/b/c", Some("non-spec:/b/\\a")),
        ("\\a", "http://h/b/c", Some("http://h/a")),
        ("/\\a", "non-spec://h/b", Some("non-spec://h/\\a")),
        ("non-spec://@", "http://h", None),
        ("//h:80\\a", "non-spec:/b/c", None),
        (
            "non-spec://u\\@h/a",
            "http://h/",
            Some("non-spec://u%5C@h/a"),
        ),
        ("a", "file:///C|/b", Some("file:///C:/a")),
        ("..", "file:///C:", Some("file:///C:/")),
    ] {
        let found = href(Function::ParseUrl, &[text, base]);
        assert_eq!(found.as_deref(), wanted, "{text} {base}");
    }
    for (url, part, value, wanted) in [
        ("http://h/C|/a?b#c", "protocol", "file", "file://h/C|/a?b#c"),
        ("http://h:1/", "protocol", "file", "http://h:1/"),
        ("non-spec://h/", "protocol", "file", "non-spec://h/"),
        ("file://h/a", "protocol", "https", "https://h/a"),
        ("file:///a", "protocol", "https", "file:///a"),
        ("file://h/a", "host", "\\b", "file:///a"),
        ("file://h/a", "host", "b?c", "file://b/a"),
        ("file://h/a", "port", "80", "file://h/a"),
        ("file:///a", "search", "b", "file:///a?b"),
        ("file:///a?b", "hash", "c", "file:///a?b#c"),
        ("non-spec://:b@h/", "host", "", "non-spec://:b@h/"),
    ] {
        let found = href(Function::SetUrl, &[url, part, value]);
        assert_eq!(found.as_deref(), Some(wanted), "{url} {part} {value}");
    }
}
