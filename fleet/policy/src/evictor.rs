//! Which programs may sleep: the eviction policy names them; if it fails, the built-in default does, and that is told.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use fleet_api::{
    Activity, EvictionAnswer, EvictionQuestion, EvictionShadow, Load, PolicyIdentity, Sleeper, Slug,
};
use fleet_place::{bytes_wanted, default_sleepers};
use host_plugin::{Compiler, Eviction, EvictionPolicy, Memory, PolicyFault, PolicyLimits, Voids};
use lly_brick::Digest;

use crate::PolicyError;
use crate::seats::{Seat, Seats};

/// A question to an eviction policy; every answer is within its bounds or a fault.
type Policy = dyn Fn(Memory, &Voids) -> Result<Vec<Eviction>, PolicyFault> + Send + Sync;

/// An eviction policy and who it is.
#[derive(Clone)]
pub struct LoadedEviction {
    identity: PolicyIdentity,
    policy: Arc<Policy>,
}

/// Names the programs that may sleep. Policies are swapped while others are asked.
#[derive(Debug)]
pub struct Evictor {
    seats: Seats<LoadedEviction>,
}

/// Which programs are to sleep, who said so, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evicted {
    /// Who was to decide; none if there is no policy.
    pub policy: Option<PolicyIdentity>,
    /// Indices of what was asked about, each with a sentence.
    pub sleepers: Vec<(usize, String)>,
    /// What the policy did wrong. The built-in default has decided then.
    pub fault: Option<String>,
    /// How long it took.
    pub micros: u64,
}

impl LoadedEviction {
    /// Loads an eviction policy from its package. Blocks while it compiles.
    pub fn from_package(
        package: &[u8],
        compiler: &Compiler<'_>,
    ) -> Result<LoadedEviction, PolicyError> {
        let policy = EvictionPolicy::from_packaged_with(package, compiler, PolicyLimits::STANDARD)?;
        let identity = PolicyIdentity {
            name: policy.manifest().name.clone(),
            version: policy.manifest().version.to_string(),
            digest: Digest::of(package),
        };
        Ok(LoadedEviction {
            identity,
            policy: Arc::new(move |memory, voids| policy.evict(memory, voids)),
        })
    }

    /// Who it is.
    pub fn identity(&self) -> &PolicyIdentity {
        &self.identity
    }

    /// Asks it which of these programs may sleep: indices, each with a sentence; what it did wrong if it failed. Blocks for
    /// as long as a policy may take.
    pub fn evict(
        &self,
        load: &Load,
        programs: &[Activity],
    ) -> Result<Vec<(usize, String)>, PolicyFault> {
        let memory = Memory {
            bytes_total: load.memory_total_bytes,
            bytes_used: load.memory_used_bytes,
            bytes_wanted: bytes_wanted(load),
        };
        let named = (self.policy)(memory, &columns(programs))?.into_iter();
        Ok(named.map(|one| (one.void as usize, one.reason)).collect())
    }
}

impl std::fmt::Debug for LoadedEviction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LoadedEviction")
            .field(&self.identity)
            .finish()
    }
}

impl Default for Evictor {
    fn default() -> Evictor {
        Evictor::new()
    }
}

impl Evictor {
    /// Nobody but the built-in default.
    pub fn new() -> Evictor {
        Evictor {
            seats: Seats::new(),
        }
    }

    /// Gives a policy a seat; the one that was there finishes what it has begun.
    pub fn set(&self, seat: Seat, policy: Option<LoadedEviction>) {
        self.seats.set(seat, policy);
    }

    /// The policy in a seat.
    pub fn get(&self, seat: Seat) -> Option<LoadedEviction> {
        self.seats.get(seat)
    }

    /// Asks which of the programs of one CAP, in the order of their slugs, may sleep. Blocks for as long as a policy may
    /// take.
    pub fn evict(&self, load: &Load, programs: &[Activity]) -> Evicted {
        let begun = Instant::now();
        let policy = self.get(Seat::Current);
        let asked = policy.as_ref().map(|policy| policy.evict(load, programs));
        let (sleepers, fault) = match asked {
            Some(Ok(named)) => (named, None),
            Some(Err(fault)) => (fallback(load, programs), Some(fault.to_string())),
            None => (fallback(load, programs), None),
        };
        Evicted {
            policy: policy.map(|policy| policy.identity),
            sleepers,
            fault,
            micros: micros(begun),
        }
    }
}

/// What the policy in the shadow would have done where `decided` is to sleep. Blocks for as long as a policy may take.
pub fn shadow_answer(
    policy: &LoadedEviction,
    question: &EvictionQuestion,
    decided: &[Sleeper],
) -> EvictionShadow {
    let begun = Instant::now();
    let asked = policy.evict(&question.load, &activities(question));
    let (sleepers, fault) = match asked {
        Ok(named) => (sleepers(question, &named), None),
        Err(fault) => (Vec::new(), Some(fault.to_string())),
    };
    EvictionShadow {
        policy: policy.identity.clone(),
        differs: fault.is_some() || slugs(&sleepers) != slugs(decided),
        answer: EvictionAnswer {
            sleepers,
            micros: micros(begun),
            fault,
        },
    }
}

/// What is known about each program of a question.
pub(crate) fn activities(question: &EvictionQuestion) -> Vec<Activity> {
    let programs = question.programs.iter();
    programs.map(|program| program.activity).collect()
}

/// The slugs behind indices.
pub(crate) fn sleepers(question: &EvictionQuestion, named: &[(usize, String)]) -> Vec<Sleeper> {
    let sleeper = |(index, reason): &(usize, String)| {
        Some(Sleeper {
            slug: question.programs.get(*index)?.slug.clone(),
            reason: reason.clone(),
        })
    };
    named.iter().filter_map(sleeper).collect()
}

/// Whose programs sleep, whatever the order and the reasons.
pub(crate) fn slugs(sleepers: &[Sleeper]) -> BTreeSet<&Slug> {
    sleepers.iter().map(|one| &one.slug).collect()
}

fn micros(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn fallback(load: &Load, programs: &[Activity]) -> Vec<(usize, String)> {
    let reason = "the CAP wants memory back, and nobody asked for it for longest".to_owned();
    let sleepers = default_sleepers(bytes_wanted(load), programs).into_iter();
    sleepers.map(|index| (index, reason.clone())).collect()
}

fn columns(programs: &[Activity]) -> Voids {
    let column = |fact: fn(&Activity) -> u32| programs.iter().map(fact).collect();
    Voids {
        requests_per_minute: column(|one| one.requests_per_minute),
        cpu_permille: column(|one| one.cpu_permille),
        age_seconds: column(|one| one.age_seconds),
        idle_seconds: column(|one| one.idle_seconds),
        code_bytes: programs.iter().map(|one| one.code_bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve_packaged;
    use fleet_api::EvictionDecision;

    const MIB: u64 = 1 << 20;

    fn program(requests: u32, cpu: u32, age: u32, idle: u32) -> Activity {
        Activity {
            requests_per_minute: requests,
            cpu_permille: cpu,
            age_seconds: age,
            idle_seconds: idle,
            code_bytes: MIB,
        }
    }

    fn load(used: u64) -> Load {
        Load {
            memory_used_bytes: used * MIB,
            memory_total_bytes: 1000 * MIB,
            cpu_permille: 0,
        }
    }

    fn named(evicted: &Evicted) -> Vec<usize> {
        evicted.sleepers.iter().map(|(index, _)| *index).collect()
    }

    #[test]
    fn the_packaged_policy_looks_at_requests_cpu_and_age() {
        let cache = tempfile::tempdir().unwrap();
        let compiler = Compiler {
            cache_dir: cache.path(),
            child: None,
        };
        let package = resolve_packaged("idle", "*").unwrap();
        let evictor = Evictor::new();
        evictor.set(
            Seat::Current,
            Some(LoadedEviction::from_package(package.bytes, &compiler).unwrap()),
        );
        let programs = [
            program(0, 0, 5000, 1000),
            program(0, 500, 5000, 1000),
            program(2, 0, 5000, 20),
            program(0, 0, 10, 10),
        ];
        let calm = evictor.evict(&load(100), &programs);
        assert_eq!(named(&calm), [0]);
        assert_eq!(calm.policy.as_ref().unwrap().name, "policy-idle");
        assert!(calm.sleepers[0].1.contains("1000 s") && calm.fault.is_none());
        let pressed = evictor.evict(&load(990), &programs);
        assert_eq!(named(&pressed), [0, 2]);
        assert!(evictor.evict(&load(990), &[]).sleepers.is_empty());
        // A placement policy is none.
        let spread = resolve_packaged("spread", "*").unwrap();
        assert!(LoadedEviction::from_package(spread.bytes, &compiler).is_err());
    }

    #[test]
    fn a_shadow_and_a_replay_say_where_they_differ() {
        let cache = tempfile::tempdir().unwrap();
        let compiler = Compiler {
            cache_dir: cache.path(),
            child: None,
        };
        let package = resolve_packaged("idle", "*").unwrap();
        let idle = LoadedEviction::from_package(package.bytes, &compiler).unwrap();
        let slugs: [Slug; 2] = ["lazy-fox".parse().unwrap(), "warm-owl".parse().unwrap()];
        let programs = [program(0, 0, 5000, 1000), program(9, 0, 5000, 1)];
        let known: Vec<_> = slugs.iter().zip(programs).collect();
        let question = crate::record_programs(&load(100), &known).unwrap();
        let sleeper = |slug: &Slug| Sleeper {
            slug: slug.clone(),
            reason: "mine".to_owned(),
        };
        let same = shadow_answer(&idle, &question, &[sleeper(&slugs[0])]);
        assert!(!same.differs && same.answer.fault.is_none());
        assert_eq!(same.answer.sleepers[0].slug, slugs[0]);
        let other = shadow_answer(&idle, &question, &[sleeper(&slugs[1])]);
        assert!(other.differs);
        let mut decision = EvictionDecision {
            id: 1,
            age_seconds: 0,
            cap: "cap-1".parse().unwrap(),
            policy: None,
            answer: other.answer.clone(),
            shadow: None,
            question: Some(question),
        };
        let again = crate::replay_eviction(&idle, &decision).unwrap();
        assert!(!again.differs && again.fault.is_none());
        assert_eq!(again.sleepers, decision.answer.sleepers);
        decision.answer.sleepers.clear();
        assert!(crate::replay_eviction(&idle, &decision).unwrap().differs);
        decision.question = None;
        assert!(crate::replay_eviction(&idle, &decision).is_none());
    }

    #[test]
    fn without_a_policy_or_with_a_bad_one_the_default_decides() {
        let evictor = Evictor::new();
        let programs = [program(0, 0, 5000, 1000), program(0, 0, 5000, 3000)];
        assert!(named(&evictor.evict(&load(100), &programs)).is_empty());
        assert_eq!(named(&evictor.evict(&load(851), &programs)), [1]);
        evictor.set(
            Seat::Current,
            Some(LoadedEviction {
                identity: PolicyIdentity {
                    name: "bad".to_owned(),
                    version: "1.0.0".to_owned(),
                    digest: Digest::of(b"bad"),
                },
                policy: Arc::new(|_, _| {
                    Err(PolicyFault::Late {
                        policy: "bad".to_owned(),
                        reason: "it slept".to_owned(),
                    })
                }),
            }),
        );
        let evicted = evictor.evict(&load(851), &programs);
        assert_eq!(named(&evicted), [1]);
        assert!(evicted.fault.unwrap().contains("it slept"));
        assert_eq!(evicted.policy.unwrap().name, "bad");
    }
}
