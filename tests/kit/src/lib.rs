//! What every end-to-end test needs: the built `lly` in a home of its own, and a whole fleet of real processes.
//!
//! Rules: a test never touches the user's home; servers listen on free loopback ports; whatever a test started is stopped
//! by its process id when the value that started it is dropped. Compiled code and unpacked plugins are shared between
//! tests (they are keyed by digest), because compiling clang ahead of time takes most of a minute.
//! Read [`Home`] and [`Fleet`] first; [`Page`] follows a page of the documentation.

mod fleet;
mod home;
pub mod http1;
mod page;
mod rust;
mod sources;
pub mod wait;

pub use fleet::{Answer, Fleet};
pub use home::{Home, Output, binary, run};
pub use page::Page;
pub use rust::with_rust_for_plugins;
pub use sources::{crate_source, repository, sample};
