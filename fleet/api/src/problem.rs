//! How a service says no.

use serde::{Deserialize, Serialize};

/// An error as it travels: what a program may tell apart, and what a person may read. What only the operator may see is
/// logged by the service and never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Kebab-case and stable, such as `slug-taken`.
    pub problem: String,
    /// One sentence for the user.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// The token is missing, unknown or has run out.
    pub const UNAUTHORIZED: &str = "unauthorized";
    /// There is no such thing, or it is not yours.
    pub const NOT_FOUND: &str = "not-found";
    /// The slug belongs to another account.
    pub const SLUG_TAKEN: &str = "slug-taken";
    /// The platform lacks blobs of the bundle.
    pub const BLOBS_MISSING: &str = "blobs-missing";
    /// No CAP could take the placement.
    pub const NO_CAP: &str = "no-cap";
    /// The program crashed at start.
    pub const CRASHED: &str = "crashed";
    /// The database does not answer.
    pub const DATABASE_UNAVAILABLE: &str = "database-unavailable";
    /// Another service does not answer.
    pub const SERVICE_UNAVAILABLE: &str = "service-unavailable";

    /// A problem without a hint.
    pub fn new(problem: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            message: message.into(),
            hint: None,
        }
    }

    /// The same problem, and what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
