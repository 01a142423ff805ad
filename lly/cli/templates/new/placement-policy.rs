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
        let wanted = request.region.and_then(|wanted| {
            let found = caps.regions.iter().position(|region| *region == wanted);
            found.map(|index| index as u32)
        });
        let hosts = caps.region.iter().zip(&caps.placements).enumerate();
        let best = hosts.min_by_key(|(index, (region, placements))| {
            (wanted.is_some_and(|wanted| wanted != **region), **placements, *index)
        });
        match best {
            Some((index, (_, placements))) => Choice {
                cap: Some(index as u32),
                reason: format!("the fewest placements: {placements}"),
            },
            None => Choice {
                cap: None,
                reason: "there is no host".to_owned(),
            },
        }
    }
}
