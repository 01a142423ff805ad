//! fleet-place
