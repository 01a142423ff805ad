//! End-to-end tests: the built `lly` and real processes over real sockets.
//!
//! Nothing here but `tests/it/main.rs` and its modules, one for each promise of the product. They know `lly` from the
//! outside only: arguments, files, exit codes, sockets. The means are in `tests-kit`.
