//! Which programs leave a CAP's memory: asked of the eviction policy when the CAP's heartbeat tells what its programs do,
//! answered with the orders. A program that sleeps comes back with the next request, so a wrong choice costs milliseconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fleet_api::{Activity, CapId, Heartbeat, PlacementId, Slug};
use fleet_db::{NewEvictions, PlacementRow};
use fleet_policy::Evicted;
use tokio::time::Instant;

use crate::policies::Policies;

/// Heartbeats come every other second and faster; what is idle is idle for minutes.
const PERIOD: Duration = Duration::from_secs(5);

impl Policies {
    /// The placements of a CAP whose programs are to sleep, now that it has told what they do. `rows` is what it is to have.
    pub async fn evict(&self, heartbeat: &Heartbeat, rows: &[PlacementRow]) -> Vec<PlacementId> {
        let programs = programs(heartbeat, rows);
        if programs.is_empty() || !self.is_due(&heartbeat.cap) {
            return Vec::new();
        }
        let (evictor, load) = (Arc::clone(&self.evictor), heartbeat.load);
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
        self.write_down(&heartbeat.cap, &programs, &evicted).await
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

    fn is_due(&self, cap: &CapId) -> bool {
        // What is behind the lock is whole whatever happened to who held it.
        let mut evicted = match self.evicted.lock() {
            Ok(evicted) => evicted,
            Err(poisoned) => poisoned.into_inner(),
        };
        let now = Instant::now();
        if evicted
            .get(cap)
            .is_some_and(|last| now.duration_since(*last) < PERIOD)
        {
            return false;
        }
        evicted.insert(cap.clone(), now);
        true
    }
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
