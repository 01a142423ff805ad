//! Plugins, which are components, become functions that LILY calls: language frontends and placement policies.
//!
//! A plugin gets what its WIT world names and nothing else; one that imports more is refused. A fault of a plugin
//! (trap, too much memory, too late, nonsense as an answer) is an error that names it, never one of the host.
//!
//! This crate must never look into BIR, or know what a bundle, a void or a fleet is.
//!
//! Read first: [`sandbox::Tools`]. Tests are beside the code, with components written as text.

pub mod sandbox;
