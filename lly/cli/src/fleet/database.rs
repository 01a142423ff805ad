//! The fleet's Postgres under supervision: started first, started again when it dies, stopped last.

use std::path::{Path, PathBuf};
use std::time::Duration;

use fleet_db::cluster::{self, Cluster};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::supervisor::{Event, asked_to_stop};
use crate::failure::{Failure, OrFail};

/// The name it has beside the services.
pub const NAME: &str = "postgres";
/// Between two tries to start it again.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// The URL that services reach the cluster of `dir` at.
pub fn url(dir: &Path) -> String {
    cluster::url(dir)
}

/// A cluster that is kept running.
pub struct Supervised {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Supervised {
    /// Starts the cluster in `dir` and waits until it answers; `events` hears what happens.
    pub async fn start(
        dir: PathBuf,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, Failure> {
        let first = cluster::start(&dir).await.or_fail(|| "cannot start the fleet's Postgres").map_err(|failure| {
            failure.hint("install it (Debian: `apt-get install postgresql`); its log is in the fleet's `postgres` folder")
        })?;
        announce(&first, &events);
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(keep_running(dir, first, events, stopped));
        Ok(Self { stop, task })
    }

    /// Shuts the cluster down.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "supervision of postgres failed");
        }
    }
}

fn announce(cluster: &Cluster, events: &mpsc::UnboundedSender<Event>) {
    let _ = events.send(Event::Ready {
        name: NAME.to_owned(),
        pid: cluster.pid(),
    });
}

async fn keep_running(
    dir: PathBuf,
    mut cluster: Cluster,
    events: mpsc::UnboundedSender<Event>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            status = cluster.wait() => {
                let how = status.map_or_else(|error| error.to_string(), |status| format!("ended ({status})"));
                let _ = events.send(Event::Died { name: NAME.to_owned(), how });
            }
            () = asked_to_stop(&mut stopped) => {
                if let Err(error) = cluster.stop().await {
                    tracing::error!(%error, "postgres did not stop");
                }
                return;
            }
        }
        cluster = loop {
            match cluster::start(&dir).await {
                Ok(cluster) => break cluster,
                Err(error) => {
                    let _ = events.send(Event::Died {
                        name: NAME.to_owned(),
                        how: error.to_string(),
                    });
                }
            }
            tokio::select! {
                () = tokio::time::sleep(RESTART_PAUSE) => {}
                () = asked_to_stop(&mut stopped) => return,
            }
        };
        announce(&cluster, &events);
    }
}
