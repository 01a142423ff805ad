//! A project's files become a bundle: find what belongs to it, ask the frontend, pack.
//!
//! Reads the user's files and nothing else; writes nothing; knows no language beyond how C names its headers, no
//! runtime and no fleet. Everything that reaches the frontend has a relative name and everything it answers is packed
//! in a fixed order, so that the same project gives the same bytes wherever it lies.
//!
//! Read [`Project`] first, then [`compile`]. Unit tests stand beside the code; whole compiles are tested through `lly`
//! in `tests/it`.

mod assets;
mod compile;
mod discover;
mod javascript;
mod kind;
mod layout;
mod modules;
mod project;
mod scan;
mod settings;
mod site;

pub use assets::AssetsError;
pub use compile::{CompileError, Compiled, Stage, compile, component, lower};
pub use discover::{DiscoverError, Inputs};
pub use kind::{KindError, kind_of};
pub use project::{Project, ProjectError, Request};
pub use settings::PROJECT_FILE;
pub use site::{CompiledSite, Handler, SiteProject, compile_site};
