//! How the platform says no: a status and a problem for the caller, the cause for its own log.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use fleet_api::Problem;
use fleet_client::CallError;
use fleet_client::blobs::BlobError;
use fleet_db::DbError;

/// An answer that is not what the caller wished for.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    problem: Problem,
}

impl Refusal {
    /// A refusal with this status and these words.
    pub fn new(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem }
    }

    /// There is no such thing, or it is somebody else's: the caller learns no more.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            Problem::new(Problem::NOT_FOUND, format!("there is no {what}")),
        )
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        tracing::debug!(status = %self.status, problem = self.problem.problem, message = self.problem.message, "refused");
        (self.status, Json(self.problem)).into_response()
    }
}

impl From<(StatusCode, Problem)> for Refusal {
    fn from((status, problem): (StatusCode, Problem)) -> Self {
        Self { status, problem }
    }
}

impl From<DbError> for Refusal {
    fn from(error: DbError) -> Self {
        tracing::error!(error = chain(&error), "the database");
        if error.is_unavailable() {
            let problem = Problem::new(
                Problem::DATABASE_UNAVAILABLE,
                "the fleet's database does not answer",
            );
            return Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                problem.hint("try again in a moment; running voids are not touched"),
            );
        }
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Problem::new("internal", "the platform failed; its log says why"),
        )
    }
}

impl From<BlobError> for Refusal {
    fn from(error: BlobError) -> Self {
        match &error {
            BlobError::Mismatch(digest) => Self::new(
                StatusCode::BAD_REQUEST,
                Problem::new(
                    "digest-mismatch",
                    format!("the bytes sent are not those of `{digest}`"),
                ),
            ),
            BlobError::Missing(digest) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Problem::new(
                    Problem::BLOBS_MISSING,
                    format!("the platform lacks the blob `{digest}`"),
                ),
            ),
            BlobError::TooLarge { .. } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Problem::new("quota-exceeded", error.to_string()),
            ),
            BlobError::BrokenOff { .. } => Self::new(
                StatusCode::BAD_REQUEST,
                Problem::new("broken-off", error.to_string()).hint("send it again"),
            ),
            BlobError::Open { .. } | BlobError::Store { .. } => {
                tracing::error!(error = chain(&error), "the object store");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Problem::new(
                        Problem::SERVICE_UNAVAILABLE,
                        "the object store does not take or give blobs now",
                    ),
                )
            }
        }
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused { status, problem } => Self::new(
                StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY),
                problem,
            ),
            error => {
                tracing::error!(error = chain(&error), "another service");
                let problem = Problem::new(
                    Problem::SERVICE_UNAVAILABLE,
                    "a service of the fleet does not answer",
                );
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    problem.hint("try again in a moment"),
                )
            }
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
