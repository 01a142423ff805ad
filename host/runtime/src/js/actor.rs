//! The loop of a server's instance: mail, events of its tasks, timers and deadlines, a turn for each.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use host_outbound::{Event, Id};
use host_web::Hook;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Sleep, sleep_until};

use super::exchange::Arrival;
use super::host::Host;
use super::instance::{Bounds, End};
use super::output::{InstanceLog, Output};
use super::pool::{Birth, Load, Mail, Pool};
use super::running::Running;
use super::{Code, JavaScript};
use crate::limits::{JS_EXTRA_IDLE_TIME, JS_TURNS_AT_ONCE};
use crate::{Fault, Program, RequestContext};

/// Begins an instance in a task of its own, for the program that answers this request.
pub(super) fn begin(
    program: &Program,
    javascript: &JavaScript,
    birth: Birth,
    context: &RequestContext,
) {
    let shared = &program.shared;
    let log = InstanceLog::new(Arc::clone(&context.log), program.log_bytes_max);
    let host = Host::new(
        Arc::clone(&shared.network),
        javascript.code.maps.clone(),
        Output::Log(log),
        birth.environment,
    );
    let bounds = Bounds {
        memory_bytes_max: program.memory_bytes_max,
        turn_time: Some(shared.limits.turn_time.min(program.wall_time)),
    };
    let seat = Seat {
        mail: birth.mail,
        pool: Arc::downgrade(&javascript.pool),
        number: birth.number,
        load: birth.load,
    };
    let idle_time = shared.limits.instance_idle_time;
    let code = Arc::clone(&javascript.code);
    let run = async move { run(&code, host, bounds, seat, idle_time).await };
    // It ends by itself: when it has nothing to do, or with the program.
    tokio::spawn(program.cpu.measure(run));
}

/// An instance's place among those of its program.
struct Seat {
    mail: mpsc::UnboundedReceiver<Mail>,
    pool: Weak<Pool>,
    number: u64,
    load: Arc<Load>,
}

/// The loop's own state.
struct Actor {
    running: Running,
    seat: Seat,
    /// The program has come to the end of its beginning.
    is_begun: bool,
    idle_time: Duration,
    /// When there was something under way last.
    busy: Instant,
    sleep: Pin<Box<Sleep>>,
    /// Which source is looked at first; each in its turn, so that none starves.
    first: u8,
}

/// What the loop does next.
enum Next {
    Mail(Mail),
    Event(Event),
    Timer(Id),
    Late(Id),
    Leave,
}

type Parts = (Host, mpsc::UnboundedReceiver<Event>);

async fn run(code: &Code, host: Parts, bounds: Bounds, mut seat: Seat, idle_time: Duration) {
    match Running::new(code, host, bounds).await {
        Ok(running) => {
            let mut actor = Actor {
                running,
                seat,
                is_begun: false,
                idle_time,
                busy: Instant::now(),
                sleep: Box::pin(sleep_until((Instant::now() + idle_time).into())),
                first: 0,
            };
            if let Err(end) = actor.work().await {
                actor.fail(end);
            }
        }
        Err(end) => {
            seat.refuse(&fault_of(end));
        }
    }
}

fn fault_of(end: End) -> Fault {
    match end {
        End::Exit(code) => Fault::Exit { code },
        End::Fault(fault) => fault,
    }
}

impl Seat {
    /// Gives the place up: no other instance would do better. False: nobody learned of it.
    fn refuse(&mut self, fault: &Fault) -> bool {
        let mut is_told = false;
        for arrival in self.unread() {
            is_told |= arrival.answer.send(Err(fault.clone().into())).is_ok();
        }
        is_told
    }

    /// Gives the place up, and the requests that were not looked at back.
    fn hand_back(&mut self) {
        for arrival in self.unread() {
            arrival.hand_back();
        }
    }

    fn unread(&mut self) -> Vec<Arrival> {
        if let Some(pool) = self.pool.upgrade() {
            pool.remove(self.number);
        }
        let mail = std::iter::from_fn(|| self.mail.try_recv().ok());
        let arrivals = mail.filter_map(|mail| match mail {
            Mail::Arrival(arrival) => Some(*arrival),
            Mail::Gone(_) => None,
        });
        arrivals.collect()
    }
}

impl Actor {
    /// Works until there is nothing to do.
    async fn work(&mut self) -> Result<(), End> {
        self.running.tell(Hook::Start).await?;
        self.is_begun = true;
        let mut turns = 0;
        loop {
            let now = Instant::now();
            let next = match self.ready(now) {
                Some(next) => next,
                None => match self.wait(now).await {
                    Some(next) => next,
                    None => continue,
                },
            };
            match next {
                Next::Mail(Mail::Arrival(arrival)) => self.arrive(*arrival).await?,
                Next::Mail(Mail::Gone(id)) => {
                    if self.running.host().exchanges.leave(id) {
                        self.running.tell_of(Hook::Gone, id).await?;
                    }
                }
                Next::Event(event) => self.running.event(event).await?,
                Next::Timer(id) => self.running.tell_of(Hook::Timer, id).await?,
                Next::Late(id) => {
                    if self.running.host().exchanges.expire(id) {
                        self.running.tell_of(Hook::Gone, id).await?;
                    }
                }
                Next::Leave => return Ok(()),
            }
            turns += 1;
            if turns % JS_TURNS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn arrive(&mut self, arrival: Arrival) -> Result<(), End> {
        self.seat.load.read();
        self.busy = Instant::now();
        let id = arrival.id;
        match self.running.host().exchanges.begin(arrival) {
            Some(message) => self.running.turn(Hook::Request, Some(id), message).await,
            None => Ok(()),
        }
    }

    /// What there is to do without waiting.
    fn ready(&mut self, now: Instant) -> Option<Next> {
        self.first = (self.first + 1) % 3;
        for source in 0..3 {
            let found = match (self.first + source) % 3 {
                0 => self.running.events.try_recv().ok().map(Next::Event),
                1 => match self.seat.mail.try_recv() {
                    Ok(mail) => Some(Next::Mail(mail)),
                    // The program is gone, and so is everybody who could wait for an answer.
                    Err(TryRecvError::Disconnected) => return Some(Next::Leave),
                    Err(TryRecvError::Empty) => None,
                },
                _ => self.due(now),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn due(&mut self, now: Instant) -> Option<Next> {
        if let Some(id) = self.running.host().exchanges.late(now) {
            return Some(Next::Late(id));
        }
        self.running.due_timer(now).map(Next::Timer)
    }

    /// Waits for something to do; `None`: look again.
    async fn wait(&mut self, now: Instant) -> Option<Next> {
        let host = self.running.host();
        let mut wake = host.timers.due();
        if let Some(deadline) = host.exchanges.deadline() {
            self.busy = now;
            wake = Some(wake.map_or(deadline, |wake| wake.min(deadline)));
        } else {
            let patience = self.patience();
            if now.duration_since(self.busy) >= patience {
                let pool = self.seat.pool.upgrade();
                if pool.is_none_or(|pool| pool.leave(self.seat.number, &self.seat.load)) {
                    return Some(Next::Leave);
                }
                return None;
            }
            let end = self.busy + patience;
            wake = Some(wake.map_or(end, |wake| wake.min(end)));
        }
        // A sleep that ends too early costs a look; it is set anew only when it must be, not for each request.
        let wake = tokio::time::Instant::from_std(wake.unwrap_or(now + self.idle_time));
        if self.sleep.is_elapsed() || self.sleep.deadline() > wake {
            self.sleep.as_mut().reset(wake);
        }
        tokio::select! {
            biased;
            Some(event) = self.running.events.recv() => Some(Next::Event(event)),
            mail = self.seat.mail.recv() => Some(mail.map_or(Next::Leave, Next::Mail)),
            () = self.sleep.as_mut() => None,
        }
    }

    /// How long it stays with nothing under way.
    fn patience(&self) -> Duration {
        let pool = self.seat.pool.upgrade();
        let is_first = pool.is_none_or(|pool| pool.is_first(self.seat.number));
        if is_first {
            self.idle_time
        } else {
            self.idle_time.min(JS_EXTRA_IDLE_TIME)
        }
    }

    /// The instance is over: everybody who waits is told, and the log once what it was.
    fn fail(mut self, end: End) {
        let fault = fault_of(end);
        let other = Fault::InstanceLost {
            reason: fault.to_string(),
        };
        let host = self.running.host();
        let is_told = host.exchanges.fail(&fault, &other);
        let is_told = if self.is_begun {
            self.seat.hand_back();
            is_told
        } else {
            self.seat.refuse(&fault) || is_told
        };
        if !is_told {
            self.running.host().output.tell(&fault);
        }
    }
}
