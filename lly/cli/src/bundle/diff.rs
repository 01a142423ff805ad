//! `lly bundle diff`: what changed from one bundle to another, by unit, brick and asset.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use lly_brick::Bundle;
use serde::Serialize;

use super::inspect::route_line;
use super::open;
use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The bundle before.
    old: PathBuf,
    /// The bundle after.
    new: PathBuf,
}

#[derive(Serialize)]
struct Difference {
    old: String,
    new: String,
    identical: bool,
    settings: Vec<Change>,
    units: Vec<Change>,
    bricks: Vec<Change>,
    modules: Vec<Change>,
    assets: Vec<Change>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Change {
    change: &'static str,
    name: String,
}

pub fn run(args: &DiffArgs, context: &Context) -> Result<(), Failure> {
    let (_, old) = open(&args.old)?;
    let (_, new) = open(&args.new)?;
    let difference = Difference {
        old: old.digest.to_string(),
        new: new.digest.to_string(),
        identical: old.digest == new.digest,
        settings: changes(&settings(&old), &settings(&new)),
        units: changes(&units(&old), &units(&new)),
        bricks: changes(&bricks(&old), &bricks(&new)),
        modules: changes(&modules(&old), &modules(&new)),
        assets: changes(&assets(&old), &assets(&new)),
    };
    context.data("lily.bundle.diff/1", &difference, || text(&difference))
}

fn text(difference: &Difference) -> String {
    if difference.identical {
        return format!("identical: {}\n", difference.old);
    }
    let mut text = format!("- {}\n+ {}\n", difference.old, difference.new);
    let kinds = [
        ("setting", &difference.settings),
        ("unit", &difference.units),
        ("brick", &difference.bricks),
        ("module", &difference.modules),
        ("asset", &difference.assets),
    ];
    for (kind, changes) in kinds {
        for change in changes {
            text.push_str(&format!(
                "  {:<8} {kind:<8} {}\n",
                change.change, change.name
            ));
        }
    }
    text
}

/// What was added, removed or changed between two sets of named digests.
fn changes(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<Change> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| Change {
        change: "removed",
        name: name.clone(),
    });
    let there = new.iter().filter_map(|(name, digest)| {
        let change = match old.get(name) {
            None => "added",
            Some(before) if before != digest => "changed",
            Some(_) => return None,
        };
        Some(Change {
            change,
            name: name.clone(),
        })
    });
    let mut changes: Vec<Change> = gone.chain(there).collect();
    changes.sort_by(|one, other| one.name.cmp(&other.name));
    changes
}

/// Units by name. Private ones may share a name: their file tells them apart.
fn units(bundle: &Bundle) -> BTreeMap<String, String> {
    let Some(program) = bundle
        .bir()
        .and_then(|bytes| lly_bir::Program::decode(bytes).ok())
    else {
        return BTreeMap::new();
    };
    let mut named: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for unit in &program.units {
        let file = unit
            .span
            .as_ref()
            .map(|span| span.file.clone())
            .unwrap_or_default();
        named
            .entry(unit.name.clone())
            .or_default()
            .push((file, unit.digest.to_string()));
    }
    let mut units = BTreeMap::new();
    for (name, mut same) in named {
        match same.as_mut_slice() {
            [(_, digest)] => {
                units.insert(name, std::mem::take(digest));
            }
            _ => {
                for (file, digest) in same {
                    let merged: &mut String = units.entry(format!("{name} ({file})")).or_default();
                    merged.push_str(&digest);
                }
            }
        }
    }
    units
}

fn bricks(bundle: &Bundle) -> BTreeMap<String, String> {
    let bricks = bundle.manifest.bricks.iter();
    bricks
        .map(|brick| {
            (
                brick.name.clone(),
                format!("{} {}", brick.kind, brick.digest),
            )
        })
        .collect()
}

/// Shared modules by digest, which is all the name they have.
fn modules(bundle: &Bundle) -> BTreeMap<String, String> {
    let modules = bundle.manifest.modules.iter();
    let digests = modules.map(|module| module.digest.to_string());
    digests.map(|digest| (digest.clone(), digest)).collect()
}

fn assets(bundle: &Bundle) -> BTreeMap<String, String> {
    bundle
        .manifest
        .assets
        .iter()
        .map(|asset| (asset.path.clone(), asset.digest.to_string()))
        .collect()
}

fn settings(bundle: &Bundle) -> BTreeMap<String, String> {
    let manifest = &bundle.manifest;
    let frontend = &manifest.frontend;
    let mut settings = BTreeMap::from([
        ("name".to_string(), manifest.name.clone()),
        (
            "frontend".to_string(),
            format!("{} {} {}", frontend.name, frontend.version, frontend.digest),
        ),
        ("env".to_string(), manifest.env.join(" ")),
    ]);
    if let Some(adapter) = &manifest.adapter {
        let adapter = format!("{} {} {}", adapter.name, adapter.version, adapter.digest);
        settings.insert("adapter".to_string(), adapter);
    }
    let routes = manifest.routes.iter().enumerate();
    settings.extend(routes.map(|(index, route)| (format!("routes[{index}]"), route_line(route))));
    settings.extend(
        manifest
            .limits
            .named()
            .map(|(name, value)| (format!("limits.{name}"), value.to_string())),
    );
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_named_once() {
        let set = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, digest)| (name.to_string(), digest.to_string()))
                .collect()
        };
        let found = changes(
            &set(&[("a", "1"), ("b", "1"), ("c", "1")]),
            &set(&[("b", "2"), ("c", "1"), ("d", "1")]),
        );
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|one| (one.change, one.name.as_str()))
            .collect();
        assert_eq!(found, [("removed", "a"), ("changed", "b"), ("added", "d")]);
    }
}
