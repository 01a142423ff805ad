//! Drives the built `lly` and real processes from outside. One module for each promise.
#![allow(missing_docs, reason = "tests are named for what they show")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bir;
mod bundle;
mod clients;
mod compile;
mod crash;
mod diagnostics;
mod documents;
mod eviction;
mod fleet;
mod fronts;
mod handler;
mod hostile;
mod hostile_plugins;
mod install;
mod javascript;
mod javascript_compile;
mod javascript_hostile;
mod javascript_node;
mod javascript_packages;
mod javascript_prelude;
mod javascript_serve;
mod policy;
mod rc;
mod real;
mod reproducible;
mod run;
mod shared_modules;
mod signatures;
mod site;
mod verb;
mod worlds;
