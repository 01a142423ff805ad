//! Who decides and who is only compared. Policies are swapped while others are asked: a decision ends with the policy that
//! it began with.

use std::sync::RwLock;

/// Where a policy sits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// It decides.
    Current,
    /// It is only compared.
    Shadow,
}

/// Both seats of one kind of policy.
#[derive(Debug)]
pub(crate) struct Seats<P> {
    current: RwLock<Option<P>>,
    shadow: RwLock<Option<P>>,
}

impl<P: Clone> Seats<P> {
    /// Nobody in either.
    pub(crate) fn new() -> Seats<P> {
        Seats {
            current: RwLock::new(None),
            shadow: RwLock::new(None),
        }
    }

    /// Gives a policy a seat; the one that was there finishes what it has begun.
    pub(crate) fn set(&self, seat: Seat, policy: Option<P>) {
        // What is behind the lock is whole whatever happened to who held it.
        let mut held = match self.seat(seat).write() {
            Ok(held) => held,
            Err(poisoned) => poisoned.into_inner(),
        };
        *held = policy;
    }

    /// The policy in a seat.
    pub(crate) fn get(&self, seat: Seat) -> Option<P> {
        match self.seat(seat).read() {
            Ok(held) => held.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    fn seat(&self, seat: Seat) -> &RwLock<Option<P>> {
        match seat {
            Seat::Current => &self.current,
            Seat::Shadow => &self.shadow,
        }
    }
}
