//! The placement policy @NAME@: a void goes to the host with the fewest placements, in the region that its owner wants if
//! there is a host. Of several that are alike, the first.
//!
//! A policy decides and can touch nothing. Every decision has a fresh instance, bounds on steps, time and memory, and is
//! checked before anybody believes it.

#[path = "../bindings/placement_policy.rs"]
mod bindings;

use bindings::{Caps, Choice, Guest, Request};

struct Plugin;

bindings::export!(Plugin with_types_in bindings);

impl Guest for Plugin {
    fn choose(request: Request, caps: Caps) -> Choice {
        // Regions are named once and meant by their number.
        let wanted = request.region.map(|name| caps.region_number(&name));
        let best = caps.rows().min_by_key(|(number, cap)| {
            (wanted.is_some_and(|wanted| wanted != cap.region), cap.placements, *number)
        });
        match best {
            Some((number, cap)) => Choice {
                cap: Some(number),
                reason: format!("the fewest placements: {}", cap.placements),
            },
            None => Choice {
                cap: None,
                reason: "there is no host".to_owned(),
            },
        }
    }
}
