//! The contracts of plugins, as `lly plugin wit` prints them and as projects are built against them.
//!
//! To add a world: its constant in `registry-index`, its package in `wit/`, a line in [`WORLDS`], and its cases in
//! `conformance.rs`.

use clap::Args;
use registry_index::{COMMAND_WORLD, EVICTION_WORLD, FRONTEND_WORLD, POLICY_WORLD, SITE_WORLD};
use serde::Serialize;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// A kind of plugin.
#[derive(Debug, Serialize)]
pub struct Contract {
    /// The word for it on the command line, and the world's name within the package.
    pub name: &'static str,
    /// The package and its version, as they stand in `plugin.json`.
    pub world: &'static str,
    /// The text.
    pub wit: &'static str,
}

/// Every kind of plugin there is.
pub const WORLDS: [Contract; 5] = [
    Contract {
        name: "frontend",
        world: FRONTEND_WORLD,
        wit: include_str!("../../../../wit/frontend/frontend.wit"),
    },
    Contract {
        name: "command",
        world: COMMAND_WORLD,
        wit: include_str!("../../../../wit/command/command.wit"),
    },
    Contract {
        name: "placement-policy",
        world: POLICY_WORLD,
        wit: include_str!("../../../../wit/policy/policy.wit"),
    },
    Contract {
        name: "eviction-policy",
        world: EVICTION_WORLD,
        wit: include_str!("../../../../wit/eviction/eviction.wit"),
    },
    Contract {
        name: "site",
        world: SITE_WORLD,
        wit: include_str!("../../../../wit/site/site.wit"),
    },
];

#[derive(Debug, Args)]
pub struct WitArgs {
    /// `frontend`, `command`, `placement-policy`, `eviction-policy` or `site` [default: all].
    world: Option<String>,
}

/// Runs `lly plugin wit`.
pub fn wit(args: &WitArgs, context: &Context) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Shown<'a> {
        worlds: Vec<&'a Contract>,
    }
    let worlds = match &args.world {
        Some(name) => vec![contract(name)?],
        None => WORLDS.iter().collect(),
    };
    context.data(
        "lily.plugin.wit/1",
        &Shown {
            worlds: worlds.clone(),
        },
        || {
            let texts: Vec<&str> = worlds.iter().map(|one| one.wit).collect();
            texts.join("\n")
        },
    )
}

/// A contract by its word, its world's name or what a manifest says.
pub fn contract(name: &str) -> Result<&'static Contract, Failure> {
    let named = |one: &&Contract| [one.name, one.world].contains(&name);
    WORLDS.iter().find(named).ok_or_else(|| {
        let known: Vec<&str> = WORLDS.iter().map(|one| one.name).collect();
        Failure::local(format!("this lly knows no world `{name}`")).hint(format!(
            "it knows {}: see them with lly plugin wit",
            known.join(", ")
        ))
    })
}

impl Contract {
    /// The parsed package, and its world.
    pub fn resolve(&self) -> Result<(Resolve, WorldId), Failure> {
        let what = || format!("the contract of `{}` cannot be read", self.name);
        let mut resolve = Resolve::default();
        let package = resolve
            .push_source(&format!("{}.wit", self.name), self.wit)
            .or_fail(what)?;
        let world = resolve
            .select_world(&[package], Some(self.name))
            .or_fail(what)?;
        Ok((resolve, world))
    }

    /// Its name where `-` may not stand: in C and Rust.
    pub fn identifier(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The names of what its plugins may import.
    pub fn imports(&self) -> Result<Vec<String>, Failure> {
        let (resolve, world) = self.resolve()?;
        let imports = resolve.worlds[world].imports.keys();
        Ok(imports.map(|key| resolve.name_world_key(key)).collect())
    }

    /// The names of what its plugins have to export.
    pub fn exports(&self) -> Result<Vec<String>, Failure> {
        let (resolve, world) = self.resolve()?;
        let exports = resolve.worlds[world].exports.keys();
        Ok(exports.map(|key| resolve.name_world_key(key)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_can_be_read_and_says_its_version() {
        for one in &WORLDS {
            assert!(
                one.wit.contains(&format!("package {};", one.world)),
                "{}",
                one.name
            );
            assert!(one.wit.contains("The promise:"), "{}", one.name);
            let imports = one.imports().expect("imports");
            let package = one.world.split_once('@').expect("a version").0;
            // What is imported is the package's own: nothing of a plugin's world depends on anybody else.
            assert!(
                imports.iter().all(|import| import.starts_with(package)),
                "{imports:?}"
            );
        }
    }

    #[test]
    fn a_world_that_is_unknown_is_refused_with_those_that_are_known() {
        let failure = contract("pictures").expect_err("there is none");
        assert!(
            failure.hint.expect("a hint").contains("frontend, command"),
            "{}",
            failure.message
        );
    }
}
