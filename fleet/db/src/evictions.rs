//! Which programs were put to sleep, by whom, and what was asked.

use fleet_api::{
    CapId, EvictionAnswer, EvictionDecision, EvictionQuestion, EvictionShadow, PolicyEviction,
    PolicyIdentity, PolicySlot, Slug,
};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::policies::{DECISIONS_MAX, document, json, tally};
use crate::{Database, DbError, parsed};

/// What came of a question to the eviction policy about one CAP.
#[derive(Clone, Debug)]
pub struct NewEvictions<'a> {
    /// Which CAP.
    pub cap: &'a CapId,
    /// Who was to decide.
    pub policy: Option<&'a PolicyIdentity>,
    /// What the policy did wrong.
    pub fault: Option<&'a str>,
    /// Whose programs are to sleep, and why.
    pub sleepers: &'a [(&'a Slug, &'a str)],
}

/// A question to the eviction policy that is to be recorded.
#[derive(Clone, Debug)]
pub struct NewSleep<'a> {
    /// About which CAP.
    pub cap: &'a CapId,
    /// Who was to decide.
    pub policy: Option<&'a PolicyIdentity>,
    /// What came of it.
    pub answer: &'a EvictionAnswer,
    /// What the policy in the shadow would have done.
    pub shadow: Option<&'a EvictionShadow>,
    /// What the policy was told, if it is to be kept.
    pub question: Option<&'a EvictionQuestion>,
}

impl Database {
    /// Keeps who was put to sleep, counts the question, and forgets the oldest.
    pub async fn record_evictions(&self, new: &NewEvictions<'_>) -> Result<(), DbError> {
        let mut transaction = self.pool.begin().await?;
        let policy = new.policy.map(json).transpose()?;
        for (slug, reason) in new.sleepers {
            sqlx::query(
                "insert into policy_eviction (cap, slug, policy, reason, fault) values ($1, $2, $3, $4, $5)",
            )
            .bind(new.cap.as_str())
            .bind(slug.as_str())
            .bind(&policy)
            .bind(reason)
            .bind(new.fault)
            .execute(&mut *transaction)
            .await?;
        }
        if !new.sleepers.is_empty() {
            sqlx::query("delete from policy_eviction where id <= (select max(id) from policy_eviction) - $1")
                .bind(DECISIONS_MAX)
                .execute(&mut *transaction)
                .await?;
        }
        if let Some(policy) = new.policy {
            let slot = PolicySlot::Eviction;
            tally(&mut transaction, slot, policy, new.fault, false).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Who was last put to sleep, newest first.
    pub async fn policy_evictions(&self, count: u32) -> Result<Vec<PolicyEviction>, DbError> {
        let rows = sqlx::query(
            "select (extract(epoch from now() - decided_at))::bigint as age_seconds, cap, slug, policy, reason, fault
             from policy_eviction order by id desc limit $1",
        )
        .bind(i64::from(count))
        .fetch_all(&self.pool)
        .await?;
        let eviction = |row: &PgRow| {
            Ok(PolicyEviction {
                age_seconds: u64::try_from(row.try_get::<i64, _>("age_seconds")?).unwrap_or(0),
                cap: parsed(row.try_get("cap")?, "a CAP")?,
                slug: parsed(row.try_get("slug")?, "a slug")?,
                policy: document(row, "policy")?,
                reason: row.try_get("reason")?,
                fault: row.try_get("fault")?,
            })
        };
        rows.iter().map(eviction).collect()
    }

    /// Counts an answer of the policy in the shadow.
    pub async fn tally_eviction_shadow(&self, shadow: &EvictionShadow) -> Result<(), DbError> {
        let mut connection = self.pool.acquire().await?;
        let (slot, fault) = (PolicySlot::EvictionShadow, shadow.answer.fault.as_deref());
        tally(&mut connection, slot, &shadow.policy, fault, shadow.differs).await
    }

    /// Records a question to the eviction policy, and forgets the oldest.
    pub async fn record_sleep(&self, new: &NewSleep<'_>) -> Result<(), DbError> {
        let mut transaction = self.pool.begin().await?;
        let id: i64 = sqlx::query_scalar(
            "insert into policy_sleep (cap, policy, answer, shadow, question) values ($1, $2, $3, $4, $5) returning id",
        )
        .bind(new.cap.as_str())
        .bind(new.policy.map(json).transpose()?)
        .bind(json(new.answer)?)
        .bind(new.shadow.map(json).transpose()?)
        .bind(new.question.map(json).transpose()?)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query("delete from policy_sleep where id <= $1")
            .bind(id - DECISIONS_MAX)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The newest questions that were recorded, newest first, with what the policy was told.
    pub async fn policy_sleeps(&self, count: u32) -> Result<Vec<EvictionDecision>, DbError> {
        let rows = sqlx::query(
            "select id, (extract(epoch from now() - decided_at))::bigint as age_seconds, cap, policy, answer, shadow, question
             from policy_sleep order by id desc limit $1",
        )
        .bind(i64::from(count))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(sleep).collect()
    }
}

fn sleep(row: &PgRow) -> Result<EvictionDecision, DbError> {
    let answer: Option<EvictionAnswer> = document(row, "answer")?;
    Ok(EvictionDecision {
        id: u64::try_from(row.try_get::<i64, _>("id")?).unwrap_or(0),
        age_seconds: u64::try_from(row.try_get::<i64, _>("age_seconds")?).unwrap_or(0),
        cap: parsed(row.try_get("cap")?, "a CAP")?,
        policy: document(row, "policy")?,
        answer: answer.ok_or(DbError::Corrupt {
            value: "null".to_owned(),
            what: "an eviction",
        })?,
        shadow: document(row, "shadow")?,
        question: document(row, "question")?,
    })
}
