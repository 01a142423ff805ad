//! The component around [`crate::choose`].

use plugins_sdk::policy::{Caps, Choice, Guest, Request, export_placement_policy};

struct Binpack;

impl Guest for Binpack {
    fn choose(request: Request, caps: Caps) -> Choice {
        crate::choose(&request, &caps)
    }
}

export_placement_policy!(Binpack with_types_in plugins_sdk::policy);
