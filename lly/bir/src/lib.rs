//! BIR, the brick intermediate representation: what a program consists of, as a graph.
//!
//! A frontend turns source files into a [`Program`]: its **units** (functions, methods …), the **data** they share, and
//! the **objects**, an opaque payload in the frontend's own form. This crate holds the types, the binary form that
//! travels ([`Program::encode`], [`Program::decode`]), digests ([`digest::of_graph`]), and the forms for people and
//! scripts ([`text`], [`json`]).
//!
//! It does no I/O, knows no language, no compiler and no other LILY crate, and builds for wasm32: frontends link it.
//! Bytes are hostile until `decode` has answered: after that, every index in a program is in range, and units nest or lie apart.
//!
//! Read [`Program`] and [`Unit`] first. Tests: `tests/`; those of the digests lie beside the code.

mod binary;
pub mod digest;
pub mod json;
mod program;
mod spans;
pub mod text;
mod validate;

pub use binary::{DecodeError, PROGRAM_BYTES_MAX};
pub use digest::Digest;
pub use program::{Call, Data, DataKind, Object, Program, SCHEMA, Span, Unit, UnitKind};
pub use spans::shorten_crossing_spans;
pub use validate::Invalid;
