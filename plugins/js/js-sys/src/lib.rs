//! In place of the crate `js-sys`, which would have a frontend import functions of a browser that no host of ours has.
//!
//! It comes into the frontend by `oxc-browserslist`, which tells the date of today by it when it is asked which browsers
//! are meant. The frontend never asks: it lowers for one engine. `[patch.crates-io]` in the workspace's `Cargo.toml`
//! puts this crate there; nothing but the build for WebAssembly takes it.

/// A date of JavaScript, as far as `oxc-browserslist` knows it: the beginning of time, always.
#[derive(Debug, Clone, Copy, Default)]
pub struct Date;

impl Date {
    /// Milliseconds since 1970.
    pub fn now() -> f64 {
        0.0
    }

    /// The date of now.
    pub fn new_0() -> Self {
        Self
    }

    /// Changes nothing: milliseconds since 1970.
    pub fn set_time(&self, _milliseconds: f64) -> f64 {
        0.0
    }

    /// The year.
    pub fn get_full_year(&self) -> u32 {
        1970
    }

    /// The month, from 0.
    pub fn get_month(&self) -> u32 {
        0
    }

    /// No such date, whatever the year and the month.
    pub fn set_full_year_with_month(&self, _year: u32, _month: i32) -> f64 {
        f64::NAN
    }
}
