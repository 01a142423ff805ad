//! A component whose initialisation was done once becomes one that begins where that ended: its function is called with no
//! authority, and what its memory holds afterwards is what memory holds at the start.
//!
//! The code that runs meanwhile is somebody's and is not trusted: it has steps, memory and time, reaches what the caller
//! answers for, and traps with a clear sentence at everything else. What it is told depends on its input alone, so that
//! the same input gives the same bytes.
//!
//! A program in JavaScript is put into the engine that it shares with all others: [`javascript`]. Else this crate knows no
//! language; it reads no file and writes none. Read [`Preinit`] first; [`Image`] is the same for a core module that is made
//! once. Tests: with components and engines written as text in `tests/`, with JavaScript in `tests/it`.

mod deep;
mod image;
mod imports;
pub mod javascript;
mod run;
mod state;
mod value;

pub use image::{Answer, Image};
pub use imports::Answers;
pub use run::{Limits, Preinit, PreinitError};
pub use value::Value;
