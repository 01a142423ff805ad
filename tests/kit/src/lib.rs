//! tests-kit
