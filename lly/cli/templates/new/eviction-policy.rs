//! The eviction policy @NAME@: while a host lacks memory, the voids that have waited longest for a request sleep, at most
//! as many as give back what is wanted.
//!
//! A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
//! checked before anybody believes it.

#[path = "../bindings/eviction_policy.rs"]
mod bindings;

use bindings::{Eviction, Guest, Memory, Voids};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn evict(memory: Memory, voids: Voids) -> Vec<Eviction> {
        let mut order: Vec<(u32, usize)> = voids.idle_seconds.iter().copied().zip(0..).collect();
        order.sort_by_key(|(idle, index)| (std::cmp::Reverse(*idle), *index));
        let mut wanted = memory.bytes_wanted;
        let mut evicted = Vec::new();
        for (idle, index) in order {
            if wanted == 0 {
                break;
            }
            wanted = wanted.saturating_sub(voids.code_bytes[index]);
            evicted.push(Eviction {
                void: index as u32,
                reason: format!("no request for {idle} s, and the host lacks memory"),
            });
        }
        evicted
    }
}
