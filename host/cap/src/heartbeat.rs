//! The heart: tells raptor what is here and how busy it is, takes orders and leases from the answer. It beats at once
//! when raptor nudges or a placement changes, and goes on, slower, while raptor cannot be reached: what is placed here
//! keeps being served as long as its lease holds.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use fleet_api::{CapId, Heartbeat, LeaseKey, Orders, PlacementReport, PlacementState};
use fleet_client::raptor::RaptorClient;
use tokio::{sync::Notify, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    load::LoadMeter,
    placement::{Placement, State, reconcile::Wanted},
    supervisor::Supervisor,
};

/// The slowest beat while all is well; a lease that is short beats faster.
const INTERVAL_MAX: Duration = Duration::from_secs(2);

/// The fastest beat.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// Beats per lease: two may be lost.
const BEATS_PER_LEASE: u32 = 3;

/// An answer that takes longer is given up; its leases would be half used.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

/// Pause after the first beat that failed; it doubles up to `INTERVAL_MAX`.
const RETRY_MIN: Duration = Duration::from_millis(100);

/// Changes that come together are told together.
const GATHER: Duration = Duration::from_millis(2);

/// What a heart needs.
#[derive(Debug)]
pub struct Heart {
    /// This CAP.
    pub cap: CapId,
    /// Where its control server is.
    pub control_url: String,
    /// Where its edge is.
    pub edge_url: String,
    /// Where it stands.
    pub region: String,
    /// What it says at most that it has.
    pub memory_bytes_max: Option<u64>,
    /// Checks that leases are raptor's.
    pub key: LeaseKey,
    /// Raptor.
    pub raptor: RaptorClient,
    /// A reason to beat now: a nudge, or a placement that changed.
    pub beat_now: Arc<Notify>,
}

impl Heart {
    /// Beats until `stop`; gives the supervisor back.
    pub async fn beat(self, mut supervisor: Supervisor, stop: CancellationToken) -> Supervisor {
        let mut meter = LoadMeter::new(self.memory_bytes_max);
        // Grows over restarts too, so that an answer to an earlier life cannot be replayed to this one.
        let mut sequence = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros() as u64);
        let mut failures = 0;
        loop {
            sequence += 1;
            let heartbeat = self.compose(&supervisor, &mut meter, sequence);
            // Before sending: a lease counts from here.
            let sent = Instant::now();
            let answer = tokio::select! {
                answer = timeout(ANSWER_TIME_MAX, self.raptor.heartbeat(&heartbeat)) => answer,
                () = stop.cancelled() => return supervisor,
            };
            let pause = match answer {
                Ok(Ok(orders)) => {
                    if failures > 0 {
                        tracing::info!(failures, "raptor answers again");
                    }
                    failures = 0;
                    self.take(&mut supervisor, &orders, sent, sequence)
                }
                Ok(Err(error)) => {
                    failures += 1;
                    self.complain(failures, &crate::raise::chain(&error));
                    retry_pause(failures)
                }
                Err(_) => {
                    failures += 1;
                    self.complain(failures, "no answer in time");
                    retry_pause(failures)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.beat_now.notified() => tokio::time::sleep(GATHER).await,
                () = stop.cancelled() => return supervisor,
            }
        }
    }

    /// Takes orders and leases; says when to beat next.
    fn take(
        &self,
        supervisor: &mut Supervisor,
        orders: &Orders,
        sent: Instant,
        sequence: u64,
    ) -> Duration {
        let ttl = Duration::from_millis(orders.lease_ttl_ms);
        let mut wanted = Vec::with_capacity(orders.placements.len());
        let mut leased = Vec::with_capacity(orders.placements.len());
        for order in &orders.placements {
            match order
                .lease
                .verify(&self.key, &order.id, &self.cap, order.epoch, sequence)
            {
                Ok(ttl) => leased.push((order.id.clone(), ttl)),
                // Not raptor's word: nothing is begun on it, and what is here is neither prolonged nor stopped by it.
                Err(error) => {
                    tracing::error!(placement = %order.id, %error, "an order carries a lease that is not raptor's");
                    if supervisor.placement(&order.id).is_none() {
                        continue;
                    }
                }
            }
            wanted.push(Wanted {
                id: order.id.clone(),
                epoch: order.epoch,
                slug: order.slug.clone(),
                bundle: order.bundle,
            });
        }
        supervisor.reconcile(&wanted);
        for (id, ttl) in leased {
            if let Some(placement) = supervisor.placement(&id) {
                placement.hold.extend(sent, ttl);
            }
        }
        for id in &orders.sleep {
            if let Some(placement) = supervisor.placement(id)
                && let State::Live(service) = placement.state()
                && service
                    .residence
                    .as_ref()
                    .is_some_and(crate::residence::Residence::sleep)
            {
                tracing::info!(placement = %id, slug = %placement.slug, "its program sleeps until it is asked for");
            }
        }
        (ttl / BEATS_PER_LEASE).clamp(INTERVAL_MIN, INTERVAL_MAX)
    }

    fn compose(&self, supervisor: &Supervisor, meter: &mut LoadMeter, sequence: u64) -> Heartbeat {
        let load = meter.read();
        Heartbeat {
            cap: self.cap.clone(),
            control_url: self.control_url.clone(),
            edge_url: self.edge_url.clone(),
            region: self.region.clone(),
            sequence,
            load: fleet_api::Load {
                memory_used_bytes: load.memory_used_bytes,
                memory_total_bytes: load.memory_total_bytes,
                cpu_permille: load.cpu_permille,
            },
            placements: supervisor
                .placements()
                .map(|placement| report(placement))
                .collect(),
        }
    }

    /// The first failure is news, the hundredth is not.
    fn complain(&self, failures: u32, why: &str) {
        if failures.is_power_of_two() {
            tracing::warn!(
                failures,
                why,
                "raptor does not answer; serving goes on while leases hold"
            );
        }
    }
}

fn report(placement: &Placement) -> PlacementReport {
    let activity = match placement.state() {
        State::Live(service) => service
            .residence
            .as_ref()
            .and_then(|residence| residence.activity(Instant::now())),
        State::Fetching | State::Compiling | State::Probing | State::Failed(_) => None,
    };
    PlacementReport {
        id: placement.id.clone(),
        epoch: placement.epoch(),
        state: match placement.state() {
            State::Fetching | State::Compiling | State::Probing => PlacementState::Pending,
            State::Live(_) => PlacementState::Live,
            State::Failed(failure) => PlacementState::Failed {
                reason: failure.reason,
                trap: failure.trap,
            },
        },
        requests: placement.counts.requests.load(Ordering::Relaxed),
        traps: placement.counts.traps.load(Ordering::Relaxed),
        activity,
    }
}

fn retry_pause(failures: u32) -> Duration {
    RETRY_MIN
        .saturating_mul(1 << failures.saturating_sub(1).min(8))
        .min(INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        assert_eq!(retry_pause(1), RETRY_MIN);
        assert_eq!(retry_pause(2), RETRY_MIN * 2);
        assert_eq!(retry_pause(1000), INTERVAL_MAX);
    }
}
