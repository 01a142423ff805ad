//! What an operator means by a policy: one that raptor carries, one in the registry, or a file.

use std::path::Path;

use fleet_policy::{PolicyError, resolve_packaged};
use lly_brick::Digest;
use registry_index::{EVICTION_WORLD, Offer, POLICY_WORLD, World};
use semver::Version;

use super::Kind;
use crate::context::Context;
use crate::failure::{Failure, OrFail};
use crate::plugin::{RegistryArgs, failed, is_file, requirement};

/// The world of every policy that may be chosen.
const WORLDS: [&str; 2] = [POLICY_WORLD, EVICTION_WORLD];

/// A policy that was found.
#[derive(Debug)]
pub enum Found {
    /// It is part of LILY: raptor has it, and so does this program.
    Carried {
        /// Its whole name.
        name: String,
        /// The `.plugin` file.
        package: &'static [u8],
    },
    /// Raptor is sent it.
    Sent {
        /// The `.plugin` file.
        package: Vec<u8>,
        /// Who signed it; none if it comes from a file.
        signer: Option<String>,
    },
}

impl Found {
    /// The `.plugin` file.
    pub fn package(&self) -> &[u8] {
        match self {
            Found::Carried { package, .. } => package,
            Found::Sent { package, .. } => package,
        }
    }

    /// What it decides about: its world says so.
    pub fn kind(&self) -> Result<Kind, Failure> {
        let manifest = fleet_policy::manifest(self.package()).or_fail(|| "this is no policy")?;
        Ok(match manifest.world.as_str() {
            EVICTION_WORLD => Kind::Eviction,
            _ => Kind::Placement,
        })
    }

    /// Of the package.
    pub fn digest(&self) -> Digest {
        Digest::of(self.package())
    }

    /// Where it comes from, in documents.
    pub fn origin(&self) -> &'static str {
        match self {
            Found::Carried { .. } => "raptor",
            Found::Sent { signer: None, .. } => "file",
            Found::Sent { .. } => "registry",
        }
    }

    /// Who signed it.
    pub fn signer(&self) -> Option<&str> {
        match self {
            Found::Carried { .. } => None,
            Found::Sent { signer, .. } => signer.as_deref(),
        }
    }
}

/// Finds what `text` means. Raptor's own come first, if their version will do; what comes from the registry is verified.
pub async fn find(
    text: &str,
    registry: &RegistryArgs,
    context: &Context,
) -> Result<Found, Failure> {
    if is_file(text) {
        return file(Path::new(text));
    }
    let wanted = requirement(text)?;
    let carried = resolve_packaged(wanted.name(), &wanted.range());
    let absent = match carried {
        Ok(package) => {
            return Ok(Found::Carried {
                name: package.manifest.name,
                package: package.bytes,
            });
        }
        Err(error) => error,
    };
    let (registry, trust) = registry.open(context).map_err(|failure| {
        // Without a registry, what raptor carries is all there is: say so.
        match absent {
            PolicyError::Unknown { .. } | PolicyError::Range(_) => {
                let message = format!("{absent}; and {}", failure.message);
                let again = Failure::new(failure.exit, message);
                match failure.hint {
                    Some(hint) => again.hint(hint),
                    None => again,
                }
            }
            PolicyError::Package(_) | PolicyError::Elsewhere { .. } | PolicyError::Load(_) => {
                failure
            }
        }
    })?;
    let lly: Version = env!("CARGO_PKG_VERSION")
        .parse()
        .or_fail(|| "this lly has no version")?;
    let worlds: Vec<World> = WORLDS.iter().filter_map(|one| one.parse().ok()).collect();
    let offer = Offer {
        lly: &lly,
        worlds: &worlds,
    };
    let verified = registry
        .obtain(&wanted, &offer, None, &trust)
        .await
        .map_err(failed)?;
    Ok(Found::Sent {
        signer: Some(verified.locked.signer.to_string()),
        package: verified.package,
    })
}

fn file(path: &Path) -> Result<Found, Failure> {
    let package = match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(
                Failure::local(format!("there is no file `{}`", path.display())).hint(
                    "a name without `/` and `.plugin` is looked up in raptor and the registry",
                ),
            );
        }
        read => read.or_fail(|| format!("cannot read `{}`", path.display()))?,
    };
    let manifest = fleet_policy::manifest(&package)
        .or_fail(|| format!("`{}` cannot be used", path.display()))?;
    if !WORLDS.contains(&manifest.world.as_str()) {
        return Err(Failure::local(format!(
            "`{}` is no policy: its world is `{}`",
            path.display(),
            manifest.world
        ))
        .hint(format!("a policy's world is {}", WORLDS.join(" or "))));
    }
    Ok(Found::Sent {
        package,
        signer: None,
    })
}
