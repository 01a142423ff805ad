//! The contracts of plugins, as `lly plugin wit` prints them and as projects are built against them.
//!
//! To add a world: its constant in `registry-index`, its package in `wit/`, a line in [`WORLDS`], and its cases in
//! `conformance.rs`.

use clap::Args;
use registry_index::{COMMAND_WORLD, FRONTEND_WORLD, POLICY_WORLD};
use serde::Serialize;
use wit_bindgen_core::wit_parser::{Resolve, WorldId};

use crate::context::Context;
use crate::failure::{Failure, OrFail};

/// A kind of plugin.
#[derive(Debug, Serialize)]
pub struct Contract {
    /// The word for it on the command line.
    pub name: &'static str,
    /// As it stands in `plugin.json`.
    pub world: &'static str,
    /// The world within the package.
    #[serde(skip)]
    pub within: &'static str,
    /// The text.
    pub wit: &'static str,
}

/// Every kind of plugin there is.
pub const WORLDS: [Contract; 3] = [
    Contract {
        name: "frontend",
        world: FRONTEND_WORLD,
        within: "frontend",
        wit: include_str!("../../../../wit/frontend/frontend.wit"),
    },
    Contract {
        name: "command",
        world: COMMAND_WORLD,
        within: "command",
        wit: include_str!("../../../../wit/command/command.wit"),
    },
    Contract {
        name: "policy",
        world: POLICY_WORLD,
        within: "placement-policy",
        wit: include_str!("../../../../wit/policy/policy.wit"),
    },
];

#[derive(Debug, Args)]
pub struct WitArgs {
    /// `frontend`, `command` or `policy` [default: all].
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
    let named = |one: &&Contract| [one.name, one.world, one.within].contains(&name);
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
            .select_world(&[package], Some(self.within))
            .or_fail(what)?;
        Ok((resolve, world))
    }

    /// The names of what its plugins may import.
    pub fn imports(&self) -> Result<Vec<String>, Failure> {
        let (resolve, world) = self.resolve()?;
        let imports = resolve.worlds[world].imports.keys();
        Ok(imports.map(|key| resolve.name_world_key(key)).collect())
    }
}
