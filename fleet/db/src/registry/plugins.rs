//! The indexes of plugins, as canonical bytes: what is in them is the registry's business.

use fleet_api::AccountName;
use sqlx::Row as _;

use crate::{Database, DbError};

/// The new state of a plugin's index.
#[derive(Clone, Debug)]
pub struct PluginRow {
    /// The canonical index.
    pub index: Vec<u8>,
    /// What a search shows, JSON.
    pub summary: String,
}

impl Database {
    /// Whether a repository is an account's. One that nobody owns and that holds nothing becomes the account's.
    pub async fn own_repository(
        &self,
        repository: &str,
        account: &AccountName,
    ) -> Result<bool, DbError> {
        sqlx::query(
            "insert into registry_owner (repository, account) select $1, $2
             where not exists (select from registry_manifest where repository = $1)
             on conflict do nothing",
        )
        .bind(repository)
        .bind(account.as_str())
        .execute(&self.pool)
        .await?;
        Ok(sqlx::query_scalar(
            "select exists (select from registry_owner where repository = $1 and account = $2)",
        )
        .bind(repository)
        .bind(account.as_str())
        .fetch_one(&self.pool)
        .await?)
    }

    /// Changes the index of a plugin: `change` is given what there is and says what shall be, or nothing to leave it.
    /// Two changes of one plugin at once are made one after the other. The outcome of `change` comes back.
    pub async fn change_plugin<T>(
        &self,
        name: &str,
        change: impl FnOnce(Option<&[u8]>) -> (Option<PluginRow>, T),
    ) -> Result<T, DbError> {
        let mut transaction = self.pool.begin().await?;
        // There may be no row to hold yet, so the name is held.
        sqlx::query("select pg_advisory_xact_lock(hashtextextended('registry_plugin/' || $1, 0))")
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        let old: Option<Vec<u8>> =
            sqlx::query_scalar("select index_json from registry_plugin where name = $1")
                .bind(name)
                .fetch_optional(&mut *transaction)
                .await?;
        let (new, outcome) = change(old.as_deref());
        if let Some(new) = new {
            sqlx::query(
                "insert into registry_plugin (name, index_json, summary) values ($1, $2, $3)
                 on conflict (name) do update set index_json = excluded.index_json, summary = excluded.summary",
            )
            .bind(name)
            .bind(&new.index)
            .bind(&new.summary)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(outcome)
    }

    /// The canonical index of a plugin.
    pub async fn plugin_index(&self, name: &str) -> Result<Option<Vec<u8>>, DbError> {
        Ok(
            sqlx::query_scalar("select index_json from registry_plugin where name = $1")
                .bind(name)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// The summaries of at most `count` plugins whose summary has `text` in it, whatever the case, by name.
    pub async fn plugin_summaries(&self, text: &str, count: u32) -> Result<Vec<String>, DbError> {
        let rows = sqlx::query(
            "select summary from registry_plugin where position(lower($1) in lower(summary)) > 0
             order by name collate \"C\" limit $2",
        )
        .bind(text)
        .bind(i64::from(count))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| Ok(row.try_get("summary")?)).collect()
    }
}
