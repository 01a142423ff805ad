//! What RC keeps: tokens for pushing, and the blobs, manifests and tags of each repository.

mod log;
mod plugins;

pub use log::{LogHash, LogRow};
pub use plugins::PluginRow;

use fleet_api::TokenHash;
use lly_brick::Digest;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::{Database, DbError, parsed};

/// A manifest as it was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// sha256 of `body`.
    pub digest: Digest,
    /// The `Content-Type` it came with and leaves with.
    pub media_type: String,
    /// What kind of artifact it says it is; for an image without one, its config's media type.
    pub artifact_type: Option<String>,
    /// The manifest it is about.
    pub subject: Option<Digest>,
    /// Its annotations, a JSON object.
    pub annotations: Option<String>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// What a tag may do when it is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagRule {
    /// It moves to the new manifest.
    Moves,
    /// It stays: a published version is never another one.
    Stays,
}

/// What came of putting a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there (and may have been before).
    Kept,
    /// The tag belongs to another manifest for good; nothing was changed.
    TagTaken,
}

impl Database {
    /// Keeps a token for pushing. False if there is one of this name.
    pub async fn add_registry_token(
        &self,
        name: &str,
        hash: TokenHash,
        scope: &str,
    ) -> Result<bool, DbError> {
        let added = sqlx::query(
            "insert into registry_token (hash, name, scope) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(hash.0.as_slice())
        .bind(name)
        .bind(scope)
        .execute(&self.pool)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    /// Forgets a token by its name. False if there is none.
    pub async fn remove_registry_token(&self, name: &str) -> Result<bool, DbError> {
        let removed = sqlx::query("delete from registry_token where name = $1")
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    /// The scope of a token; none if nobody gave it out.
    pub async fn registry_scope(&self, hash: TokenHash) -> Result<Option<String>, DbError> {
        Ok(
            sqlx::query_scalar("select scope from registry_token where hash = $1")
                .bind(hash.0.as_slice())
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Lets a blob be pulled through a repository.
    pub async fn link_blob(
        &self,
        repository: &str,
        digest: &Digest,
        size_bytes: u64,
    ) -> Result<(), DbError> {
        sqlx::query(
            "insert into registry_blob (repository, digest, size_bytes) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(repository)
        .bind(digest.to_string())
        .bind(i64::try_from(size_bytes).unwrap_or(i64::MAX))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The size in bytes of a repository's blob; none if the repository has no such blob.
    pub async fn linked_blob(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<u64>, DbError> {
        let size: Option<i64> = sqlx::query_scalar(
            "select size_bytes from registry_blob where repository = $1 and digest = $2",
        )
        .bind(repository)
        .bind(digest.to_string())
        .fetch_optional(&self.pool)
        .await?;
        Ok(size.and_then(|size| u64::try_from(size).ok()))
    }

    /// Takes a blob out of a repository. False if it was not in it.
    pub async fn unlink_blob(&self, repository: &str, digest: &Digest) -> Result<bool, DbError> {
        let gone = sqlx::query("delete from registry_blob where repository = $1 and digest = $2")
            .bind(repository)
            .bind(digest.to_string())
            .execute(&self.pool)
            .await?;
        Ok(gone.rows_affected() == 1)
    }

    /// Keeps a manifest, and a tag for it if one is given, in one transaction.
    pub async fn put_manifest(
        &self,
        repository: &str,
        manifest: &ManifestRow,
        tag: Option<(&str, TagRule)>,
    ) -> Result<Put, DbError> {
        let digest = manifest.digest.to_string();
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "insert into registry_manifest (repository, digest, media_type, artifact_type, subject, annotations, body)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        )
        .bind(repository)
        .bind(&digest)
        .bind(&manifest.media_type)
        .bind(&manifest.artifact_type)
        .bind(manifest.subject.as_ref().map(Digest::to_string))
        .bind(&manifest.annotations)
        .bind(&manifest.body)
        .execute(&mut *transaction)
        .await?;
        if let Some((tag, rule)) = tag {
            // Of two that push one version at once, the second waits here for the first and then finds its digest.
            let kept: String = sqlx::query_scalar(
                "insert into registry_tag (repository, tag, digest) values ($1, $2, $3)
                 on conflict (repository, tag) do update
                 set digest = case when $4 then excluded.digest else registry_tag.digest end
                 returning digest",
            )
            .bind(repository)
            .bind(tag)
            .bind(&digest)
            .bind(rule == TagRule::Moves)
            .fetch_one(&mut *transaction)
            .await?;
            if kept != digest {
                transaction.rollback().await?;
                return Ok(Put::TagTaken);
            }
        }
        transaction.commit().await?;
        Ok(Put::Kept)
    }

    /// The manifest of a digest.
    pub async fn manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<ManifestRow>, DbError> {
        let row =
            sqlx::query("select * from registry_manifest where repository = $1 and digest = $2")
                .bind(repository)
                .bind(digest.to_string())
                .fetch_optional(&self.pool)
                .await?;
        row.map(|row| manifest(&row)).transpose()
    }

    /// The manifest that a tag stands for.
    pub async fn tagged_manifest(
        &self,
        repository: &str,
        tag: &str,
    ) -> Result<Option<ManifestRow>, DbError> {
        let row = sqlx::query(
            "select m.* from registry_tag t join registry_manifest m using (repository, digest)
             where t.repository = $1 and t.tag = $2",
        )
        .bind(repository)
        .bind(tag)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| manifest(&row)).transpose()
    }

    /// Removes a manifest and its tags. False if there is none.
    pub async fn delete_manifest(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, DbError> {
        let gone =
            sqlx::query("delete from registry_manifest where repository = $1 and digest = $2")
                .bind(repository)
                .bind(digest.to_string())
                .execute(&self.pool)
                .await?;
        Ok(gone.rows_affected() == 1)
    }

    /// Removes a tag. False if there is none.
    pub async fn delete_tag(&self, repository: &str, tag: &str) -> Result<bool, DbError> {
        let gone = sqlx::query("delete from registry_tag where repository = $1 and tag = $2")
            .bind(repository)
            .bind(tag)
            .execute(&self.pool)
            .await?;
        Ok(gone.rows_affected() == 1)
    }

    /// At most `count` tags after `last`, in the order of their bytes; none if nobody ever pushed to the repository.
    pub async fn tags(
        &self,
        repository: &str,
        last: &str,
        count: u32,
    ) -> Result<Option<Vec<String>>, DbError> {
        let known: bool = sqlx::query_scalar(
            "select exists (select from registry_manifest where repository = $1)
                 or exists (select from registry_blob where repository = $1)",
        )
        .bind(repository)
        .fetch_one(&self.pool)
        .await?;
        if !known {
            return Ok(None);
        }
        let tags = sqlx::query_scalar(
            "select tag from registry_tag where repository = $1 and tag collate \"C\" > $2
             order by tag collate \"C\" limit $3",
        )
        .bind(repository)
        .bind(last)
        .bind(i64::from(count))
        .fetch_all(&self.pool)
        .await?;
        Ok(Some(tags))
    }

    /// At most `count` manifests that are about `subject`, by digest, of one artifact type if one is given.
    pub async fn referrers(
        &self,
        repository: &str,
        subject: &Digest,
        artifact_type: Option<&str>,
        count: u32,
    ) -> Result<Vec<ManifestRow>, DbError> {
        let rows = sqlx::query(
            "select * from registry_manifest where repository = $1 and subject = $2
             and ($3::text is null or artifact_type = $3) order by digest limit $4",
        )
        .bind(repository)
        .bind(subject.to_string())
        .bind(artifact_type)
        .bind(i64::from(count))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(manifest).collect()
    }
}

fn manifest(row: &PgRow) -> Result<ManifestRow, DbError> {
    let digest: String = row.try_get("digest")?;
    let subject: Option<String> = row.try_get("subject")?;
    Ok(ManifestRow {
        digest: parsed(&digest, "a digest")?,
        media_type: row.try_get("media_type")?,
        artifact_type: row.try_get("artifact_type")?,
        subject: subject
            .map(|subject| parsed(&subject, "a digest"))
            .transpose()?,
        annotations: row.try_get("annotations")?,
        body: row.try_get("body")?,
    })
}
