//! lly-build
