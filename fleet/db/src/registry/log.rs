//! The transparency log: entries in the order in which they came, and the hashes of all complete subtrees over them.
//!
//! Rule: rows are only ever added, in one transaction each, by whoever holds the head. How two hashes make one is the
//! caller's: nothing of the log's form is known here.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::HashMap;

use crate::{Database, DbError};

/// A sha256.
pub type LogHash = [u8; 32];

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its place, from 0.
    pub position: u64,
    /// What is logged.
    pub body: Vec<u8>,
    /// When it came, in seconds since 1970.
    pub integrated_at: i64,
}

impl Database {
    /// Adds an entry, unless there is one with this leaf; the entry comes back. `combine` makes the hash of a node.
    pub async fn append_log(
        &self,
        leaf: &LogHash,
        body: &[u8],
        integrated_at: i64,
        combine: impl Fn(&LogHash, &LogHash) -> LogHash,
    ) -> Result<LogRow, DbError> {
        let mut transaction = self.pool.begin().await?;
        let size: i64 = sqlx::query_scalar("select size from registry_log_head for update")
            .fetch_one(&mut *transaction)
            .await?;
        let known = sqlx::query("select * from registry_log_entry where leaf = $1")
            .bind(leaf.as_slice())
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(known) = known {
            return entry(&known);
        }
        sqlx::query(
            "insert into registry_log_entry (position, leaf, body, integrated_at) values ($1, $2, $3, $4)",
        )
        .bind(size)
        .bind(leaf.as_slice())
        .bind(body)
        .bind(integrated_at)
        .execute(&mut *transaction)
        .await?;
        let (mut level, mut position, mut hash) = (0i16, size, *leaf);
        loop {
            sqlx::query(
                "insert into registry_log_node (level, position, hash) values ($1, $2, $3)",
            )
            .bind(level)
            .bind(position)
            .bind(hash.as_slice())
            .execute(&mut *transaction)
            .await?;
            if position % 2 == 0 {
                break;
            }
            // The left neighbour is complete, so the parent is now.
            let left: Vec<u8> = sqlx::query_scalar(
                "select hash from registry_log_node where level = $1 and position = $2",
            )
            .bind(level)
            .bind(position - 1)
            .fetch_one(&mut *transaction)
            .await?;
            hash = combine(&hash_of(&left)?, &hash);
            (level, position) = (level + 1, position / 2);
        }
        sqlx::query("update registry_log_head set size = $1")
            .bind(size + 1)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(LogRow {
            position: u64::try_from(size).unwrap_or_default(),
            body: body.to_vec(),
            integrated_at,
        })
    }

    /// How many entries there are.
    pub async fn log_size(&self) -> Result<u64, DbError> {
        let size: i64 = sqlx::query_scalar("select size from registry_log_head")
            .fetch_one(&self.pool)
            .await?;
        Ok(u64::try_from(size).unwrap_or_default())
    }

    /// The entry at a place.
    pub async fn log_entry(&self, position: u64) -> Result<Option<LogRow>, DbError> {
        let row = sqlx::query("select * from registry_log_entry where position = $1")
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| entry(&row)).transpose()
    }

    /// The entry with a leaf.
    pub async fn log_entry_by_leaf(&self, leaf: &LogHash) -> Result<Option<LogRow>, DbError> {
        let row = sqlx::query("select * from registry_log_entry where leaf = $1")
            .bind(leaf.as_slice())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| entry(&row)).transpose()
    }

    /// The hashes of complete subtrees, by level and position; those that are not there are left out.
    pub async fn log_nodes(
        &self,
        nodes: &[(u8, u64)],
    ) -> Result<HashMap<(u8, u64), LogHash>, DbError> {
        let levels: Vec<i16> = nodes.iter().map(|(level, _)| i16::from(*level)).collect();
        let positions: Vec<i64> = nodes
            .iter()
            .map(|(_, position)| i64::try_from(*position).unwrap_or(i64::MAX))
            .collect();
        let rows = sqlx::query(
            "select n.level, n.position, n.hash from registry_log_node n
             join unnest($1::smallint[], $2::bigint[]) as wanted (level, position) using (level, position)",
        )
        .bind(levels)
        .bind(positions)
        .fetch_all(&self.pool)
        .await?;
        let mut found = HashMap::new();
        for row in &rows {
            let (level, position): (i16, i64) = (row.try_get("level")?, row.try_get("position")?);
            let hash: Vec<u8> = row.try_get("hash")?;
            let (Ok(level), Ok(position)) = (u8::try_from(level), u64::try_from(position)) else {
                continue;
            };
            found.insert((level, position), hash_of(&hash)?);
        }
        Ok(found)
    }
}

fn entry(row: &PgRow) -> Result<LogRow, DbError> {
    let position: i64 = row.try_get("position")?;
    Ok(LogRow {
        position: u64::try_from(position).unwrap_or_default(),
        body: row.try_get("body")?,
        integrated_at: row.try_get("integrated_at")?,
    })
}

fn hash_of(bytes: &[u8]) -> Result<LogHash, DbError> {
    LogHash::try_from(bytes).map_err(|_| DbError::Corrupt {
        value: format!("{} bytes", bytes.len()),
        what: "a sha256",
    })
}
