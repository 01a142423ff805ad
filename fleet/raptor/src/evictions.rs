//! Which programs leave a CAP's memory: asked of the eviction policy when the CAP's heartbeat tells what its programs do,
//! answered with the orders. A program that sleeps comes back with the next request, so a wrong choice costs milliseconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fleet_api::{
    Activity, CapId, EvictionAnswer, EvictionQuestion, Heartbeat, PlacementId, Sleeper, Slug,
};
use fleet_db::{NewEvictions, NewSleep, PlacementRow};
use fleet_policy::{Evicted, Seat, record_programs, shadow_answer};
use tokio::time::Instant;

use crate::policies::Policies;

/// Heartbeats come every other second and faster; what is idle is idle for minutes.
const PERIOD: Duration = Duration::from_secs(5);
/// A question in which nothing happened is recorded this often, so that another policy can be asked it: it may find sleepers.
const RECORD_EVERY: Duration = Duration::from_secs(60);

impl Policies {
    /// The placements of a CAP whose programs are to sleep, now that it has told what they do. `rows` is what it is to have.
    pub async fn evict(&self, heartbeat: &Heartbeat, rows: &[PlacementRow]) -> Vec<PlacementId> {
        let programs = programs(heartbeat, rows);
        let (cap, load) = (&heartbeat.cap, heartbeat.load);
        if programs.is_empty() || !is_due(&self.evicted, cap, PERIOD) {
            return Vec::new();
        }
        let evictor = Arc::clone(&self.evictor);
        let activities: Vec<Activity> = programs.iter().map(|(_, _, activity)| *activity).collect();
        let asked = tokio::task::spawn_blocking(move || evictor.evict(&load, &activities)).await;
        let evicted = match asked {
            Ok(evicted) => evicted,
            Err(error) => {
                tracing::error!(%error, "a question to the eviction policy was lost");
                return Vec::new();
            }
        };
        if let Some(fault) = &evicted.fault {
            tracing::error!(
                fault,
                "the eviction policy failed; the built-in default decided"
            );
        }
        let known: Vec<_> = programs
            .iter()
            .map(|(slug, _, known)| (*slug, *known))
            .collect();
        let question = record_programs(&load, &known);
        let orders = self.write_down(cap, &programs, &evicted).await;
        self.ask_evictions_shadow(cap, question, &programs, evicted);
        orders
    }

    /// Writes down what was decided. What cannot be written down is not done.
    async fn write_down(
        &self,
        cap: &CapId,
        programs: &[(&Slug, &PlacementId, Activity)],
        evicted: &Evicted,
    ) -> Vec<PlacementId> {
        let named = evicted.sleepers.iter();
        let named: Vec<_> = named
            .filter_map(|(index, reason)| Some((programs.get(*index)?, reason.as_str())))
            .collect();
        let sleepers: Vec<(&Slug, &str)> = named
            .iter()
            .map(|((slug, _, _), reason)| (*slug, *reason))
            .collect();
        let kept = self
            .database
            .record_evictions(&NewEvictions {
                cap,
                policy: evicted.policy.as_ref(),
                fault: evicted.fault.as_deref(),
                sleepers: &sleepers,
            })
            .await;
        if let Err(error) = kept {
            tracing::warn!(%error, %cap, "evictions cannot be written down; nothing is put to sleep");
            return Vec::new();
        }
        for (slug, reason) in &sleepers {
            tracing::info!(%slug, %cap, reason, "its program is put to sleep");
        }
        named.iter().map(|((_, id, _), _)| (*id).clone()).collect()
    }

    /// Asks the policy in the shadow, and records the question if there is something to learn from it. Nobody waits for it.
    fn ask_evictions_shadow(
        &self,
        cap: &CapId,
        question: Option<EvictionQuestion>,
        programs: &[(&Slug, &PlacementId, Activity)],
        evicted: Evicted,
    ) {
        let named = evicted.sleepers.iter();
        let sleepers = named.filter_map(|(index, reason)| {
            Some(Sleeper {
                slug: (*programs.get(*index)?.0).clone(),
                reason: reason.clone(),
            })
        });
        let answer = EvictionAnswer {
            sleepers: sleepers.collect(),
            micros: evicted.micros,
            fault: evicted.fault,
        };
        let told = !answer.sleepers.is_empty() || answer.fault.is_some();
        let is_due = is_due(&self.recorded, cap, RECORD_EVERY);
        let shadow = self
            .evictor
            .get(Seat::Shadow)
            .filter(|_| question.is_some());
        let turn = Arc::clone(&self.shadows).try_acquire_owned();
        let (database, cap) = (self.database.clone(), cap.clone());
        tokio::spawn(async move {
            let asked = match (shadow, turn) {
                (Some(policy), Ok(turn)) => {
                    let (question, answer) = (question.clone(), answer.clone());
                    let asking = tokio::task::spawn_blocking(move || {
                        let _turn = turn;
                        let question = question.as_ref()?;
                        Some(shadow_answer(&policy, question, &answer.sleepers))
                    });
                    asking.await.ok().flatten()
                }
                // There is none, or it is busy.
                _ => None,
            };
            let differs = asked.as_ref().is_some_and(|shadow| shadow.differs);
            let counted = match &asked {
                Some(shadow) => database.tally_eviction_shadow(shadow).await,
                None => Ok(()),
            };
            let kept = if told || differs || is_due {
                let new = NewSleep {
                    cap: &cap,
                    policy: evicted.policy.as_ref(),
                    answer: &answer,
                    shadow: asked.as_ref(),
                    question: question.as_ref(),
                };
                database.record_sleep(&new).await
            } else {
                Ok(())
            };
            if let Err(error) = counted.and(kept) {
                tracing::warn!(%error, %cap, "a question to the eviction policy is not recorded");
            }
        });
    }
}

/// Whether something is to be done about a CAP again, which is then noted as done.
fn is_due(last: &Mutex<BTreeMap<CapId, Instant>>, cap: &CapId, period: Duration) -> bool {
    // What is behind the lock is whole whatever happened to who held it.
    let mut last = match last.lock() {
        Ok(last) => last,
        Err(poisoned) => poisoned.into_inner(),
    };
    let now = Instant::now();
    if last
        .get(cap)
        .is_some_and(|last| now.duration_since(*last) < period)
    {
        return false;
    }
    last.insert(cap.clone(), now);
    true
}

/// The programs that are in the CAP's memory and may be there, by slug.
fn programs<'a>(
    heartbeat: &'a Heartbeat,
    rows: &'a [PlacementRow],
) -> Vec<(&'a Slug, &'a PlacementId, Activity)> {
    let slugs: BTreeMap<&PlacementId, &Slug> =
        rows.iter().map(|row| (&row.id, &row.slug)).collect();
    let mut programs: Vec<_> = heartbeat
        .placements
        .iter()
        .filter_map(|report| Some((*slugs.get(&report.id)?, &report.id, report.activity?)))
        .collect();
    programs.sort_by_key(|(slug, id, _)| (*slug, *id));
    programs
}
