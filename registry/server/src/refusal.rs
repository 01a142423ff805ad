//! How RC says no: the error document of OCI Distribution.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fleet_client::blobs::BlobError;
use fleet_db::DbError;

/// An answer that is not what the caller wished for.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    range: Option<u64>,
}

impl Refusal {
    /// A refusal with this status, this code of OCI's and one clear sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            range: None,
        }
    }

    /// The caller shows no token that is good for this.
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "UNAUTHORIZED",
            "this needs a token of an account or of `rc token add` (as a bearer token, or as the password of any user)",
        )
    }

    /// The request makes no sense.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// There is no such thing.
    pub fn missing(code: &'static str, what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, format!("there is no {what}"))
    }

    /// The range is not in the `size` bytes that there are.
    pub fn range(size: u64) -> Self {
        let message = format!("the range is not within the {size} bytes that there are");
        Self {
            range: Some(size),
            ..Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_INVALID", message)
        }
    }

    /// RC itself failed; the log says why.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut chain = error.to_string();
        let mut next = error.source();
        while let Some(source) = next {
            chain.push_str(&format!(": {source}"));
            next = source.source();
        }
        tracing::error!(error = chain, "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "UNKNOWN",
            "the registry failed; its log says why",
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(status = %self.status, code = self.code, message = self.message, "refused");
        let body =
            serde_json::json!({ "errors": [{ "code": self.code, "message": self.message }] });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Basic realm=\"rc\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        if let Some(size) = self.range
            && let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}"))
        {
            headers.insert(header::CONTENT_RANGE, value);
        }
        response
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        if error.is_unavailable() {
            tracing::error!(%error, "the database");
            let message = "the registry's database does not answer; try again in a moment";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message);
        }
        Self::internal(&error)
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match &error {
            BlobError::Missing(digest) => Self::missing("BLOB_UNKNOWN", format!("blob `{digest}`")),
            BlobError::Mismatch(_) => Self::bad("DIGEST_INVALID", error.to_string()),
            BlobError::TooLarge { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "SIZE_INVALID",
                error.to_string(),
            ),
            BlobError::BrokenOff { .. } => Self::bad("BLOB_UPLOAD_INVALID", error.to_string()),
            BlobError::Open { .. } | BlobError::Store { .. } => Self::internal(&error),
        }
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        Self::internal(&error)
    }
}
