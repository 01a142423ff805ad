//! Accounts and tokens.

use std::time::Duration;

use fleet_api::{AccountName, TokenHash};

use crate::{Database, DbError, parsed};

impl Database {
    /// Makes the account unless it is there, and gives it a token that lasts `ttl`.
    pub async fn add_token(
        &self,
        account: &AccountName,
        hash: TokenHash,
        ttl: Duration,
    ) -> Result<(), DbError> {
        let mut transaction = self.pool.begin().await?;
        sqlx::query("insert into account (name) values ($1) on conflict do nothing")
            .bind(account.as_str())
            .execute(&mut *transaction)
            .await?;
        sqlx::query("insert into token (hash, account, expires_at) values ($1, $2, now() + make_interval(secs => $3))")
            .bind(hash.0.as_slice())
            .bind(account.as_str())
            .bind(ttl.as_secs_f64())
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Whose token this is, while it is good.
    pub async fn account_of(&self, hash: TokenHash) -> Result<Option<AccountName>, DbError> {
        let name: Option<String> =
            sqlx::query_scalar("select account from token where hash = $1 and expires_at > now()")
                .bind(hash.0.as_slice())
                .fetch_optional(&self.pool)
                .await?;
        name.map(|name| parsed(&name, "an account")).transpose()
    }
}
