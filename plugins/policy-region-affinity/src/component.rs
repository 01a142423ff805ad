//! The component around [`crate::choose`].

use plugins_sdk::policy::{Caps, Choice, Guest, Request, export_placement_policy};

struct RegionAffinity;

impl Guest for RegionAffinity {
    fn choose(request: Request, caps: Caps) -> Choice {
        crate::choose(&request, &caps)
    }
}

export_placement_policy!(RegionAffinity with_types_in plugins_sdk::policy);
