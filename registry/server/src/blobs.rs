//! Blobs over HTTP: reading whole or in parts, and uploads in one piece, in pieces, or by mounting what is there.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lly_brick::Digest;

use crate::api::{Call, value};
use crate::names::Repository;
use crate::refusal::Refusal;
use crate::uploads::Session;

/// The header that names what an answer is about.
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// `GET` and `HEAD /v2/NAME/blobs/DIGEST`, whole or one range.
pub async fn show(call: Call<'_>, digest: &Digest, head: bool) -> Result<Response, Refusal> {
    let missing = || {
        Refusal::missing(
            "BLOB_UNKNOWN",
            format!("blob `{digest}` in `{}`", call.repository),
        )
    };
    let database = &call.registry.database;
    let size = database
        .linked_blob(call.repository.as_str(), digest)
        .await?
        .ok_or_else(missing)?;
    let range = requested(call.headers, size)?;
    let (status, part) = match &range {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range.clone()),
        None => (StatusCode::OK, 0..size),
    };
    let length = part.end - part.start;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CONTENT_TYPE, value("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, value("bytes"));
    headers.insert(CONTENT_DIGEST, value(&digest.to_string()));
    headers.insert(header::ETAG, value(&format!("\"{digest}\"")));
    if let Some(range) = &range {
        let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
        headers.insert(header::CONTENT_RANGE, value(&text));
    }
    let body = match head || length == 0 {
        true => Body::empty(),
        false => Body::from_stream(call.registry.blobs.stream(digest, part).await?),
    };
    Ok((status, headers, body).into_response())
}

/// `DELETE /v2/NAME/blobs/DIGEST`: the repository forgets it; others may have it still.
pub async fn delete(call: Call<'_>, digest: &Digest) -> Result<Response, Refusal> {
    let database = &call.registry.database;
    match database
        .unlink_blob(call.repository.as_str(), digest)
        .await?
    {
        true => Ok(StatusCode::ACCEPTED.into_response()),
        false => Err(Refusal::missing(
            "BLOB_UNKNOWN",
            format!("blob `{digest}` in `{}`", call.repository),
        )),
    }
}

/// `POST /v2/NAME/blobs/uploads/`: begins an upload, or mounts a blob, or takes one whole.
pub async fn begin(call: Call<'_>, body: Body) -> Result<Response, Refusal> {
    let registry = call.registry;
    if let Some(digest) = call.query.digest("mount")? {
        // Everybody may pull from every repository, so everybody may mount from it.
        let from = call
            .query
            .get("from")
            .and_then(|from| from.parse::<Repository>().ok());
        if let Some(from) = from
            && let Some(size) = registry
                .database
                .linked_blob(from.as_str(), &digest)
                .await?
        {
            registry
                .database
                .link_blob(call.repository.as_str(), &digest, size)
                .await?;
            return Ok(created(call.repository, &digest));
        }
    }
    let session = registry.uploads.begin(call.repository).await?;
    match call.query.digest("digest")? {
        Some(digest) => {
            if let Err(refusal) = session.append(body).await {
                // The sender was never told its name, so nobody can resume it.
                session.cancel().await?;
                return Err(refusal);
            }
            keep(call, session, &digest).await
        }
        None => Ok(going_on(call.repository, &session, StatusCode::ACCEPTED, 0)),
    }
}

/// `GET /v2/NAME/blobs/uploads/ID`: how much has come.
pub async fn status(call: Call<'_>, id: &str) -> Result<Response, Refusal> {
    let session = call.registry.uploads.resume(call.repository, id).await?;
    let bytes = session.bytes().await?;
    Ok(going_on(
        call.repository,
        &session,
        StatusCode::NO_CONTENT,
        bytes,
    ))
}

/// `PATCH /v2/NAME/blobs/uploads/ID`: the next piece.
pub async fn append(call: Call<'_>, id: &str, body: Body) -> Result<Response, Refusal> {
    let session = call.registry.uploads.resume(call.repository, id).await?;
    follows(&session, call.headers).await?;
    let bytes = session.append(body).await?;
    Ok(going_on(
        call.repository,
        &session,
        StatusCode::ACCEPTED,
        bytes,
    ))
}

/// `PUT /v2/NAME/blobs/uploads/ID?digest=`: the last piece, and what it all hashes to.
pub async fn finish(call: Call<'_>, id: &str, body: Body) -> Result<Response, Refusal> {
    let missing = || Refusal::bad("DIGEST_INVALID", "an upload ends with `?digest=`");
    let digest = call.query.digest("digest")?.ok_or_else(missing)?;
    let session = call.registry.uploads.resume(call.repository, id).await?;
    follows(&session, call.headers).await?;
    session.append(body).await?;
    keep(call, session, &digest).await
}

/// `DELETE /v2/NAME/blobs/uploads/ID`.
pub async fn cancel(call: Call<'_>, id: &str) -> Result<Response, Refusal> {
    let session = call.registry.uploads.resume(call.repository, id).await?;
    session.cancel().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn keep(call: Call<'_>, session: Session, digest: &Digest) -> Result<Response, Refusal> {
    let size = session.finish(digest, &call.registry.blobs).await?;
    let database = &call.registry.database;
    database
        .link_blob(call.repository.as_str(), digest, size)
        .await?;
    Ok(created(call.repository, digest))
}

/// A piece that says where it begins must begin where the last one ended.
async fn follows(session: &Session, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(range) = headers.get(header::CONTENT_RANGE) else {
        return Ok(());
    };
    let text = range.to_str().unwrap_or_default();
    let text = text.strip_prefix("bytes ").unwrap_or(text);
    let begins = text
        .split('-')
        .next()
        .and_then(|begin| begin.parse::<u64>().ok());
    let bytes = session.bytes().await?;
    if begins == Some(bytes) {
        return Ok(());
    }
    Err(Refusal::range(bytes))
}

fn going_on(
    repository: &Repository,
    session: &Session,
    status: StatusCode,
    bytes: u64,
) -> Response {
    let mut headers = HeaderMap::new();
    let location = format!("/v2/{repository}/blobs/uploads/{}", session.id());
    headers.insert(header::LOCATION, value(&location));
    headers.insert("docker-upload-uuid", value(session.id()));
    // The form has no way to say "nothing yet"; `0-0` is what clients expect then.
    headers.insert(
        header::RANGE,
        value(&format!("0-{}", bytes.saturating_sub(1))),
    );
    (status, headers).into_response()
}

fn created(repository: &Repository, digest: &Digest) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::LOCATION,
        value(&format!("/v2/{repository}/blobs/{digest}")),
    );
    headers.insert(CONTENT_DIGEST, value(&digest.to_string()));
    (StatusCode::CREATED, headers).into_response()
}

/// The one range that is asked for. Several at once, or what is no range of bytes, is answered whole, as HTTP allows.
fn requested(headers: &HeaderMap, size: u64) -> Result<Option<std::ops::Range<u64>>, Refusal> {
    let text = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok());
    let Some((first, last)) = text
        .and_then(|text| text.strip_prefix("bytes="))
        .filter(|text| !text.contains(','))
        .and_then(|text| text.split_once('-'))
    else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(last)) if first.is_empty() => size.saturating_sub(last)..size,
        _ => return Ok(None),
    };
    if range.start >= range.end {
        return Err(Refusal::range(size));
    }
    Ok(Some(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, value(text));
            requested(&headers, 10).map_err(drop)
        };
        assert_eq!(asked("bytes=0-3"), Ok(Some(0..4)));
        assert_eq!(asked("bytes=4-"), Ok(Some(4..10)));
        assert_eq!(asked("bytes=-3"), Ok(Some(7..10)));
        assert_eq!(asked("bytes=-30"), Ok(Some(0..10)));
        assert_eq!(asked("bytes=9-18446744073709551615"), Ok(Some(9..10)));
        assert_eq!(asked("bytes=10-"), Err(()));
        assert_eq!(asked("bytes=-0"), Err(()));
        assert_eq!(asked("bytes=3-2"), Ok(None));
        assert_eq!(asked("bytes=0-1,3-4"), Ok(None));
        assert_eq!(asked("lines=0-1"), Ok(None));
    }
}
