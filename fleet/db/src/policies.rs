//! Which policy decides, how it does, and what was decided.

use std::collections::BTreeMap;

use fleet_api::{
    PolicyAnswer, PolicyDecision, PolicyIdentity, PolicyQuestion, PolicySlot, PolicyTally, Purpose,
    ShadowAnswer, Slug,
};
use lly_brick::Digest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};

use crate::{Database, DbError, parsed};

/// Decisions that are kept. With a fleet of two thousand CAPs they take some tens of megabytes.
pub const DECISIONS_MAX: i64 = 500;

/// A decision to be kept.
#[derive(Clone, Debug)]
pub struct NewDecision<'a> {
    /// Which void.
    pub slug: &'a Slug,
    /// What it is to run.
    pub bundle: &'a Digest,
    /// What for.
    pub purpose: Purpose,
    /// CAPs that could have taken it.
    pub candidates: usize,
    /// Who was to decide.
    pub policy: Option<&'a PolicyIdentity>,
    /// What came of it.
    pub answer: &'a PolicyAnswer,
    /// What the policy was told, if it is to be kept.
    pub question: Option<&'a PolicyQuestion>,
}

impl Database {
    /// The operator's choice for each slot.
    pub async fn policy_slots(&self) -> Result<BTreeMap<PolicySlot, PolicyIdentity>, DbError> {
        let rows = sqlx::query("select slot, name, version, digest from policy_slot")
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let identity = PolicyIdentity {
                    name: row.try_get("name")?,
                    version: row.try_get("version")?,
                    digest: parsed(row.try_get("digest")?, "a digest")?,
                };
                Ok((slot(row.try_get("slot")?)?, identity))
            })
            .collect()
    }

    /// Puts a policy into a slot, or takes the one that is there out.
    pub async fn set_policy_slot(
        &self,
        slot: PolicySlot,
        policy: Option<&PolicyIdentity>,
    ) -> Result<(), DbError> {
        let Some(policy) = policy else {
            sqlx::query("delete from policy_slot where slot = $1")
                .bind(slot.as_str())
                .execute(&self.pool)
                .await?;
            return Ok(());
        };
        sqlx::query(
            "insert into policy_slot (slot, name, version, digest) values ($1, $2, $3, $4)
             on conflict (slot) do update
             set name = excluded.name, version = excluded.version, digest = excluded.digest",
        )
        .bind(slot.as_str())
        .bind(&policy.name)
        .bind(&policy.version)
        .bind(policy.digest.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How a policy has done in a slot.
    pub async fn policy_tally(
        &self,
        slot: PolicySlot,
        digest: &Digest,
    ) -> Result<PolicyTally, DbError> {
        let row = sqlx::query(
            "select decisions, faults, differences, last_fault from policy_tally where slot = $1 and digest = $2",
        )
        .bind(slot.as_str())
        .bind(digest.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else {
            return Ok(PolicyTally::default());
        };
        let count = |column| -> Result<u64, DbError> {
            Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
        };
        Ok(PolicyTally {
            decisions: count("decisions")?,
            faults: count("faults")?,
            differences: count("differences")?,
            last_fault: row.try_get("last_fault")?,
        })
    }

    /// Keeps a decision, counts it, and forgets the oldest. Its id comes back.
    pub async fn record_decision(&self, new: &NewDecision<'_>) -> Result<i64, DbError> {
        let mut transaction = self.pool.begin().await?;
        let id: i64 = sqlx::query_scalar(
            "insert into policy_decision (slug, bundle, purpose, candidates, policy, answer, question)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
        )
        .bind(new.slug.as_str())
        .bind(new.bundle.to_string())
        .bind(new.purpose.as_str())
        .bind(i32::try_from(new.candidates).unwrap_or(i32::MAX))
        .bind(new.policy.map(json).transpose()?)
        .bind(json(new.answer)?)
        .bind(new.question.map(json).transpose()?)
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query("delete from policy_decision where id <= $1")
            .bind(id - DECISIONS_MAX)
            .execute(&mut *transaction)
            .await?;
        if let Some(policy) = new.policy {
            let slot = PolicySlot::Current;
            let fault = new.answer.fault.as_deref();
            tally(&mut transaction, slot, policy, fault, false).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// Keeps what the policy in the shadow would have done, and counts it.
    pub async fn record_shadow(&self, id: i64, shadow: &ShadowAnswer) -> Result<(), DbError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("update policy_decision set shadow = $2 where id = $1")
            .bind(id)
            .bind(json(shadow)?)
            .execute(&mut *transaction)
            .await?;
        let slot = PolicySlot::Shadow;
        tally(
            &mut transaction,
            slot,
            &shadow.policy,
            shadow.answer.fault.as_deref(),
            shadow.differs,
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The newest decisions, newest first; with what the policy was told, if `with_questions`.
    pub async fn policy_decisions(
        &self,
        count: u32,
        with_questions: bool,
    ) -> Result<Vec<PolicyDecision>, DbError> {
        let rows = sqlx::query(
            "select id, (extract(epoch from now() - decided_at))::bigint as age_seconds, slug, bundle, purpose,
                    candidates, policy, answer, shadow, case when $2 then question end as question
             from policy_decision order by id desc limit $1",
        )
        .bind(i64::from(count))
        .bind(with_questions)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(decision).collect()
    }
}

/// Everybody counts in this one row, one after the other.
pub(crate) async fn tally(
    connection: &mut PgConnection,
    slot: PolicySlot,
    policy: &PolicyIdentity,
    fault: Option<&str>,
    differs: bool,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into policy_tally as t (slot, digest, decisions, faults, differences, last_fault)
         values ($1, $2, 1, $3, $4, $5)
         on conflict (slot, digest) do update
         set decisions = t.decisions + 1, faults = t.faults + excluded.faults,
             differences = t.differences + excluded.differences,
             last_fault = coalesce(excluded.last_fault, t.last_fault)",
    )
    .bind(slot.as_str())
    .bind(policy.digest.to_string())
    .bind(i64::from(fault.is_some()))
    .bind(i64::from(differs))
    .bind(fault)
    .execute(connection)
    .await?;
    Ok(())
}

fn decision(row: &PgRow) -> Result<PolicyDecision, DbError> {
    let answer: Option<PolicyAnswer> = document(row, "answer")?;
    Ok(PolicyDecision {
        id: u64::try_from(row.try_get::<i64, _>("id")?).unwrap_or(0),
        age_seconds: u64::try_from(row.try_get::<i64, _>("age_seconds")?).unwrap_or(0),
        slug: parsed(row.try_get("slug")?, "a slug")?,
        bundle: parsed(row.try_get("bundle")?, "a digest")?,
        purpose: purpose(row.try_get("purpose")?)?,
        candidates: u32::try_from(row.try_get::<i32, _>("candidates")?).unwrap_or(0),
        policy: document(row, "policy")?,
        answer: answer.ok_or(DbError::Corrupt {
            value: "null".to_owned(),
            what: "a decision",
        })?,
        shadow: document(row, "shadow")?,
        question: document(row, "question")?,
    })
}

fn slot(text: &str) -> Result<PolicySlot, DbError> {
    let found = PolicySlot::ALL
        .into_iter()
        .find(|slot| slot.as_str() == text);
    found.ok_or_else(|| DbError::Corrupt {
        value: text.to_owned(),
        what: "a slot of policies",
    })
}

fn purpose(text: &str) -> Result<Purpose, DbError> {
    let all = [Purpose::Deploy, Purpose::Rollback, Purpose::Move];
    let found = all.into_iter().find(|purpose| purpose.as_str() == text);
    found.ok_or_else(|| DbError::Corrupt {
        value: text.to_owned(),
        what: "a purpose",
    })
}

pub(crate) fn json(document: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(document).map_err(|error| DbError::Corrupt {
        value: error.to_string(),
        what: "a document",
    })
}

pub(crate) fn document<T: DeserializeOwned>(
    row: &PgRow,
    column: &str,
) -> Result<Option<T>, DbError> {
    let Some(text) = row.try_get::<Option<String>, _>(column)? else {
        return Ok(None);
    };
    let read = serde_json::from_str(&text).map_err(|_| DbError::Corrupt {
        value: text,
        what: "a document about policies",
    });
    read.map(Some)
}
