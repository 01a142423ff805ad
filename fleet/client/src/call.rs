//! One HTTP call: a typed answer, the other side's problem, or no answer.

use std::time::Duration;

use fleet_api::Problem;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::tls::TlsError;

/// Loopback and data centres connect in milliseconds; a service that is away should be noticed soon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The other side understood, and said no.
    #[error("{problem}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// Its words.
        problem: Problem,
    },
    /// The other side could not be reached, or broke off.
    #[error("`{url}` does not answer")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is not of the expected form.
    #[error("`{url}` answered something else than expected ({status})")]
    Unexpected {
        /// Where.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The connection could not be prepared.
    #[error("cannot speak TLS")]
    Tls(#[from] TlsError),
    /// The client could not be made.
    #[error("cannot make an HTTPS client")]
    Client(#[source] reqwest::Error),
}

impl CallError {
    /// The problem's code, if the other side said no.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            CallError::Refused { problem, .. } => Some(problem),
            CallError::Unreachable { .. }
            | CallError::Unexpected { .. }
            | CallError::Tls(_)
            | CallError::Client(_) => None,
        }
    }
}

/// A client that speaks with these TLS settings, or with the system's.
pub(crate) fn client(tls: Option<rustls::ClientConfig>) -> Result<Client, CallError> {
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .redirect(reqwest::redirect::Policy::none());
    if let Some(mut tls) = tls {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A fleet's own CA means a fleet's own network: no proxy stands between.
        builder = builder.tls_backend_preconfigured(tls).no_proxy();
    }
    builder.build().map_err(CallError::Client)
}

/// Sends a request; an answer outside 2xx is a refusal.
pub(crate) async fn send(
    request: RequestBuilder,
    timeout: Option<Duration>,
) -> Result<Response, CallError> {
    let request = match timeout {
        Some(timeout) => request.timeout(timeout),
        None => request,
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let url = place(response.url());
    let body = response.bytes().await.map_err(unreachable)?;
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(CallError::Refused { status, problem }),
        Err(_) => Err(CallError::Unexpected { url, status }),
    }
}

/// Sends a request and reads a document.
pub(crate) async fn fetch<T: DeserializeOwned>(
    request: RequestBuilder,
    timeout: Duration,
) -> Result<T, CallError> {
    let response = send(request, Some(timeout)).await?;
    let (url, status) = (place(response.url()), response.status());
    let body = response.bytes().await.map_err(unreachable)?;
    serde_json::from_slice(&body).map_err(|_| CallError::Unexpected { url, status })
}

pub(crate) fn unreachable(source: reqwest::Error) -> CallError {
    let url = source.url().map_or_else(|| "the service".to_owned(), place);
    CallError::Unreachable {
        url,
        source: source.without_url(),
    }
}

/// A URL without its query.
fn place(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}
