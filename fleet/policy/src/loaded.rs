//! A policy that is ready to decide.

use std::sync::Arc;

use fleet_api::PolicyIdentity;
use host_plugin::PolicyLimits;
use host_plugin::{Caps, Choice, Compiler, LoadError, PlacementPolicy, PolicyFault, Request};
use lly_brick::Digest;

/// A question to a policy; every answer is within its bounds or a fault.
pub type Policy = dyn Fn(&Request, &Caps) -> Result<Choice, PolicyFault> + Send + Sync;

/// Why a policy cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Nobody carries it.
    #[error("there is no policy `{name}` here; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a range of versions, or nothing in it.
    #[error("{0}")]
    Range(String),
    /// Not a package of a plugin.
    #[error("this is no package of a policy: {0}")]
    Package(String),
    /// It decides about something else.
    #[error(
        "the policy `{name}` is of the world `{world}`; what is wanted here is one of `{wanted}`"
    )]
    Elsewhere {
        /// Its name.
        name: String,
        /// Its world.
        world: &'static str,
        /// What would do.
        wanted: &'static str,
    },
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A policy and who it is.
#[derive(Clone)]
pub struct Loaded {
    identity: PolicyIdentity,
    policy: Arc<Policy>,
}

impl Loaded {
    /// Loads a placement policy from its package. Blocks while it compiles.
    pub fn from_package(package: &[u8], compiler: &Compiler<'_>) -> Result<Loaded, PolicyError> {
        let policy =
            PlacementPolicy::from_packaged_with(package, compiler, PolicyLimits::STANDARD)?;
        let identity = PolicyIdentity {
            name: policy.manifest().name.clone(),
            version: policy.manifest().version.to_string(),
            digest: Digest::of(package),
        };
        Ok(Loaded::new(identity, move |request, caps| {
            policy.choose(request, caps)
        }))
    }

    /// A policy that is a function of this program: the reference in benchmarks, and what tests need.
    pub fn new(
        identity: PolicyIdentity,
        policy: impl Fn(&Request, &Caps) -> Result<Choice, PolicyFault> + Send + Sync + 'static,
    ) -> Loaded {
        Loaded {
            identity,
            policy: Arc::new(policy),
        }
    }

    /// Who it is.
    pub fn identity(&self) -> &PolicyIdentity {
        &self.identity
    }

    /// Asks it. Blocks for as long as a policy may take.
    pub fn choose(&self, request: &Request, caps: &Caps) -> Result<Choice, PolicyFault> {
        (self.policy)(request, caps)
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Loaded").field(&self.identity).finish()
    }
}
