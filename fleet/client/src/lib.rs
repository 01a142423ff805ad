//! fleet-client
