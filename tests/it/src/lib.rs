//! tests-it
