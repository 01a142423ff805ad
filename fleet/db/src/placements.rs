//! CAPs and placements, as raptor sees them.

use std::time::Duration;

use fleet_api::{CapId, CapStatus, Heartbeat, PlacementId, PlacementState, Purpose, Route, Slug};
use fleet_place::{Cap, Fallen, Placement, Status};
use lly_brick::Digest;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::{Database, DbError, parsed};

/// A placement to be written.
#[derive(Clone, Debug)]
pub struct NewPlacement<'a> {
    /// Its id.
    pub id: &'a PlacementId,
    /// Which void.
    pub slug: &'a Slug,
    /// What it is to run.
    pub bundle: &'a Digest,
    /// Where.
    pub cap: &'a CapId,
    /// Who chose, such as `spread 0.1.0`.
    pub policy: &'a str,
    /// Why.
    pub decision: &'a str,
    /// What it is for.
    pub purpose: Purpose,
    /// What must still be so when it is written.
    pub follows: Follows,
}

/// What a new placement assumes about those before it. Two raptors that plan the same, or an owner who kills a void
/// meanwhile, make the assumption wrong; then nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Nothing: the void's owner wants it, whatever there is.
    Anything,
    /// The void's newest placement that is not stopped has this epoch.
    Epoch(u64),
    /// The void has no placement that is not stopped, and its owner has not killed it.
    Nothing,
}

/// A placement as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementRow {
    /// Its id.
    pub id: PlacementId,
    /// Of a void's placements, the highest that is live serves.
    pub epoch: u64,
    /// Which void.
    pub slug: Slug,
    /// What it runs.
    pub bundle: Digest,
    /// Where.
    pub cap: CapId,
    /// How far it is.
    pub status: Status,
    /// Why it stopped.
    pub reason: Option<String>,
    /// The guest's own words, if it trapped.
    pub trap: Option<String>,
}

const PLACEMENTS: &str = "select id, epoch, slug, bundle, cap, status, reason, trap from placement";

impl Database {
    /// Takes a heartbeat down and answers with every placement that the CAP is to have. A placement that became live
    /// stops the void's earlier ones; one that failed is stopped with its reason.
    pub async fn heartbeat(&self, heartbeat: &Heartbeat) -> Result<Vec<PlacementRow>, DbError> {
        let mut transaction = self.pool.begin().await?;
        see(&mut transaction, heartbeat).await?;
        for report in &heartbeat.placements {
            match &report.state {
                PlacementState::Pending => {}
                PlacementState::Live => {
                    became_live(&mut transaction, &heartbeat.cap, &report.id).await?
                }
                PlacementState::Failed { reason, trap } => {
                    sqlx::query(
                        "update placement set status = 'stopped', reason = $3, trap = $4
                         where id = $1 and cap = $2 and status <> 'stopped'",
                    )
                    .bind(report.id.as_str())
                    .bind(heartbeat.cap.as_str())
                    .bind(reason)
                    .bind(trap)
                    .execute(&mut *transaction)
                    .await?;
                }
            }
        }
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{PLACEMENTS} where cap = $1 and status <> 'stopped' order by id"
        )))
        .bind(heartbeat.cap.as_str())
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        rows.iter().map(placement_row).collect()
    }

    /// Writes a placement with the void's next epoch. False if what it follows is not so any more, or the void is gone.
    pub async fn place(&self, new: &NewPlacement<'_>) -> Result<bool, DbError> {
        let mut transaction = self.pool.begin().await?;
        // Placements of one void are written one after the other.
        let void = sqlx::query(
            "select stopped_at is not null as killed from void where slug = $1 for update",
        )
        .bind(new.slug.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(void) = void else { return Ok(false) };
        let newest: Option<i64> = sqlx::query_scalar(
            "select max(epoch) from placement where slug = $1 and status <> 'stopped'",
        )
        .bind(new.slug.as_str())
        .fetch_one(&mut *transaction)
        .await?;
        let holds = match new.follows {
            Follows::Anything => true,
            Follows::Epoch(epoch) => {
                newest.and_then(|newest| u64::try_from(newest).ok()) == Some(epoch)
            }
            Follows::Nothing => newest.is_none() && !void.try_get::<bool, _>("killed")?,
        };
        if !holds {
            return Ok(false);
        }
        sqlx::query(
            "insert into placement (id, slug, bundle, cap, epoch, status, policy, decision, purpose)
             values ($1, $2, $3, $4, (select coalesce(max(epoch), 0) + 1 from placement where slug = $2), 'pending', $5, $6, $7)",
        )
        .bind(new.id.as_str())
        .bind(new.slug.as_str())
        .bind(new.bundle.to_string())
        .bind(new.cap.as_str())
        .bind(new.policy)
        .bind(new.decision)
        .bind(new.purpose.as_str())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A placement by its id.
    pub async fn placement(&self, id: &PlacementId) -> Result<Option<PlacementRow>, DbError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{PLACEMENTS} where id = $1")))
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| placement_row(&row)).transpose()
    }

    /// Stops a placement.
    pub async fn stop(&self, id: &PlacementId, reason: &str) -> Result<(), DbError> {
        sqlx::query("update placement set status = 'stopped', reason = $2 where id = $1 and status <> 'stopped'")
            .bind(id.as_str())
            .bind(reason)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Control servers of the CAPs that have, or just had, a placement of this void and are not long silent.
    pub async fn holders(&self, slug: &Slug) -> Result<Vec<String>, DbError> {
        Ok(sqlx::query_scalar(
            "select distinct c.control_url from placement p join cap c on c.id = p.cap
             where p.slug = $1 and c.seen_at > now() - interval '1 minute'",
        )
        .bind(slug.as_str())
        .fetch_all(&self.pool)
        .await?)
    }

    /// Which CAP serves a slug.
    pub async fn route(&self, slug: &Slug) -> Result<Option<Route>, DbError> {
        let row = sqlx::query(
            "select c.id, c.control_url from placement p join cap c on c.id = p.cap
             where p.slug = $1 and p.status <> 'stopped' order by (p.status = 'live') desc, p.epoch desc limit 1",
        )
        .bind(slug.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Route {
                cap: parsed(row.try_get("id")?, "a CAP")?,
                peer_url: row.try_get("control_url")?,
            })
        })
        .transpose()
    }

    /// Every CAP and every placement that is not stopped: what the planner looks at.
    pub async fn seen(&self) -> Result<(Vec<Cap>, Vec<Placement>), DbError> {
        let caps = sqlx::query(
            "select c.*, (extract(epoch from now() - c.seen_at) * 1000)::bigint as silent_ms,
                    (select count(*) from placement p where p.cap = c.id and p.status <> 'stopped') as placements
             from cap c order by c.id collate \"C\"",
        )
        .fetch_all(&self.pool)
        .await?;
        let placements = sqlx::query(
            "select id, slug, cap, epoch, status, bundle, (extract(epoch from now() - created_at) * 1000)::bigint as age_ms
             from placement where status <> 'stopped' order by slug, epoch",
        )
        .fetch_all(&self.pool)
        .await?;
        let caps = caps.iter().map(cap).collect::<Result<_, _>>()?;
        let placements = placements.iter().map(planned).collect::<Result<_, _>>()?;
        Ok((caps, placements))
    }

    /// Voids that should run and have no placement: it crashed when its CAP started anew.
    pub async fn fallen(&self) -> Result<Vec<Fallen>, DbError> {
        let rows = sqlx::query(
            "select v.slug, v.bundle,
                    count(*) filter (where p.created_at > now() - interval '1 hour') as tries,
                    (extract(epoch from now() - max(p.created_at)) * 1000)::bigint as since_ms
             from void v join placement p on p.slug = v.slug
             where v.stopped_at is null and exists (select from release r where r.slug = v.slug)
             group by v.slug, v.bundle
             having bool_and(p.status = 'stopped')",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Fallen {
                    slug: parsed(row.try_get("slug")?, "a slug")?,
                    bundle: parsed(row.try_get("bundle")?, "a digest")?,
                    tries: u32::try_from(row.try_get::<i64, _>("tries")?).unwrap_or(u32::MAX),
                    since: Duration::from_millis(unsigned(row, "since_ms")?),
                })
            })
            .collect()
    }

    /// The CAPs as operators see them.
    pub async fn caps(&self) -> Result<Vec<CapStatus>, DbError> {
        let (caps, _) = self.seen().await?;
        Ok(caps
            .into_iter()
            .map(|cap| CapStatus {
                cap: cap.id,
                edge_url: cap.edge_url,
                region: cap.region,
                placements: cap.placements,
                silent_ms: u64::try_from(cap.silent.as_millis()).unwrap_or(u64::MAX),
                draining: cap.draining,
            })
            .collect())
    }

    /// Has a CAP drained (its voids leave, nothing new comes) or taken back into service. False if there is no such CAP.
    pub async fn set_draining(&self, cap: &CapId, draining: bool) -> Result<bool, DbError> {
        let changed = sqlx::query("update cap set draining = $2 where id = $1")
            .bind(cap.as_str())
            .bind(draining)
            .execute(&self.pool)
            .await?;
        Ok(changed.rows_affected() == 1)
    }
}

async fn see(connection: &mut PgConnection, heartbeat: &Heartbeat) -> Result<(), DbError> {
    let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    sqlx::query(
        "insert into cap (id, control_url, edge_url, region, memory_used_bytes, memory_total_bytes, cpu_permille, seen_at)
         values ($1, $2, $3, $4, $5, $6, $7, now())
         on conflict (id) do update set control_url = excluded.control_url, edge_url = excluded.edge_url,
            region = excluded.region, memory_used_bytes = excluded.memory_used_bytes,
            memory_total_bytes = excluded.memory_total_bytes, cpu_permille = excluded.cpu_permille, seen_at = now()",
    )
    .bind(heartbeat.cap.as_str())
    .bind(&heartbeat.control_url)
    .bind(&heartbeat.edge_url)
    .bind(&heartbeat.region)
    .bind(signed(heartbeat.load.memory_used_bytes))
    .bind(signed(heartbeat.load.memory_total_bytes))
    .bind(i32::try_from(heartbeat.load.cpu_permille).unwrap_or(i32::MAX))
    .execute(connection)
    .await?;
    Ok(())
}

async fn became_live(
    connection: &mut PgConnection,
    cap: &CapId,
    id: &PlacementId,
) -> Result<(), DbError> {
    let pending: Option<String> = sqlx::query_scalar(
        "select slug from placement where id = $1 and cap = $2 and status = 'pending'",
    )
    .bind(id.as_str())
    .bind(cap.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(slug) = pending else { return Ok(()) };
    // The void first, then its placements: everybody locks in this order.
    sqlx::query("select from void where slug = $1 for update")
        .bind(&slug)
        .execute(&mut *connection)
        .await?;
    let row = sqlx::query(
        "update placement set status = 'live', live_at = now() where id = $1 and status = 'pending'
         returning epoch, bundle, purpose",
    )
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(()) };
    sqlx::query(
        "update placement set status = 'stopped', reason = 'replaced' where slug = $1 and epoch < $2 and status <> 'stopped'",
    )
    .bind(&slug)
    .bind(row.try_get::<i64, _>("epoch")?)
    .execute(&mut *connection)
    .await?;
    crate::voids::release(
        connection,
        &slug,
        row.try_get("bundle")?,
        row.try_get("purpose")?,
    )
    .await
}

fn status(text: &str) -> Result<Status, DbError> {
    match text {
        "pending" => Ok(Status::Pending),
        "live" => Ok(Status::Live),
        "stopped" => Ok(Status::Stopped),
        other => Err(DbError::Corrupt {
            value: other.to_owned(),
            what: "a placement's status",
        }),
    }
}

fn unsigned(row: &PgRow, column: &str) -> Result<u64, DbError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

fn placement_row(row: &PgRow) -> Result<PlacementRow, DbError> {
    Ok(PlacementRow {
        id: parsed(row.try_get("id")?, "a placement")?,
        epoch: unsigned(row, "epoch")?,
        slug: parsed(row.try_get("slug")?, "a slug")?,
        bundle: parsed(row.try_get("bundle")?, "a digest")?,
        cap: parsed(row.try_get("cap")?, "a CAP")?,
        status: status(row.try_get("status")?)?,
        reason: row.try_get("reason")?,
        trap: row.try_get("trap")?,
    })
}

fn planned(row: &PgRow) -> Result<Placement, DbError> {
    Ok(Placement {
        id: parsed(row.try_get("id")?, "a placement")?,
        slug: parsed(row.try_get("slug")?, "a slug")?,
        bundle: parsed(row.try_get("bundle")?, "a digest")?,
        cap: parsed(row.try_get("cap")?, "a CAP")?,
        epoch: unsigned(row, "epoch")?,
        status: status(row.try_get("status")?)?,
        age: Duration::from_millis(unsigned(row, "age_ms")?),
    })
}

fn cap(row: &PgRow) -> Result<Cap, DbError> {
    Ok(Cap {
        id: parsed(row.try_get("id")?, "a CAP")?,
        control_url: row.try_get("control_url")?,
        edge_url: row.try_get("edge_url")?,
        region: row.try_get("region")?,
        placements: u32::try_from(row.try_get::<i64, _>("placements")?).unwrap_or(u32::MAX),
        memory_used_bytes: unsigned(row, "memory_used_bytes")?,
        memory_total_bytes: unsigned(row, "memory_total_bytes")?,
        cpu_permille: u32::try_from(row.try_get::<i32, _>("cpu_permille")?).unwrap_or(0),
        draining: row.try_get("draining")?,
        silent: Duration::from_millis(unsigned(row, "silent_ms")?),
    })
}
