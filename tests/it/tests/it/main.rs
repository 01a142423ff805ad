//! Drives the built `lly` and real processes from outside. One module for each promise.
#![allow(missing_docs, reason = "tests are named for what they show")]

mod compile;
mod diagnostics;
mod reproducible;
mod run;
