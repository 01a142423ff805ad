//! The instances of one program: which of them takes a request, and when there is one more.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use host_outbound::Id;
use tokio::sync::mpsc;

use super::exchange::Arrival;
use crate::limits::JS_BEHIND_TIME;
use crate::output::lock;

/// Ids of the host's own count from here, so that they never meet those of `host.id()`.
pub(super) const OWN_IDS: Id = 1 << 40;

/// What reaches an instance from those who ask it. Bounded by the program's gate: so many requests, and one `Gone` each.
pub(super) enum Mail {
    Arrival(Box<Arrival>),
    /// Nobody waits for the answer any more.
    Gone(Id),
}

/// Where an instance is written to.
pub(super) type Mailbox = mpsc::UnboundedSender<Mail>;

/// The program's environment; all requests to one instance have the same.
pub(super) type Environment = Arc<[(String, String)]>;

/// The instances of one program.
#[derive(Default)]
pub(super) struct Pool {
    members: Mutex<Vec<Member>>,
    made: AtomicU64,
}

/// An instance, seen from outside.
#[derive(Clone)]
struct Member {
    number: u64,
    mailbox: Mailbox,
    environment: Environment,
    load: Arc<Load>,
    /// When it had nothing unread last, as far as anybody looked.
    caught_up: Instant,
}

/// What an instance has to do.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Requests that are not over.
    under_way: AtomicUsize,
    /// Those of them that it has not looked at.
    unread: AtomicUsize,
    /// Requests that it was ever given.
    given: AtomicU64,
}

/// One request's part in the load.
pub(super) struct LoadShare(Arc<Load>);

impl Load {
    /// The instance looks at a request.
    pub(super) fn read(&self) {
        self.unread.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for LoadShare {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an instance is begun with.
pub(super) struct Birth {
    pub(super) number: u64,
    pub(super) mail: mpsc::UnboundedReceiver<Mail>,
    pub(super) load: Arc<Load>,
    pub(super) environment: Environment,
}

impl Pool {
    /// Hands a request to the instance that has the least to do; `begin` begins another one if all are behind, up to
    /// `instances_max`. Answers where the request went and its id there.
    pub(super) fn admit(
        &self,
        environment: &Environment,
        instances_max: usize,
        begin: impl FnOnce(Birth),
        arrival: impl FnOnce(Id, Mailbox, LoadShare) -> Arrival,
    ) -> (Mailbox, Id) {
        let mut members = lock(&self.members);
        let now = Instant::now();
        members.retain(|member| !member.mailbox.is_closed());
        for member in members.iter_mut() {
            member.look(now);
        }
        let least = members
            .iter()
            .filter(|member| is_same(&member.environment, environment))
            .min_by_key(|member| member.load.under_way.load(Ordering::Relaxed));
        let member = match least {
            Some(member) if !member.is_behind(now) || members.len() >= instances_max.max(1) => {
                member.clone()
            }
            Some(_) | None => {
                let (member, birth) = self.new_member(environment, now);
                members.push(member.clone());
                begin(birth);
                member
            }
        };
        // Sent under the lock: an instance that leaves looks under it whether there is mail.
        let load = &member.load;
        let id = OWN_IDS + load.given.fetch_add(1, Ordering::Relaxed);
        load.under_way.fetch_add(1, Ordering::Relaxed);
        load.unread.fetch_add(1, Ordering::Relaxed);
        let share = LoadShare(Arc::clone(load));
        let arrival = arrival(id, member.mailbox.clone(), share);
        // An instance that has just ended drops its mail: whoever waits for the answer sees that.
        let _ = member.mailbox.send(Mail::Arrival(Box::new(arrival)));
        (member.mailbox, id)
    }

    fn new_member(&self, environment: &Environment, now: Instant) -> (Member, Birth) {
        let (mailbox, mail) = mpsc::unbounded_channel();
        let load = Arc::new(Load::default());
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let member = Member {
            number,
            mailbox,
            environment: Arc::clone(environment),
            load: Arc::clone(&load),
            caught_up: now,
        };
        let birth = Birth {
            number,
            mail,
            load,
            environment: Arc::clone(environment),
        };
        (member, birth)
    }

    /// Takes out an instance that has nothing to do. False: it has got something meanwhile.
    pub(super) fn leave(&self, number: u64, load: &Load) -> bool {
        let mut members = lock(&self.members);
        if load.under_way.load(Ordering::Relaxed) > 0 {
            return false;
        }
        members.retain(|member| member.number != number);
        true
    }

    /// Takes out an instance that has ended. What it was sent is for it to answer.
    pub(super) fn remove(&self, number: u64) {
        lock(&self.members).retain(|member| member.number != number);
    }

    /// Whether this is the instance that is kept longest.
    pub(super) fn is_first(&self, number: u64) -> bool {
        lock(&self.members)
            .first()
            .is_some_and(|member| member.number == number)
    }
}

impl Member {
    fn look(&mut self, now: Instant) {
        if self.load.unread.load(Ordering::Relaxed) == 0 {
            self.caught_up = now;
        }
    }

    /// It has computed for a while, and requests wait to be looked at.
    fn is_behind(&self, now: Instant) -> bool {
        now.duration_since(self.caught_up) > JS_BEHIND_TIME
    }
}

fn is_same(one: &Environment, other: &Environment) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

/// Dropped, it tells the instance that nobody waits for the answer any more.
pub(super) struct Leave {
    mailbox: Mailbox,
    id: Id,
    is_over: bool,
}

impl Leave {
    pub(super) fn new(mailbox: Mailbox, id: Id) -> Leave {
        Leave {
            mailbox,
            id,
            is_over: false,
        }
    }

    /// The answer is there: leaving means nothing any more.
    pub(super) fn is_over(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        if !self.is_over {
            // An instance that is gone needs not know.
            let _ = self.mailbox.send(Mail::Gone(self.id));
        }
    }
}
