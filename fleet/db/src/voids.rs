//! Voids and their releases, as their owners see them.

use std::time::Duration;

use fleet_api::{AccountName, CapId, PlacementId, Purpose, Slug, Void, VoidStatus};
use lly_brick::Digest;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::{Database, DbError, parsed};

/// What came of asking for a slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is new, and the account's.
    New,
    /// It was the account's already.
    Own,
    /// It is somebody else's, or held for them.
    Taken,
    /// The account has as many voids as it may.
    TooMany,
}

/// Where the log of a void is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSource {
    /// The control server of the CAP that has it.
    pub control_url: String,
}

/// A void with its newest placement; the status is read off its placements. `$1` is the account.
const VOIDS: &str = "
    select v.slug, v.bundle,
           p.id as placement, p.cap, p.status, p.reason,
           extract(epoch from now() - p.live_at)::bigint as uptime,
           exists (select from placement l where l.slug = v.slug and l.status = 'live') as live,
           exists (select from placement l where l.slug = v.slug and l.status = 'pending') as pending
    from void v
    left join lateral (
        select * from placement p where p.slug = v.slug
        order by (p.status = 'live') desc, (p.status = 'pending') desc, p.epoch desc limit 1
    ) p on true
    where v.account = $1";

impl Database {
    /// Asks for a slug on behalf of an account. A slug whose hold has run out is free. The unique key decides races.
    pub async fn claim(
        &self,
        account: &AccountName,
        slug: &Slug,
        bundle: &Digest,
        voids_max: i64,
    ) -> Result<Claim, DbError> {
        let mut transaction = self.pool.begin().await?;
        let owner: Option<String> =
            sqlx::query_scalar("select account from void where slug = $1 for update")
                .bind(slug.as_str())
                .fetch_optional(&mut *transaction)
                .await?;
        if owner.as_deref() == Some(account.as_str()) {
            // A hold that is about to run out must not do so under its owner's hands.
            sqlx::query(
                "update void set held_until = greatest(held_until, now() + interval '1 hour')
                 where slug = $1 and held_until is not null",
            )
            .bind(slug.as_str())
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            return Ok(Claim::Own);
        }
        // Claims of one account come one after the other, or two at once could both be the last that is allowed.
        sqlx::query("select from account where name = $1 for update")
            .bind(account.as_str())
            .execute(&mut *transaction)
            .await?;
        let count: i64 = sqlx::query_scalar("select count(*) from void where account = $1")
            .bind(account.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if count >= voids_max {
            return Ok(Claim::TooMany);
        }
        sqlx::query(
            "delete from void v where slug = $1 and held_until < now()
             and not exists (select from placement p where p.slug = v.slug and p.status <> 'stopped')",
        )
        .bind(slug.as_str())
        .execute(&mut *transaction)
        .await?;
        let inserted = sqlx::query(
            "insert into void (slug, account, bundle) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(slug.as_str())
        .bind(account.as_str())
        .bind(bundle.to_string())
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(if inserted.rows_affected() == 1 {
            Claim::New
        } else {
            Claim::Taken
        })
    }

    /// Gives a slug back whose first deploy came to nothing. A void that ever lived stays.
    pub async fn abandon(&self, slug: &Slug) -> Result<(), DbError> {
        sqlx::query(
            "delete from void v where slug = $1
             and not exists (select from release r where r.slug = v.slug)
             and not exists (select from placement p where p.slug = v.slug and p.status <> 'stopped')",
        )
        .bind(slug.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives back all slugs whose first deploy came to nothing and was left behind, longer ago than `age`.
    pub async fn abandon_left_behind(&self, age: Duration) -> Result<u64, DbError> {
        let gone = sqlx::query(
            "delete from void v where stopped_at is null and created_at < now() - make_interval(secs => $1)
             and not exists (select from release r where r.slug = v.slug)
             and not exists (select from placement p where p.slug = v.slug and p.status <> 'stopped')",
        )
        .bind(age.as_secs_f64())
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }

    /// An account's voids by slug; `app_domain` makes their URLs.
    pub async fn voids(
        &self,
        account: &AccountName,
        app_domain: &str,
    ) -> Result<Vec<Void>, DbError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{VOIDS} order by v.slug")))
            .bind(account.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| void(row, app_domain)).collect()
    }

    /// One void of an account; none if there is none or it is somebody else's.
    pub async fn void(
        &self,
        account: &AccountName,
        slug: &Slug,
        app_domain: &str,
    ) -> Result<Option<Void>, DbError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{VOIDS} and v.slug = $2")))
            .bind(account.as_str())
            .bind(slug.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| void(&row, app_domain)).transpose()
    }

    /// The bundle that was live before the current one.
    pub async fn previous_release(&self, slug: &Slug) -> Result<Option<Digest>, DbError> {
        let bundle: Option<String> = sqlx::query_scalar(
            "select bundle from release where slug = $1 order by id desc offset 1 limit 1",
        )
        .bind(slug.as_str())
        .fetch_optional(&self.pool)
        .await?;
        bundle.map(|bundle| parsed(&bundle, "a digest")).transpose()
    }

    /// Stops a void of an account and holds its slug for `hold`. False if the account has no such void.
    pub async fn kill(
        &self,
        account: &AccountName,
        slug: &Slug,
        hold: Duration,
    ) -> Result<bool, DbError> {
        let mut transaction = self.pool.begin().await?;
        let killed = sqlx::query(
            "update void set stopped_at = now(), held_until = now() + make_interval(secs => $3)
             where slug = $1 and account = $2",
        )
        .bind(slug.as_str())
        .bind(account.as_str())
        .bind(hold.as_secs_f64())
        .execute(&mut *transaction)
        .await?
        .rows_affected()
            == 1;
        if killed {
            sqlx::query("update placement set status = 'stopped', reason = 'killed by its owner' where slug = $1 and status <> 'stopped'")
                .bind(slug.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(killed)
    }

    /// Where the newest log of an account's void is; none if no CAP has it.
    pub async fn log_source(
        &self,
        account: &AccountName,
        slug: &Slug,
    ) -> Result<Option<LogSource>, DbError> {
        let url: Option<String> = sqlx::query_scalar(
            "select c.control_url from void v
             join placement p on p.slug = v.slug and p.status <> 'stopped'
             join cap c on c.id = p.cap
             where v.slug = $1 and v.account = $2
             order by (p.status = 'live') desc, p.epoch desc limit 1",
        )
        .bind(slug.as_str())
        .bind(account.as_str())
        .fetch_optional(&self.pool)
        .await?;
        Ok(url.map(|control_url| LogSource { control_url }))
    }
}

/// Writes down that a bundle is live under a slug. The newest release is the current one; rolling back forgets those
/// after the one that is put back. Doing it twice changes nothing.
pub(crate) async fn release(
    connection: &mut PgConnection,
    slug: &str,
    bundle: &str,
    purpose: &str,
) -> Result<(), DbError> {
    sqlx::query(
        "update void set bundle = $2, stopped_at = null, held_until = null where slug = $1",
    )
    .bind(slug)
    .bind(bundle)
    .execute(&mut *connection)
    .await?;
    if purpose == Purpose::Rollback.as_str() {
        sqlx::query(
            "delete from release where slug = $1
             and id > (select max(id) from release where slug = $1 and bundle = $2)",
        )
        .bind(slug)
        .bind(bundle)
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query(
        "insert into release (slug, bundle) select $1, $2
         where $2 is distinct from (select bundle from release where slug = $1 order by id desc limit 1)",
    )
    .bind(slug)
    .bind(bundle)
    .execute(connection)
    .await?;
    Ok(())
}

fn void(row: &PgRow, app_domain: &str) -> Result<Void, DbError> {
    let slug: Slug = parsed(row.try_get("slug")?, "a slug")?;
    let status = match (row.try_get("live")?, row.try_get("pending")?) {
        (true, _) => VoidStatus::Live,
        (false, true) => VoidStatus::Pending,
        (false, false) => VoidStatus::Stopped,
    };
    let placement: Option<String> = row.try_get("placement")?;
    let cap: Option<String> = row.try_get("cap")?;
    let served = status != VoidStatus::Stopped;
    Ok(Void {
        url: format!("https://{slug}.{app_domain}/"),
        slug,
        status,
        reason: if status == VoidStatus::Live {
            None
        } else {
            row.try_get("reason")?
        },
        bundle: parsed(row.try_get("bundle")?, "a digest")?,
        cap: cap
            .filter(|_| served)
            .map(|cap| parsed::<CapId>(&cap, "a CAP"))
            .transpose()?,
        placement: placement
            .map(|id| parsed::<PlacementId>(&id, "a placement"))
            .transpose()?,
        uptime_seconds: match status {
            VoidStatus::Live => row
                .try_get::<Option<i64>, _>("uptime")?
                .and_then(|uptime| u64::try_from(uptime).ok()),
            VoidStatus::Pending | VoidStatus::Stopped => None,
        },
    })
}
