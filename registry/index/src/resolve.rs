//! Which version of a plugin to take: a plain function of the index, what is asked for and what is there to run it.
//!
//! Rule: when nothing fits, the error says for every version why not, because the next question is always "why not?".

use crate::{Index, IndexVersion, Locked, Requirement, World};
use lly_brick::Digest;
use semver::Version;
use std::fmt;

/// A plugin of more versions than this is told about the newest ones.
const TOLD_MAX: usize = 20;

/// What there is to run a plugin with.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// The version of this `lly`.
    pub lly: &'a Version,
    /// The worlds that the host serves; those of other packages are refused.
    pub worlds: &'a [World],
}

/// Why a version is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not asked for.
    OutOfRange,
    /// It is a pre-release and none was asked for.
    PreRelease,
    /// It was withdrawn.
    Yanked {
        /// Why.
        reason: String,
    },
    /// This `lly` is too old.
    LlyTooOld {
        /// The oldest that will do.
        needed: Version,
        /// This one.
        found: Version,
    },
    /// No host here serves its world.
    World {
        /// The world.
        world: String,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rejection::OutOfRange => out.write_str("is not in that range"),
            Rejection::PreRelease => {
                out.write_str("is a pre-release, which must be asked for by name")
            }
            Rejection::Yanked { reason } if reason.is_empty() => out.write_str("was yanked"),
            Rejection::Yanked { reason } => write!(out, "was yanked ({reason})"),
            Rejection::LlyTooOld { needed, found } => {
                write!(out, "needs lly {needed} or newer (this is {found})")
            }
            Rejection::World { world } => write!(
                out,
                "is for the world `{world}`, which this lly does not serve"
            ),
        }
    }
}

/// Why there is no version to take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// None of the versions fits.
    #[error("no version of `{}` fits `{requirement}`{}", requirement.name(), told(rejected))]
    NoneFits {
        /// What was asked for.
        requirement: Requirement,
        /// Every version with the reason, the newest first.
        rejected: Vec<(Version, Rejection)>,
    },
    /// The lockfile names a version that the index does not have.
    #[error(
        "`lly.lock` has `{name}` {version}, which the registry does not have: run `lly plugin update {name}`"
    )]
    LockedGone {
        /// The plugin.
        name: String,
        /// The version.
        version: Version,
    },
    /// The lockfile and the index disagree about what a version is.
    #[error("`lly.lock` has `{}` {} as {}, the registry has it as {found}: one of them was tampered with", lock.name, lock.version, lock.digest)]
    LockedDigest {
        /// What the lockfile says.
        lock: Box<Locked>,
        /// What the index says.
        found: Digest,
    },
}

fn told(rejected: &[(Version, Rejection)]) -> String {
    if rejected.is_empty() {
        return ": the registry has none".to_owned();
    }
    let lines = rejected.iter().take(TOLD_MAX);
    let mut parts: Vec<String> = lines
        .map(|(version, why)| format!("{version} {why}"))
        .collect();
    if rejected.len() > TOLD_MAX {
        parts.push(format!("and {} older ones", rejected.len() - TOLD_MAX));
    }
    format!(": {}", parts.join("; "))
}

/// The version to take: the locked one if it is what is asked for, even if it was withdrawn since; else the newest that
/// fits. The index must be that of the required plugin, and the requirement's name the lock's: the caller matched them.
pub fn resolve<'a>(
    index: &'a Index,
    requirement: &Requirement,
    offer: &Offer<'_>,
    locked: Option<&Locked>,
) -> Result<&'a IndexVersion, ResolveError> {
    let of_this =
        |lock: &&Locked| lock.name == requirement.name() && requirement.matches(&lock.version);
    if let Some(lock) = locked.filter(of_this) {
        return take_locked(index, requirement, offer, lock);
    }
    let mut rejected = Vec::new();
    for one in index.versions.iter().rev() {
        match reject(one, requirement, offer).or_else(|| yanked(one)) {
            None => return Ok(one),
            Some(why) => rejected.push((one.version.clone(), why)),
        }
    }
    Err(ResolveError::NoneFits {
        requirement: requirement.clone(),
        rejected,
    })
}

fn take_locked<'a>(
    index: &'a Index,
    requirement: &Requirement,
    offer: &Offer<'_>,
    lock: &Locked,
) -> Result<&'a IndexVersion, ResolveError> {
    let one = index
        .version(&lock.version)
        .ok_or_else(|| ResolveError::LockedGone {
            name: lock.name.clone(),
            version: lock.version.clone(),
        })?;
    if one.digest != lock.digest {
        return Err(ResolveError::LockedDigest {
            lock: Box::new(lock.clone()),
            found: one.digest,
        });
    }
    match reject(one, requirement, offer) {
        None => Ok(one),
        Some(why) => Err(ResolveError::NoneFits {
            requirement: requirement.clone(),
            rejected: vec![(one.version.clone(), why)],
        }),
    }
}

fn reject(one: &IndexVersion, requirement: &Requirement, offer: &Offer<'_>) -> Option<Rejection> {
    if !requirement.matches(&one.version) {
        let almost = requirement.matches_but_for_pre_release(&one.version);
        return Some(if almost {
            Rejection::PreRelease
        } else {
            Rejection::OutOfRange
        });
    }
    if one.lly_min_version > *offer.lly {
        return Some(Rejection::LlyTooOld {
            needed: one.lly_min_version.clone(),
            found: offer.lly.clone(),
        });
    }
    let served = |world: World| offer.worlds.iter().any(|offered| world.runs_on(offered));
    if !one.world.parse().is_ok_and(served) {
        return Some(Rejection::World {
            world: one.world.clone(),
        });
    }
    None
}

fn yanked(one: &IndexVersion) -> Option<Rejection> {
    let reason = one.yanked.clone()?;
    Some(Rejection::Yanked { reason })
}

#[cfg(test)]
mod tests;
