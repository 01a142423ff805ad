//! fleet-db
