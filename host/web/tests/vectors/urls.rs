//! Web Platform Tests' tables for URLs, as the crate `url` carries them.

use std::collections::BTreeSet;

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

/// The failing rows must be exactly those that are known.
fn compare(failed: BTreeSet<String>, known: &[&str]) {
    let known: BTreeSet<_> = known.iter().map(|row| (*row).to_owned()).collect();
    let fresh: Vec<_> = failed.difference(&known).collect();
    assert!(fresh.is_empty(), "{} fail: {fresh:#?}", fresh.len());
    let gone: Vec<_> = known.difference(&failed).collect();
    assert!(
        gone.is_empty(),
        "these pass now, take them from the list: {gone:#?}"
    );
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
    let mut failed = BTreeSet::new();
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
            failed.insert(format!("{input} | {}", base.unwrap_or("")));
        }
    }
    compare(failed, KNOWN_PARSING);
}

#[test]
fn setting() {
    let mut caller = Caller::new();
    let data = published::json("url", "tests/setters_tests.json");
    let mut failed = BTreeSet::new();
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
                failed.insert(format!("{href} | {part} | {value}"));
            }
        }
    }
    assert!(count > 200);
    compare(failed, KNOWN_SETTING);
}

const KNOWN_PARSING: &[&str] = &[];

const KNOWN_SETTING: &[&str] = &[];
