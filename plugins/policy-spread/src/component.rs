//! The component around [`crate::choose`]: converts the contract's types and decides nothing.

use plugins_sdk::policy;

struct Spread;

impl policy::Guest for Spread {
    fn choose(request: policy::Request, caps: Vec<policy::Cap>) -> policy::Choice {
        let caps: Vec<crate::Cap> = caps.into_iter().map(cap).collect();
        let choice = crate::choose(
            &crate::Request {
                region: request.region,
            },
            &caps,
        );
        policy::Choice {
            cap: choice.cap,
            reason: choice.reason,
        }
    }
}

fn cap(cap: policy::Cap) -> crate::Cap {
    crate::Cap {
        id: cap.id,
        region: cap.region,
        placements: cap.placements,
        memory_bytes_total: cap.memory_bytes_total,
        memory_bytes_used: cap.memory_bytes_used,
        cpu_permille: cap.cpu_permille,
    }
}

policy::export_placement_policy!(Spread with_types_in plugins_sdk::policy);
