//! The component around [`crate::evict`].

use plugins_sdk::eviction::{Eviction, Guest, Memory, Voids, export_eviction_policy};

struct Idle;

impl Guest for Idle {
    fn evict(memory: Memory, voids: Voids) -> Vec<Eviction> {
        crate::evict(&memory, &voids)
    }
}

export_eviction_policy!(Idle with_types_in plugins_sdk::eviction);
