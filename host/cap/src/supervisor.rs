//! Keeps what runs equal to what raptor wants. Takes whole sets of orders, never single commands, so that a lost or
//! doubled answer changes nothing.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use fleet_api::PlacementId;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    placement::{
        Placement, State, Table,
        reconcile::{Running, Step, Wanted, plan},
    },
    raise::Workshop,
};

/// How long stopped work may take to end at shutdown.
const JOIN_TIME_MAX: Duration = Duration::from_secs(2);

/// Owns every placement of this CAP and the task that raises it.
#[derive(Debug)]
pub struct Supervisor {
    workshop: Arc<Workshop>,
    running: BTreeMap<PlacementId, Owned>,
    stopping: JoinSet<()>,
    table: watch::Sender<Arc<Table>>,
    base: Instant,
}

#[derive(Debug)]
struct Owned {
    placement: Arc<Placement>,
    raising: JoinHandle<()>,
}

impl Supervisor {
    /// A CAP on which nothing runs.
    pub fn new(workshop: Arc<Workshop>) -> Self {
        Self {
            workshop,
            running: BTreeMap::new(),
            stopping: JoinSet::new(),
            table: watch::Sender::default(),
            base: Instant::now(),
        }
    }

    /// The placements as requests see them.
    pub fn table(&self) -> watch::Receiver<Arc<Table>> {
        self.table.subscribe()
    }

    /// All placements.
    pub fn placements(&self) -> impl Iterator<Item = &Arc<Placement>> {
        self.running.values().map(|owned| &owned.placement)
    }

    /// One placement.
    pub fn placement(&self, id: &PlacementId) -> Option<&Arc<Placement>> {
        self.running.get(id).map(|owned| &owned.placement)
    }

    /// Makes `wanted` so.
    pub fn reconcile(&mut self, wanted: &[Wanted]) {
        while self.stopping.try_join_next().is_some() {}
        let running: Vec<Running> = self
            .placements()
            .map(|placement| running(placement))
            .collect();
        let steps = plan(wanted, &running);
        if steps.is_empty() {
            return;
        }
        for step in steps {
            match step {
                Step::Stop(id) => self.stop(&id),
                Step::Start(wanted) => self.start(wanted),
                Step::Adopt(id, epoch) => {
                    if let Some(placement) = self.placement(&id) {
                        placement.adopt(epoch);
                    }
                }
            }
        }
        self.table
            .send_replace(Arc::new(Table::new(self.placements().cloned())));
    }

    fn start(&mut self, wanted: Wanted) {
        tracing::info!(placement = %wanted.id, slug = %wanted.slug, bundle = %wanted.bundle, epoch = wanted.epoch, "placement starts");
        let placement = Arc::new(Placement::new(
            wanted.id.clone(),
            wanted.slug,
            wanted.bundle,
            wanted.epoch,
            self.base,
        ));
        let (workshop, raised) = (Arc::clone(&self.workshop), Arc::clone(&placement));
        let raising = tokio::spawn(async move { workshop.raise(&raised).await });
        self.running.insert(wanted.id, Owned { placement, raising });
    }

    /// Requests in flight keep what they need and finish; new ones no longer find it.
    fn stop(&mut self, id: &PlacementId) {
        let Some(Owned { placement, raising }) = self.running.remove(id) else {
            return;
        };
        tracing::info!(placement = %id, slug = %placement.slug, "placement stops");
        raising.abort();
        self.stopping.spawn(async move {
            if let Err(error) = raising.await
                && error.is_panic()
            {
                tracing::error!(placement = %placement.id, %error, "raising a placement panicked");
            }
        });
    }

    /// Stops everything and waits for it.
    pub async fn shut_down(mut self) {
        let ids: Vec<PlacementId> = self.running.keys().cloned().collect();
        for id in ids {
            self.stop(&id);
        }
        let joined = timeout(JOIN_TIME_MAX, async {
            while self.stopping.join_next().await.is_some() {}
        });
        if joined.await.is_err() {
            tracing::warn!("some placements did not stop in time");
        }
    }
}

fn running(placement: &Placement) -> Running {
    Running {
        id: placement.id.clone(),
        epoch: placement.epoch(),
        slug: placement.slug.clone(),
        bundle: placement.bundle,
        has_failed: matches!(placement.state(), State::Failed(_)),
    }
}
