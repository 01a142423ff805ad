//! The only SQL of the fleet: questions and answers about accounts, voids, placements and CAPs, in Postgres.
//!
//! It decides nothing and speaks no HTTP. Each function is one transaction. A database that is away is an error like
//! any other ([`DbError::is_unavailable`]): services say so and go on. [`cluster`] starts a private Postgres for a fleet
//! on one machine. Read [`Database`] first; tests in `tests/` run against a cluster of their own.

mod accounts;
pub mod cluster;
mod evictions;
mod placements;
mod policies;
mod registry;
mod voids;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

pub use evictions::{NewEvictions, NewSleep};
pub use placements::{Follows, NewPlacement, PlacementRow};
pub use policies::{DECISIONS_MAX, NewDecision};
pub use registry::{LogHash, LogRow, ManifestRow, PluginRow, Put, TagRule};
pub use voids::{Claim, LogSource};

/// Connections of one service: its requests are short.
const CONNECTIONS_MAX: u32 = 16;
/// A request waits this long for a connection before it says that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a starting service waits for the database to come up.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Between two tries.
const START_PAUSE: Duration = Duration::from_millis(200);

/// The fleet's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
}

/// Why the database did not answer.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The URL is not one.
    #[error("the database URL cannot be read")]
    Url(#[source] sqlx::Error),
    /// The query failed, or nobody is there to answer it.
    #[error("the database failed")]
    Query(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("cannot migrate the database")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A value in the database is not what it must be.
    #[error("the database holds `{value}` where {what} should be")]
    Corrupt {
        /// The value.
        value: String,
        /// What should be there.
        what: &'static str,
    },
}

impl DbError {
    /// Whether a later try may succeed: the database is away, restarting or overloaded.
    pub fn is_unavailable(&self) -> bool {
        match self {
            DbError::Query(error) => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Protocol(_)
                | sqlx::Error::WorkerCrashed => true,
                // Class 57: shutting down, crashed, or cannot connect now. Class 53: out of resources.
                sqlx::Error::Database(error) => error
                    .code()
                    .is_some_and(|code| code.starts_with("57") || code.starts_with("53")),
                _ => false,
            },
            DbError::Url(_) | DbError::Migrate(_) | DbError::Corrupt { .. } => false,
        }
    }
}

impl Database {
    /// Connects and brings the schema up to date, waiting for a database that is still starting.
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.parse().map_err(DbError::Url)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        let began = tokio::time::Instant::now();
        loop {
            // Services migrate at the same time: sqlx takes an advisory lock.
            match sqlx::migrate!().run(&pool).await {
                Ok(()) => return Ok(Self { pool }),
                Err(error) if began.elapsed() > START_TIMEOUT => return Err(error.into()),
                Err(error) => tracing::info!(%error, "waiting for the database"),
            }
            tokio::time::sleep(START_PAUSE).await;
        }
    }
}

/// Reads a value that only LILY writes.
fn parsed<T: std::str::FromStr>(value: &str, what: &'static str) -> Result<T, DbError> {
    value.parse().map_err(|_| DbError::Corrupt {
        value: value.to_owned(),
        what,
    })
}
